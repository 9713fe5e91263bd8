"""Running sums and products and the largest elements in C++: float32, float64, and half precision through float32."""

from __future__ import annotations

import numpy as np

from ..._core import native as _native
from ..base import sort as _base
from ..base._xp import Array, widen

_SUM, _PROD = range(2)  # enum fb_reduce_op of csrc/flambeau.h
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


def topk(x: Array, k: int, axis: int = -1, largest: bool = True, sorted: bool = True) -> tuple[Array, Array]:
    """(values, indices) of the k largest or smallest along axis, as in base; of equal elements the first ones."""
    if x.ndim and x.dtype.kind in "fV" and 0 < k * _FEW < x.shape[axis]:
        rows = np.ascontiguousarray(widen(np.moveaxis(x, axis, -1)))
        pair = _native.topk(rows, k, largest)
        if pair is not None:
            values, indices = (np.ascontiguousarray(np.moveaxis(a, -1, axis)) for a in pair)
            return values.astype(x.dtype, copy=False), indices
    return _base.topk(x, k, axis, largest, sorted)
