"""Running sums, products and extremes along one dimension."""

import math

from ..dtype import as_dtype
from ..interpreters import any_true
from ._args import named_result, one_dim, unsupported
from .compare import where
from .op import FUNCTIONS, METHODS, Op, composite
from .pointwise import conj
from .reduce import cast_first


def _running_sum_back(t, dim):
    """The running sum from the end."""
    return t.flip(dim).cumsum(dim).flip(dim)


def _cat(parts, dim):
    return FUNCTIONS["cat"](parts, dim)


def _next(t, dim, last):
    """t moved up by one along dim: t[1], t[2], ..., and then `last`, a slice."""
    return _cat([t.narrow(dim, 1, t.size(dim) - 1), last], dim)


def _previous(t, dim, first):
    """t moved down by one along dim: `first`, a slice, and then t[0], t[1], ..."""
    return _cat([first, t.narrow(dim, 0, t.size(dim) - 1)], dim)


def _edge(t, dim, function):
    """zeros_like or ones_like of one slice."""
    return FUNCTIONS[function](t.narrow(dim, 0, 1))


class _Recurrence(Op, name="_recurrence"):
    """s[k] = g[k] + a[k] s[k + 1] along dim, from the end. The last slice of a takes no part."""

    @staticmethod
    def forward(ctx, a, g, dim):
        out = ctx.k.recurrence(a, g, dim)
        ctx.save_for_backward(a, out)
        ctx.dim = dim
        return out

    @staticmethod
    def backward(ctx, grad):
        a, s = ctx.saved
        dim = ctx.dim
        if a.ndim == 0:
            return FUNCTIONS["zeros_like"](a), grad
        before = _previous(conj(a), dim, _edge(a, dim, "zeros_like"))
        r = _recurrence(before.flip(dim), grad.flip(dim), dim).flip(dim)  # r[k] = grad[k] + a[k - 1] r[k - 1]
        return r * conj(_next(s, dim, _edge(s, dim, "zeros_like"))), r


_recurrence = _Recurrence.function


def _products_before(input, dim):
    """The product of all earlier elements along dim; 1 for the first."""
    return _previous(input, dim, _edge(input, dim, "ones_like")).cumprod(dim)


def exclusive_products(input, dim):
    """For each element the product of the others along dim, without dividing by it."""
    if input.ndim == 0 or input.size(dim) == 0:
        return FUNCTIONS["ones_like"](input)
    return _products_before(input, dim) * _products_before(input.flip(dim), dim).flip(dim)


class Cumsum(Op, name="cumsum", tangent="linear", methods=("cumsum", "cumsum_")):
    """cumsum(input, dim, *, dtype=None) -> Tensor: the running sum along dim; int64 for bools and ints.

    `dtype`: input is cast to it first.
    """

    @staticmethod
    def prepare(input, dim, *, dtype=None):
        dim = one_dim("cumsum", input, dim)
        return (input, dim) if dtype is None else cast_first(Cumsum, input, dtype, dim)

    @staticmethod
    def forward(ctx, input, dim):
        ctx.dim = dim
        return ctx.k.cumsum(input, dim)

    @staticmethod
    def backward(ctx, grad):
        return grad if grad.ndim == 0 else _running_sum_back(grad, ctx.dim)


class Cumprod(Op, name="cumprod", methods=("cumprod", "cumprod_")):
    """cumprod(input, dim, *, dtype=None) -> Tensor: the running product along dim; int64 for bools and ints.

    `dtype`: input is cast to it first.
    """

    @staticmethod
    def prepare(input, dim, *, dtype=None):
        dim = one_dim("cumprod", input, dim)
        return (input, dim) if dtype is None else cast_first(Cumprod, input, dtype, dim)

    @staticmethod
    def forward(ctx, input, dim):
        out = ctx.k.cumprod(input, dim)
        ctx.save_for_backward(input, out)
        ctx.dim = dim
        return out

    @staticmethod
    def backward(ctx, grad):
        input, out = ctx.saved
        dim = ctx.dim
        if input.ndim == 0 or input.numel() == 0:
            return grad
        if not any_true(input == 0):
            return _running_sum_back(grad * conj(out), dim) / conj(input)
        following = _next(input, dim, _edge(input, dim, "zeros_like"))
        return conj(_products_before(input, dim)) * _recurrence(conj(following), grad, dim)


def _register_in_place(name, function):
    @composite(name, name=name)
    def in_place(input, dim, *, dtype=None):
        if dtype is not None and as_dtype(dtype) is not input.dtype:
            raise RuntimeError(
                f"{name}(): Bad in-place call: input tensor dtype {input.dtype} and output tensor dtype {dtype} should "
                "match"
            )
        return function(input, dim)

    in_place.__name__ = in_place.__qualname__ = name
    in_place.__doc__ = (
        f"{name}(dim, *, dtype=None) -> self: `{name[:-1]}` in place; dtype can only be that of self."
    )


for _name in ("cumsum_", "cumprod_"):
    _register_in_place(_name, METHODS[_name])


class Logcumsumexp(Op, name="logcumsumexp", methods=("logcumsumexp",)):
    """logcumsumexp(input, dim) -> Tensor: log(cumsum(exp(input))) along dim, without overflow. Floats and complex."""

    @staticmethod
    def prepare(input, dim):
        dim = one_dim("logcumsumexp", input, dim)
        if not (input.is_floating_point() or input.is_complex()):
            raise unsupported("logcumsumexp", input.dtype)
        return input, dim

    @staticmethod
    def forward(ctx, input, dim):
        out = ctx.k.logcumsumexp(input, dim)
        ctx.save_for_backward(input, out)
        ctx.dim = dim
        return out

    @staticmethod
    def backward(ctx, grad):
        # grad_x[k] = sum over j >= k of grad[j] exp(x[k] - y[j]), by factors exp(y[j] - y[j + 1]) <= 1
        input, out = ctx.saved
        dim = ctx.dim
        if input.ndim == 0 or input.numel() == 0:
            return grad
        following = _next(out, dim, out.narrow(dim, out.size(dim) - 1, 1))
        ratio = conj(_unless_empty(out, out - following, 0.0).exp())
        return conj(_unless_empty(input, input - out, -math.inf).exp()) * _recurrence(ratio, grad, dim)


def _unless_empty(t, difference, value):
    """The difference of two logarithms, of which t is the first; the given value where t is log 0."""
    return where(t == -math.inf, value, difference)


# ---- running extremes


class _RunningExtreme(Op):
    """(values, indices): the gradient of each value goes to the element that it is."""

    @staticmethod
    def _run(ctx, kernel, input, dim, result):
        values, indices = kernel(input, dim)
        ctx.save_for_backward(indices)
        ctx.set_materialize_grads(False)
        ctx.shape, ctx.dim = input.shape, dim
        return result(values, indices)

    @staticmethod
    def backward(ctx, grad, _=None):
        from .sort import place

        (indices,) = ctx.saved
        return place(grad, indices, ctx.shape, ctx.dim, True, True)


def _prepare_extreme(name, input, dim):
    dim = one_dim(name, input, dim)
    if input.is_complex():
        raise unsupported(name, input.dtype)
    return input, dim


_cummax = named_result("cummax", "values", "indices")
_cummin = named_result("cummin", "values", "indices")


class Cummax(_RunningExtreme, name="cummax", methods=("cummax",)):
    """cummax(input, dim) -> (values, indices): the running maximum along dim and where it was last met."""

    @staticmethod
    def prepare(input, dim):
        return _prepare_extreme("cummax", input, dim)

    @staticmethod
    def forward(ctx, input, dim):
        return Cummax._run(ctx, ctx.k.cummax, input, dim, _cummax)


class Cummin(_RunningExtreme, name="cummin", methods=("cummin",)):
    """cummin(input, dim) -> (values, indices): the running minimum along dim and where it was last met."""

    @staticmethod
    def prepare(input, dim):
        return _prepare_extreme("cummin", input, dim)

    @staticmethod
    def forward(ctx, input, dim):
        return Cummin._run(ctx, ctx.k.cummin, input, dim, _cummin)
