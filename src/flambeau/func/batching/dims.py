"""Rules of ops of one tensor that take dimensions: these count one more, since the batch is dimension 0."""

from ...ops.op import FUNCTIONS
from ...tensor import Tensor
from .pointwise import apply
from .tensor import rule


def later(dims, ndim):
    """Dimensions of a tensor as those of its value; None: all of them."""
    if dims is None:
        return tuple(range(1, ndim + 1))
    return dims + 1 if isinstance(dims, int) else tuple([d + 1 for d in dims])


def all_of(result, function):
    """function of a tensor, or of each of a tuple of them."""
    if isinstance(result, Tensor):
        return function(result)
    made = [function(r) for r in result]
    return type(result)(*made) if hasattr(result, "_fields") else tuple(made)


def _shifted(f, batch, tensors, options, at):
    """The op on values, its dimensions (the options at the places `at`) one later. Tensors without dimensions count as
    having one, as they do for the op."""
    point = tensors[0].ndim == 0
    values = [batch.front(t) for t in tensors]
    if point:
        values = [v.unsqueeze(1) for v in values]
    options = list(options)
    for i in at:
        options[i] = later(options[i], values[0].ndim - 1)
    result = apply(f, *values, *options)
    return all_of(result, lambda r: r.reshape(batch.size)) if point else result


@rule(
    "sum", "mean", "amax", "amin", "all", "any", "count_nonzero", "var", "std", "logsumexp", "flip", "softmax",
    "log_softmax", "cumsum", "cumprod", "logcumsumexp", "cummax", "cummin", "sort", "mode",
    "fft_c2c", "fft_r2c", "fft_c2r",
)  # fmt: skip
def along(f, batch, x, dim=None, *options):
    """Ops whose first option is a dimension, or several; None: all."""
    if dim == () and x.ndim == 0 and f.name in ("all", "any"):
        return apply(f, x._value, (), *options)
    return _shifted(f, batch, (x,), (dim, *options), (0,))


@rule("linalg_vector_norm", "kthvalue")
def along_second(f, batch, x, option, dim, *options):
    return _shifted(f, batch, (x,), (option, dim, *options), (1,))


@rule("topk")
def topk(f, batch, x, k, dim, *options):
    """Without dimensions there is one element to choose, whatever k says."""
    return _shifted(f, batch, (x,), (k if x.ndim else 1, dim, *options), (1,))


@rule("prod", "argmax", "argmin")
def over_all_or_one(f, batch, x, dim=None, keepdim=False):
    """None means the elements in row-major order."""
    if dim is not None:
        return _shifted(f, batch, (x,), (dim, keepdim), (0,))
    flat = x._value.reshape(batch.size, x.numel())
    result = apply(f, flat, (1,) if f.name == "prod" else 1, False)
    return result.reshape(batch.size, *(1,) * x.ndim) if keepdim else result


@rule("max", "min")
def extreme(f, batch, x, dim=None, keepdim=False):
    """Of all elements, the gradient is shared among equals."""
    if dim is None:
        return FUNCTIONS[f"a{f.name}"](x._value, later(None, x.ndim)) if x.ndim else x._value.clone()
    return _shifted(f, batch, (x,), (dim, keepdim), (0,))


@rule("median", "nanmedian")
def median(f, batch, x, dim=None, keepdim=False):
    return NotImplemented if dim is None else _shifted(f, batch, (x,), (dim, keepdim), (0,))


@rule("_softmax_grad", "_log_softmax_grad", "_recurrence")
def pair_along(f, batch, a, b, dim):
    return _shifted(f, batch, (a, b), (dim,), (0,))


@rule("roll")
def roll(f, batch, x, shifts, dims):
    if dims is None:
        return (
            apply(f, x._value.reshape(batch.size, -1), shifts, (1,)).reshape(x._value.shape)
            if x.numel()
            else x._value
        )
    return apply(f, x._value, shifts, later(dims, x.ndim) if x.ndim else None)


@rule("_spread")
def spread(f, batch, x, shape, dim=None, keepdim=False):
    dims = later(dim, len(shape))
    return apply(f, x._value, (batch.size, *shape), dims, keepdim) if shape else x._value.reshape(batch.size)


@rule("_sum_to")
def sum_to(f, batch, x, shape):
    value, extra = x._value, x.ndim - len(shape)
    if extra:
        value = value.sum(tuple(range(1, extra + 1)))
    return apply(f, value, (batch.size, *shape))


@rule("_place_along")
def place_along(f, batch, grad, index, shape, dim, keepdim, add=False):
    grad, index = batch.front(grad), batch.front(index)
    if not shape:
        return grad.reshape(batch.size)
    return apply(f, grad, index, (batch.size, *shape), dim + 1, keepdim, add)


@rule("searchsorted")
def searchsorted(f, batch, sequence, input, out_int32, right):
    """One sequence for all, or each searched in its own, whose dimensions in front are those of the values."""
    if not batch.has(sequence):
        return apply(f, sequence, input._value, out_int32, right) if sequence.ndim == 1 else NotImplemented
    if not isinstance(input, Tensor):
        input = sequence._value.new_full((), input)
    values = batch.front(input)
    rows = values if sequence.ndim > 1 else values.reshape(batch.size, input.numel())
    return apply(f, sequence._value, rows, out_int32, right).reshape(values.shape)


@rule("isin")
def isin(f, batch, elements, test_elements, invert):
    if batch.has(test_elements):
        return NotImplemented
    return apply(f, elements._value, test_elements, invert)
