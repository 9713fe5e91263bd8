"""Indexing with integer arrays: one index array (or None: all) per dimension; trailing dimensions may be left out.

Index arrays are broadcast against each other. Their dimensions take the place of the indexed ones when these are
neighbours, else they come first (NumPy's rule). Negative numbers count from the end. A single index may be a
mask of the first dimensions instead.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided

from ... import _core
from ._xp import Array, add_at, array_namespace, widen

Indices = Sequence[Any]  # an array or None for each dimension


def check_indices(shape: tuple[int, ...], indices: Indices) -> tuple[int, ...]:
    """The shape of what the indices select; IndexError when one is out of range or they cannot be broadcast."""
    if len(indices) == 1 and indices[0].dtype == bool:
        return (int(indices[0].sum()), *shape[indices[0].ndim :])
    given = [i for i in indices if i is not None]
    try:
        common = np.broadcast_shapes(*[i.shape for i in given]) if len(given) > 1 else given[0].shape
    except ValueError:
        shapes = ", ".join(str(list(i.shape)) for i in given)
        raise IndexError(
            f"shape mismatch: indexing tensors could not be broadcast together with shapes {shapes}"
        ) from None
    for d, index in enumerate(indices):
        if index is None or not index.size:
            continue
        low, high = int(index.min()), int(index.max())
        if low < -shape[d] or high >= shape[d]:
            bad = high if high >= shape[d] else low
            raise IndexError(f"index {bad} is out of bounds for dimension {d} with size {shape[d]}")
    if len(indices) == 1:
        return (*common, *shape[1:])
    dims = [d for d, i in enumerate(indices) if i is not None]
    rest = [s for d, s in enumerate(shape) if d not in dims]
    at = dims[0] if dims == list(range(dims[0], dims[-1] + 1)) else 0
    return (*rest[:at], *common, *rest[at:])


def _key(indices: Indices) -> tuple:
    return tuple([slice(None) if i is None else i for i in indices])


def index(x: Array, *indices: Any) -> Array:
    """x at the indices, a copy."""
    if type(x) is not np.ndarray:  # CuPy counts on from the other end
        check_indices(x.shape, indices)
    try:
        if len(indices) == 1 and indices[0].dtype != bool:
            return _in_memory_order(x.take(indices[0], axis=0), x, indices)
        return _in_memory_order(array_namespace(x).asarray(x[_key(indices)]), x, indices)
    except IndexError:
        check_indices(x.shape, indices)
        raise


def _in_memory_order(out: Array, x: Array, indices: Indices) -> Array:
    """What the indices select in x, in the memory order of x: as a pointwise result of x, which tells nothing of the
    dimensions that the indices bring, and of the indices, which tell only of these."""
    if _core.row_major(out, x, *indices):
        return out
    given = [i for i in indices if i is not None]
    dims = [d for d, i in enumerate(indices) if i is not None]
    if given[0].dtype == bool:
        dims, new = list(range(given[0].ndim)), 1
        given = []
    else:
        new = max(i.ndim for i in given)
    at = dims[0] if dims[-1] - dims[0] < len(dims) else 0
    kept = [s for d, s in enumerate(x.strides) if d not in dims]
    steps = [(*kept[:at], *(0,) * new, *kept[at:])]
    for i in given:
        lead = at + new - i.ndim
        around = out.shape[:lead], out.shape[lead + i.ndim :]
        outer, inner = (i.shape[0] * i.strides[0], i.strides[-1]) if i.ndim else (i.itemsize, i.itemsize)
        before, after = [[s * (n == 1) for n in part] for part, s in zip(around, (outer, inner), strict=True)]
        steps.append((*before, *i.strides, *after))
    return _core.laid_out(out, tuple([as_strided(out, out.shape, s) for s in steps]))


def index_put(x: Array, values: Array, accumulate: bool, *indices: Any) -> Array:
    """Writes (or adds) values, broadcast and converted, to x at the indices and returns x; of repeats the last
    one stays."""
    xp = array_namespace(x)
    if xp.may_share_memory(x, values):
        values = values.copy()
    if not accumulate:
        with np.errstate(all="ignore"):
            x[_key(indices)] = values.astype(x.dtype, copy=False)
        return x
    wide = widen(x)
    add_at(wide, _key(indices), values.astype(wide.dtype, copy=False))
    if wide is not x:
        x[...] = wide
    return x


def index_add_zeros(x: Array, shape: tuple[int, ...], *indices: Any) -> Array:
    """Zeros of a shape with x added at the indices."""
    xp = array_namespace(x)
    out = xp.zeros(shape, widen(x).dtype)
    first = indices[0]
    if len(indices) > 1:
        add_at(out, _key(indices), widen(x))
    elif first.dtype == bool:
        out[first] = x
    else:  # positions of single elements: NumPy is much faster there
        rows = math.prod(shape[1:])
        flat = xp.where(first < 0, first + shape[0], first).reshape(-1, 1) * rows + xp.arange(rows)
        xp.add.at(out.reshape(-1), flat.reshape(-1), widen(x).reshape(-1))
    return out.astype(x.dtype, copy=False)
