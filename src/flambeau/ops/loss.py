"""The losses that are operations of their own; those composed of them are in `nn._functional.loss`.

`reduction` is 'mean', 'sum' or 'none'. Classifying losses take scores (N, C, *rest), or (C) for a single sample, and
class numbers (N, *rest), or 0-dim, of which those that equal ignore_index do not count.
"""

from .. import _core
from ..interpreters import any_true
from ._args import check_tensor, unsupported
from .compare import where
from .op import FUNCTIONS, Op, composite
from .shape import broadcast_sizes
from .softmax import LogSoftmax, Softmax, softmax_grad

TensorBase = _core.TensorBase
_REDUCTIONS = ("none", "mean", "sum")


def _check_reduction(reduction):
    if reduction not in _REDUCTIONS:
        raise ValueError(f"{reduction} is not a valid value for reduction")


def _reduced(loss, reduction):
    if reduction == "none":
        return loss
    return loss.mean() if reduction == "mean" else loss.sum()


def _check_frozen(name, argument, tensor):
    if tensor is not None and tensor.requires_grad and _core.is_grad_enabled():
        raise RuntimeError(
            f"The function '{name}' is not differentiable with respect to argument '{argument}'. "
            "This input cannot have requires_grad True."
        )


# ---- class numbers


def _check_classes(name, input, target, weight, reduction):
    """Checks scores against class numbers; the target, 0-dim for a single sample."""
    _check_reduction(reduction)
    if not input.is_floating_point():
        raise unsupported(name, input.dtype)
    shape, want = input.shape, target.shape
    if len(shape) == 0:
        raise ValueError(
            f"Expected 1 or more dimensions (got 0): {name}() takes scores of shape (N, C, ...) or (C)"
        )
    if len(shape) == 1:
        if want == (1,):
            target, want = target.reshape(()), ()
        if len(want) == 1:
            raise ValueError(f"For 1D input, 1D target must have size 1, but got target size: {want[0]}")
        if want:
            raise RuntimeError(
                f"0D or 1D target tensor expected, multi-target not supported: got target {list(want)}"
            )
    elif want != (shape[0], *shape[2:]):
        if want[:1] != shape[:1]:
            got = want[0] if want else 0
            raise ValueError(f"Expected input batch_size ({shape[0]}) to match target batch_size ({got}).")
        if len(shape) == 2:
            raise RuntimeError(
                f"0D or 1D target tensor expected, multi-target not supported: got target {list(want)}"
            )
        if len(shape) == 4:
            raise RuntimeError(
                f"size mismatch (got input: {list(shape)} , target: {list(want)}): "
                f"Expected target size {[shape[0], *shape[2:]]}"
            )
        raise RuntimeError(f"Expected target size {[shape[0], *shape[2:]]}, got {list(want)}")
    if target.dtype.name not in ("int64", "uint8"):
        raise RuntimeError(f"expected target dtype to be Long or Byte, but got {target.dtype.title}")
    if weight is not None:
        check_tensor(weight, name, "weight", 3)
        classes = shape[1] if len(shape) > 1 else shape[0]
        if weight.shape != (classes,):
            raise RuntimeError(
                f"weight tensor should be defined either for all {classes} classes or no classes "
                f"but got weight tensor of shape: {list(weight.shape)}"
            )
        if weight.dtype is not input.dtype:
            raise RuntimeError(
                f"expected scalar type {input.dtype.title} but found {weight.dtype.title} for the class weights"
            )
        _check_frozen(name, "weight", weight)
    return target


class _NllLossGrad(Op, name="_nll_loss_grad"):
    """The gradient of nll_loss in scores of a shape; linear in grad, and so its gradient is nll_loss."""

    @staticmethod
    def forward(ctx, grad, shape, target, weight, ignore_index, reduction):
        ctx.save_for_backward(target, weight)
        ctx.options = ignore_index, reduction
        return ctx.k.nll_loss_grad(grad, shape, target, weight, ignore_index, reduction)

    @staticmethod
    def backward(ctx, v):
        target, weight = ctx.saved
        return NllLoss.apply(v, target, weight, *ctx.options)


class NllLoss(Op, name="nll_loss", out=False):
    """nll_loss(input, target, weight=None, ignore_index=-100, reduction='mean') -> Tensor

    -weight[target] input[target] for log-probabilities input; weight: (C) factors of the classes. 'mean' divides by the
    sum of the weights of all targets that count (NaN if there are none).
    """

    @staticmethod
    def prepare(input, target, weight=None, ignore_index=-100, reduction="mean"):
        check_tensor(input, "nll_loss")
        check_tensor(target, "nll_loss", "target", 2)
        target = _check_classes("nll_loss", input, target, weight, reduction)
        return input, target, weight, ignore_index, reduction

    @staticmethod
    def forward(ctx, input, target, weight, ignore_index, reduction):
        ctx.save_for_backward(target, weight)
        ctx.shape, ctx.options = input.shape, (ignore_index, reduction)
        return ctx.k.nll_loss(input, target, weight, ignore_index, reduction)[0]

    @staticmethod
    def backward(ctx, grad):
        target, weight = ctx.saved
        return _NllLossGrad.function(grad, ctx.shape, target, weight, *ctx.options)


class _CrossEntropyGrad(Op, name="_cross_entropy_grad"):
    """The gradient of cross_entropy in the scores: grad times weight times (softmax(input) - onehot(target)).

    logp is log_softmax(input), at hand from the forward pass: it speaks for input and has no gradient of its own.
    """

    @staticmethod
    def forward(ctx, grad, input, logp, target, weight, ignore_index, reduction):
        ctx.save_for_backward(grad, input, logp, target, weight)
        ctx.options = ignore_index, reduction
        return ctx.k.cross_entropy_grad(grad, logp, target, weight, ignore_index, reduction)

    @staticmethod
    def backward(ctx, v):
        grad, input, logp, target, weight = ctx.saved
        dim = min(1, input.ndim - 1)
        to_grad = to_input = None
        if ctx.needs(0):
            ones = FUNCTIONS["ones_like"](grad)
            unit = v * _CrossEntropyGrad.function(ones, input, logp, target, weight, *ctx.options)
            to_grad = unit.sum(dim) if ctx.options[1] == "none" else unit.sum()
        if ctx.needs(1):
            factors = -_NllLossGrad.function(grad, input.shape, target, weight, *ctx.options).sum(dim, True)
            to_input = factors * softmax_grad(v, Softmax.apply(input, dim), dim)
        return to_grad, to_input


class CrossEntropy(Op, name="cross_entropy", out=False):
    """cross_entropy(input, target, weight=None, ignore_index=-100, reduction='mean', label_smoothing=0.0) -> Tensor

    nll_loss of log_softmax(input, 1): target holds class numbers, or probabilities in the shape of input. weight: (C)
    factors of the classes. label_smoothing in [0, 1] mixes so much of the uniform distribution into the target
    (Szegedy et al., 2016).
    """

    @staticmethod
    def prepare(input, target, weight=None, ignore_index=-100, reduction="mean", label_smoothing=0.0):
        check_tensor(input, "cross_entropy")
        check_tensor(target, "cross_entropy", "target", 2)
        if not 0 <= label_smoothing <= 1:
            raise RuntimeError(f"label_smoothing must be between 0.0 and 1.0. Got: {label_smoothing}")
        if target.shape == input.shape:
            return _cross_entropy_of_probabilities(
                input, target, weight, ignore_index, reduction, label_smoothing
            )
        target = _check_classes("cross_entropy", input, target, weight, reduction)
        if label_smoothing > 0:
            return _smoothed_cross_entropy(input, target, weight, ignore_index, reduction, label_smoothing)
        return input, target, weight, ignore_index, reduction

    @staticmethod
    def forward(ctx, input, target, weight, ignore_index, reduction):
        logp = ctx.k.log_softmax(input, min(1, input.ndim - 1))
        loss, _ = ctx.k.nll_loss(logp, target, weight, ignore_index, reduction)
        ctx.save_for_backward(input, logp, target, weight)
        ctx.options = ignore_index, reduction
        return loss

    @staticmethod
    def backward(ctx, grad):
        return _CrossEntropyGrad.function(grad, *ctx.saved, *ctx.options)


def _per_class(weight, ndim, dim):
    return weight.reshape([-1 if d == dim else 1 for d in range(ndim)])


def _cross_entropy_of_probabilities(input, target, weight, ignore_index, reduction, smoothing):
    _check_reduction(reduction)
    if not target.is_floating_point():
        raise RuntimeError(
            f"Expected floating point type for target with class probabilities, got {target.dtype.title}"
        )
    if ignore_index >= 0:
        raise RuntimeError("ignore_index is not supported for floating point target")
    dim = min(1, input.ndim - 1)
    if input.ndim == 0:
        raise ValueError(
            "Expected 1 or more dimensions (got 0): cross_entropy() takes scores of shape (N, C, ...) or (C)"
        )
    classes = input.shape[dim]
    if weight is not None and weight.shape != (classes,):
        raise RuntimeError(
            f"cross_entropy: weight tensor should be defined either for all {classes} classes or no classes "
            f"but got weight tensor of shape: {list(weight.shape)}"
        )
    if smoothing > 0:
        target = target * (1 - smoothing) + smoothing / classes
    loss = -LogSoftmax.function(input, dim) * target
    if weight is not None:
        loss = loss * _per_class(weight, input.ndim, dim)
    if reduction == "mean":  # over the samples, not the classes
        return loss.sum() / max(input.numel() // max(classes, 1), 1)
    return loss.sum() if reduction == "sum" else loss.sum(dim)


def _smoothed_cross_entropy(input, target, weight, ignore_index, reduction, smoothing):
    """(1 - e) nll_loss + e times the mean over all classes of their weighted losses."""
    dim = min(1, input.ndim - 1)
    logp = LogSoftmax.function(input, dim)
    sharp = NllLoss.function(logp, target, weight, ignore_index, reduction)
    weighted = -logp if weight is None else -logp * _per_class(weight, input.ndim, dim)
    counts = target != ignore_index
    spread = weighted.sum(dim)
    spread = where(counts, spread, 0)
    if reduction == "mean":
        if weight is None:
            total = counts.sum()
        else:
            safe = where(counts, target, 0).reshape(-1).long()
            total = (weight.index_select(0, safe) * counts.reshape(-1)).sum()
        spread = spread.sum() / total
    elif reduction == "sum":
        spread = spread.sum()
    return sharp * (1 - smoothing) + spread * (smoothing / input.shape[dim])


# ---- differences and probabilities


class MseLoss(Op, name="mse_loss", out=False):
    """mse_loss(input, target, reduction='mean') -> Tensor: (input - target)^2, broadcast and promoted."""

    @staticmethod
    def prepare(input, target, reduction="mean"):
        _check_reduction(reduction)
        check_tensor(input, "mse_loss")
        check_tensor(target, "mse_loss", "target", 2)
        if (
            not (input.is_floating_point() or target.is_floating_point())
            or input.is_complex()
            or target.is_complex()
        ):
            raise unsupported("mse_loss", input.dtype)
        if input.shape != target.shape:
            broadcast_sizes(input.shape, target.shape)
        return input, target, reduction

    @staticmethod
    def forward(ctx, input, target, reduction):
        a, b = _core.promote_to_broadcast((input, target))
        ctx.save_for_backward(input, target)
        ctx.reduction = reduction
        return ctx.k.mse_loss(a, b, reduction)

    @staticmethod
    def backward(ctx, grad):
        input, target = ctx.saved
        d = input - target
        g = d * (grad * (2 / max(d.numel(), 1) if ctx.reduction == "mean" else 2.0))
        return g, -g if ctx.needs(1) else None


def _check_pair(name, input, target):
    check_tensor(input, name)
    check_tensor(target, name, "target", 2)
    if not input.is_floating_point():
        raise unsupported(name, input.dtype)
    if input.shape != target.shape:
        raise ValueError(
            f"{name}(): Target size ({target.shape}) must be the same as input size ({input.shape})"
        )


class BinaryCrossEntropy(Op, name="_binary_cross_entropy"):
    """-(t log(x) + (1 - t) log(1 - x)), the logarithms limited to -100; or with eps
    -(t log(x + eps) + (1 - t) log(1 - x + eps)), whose gradient is 0 where x = t, also at 0 and 1."""

    @staticmethod
    def forward(ctx, input, target, eps=0):
        ctx.save_for_backward(input, target, eps)
        return ctx.k.binary_cross_entropy(input, target, eps)

    @staticmethod
    def backward(ctx, grad):
        x, t, eps = ctx.saved
        if eps:
            to_target = grad * ((1 - x + eps).log() - (x + eps).log()) if ctx.needs(1) else None
            return grad * (x - t) / ((1 - x + eps) * (x + eps)), to_target
        to_input = grad * (x - t) / ((1 - x) * x).clamp(min=1e-12)
        to_target = grad * ((-x).log1p() - x.log()) if ctx.needs(1) else None
        return to_input, to_target


class BinaryCrossEntropyWithLogits(Op, name="_binary_cross_entropy_with_logits"):
    """(1 - t) x + log(1 + exp(-x)), without overflow."""

    @staticmethod
    def forward(ctx, input, target):
        a, b = _core.promote_to_broadcast((input, target))
        ctx.save_for_backward(input, target)
        return ctx.k.binary_cross_entropy_with_logits(a, b)

    @staticmethod
    def backward(ctx, grad):
        x, t = ctx.saved
        return grad * (x.sigmoid() - t), -grad * x if ctx.needs(1) else None


@composite()
def binary_cross_entropy(input, target, weight=None, reduction="mean"):
    """binary_cross_entropy(input, target, weight=None, reduction='mean') -> Tensor: -(t log(x) + (1 - t) log(1 - x))

    for probabilities x and t of one shape and dtype; the logarithms are limited to -100. weight: factors, broadcast.
    """
    _check_reduction(reduction)
    check_tensor(input, "binary_cross_entropy")
    check_tensor(target, "binary_cross_entropy", "target", 2)
    if target.dtype is not input.dtype:
        raise RuntimeError(
            f"binary_cross_entropy(): Found dtype {target.dtype.title} but expected {input.dtype.title}"
        )
    _check_pair("binary_cross_entropy", input, target)
    for argument, t in (("input", input), ("target", target)):
        if any_true(~((t >= 0) & (t <= 1))):
            raise RuntimeError(
                f"binary_cross_entropy(): all elements of {argument} should be between 0 and 1"
            )
    loss = BinaryCrossEntropy.function(input, target)
    return _reduced(loss if weight is None else (loss * weight).to(input.dtype), reduction)


@composite()
def binary_cross_entropy_with_logits(input, target, weight=None, pos_weight=None, reduction="mean"):
    """binary_cross_entropy_with_logits(input, target, weight=None, pos_weight=None, reduction='mean') -> Tensor

    binary_cross_entropy of sigmoid(input), without overflow. weight: factors of the loss, pos_weight of its positive
    term, both broadcast.
    """
    _check_reduction(reduction)
    _check_pair("binary_cross_entropy_with_logits", input, target)
    if not target.is_floating_point():
        raise RuntimeError(
            f"binary_cross_entropy_with_logits(): result type {input.dtype.title} can't be cast to the desired "
            f"output type {target.dtype.title}: the target must be of a floating-point dtype"
        )
    function = BinaryCrossEntropyWithLogits.function
    loss = function(input, target)
    if pos_weight is not None:  # log(1 + exp(-x)) is the loss for the target 1
        loss = loss + (pos_weight - 1) * target * function(input, FUNCTIONS["ones_like"](input))
    return _reduced(loss if weight is None else loss * weight, reduction)
