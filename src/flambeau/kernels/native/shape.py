"""Copies in another dtype, between floats; joins of many arrays in C++."""

from __future__ import annotations

import numpy as np

from ... import _core
from ..._core import native as _native
from ..base import shape as _base
from ..base._xp import Array
from ..base._xp import is_half as _is_half


def cast(x: Array, dtype: np.dtype) -> Array:
    """A copy in another dtype that keeps the order of dimensions in memory."""
    by_way_of_float32 = x.dtype == np.float64 and dtype.kind == "V"  # so PyTorch rounds to bfloat16
    if _is_float(x.dtype) and _is_float(dtype) and not by_way_of_float32:
        return _core.cast(x, _core.code_of(dtype))
    return _base.cast(x, dtype)


def _is_float(dtype):
    return dtype.kind == "f" or _is_half(dtype)


def concatenate(arrays: list[Array], axis: int) -> Array:
    """Arrays of one dtype joined along an axis, as in base."""
    out = _native.join(arrays, axis % max(arrays[0].ndim, 1), False)
    return _base.concatenate(arrays, axis) if out is None else out


def stack(arrays: list[Array], axis: int) -> Array:
    """Arrays of one shape and dtype joined along a new axis, as in base."""
    out = _native.join(arrays, axis, True)
    return _base.stack(arrays, axis) if out is None else out
