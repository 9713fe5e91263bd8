"""The losses of `torch.nn` of 0.3 as modules. What each computes is said at its function."""

from ...nn.module import Module
from ..faces import Variable, _TensorBase
from . import loss_functions as F
from ._reduction import check_target


class _Loss(Module):
    def __init__(self, size_average=True):
        super().__init__()
        self.size_average = size_average


class _WeightedLoss(_Loss):
    def __init__(self, weight=None, size_average=True):
        super().__init__(size_average)
        self.register_buffer("weight", weight)

    def _weight(self):
        weight = self.weight
        return Variable(weight) if isinstance(weight, _TensorBase) else weight


class _ReducibleLoss(_Loss):
    def __init__(self, size_average=True, reduce=True):
        super().__init__(size_average)
        self.reduce = reduce


class L1Loss(_ReducibleLoss):
    """L1Loss(size_average=True, reduce=True)"""

    def forward(self, input, target):
        check_target(target)
        return F.l1_loss(input, target, self.size_average, self.reduce)


class MSELoss(_ReducibleLoss):
    """MSELoss(size_average=True, reduce=True)"""

    def forward(self, input, target):
        check_target(target)
        return F.mse_loss(input, target, self.size_average, self.reduce)


class SmoothL1Loss(_ReducibleLoss):
    """SmoothL1Loss(size_average=True, reduce=True)"""

    def forward(self, input, target):
        check_target(target)
        return F.smooth_l1_loss(input, target, self.size_average, self.reduce)


class KLDivLoss(_ReducibleLoss):
    """KLDivLoss(size_average=True, reduce=True)"""

    def forward(self, input, target):
        check_target(target)
        return F.kl_div(input, target, self.size_average, reduce=self.reduce)


class NLLLoss(_WeightedLoss):
    """NLLLoss(weight=None, size_average=True, ignore_index=-100, reduce=True)"""

    def __init__(self, weight=None, size_average=True, ignore_index=-100, reduce=True):
        super().__init__(weight, size_average)
        self.ignore_index = ignore_index
        self.reduce = reduce

    def forward(self, input, target):
        check_target(target)
        return F.nll_loss(input, target, self._weight(), self.size_average, self.ignore_index, self.reduce)


class NLLLoss2d(NLLLoss):
    """NLLLoss2d(weight=None, size_average=True, ignore_index=-100, reduce=True): NLLLoss of images"""


class CrossEntropyLoss(NLLLoss):
    """CrossEntropyLoss(weight=None, size_average=True, ignore_index=-100, reduce=True)"""

    def forward(self, input, target):
        check_target(target)
        return F.cross_entropy(input, target, self._weight(), self.size_average, self.ignore_index, self.reduce)


class BCELoss(_WeightedLoss):
    """BCELoss(weight=None, size_average=True)"""

    def forward(self, input, target):
        check_target(target)
        return F.binary_cross_entropy(input, target, self._weight(), self.size_average)


class BCEWithLogitsLoss(_WeightedLoss):
    """BCEWithLogitsLoss(weight=None, size_average=True)"""

    def forward(self, input, target):
        return F.binary_cross_entropy_with_logits(input, target, self._weight(), self.size_average)


class PoissonNLLLoss(_Loss):
    """PoissonNLLLoss(log_input=True, full=False, size_average=True, eps=1e-8, reduce=True)"""

    reduce = True  # of modules in files of 0.3.0

    def __init__(self, log_input=True, full=False, size_average=True, eps=1e-8, reduce=True):
        super().__init__(size_average)
        self.log_input, self.full, self.eps, self.reduce = log_input, full, eps, reduce

    def forward(self, log_input, target):
        check_target(target)
        return F.poisson_nll_loss(
            log_input, target, self.log_input, self.full, self.size_average, self.eps, self.reduce
        )


class HingeEmbeddingLoss(_Loss):
    """HingeEmbeddingLoss(margin=1.0, size_average=True)"""

    def __init__(self, margin=1.0, size_average=True):
        super().__init__(size_average)
        self.margin = margin

    def forward(self, input, target):
        return F.hinge_embedding_loss(input, target, self.margin, self.size_average)


class MultiLabelMarginLoss(_Loss):
    """MultiLabelMarginLoss(size_average=True)"""

    def forward(self, input, target):
        check_target(target)
        return F.multilabel_margin_loss(input, target, self.size_average)


class SoftMarginLoss(_Loss):
    """SoftMarginLoss(size_average=True)"""

    def forward(self, input, target):
        check_target(target)
        return F.soft_margin_loss(input, target, self.size_average)


class MultiLabelSoftMarginLoss(_WeightedLoss):
    """MultiLabelSoftMarginLoss(weight=None, size_average=True)"""

    def forward(self, input, target):
        return F.multilabel_soft_margin_loss(input, target, self._weight(), self.size_average)


class CosineEmbeddingLoss(_Loss):
    """CosineEmbeddingLoss(margin=0, size_average=True)"""

    def __init__(self, margin=0, size_average=True):
        super().__init__(size_average)
        self.margin = margin

    def forward(self, input1, input2, target):
        return F.cosine_embedding_loss(input1, input2, target, self.margin, self.size_average)


class MarginRankingLoss(_Loss):
    """MarginRankingLoss(margin=0, size_average=True)"""

    def __init__(self, margin=0, size_average=True):
        super().__init__(size_average)
        self.margin = margin

    def forward(self, input1, input2, target):
        return F.margin_ranking_loss(input1, input2, target, self.margin, self.size_average)


class MultiMarginLoss(_WeightedLoss):
    """MultiMarginLoss(p=1, margin=1, weight=None, size_average=True)"""

    def __init__(self, p=1, margin=1, weight=None, size_average=True):
        super().__init__(weight, size_average)
        if p not in (1, 2):
            raise ValueError("only p == 1 and p == 2 supported")
        self.p, self.margin = p, margin

    def forward(self, input, target):
        return F.multi_margin_loss(input, target, self.p, self.margin, self._weight(), self.size_average)


class TripletMarginLoss(Module):
    """TripletMarginLoss(margin=1.0, p=2, eps=1e-6, swap=False)"""

    def __init__(self, margin=1.0, p=2, eps=1e-6, swap=False):
        super().__init__()
        self.margin, self.p, self.eps, self.swap = margin, p, eps, swap

    def forward(self, anchor, positive, negative):
        return F.triplet_margin_loss(anchor, positive, negative, self.margin, self.p, self.eps, self.swap)


class PairwiseDistance(Module):
    """PairwiseDistance(p=2, eps=1e-6): (N, D) and (N, D) -> (N, 1)"""

    def __init__(self, p=2, eps=1e-6):
        super().__init__()
        self.norm, self.eps = p, eps

    def forward(self, x1, x2):
        return F.pairwise_distance(x1, x2, self.norm, self.eps)


LOSSES = {
    c.__name__: c
    for c in (
        L1Loss, MSELoss, SmoothL1Loss, KLDivLoss, NLLLoss, NLLLoss2d, CrossEntropyLoss, BCELoss, BCEWithLogitsLoss,
        PoissonNLLLoss, HingeEmbeddingLoss, MultiLabelMarginLoss, SoftMarginLoss, MultiLabelSoftMarginLoss,
        CosineEmbeddingLoss, MarginRankingLoss, MultiMarginLoss, TripletMarginLoss, PairwiseDistance,
    )
}  # fmt: skip
