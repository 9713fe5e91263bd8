"""Reductions: sums, products, statistics, norms, extremes, truth values.

`dim` is None (all dimensions), an int or a tuple; negative dims count from the end. `keepdim` leaves the reduced
dimensions in place with size 1.
"""

import math
import operator
import warnings

from .. import _core
from ..dtype import finfo, float32, int64, promote_types, uint64
from ..interpreters import any_true
from ._args import check_tensor, named_result, one_dim, reduced_dims, unsupported
from .compare import where
from .op import FUNCTIONS, Op, composite
from .pointwise import conj


def _size(shape, dim):
    """How many elements of a tensor of this shape go into one result."""
    return math.prod(shape if dim is None else [shape[d] for d in dim])


class _Spread(Op, name="_spread", view=True):
    """A reduction backwards: input, reduced over dim from a tensor of this shape, repeated to it."""

    @staticmethod
    def forward(ctx, input, shape, dim=None, keepdim=False):
        ctx.dim, ctx.keepdim = dim, keepdim
        return ctx.k.spread(input, shape, dim, keepdim)

    @staticmethod
    def backward(ctx, grad):
        return Sum.apply(grad, ctx.dim, ctx.keepdim)


_spread = _Spread.function


class _SumTo(Op, name="_sum_to"):
    """input summed over the dimensions that broadcasting has added or stretched from this shape."""

    @staticmethod
    def forward(ctx, input, shape):
        ctx.shape = input.shape
        extra = input.ndim - len(shape)
        stretched = [extra + d for d, n in enumerate(shape) if n != input.shape[extra + d]]
        return ctx.k.sum(input, (*range(extra), *stretched)).reshape(shape)

    @staticmethod
    def backward(ctx, grad):
        return grad.expand(ctx.shape)


_core.set_operator("sum_to", _SumTo.function)


# ---- sums and products


def cast_first(op, input, dtype, *options):
    """The arguments of a sum or product of input cast to dtype; for narrow ints, which widen, the result cast back."""
    input = input.to(dtype)
    if input.dtype.category in ("int", "bool") and input.dtype.name != "int64":
        return op.apply(input, *options).to(dtype)
    return input, *options


class Sum(Op, name="sum", tangent="linear", methods=("sum",)):
    """sum(input, dim=None, keepdim=False, *, dtype=None) -> Tensor: the sum of the elements, over dim.

    Sums of bools and ints are int64. `dtype`: input is cast to it first.
    """

    @staticmethod
    def prepare(input, dim=None, keepdim=False, *, dtype=None):
        axes = reduced_dims("sum", input, dim, keepdim)
        return (input, axes, keepdim) if dtype is None else cast_first(Sum, input, dtype, axes, keepdim)

    @staticmethod
    def forward(ctx, input, dim=None, keepdim=False):
        ctx.shape, ctx.dim, ctx.keepdim = input.shape, dim, keepdim
        return ctx.k.sum(input, dim, keepdim)

    @staticmethod
    def backward(ctx, grad):
        return _spread(grad, ctx.shape, ctx.dim, ctx.keepdim)


class Mean(Op, name="mean", tangent="linear", methods=("mean",)):
    """mean(input, dim=None, keepdim=False, *, dtype=None) -> Tensor: the arithmetic mean over dim.

    NaN over no elements. input is of a floating-point or complex dtype; `dtype`: it is cast to it first.
    """

    @staticmethod
    def prepare(input, dim=None, keepdim=False, *, dtype=None):
        axes = reduced_dims("mean", input, dim, keepdim)
        if dtype is not None:
            input = input.to(dtype)
        if not (input.is_floating_point() or input.is_complex()):
            raise RuntimeError(
                "mean(): could not infer output dtype. Input dtype must be either a floating point or complex dtype. "
                f"Got: {input.dtype.title}"
            )
        return input, axes, keepdim

    @staticmethod
    def forward(ctx, input, dim=None, keepdim=False):
        ctx.shape, ctx.dim, ctx.keepdim = input.shape, dim, keepdim
        return ctx.k.mean(input, dim, keepdim)

    @staticmethod
    def backward(ctx, grad):
        return _spread(grad / _size(ctx.shape, ctx.dim), ctx.shape, ctx.dim, ctx.keepdim)


class Prod(Op, name="prod", methods=("prod",)):
    """prod(input, dim=None, keepdim=False, *, dtype=None) -> Tensor: the product of the elements, over one dim.

    Products of bools and ints are int64. `dtype`: input is cast to it first.
    """

    @staticmethod
    def prepare(input, dim=None, keepdim=False, *, dtype=None):
        axis = None if dim is None else one_dim("prod", input, dim)
        axes = reduced_dims("prod", input, axis, keepdim)
        return (input, axes, keepdim) if dtype is None else cast_first(Prod, input, dtype, axes, keepdim)

    @staticmethod
    def forward(ctx, input, dim=None, keepdim=False):
        out = ctx.k.prod(input, dim, keepdim)
        ctx.save_for_backward(input, out)
        ctx.dim, ctx.keepdim = dim, keepdim
        return out

    @staticmethod
    def backward(ctx, grad):
        input, out = ctx.saved
        shape, dim, keepdim = input.shape, ctx.dim, ctx.keepdim
        if not any_true(input == 0):
            return _spread(grad * conj(out), shape, dim, keepdim) / conj(input)
        from .scan import exclusive_products  # the product of the others, without division

        if dim is None:
            others = exclusive_products(input.reshape(-1), 0).reshape(shape)
        else:
            others = exclusive_products(input, dim[0])
        return _spread(grad, shape, dim, keepdim) * conj(others)


@composite("nansum")
def nansum(input, dim=None, keepdim=False, *, dtype=None):
    """nansum(input, dim=None, keepdim=False, *, dtype=None) -> Tensor: sum, with NaN counted as 0."""
    check_tensor(input, "nansum")
    if input.is_complex():
        raise unsupported("nansum", input.dtype)
    if input.is_floating_point():
        input = where(input.isnan(), 0, input)
    return Sum.function(input, dim, keepdim, dtype=dtype)


@composite("nanmean")
def nanmean(input, dim=None, keepdim=False, *, dtype=None):
    """nanmean(input, dim=None, keepdim=False, *, dtype=None) -> Tensor: mean of the elements that are not NaN."""
    check_tensor(input, "nanmean")
    if not input.is_floating_point():
        raise RuntimeError(
            f"nanmean(): expected input to have floating point dtype but got {input.dtype.title}"
        )
    return nansum(input, dim, keepdim, dtype=dtype) / Sum.function(input.isnan().logical_not(), dim, keepdim)


# ---- variance


def _variance_arguments(name, input, dim, unbiased, keepdim, correction):
    """Dims and correction of both forms, `std(unbiased)` and `std(dim, unbiased, keepdim)` among them."""
    if isinstance(dim, bool):
        dim, unbiased = None, dim
    if correction is None:
        correction = 0 if unbiased is False else 1
    elif unbiased is not None:
        raise TypeError(f"{name}(): give 'correction' or 'unbiased', not both")
    axes = reduced_dims(name, input, dim, keepdim)
    if not (input.is_floating_point() or input.is_complex()):
        raise RuntimeError(
            f"{name}(): std and var only support floating point and complex dtypes, got {input.dtype.title}"
        )
    if _size(input.shape, axes) <= correction:
        warnings.warn(
            f"{name}(): degrees of freedom is <= 0. Correction should be strictly less than the reduction factor "
            "(input numel divided by output numel).",
            UserWarning,
            stacklevel=3,
        )
    return input, axes, correction, keepdim


def _var_grad(grad, input, dim, correction, keepdim):
    """2 (x - mean) / (count - correction)."""
    freedom = max(_size(input.shape, dim) - correction, 0)
    scaled = grad * (2 / freedom if freedom else math.inf)
    return _spread(scaled, input.shape, dim, keepdim) * (input - Mean.apply(input, dim, True))


class Var(Op, name="var", methods=("var",)):
    """var(input, dim=None, *, correction=1, keepdim=False) -> Tensor: the variance over dim,

    sum(|x - mean|^2) / max(count - correction, 0); real for complex input. The older forms are `var(unbiased)` and
    `var(dim, unbiased=True, keepdim=False)`: unbiased=False means correction=0.
    """

    @staticmethod
    def prepare(input, dim=None, unbiased=None, keepdim=False, *, correction=None):
        return _variance_arguments("var", input, dim, unbiased, keepdim, correction)

    @staticmethod
    def forward(ctx, input, dim, correction, keepdim):
        ctx.save_for_backward(input)
        ctx.dim, ctx.correction, ctx.keepdim = dim, correction, keepdim
        return ctx.k.var(input, dim, correction, keepdim)

    @staticmethod
    def backward(ctx, grad):
        (input,) = ctx.saved
        return _var_grad(grad, input, ctx.dim, ctx.correction, ctx.keepdim)


class Std(Op, name="std", methods=("std",)):
    """std(input, dim=None, *, correction=1, keepdim=False) -> Tensor: the standard deviation, sqrt(var).

    Its gradient is 0 where it is 0. The older forms are `std(unbiased)` and `std(dim, unbiased=True, keepdim=False)`.
    """

    @staticmethod
    def prepare(input, dim=None, unbiased=None, keepdim=False, *, correction=None):
        return _variance_arguments("std", input, dim, unbiased, keepdim, correction)

    @staticmethod
    def forward(ctx, input, dim, correction, keepdim):
        out = ctx.k.std(input, dim, correction, keepdim)
        ctx.save_for_backward(input, out)
        ctx.dim, ctx.correction, ctx.keepdim = dim, correction, keepdim
        return out

    @staticmethod
    def backward(ctx, grad):
        input, out = ctx.saved
        return _var_grad(_quotient(grad, 2 * out, out == 0), input, ctx.dim, ctx.correction, ctx.keepdim)


def _quotient(a, b, zero):
    """a / b, and 0 with zero derivatives where the mask says so."""
    return where(zero, 0, a / where(zero, 1, b))


@composite()
def var_mean(input, dim=None, unbiased=None, keepdim=False, *, correction=None):
    """var_mean(input, dim=None, *, correction=1, keepdim=False) -> (variance, mean)"""
    input, axes, correction, keepdim = _variance_arguments(
        "var_mean", input, dim, unbiased, keepdim, correction
    )
    return Var.apply(input, axes, correction, keepdim), Mean.apply(input, axes, keepdim)


@composite()
def std_mean(input, dim=None, unbiased=None, keepdim=False, *, correction=None):
    """std_mean(input, dim=None, *, correction=1, keepdim=False) -> (standard deviation, mean)"""
    input, axes, correction, keepdim = _variance_arguments(
        "std_mean", input, dim, unbiased, keepdim, correction
    )
    return Std.apply(input, axes, correction, keepdim), Mean.apply(input, axes, keepdim)


# ---- norms


class LinalgVectorNorm(Op, name="linalg_vector_norm"):
    """linalg_vector_norm(x, ord=2, dim=None, keepdim=False, *, dtype=None) -> Tensor: sum(|x|^ord)^(1/ord) over dim.

    ord is any number: inf and -inf give the largest and the smallest |x|, 0 the number of nonzeros. Real for complex x.
    The gradient of the 2-norm at 0 is 0; that of the infinity norms is shared among equal elements.
    """

    @staticmethod
    def prepare(x, ord=2, dim=None, keepdim=False, *, dtype=None):
        axes = reduced_dims("linalg.vector_norm", x, dim, keepdim)
        if dtype is not None:
            x = x.to(dtype)
        if not (x.is_floating_point() or x.is_complex()):
            raise RuntimeError(
                f"linalg.vector_norm: Expected a floating point or complex tensor as input. Got {x.dtype.title}"
            )
        order = float(ord)
        if (
            (order < 0 or order == math.inf)
            and _size(x.shape, axes) == 0
            and (axes is None or x.numel() == 0)
        ):
            what = "an empty tensor" if axes is None else f"dimensions {list(axes)} of shape {list(x.shape)}"
            raise RuntimeError(
                f"linalg.vector_norm cannot compute the {ord} norm on {what} because the operation does not "
                "have an identity"
            )
        return x, order, axes, keepdim

    @staticmethod
    def forward(ctx, x, ord, dim, keepdim):
        out = ctx.k.vector_norm(x, ord, dim, keepdim)
        ctx.save_for_backward(x, out)
        ctx.ord, ctx.dim, ctx.keepdim = ord, dim, keepdim
        return out

    @staticmethod
    def backward(ctx, grad):
        x, norm = ctx.saved
        p = ctx.ord

        def spread(t):
            return _spread(t, x.shape, ctx.dim, ctx.keepdim)

        if p == 0:
            return FUNCTIONS["zeros_like"](x)
        if p == 1:
            return x.sgn() * spread(grad)
        if p == 2:
            return x * spread(_quotient(grad, norm, norm == 0))
        if math.isinf(p):
            size = x.abs().detach()  # compared with its own extreme: the kernel's |x| may round differently
            norm = (Amax if p > 0 else Amin).apply(size, ctx.dim, ctx.keepdim)
            return x.sgn() * _shared(grad, size, norm, ctx.dim, ctx.keepdim)
        size, zero = x.abs(), x == 0
        if p < 1:  # the derivative is infinite at 0: it counts as 0
            power = where(zero, 0, where(zero, 1, size) ** (p - 1))
            return x.sgn() * power * spread(grad * norm ** (1 - p))
        scale = spread(_quotient(grad, norm ** (p - 1), norm == 0))
        return x.sgn() * size ** (p - 1) * scale if p < 2 else x * size ** (p - 2) * scale


@composite("norm")
def norm(input, p="fro", dim=None, keepdim=False, out=None, dtype=None):
    """norm(input, p='fro', dim=None, keepdim=False, *, dtype=None, out=None) -> Tensor: the p-norm over dim.

    'fro' is the 2-norm of the elements, 'nuc' the nuclear norm of matrices; p is otherwise any number, see
    `linalg_vector_norm`.
    """
    if p is None or p == "fro":
        p = 2
    elif isinstance(p, str):
        from .matrix_functions import matrix_norm  # which is built on this module

        return matrix_norm(input, p, (-2, -1) if dim is None else dim, keepdim, dtype=dtype, out=out)
    result = LinalgVectorNorm.function
    return (
        result(input, p, dim, keepdim, dtype=dtype)
        if out is None
        else result(input, p, dim, keepdim, dtype=dtype, out=out)
    )


@composite("dist")
def dist(input, other, p=2):
    """dist(input, other, p=2) -> Tensor: the p-norm of input - other."""
    check_tensor(input, "dist")
    check_tensor(other, "dist", "other", 2)
    return LinalgVectorNorm.function(input - other, p)


# ---- extremes


def _shared(grad, input, out, dim, keepdim):
    """The gradient of an extreme: shared evenly among the elements that equal it."""
    input, out = input.detach(), out.detach()
    chosen = input == _spread(out, input.shape, dim, keepdim)
    if out.is_floating_point() and any_true(out.isnan()):
        chosen = chosen | input.isnan()
    count = Sum.apply(chosen, dim, keepdim).to(grad.dtype)
    return _spread(grad / count, input.shape, dim, keepdim) * chosen


def _check_extreme(name, input, dim):
    if input.is_complex():
        raise unsupported(name, input.dtype)
    if input.numel():
        return
    if dim is None:
        raise RuntimeError(
            f"{name}(): Expected reduction dim to be specified for input.numel() == 0. Specify the reduction dim with "
            "the 'dim' argument."
        )
    for d in dim:
        if input.shape[d : d + 1] == (0,):
            raise IndexError(f"{name}(): Expected reduction dim {d} to have non-zero size.")


class Amax(Op, name="amax", methods=("amax",)):
    """amax(input, dim=(), keepdim=False) -> Tensor: the largest element over dim; NaN if there is one.

    The gradient is shared evenly among equal largest elements.
    """

    @staticmethod
    def prepare(input, dim=(), keepdim=False):
        axes = reduced_dims("amax", input, dim, keepdim)
        _check_extreme("amax", input, axes)
        return input, axes, keepdim

    @staticmethod
    def forward(ctx, input, dim=None, keepdim=False):
        out = ctx.k.amax(input, dim, keepdim)
        ctx.save_for_backward(input, out)
        ctx.dim, ctx.keepdim = dim, keepdim
        return out

    @staticmethod
    def backward(ctx, grad):
        input, out = ctx.saved
        return _shared(grad, input, out, ctx.dim, ctx.keepdim)


class Amin(Op, name="amin", methods=("amin",)):
    """amin(input, dim=(), keepdim=False) -> Tensor: the smallest element over dim; NaN if there is one.

    The gradient is shared evenly among equal smallest elements.
    """

    @staticmethod
    def prepare(input, dim=(), keepdim=False):
        axes = reduced_dims("amin", input, dim, keepdim)
        _check_extreme("amin", input, axes)
        return input, axes, keepdim

    @staticmethod
    def forward(ctx, input, dim=None, keepdim=False):
        out = ctx.k.amin(input, dim, keepdim)
        ctx.save_for_backward(input, out)
        ctx.dim, ctx.keepdim = dim, keepdim
        return out

    @staticmethod
    def backward(ctx, grad):
        input, out = ctx.saved
        return _shared(grad, input, out, ctx.dim, ctx.keepdim)


_aminmax = named_result("aminmax", "min", "max")


@composite("aminmax")
def aminmax(input, *, dim=None, keepdim=False):
    """aminmax(input, *, dim=None, keepdim=False) -> (min, max): amin and amax in one named tuple."""
    check_tensor(input, "aminmax")
    if dim is None and input.numel() == 0:
        raise RuntimeError(
            "aminmax(): cannot compute aminmax over an empty dimension as the operation has no identity."
        )
    dim = () if dim is None else dim
    return _aminmax(Amin.function(input, dim, keepdim), Amax.function(input, dim, keepdim))


# ---- truth values and counts


def _truth_dims(name, input, dim, keepdim):
    """As reduced_dims, but no dims at all reduce nothing, unlike elsewhere."""
    axes = reduced_dims(name, input, dim, keepdim)
    return () if axes is None and isinstance(dim, (tuple, list)) else axes


class All(Op, name="all", methods=("all",)):
    """all(input, dim=None, keepdim=False) -> Tensor: whether all elements are nonzero, over dim.

    bool; uint8 for uint8. An empty tuple of dims reduces nothing.
    """

    @staticmethod
    def prepare(input, dim=None, keepdim=False):
        return input, _truth_dims("all", input, dim, keepdim), keepdim

    @staticmethod
    def forward(ctx, input, dim=None, keepdim=False):
        return ctx.k.all(input, dim, keepdim)


class Any(Op, name="any", methods=("any",)):
    """any(input, dim=None, keepdim=False) -> Tensor: whether some element is nonzero, over dim.

    bool; uint8 for uint8. An empty tuple of dims reduces nothing.
    """

    @staticmethod
    def prepare(input, dim=None, keepdim=False):
        return input, _truth_dims("any", input, dim, keepdim), keepdim

    @staticmethod
    def forward(ctx, input, dim=None, keepdim=False):
        return ctx.k.any(input, dim, keepdim)


class CountNonzero(Op, name="count_nonzero", methods=("count_nonzero",), out=False):
    """count_nonzero(input, dim=None) -> Tensor: the number of elements that are not zero, over dim, int64."""

    @staticmethod
    def prepare(input, dim=None):
        return input, reduced_dims("count_nonzero", input, dim)

    @staticmethod
    def forward(ctx, input, dim=None):
        return ctx.k.count_nonzero(input, dim)


class Bincount(Op, name="bincount", methods=("bincount",), out=False):
    """bincount(input, weights=None, minlength=0) -> Tensor: how often each of 0, 1, ..., max(input) occurs in 1-D ints.

    weights (of input's length): their sums instead of counts, in float32 for float32 weights, else float64. The result
    has at least minlength elements. Not differentiable.
    """

    @staticmethod
    def prepare(input, weights=None, minlength=0):
        check_tensor(input, "bincount")
        if input.dtype.category not in ("int", "bool"):
            raise unsupported("bincount", input.dtype)
        if input.dtype is uint64:
            input = input.to(int64)  # what does not fit becomes negative
        if minlength < 0:
            raise RuntimeError(f"bincount(): minlength should be >= 0, got {minlength}")
        if input.ndim != 1 or (input.numel() and bool(input.min() < 0)):
            raise RuntimeError("bincount only supports 1-d non-negative integral inputs.")
        if weights is not None:
            check_tensor(weights, "bincount", "weights", 2)
        if weights is not None and weights.shape != input.shape:
            raise RuntimeError(
                "bincount(): weights should be 1-d and have the same length as input, "
                f"got {list(weights.shape)} for input {list(input.shape)}"
            )
        return input, weights, minlength

    @staticmethod
    def forward(ctx, input, weights=None, minlength=0):
        return ctx.k.bincount(input, weights, minlength)


class Histc(Op, name="histc", methods=("histc",)):
    """histc(input, bins=100, min=0, max=0) -> Tensor of shape (bins,): counts in equal intervals of [min, max].

    When min equals max, they are the smallest and the largest element. Elements outside are not counted.
    Not differentiable.
    """

    @staticmethod
    def prepare(input, bins=100, min=0, max=0):
        check_tensor(input, "histc")
        if not input.is_floating_point():
            raise unsupported("histc", input.dtype)
        bins = operator.index(bins)
        if bins <= 0 or bins >= 2**31:
            raise RuntimeError(f"histc(): bins must be > 0, but got {bins}")
        if min > max:
            raise RuntimeError(f"histc(): max must be larger than min, got min={min}, max={max}")
        low, high = float(min), float(max)
        if low == high and input.numel():
            low, high = input.min().item(), input.max().item()
        largest = finfo(promote_types(input.dtype, float32)).max
        if not (abs(low) <= largest and abs(high) <= largest):
            raise RuntimeError(f"histc(): range of [{low}, {high}] is not finite in {input.dtype}")
        if low == high:
            low, high = low - 1, high + 1
        return input, bins, low, high

    @staticmethod
    def forward(ctx, input, bins, min, max):
        return ctx.k.histc(input, bins, min, max)
