"""Sums at indices in C++."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from ... import _core
from ..._core import native as _native
from ..base import index as _base
from ..base._xp import Array, widen


def index_add_zeros(x: Array, shape: tuple[int, ...], *indices: Any) -> Array:
    """Zeros of a shape with x added at the indices, as in base."""
    first = indices[0]
    if len(indices) == 1 and first.dtype != bool and first.size:
        rows = np.where(first < 0, first + shape[0], first).reshape(-1).astype(np.int64, copy=False)
        out = _core.zeros_array((shape[0], prod(shape[1:])), widen(x[:0] if x.ndim else x).dtype)
        if _native.index_add(out, 0, rows, np.ascontiguousarray(widen(x)).reshape(rows.size, -1)):
            return out.reshape(shape).astype(x.dtype, copy=False)
    return _base.index_add_zeros(x, shape, *indices)
