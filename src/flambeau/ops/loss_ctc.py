"""Connectionist temporal classification: the loss of a string of labels whose places in time are unknown."""

from .. import _core
from ..dtype import int64
from ._args import check_int, check_tensor, unsupported
from .op import FUNCTIONS, Op, composite

_REDUCTIONS = {"none": "none", "mean": "mean", "sum": "sum", 0: "none", 1: "mean", 2: "sum"}


class _CtcLossGrad(Op, name="_ctc_loss_grad"):
    """The gradient of _ctc_loss. It is linear in grad; for its derivative in log_probs see _Once."""

    @staticmethod
    def forward(ctx, grad, log_probs, alpha, targets, input_lengths, target_lengths, blank, zero_infinity):
        ctx.save_for_backward(log_probs, alpha, targets, input_lengths, target_lengths)
        ctx.options = blank, zero_infinity
        return ctx.k.ctc_loss_grad(
            grad, log_probs, alpha, targets, input_lengths, target_lengths, blank, zero_infinity
        )

    @staticmethod
    def backward(ctx, v):
        log_probs, *rest = ctx.saved
        ones = log_probs.new_ones(log_probs.shape[1])
        to_grad = (v * _CtcLossGrad.function(ones, log_probs, *rest, *ctx.options)).sum((0, 2))
        return to_grad, FUNCTIONS["zeros_like"](log_probs) if ctx.needs(1) else None


class _Once(Op, name="_ctc_loss_once"):
    """log_probs as the gradient of ctc_loss depends on them: a derivative of that is refused, not left out."""

    @staticmethod
    def forward(ctx, log_probs):
        return log_probs.view()

    @staticmethod
    def backward(ctx, grad):
        raise RuntimeError(
            "derivative for aten::_ctc_loss_backward is not implemented: ctc_loss has no second derivative; call "
            "backward or autograd.grad without create_graph=True"
        )


class _CtcLoss(Op, name="_ctc_loss"):
    """-log P(target) of each sample: log_probs (T, N, C), int64 targets (N, S) or (sum of lengths), lengths (N)."""

    @staticmethod
    def forward(ctx, log_probs, targets, input_lengths, target_lengths, blank, zero_infinity):
        losses, alpha = ctx.k.ctc_loss(log_probs, targets, input_lengths, target_lengths, blank)
        ctx.save_for_backward(log_probs, alpha, targets, input_lengths, target_lengths)
        ctx.options = blank, zero_infinity
        return losses

    @staticmethod
    def backward(ctx, grad):
        log_probs, *rest = ctx.saved
        return (_CtcLossGrad.function(grad, _Once.function(log_probs), *rest, *ctx.options),)


def _lengths(name, value, batch, like):
    """A tensor or sequence of lengths as int64 (N)."""
    if not isinstance(value, _core.TensorBase):
        value = FUNCTIONS["tensor"](list(value), dtype=int64, device=like.device)
    if value.is_floating_point() or value.is_complex() or value.dtype.name == "bool":
        raise RuntimeError(f"{name} must be integral")
    if value.ndim == 0 or value.numel() != batch:
        raise RuntimeError(f"{name} must be of size batch_size")
    return value.reshape(batch).to(like.device).long()


@composite()
def ctc_loss(log_probs, targets, input_lengths, target_lengths, blank=0, reduction="mean", zero_infinity=False):
    """ctc_loss(log_probs, targets, input_lengths, target_lengths, blank=0, reduction='mean', zero_infinity=False)

    -log of the probability of all sequences of classes that become the target when repetitions are merged and blanks
    left out (Graves et al., 2006): log_probs (T, N, C) float32 or float64, logarithms of probabilities, or (T, C) for a
    single sample; targets (N, S), or all of them one after the other in one dimension, without the class `blank`;
    input_lengths and target_lengths: ints (N), tensors or tuples. 'mean' divides by the target lengths, at least 1,
    first. An input that is shorter than its target needs has the loss inf; zero_infinity makes that and its gradient 0.

    As in PyTorch, the gradient is the one in scores x of which log_probs is log_softmax(x): for other log_probs it is
    exp(log_probs) larger than the derivative. There is no second derivative. reduction may also be 0 ('none'), 1 or 2.
    """
    check_tensor(log_probs, "ctc_loss", "log_probs")
    check_tensor(targets, "ctc_loss", "targets", 2)
    if reduction not in _REDUCTIONS:
        raise ValueError(f"{reduction} is not a valid value for reduction")
    blank = check_int(blank, "ctc_loss", "blank", 5)
    single = log_probs.ndim == 2
    if single:
        log_probs = log_probs.unsqueeze(1)
        targets = targets.unsqueeze(0) if targets.ndim == 1 else targets
        input_lengths, target_lengths = [
            v.reshape(1) if isinstance(v, _core.TensorBase) and v.ndim == 0 else v
            for v in (input_lengths, target_lengths)
        ]
    _check_shapes(log_probs, targets, blank)
    batch = log_probs.shape[1]
    lengths = [_lengths("input_lengths", input_lengths, batch, log_probs),
               _lengths("target_lengths", target_lengths, batch, log_probs)]  # fmt: skip
    losses = _CtcLoss.function(log_probs, targets.detach().long(), *lengths, blank, zero_infinity)
    if zero_infinity:
        losses = FUNCTIONS["where"](losses == float("inf"), 0.0, losses)
    reduction = _REDUCTIONS[reduction]
    if reduction == "mean":
        return (losses / lengths[1].clamp(min=1)).mean()
    if reduction == "sum":
        return losses.sum()
    return losses.squeeze(0) if single else losses


def _check_shapes(log_probs, targets, blank):
    if log_probs.dtype.name not in ("float32", "float64"):
        raise unsupported("ctc_loss", log_probs.dtype)
    where = "(while checking arguments for ctc_loss_allocate_outputs)"
    if log_probs.ndim != 3:
        raise RuntimeError(
            f"Expected 3-dimensional tensor, but got {log_probs.ndim}-dimensional tensor for argument #1 'log_probs' "
            f"{where}"
        )
    if log_probs.numel() == 0:
        raise RuntimeError("log_probs tensor must not be empty")
    if not 0 <= blank < log_probs.shape[2]:
        raise RuntimeError("blank must be in label range")
    if targets.ndim not in (1, 2):
        raise RuntimeError(
            f"Expected 1 to 2 dimensions, but got {targets.ndim}-dimensional tensor for argument #2 'targets' {where}"
        )
    if targets.ndim == 2 and targets.shape[0] != log_probs.shape[1]:
        raise RuntimeError(
            f"Expected tensor to have size {log_probs.shape[1]} at dimension 0, but got size {targets.shape[0]} for "
            f"argument #2 'targets' {where}"
        )
