"""The losses of `torch.nn.functional` of 0.3: `size_average` and `reduce`, and no broadcasting of targets."""

import math

from ... import ops
from ...errors import warn_user
from ...nn import functional as todays
from ..faces import Variable, _TensorBase
from ..wording import in_03s_words
from ._reduction import check_classes, paired, reduced, reduction_of
from .variables import check_applied, check_pair

_BCE_EPS = 1e-12  # added to what the logarithms of binary_cross_entropy are of


def _check_sizes(input, target):
    """The input is (N, C, ...), and the target of class numbers has one dimension less."""
    check_pair("nll_loss", input, target)
    check_classes(target)
    if input.dim() < 2:
        raise ValueError(f"Expected 2 or more dimensions (got {input.dim()})")
    if input.dim() == 2 and target.dim() > 1:
        raise RuntimeError("multi-target not supported")


@in_03s_words("nll_loss")
def nll_loss(input, target, weight=None, size_average=True, ignore_index=-100, reduce=True):
    """nll_loss(input, target, weight=None, size_average=True, ignore_index=-100, reduce=True)

    input: log-probabilities (N, C) or (N, C, H, W); target: classes (N) or (N, H, W).
    """
    _check_sizes(input, target)
    return todays.nll_loss(
        input, target, weight, ignore_index=ignore_index, reduction=reduction_of(size_average, reduce)
    )


@in_03s_words("nll_loss")
def cross_entropy(input, target, weight=None, size_average=True, ignore_index=-100, reduce=True):
    """cross_entropy(input, target, weight=None, size_average=True, ignore_index=-100, reduce=True): nll_loss of
    log_softmax(input, 1)."""
    _check_sizes(input, target)
    return todays.cross_entropy(
        input, target, weight, ignore_index=ignore_index, reduction=reduction_of(size_average, reduce)
    )


@in_03s_words("poisson_nll_loss")
def poisson_nll_loss(input, target, log_input=True, full=False, size_average=True, eps=1e-8, reduce=True):
    """poisson_nll_loss(input, target, log_input=True, full=False, size_average=True, eps=1e-8, reduce=True); `reduce`
    is of 0.3.1"""
    check_applied(input, target)
    reduction = reduction_of(size_average, reduce)
    return todays.poisson_nll_loss(input, target, log_input, full, eps=eps, reduction=reduction)


def kl_div(input, target, size_average=True, weight=None, reduce=True):
    """kl_div(input, target, size_average=True): t (log t - input); the average is over all elements."""
    loss = todays.kl_div(input, paired("kl_div", input, target), reduction="none")
    return reduced(loss if weight is None else loss * weight, size_average, reduce)


def binary_cross_entropy(input, target, weight=None, size_average=True):
    """binary_cross_entropy(input, target, weight=None, size_average=True)

    -(t log(x + e) + (1 - t) log(1 - x + e)) with e = 1e-12. A target of another size with as many elements is warned
    about; ValueError for another number of elements.
    """
    check_pair("binary_cross_entropy", input, target)
    if target.size() != input.size():
        warn_user(
            f"Using a target size ({target.size()}) that is different to the input size ({input.size()}) is "
            "deprecated. Please ensure they have the same size."
        )
    if math.prod(target.size()) != math.prod(input.size()):
        raise ValueError(
            f"Target and input must have the same number of elements. target nelement ({math.prod(target.size())}) != "
            f"input nelement ({math.prod(input.size())})"
        )
    target = paired("binary_cross_entropy", input, target)
    outside = [x for x in (input.data.min(), input.data.max()) if not 0 <= x <= 1]
    if outside:
        raise RuntimeError(
            f"Assertion `x >= 0. && x <= 1.' failed. input value should be between 0~1, but got {outside[0]:f}"
        )
    loss = ops.loss.BinaryCrossEntropy.function(input, target, _BCE_EPS)
    if isinstance(weight, _TensorBase):
        weight = Variable(weight)
    return reduced(loss if weight is None else loss * weight.expand_as(loss), size_average)


def binary_cross_entropy_with_logits(input, target, weight=None, size_average=True):
    """binary_cross_entropy_with_logits(input, target, weight=None, size_average=True)"""
    check_pair("binary_cross_entropy_with_logits", input, target)
    return todays.binary_cross_entropy_with_logits(input, target, weight, reduction=reduction_of(size_average))


def smooth_l1_loss(input, target, size_average=True, reduce=True):
    """smooth_l1_loss(input, target, size_average=True, reduce=True): d^2 / 2 where d = |x - t| < 1, else d - 1/2"""
    return todays.smooth_l1_loss(
        input, paired("smooth_l1_loss", input, target), reduction=reduction_of(size_average, reduce)
    )


def _pointwise(name, loss, input, target, size_average, reduce):
    check_pair(name, input, target)
    if not target.requires_grad:
        return loss(input, paired(name, input, target), reduction=reduction_of(size_average, reduce))
    both = input + target  # a target with a gradient may broadcast
    return loss(input.expand_as(both), target.expand_as(both), reduction=reduction_of(size_average, reduce))


def l1_loss(input, target, size_average=True, reduce=True):
    """l1_loss(input, target, size_average=True, reduce=True): |x - t|, whose gradient where x = t is that of x - t"""
    if target.requires_grad:
        return _pointwise("l1_loss", todays.l1_loss, input, target, size_average, reduce)
    difference = input - paired("l1_loss", input, target)
    absolute = ops.FUNCTIONS["where"](ops.METHODS["ge"](difference, 0), difference, -difference)
    return reduced(absolute, size_average, reduce)


def mse_loss(input, target, size_average=True, reduce=True):
    """mse_loss(input, target, size_average=True, reduce=True): (x - t)^2"""
    return _pointwise("mse_loss", todays.mse_loss, input, target, size_average, reduce)


def soft_margin_loss(input, target, size_average=True):
    """soft_margin_loss(input, target, size_average=True): log(1 + exp(-t x))"""
    target = paired("soft_margin_loss", input, target)
    return todays.soft_margin_loss(input, target, reduction=reduction_of(size_average))


def margin_ranking_loss(input1, input2, target, margin=0, size_average=True):
    """margin_ranking_loss(input1, input2, target, margin=0, size_average=True): max(0, -t (x1 - x2) + margin)"""
    check_applied(input1, input2, target)
    loss = ops.METHODS["clamp"](-target * (input1 - input2) + margin, 0)  # whose gradient at 0 is that of its argument
    return reduced(loss, size_average)


def hinge_embedding_loss(input, target, margin=1.0, size_average=True):
    """hinge_embedding_loss(input, target, margin=1.0, size_average=True): x where t is 1, max(0, margin - x) where t
    is -1"""
    target = paired("hinge_embedding_loss", input, target)
    return todays.hinge_embedding_loss(input, target, margin, reduction=reduction_of(size_average))


def cosine_embedding_loss(input1, input2, target, margin=0, size_average=True):
    """cosine_embedding_loss(input1, input2, target, margin=0, size_average=True): 1 - cos where t is 1,
    max(0, cos - margin) where -1"""
    check_applied(input1, input2, target)
    return todays.cosine_embedding_loss(input1, input2, target, margin, reduction=reduction_of(size_average))


def multilabel_margin_loss(input, target, size_average=True):
    """multilabel_margin_loss(input, target, size_average=True)"""
    check_pair("multilabel_margin_loss", input, target)
    check_classes(target)
    return todays.multilabel_margin_loss(input, target, reduction=reduction_of(size_average))


def multilabel_soft_margin_loss(input, target, weight=None, size_average=True):
    """multilabel_soft_margin_loss(input, target, weight=None, size_average=True): binary cross-entropy of the
    sigmoid; a sum is over all classes."""
    return binary_cross_entropy(ops.FUNCTIONS["sigmoid"](input), target, weight, size_average)


def multi_margin_loss(input, target, p=1, margin=1, weight=None, size_average=True):
    """multi_margin_loss(input, target, p=1, margin=1, weight=None, size_average=True)"""
    check_pair("multi_margin_loss", input, target)
    check_classes(target)
    return todays.multi_margin_loss(input, target, p, margin, weight, reduction=reduction_of(size_average))


def pairwise_distance(x1, x2, p=2, eps=1e-6):
    """pairwise_distance(x1, x2, p=2, eps=1e-6): (N, D) and (N, D) -> (N, 1), the sum of (|x1 - x2| + eps)^p to 1/p"""
    if x1.size() != x2.size():
        raise AssertionError("Input sizes must be equal.")
    if x1.dim() != 2:
        raise AssertionError("Input must be a 2D matrix.")
    return ((x1 - x2).abs() + eps).pow(p).sum(1, keepdim=True).pow(1.0 / p)


def triplet_margin_loss(anchor, positive, negative, margin=1.0, p=2, eps=1e-6, swap=False):
    """triplet_margin_loss(anchor, positive, negative, margin=1.0, p=2, eps=1e-6, swap=False): the mean of
    max(0, margin + d(a, p) - d(a, n)); swap: with d(p, n) where it is smaller than d(a, n)."""
    if margin <= 0:
        raise AssertionError(f"margin should be positive value, got {margin}")
    near, far = pairwise_distance(anchor, positive, p, eps), pairwise_distance(anchor, negative, p, eps)
    if swap:
        far = far.min(pairwise_distance(positive, negative, p, eps))
    return (margin + near - far).clamp(min=0).mean()
