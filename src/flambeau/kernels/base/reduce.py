"""Base kernels of the reductions: one array in, `axis` None, an int or a tuple of ints."""

from __future__ import annotations

import numpy as np

from ._xp import Array, array_namespace, is_half, widen


def _sum_dtype(dtype):
    """What sums and products of a dtype are computed and returned in: int64 for bool and ints."""
    return np.dtype(np.int64) if dtype.kind in "biu" else dtype


def sum(x: Array, axis=None, keepdims: bool = False) -> Array:
    """The sum; ints and bools give int64."""
    xp = array_namespace(x)
    return xp.asarray(widen(x).sum(axis=axis, keepdims=keepdims, dtype=None if is_half(x.dtype) else _sum_dtype(x.dtype)),
                      dtype=_sum_dtype(x.dtype))  # fmt: skip


def mean(x: Array, axis=None, keepdims: bool = False) -> Array:
    """The arithmetic mean; NaN over no elements."""
    with np.errstate(all="ignore"):
        total = widen(x).sum(axis=axis, keepdims=keepdims)
        count = x.size // max(total.size, 1) if total.size else 0
        return array_namespace(x).asarray(total / total.dtype.type(count), dtype=x.dtype)
