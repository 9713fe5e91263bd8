"""Looking up rows: `Embedding.apply(indices, weight, padding_idx, max_norm, norm_type, scale_grad_by_freq, sparse)`."""

from ....autograd.composed import made
from ... import functional as F
from .. import embedding

Embedding = embedding.Embedding


def _bag(weight, indices, offsets, max_norm=None, norm_type=2, scale_grad_by_freq=False, mode=0):
    """apply(weight, indices, offsets, max_norm=None, norm_type=2, scale_grad_by_freq=False, mode=0) -> sums (mode 0) or
    means (1) of rows"""
    return F.embedding_bag(weight, indices, offsets, max_norm, norm_type, scale_grad_by_freq,
                           mode=("sum", "mean")[mode] if isinstance(mode, int) else mode)  # fmt: skip


EmbeddingBag = made(__name__, "EmbeddingBag", _bag)
__all__ = ["Embedding", "EmbeddingBag"]
