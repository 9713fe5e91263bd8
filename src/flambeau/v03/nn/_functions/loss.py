"""Losses that 0.3 defined in Python: `MarginRankingLoss.apply(input1, input2, target, margin, size_average)`."""

from ...autograd.composed import composed
from .. import functional as F

_FUNCTIONS = composed(
    __name__,
    CosineEmbeddingLoss=lambda input1, input2, target, margin=0, size_average=True:
        F.cosine_embedding_loss(input1, input2, target, margin, size_average),
    HingeEmbeddingLoss=lambda input, target, margin=1, size_average=True:
        F.hinge_embedding_loss(input, target, margin, size_average),
    MarginRankingLoss=lambda input1, input2, target, margin=0, size_average=True:
        F.margin_ranking_loss(input1, input2, target, margin, size_average),
)  # fmt: skip
globals().update(_FUNCTIONS)
__all__ = list(_FUNCTIONS)
