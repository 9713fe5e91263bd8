"""Pooling in C++: float32 and float64, and half precision computed in float32."""

from __future__ import annotations

import numpy as np

from ..._core import native as _native
from ..base import pool as _base
from ..base._xp import Array, widen

_Ints = _base.Ints
_Windows = list[tuple[list[int], list[int], list[int]]]  # of each axis: where its windows begin and end, and counts


def _plain(a: Array) -> Array:
    """In the computing type and in row-major order."""
    return np.ascontiguousarray(widen(a))


def max_pool_nd(
    x: Array, kernel_size: _Ints, stride: _Ints, padding: _Ints, dilation: _Ints, ceil_mode: bool = False
) -> tuple[Array, Array]:
    """(y, indices): the maximum of each window and its index, as in base."""
    spatial = x.shape[-len(kernel_size) :]
    out = _base.pool_output_shape(spatial, kernel_size, stride, padding, dilation, ceil_mode)
    pair = _native.max_pool(_plain(x), out, *(tuple(a) for a in (kernel_size, stride, padding, dilation)))
    if pair is None:
        return _base.max_pool_nd(x, kernel_size, stride, padding, dilation, ceil_mode)
    return pair[0].astype(x.dtype, copy=False), pair[1]


def max_pool_nd_grad(g: Array, indices: Array, input_spatial_shape: _Ints) -> Array:
    """Adds each element of g to the input element that its window's index names, as in base."""
    gx = _native.max_pool_grad(_plain(g), np.ascontiguousarray(indices), tuple(input_spatial_shape))
    if gx is None:
        return _base.max_pool_nd_grad(g, indices, input_spatial_shape)
    return gx.astype(g.dtype, copy=False)


def _fixed_windows(
    spatial: _Ints, kernel_size: _Ints, stride: _Ints, padding: _Ints, ceil_mode: bool, include_pad: bool
) -> _Windows:
    """What each window covers of the input, and how many elements it averages."""
    windows = []
    out = _base.pool_output_shape(spatial, kernel_size, stride, padding, (1,) * len(spatial), ceil_mode)
    for n, o, k, s, p in zip(spatial, out, kernel_size, stride, padding, strict=True):
        starts = [i * s - p for i in range(o)]
        begin, end = [max(i, 0) for i in starts], [min(i + k, n) for i in starts]
        if include_pad:
            count = [min(i + k, n + p) - i for i in starts]
        else:
            count = [b - a for a, b in zip(begin, end, strict=True)]
        windows.append((begin, end, count))
    return windows


def avg_pool_nd(
    x: Array,
    kernel_size: _Ints,
    stride: _Ints,
    padding: _Ints,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> Array:
    """The mean of each window, as in base."""
    spatial = x.shape[-len(kernel_size) :]
    windows = _fixed_windows(spatial, kernel_size, stride, padding, ceil_mode, count_include_pad)
    y = _native.avg_pool(_plain(x), windows, divisor_override or 0)
    if y is None:
        return _base.avg_pool_nd(
            x, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override
        )
    return y.astype(x.dtype, copy=False)


def avg_pool_nd_grad(
    g: Array,
    input_shape: _Ints,
    kernel_size: _Ints,
    stride: _Ints,
    padding: _Ints,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> Array:
    """Gradient of avg_pool_nd in an input of input_shape, as in base."""
    spatial = tuple(input_shape[-len(kernel_size) :])
    windows = _fixed_windows(spatial, kernel_size, stride, padding, ceil_mode, count_include_pad)
    gx = _native.avg_pool_grad(_plain(g), tuple(input_shape), windows, divisor_override or 0)
    if gx is None:
        return _base.avg_pool_nd_grad(
            g, input_shape, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override
        )
    return gx.astype(g.dtype, copy=False)


def _adaptive(spatial: _Ints, output_size: _Ints) -> _Windows:
    windows = []
    for n, o in zip(spatial, output_size, strict=True):
        pairs = _base.adaptive_windows(n, o)
        windows.append(([a for a, _ in pairs], [b for _, b in pairs], [b - a for a, b in pairs]))
    return windows


def adaptive_avg_pool_nd(x: Array, output_size: _Ints) -> Array:
    """The mean of each of output_size windows, as in base."""
    y = _native.avg_pool(_plain(x), _adaptive(x.shape[-len(output_size) :], output_size), 0)
    return _base.adaptive_avg_pool_nd(x, output_size) if y is None else y.astype(x.dtype, copy=False)


def adaptive_avg_pool_nd_grad(g: Array, input_shape: _Ints, output_size: _Ints) -> Array:
    """Gradient of adaptive_avg_pool_nd in an input of input_shape, as in base."""
    windows = _adaptive(tuple(input_shape[-len(output_size) :]), output_size)
    gx = _native.avg_pool_grad(_plain(g), tuple(input_shape), windows, 0)
    if gx is None:
        return _base.adaptive_avg_pool_nd_grad(g, input_shape, output_size)
    return gx.astype(g.dtype, copy=False)
