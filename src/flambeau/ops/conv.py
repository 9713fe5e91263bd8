"""Convolutions over one, two and three spatial dimensions.

`convolution` is the one op; with its transpose, and `_convolution_weight` for the gradient in the weight, all
derivatives of any order stay in the family: each of the three is linear in each of its two tensors.
"""

import operator

from .. import _core
from ..memory_format import in_format, suggested
from ._args import check_tensor
from .linalg import _c_name
from .op import Op, composite
from .pad import pad
from .pointwise import conj

_KERNELS = {
    n: tuple(f"conv{n - 2}d{part}" for part in ("", "_grad_input", "_grad_weight")) for n in (3, 4, 5)
}  # by the number of dimensions of the input: the kernels of the map, its transpose, its gradient in the weight


def _transposed_shape(x, w, stride, padding, output_padding, dilation, groups):
    """The shape of a transposed convolution of x with w."""
    spatial = tuple(
        (n - 1) * s - 2 * p + d * (k - 1) + o + 1
        for n, s, p, d, k, o in zip(x[2:], stride, padding, dilation, w[2:], output_padding, strict=True)
    )
    return (x[0], w[1] * groups, *spatial)


class Convolution(Op, name="convolution", tangent="biased"):
    """convolution(input, weight, bias, stride, padding, dilation, transposed, output_padding, groups) -> Tensor

    What conv1d, conv2d, conv3d and their transposes are made of. input (N, C, *spatial), weight (C_out, C /
    groups, *kernel), for a transposed convolution (C, C_out / groups, *kernel); the others are tuples with one
    int per spatial dimension (see conv2d). The result lies channels last when the input or the weight does.
    """

    @staticmethod
    def prepare(input, weight, bias, stride, padding, dilation, transposed, output_padding, groups):
        check_tensor(input, "convolution")
        check_tensor(weight, "convolution", "weight", 2)
        n = input.ndim - 2
        if n not in (1, 2, 3):
            raise RuntimeError(
                f"convolution: expected a 3D, 4D or 5D input, but got input of size: {list(input.shape)}"
            )
        name = f"conv_transpose{n}d" if transposed else f"conv{n}d"
        stride = _ints(name, "stride", stride, n)
        padding = _ints(name, "padding", padding, n)
        dilation = _ints(name, "dilation", dilation, n)
        output_padding = _ints(name, "output_padding", output_padding, n)
        return _checked(
            name, input, weight, bias, stride, padding, dilation, bool(transposed), output_padding, groups
        )

    @staticmethod
    def forward(ctx, input, weight, bias, stride, padding, dilation, transposed, output_padding, groups):
        ctx.save_for_backward(input if ctx.needs(1) else None, weight if ctx.needs(0) else None)
        if ctx.recording:
            ctx.options = stride, padding, dilation, transposed, groups
            ctx.shapes = input.shape, weight.shape
        convolve, transpose, _ = _KERNELS[input.ndim]
        format = suggested(input, weight)
        if not transposed:
            out = getattr(ctx.k, convolve)(input, weight, bias, stride, padding, dilation, groups)
            return in_format(out, format)
        shape = _transposed_shape(
            input.shape, weight.shape, stride, padding, output_padding, dilation, groups
        )
        out = getattr(ctx.k, transpose)(input, weight, shape, stride, padding, dilation, groups)
        if bias is not None:
            out = ctx.k.add(out, bias.reshape(-1, *(1,) * (input.ndim - 2)))
        return in_format(out, format)

    @staticmethod
    def backward(ctx, grad):
        input, weight = ctx.saved
        stride, padding, dilation, transposed, groups = ctx.options
        input_shape, weight_shape = ctx.shapes
        to_input = to_weight = None
        if weight is not None:
            none = (0,) * len(stride)
            smallest = _transposed_shape(grad.shape, weight_shape, stride, padding, none, dilation, groups)
            missing = none if transposed else tuple(
                n - m for n, m in zip(input_shape[2:], smallest[2:], strict=True)
            )  # fmt: skip
            to_input = Convolution.apply(
                grad, conj(weight), None, stride, padding, dilation, not transposed, missing, groups
            )
        if input is not None:
            x = conj(input)
            pair = (x, grad) if transposed else (grad, x)
            to_weight = ConvolutionWeight.apply(*pair, tuple(weight_shape), stride, padding, dilation, groups)
        to_bias = grad.sum((0, *range(2, grad.ndim))) if ctx.needs(2) else None
        return to_input, to_weight, to_bias


class ConvolutionWeight(Op, name="_convolution_weight"):
    """The gradient of a convolution in its weight, from the output's gradient (N, C_out, *out) and the input."""

    @staticmethod
    def forward(ctx, grad, input, weight_shape, stride, padding, dilation, groups):
        ctx.save_for_backward(input if ctx.needs(0) else None, grad if ctx.needs(1) else None)
        if ctx.recording:
            ctx.options = stride, padding, dilation, groups
            ctx.spatial = input.shape[2:]
        kernel = getattr(ctx.k, _KERNELS[input.ndim][2])
        return kernel(grad, input, weight_shape, stride, padding, dilation, groups)

    @staticmethod
    def backward(ctx, g):
        input, grad = ctx.saved
        stride, padding, dilation, groups = ctx.options
        none = (0,) * len(stride)
        to_grad = to_input = None
        if input is not None:
            to_grad = Convolution.apply(conj(input), g, None, stride, padding, dilation, False, none, groups)
        if grad is not None:
            smallest = _transposed_shape(grad.shape, g.shape, stride, padding, none, dilation, groups)
            missing = tuple(n - m for n, m in zip(ctx.spatial, smallest[2:], strict=True))
            to_input = Convolution.apply(
                conj(grad), g, None, stride, padding, dilation, True, missing, groups
            )
        return to_grad, to_input


# ---- arguments


def _ints(name, argument, value, n):
    """One int per spatial dimension, from an int or a sequence of n (or 1)."""
    if hasattr(value, "__index__"):
        return (operator.index(value),) * n
    if not isinstance(value, (tuple, list)) or not all(hasattr(v, "__index__") for v in value):
        raise TypeError(
            f"{name}(): argument '{argument}' must be tuple of ints, not {type(value).__name__} ({value!r})"
        )
    values = tuple([operator.index(v) for v in value])
    if len(values) == 1:
        return values * n
    if len(values) != n:
        raise RuntimeError(
            f"expected {argument} to be a single integer value or a list of {n} values to match the convolution "
            f"dimensions, but got {argument}={list(values)}"
        )
    return values


def _same_padding(name, input, weight, stride, dilation):
    """The input and the symmetric padding with which the output has the size of the input."""
    if any(s != 1 for s in stride):
        raise RuntimeError("padding='same' is not supported for strided convolutions")
    totals = [d * (k - 1) for d, k in zip(dilation, weight.shape[2:], strict=True)]
    if any(total % 2 for total in totals):
        # The odd one goes to the end.
        input = pad(input, [side for total in reversed(totals) for side in (0, total % 2)])
    return input, tuple(total // 2 for total in totals)


def _checked(name, input, weight, bias, stride, padding, dilation, transposed, output_padding, groups):
    """The arguments of Convolution.forward, checked; the input has its batch dimension."""
    n = input.ndim
    if weight.ndim != n:
        raise RuntimeError(
            f"Expected {weight.ndim}-dimensional input for {weight.ndim}-dimensional weight {list(weight.shape)}, "
            "but got "
            f"{n}-dimensional input of size {list(input.shape)} instead"
        )
    groups = operator.index(groups)
    for what, values, low in (("padding", padding, 0), ("output_padding", output_padding, 0), ("stride", stride, 1),
                              ("dilation", dilation, 1), ("groups", (groups,), 1)):  # fmt: skip
        if min(values) < low:
            raise RuntimeError(f"{'negative' if low == 0 else 'non-positive'} {what} is not supported")
    if input.dtype is not weight.dtype:
        raise RuntimeError(
            f"Input type ({input.type()}) and weight type ({weight.type()}) should be the same: convert one of "
            "them with .to()"
        )
    if bias is not None and bias.dtype is not input.dtype:
        names = _c_name(_core.array_of(input)), _c_name(_core.array_of(bias))
        raise RuntimeError(f"Input type ({names[0]}) and bias type ({names[1]}) should be the same")
    if input.dtype.category == "bool":
        raise NotImplementedError(f"\"{name}\" not implemented for 'Bool': convert to a number type first")
    size = list(weight.shape)
    if size[0] < 1 or size[0] % groups:
        what = "at least 1" if size[0] < 1 else f"divisible by {groups}"
        raise RuntimeError(
            f"Given groups={groups}, expected weight to be {what} at dimension 0, but got weight of size {size} instead"
        )
    if min(size[2:], default=1) < 1:
        raise RuntimeError(
            f"{name}(): the kernel must have at least one element, but got weight of size {size}"
        )
    channels = size[0] if transposed else size[1] * groups
    if input.shape[1] != channels:
        given = "transposed=1" if transposed else f"groups={groups}"
        raise RuntimeError(
            f"Given {given}, weight of size {size}, expected input{list(input.shape)} to have {channels} channels, "
            f"but got {input.shape[1]} channels instead"
        )
    outputs = size[1] * groups if transposed else size[0]
    if bias is not None and tuple(bias.shape) != (outputs,):
        raise RuntimeError(
            f"Given {'transposed=1, ' if transposed else ''}weight of size {size}, expected bias to be "
            "1-dimensional with "
            f"{outputs} elements, but got bias of size {list(bias.shape)} instead"
        )
    if transposed:
        _check_transposed(name, input, weight, stride, padding, dilation, output_padding, groups)
        # Output padding of a whole stride or more is what further input, of zeros, would give.
        further = [o // s for o, s in zip(output_padding, stride, strict=True)]
        if any(further):
            input = pad(input, [side for more in reversed(further) for side in (0, more)])
            output_padding = tuple(o % s for o, s in zip(output_padding, stride, strict=True))
    elif min(input.shape[2:]) < 1:
        raise _no_elements(name, input)
    return input, weight, bias, stride, padding, dilation, transposed, output_padding, groups


def _no_elements(name, input):
    return RuntimeError(
        f"{name}(): Only zero batch or zero channel inputs are supported, but got input shape: {list(input.shape)}"
    )


def _check_transposed(name, input, weight, stride, padding, dilation, output_padding, groups):
    if any(o >= s and o >= d for o, s, d in zip(output_padding, stride, dilation, strict=True)):
        raise RuntimeError(
            "output padding must be smaller than either stride or dilation, but got "
            f"output_padding: {list(output_padding)} stride: {list(stride)} dilation: {list(dilation)}"
        )
    shape = _transposed_shape(input.shape, weight.shape, stride, padding, output_padding, dilation, groups)
    if min(input.shape[2:]) < 1:
        raise _no_elements(name, input)
    if min(shape[2:]) < 1:
        raise RuntimeError(
            f"Given input size per channel: ({' x '.join(map(str, input.shape[2:]))}). Calculated output size per "
            "channel: "
            f"({' x '.join(map(str, shape[2:]))}). Output size is too small"
        )


def _convolve(
    name, n, input, weight, bias, stride, padding, dilation, groups, transposed=False, output_padding=0
):
    for position, (argument, value) in enumerate((("input", input), ("weight", weight), ("bias", bias)), 1):
        if value is not None or position < 3:
            check_tensor(value, name, argument, position)
    if input.ndim not in (n + 1, n + 2):
        raise RuntimeError(
            f"Expected {n + 1}D (unbatched) or {n + 2}D (batched) input to {name}, but got input of size: "
            f"{list(input.shape)}"
        )
    stride, dilation = _ints(name, "stride", stride, n), _ints(name, "dilation", dilation, n)
    batched = input.ndim == n + 2
    if not batched:
        input = input.unsqueeze(0)
    if isinstance(padding, str) and not transposed:
        if padding not in ("same", "valid"):
            raise RuntimeError(f"Invalid padding string: '{padding}'")
        if padding == "same" and weight.ndim == n + 2:
            input, padding = _same_padding(name, input, weight, stride, dilation)
        else:
            padding = 0
    padding = _ints(name, "padding", padding, n)
    output_padding = _ints(name, "output_padding", output_padding, n)
    out = Convolution.apply(
        *_checked(name, input, weight, bias, stride, padding, dilation, transposed, output_padding, groups)
    )
    return out if batched else out.squeeze(0)


# ---- the public functions


@composite()
def conv1d(input, weight, bias=None, stride=1, padding=0, dilation=1, groups=1):
    """conv1d(input, weight, bias=None, stride=1, padding=0, dilation=1, groups=1) -> Tensor

    As conv2d, over one spatial dimension: input (N, C, L) or (C, L), weight (C_out, C / groups, k) -> (N, C_out,
    L_out).
    """
    return _convolve("conv1d", 1, input, weight, bias, stride, padding, dilation, groups)


@composite()
def conv2d(input, weight, bias=None, stride=1, padding=0, dilation=1, groups=1):
    """conv2d(input, weight, bias=None, stride=1, padding=0, dilation=1, groups=1) -> Tensor

    Each output element is the sum of the products of the weight with the window of the input below it (the
    cross-correlation of signal processing), plus bias (C_out,). input (N, C, H, W) or (C, H, W), weight (C_out,
    C / groups, kH, kW) -> (N, C_out, H_out, W_out) with H_out = (H + 2 padding - dilation (kH - 1) - 1) //
    stride + 1. stride, padding, dilation: an int or one for each spatial dimension; padding is with zeros, or
    'valid' (none), or 'same' (H_out = H; stride 1). groups: the channels fall into groups that do not mix.
    Input, weight and bias have one dtype. Raises RuntimeError when sizes do not fit.
    """
    return _convolve("conv2d", 2, input, weight, bias, stride, padding, dilation, groups)


@composite()
def conv3d(input, weight, bias=None, stride=1, padding=0, dilation=1, groups=1):
    """conv3d(input, weight, bias=None, stride=1, padding=0, dilation=1, groups=1) -> Tensor

    As conv2d, over three spatial dimensions: input (N, C, D, H, W) or (C, D, H, W), weight (C_out, C / groups, kD,
    kH, kW).
    """
    return _convolve("conv3d", 3, input, weight, bias, stride, padding, dilation, groups)


@composite()
def conv_transpose1d(input, weight, bias=None, stride=1, padding=0, output_padding=0, groups=1, dilation=1):
    """conv_transpose1d(input, weight, bias=None, stride=1, padding=0, output_padding=0, groups=1, dilation=1) -> Tensor

    As conv_transpose2d, over one spatial dimension.
    input (N, C, L), weight (C, C_out / groups, k) -> (N, C_out, L_out).
    """
    return _convolve(
        "conv_transpose1d", 1, input, weight, bias, stride, padding, dilation, groups, True, output_padding
    )


@composite()
def conv_transpose2d(input, weight, bias=None, stride=1, padding=0, output_padding=0, groups=1, dilation=1):
    """conv_transpose2d(input, weight, bias=None, stride=1, padding=0, output_padding=0, groups=1, dilation=1) -> Tensor

    The transpose of conv2d as a linear map (what its gradient in the input is), plus bias. input (N, C, H, W)
    or (C, H, W), weight (C, C_out / groups, kH, kW) -> (N, C_out, H_out, W_out) with H_out = (H - 1) stride - 2
    padding + dilation (kH - 1) + output_padding + 1. output_padding, smaller than stride or dilation, chooses
    among the sizes of input that conv2d maps to one size of output.
    """
    return _convolve(
        "conv_transpose2d", 2, input, weight, bias, stride, padding, dilation, groups, True, output_padding
    )


@composite()
def conv_transpose3d(input, weight, bias=None, stride=1, padding=0, output_padding=0, groups=1, dilation=1):
    """conv_transpose3d(input, weight, bias=None, stride=1, padding=0, output_padding=0, groups=1, dilation=1) -> Tensor

    As conv_transpose2d, over three spatial dimensions.
    input (N, C, D, H, W), weight (C, C_out / groups, kD, kH, kW) -> (N, C_out, D_out, H_out, W_out).
    """
    return _convolve(
        "conv_transpose3d", 3, input, weight, bias, stride, padding, dilation, groups, True, output_padding
    )


@composite()
def conv_tbc(input, weight, bias, pad=0):
    """conv_tbc(input, weight, bias, pad=0) -> Tensor: conv1d with the time first and the channels last

    input (T, N, C), weight (k, C, C_out), bias (C_out) -> (T + 2 pad - k + 1, N, C_out). RuntimeError for other shapes.
    """
    for position, (argument, value) in enumerate((("input", input), ("weight", weight), ("bias", bias)), 1):
        check_tensor(value, "conv_tbc", argument, position)
    if input.ndim != 3:
        raise RuntimeError("Input must have 3 dims: time, batch, in_channel")
    if weight.ndim != 3:
        raise RuntimeError("Weight tensor must have 3 dims: kernel_width, in_channels, out_channels.")
    if bias.ndim != 1:
        raise RuntimeError("Bias must be 1-D")
    out = _convolve("conv_tbc", 1, input.permute(1, 2, 0), weight.permute(2, 1, 0), bias, 1, pad, 1, 1)
    return out.permute(2, 0, 1).contiguous()
