"""Distances as modules."""

from . import functional as F
from .module import Module


class PairwiseDistance(Module):
    """PairwiseDistance(p=2, eps=1e-6, keepdim=False): ||x1 - x2 + eps||_p over the last dimension

    x1, x2 (N, D) or (D) -> (N) or (); keepdim: (N, 1) or (1).
    """

    def __init__(self, p=2.0, eps=1e-6, keepdim=False):
        super().__init__()
        self.norm = p
        self.eps = eps
        self.keepdim = keepdim

    def forward(self, x1, x2):
        return F.pairwise_distance(x1, x2, self.norm, self.eps, self.keepdim)


class CosineSimilarity(Module):
    """CosineSimilarity(dim=1, eps=1e-8): the cosine of the angle between x1 and x2 along `dim`

    x1, x2 (*, D, *) with D at `dim`, broadcast -> (*, *).
    """

    def __init__(self, dim=1, eps=1e-8):
        super().__init__()
        self.dim = dim
        self.eps = eps

    def forward(self, x1, x2):
        return F.cosine_similarity(x1, x2, self.dim, self.eps)
