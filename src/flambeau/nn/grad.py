"""The gradients of convolutions as functions: in the input, given its size, and in the weight, given its size.

All take the gradient of the output, grad_output, and the convolution's stride, padding, dilation and groups, and are
differentiable themselves. RuntimeError when the sizes do not belong together.
"""

from flambeau.ops.conv import Convolution, ConvolutionWeight

from .modules.utils import _pair, _single, _triple


def _checked(name, input_size, weight_size, grad_output, stride, padding, dilation):
    """The rows that the output padding of the transposed convolution has to add, per dimension."""
    space, kernel, out = tuple(input_size)[2:], tuple(weight_size)[2:], tuple(grad_output.shape)[2:]
    n = len(stride)
    if not len(space) == len(kernel) == len(out) == n:
        raise RuntimeError(
            f"{name}(): expected {n + 2}D sizes of input and weight and a {n + 2}D grad_output, got "
            f"{tuple(input_size)}, {tuple(weight_size)} and {tuple(grad_output.shape)}"
        )
    missing = []
    for size, k, o, s, p, d in zip(space, kernel, out, stride, padding, dilation, strict=True):
        left = size + 2 * p - d * (k - 1) - 1 - (o - 1) * s
        if not 0 <= left < s:
            raise RuntimeError(
                f"{name}(): an input of size {tuple(input_size)} and a weight of size {tuple(weight_size)} give no "
                f"output of the size {tuple(grad_output.shape)} of grad_output"
            )
        missing.append(left)
    return tuple(missing)


def _input(name, parse, input_size, weight, grad_output, stride, padding, dilation, groups):
    options = parse(stride), parse(padding), parse(dilation)
    missing = _checked(name, input_size, weight.shape, grad_output, *options)
    return Convolution.function(grad_output, weight, None, *options, True, missing, groups)


def _weight(name, parse, input, weight_size, grad_output, stride, padding, dilation, groups):
    options = parse(stride), parse(padding), parse(dilation)
    _checked(name, input.shape, weight_size, grad_output, *options)
    return ConvolutionWeight.apply(grad_output, input, tuple(weight_size), *options, groups)


def conv1d_input(input_size, weight, grad_output, stride=1, padding=0, dilation=1, groups=1):
    """The gradient of conv1d in its input, of size input_size (N, C, L)."""
    return _input("conv1d_input", _single, input_size, weight, grad_output, stride, padding, dilation, groups)


def conv1d_weight(input, weight_size, grad_output, stride=1, padding=0, dilation=1, groups=1):
    """The gradient of conv1d in its weight, of size weight_size (C_out, C / groups, k)."""
    return _weight("conv1d_weight", _single, input, weight_size, grad_output, stride, padding, dilation, groups)


def conv2d_input(input_size, weight, grad_output, stride=1, padding=0, dilation=1, groups=1):
    """The gradient of conv2d in its input, of size input_size (N, C, H, W)."""
    return _input("conv2d_input", _pair, input_size, weight, grad_output, stride, padding, dilation, groups)


def conv2d_weight(input, weight_size, grad_output, stride=1, padding=0, dilation=1, groups=1):
    """The gradient of conv2d in its weight, of size weight_size (C_out, C / groups, kH, kW)."""
    return _weight("conv2d_weight", _pair, input, weight_size, grad_output, stride, padding, dilation, groups)


def conv3d_input(input_size, weight, grad_output, stride=1, padding=0, dilation=1, groups=1):
    """The gradient of conv3d in its input, of size input_size (N, C, D, H, W)."""
    return _input("conv3d_input", _triple, input_size, weight, grad_output, stride, padding, dilation, groups)


def conv3d_weight(input, weight_size, grad_output, stride=1, padding=0, dilation=1, groups=1):
    """The gradient of conv3d in its weight, of size weight_size (C_out, C / groups, kD, kH, kW)."""
    return _weight("conv3d_weight", _triple, input, weight_size, grad_output, stride, padding, dilation, groups)
