"""Convolutions: what the operations themselves leave to do, namely padding given in words."""

from .primitives import op


def _tuple(value, n):
    return (value,) * n if isinstance(value, int) else tuple(value)


def _conv(name, n, input, weight, bias, stride, padding, dilation, groups):
    function = getattr(op, name)
    if not isinstance(padding, str):
        return function(input, weight, bias, stride, padding, dilation, groups)
    if padding == "valid":
        return function(input, weight, bias, stride, 0, dilation, groups)
    if padding != "same":
        raise RuntimeError(f"Invalid padding string: '{padding}'; use 'same' or 'valid'")
    if any(s != 1 for s in _tuple(stride, n)):
        raise RuntimeError("padding='same' is not supported for strided convolutions")
    totals = [d * (k - 1) for d, k in zip(_tuple(dilation, n), weight.shape[2:], strict=True)]
    if any(total % 2 for total in totals):
        # The odd one goes to the end, and the operations only pad both sides alike.
        extra = [side for total in reversed(totals) for side in (0, total % 2)]
        input = op.pad(input, extra)
    return function(input, weight, bias, stride, tuple(total // 2 for total in totals), dilation, groups)


def conv1d(input, weight, bias=None, stride=1, padding=0, dilation=1, groups=1):
    """input (N, C_in, L) or (C_in, L), weight (C_out, C_in / groups, k) -> (N, C_out, L_out)"""
    return _conv("conv1d", 1, input, weight, bias, stride, padding, dilation, groups)


def conv2d(input, weight, bias=None, stride=1, padding=0, dilation=1, groups=1):
    """input (N, C_in, H, W) or (C_in, H, W), weight (C_out, C_in / groups, kH, kW) -> (N, C_out, H_out, W_out)

    padding: a number, one for each dimension, 'valid' (none) or 'same' (output as large as the input; stride 1).
    """
    return _conv("conv2d", 2, input, weight, bias, stride, padding, dilation, groups)


def conv3d(input, weight, bias=None, stride=1, padding=0, dilation=1, groups=1):
    """input (N, C_in, D, H, W), weight (C_out, C_in / groups, kD, kH, kW) -> (N, C_out, D_out, H_out, W_out)"""
    return _conv("conv3d", 3, input, weight, bias, stride, padding, dilation, groups)
