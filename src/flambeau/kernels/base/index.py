"""Indexing with integer arrays: one index array (or None: all) per dimension; trailing dimensions may be left out.

Index arrays are broadcast against each other. Their dimensions take the place of the indexed ones when these are
neighbours, else they come first (NumPy's rule). Negative numbers count from the end.
"""

from __future__ import annotations

import numpy as np

from ._xp import Array, array_namespace, widen

Indices = tuple[Array | None, ...]


def check_indices(shape: tuple[int, ...], indices: Indices) -> tuple[int, ...]:
    """The shape of what the indices select; IndexError when one is out of range or they cannot be broadcast."""
    given = [i for i in indices if i is not None]
    try:
        common = np.broadcast_shapes(*[i.shape for i in given])
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
    dims = [d for d, i in enumerate(indices) if i is not None]
    rest = [s for d, s in enumerate(shape) if d not in dims]
    at = dims[0] if dims == list(range(dims[0], dims[-1] + 1)) else 0
    return (*rest[:at], *common, *rest[at:])


def _key(indices: Indices) -> tuple:
    return tuple([slice(None) if i is None else i for i in indices])


def index(x: Array, *indices: Array | None) -> Array:
    """x at the indices, a copy."""
    try:
        if len(indices) == 1:
            return x.take(indices[0], axis=0)
        return array_namespace(x).asarray(x[_key(indices)])
    except IndexError:
        check_indices(x.shape, indices)
        raise


def index_put(x: Array, values: Array, accumulate: bool, *indices: Array | None) -> Array:
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
    xp.add.at(wide, _key(indices), values.astype(wide.dtype, copy=False))
    if wide is not x:
        x[...] = wide
    return x


def index_add_zeros(x: Array, shape: tuple[int, ...], *indices: Array | None) -> Array:
    """Zeros of a shape with x added at the indices."""
    out = array_namespace(x).zeros(shape, widen(x).dtype)
    return index_put(out, x, True, *indices).astype(x.dtype, copy=False)
