"""Convolution and its gradients: float32 and float64, and half precision computed in float32."""

from __future__ import annotations

from math import prod

import numpy as np

from ..._core import native as _native
from ..base import conv as _base
from ..base._xp import Array, narrow, widen

Ints = _base.Ints


def _is_pointwise(kernel: Ints, stride: Ints, padding: Ints, groups: int) -> bool:
    """Whether the map is one matrix for all positions."""
    return groups == 1 and prod(kernel) == 1 and max(stride) == 1 and max(padding) == 0


def _is_whole(spatial: Ints, kernel: Ints, padding: Ints, groups: int) -> bool:
    """Whether the kernel covers the whole input at its only position: the map is one matrix for all samples."""
    return groups == 1 and tuple(spatial) == tuple(kernel) and max(padding) == 0


def _as_matrices(x: Array) -> Array:
    return x.reshape(*x.shape[:2], prod(x.shape[2:]))


def _as_rows(x: Array) -> Array:
    return x.reshape(x.shape[0], prod(x.shape[1:]))


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
    if _is_whole(x.shape[2:], kernel, padding, groups):
        y = _native.matmul(_as_rows(wx), _as_rows(ww).T)
        if y is not None:
            if b is not None:
                y += widen(b)
            return narrow(y.reshape(*y.shape, *out), x.dtype)
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
    if _is_whole(shape[2:], kernel, padding, groups):
        gx = _native.matmul(_as_rows(wg), _as_rows(ww))
        if gx is not None:
            return narrow(gx.reshape(shape), g.dtype)
    # Here taps that reach no position of g meet zeros around it; with an infinite weight the sum would be NaN.
    if np.isfinite(ww.sum()):
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
    wg, wx = widen(g), widen(x)
    if _is_whole(x.shape[2:], shape[2:], padding, groups):
        gw = _native.matmul(_as_rows(wg).T, _as_rows(wx))
        if gw is not None:
            return narrow(gw.reshape(shape), g.dtype)
    gw = _native.conv_grad_weight(wg, wx, shape, stride, padding, dilation, groups)
    # Between the rows of g its zeros meet elements of x that belong to none; one that is infinite gives NaN.
    if gw is not None and np.isfinite(gw).all():
        return narrow(gw, g.dtype)
    return _base.conv_nd_grad_weight(g, x, weight_shape, stride, padding, dilation, groups)


conv1d = conv2d = conv3d = conv_nd
conv1d_grad_input = conv2d_grad_input = conv3d_grad_input = conv_nd_grad_input
conv1d_grad_weight = conv2d_grad_weight = conv3d_grad_weight = conv_nd_grad_weight
