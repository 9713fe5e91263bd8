"""Convolution over any number of spatial axes, as matrix products of unfolded input (im2col).

    conv_nd               y  = x * w + b
    conv_nd_grad_input    the transpose of y in x; also the forward of a transposed convolution
    conv_nd_grad_weight   the transpose of y in w

The three are the plain multilinear maps: nothing is conjugated, so the gradient of a complex convolution
passes conj(w) or conj(x). The batch is worked through in chunks whose unfolded input stays in cache.

Shapes: x (N, C, *spatial), w (O, C/groups, *kernel), b (O,), y (N, O, *out) with
out = (spatial + 2 padding - dilation (kernel - 1) - 1) // stride + 1. stride, padding and dilation are
tuples with one int per spatial axis; padding is with zeros on both sides.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import prod

import numpy as np

from ._window import pad, taps
from ._xp import Array, array_namespace, narrow, widen

_CHUNK_BYTES = 1 << 21  # unfolded input of one chunk: about what a core's own cache holds
_CHUNK_COLUMNS = 256  # fewer columns than this and the product is bound by reading the weight

Ints = tuple[int, ...]


def conv_output_shape(spatial: Ints, kernel: Ints, stride: Ints, padding: Ints, dilation: Ints) -> Ints:
    """The output's spatial shape. RuntimeError if a dilated kernel exceeds the padded input."""
    padded = tuple(n + 2 * p for n, p in zip(spatial, padding, strict=True))
    reach = tuple(d * (k - 1) + 1 for k, d in zip(kernel, dilation, strict=True))
    if any(r > n for r, n in zip(reach, padded, strict=True)):
        raise RuntimeError(
            f"Calculated padded input size per channel: ({' x '.join(map(str, padded))}). "
            f"Kernel size: ({' x '.join(map(str, reach))}). "
            "Kernel size can't be greater than actual input size"
        )
    return tuple((n - r) // s + 1 for n, r, s in zip(padded, reach, stride, strict=True))


def check(x_shape: Ints, w_shape: Ints, b: Array | None, groups: int) -> None:
    """RuntimeError where channels, groups or bias do not fit the input."""
    given = f"Given groups={groups}, weight of size {list(w_shape)}"
    if len(x_shape) != len(w_shape):
        raise RuntimeError(f"{given}, expected a {len(w_shape)}-dimensional input, but got {list(x_shape)}")
    if w_shape[0] % groups:
        raise RuntimeError(f"{given}, expected weight to be divisible by {groups} at dimension 0")
    if x_shape[1] != w_shape[1] * groups:
        raise RuntimeError(
            f"{given}, expected input{list(x_shape)} to have {w_shape[1] * groups} channels, "
            f"but got {x_shape[1]} channels instead"
        )
    if b is not None and b.shape != w_shape[:1]:
        raise RuntimeError(
            f"Given weight of size {list(w_shape)}, expected bias to be 1-dimensional "
            f"with {w_shape[0]} elements, but got bias of size {list(b.shape)} instead"
        )


def check_gradient(
    received: Ints, x_shape: Ints, w_shape: Ints, stride: Ints, padding: Ints, dilation: Ints, groups: int
) -> Ints:
    """The output's spatial shape; RuntimeError unless a gradient of shape `received` is one of the output."""
    check(x_shape, w_shape, None, groups)
    out = conv_output_shape(tuple(x_shape[2:]), tuple(w_shape[2:]), stride, padding, dilation)
    expected = (x_shape[0], w_shape[0], *out)
    if tuple(received) != expected:
        raise RuntimeError(f"convolution: expected a gradient of size {list(expected)}, got {list(received)}")
    return out


def _chunks(batch: int, rows: int, columns: int, itemsize: int) -> Iterator[slice]:
    """Slices of the batch; rows x columns is the unfolded size of one sample."""
    by_cache = _CHUNK_BYTES // max(1, rows * columns * itemsize)
    step = max(1, by_cache, -(-_CHUNK_COLUMNS // max(1, columns)))
    return (slice(i, min(i + step, batch)) for i in range(0, batch, step))


def _by_group(a: Array, groups: int) -> Array:
    """(n, C, *out) -> (groups, C/groups, n * positions): one matrix per group, copied where it must be."""
    n, channels = a.shape[:2]
    return a.swapaxes(0, 1).reshape(groups, channels // groups, n * prod(a.shape[2:]))


def _unfold(x: Array, kernel: Ints, stride: Ints, dilation: Ints, out: Ints, groups: int) -> Array:
    """Padded (n, C, *spatial) -> (groups, C/groups * taps, n * positions)."""
    n, channels = x.shape[:2]
    columns = array_namespace(x).empty((channels, prod(kernel), n, *out), x.dtype)
    by_channel = x.swapaxes(0, 1)
    for k, seen in taps(kernel, stride, dilation, out):
        columns[:, k] = by_channel[seen]
    return columns.reshape(groups, channels // groups * prod(kernel), n * prod(out))


@np.errstate(all="ignore")
def conv_nd(
    x: Array, w: Array, b: Array | None, stride: Ints, padding: Ints, dilation: Ints, groups: int = 1
) -> Array:
    """y (N, O, *out). RuntimeError where channels, groups, bias or kernel do not fit the input."""
    check(x.shape, w.shape, b, groups)
    xp, dtype = array_namespace(x), x.dtype
    kernel = w.shape[2:]
    out = conv_output_shape(x.shape[2:], kernel, stride, padding, dilation)
    x, w = pad(widen(x), padding, padding), widen(w)
    batch, outputs, rows, positions = x.shape[0], w.shape[0], w.shape[1] * prod(kernel), prod(out)
    matrix = w.reshape(groups, outputs // groups, rows)
    y = xp.empty((batch, outputs, *out), x.dtype)
    for chunk in _chunks(batch, groups * rows, positions, x.itemsize):
        product = xp.matmul(matrix, _unfold(x[chunk], kernel, stride, dilation, out, groups))
        y[chunk] = product.reshape(outputs, -1, *out).swapaxes(0, 1) if product.size else 0
    if b is not None:
        y += widen(b).reshape(-1, *(1,) * len(out))
    return narrow(y, dtype)


@np.errstate(all="ignore")
def conv_nd_grad_input(
    g: Array, w: Array, input_shape: Ints, stride: Ints, padding: Ints, dilation: Ints, groups: int = 1
) -> Array:
    """Gradient (N, C, *spatial) = input_shape for g (N, O, *out).

    Transposed convolution of g with w is this map with the input_shape that its output_padding asks for.
    """
    out = check_gradient(g.shape, input_shape, w.shape, stride, padding, dilation, groups)
    xp, dtype = array_namespace(g), g.dtype
    kernel, spatial = w.shape[2:], tuple(input_shape[2:])
    g, w = widen(g), widen(w)
    batch, channels, rows = g.shape[0], input_shape[1], w.shape[1] * prod(kernel)
    matrix = w.reshape(groups, w.shape[0] // groups, rows).swapaxes(1, 2)
    padded = tuple(n + 2 * p for n, p in zip(spatial, padding, strict=True))
    gx = xp.zeros((batch, channels, *padded), g.dtype)
    for chunk in _chunks(batch, groups * rows, prod(out), g.itemsize):
        columns = xp.matmul(matrix, _by_group(g[chunk], groups))
        columns = columns.reshape(channels, prod(kernel), chunk.stop - chunk.start, *out)
        by_channel = gx[chunk].swapaxes(0, 1)
        for k, seen in taps(kernel, stride, dilation, out):
            by_channel[seen] += columns[:, k]
    inner = gx[(..., *(slice(p, p + n) for p, n in zip(padding, spatial, strict=True)))]
    return xp.ascontiguousarray(narrow(inner, dtype))


@np.errstate(all="ignore")
def conv_nd_grad_weight(
    g: Array, x: Array, weight_shape: Ints, stride: Ints, padding: Ints, dilation: Ints, groups: int = 1
) -> Array:
    """Gradient (O, C/groups, *kernel) = weight_shape for g (N, O, *out) and x (N, C, *spatial)."""
    out = check_gradient(g.shape, x.shape, weight_shape, stride, padding, dilation, groups)
    xp, dtype = array_namespace(g), g.dtype
    outputs, kernel = weight_shape[0], tuple(weight_shape[2:])
    g, x = widen(g), pad(widen(x), padding, padding)
    rows = weight_shape[1] * prod(kernel)
    gw = xp.zeros((groups, outputs // groups, rows), g.dtype)
    for chunk in _chunks(x.shape[0], groups * rows, prod(out), x.itemsize):
        columns = _unfold(x[chunk], kernel, stride, dilation, out, groups)
        gw += xp.matmul(_by_group(g[chunk], groups), columns.swapaxes(1, 2))
    return narrow(gw.reshape(weight_shape), dtype)


conv1d = conv2d = conv3d = conv_nd
conv1d_grad_input = conv2d_grad_input = conv3d_grad_input = conv_nd_grad_input
conv1d_grad_weight = conv2d_grad_weight = conv3d_grad_weight = conv_nd_grad_weight
