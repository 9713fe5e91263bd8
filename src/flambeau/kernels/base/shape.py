"""Copies, conversions, joins and rearrangements of arrays; views of memory by shape and strides.

A layout is (shape, byte strides, byte offset, dtype): where the elements of an array lie, relative to some address.
"""

from __future__ import annotations

import numpy as np

from ... import _core
from ._xp import Array, add_at, array_namespace

Layout = tuple[tuple[int, ...], tuple[int, ...], int, np.dtype]


def clone(x: Array) -> Array:
    """A copy that keeps the order of dimensions in memory."""
    return _core.copy_of(x) if type(x) is np.ndarray else x.copy(order="C" if 0 in x.strides else "K")


def contiguous(x: Array) -> Array:
    """A row-major copy."""
    return x.copy(order="C")


def cast(x: Array, dtype: np.dtype) -> Array:
    """A copy in another dtype that keeps the order of dimensions in memory; complex to real keeps the real part."""
    if x.dtype.kind == "c" and dtype.kind not in "cb":
        x = x.real
    with np.errstate(all="ignore"):
        return _core.laid_out(x.astype(dtype, order="C" if 0 in x.strides else "K"), (x,))


def write(x: Array, value: Array) -> Array:
    """Writes value, broadcast and converted, over x (they may overlap) and returns x."""
    if getattr(value, "dtype", x.dtype) != x.dtype:
        value = cast(value, x.dtype)
    x[...] = value
    return x


def fill(x: Array, value) -> Array:
    """Writes a number or 0-dim array over all elements of x and returns x."""
    if hasattr(value, "dtype"):
        return write(x, value)
    if value == 0 or (x.dtype.kind == "f" and x.itemsize >= 4 and -3e38 < value < 3e38):  # nothing to warn of
        x.fill(value)
        return x
    with np.errstate(all="ignore"):
        x[...] = np.asarray(value).astype(x.dtype)
    return x


# ---- views


def view(x: Array, shape: tuple[int, ...]) -> Array:
    """x in another shape without a copy; RuntimeError when its strides do not allow that."""
    out = x.reshape(shape)
    if x.size and not array_namespace(x).may_share_memory(out, x):
        raise RuntimeError(
            "view size is not compatible with input tensor's size and stride (at least one dimension spans across two "
            "contiguous subspaces). Use .reshape(...) instead."
        )
    return out


def strided(x: Array, shape: tuple[int, ...], strides: tuple[int, ...], offset: int) -> Array:
    """A view of the memory of x: byte strides, and a byte offset from its first element. Bounds are the
    caller's matter."""
    if type(x) is np.ndarray:
        return _core.strided_view(x, shape, strides, offset)
    return array_namespace(x).ndarray(shape, x.dtype, x.data + offset, strides)


def broadcast(x: Array, shape: tuple[int, ...]) -> Array:
    """A view of x with dimensions of size 1 repeated, writable as far as x is. A new dimension of size 1 has the step
    over what follows it, as if it had been there."""
    new = len(shape) - x.ndim
    strides = [0] * new
    for size, have, stride in zip(shape[new:], x.shape, x.strides, strict=True):
        strides.append(stride if size == have else 0)
    if x.ndim:
        for i in reversed(range(new)):
            if shape[i] == 1:
                strides[i] = shape[i + 1] * strides[i + 1]
    return strided(x, shape, tuple(strides), 0)


def diagonal(x: Array, offset: int, axis1: int, axis2: int) -> Array:
    """The view of a diagonal of the plane of two axes, as last axis."""
    rows, columns = x.shape[axis1], x.shape[axis2]
    length = max(min(rows, columns - offset) if offset >= 0 else min(rows + offset, columns), 0)
    first = (offset * x.strides[axis2] if offset >= 0 else -offset * x.strides[axis1]) if length else 0
    rest = [d for d in range(x.ndim) if d not in (axis1, axis2)]
    shape = (*(x.shape[d] for d in rest), length)
    return strided(x, shape, (*(x.strides[d] for d in rest), x.strides[axis1] + x.strides[axis2]), first)


# ---- memory seen through two layouts


def overlaps(layout: Layout) -> bool:
    """Whether two elements of the layout may share memory."""
    shape, strides, _, dtype = layout
    if 0 in shape:
        return False
    end = dtype.itemsize
    for stride, size in sorted((abs(st), s) for st, s in zip(strides, shape, strict=True) if s > 1):
        if stride < end:
            return True
        end += stride * (size - 1)
    return False


def _span(layout: Layout) -> tuple[int, int]:
    shape, strides, offset, dtype = layout
    if 0 in shape:
        return offset, offset
    steps = [(s - 1) * st for s, st in zip(shape, strides, strict=True)]
    return offset + sum(min(s, 0) for s in steps), offset + sum(max(s, 0) for s in steps) + dtype.itemsize


def _over(memory: Array, layout: Layout, start: int) -> Array:
    """The array of a layout over memory (bytes) that begins at address `start`."""
    shape, strides, offset, dtype = layout
    if isinstance(memory, np.ndarray):
        return np.ndarray(shape, dtype, memory, offset - start if memory.size else 0, strides)
    return type(memory)(shape, dtype, memory.data + (offset - start), strides)


def relayout(x: Array, source: Layout, target: Layout) -> Array:
    """What is seen through `target` after x was written into zeroed memory through `source`; overlapping
    elements add."""
    (low, high), (low2, high2) = _span(source), _span(target)
    low, high = min(low, low2), max(high, high2)
    memory = array_namespace(x).zeros(high - low, np.uint8)
    if overlaps(source):
        _add_overlapping(memory, x, source, low)
    else:
        _over(memory, source, low)[...] = x
    out = _over(memory, target, low)
    return out.copy() if overlaps(target) else out


def _add_overlapping(memory: Array, x: Array, layout: Layout, start: int) -> None:
    shape, strides, offset, dtype = layout
    xp = array_namespace(x)
    first = (offset - start) % dtype.itemsize
    flat = memory[first : first + (memory.size - first) // dtype.itemsize * dtype.itemsize].view(dtype)
    positions = xp.full((1,) * len(shape), (offset - start) // dtype.itemsize)
    for axis, (size, stride) in enumerate(zip(shape, strides, strict=True)):
        positions = positions + xp.arange(size).reshape(-1, *(1,) * (len(shape) - 1 - axis)) * (
            stride // dtype.itemsize
        )
    add_at(flat, positions.ravel(), x.ravel())


def replace(x: Array, piece: Array | None, whole: Layout, part: Layout) -> Array:
    """x, laid out as `whole`, with the elements that `part` names replaced by piece (None: by zeros)."""
    (low, high), (low2, high2) = _span(whole), _span(part)
    low, high = min(low, low2), max(high, high2)
    memory = array_namespace(x).zeros(high - low, np.uint8)
    out = _over(memory, whole, low)
    out[...] = x
    write(_over(memory, part, low), 0 if piece is None else piece)
    return out


# ---- joining and rearranging


def concatenate(arrays: list[Array], axis: int) -> Array:
    """Arrays of one dtype joined along an axis."""
    first = arrays[0]
    shape = list(first.shape)
    shape[axis] = sum(a.shape[axis] for a in arrays)
    if type(first) is not np.ndarray:
        return array_namespace(first).concatenate(arrays, axis)
    return np.concatenate(arrays, axis, out=_core.empty_array(shape, first.dtype))


def stack(arrays: list[Array], axis: int) -> Array:
    """Arrays of one shape and dtype joined along a new axis."""
    key = (slice(None),) * axis + (None,)
    return concatenate([a[key] for a in arrays], axis)


def place(x: Array, shape: tuple[int, ...], key) -> Array:
    """Zeros of a shape with x at a basic key."""
    out = (
        _core.zeros_array(shape, x.dtype)
        if type(x) is np.ndarray
        else array_namespace(x).zeros(shape, x.dtype)
    )
    out[key] = x
    return out


def place_diagonal(x: Array, shape: tuple[int, ...], offset: int, axis1: int, axis2: int) -> Array:
    """Zeros of a shape with x on a diagonal of the planes of two axes."""
    out = array_namespace(x).zeros(shape, x.dtype)
    diagonal(out, offset, axis1, axis2)[...] = x
    return out


def tile(x: Array, repeats: tuple[int, ...]) -> Array:
    """x repeated along each axis; as many repeats as axes, or more."""
    return array_namespace(x).tile(x, repeats)


def flip(x: Array, axes: tuple[int, ...]) -> Array:
    """x with the order of elements reversed along axes."""
    return array_namespace(x).flip(x, axes).copy(order="C")


def roll(x: Array, shifts: tuple[int, ...], axes: tuple[int, ...] | None) -> Array:
    """x with elements moved cyclically along axes (of the flattened array when axes is None)."""
    xp = array_namespace(x)
    return xp.roll(x, shifts[0]) if axes is None else xp.roll(x, shifts, axes)
