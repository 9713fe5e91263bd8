"""Picking by index, and putting back, in C++: elements and slices of any dtype; sums into them of float32, float64,
int64 and, computed in float32, of half precision."""

from __future__ import annotations

import numpy as np

from ..._core import native as _native
from ..base import select as _base
from ..base._xp import Array, widen

_Scalar = _base.Scalar


def gather(x: Array, axis: int, index: Array) -> Array:
    """Elements of x along axis, as in base."""
    y = _native.gather(x, axis % x.ndim, index, False) if x.ndim and index.ndim else None
    return _base.gather(x, axis, index) if y is None else y


def take_along_axis(x: Array, index: Array, axis: int | None = None) -> Array:
    """gather where negative numbers count from the end, as in base."""
    y = None if axis is None or not x.ndim or not index.ndim else _native.gather(x, axis % x.ndim, index, True)
    return _base.take_along_axis(x, index, axis) if y is None else y


def index_select(x: Array, axis: int, index: Array) -> Array:
    """The slices of x along axis that the 1-D index names, as in base."""
    y = _native.take(x, axis % x.ndim, index) if x.ndim and index.ndim else None
    return _base.index_select(x, axis, index) if y is None else y


def scatter(x: Array, axis: int, index: Array, src: Array | _Scalar) -> Array:
    """gather's inverse, as in base."""
    if x.ndim and index.ndim:
        if not isinstance(src, np.ndarray) or not src.ndim:
            with np.errstate(all="ignore"):
                values = np.asarray(src).astype(x.dtype, copy=False)
        elif src.shape == index.shape:
            values = np.ascontiguousarray(src, x.dtype)
        else:
            values = np.ascontiguousarray(_base._source(src, index), x.dtype)
        out = _native.fresh(x)
        if _native.scatter(out, axis % x.ndim, index, values):
            return out
    return _base.scatter(x, axis, index, src)


def scatter_add(x: Array, axis: int, index: Array, src: Array | _Scalar) -> Array:
    """Adds src at gather's positions, as in base."""
    if x.ndim and index.ndim and isinstance(src, np.ndarray) and src.shape == index.shape:
        out = _native.fresh(widen(x))
        if _native.scatter_add(out, axis % x.ndim, index, np.ascontiguousarray(src, out.dtype)):
            return out.astype(x.dtype, copy=False)
    return _base.scatter_add(x, axis, index, src)


def index_add(x: Array, axis: int, index: Array, src: Array, alpha: _Scalar = 1) -> Array:
    """Adds alpha * src's slices along axis to those that the 1-D index names, as in base."""
    if x.ndim and index.ndim and src.ndim:
        out = _native.fresh(widen(x))
        values = widen(src) if alpha == 1 else widen(src) * alpha
        if _native.index_add(out, axis % x.ndim, index, np.ascontiguousarray(values, out.dtype)):
            return out.astype(x.dtype, copy=False)
    return _base.index_add(x, axis, index, src, alpha)


def masked_fill(x: Array, mask: Array, value: Array | _Scalar) -> Array:
    """value where mask is true and x elsewhere, as in base."""
    with np.errstate(all="ignore"):
        number = np.asarray(value).astype(x.dtype, copy=False)
    y = _native.where(mask.astype(bool, copy=False), number, x)
    return _base.masked_fill(x, mask, value) if y is None else y
