"""Max and average pooling over the trailing axes, with windows of fixed or adaptive size.

The number of spatial axes is the length of kernel_size (output_size for the adaptive kernels); whatever
axes come before them are a batch. stride, padding and dilation are tuples with one int per spatial axis.
"""

from __future__ import annotations

from collections.abc import Iterable
from math import prod

import numpy as np

from ._window import pad, taps
from ._xp import Array, add_at, array_namespace, narrow, widen
from .pointwise import div_trunc

Ints = tuple[int, ...]


def pool_output_shape(
    spatial: Ints, kernel_size: Ints, stride: Ints, padding: Ints, dilation: Ints, ceil_mode: bool
) -> Ints:
    """The output's spatial shape. With ceil_mode the last window may reach past the right padding, but must
    start inside the input or the left padding. RuntimeError if no window fits or the padding is too wide."""
    out = []
    for n, k, s, p, d in zip(spatial, kernel_size, stride, padding, dilation, strict=True):
        reach = d * (k - 1) + 1
        if not 0 <= 2 * p <= reach:
            raise RuntimeError(
                "pad should be at most half of effective kernel size, "
                f"but got pad={p}, kernel_size={k} and dilation={d}"
            )
        room = n + 2 * p - reach
        size = (-(-room // s) if ceil_mode else room // s) + 1
        if ceil_mode and (size - 1) * s >= n + p:
            size -= 1
        out.append(size)
    if any(size < 1 for size in out):
        raise RuntimeError(
            f"Given input size: ({'x'.join(map(str, spatial))}). "
            f"Calculated output size: ({'x'.join(map(str, out))}). Output size is too small"
        )
    return tuple(out)


def _maximum(candidates: Iterable[Array], first: Array) -> tuple[Array, Array]:
    """The elementwise maximum of the candidates and the number of the candidate it came from.

    The earliest of equal candidates wins, and `first` where all are the lowest value; the last NaN beats all.
    """
    best = number = None
    for k, v in enumerate(candidates):
        if best is None:
            xp = array_namespace(v)
            best = v.copy()
            number = xp.empty(v.shape, np.int32)
            number[...] = first
            continue
        better = v > best
        if v.dtype.kind == "f":
            better |= v != v
        xp.maximum(best, v, out=best)
        # k exceeds all numbers so far, so a maximum does what a slower masked write would.
        xp.maximum(number, xp.multiply(better, k, dtype=np.int32), out=number)
    return best, number


def _flat_positions(positions: list[Array], number: Array, spatial: Ints) -> Array:
    """Flat input index of window element `number`; element t of window o is at positions[axis][o, t]."""
    xp = array_namespace(number)
    out, kernel = tuple(p.shape[0] for p in positions), tuple(p.shape[1] for p in positions)
    table = xp.zeros(out + kernel, np.int64)
    for axis, position in enumerate(positions):
        shape = [1] * (2 * len(out))
        shape[axis], shape[len(out) + axis] = position.shape
        table += position.reshape(shape) * prod(spatial[axis + 1 :])
    row = xp.arange(prod(out)).reshape(out) * prod(kernel)
    return table.ravel().take(number + row)


def max_pool_nd(
    x: Array, kernel_size: Ints, stride: Ints, padding: Ints, dilation: Ints, ceil_mode: bool = False
) -> tuple[Array, Array]:
    """(y, indices): the maximum of each window and its int64 index into the flattened spatial plane of x.

    The first of equal maxima wins; NaN propagates. Padding never wins.
    """
    xp, dtype, nd = array_namespace(x), x.dtype, len(kernel_size)
    spatial = x.shape[-nd:]
    out = pool_output_shape(spatial, kernel_size, stride, padding, dilation, ceil_mode)
    after = tuple(
        max(0, (o - 1) * s + d * (k - 1) + 1 - n - p)
        for o, s, d, k, n, p in zip(out, stride, dilation, kernel_size, spatial, padding, strict=True)
    )
    x = widen(x)
    lowest = -np.inf if x.dtype.kind == "f" else np.iinfo(x.dtype).min
    padded = pad(x, padding, after, lowest)
    positions, first = [], xp.zeros((1,) * nd, np.int32)
    for axis, (o, k, s, p, d) in enumerate(zip(out, kernel_size, stride, padding, dilation, strict=True)):
        start = xp.arange(o) * s - p
        positions.append(start[:, None] + xp.arange(k) * d)
        inside = xp.maximum(0, -(start // d))  # the first element of the window that is not left padding
        first = first + (inside * prod(kernel_size[axis + 1 :])).reshape(-1, *(1,) * (nd - 1 - axis))
    views = (padded[seen] for _, seen in taps(kernel_size, stride, dilation, out))
    y, number = _maximum(views, first)
    return narrow(y, dtype), _flat_positions(positions, number, spatial)


def max_pool_nd_grad(g: Array, indices: Array, input_spatial_shape: Ints) -> Array:
    """Adds each element of g to the input element that its window's index names.

    g and indices (*lead, *out) -> (*lead, *input_spatial_shape). Also the forward of max-unpooling.
    """
    xp, nd, plane = array_namespace(g), len(input_spatial_shape), prod(input_spatial_shape)
    lead = g.shape[: g.ndim - nd]
    wide = widen(g)
    base = xp.arange(prod(lead), dtype=np.int64) * plane
    flat = (indices.reshape(prod(lead), prod(g.shape[g.ndim - nd :])) + base[:, None]).ravel()
    gx = xp.zeros(prod(lead) * plane, wide.dtype)
    add_at(gx, flat, wide.ravel())
    return narrow(gx.reshape(*lead, *input_spatial_shape), g.dtype)


def _divisor(
    xp, spatial: Ints, out: Ints, kernel_size: Ints, stride: Ints, padding: Ints, include_pad: bool
) -> Array:
    """How many elements each window averages, (*out): what reaches past the right padding never counts."""
    divisor = xp.ones((1,) * len(out), np.int64)
    for axis, (n, o, k, s, p) in enumerate(zip(spatial, out, kernel_size, stride, padding, strict=True)):
        start = xp.arange(o) * s - p
        stop = xp.minimum(start + k, n + p)
        count = stop - start if include_pad else xp.minimum(stop, n) - xp.maximum(start, 0)
        divisor = divisor * count.reshape(-1, *(1,) * (len(out) - 1 - axis))
    return divisor


def _divide(x: Array, divisor: Array | int) -> Array:
    if x.dtype.kind == "i":
        return div_trunc(x, array_namespace(x).asarray(divisor, x.dtype))
    real = x.real.dtype if x.dtype.kind == "c" else x.dtype
    return x / (divisor if isinstance(divisor, int) else divisor.astype(real))


def avg_pool_nd(
    x: Array,
    kernel_size: Ints,
    stride: Ints,
    padding: Ints,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> Array:
    """The mean of each window: its sum over divisor_override or over the number of elements it covers,
    zeros of the padding among them if count_include_pad. Of integers, the mean rounded towards zero."""
    xp, dtype, nd = array_namespace(x), x.dtype, len(kernel_size)
    spatial = x.shape[-nd:]
    out = pool_output_shape(spatial, kernel_size, stride, padding, (1,) * nd, ceil_mode)
    y = widen(x)
    for j in range(nd):  # a window's sum is separable: one axis after the other
        axis = x.ndim - nd + j
        k, s, p, o = kernel_size[j], stride[j], padding[j], out[j]
        y = y.swapaxes(axis, -1)
        y = pad(y, (p,), (max(0, (o - 1) * s + k - spatial[j] - p),))
        views = (y[seen] for _, seen in taps((k,), (s,), (1,), (o,)))
        total = next(views).copy()
        for view in views:
            total += view
        y = total.swapaxes(axis, -1)
    divisor = divisor_override or _divisor(xp, spatial, out, kernel_size, stride, padding, count_include_pad)
    return narrow(_divide(y, divisor), dtype)


def avg_pool_nd_grad(
    g: Array,
    input_shape: Ints,
    kernel_size: Ints,
    stride: Ints,
    padding: Ints,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> Array:
    """Gradient of avg_pool_nd in an input of input_shape."""
    xp, dtype, nd = array_namespace(g), g.dtype, len(kernel_size)
    spatial = tuple(input_shape[-nd:])
    out = pool_output_shape(spatial, kernel_size, stride, padding, (1,) * nd, ceil_mode)
    divisor = divisor_override or _divisor(xp, spatial, out, kernel_size, stride, padding, count_include_pad)
    gx = _divide(widen(g), divisor)
    for j in range(nd):
        axis = g.ndim - nd + j
        n, k, s, p, o = spatial[j], kernel_size[j], stride[j], padding[j], out[j]
        part = gx.swapaxes(axis, -1)
        spread = xp.zeros((*part.shape[:-1], max(p + n, (o - 1) * s + k)), gx.dtype)
        for _, seen in taps((k,), (s,), (1,), (o,)):
            spread[seen] += part
        gx = spread[..., p : p + n].swapaxes(axis, -1)
    return xp.ascontiguousarray(narrow(gx, dtype))


def adaptive_windows(size: int, out: int) -> list[tuple[int, int]]:
    """[floor(i size / out), ceil((i + 1) size / out)) for each window i."""
    return [(i * size // out, -(-(i + 1) * size // out)) for i in range(out)]


def adaptive_avg_pool_nd(x: Array, output_size: Ints) -> Array:
    """The mean of each of output_size windows that divide the spatial axes as evenly as integers can."""
    xp, nd = array_namespace(x), len(output_size)
    y = widen(x)
    for axis, o in enumerate(output_size, x.ndim - nd):
        y = y.swapaxes(axis, -1)
        mean = xp.empty((*y.shape[:-1], o), y.dtype)
        for i, (start, stop) in enumerate(adaptive_windows(y.shape[-1], o)):
            mean[..., i] = y[..., start:stop].mean(-1)
        y = mean.swapaxes(axis, -1)
    return xp.ascontiguousarray(narrow(y, x.dtype))


def adaptive_avg_pool_nd_grad(g: Array, input_shape: Ints, output_size: Ints) -> Array:
    """Gradient of adaptive_avg_pool_nd in an input of input_shape."""
    xp, nd = array_namespace(g), len(output_size)
    gx = widen(g)
    for axis, o in enumerate(output_size, g.ndim - nd):
        part = gx.swapaxes(axis, -1)
        spread = xp.zeros((*part.shape[:-1], input_shape[axis]), gx.dtype)
        for i, (start, stop) in enumerate(adaptive_windows(input_shape[axis], o)):
            spread[..., start:stop] += part[..., i : i + 1] / (stop - start)
        gx = spread.swapaxes(axis, -1)
    return xp.ascontiguousarray(narrow(gx, g.dtype))


def adaptive_max_pool_nd(x: Array, output_size: Ints) -> tuple[Array, Array]:
    """(y, indices) as max_pool_nd, over adaptive_avg_pool_nd's windows; the gradient is max_pool_nd_grad."""
    xp, dtype, nd = array_namespace(x), x.dtype, len(output_size)
    spatial = x.shape[-nd:]
    positions = []
    for n, o in zip(spatial, output_size, strict=True):
        windows = adaptive_windows(n, o)
        longest = max((stop - start for start, stop in windows), default=1)
        # A shorter window repeats its last element, which changes neither its maximum nor the index.
        table = [[min(start + t, stop - 1) for t in range(longest)] for start, stop in windows]
        positions.append(xp.asarray(table, np.int64).reshape(o, longest))
    wide = widen(x)
    kernel = tuple(p.shape[1] for p in positions)

    def candidates():
        for tap in np.ndindex(*kernel):
            v = wide
            for axis, (position, t) in enumerate(zip(positions, tap, strict=True), x.ndim - nd):
                v = xp.take(v, position[:, t], axis)
            yield v

    y, number = _maximum(candidates(), xp.zeros((), np.int32))
    return narrow(y, dtype), _flat_positions(positions, number, spatial)
