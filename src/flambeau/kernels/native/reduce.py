"""Reductions in C++: sums in blocks of fixed size, so that results do not depend on the number of threads."""

from __future__ import annotations

import math

import numpy as np

from ... import _core
from ..._core import native as _native
from ..base import reduce as _base
from ..base._xp import Array, narrow, widen

_SUM, _PROD, _MAX, _MIN = range(4)  # enum fb_reduce_op of csrc/flambeau.h
_reduce = _core.reduce_array


def sum(x: Array, axis: _base.Axes = None, keepdims: bool = False) -> Array:
    """The sum, as in base."""
    out = _reduce(_SUM, x, axis, keepdims)
    return _base.sum(x, axis, keepdims) if out is None else out


def prod(x: Array, axis: _base.Axes = None, keepdims: bool = False) -> Array:
    """The product, as in base."""
    out = _reduce(_PROD, x, axis, keepdims)
    return _base.prod(x, axis, keepdims) if out is None else out


def mean(x: Array, axis: _base.Axes = None, keepdims: bool = False) -> Array:
    """The arithmetic mean, as in base."""
    out = _reduce(_SUM, x, axis, keepdims) if x.dtype.kind == "f" and x.size else None
    return _base.mean(x, axis, keepdims) if out is None else _core.divide_by(out, x.size / max(out.size, 1))


def _last_axes(x: Array, axis: _base.Axes) -> int | None:
    """How many axes are reduced where these are the last ones; otherwise None."""
    if axis is None:
        return x.ndim
    axes = sorted(a % x.ndim for a in (axis if isinstance(axis, tuple) else (axis,)))
    return len(axes) if axes == [*range(x.ndim - len(axes), x.ndim)] else None


@np.errstate(all="ignore")
def var(x: Array, axis: _base.Axes = None, correction: float = 1, keepdims: bool = False) -> Array:
    """sum(|x - mean|^2) / max(count - correction, 0), as in base; of the last axes in two passes over each row."""
    last = _last_axes(x, axis) if x.ndim and x.size and x.dtype.kind in "fV" else None
    if last is None:
        return _base.var(x, axis, correction, keepdims)
    shape, wide = x.shape[: x.ndim - last], np.asarray(widen(x), order="C")
    rows = math.prod(shape)
    n = x.size // rows
    if rows == 1:  # which all threads share
        biased = np.asarray(_native.sum_of_squares(wide, float(mean(wide))) / n, wide.dtype)
    else:
        biased = _native.channel_moments(wide, 1, rows, n)[1]
    unbiased = biased * wide.dtype.type(np.float64(n) / max(n - correction, 0))
    return narrow(np.asarray(unbiased).reshape((*shape, *(1,) * (last if keepdims else 0))), x.dtype)


def std(x: Array, axis: _base.Axes = None, correction: float = 1, keepdims: bool = False) -> Array:
    """The square root of var, as in base."""
    if x.dtype.kind == "c":
        return _base.std(x, axis, correction, keepdims)
    return narrow(np.asarray(np.sqrt(var(widen(x), axis, correction, keepdims))), x.dtype)


@np.errstate(over="ignore")
def vector_norm(x: Array, p: float = 2, axis: _base.Axes = None, keepdims: bool = False) -> Array:
    """sum(|x|^p)^(1/p) and its limits, as in base; the squares of all elements are added up in one pass."""
    total = _native.sum_of_squares(x, 0) if p == 2 and axis is None and not keepdims else None
    return _base.vector_norm(x, p, axis, keepdims) if total is None else np.asarray(math.sqrt(total), x.dtype)


def amax(x: Array, axis: _base.Axes = None, keepdims: bool = False) -> Array:
    """The largest element, as in base."""
    out = _reduce(_MAX, x, axis, keepdims)
    return _base.amax(x, axis, keepdims) if out is None else out


def amin(x: Array, axis: _base.Axes = None, keepdims: bool = False) -> Array:
    """The smallest element, as in base."""
    out = _reduce(_MIN, x, axis, keepdims)
    return _base.amin(x, axis, keepdims) if out is None else out
