"""Looking up rows as a Function of 0.3."""

from ...autograd.composed import made
from .. import functional as F

__all__ = ["Embedding"]


def _embedding(indices, weight, padding_idx=-1, max_norm=None, norm_type=2, scale_grad_by_freq=False, sparse=False):
    """apply(indices, weight, padding_idx=-1, max_norm=None, norm_type=2, scale_grad_by_freq=False, sparse=False) -> the
    rows of weight; the index padding_idx (-1 or None: none) gets no gradient"""
    padding_idx = None if padding_idx == -1 else padding_idx
    options = max_norm, norm_type, scale_grad_by_freq, sparse
    return F.embedding(indices, weight, *options, padding_idx=padding_idx)


Embedding = made(__name__, "Embedding", _embedding)
