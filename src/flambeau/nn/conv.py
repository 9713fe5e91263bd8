"""Convolution layers."""

import math

import flambeau as fb

from . import functional as F
from . import init
from .module import Module
from .parameter import Parameter

_PADDING_MODES = ("zeros", "reflect", "replicate", "circular")


def _tuple(value, n):
    return (value,) * n if isinstance(value, int) else tuple(value)


class _ConvNd(Module):
    """What convolutions and transposed convolutions share: the options, checked, and the parameters."""

    _dims: int
    _transposed = False
    padding_mode = "zeros"  # of layers in files from before the option

    def __init__(
        self,
        in_channels,
        out_channels,
        kernel_size,
        stride,
        padding,
        dilation,
        output_padding,
        groups,
        bias,
        padding_mode,
        device,
        dtype,
    ):
        super().__init__()
        options = {"device": device, "dtype": dtype}
        n = self._dims
        if groups <= 0:
            raise ValueError("groups must be a positive integer")
        if in_channels % groups != 0:
            raise ValueError("in_channels must be divisible by groups")
        if out_channels % groups != 0:
            raise ValueError("out_channels must be divisible by groups")
        stride = _tuple(stride, n)
        if isinstance(padding, str):
            if padding not in ("same", "valid"):
                raise ValueError(f"Invalid padding string {padding!r}, should be one of {{'valid', 'same'}}")
            if padding == "same" and any(s != 1 for s in stride):
                raise ValueError("padding='same' is not supported for strided convolutions")
        else:
            padding = _tuple(padding, n)
        if padding_mode not in _PADDING_MODES:
            raise ValueError(
                f"padding_mode must be one of {set(_PADDING_MODES)}, but got padding_mode='{padding_mode}'"
            )
        self.in_channels = in_channels
        self.out_channels = out_channels
        self.kernel_size = _tuple(kernel_size, n)
        self.stride = stride
        self.padding = padding
        self.dilation = _tuple(dilation, n)
        self.transposed = self._transposed
        self.output_padding = _tuple(output_padding, n)
        self.groups = groups
        self.padding_mode = padding_mode
        self._reversed_padding_repeated_twice = self._padding_of_both_sides()
        channels = (
            (in_channels, out_channels // groups)
            if self._transposed
            else (out_channels, in_channels // groups)
        )
        self.weight = Parameter(fb.empty((*channels, *self.kernel_size), **options))
        self.register_parameter("bias", Parameter(fb.empty(out_channels, **options)) if bias else None)
        self.reset_parameters()

    def _padding_of_both_sides(self):
        """The padding as F.pad takes it: last dimension first, before and after."""
        if self.padding == "valid":
            return [0] * (2 * self._dims)
        sides = []
        for i in reversed(range(self._dims)):
            if self.padding == "same":
                total = self.dilation[i] * (self.kernel_size[i] - 1)
                sides += [total // 2, total - total // 2]
            else:
                sides += [self.padding[i]] * 2
        return sides

    def reset_parameters(self):
        """Draw weight and bias anew, from U(-b, b) with b = 1 / sqrt(fan_in)."""
        init.kaiming_uniform_(self.weight, a=math.sqrt(5))
        if self.bias is not None:
            fan_in, _ = init._calculate_fan_in_and_fan_out(self.weight)
            if fan_in != 0:
                bound = 1 / math.sqrt(fan_in)
                init.uniform_(self.bias, -bound, bound)

    def extra_repr(self):
        zeros = (0,) * self._dims
        text = (
            f"{self.in_channels}, {self.out_channels}, kernel_size={self.kernel_size}, stride={self.stride}"
        )
        if self.padding != zeros:
            text += f", padding={self.padding}"
        if self.dilation != (1,) * self._dims:
            text += f", dilation={self.dilation}"
        if self.output_padding != zeros:
            text += f", output_padding={self.output_padding}"
        if self.groups != 1:
            text += f", groups={self.groups}"
        if self.bias is None:
            text += ", bias=False"
        if self.padding_mode != "zeros":
            text += f", padding_mode={self.padding_mode}"
        return text


class _Conv(_ConvNd):
    _function: str

    def __init__(
        self,
        in_channels,
        out_channels,
        kernel_size,
        stride=1,
        padding=0,
        dilation=1,
        groups=1,
        bias=True,
        padding_mode="zeros",
        device=None,
        dtype=None,
    ):
        super().__init__(
            in_channels,
            out_channels,
            kernel_size,
            stride,
            padding,
            dilation,
            0,
            groups,
            bias,
            padding_mode,
            device,
            dtype,
        )

    def _conv_forward(self, input, weight, bias):
        conv = getattr(F, self._function)
        if self.padding_mode == "zeros":
            return conv(input, weight, bias, self.stride, self.padding, self.dilation, self.groups)
        padded = F.pad(input, self._reversed_padding_repeated_twice, mode=self.padding_mode)
        return conv(padded, weight, bias, self.stride, 0, self.dilation, self.groups)

    def forward(self, input):
        return self._conv_forward(input, self.weight, self.bias)


class Conv1d(_Conv):
    """Conv1d(in_channels, out_channels, kernel_size, stride=1, padding=0, dilation=1, groups=1, bias=True,
    padding_mode='zeros'): cross-correlation of (N, C_in, L) or (C_in, L)

    L_out = (L + 2 padding - dilation (kernel_size - 1) - 1) // stride + 1. padding may be 'valid' or 'same';
    padding_mode 'zeros', 'reflect', 'replicate' or 'circular'.
    """

    _dims = 1
    _function = "conv1d"


class Conv2d(_Conv):
    """Conv2d(in_channels, out_channels, kernel_size, ...): as Conv1d, for (N, C_in, H, W) or (C_in, H, W)."""

    _dims = 2
    _function = "conv2d"


class Conv3d(_Conv):
    """Conv3d(in_channels, out_channels, kernel_size, ...): as Conv1d, for (N, C_in, D, H, W) or (C_in, D, H, W)."""

    _dims = 3
    _function = "conv3d"


class _ConvTransposeNd(_ConvNd):
    _transposed = True
    _function: str

    def __init__(
        self,
        in_channels,
        out_channels,
        kernel_size,
        stride=1,
        padding=0,
        output_padding=0,
        groups=1,
        bias=True,
        dilation=1,
        padding_mode="zeros",
        device=None,
        dtype=None,
    ):
        if padding_mode != "zeros":
            raise ValueError(f'Only "zeros" padding mode is supported for {type(self).__name__}')
        super().__init__(
            in_channels,
            out_channels,
            kernel_size,
            stride,
            padding,
            dilation,
            output_padding,
            groups,
            bias,
            padding_mode,
            device,
            dtype,
        )

    def forward(self, input, output_size=None):
        output_padding = self.output_padding if output_size is None else self._padding_for(input, output_size)
        return getattr(F, self._function)(
            input, self.weight, self.bias, self.stride, self.padding, output_padding, self.groups, self.dilation
        )

    def _padding_for(self, input, output_size):
        """The output padding that makes the output (of sizes possible with the stride) `output_size` large."""
        n = self._dims
        output_size = tuple(output_size)
        extra = input.dim() - n
        if len(output_size) == n + extra:
            output_size = output_size[extra:]
        if len(output_size) != n:
            raise ValueError(
                f"{type(self).__name__}: for {input.dim()}D input, output_size must have {n} or {n + extra} elements "
                f"(got {len(output_size)})"
            )
        padding = []
        for i, wanted in enumerate(output_size):
            smallest = (
                (input.size(extra + i) - 1) * self.stride[i]
                - 2 * self.padding[i]
                + self.dilation[i] * (self.kernel_size[i] - 1)
                + 1
            )
            if not smallest <= wanted < smallest + self.stride[i]:
                raise ValueError(
                    f"requested an output size of {list(output_size)}, but size {wanted} of dimension {extra + i} "
                    f"is not in {smallest}..{smallest + self.stride[i] - 1} "
                    f"(for an input of {tuple(input.shape[extra:])})"
                )
            padding.append(wanted - smallest)
        return tuple(padding)


_ConvTransposeMixin = _ConvTransposeNd  # its older name


class ConvTranspose1d(_ConvTransposeNd):
    """ConvTranspose1d(in_channels, out_channels, kernel_size, stride=1, padding=0, output_padding=0, groups=1,
    bias=True, dilation=1): the gradient of Conv1d with respect to its input, as a layer

    (N, C_in, L) or (C_in, L) -> (N, C_out, L_out) or (C_out, L_out) with L_out = (L - 1) stride - 2 padding +
    dilation (kernel_size - 1) + output_padding + 1. Called with `output_size`
    it chooses the output padding itself.
    """

    _dims = 1
    _function = "conv_transpose1d"


class ConvTranspose2d(_ConvTransposeNd):
    """ConvTranspose2d(in_channels, out_channels, kernel_size, ...): as ConvTranspose1d, for (N, C_in, H, W)."""

    _dims = 2
    _function = "conv_transpose2d"


class ConvTranspose3d(_ConvTransposeNd):
    """ConvTranspose3d(in_channels, out_channels, kernel_size, ...): as ConvTranspose1d, for (N, C_in, D, H, W)."""

    _dims = 3
    _function = "conv_transpose3d"
