"""Softmax, its logarithm and log-sum-exp."""

from ..dtype import get_default_dtype
from ._args import one_dim, reduced_dims, unsupported
from .op import Op
from .pointwise import conj
from .reduce import Sum, _spread


def _prepare(name, input, dim, dtype):
    dim = one_dim(name, input, dim)
    if dtype is not None:
        input = input.to(dtype)
    if not input.is_floating_point():
        raise unsupported(name, input.dtype)
    return input, dim


def _total(t, dim):
    """The sum over dim, which is kept."""
    return Sum.apply(t, (dim,), True) if t.ndim else t


class _SoftmaxGrad(Op, name="_softmax_grad"):
    """output (grad - sum(grad output)): the gradient of softmax, in which output = softmax(input)."""

    @staticmethod
    def forward(ctx, grad, output, dim):
        ctx.save_for_backward(grad, output)
        ctx.dim = dim
        return ctx.k.softmax_grad(grad, output, dim)

    @staticmethod
    def backward(ctx, v):
        grad, output = ctx.saved
        dim = ctx.dim
        to_output = v * (grad - _total(grad * output, dim)) - grad * _total(v * output, dim)
        return softmax_grad(v, output, dim), to_output


class _LogSoftmaxGrad(Op, name="_log_softmax_grad"):
    """grad - exp(output) sum(grad): the gradient of log_softmax, in which output = log_softmax(input)."""

    @staticmethod
    def forward(ctx, grad, output, dim):
        ctx.save_for_backward(grad, output)
        ctx.dim = dim
        return ctx.k.log_softmax_grad(grad, output, dim)

    @staticmethod
    def backward(ctx, v):
        grad, output = ctx.saved
        p = output.exp()
        return v - _total(v * p, ctx.dim), -v * p * _total(grad, ctx.dim)


softmax_grad, log_softmax_grad = _SoftmaxGrad.function, _LogSoftmaxGrad.function


class Softmax(Op, name="softmax", methods=("softmax",)):
    """softmax(input, dim, dtype=None) -> Tensor: exp(input) / sum(exp(input)) along dim, without overflow.

    input is of a floating-point dtype; `dtype`: it is cast to it first. A slice of -inf only gives NaN.
    """

    @staticmethod
    def prepare(input, dim, dtype=None):
        return _prepare("softmax", input, dim, dtype)

    @staticmethod
    def forward(ctx, input, dim):
        out = ctx.k.softmax(input, dim)
        ctx.save_for_backward(out)
        ctx.dim = dim
        return out

    @staticmethod
    def backward(ctx, grad):
        return softmax_grad(grad, *ctx.saved, ctx.dim)


class LogSoftmax(Op, name="log_softmax", methods=("log_softmax",)):
    """log_softmax(input, dim, dtype=None) -> Tensor: input - log(sum(exp(input))) along dim, without overflow.

    input is of a floating-point dtype; `dtype`: it is cast to it first.
    """

    @staticmethod
    def prepare(input, dim, dtype=None):
        return _prepare("log_softmax", input, dim, dtype)

    @staticmethod
    def forward(ctx, input, dim):
        out = ctx.k.log_softmax(input, dim)
        ctx.save_for_backward(out)
        ctx.dim = dim
        return out

    @staticmethod
    def backward(ctx, grad):
        return log_softmax_grad(grad, *ctx.saved, ctx.dim)


class Logsumexp(Op, name="logsumexp", methods=("logsumexp",)):
    """logsumexp(input, dim, keepdim=False) -> Tensor: log(sum(exp(input))) over dim, without overflow.

    Integers are computed in the default float dtype. -inf over no elements.
    """

    @staticmethod
    def prepare(input, dim, keepdim=False):
        axes = reduced_dims("logsumexp", input, dim, keepdim)
        if not (input.is_floating_point() or input.is_complex()):
            input = input.to(get_default_dtype())
        return input, axes, keepdim

    @staticmethod
    def forward(ctx, input, dim, keepdim):
        axes = tuple(range(input.ndim)) if dim is None else dim
        out = ctx.k.logsumexp(input, axes, keepdim)
        ctx.save_for_backward(input, out)
        ctx.dim, ctx.keepdim = dim, keepdim
        return out

    @staticmethod
    def backward(ctx, grad):
        input, out = ctx.saved

        def spread(t):
            return _spread(t, input.shape, ctx.dim, ctx.keepdim)

        return spread(grad) * conj((input - spread(out)).exp())
