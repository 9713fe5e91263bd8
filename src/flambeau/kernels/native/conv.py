"""Convolution and its gradients: float32 and float64, and half precision computed in float32."""

from __future__ import annotations

from math import prod

import numpy as np

from ..._core import native as _native
from ..base import conv as _base
from ..base._xp import Array, narrow, widen

Ints = _base.Ints

_WIDE = 16  # positions that are computed at once
_MANY = 128  # channels, in and out, from which matrix products are worth the unfolding of a small image


def _is_pointwise(kernel: Ints, stride: Ints, padding: Ints, groups: int) -> bool:
    """Whether the map is one matrix for all positions."""
    return groups == 1 and prod(kernel) == 1 and max(stride) == 1 and max(padding) == 0


def _prefers_products(channels: int, outputs: int, out: Ints, kernel: Ints, groups: int) -> bool:
    """Whether so many of the positions computed along lie outside the image that unfolding it costs less."""
    if groups > 1 or min(channels, outputs) < _MANY or len(out) != 2:
        return False
    computed = (out[0] - 1) * (out[1] + kernel[1] - 1) + out[1]
    return prod(out) < 0.6 * (-(-computed // _WIDE) * _WIDE)


def _as_matrices(x: Array) -> Array:
    return x.reshape(*x.shape[:2], prod(x.shape[2:]))


@np.errstate(all="ignore")
def conv_nd(
    x: Array, w: Array, b: Array | None, stride: Ints, padding: Ints, dilation: Ints, groups: int = 1
) -> Array:
    """y (N, O, *out). RuntimeError where channels, groups, bias or kernel do not fit the input."""
    _base.check(x.shape, w.shape, b, groups)
    kernel = w.shape[2:]
    out = _base.conv_output_shape(x.shape[2:], kernel, stride, padding, dilation)
    wx, ww = widen(x), widen(w)
    if _is_pointwise(kernel, stride, padding, groups):
        y = _native.matmul(ww.reshape(ww.shape[:2]), _as_matrices(wx))
        if y is not None:
            y = y.reshape(x.shape[0], w.shape[0], *out)
            if b is not None:
                y += widen(b).reshape(-1, *(1,) * len(out))
            return narrow(y, x.dtype)
    if not _prefers_products(x.shape[1], w.shape[0], out, kernel, groups):
        y = _native.conv(wx, ww, None if b is None else widen(b), out, stride, padding, dilation, groups)
        if y is not None:
            return narrow(y, x.dtype)
    return _base.conv_nd(x, w, b, stride, padding, dilation, groups)


@np.errstate(all="ignore")
def conv_nd_grad_input(
    g: Array, w: Array, input_shape: Ints, stride: Ints, padding: Ints, dilation: Ints, groups: int = 1
) -> Array:
    """Gradient (N, C, *spatial) = input_shape for g (N, O, *out)."""
    _base.check_gradient(g.shape, input_shape, w.shape, stride, padding, dilation, groups)
    kernel, shape = w.shape[2:], tuple(input_shape)
    wg, ww = widen(g), widen(w)
    if _is_pointwise(kernel, stride, padding, groups):
        gx = _native.matmul(ww.reshape(ww.shape[:2]).T, _as_matrices(wg))
        if gx is not None:
            return narrow(gx.reshape(shape), g.dtype)
    # Here taps that reach no position of g meet zeros around it; with an infinite weight the sum would be NaN.
    if not _prefers_products(w.shape[0], shape[1], shape[2:], kernel, groups) and np.isfinite(ww.sum()):
        gx = _native.conv_grad_input(wg, ww, shape, stride, padding, dilation, groups)
        if gx is not None:
            return narrow(gx, g.dtype)
    return _base.conv_nd_grad_input(g, w, input_shape, stride, padding, dilation, groups)


@np.errstate(all="ignore")
def conv_nd_grad_weight(
    g: Array, x: Array, weight_shape: Ints, stride: Ints, padding: Ints, dilation: Ints, groups: int = 1
) -> Array:
    """Gradient (O, C/groups, *kernel) = weight_shape for g (N, O, *out) and x (N, C, *spatial)."""
    _base.check_gradient(g.shape, x.shape, weight_shape, stride, padding, dilation, groups)
    shape = tuple(weight_shape)
    if not _prefers_products(x.shape[1], shape[0], g.shape[2:], shape[2:], groups):
        gw = _native.conv_grad_weight(widen(g), widen(x), shape, stride, padding, dilation, groups)
        # Between the rows of g its zeros meet elements of x that belong to none; one that is infinite gives NaN.
        if gw is not None and np.isfinite(gw).all():
            return narrow(gw, g.dtype)
    return _base.conv_nd_grad_weight(g, x, weight_shape, stride, padding, dilation, groups)


conv1d = conv2d = conv3d = conv_nd
conv1d_grad_input = conv2d_grad_input = conv3d_grad_input = conv_nd_grad_input
conv1d_grad_weight = conv2d_grad_weight = conv3d_grad_weight = conv_nd_grad_weight
