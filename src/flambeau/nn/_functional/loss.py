"""Losses. All take `reduction` ('mean', 'sum' or 'none') and the older `size_average` and `reduce`."""

import math
import warnings

import flambeau as fb
from flambeau.interpreters import any_true
from flambeau.ops.autocast import install

from .distance import pairwise_distance
from .primitives import op
from .reduction import choose_reduction, reduced


def _warn_if_broadcast(input, target):
    if input.shape != target.shape:
        warnings.warn(
            f"Using a target size ({target.size()}) that is different to the input size ({input.size()}). "
            "This will likely lead to incorrect results due to broadcasting. "
            "Please ensure they have the same size.",
            stacklevel=3,
        )


def _weighted_mean(loss, weight, reduction):
    """`loss` times `weight` (None: 1); the mean is the one of the weights, sum(w l) / sum(w)."""
    if weight is None:
        return reduced(loss, reduction)
    loss = loss * weight
    if reduction == "mean":
        return loss.sum() / weight.sum()
    return reduced(loss, reduction)


def cross_entropy(
    input,
    target,
    weight=None,
    size_average=None,
    ignore_index=-100,
    reduce=None,
    reduction="mean",
    label_smoothing=0.0,
):
    """-log softmax(input)[target]: input (N, C, *) or (C), target int64 (N, *) or probabilities of input's shape."""
    reduction = choose_reduction(size_average, reduce, reduction)
    return op.cross_entropy(
        input,
        target,
        weight=weight,
        ignore_index=ignore_index,
        reduction=reduction,
        label_smoothing=label_smoothing,
    )


def nll_loss(input, target, weight=None, size_average=None, ignore_index=-100, reduce=None, reduction="mean"):
    """-weight[target] * input[target]: log-probabilities (N, C, *) or (C), target int64 (N, *)."""
    reduction = choose_reduction(size_average, reduce, reduction)
    return op.nll_loss(input, target, weight=weight, ignore_index=ignore_index, reduction=reduction)


def mse_loss(input, target, size_average=None, reduce=None, reduction="mean", weight=None):
    """(input - target)^2; input and target (*) -> (), or (*) with reduction 'none'"""
    reduction = choose_reduction(size_average, reduce, reduction)
    _warn_if_broadcast(input, target)
    if weight is None:
        return op.mse_loss(input, target, reduction=reduction)
    return _weighted_mean(op.mse_loss(input, target, reduction="none"), weight, reduction)


def l1_loss(input, target, size_average=None, reduce=None, reduction="mean", weight=None):
    """|input - target|; input and target (*) -> (), or (*) with reduction 'none'"""
    reduction = choose_reduction(size_average, reduce, reduction)
    _warn_if_broadcast(input, target)
    return _weighted_mean((input - target).abs(), weight, reduction)


def smooth_l1_loss(input, target, size_average=None, reduce=None, reduction="mean", beta=1.0):
    """d^2 / (2 beta) where d = |input - target| < beta, else d - beta / 2 (Girshick, 2015)

    input and target (*) -> (), or (*) with reduction 'none'.
    """
    reduction = choose_reduction(size_average, reduce, reduction)
    _warn_if_broadcast(input, target)
    if beta < 0:
        raise RuntimeError("smooth_l1_loss does not support negative values for beta.")
    distance = (input - target).abs()
    if beta == 0:
        return reduced(distance, reduction)
    loss = fb.where(distance < beta, distance * distance * (0.5 / beta), distance - 0.5 * beta)
    return reduced(loss, reduction)


def huber_loss(input, target, reduction="mean", delta=1.0, weight=None):
    """d^2 / 2 where d = |input - target| <= delta, else delta * (d - delta / 2) (Huber, 1964)

    input and target (*) -> (), or (*) with reduction 'none'.
    """
    reduction = choose_reduction(None, None, reduction)
    _warn_if_broadcast(input, target)
    if delta <= 0:
        raise RuntimeError("huber_loss does not support non-positive values for delta.")
    common = fb.result_type(input, target)
    if not fb.can_cast(common, input.dtype):
        raise RuntimeError(
            f"huber_loss(): result type {common.title} can't be cast to the desired output type {input.dtype.title}"
        )
    distance = (input - target).abs()
    loss = fb.where(distance <= delta, distance * distance * 0.5, (distance - 0.5 * delta) * delta)
    if input.is_floating_point():
        loss = loss.to(input.dtype)
    return reduced(loss if weight is None else loss * weight, reduction)


def binary_cross_entropy(input, target, weight=None, size_average=None, reduce=None, reduction="mean"):
    """-(t log(x) + (1 - t) log(1 - x)) for probabilities x, the logarithms limited to -100

    input and target (*) -> (), or (*) with reduction 'none'.
    """
    reduction = choose_reduction(size_average, reduce, reduction)
    if target.size() != input.size():
        raise ValueError(
            f"Using a target size ({target.size()}) that is different to the input size ({input.size()}) is "
            "deprecated. Please ensure they have the same size."
        )
    return op.binary_cross_entropy(input, target, weight=weight, reduction=reduction)


def binary_cross_entropy_with_logits(
    input, target, weight=None, size_average=None, reduce=None, reduction="mean", pos_weight=None
):
    """binary_cross_entropy(sigmoid(input), target) without overflow; pos_weight: factor of the positive term

    input and target (*) -> (), or (*) with reduction 'none'.
    """
    reduction = choose_reduction(size_average, reduce, reduction)
    if target.size() != input.size():
        raise ValueError(f"Target size ({target.size()}) must be the same as input size ({input.size()})")
    return op.binary_cross_entropy_with_logits(
        input, target, weight=weight, reduction=reduction, pos_weight=pos_weight
    )


def kl_div(input, target, size_average=None, reduce=None, reduction="mean", log_target=False):
    """t (log t - input), for log-probabilities `input` and probabilities t (log_target: their logarithms).

    reduction 'batchmean': the sum divided by the batch size, which is the divergence's definition.
    input and target (*) -> (), or (*) with reduction 'none'.
    """
    if reduction == "batchmean" and size_average is None and reduce is None:
        loss = _kl_div(input, target, log_target).sum()
        return loss / input.size(0) if input.dim() else loss
    reduction = choose_reduction(size_average, reduce, reduction)
    if reduction == "mean":
        warnings.warn(
            "reduction: 'mean' divides the total loss by both the batch size and the support size."
            "'batchmean' divides only by the batch size, and aligns with the KL div math definition."
            "'mean' will be changed to behave the same as 'batchmean' in the next major release.",
            stacklevel=2,
        )
    return reduced(_kl_div(input, target, log_target), reduction)


def _kl_div(input, target, log_target):
    for t in (input, target):
        if not t.is_floating_point():
            raise RuntimeError(f"kl_div: {'Complex' if t.is_complex() else 'Integral'} inputs not supported.")
    if log_target:
        return target.exp() * (target - input)
    log = fb.where(target == 0, fb.ones_like(target), target).log()  # 0 log 0 is 0
    return target * (log - input)


def poisson_nll_loss(
    input,
    target,
    log_input=True,
    full=False,
    size_average=None,
    eps=1e-8,
    reduce=None,
    reduction="mean",
):
    """exp(x) - t x (log_input), or x - t log(x + eps); full: plus Stirling's approximation of log(t!) for t > 1

    input and target (*) -> (), or (*) with reduction 'none'.
    """
    reduction = choose_reduction(size_average, reduce, reduction)
    loss = input.exp() - target * input if log_input else input - target * (input + eps).log()
    if full:
        safe = target.clamp(min=1.0)
        stirling = safe * safe.log() - safe + 0.5 * (2 * math.pi * safe).log()
        loss = loss + fb.where(target > 1, stirling, fb.zeros_like(stirling))
    return reduced(loss, reduction)


def gaussian_nll_loss(input, target, var, full=False, eps=1e-6, reduction="mean"):
    """(log v + (input - target)^2 / v) / 2 with v = max(var, eps); full: plus log(2 pi) / 2

    input, target (N, *), var (N, *), (N, *) without the last dimension or with one of size 1, or a number -> (),
    or (N, *) with reduction 'none'.
    """
    reduction = choose_reduction(None, None, reduction)
    if not isinstance(var, fb.Tensor):
        var = fb.full_like(input, var)
    if (var < 0).any():
        raise ValueError("var has negative entry/entries")
    if var.shape != input.shape:
        if input.shape[:-1] == var.shape:
            var = var.unsqueeze(-1)
        elif input.dim() != var.dim() or not _broadcasts_along_one(var.shape, input.shape):
            raise ValueError("var is of incorrect size")
    var = var.clone()
    with fb.no_grad():  # limited without touching the gradient
        var.clamp_(min=eps)
    loss = 0.5 * (var.log() + (input - target) ** 2 / var)
    if full:
        loss = loss + 0.5 * math.log(2 * math.pi)
    return reduced(loss, reduction)


def _broadcasts_along_one(shape, full):
    """Whether shape is full but for one dimension of size 1."""
    other = [m for m, n in zip(shape, full, strict=True) if m != n]
    return other == [1]


def hinge_embedding_loss(input, target, margin=1.0, size_average=None, reduce=None, reduction="mean"):
    """x where target is 1, max(0, margin - x) where it is -1

    input and target (*) -> (), or (*) with reduction 'none'.
    """
    reduction = choose_reduction(size_average, reduce, reduction)
    zero = fb.zeros_like(input)
    loss = fb.where(target != 1, (margin - input).clamp(min=0), zero) + fb.where(target != -1, input, zero)
    return reduced(loss, reduction)


def margin_ranking_loss(input1, input2, target, margin=0.0, size_average=None, reduce=None, reduction="mean"):
    """max(0, -target (input1 - input2) + margin)

    input1, input2, target (N) or () -> (), or (N) with reduction 'none'.
    """
    reduction = choose_reduction(size_average, reduce, reduction)
    if input1.dim() != input2.dim() or input1.dim() != target.dim():
        raise RuntimeError(
            "margin_ranking_loss : All input tensors should have same dimension but got sizes: "
            f"input1: {input1.size()}, input2: {input2.size()}, target: {target.size()} "
        )
    return reduced((-target * (input1 - input2) + margin).clamp(min=0), reduction)


def cosine_embedding_loss(
    input1, input2, target, margin=0.0, size_average=None, reduce=None, reduction="mean"
):
    """1 - cos where target is 1, max(0, cos - margin) where it is -1; inputs (N, D) or (D)"""
    reduction = choose_reduction(size_average, reduce, reduction)
    if target.dim() not in (0, 1):
        raise RuntimeError("0D or 1D target tensor expected, multi-target not supported")
    if input1.dim() != target.dim() + 1 or input2.dim() != target.dim() + 1:
        raise RuntimeError(
            f"{target.dim()}D target tensor expects {target.dim() + 1}D input tensors, but found inputs with sizes "
            f"{list(input1.shape)} and {list(input2.shape)}."
        )
    tiny = 1e-12
    square1 = (input1 * input1).sum(-1) + tiny
    square2 = (input2 * input2).sum(-1) + tiny
    cosine = (input1 * input2).sum(-1) / (square1 * square2).sqrt()
    zero = fb.zeros_like(cosine)
    loss = fb.where(target == 1, 1 - cosine, zero) + fb.where(
        target == -1, (cosine - margin).clamp(min=0), zero
    )
    return reduced(loss, reduction)


def triplet_margin_loss(
    anchor,
    positive,
    negative,
    margin=1.0,
    p=2,
    eps=1e-6,
    swap=False,
    size_average=None,
    reduce=None,
    reduction="mean",
):
    """max(0, margin + d(anchor, positive) - d(anchor, negative)) with the p-norm's distance

    swap: d(positive, negative) where it is smaller than d(anchor, negative) (Balntas et al., 2016).
    anchor, positive, negative (N, D) or (D) -> (), or (N) with reduction 'none'.
    """
    reduction = choose_reduction(size_average, reduce, reduction)
    if margin <= 0:
        raise ValueError(f"margin must be greater than 0, got {margin}")
    return _triplet(
        anchor, positive, negative, lambda a, b: pairwise_distance(a, b, p, eps), margin, swap, reduction
    )


def triplet_margin_with_distance_loss(
    anchor, positive, negative, *, distance_function=None, margin=1.0, swap=False, reduction="mean"
):
    """`triplet_margin_loss` with any distance function (default: `pairwise_distance`)

    anchor, positive, negative (N, *) that the distance takes -> (), or its shape with reduction 'none'.
    """
    reduction = choose_reduction(None, None, reduction)
    if margin <= 0:
        raise ValueError(f"margin must be greater than 0, got {margin}")
    distance = pairwise_distance if distance_function is None else distance_function
    return _triplet(anchor, positive, negative, distance, margin, swap, reduction)


def _triplet(anchor, positive, negative, distance, margin, swap, reduction):
    if anchor.dim() != positive.dim() or anchor.dim() != negative.dim():
        raise RuntimeError(
            "The anchor, positive, and negative tensors are expected to have the same number of dimensions, but got: "
            f"anchor {anchor.dim()}D, positive {positive.dim()}D, and negative {negative.dim()}D inputs"
        )
    near = distance(anchor, positive)
    far = distance(anchor, negative)
    if swap:
        far = fb.minimum(far, distance(positive, negative))
    return reduced((near - far + margin).clamp(min=0), reduction)


def soft_margin_loss(input, target, size_average=None, reduce=None, reduction="mean"):
    """log(1 + exp(-target x)); input and target (*) -> (), or (*) with reduction 'none'"""
    reduction = choose_reduction(size_average, reduce, reduction)
    product = input * target
    if product.shape != input.shape:
        raise RuntimeError(
            f"output with shape {list(input.shape)} doesn't match the broadcast shape {list(product.shape)}"
        )
    return reduced(-op.logsigmoid(product), reduction)


def _check_margin_input(input, target):
    if input.dim() > 2 or (input.dim() and input.size(-1) == 0):
        raise RuntimeError(
            f"Expected non-empty vector or matrix with optional 0-dim batch size, but got: {list(input.shape)}"
        )
    if target.dtype != fb.int64:
        raise RuntimeError(f"expected scalar type Long but found {target.dtype.title}")


def multi_margin_loss(
    input, target, p=1, margin=1.0, weight=None, size_average=None, reduce=None, reduction="mean"
):
    """sum over i != y of weight[y] max(0, margin - x[y] + x[i])^p / C: input (N, C) or (C), target int64 (N) or ()"""
    reduction = choose_reduction(size_average, reduce, reduction)
    if p not in (1, 2):
        raise ValueError("only p == 1 and p == 2 supported")
    _check_margin_input(input, target)
    single = input.dim() < 2
    scores = input.reshape(1, -1) if single else input
    index = target.reshape(-1, 1)
    classes = scores.size(1)
    if target.dim() > 1 or index.size(0) != scores.size(0):
        raise RuntimeError(
            "multi_margin_loss: target tensor should be 1-D with size equal to the number of input samples (batch "
            f"size). Expected target size [{scores.size(0)}], but got {list(target.shape)}. Input has shape "
            f"{list(input.shape)}."
        )
    if weight is not None and tuple(weight.shape) != (classes,):
        raise RuntimeError(f"inconsistent weight size, expected {classes} but got {list(weight.shape)}")
    if weight is not None and weight.dtype != input.dtype:
        raise RuntimeError(f"expected scalar type {input.dtype.title} but found {weight.dtype.title}")
    if any_true((index < 0) | (index >= classes)):
        raise RuntimeError(f"multi_margin_loss: target out of range: with {classes} classes it is in 0..{classes - 1}")
    violation = (margin - scores.gather(1, index) + scores).clamp(min=0)
    if p == 2:
        violation = violation * violation
    if weight is not None:
        violation = violation * weight[index]
    other = fb.arange(classes, device=scores.device) != index
    loss = fb.where(other, violation, fb.zeros_like(violation)).sum(1) / classes
    return reduced(loss.reshape(()) if single else loss, reduction)


def multilabel_margin_loss(input, target, size_average=None, reduce=None, reduction="mean"):
    """sum over targets j and other classes i of max(0, 1 - x[j] + x[i]) / C

    input (N, C) or (C); target int64 of the same shape: the classes of the sample, then -1.
    """
    reduction = choose_reduction(size_average, reduce, reduction)
    _check_margin_input(input, target)
    if input.shape != target.shape:
        raise RuntimeError(
            f"inconsistent target size: {list(target.shape)} for input of size: {list(input.shape)}"
        )
    single = input.dim() < 2
    scores, index = (input.reshape(1, -1), target.reshape(1, -1)) if single else (input, target)
    classes = scores.size(1)
    listed = (index < 0).cumsum(1) == 0
    index = index.clamp(min=0)
    is_target = ((index.unsqueeze(2) == fb.arange(classes, device=scores.device)) & listed.unsqueeze(2)).any(
        1
    )
    violation = (1 - scores.gather(1, index).unsqueeze(2) + scores.unsqueeze(1)).clamp(min=0)
    counted = listed.unsqueeze(2) & ~is_target.unsqueeze(1)
    loss = fb.where(counted, violation, fb.zeros_like(violation)).sum((1, 2)) / classes
    return reduced(loss.reshape(()) if single else loss, reduction)


def multilabel_soft_margin_loss(input, target, weight=None, size_average=None, reduce=None, reduction="mean"):
    """mean over the classes of binary cross-entropy with logits: input and target (N, C) or (C)"""
    reduction = choose_reduction(size_average, reduce, reduction)
    loss = -(target * op.logsigmoid(input) + (1 - target) * op.logsigmoid(-input))
    if weight is not None:
        loss = loss * weight
    return reduced(loss.mean(-1), reduction)


def ctc_loss(
    log_probs, targets, input_lengths, target_lengths, blank=0, reduction="mean", zero_infinity=False
):
    """-log P(target) of all alignments (Graves et al., 2006), log_probs (T, N, C); see `flambeau.ctc_loss`"""
    reduction = choose_reduction(None, None, reduction)
    return op.ctc_loss(
        log_probs, targets, input_lengths, target_lengths, blank, reduction, zero_infinity
    )


install("nn.functional", globals())
