"""Order in C++, of all dtypes but the complex ones; running sums and products, and the largest elements, of float32,
float64, and half precision through float32."""

from __future__ import annotations

import numpy as np

from ..._core import native as _native
from ..base import sort as _base
from ..base._xp import Array, narrow, widen

_SUM, _PROD, _MAX, _MIN = range(4)  # enum fb_reduce_op of csrc/flambeau.h
_KTH, _MEDIAN, _NANMEDIAN = range(3)  # enum fb_rank
_FEW = 4  # topk of less than one in so many elements keeps a heap of them


def _running(op: int, x: Array, axis: int, dtype: np.dtype | None) -> Array | None:
    if dtype is None:
        dtype = np.dtype(np.int64) if x.dtype.kind in "biu" else x.dtype
    if not x.ndim:
        return None
    out = _native.scan(op, np.ascontiguousarray(widen(x.astype(dtype, copy=False))), axis)
    return None if out is None else out.astype(dtype, copy=False)


@np.errstate(all="ignore")
def cumsum(x: Array, axis: int, dtype: np.dtype | None = None) -> Array:
    """Running sum along axis, as in base."""
    out = _running(_SUM, x, axis, dtype)
    return _base.cumsum(x, axis, dtype) if out is None else out


@np.errstate(all="ignore")
def cumprod(x: Array, axis: int, dtype: np.dtype | None = None) -> Array:
    """Running product along axis, as in base."""
    out = _running(_PROD, x, axis, dtype)
    return _base.cumprod(x, axis, dtype) if out is None else out


def sort(x: Array, axis: int = -1, descending: bool = False, stable: bool = True) -> tuple[Array, Array]:
    """(values, indices) in order along axis, as in base."""
    pair = _native.sort(np.ascontiguousarray(x), axis % x.ndim, descending) if x.ndim else None
    return _base.sort(x, axis, descending, stable) if pair is None else pair


def _extreme(op: int, x: Array, axis: int | None, keepdims: bool) -> tuple[Array, Array] | None:
    """_native.extreme of a contiguous copy, of half precision by way of float32; None for the last axis."""
    if axis is None or axis % max(x.ndim, 1) == x.ndim - 1 or not x.ndim:
        return None
    pair = _native.extreme(op, np.ascontiguousarray(widen(x)), axis % x.ndim)
    if pair is None:
        return None
    values, indices = narrow(pair[0], x.dtype), pair[1]
    return (np.expand_dims(values, axis), np.expand_dims(indices, axis)) if keepdims else (values, indices)


def max_along(x: Array, axis: int, keepdims: bool = False) -> tuple[Array, Array]:
    """(maximum, index) along axis, as in base."""
    return _extreme(_MAX, x, axis, keepdims) or _base.max_along(x, axis, keepdims)


def min_along(x: Array, axis: int, keepdims: bool = False) -> tuple[Array, Array]:
    """(minimum, index) along axis, as in base."""
    return _extreme(_MIN, x, axis, keepdims) or _base.min_along(x, axis, keepdims)


def argmax(x: Array, axis: int | None = None, keepdims: bool = False) -> Array:
    """Index of the largest element along axis, as in base."""
    pair = _extreme(_MAX, x, axis, keepdims)
    return _base.argmax(x, axis, keepdims) if pair is None else pair[1]


def argmin(x: Array, axis: int | None = None, keepdims: bool = False) -> Array:
    """Index of the smallest element along axis, as in base."""
    pair = _extreme(_MIN, x, axis, keepdims)
    return _base.argmin(x, axis, keepdims) if pair is None else pair[1]


def _ranked(which: int, x: Array, axis: int, keepdims: bool, k: int = 0) -> tuple[Array, Array] | None:
    """_native.rank, with the axis kept as one of size 1 if wanted."""
    pair = _native.rank(which, np.ascontiguousarray(x), axis % x.ndim, k) if x.ndim else None
    if pair is None or not keepdims:
        return pair
    return np.expand_dims(pair[0], axis), np.expand_dims(pair[1], axis)


def kthvalue(x: Array, k: int, axis: int = -1, keepdims: bool = False) -> tuple[Array, Array]:
    """(value, index) of the k-th smallest along axis, as in base."""
    return _ranked(_KTH, x, axis, keepdims, k - 1) or _base.kthvalue(x, k, axis, keepdims)


def median_along(x: Array, axis: int, keepdims: bool = False) -> tuple[Array, Array]:
    """(median, index) along axis, as in base."""
    return _ranked(_MEDIAN, x, axis, keepdims) or _base.median_along(x, axis, keepdims)


def nanmedian_along(x: Array, axis: int, keepdims: bool = False) -> tuple[Array, Array]:
    """(median of what is not NaN, index) along axis, as in base."""
    return _ranked(_NANMEDIAN, x, axis, keepdims) or _base.nanmedian_along(x, axis, keepdims)


def median(x: Array) -> Array:
    """The median of all elements, as in base."""
    return median_along(x.reshape(-1), 0)[0] if x.size else _base.median(x)


def nanmedian(x: Array) -> Array:
    """The median of all elements that are not NaN, as in base."""
    return nanmedian_along(x.reshape(-1), 0)[0] if x.size else _base.nanmedian(x)


def unique(x: Array, axis: int | None = None) -> tuple[Array, Array, Array]:
    """(values, inverse, counts) of the distinct elements or slices, as in base."""
    triple = _native.unique(np.asarray(x, order="C")) if axis is None or x.ndim == 1 else None
    return _base.unique(x, axis) if triple is None else triple


def topk(x: Array, k: int, axis: int = -1, largest: bool = True, sorted: bool = True) -> tuple[Array, Array]:
    """(values, indices) of the k largest or smallest along axis, as in base; of equal elements the first ones."""
    if not x.ndim or not 0 < k <= x.shape[axis] or x.dtype.kind == "c":
        return _base.topk(x, k, axis, largest, sorted)
    if x.dtype.kind in "fV" and k * _FEW < x.shape[axis]:
        rows = np.ascontiguousarray(widen(np.moveaxis(x, axis, -1)))
        pair = _native.topk(rows, k, largest)
        if pair is not None:
            values, indices = (np.ascontiguousarray(np.moveaxis(a, -1, axis)) for a in pair)
            return values.astype(x.dtype, copy=False), indices
    first = (slice(None),) * (axis % x.ndim) + (slice(k),)
    values, indices = sort(x, axis, largest)
    return np.ascontiguousarray(values[first]), np.ascontiguousarray(indices[first])
