"""Pooling: the maximum or the mean of windows over the last one, two or three dimensions.

The gradients are ops of the family: that of a mean is linear in the output's gradient, that of a maximum moves
elements to where the maxima were.
"""

import math
import operator

from ..dtype import int64
from ..memory_format import contiguous_format, in_format, suggested
from ._args import check_tensor
from .op import Op, composite

_COUNTS = {1: "one int", 2: "two ints", 3: "three ints"}


# ---- the ops


class _Maxima(Op):
    """The maxima of windows: their gradient goes to the elements that the indices name."""

    @staticmethod
    def backward(ctx, grad, *_):
        (indices,) = ctx.saved
        return MaxPoolGrad.apply(grad, indices, ctx.spatial)


def _like_images(out, input, n):
    """A result in memory as a batch of images lies, channels last or row-major; for other inputs row-major."""
    return in_format(out, suggested(input) if n == 2 and input.ndim == 4 else contiguous_format)


def _keep_maxima(ctx, input, out, indices, n, return_indices):
    if ctx.recording:
        ctx.save_for_backward(indices)
        ctx.spatial = input.shape[input.ndim - n :]
        ctx.set_materialize_grads(False)
    return (out, indices) if return_indices else out


class _MaxPool(_Maxima):
    """The maximum of windows of fixed size."""

    @staticmethod
    def forward(ctx, input, kernel_size, stride, padding, dilation, ceil_mode, return_indices):
        n = len(kernel_size)
        format = suggested(input) if input.ndim == n + 2 else contiguous_format
        pair = ctx.k.max_pool_nd(input, kernel_size, stride, padding, dilation, ceil_mode)
        out, indices = (in_format(a, format) for a in pair)
        return _keep_maxima(ctx, input, out, indices, n, return_indices)


class MaxPool1DWithIndices(_MaxPool, name="_max_pool1d"):
    """The maximum of windows over the last dimension."""


class MaxPool2DWithIndices(_MaxPool, name="_max_pool2d"):
    """The maximum of windows over the last two dimensions."""


class MaxPool3DWithIndices(_MaxPool, name="_max_pool3d"):
    """The maximum of windows over the last three dimensions."""


class _AdaptiveMaxPool(_Maxima):
    """The maximum of a given number of windows."""

    @staticmethod
    def forward(ctx, input, output_size, return_indices):
        n = len(output_size)
        out, indices = (_like_images(a, input, n) for a in ctx.k.adaptive_max_pool_nd(input, output_size))
        return _keep_maxima(ctx, input, out, indices, n, return_indices)


class AdaptiveMaxPool1D(_AdaptiveMaxPool, name="_adaptive_max_pool1d"):
    """The maximum of each of output_size windows of the last dimension."""


class AdaptiveMaxPool2D(_AdaptiveMaxPool, name="_adaptive_max_pool2d"):
    """The maximum of each of output_size windows of the last two dimensions."""


class AdaptiveMaxPool3D(_AdaptiveMaxPool, name="_adaptive_max_pool3d"):
    """The maximum of each of output_size windows of the last three dimensions."""


class MaxPoolGrad(Op, name="_max_pool_grad"):
    """The elements of grad, each added to the element of the (flattened) spatial plane that its index names."""

    @staticmethod
    def forward(ctx, grad, indices, spatial):
        ctx.save_for_backward(indices)
        ctx.n = len(spatial)
        return _like_images(ctx.k.max_pool_nd_grad(grad, indices, spatial), grad, ctx.n)

    @staticmethod
    def backward(ctx, g):
        (indices,) = ctx.saved
        lead = tuple(indices.shape[: indices.ndim - ctx.n])
        flat = math.prod(indices.shape[indices.ndim - ctx.n :])
        plane = g.reshape(*lead, math.prod(g.shape[g.ndim - ctx.n :]))
        return plane.gather(-1, indices.reshape(*lead, flat)).reshape(indices.shape)


class _AvgPool(Op):
    """The mean of windows of fixed size."""

    @staticmethod
    def forward(ctx, input, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor):
        ctx.options = kernel_size, stride, padding, ceil_mode, count_include_pad, divisor
        ctx.shape = input.shape
        return _like_images(ctx.k.avg_pool_nd(input, *ctx.options), input, len(kernel_size))

    @staticmethod
    def backward(ctx, grad):
        return AvgPoolGrad.apply(grad, ctx.shape, *ctx.options)


class AvgPool1D(_AvgPool, name="_avg_pool1d"):
    """The mean of windows over the last dimension."""


class AvgPool2D(_AvgPool, name="_avg_pool2d"):
    """The mean of windows over the last two dimensions."""


class AvgPool3D(_AvgPool, name="_avg_pool3d"):
    """The mean of windows over the last three dimensions."""


_AVG_POOL = {1: AvgPool1D, 2: AvgPool2D, 3: AvgPool3D}


class AvgPoolGrad(Op, name="_avg_pool_grad"):
    """The gradient of avg_pool in its input: each element of grad spread evenly over its window."""

    @staticmethod
    def forward(ctx, grad, shape, *options):
        ctx.options = options
        return _like_images(ctx.k.avg_pool_nd_grad(grad, shape, *options), grad, len(options[0]))

    @staticmethod
    def backward(ctx, g):
        return _AVG_POOL[len(ctx.options[0])].apply(g, *ctx.options)


class _AdaptiveAvgPool(Op):
    """The mean of a given number of windows."""

    @staticmethod
    def forward(ctx, input, output_size):
        ctx.shape, ctx.output_size = input.shape, output_size
        return _like_images(ctx.k.adaptive_avg_pool_nd(input, output_size), input, len(output_size))

    @staticmethod
    def backward(ctx, grad):
        return AdaptiveAvgPoolGrad.apply(grad, ctx.shape, ctx.output_size)


class AdaptiveAvgPool1D(_AdaptiveAvgPool, name="_adaptive_avg_pool1d"):
    """The mean of each of output_size windows of the last dimension."""


class AdaptiveAvgPool2D(_AdaptiveAvgPool, name="_adaptive_avg_pool2d"):
    """The mean of each of output_size windows of the last two dimensions."""


class AdaptiveAvgPool3D(_AdaptiveAvgPool, name="_adaptive_avg_pool3d"):
    """The mean of each of output_size windows of the last three dimensions."""


_ADAPTIVE_AVG_POOL = {1: AdaptiveAvgPool1D, 2: AdaptiveAvgPool2D, 3: AdaptiveAvgPool3D}


class AdaptiveAvgPoolGrad(Op, name="_adaptive_avg_pool_grad"):
    """The gradient of adaptive_avg_pool in its input."""

    @staticmethod
    def forward(ctx, grad, shape, output_size):
        ctx.output_size = output_size
        return _like_images(ctx.k.adaptive_avg_pool_nd_grad(grad, shape, output_size), grad, len(output_size))

    @staticmethod
    def backward(ctx, g):
        return _ADAPTIVE_AVG_POOL[len(ctx.output_size)].apply(g, ctx.output_size)


# ---- arguments


def _ints(name, argument, value, n):
    """n ints from an int or a sequence of n (or 1)."""
    try:
        values = (
            (operator.index(value),)
            if hasattr(value, "__index__")
            else tuple([operator.index(v) for v in value])
        )
    except TypeError:
        raise TypeError(
            f"{name}(): argument '{argument}' must be int or tuple of ints, got {value!r}"
        ) from None
    if len(values) == 1:
        return values * n
    if len(values) != n:
        raise RuntimeError(f"{name}: {argument} must either be a single int, or a tuple of {_COUNTS[n]}")
    return values


def _check_input(name, input, n):
    """n spatial dimensions, with one or two before them; only the batch may be empty."""
    check_tensor(input, name)
    _check_dims_of_1d(name, input, n)
    if input.ndim not in (n + 1, n + 2) or 0 in input.shape[max(input.ndim - n - 1, 0) :]:
        raise RuntimeError(
            f"{name}: Expected {n + 1}D or {n + 2}D (batch mode) tensor with optional 0 dim batch size for input, "
            f"but got:{list(input.shape)}"
        )


def _check_dims_of_1d(name, input, n):
    if n == 1 and input.ndim not in (2, 3):
        raise RuntimeError(
            f"Expected 2 to 3 dimensions, but got {input.ndim}-dimensional tensor for argument #1 'self' (while "
            f"checking arguments for {name})"
        )


def _check_dtype(name, input, categories):
    if input.dtype.category not in categories:
        raise NotImplementedError(
            f"\"{name}\" not implemented for '{input.dtype.title}': convert with .to(dtype) first"
        )


def _windows(name, n, kernel_size, stride, padding, dilation=1):
    """kernel_size, stride (default: kernel_size), padding and dilation as tuples, checked."""
    kernel_size = _ints(name, "kernel_size", kernel_size, n)
    empty = stride is None or (isinstance(stride, (tuple, list)) and not stride)
    stride = kernel_size if empty else _ints(name, "stride", stride, n)
    padding = _ints(name, "padding", padding, n)
    dilation = _ints(name, "dilation", dilation, n)
    if min(kernel_size) < 1:
        raise RuntimeError(f"{name}() kernel_size must be greater than zero, but got {list(kernel_size)}")
    if min(stride) < 1:
        raise RuntimeError(f"{name}: stride should not be zero or negative, but got {list(stride)}")
    if min(dilation) < 1:
        raise RuntimeError(f"{name}: dilation should be greater than zero, but got {list(dilation)}")
    if min(padding) < 0:
        raise RuntimeError(f"pad must be non-negative, but got pad: {min(padding)}")
    return kernel_size, stride, padding, dilation


def _max_pool(op, n, input, kernel_size, stride, padding, dilation, ceil_mode, return_indices):
    name = f"max_pool{n}d"
    _check_input(name, input, n)
    _check_dtype(name, input, ("float", "int"))
    windows = _windows(name, n, kernel_size, stride, padding, dilation)
    return op.apply(input, *windows, bool(ceil_mode), bool(return_indices))


def _avg_pool(n, input, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor):
    name = f"avg_pool{n}d"
    _check_input(name, input, n)
    _check_dtype(name, input, ("float", "int") if input.dtype is int64 else ("float",))
    kernel_size, stride, padding, _ = _windows(name, n, kernel_size, stride, padding)
    if divisor is not None and operator.index(divisor) == 0:
        raise RuntimeError("divisor must be not zero")
    return _AVG_POOL[n].apply(
        input, kernel_size, stride, padding, bool(ceil_mode), bool(count_include_pad), divisor
    )


def _output_size(name, n, input, output_size, categories):
    """The checked output size; None stands for the size of the input."""
    check_tensor(input, name)
    _check_dims_of_1d(name, input, n)
    maxima = "max" in name
    if input.ndim not in (n + 1, n + 2):
        colon = ":" if maxima else ""
        raise RuntimeError(f"{name}(): Expected {n + 1}D or {n + 2}D tensor, but got{colon} {list(input.shape)}")
    for dim in range(input.ndim - n - maxima, input.ndim):  # a mean may also have no channels
        if input.shape[dim] == 0 and dim > 0:
            raise RuntimeError(
                f"{name}(): Expected input to have non-zero size for non-batch dimensions, but input has sizes "
                f"{list(input.shape)} with dimension {dim} being empty"
            )
    _check_dtype(name, input, categories)
    spatial = input.shape[input.ndim - n :]
    given = output_size if isinstance(output_size, (tuple, list)) else (output_size,) * n
    if len(given) != n:
        raise RuntimeError(f"{name}: output_size must be {n}, but got {list(given)}")
    sizes = _ints(
        name, "output_size", [s if o is None else o for o, s in zip(given, spatial, strict=True)], n
    )
    if min(sizes) < 0:
        raise RuntimeError(
            f"{name}: elements of output_size must be greater than or equal to 0 but received {list(sizes)}"
        )
    if math.prod(sizes) >= 2**31:
        raise RuntimeError(f"{name}: not enough memory for output_size {list(sizes)}")
    return sizes


def _adaptive_max_pool(op, n, input, output_size, return_indices):
    sizes = _output_size(f"adaptive_max_pool{n}d", n, input, output_size, ("float", "int"))
    return op.apply(input, sizes, bool(return_indices))


def _adaptive_avg_pool(n, input, output_size):
    sizes = _output_size(f"adaptive_avg_pool{n}d", n, input, output_size, ("float",))
    return _ADAPTIVE_AVG_POOL[n].apply(input, sizes)


# ---- the public functions


@composite()
def max_pool1d(input, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False, return_indices=False):
    """max_pool1d(input, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False, return_indices=False) ->
    Tensor

    As max_pool2d, over one dimension: input (N, C, L) or (C, L).
    """
    return _max_pool(
        MaxPool1DWithIndices, 1, input, kernel_size, stride, padding, dilation, ceil_mode, return_indices
    )


@composite()
def max_pool2d(input, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False, return_indices=False):
    """max_pool2d(input, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False, return_indices=False) ->
    Tensor

    The maximum of each window: input (N, C, H, W) or (C, H, W) -> (N, C, H_out, W_out) with H_out = (H + 2
    padding - dilation (kH - 1) - 1) // stride + 1, rounded up with ceil_mode. stride: kernel_size by default;
    padding (at most half of the kernel) never wins. NaN does. return_indices: also where in its plane each
    maximum was, as int64 indices into the flattened plane; of equal ones the first. Raises RuntimeError when no
    window fits.
    """
    return _max_pool(
        MaxPool2DWithIndices, 2, input, kernel_size, stride, padding, dilation, ceil_mode, return_indices
    )


@composite()
def max_pool3d(input, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False, return_indices=False):
    """max_pool3d(input, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False, return_indices=False) ->
    Tensor

    As max_pool2d, over three dimensions: input (N, C, D, H, W) or (C, D, H, W).
    """
    return _max_pool(
        MaxPool3DWithIndices, 3, input, kernel_size, stride, padding, dilation, ceil_mode, return_indices
    )


@composite()
def avg_pool1d(input, kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True):
    """avg_pool1d(input, kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True) -> Tensor

    As avg_pool2d, over one dimension: input (N, C, L) or (C, L).
    """
    return _avg_pool(1, input, kernel_size, stride, padding, ceil_mode, count_include_pad, None)


@composite()
def avg_pool2d(
    input, kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True, divisor_override=None
):
    """avg_pool2d(input, kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True,
    divisor_override=None) -> Tensor

    The mean of each window: input (N, C, H, W) or (C, H, W), sizes as in max_pool2d. The sum of a window is
    divided by divisor_override, or by the number of its elements, those of the padding with zeros included if
    count_include_pad. Means of int64 are rounded towards zero; other ints are refused.
    """
    return _avg_pool(2, input, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override)


@composite()
def avg_pool3d(
    input, kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True, divisor_override=None
):
    """avg_pool3d(input, kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True,
    divisor_override=None) -> Tensor

    As avg_pool2d, over three dimensions: input (N, C, D, H, W) or (C, D, H, W).
    """
    return _avg_pool(3, input, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override)


@composite()
def adaptive_max_pool1d(input, output_size, return_indices=False):
    """adaptive_max_pool1d(input, output_size, return_indices=False) -> Tensor: as adaptive_max_pool2d, over one
    dimension.
    (N, C, L) -> (N, C, L_out).
    """
    return _adaptive_max_pool(AdaptiveMaxPool1D, 1, input, output_size, return_indices)


@composite()
def adaptive_max_pool2d(input, output_size, return_indices=False):
    """adaptive_max_pool2d(input, output_size, return_indices=False) -> Tensor

    The maximum of each of output_size windows, an int or (H_out, W_out), None for the size of the input. Window
    i of n covers the elements from floor(i size / n) up to ceil((i + 1) size / n).
    """
    return _adaptive_max_pool(AdaptiveMaxPool2D, 2, input, output_size, return_indices)


@composite()
def adaptive_max_pool3d(input, output_size, return_indices=False):
    """adaptive_max_pool3d(input, output_size, return_indices=False) -> Tensor: as adaptive_max_pool2d, over three
    dimensions.
    (N, C, D, H, W) -> (N, C, D_out, H_out, W_out).
    """
    return _adaptive_max_pool(AdaptiveMaxPool3D, 3, input, output_size, return_indices)


@composite()
def adaptive_avg_pool1d(input, output_size):
    """adaptive_avg_pool1d(input, output_size) -> Tensor: as adaptive_avg_pool2d, over one dimension.

    (N, C, L) -> (N, C, L_out).
    """
    return _adaptive_avg_pool(1, input, output_size)


@composite()
def adaptive_avg_pool2d(input, output_size):
    """adaptive_avg_pool2d(input, output_size) -> Tensor: the mean of each window of adaptive_max_pool2d.

    (N, C, H, W) -> (N, C, H_out, W_out).
    """
    return _adaptive_avg_pool(2, input, output_size)


@composite()
def adaptive_avg_pool3d(input, output_size):
    """adaptive_avg_pool3d(input, output_size) -> Tensor: as adaptive_avg_pool2d, over three dimensions.

    (N, C, D, H, W) -> (N, C, D_out, H_out, W_out).
    """
    return _adaptive_avg_pool(3, input, output_size)
