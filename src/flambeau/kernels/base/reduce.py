"""Base kernels of the reductions: one array in, `axis` None (all), an int or a tuple of ints.

Half precision is summed in float32 and rounded once. A result without axes may be a NumPy scalar.
"""

from __future__ import annotations

import math

import numpy as np

from ..._core import strided_view
from ._xp import Array, array_namespace, extreme, is_half, widen

Axes = int | tuple[int, ...] | None


def _sum_dtype(dtype):
    """What sums and products of a dtype are computed and returned in: int64 for bool and ints."""
    return np.dtype(np.int64) if dtype.kind in "biu" else dtype


def _count(x: Array, axis: Axes) -> int:
    """How many elements of x go into one result."""
    if axis is None:
        return x.size
    axes = axis if isinstance(axis, tuple) else (axis,)
    return math.prod(x.shape[a] for a in axes)


def sum(x: Array, axis: Axes = None, keepdims: bool = False) -> Array:
    """The sum; ints and bools give int64."""
    dtype = x.dtype
    with np.errstate(all="ignore"):
        if is_half(dtype):
            return array_namespace(x).asarray(widen(x).sum(axis=axis, keepdims=keepdims), dtype=dtype)
        return x.sum(axis, _sum_dtype(dtype), None, keepdims)


def prod(x: Array, axis: Axes = None, keepdims: bool = False) -> Array:
    """The product; ints and bools give int64."""
    xp, dtype = array_namespace(x), _sum_dtype(x.dtype)
    with np.errstate(all="ignore"):
        total = widen(x).prod(axis=axis, keepdims=keepdims, dtype=None if is_half(x.dtype) else dtype)
        return xp.asarray(total, dtype=dtype)


def mean(x: Array, axis: Axes = None, keepdims: bool = False) -> Array:
    """The arithmetic mean; NaN over no elements."""
    with np.errstate(all="ignore"):
        total = widen(x).sum(axis=axis, keepdims=keepdims)
        average = total / total.dtype.type(_count(x, axis))
        return array_namespace(x).asarray(average, dtype=x.dtype) if is_half(x.dtype) else average


def var(x: Array, axis: Axes = None, correction: float = 1, keepdims: bool = False) -> Array:
    """sum(|x - mean|^2) / max(count - correction, 0); real for complex x."""
    xp, wide = array_namespace(x), widen(x)
    real = wide.real.dtype
    with np.errstate(all="ignore"):
        d = wide - wide.sum(axis=axis, keepdims=True) / real.type(_count(x, axis))
        square = d.real * d.real + d.imag * d.imag if d.dtype.kind == "c" else d * d
        total = square.sum(axis=axis, keepdims=keepdims) / real.type(max(_count(x, axis) - correction, 0))
        return xp.asarray(total, dtype=x.dtype if is_half(x.dtype) else real)


def std(x: Array, axis: Axes = None, correction: float = 1, keepdims: bool = False) -> Array:
    """The square root of var."""
    xp = array_namespace(x)
    v = var(widen(x), axis, correction, keepdims)
    return xp.asarray(xp.sqrt(v), dtype=x.dtype if is_half(x.dtype) else v.dtype)


def vector_norm(x: Array, p: float = 2, axis: Axes = None, keepdims: bool = False) -> Array:
    """sum(|x|^p)^(1/p); the largest |x| for p = inf, the smallest for -inf, the number of nonzeros for 0."""
    xp = array_namespace(x)
    with np.errstate(all="ignore"):
        a = xp.abs(widen(x))
        dtype = x.dtype if is_half(x.dtype) else a.dtype
        if p == math.inf:
            y = extreme(a, "max", axis, keepdims, 0)
        elif p == -math.inf:
            y = extreme(a, "min", axis, keepdims, math.inf)
        elif p == 0:
            y = (a != 0).sum(axis=axis, keepdims=keepdims)
        elif p == 1:
            y = a.sum(axis=axis, keepdims=keepdims)
        elif p == 2:
            y = xp.sqrt((a * a).sum(axis=axis, keepdims=keepdims))
        else:
            y = (a**p).sum(axis=axis, keepdims=keepdims) ** (1 / p)
        return xp.asarray(y, dtype=dtype)


def amax(x: Array, axis: Axes = None, keepdims: bool = False) -> Array:
    """The largest element; NaN if there is one."""
    return array_namespace(x).asarray(widen(x).max(axis=axis, keepdims=keepdims), dtype=x.dtype)


def amin(x: Array, axis: Axes = None, keepdims: bool = False) -> Array:
    """The smallest element; NaN if there is one."""
    return array_namespace(x).asarray(widen(x).min(axis=axis, keepdims=keepdims), dtype=x.dtype)


def _truth(x: Array, name: str, axis: Axes, keepdims: bool) -> Array:
    xp = array_namespace(x)
    true = x if x.dtype.kind == "b" else x != 0
    return xp.asarray(
        getattr(true, name)(axis=axis, keepdims=keepdims), dtype=np.uint8 if x.dtype == np.uint8 else bool
    )


def all(x: Array, axis: Axes = None, keepdims: bool = False) -> Array:
    """Whether every element is nonzero (NaN is): bool, or uint8 for uint8."""
    return _truth(x, "all", axis, keepdims)


def any(x: Array, axis: Axes = None, keepdims: bool = False) -> Array:
    """Whether some element is nonzero (NaN is): bool, or uint8 for uint8."""
    return _truth(x, "any", axis, keepdims)


def count_nonzero(x: Array, axis: Axes = None) -> Array:
    """The number of elements that are not zero, int64."""
    xp = array_namespace(x)
    return xp.asarray((x != 0).sum(axis=axis), dtype=np.int64)


def spread(x: Array, shape: tuple[int, ...], axis: Axes = None, keepdims: bool = False) -> Array:
    """A reduction backwards: x, reduced over axis from this shape, repeated to it (a view with steps of 0)."""
    on_cpu = isinstance(x, np.ndarray)  # where broadcast_to costs several times as much as the view itself
    if axis is None and on_cpu:
        return strided_view(x, shape, (0,) * len(shape), 0)
    axes = range(len(shape)) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    if on_cpu:
        steps = iter(x.strides)
        strides = [_next_step(steps, keepdims) if a in axes else next(steps) for a in range(len(shape))]
        return strided_view(x, shape, strides, 0)
    if not keepdims:
        x = x.reshape([1 if a in axes else n for a, n in enumerate(shape)])
    return array_namespace(x).broadcast_to(x, shape)


def _next_step(steps, kept: bool) -> int:
    """The step along a reduced axis, which x still has when it was kept."""
    if kept:
        next(steps)
    return 0


def bincount(x: Array, weights: Array | None = None, minlength: int = 0) -> Array:
    """How often (or with which total weight) each of 0, 1, ... occurs in a 1-D array of checked values."""
    xp = array_namespace(x)
    if weights is None:
        return xp.bincount(x, minlength=minlength).astype(np.int64, copy=False)
    dtype = np.float32 if weights.dtype == np.float32 else np.float64
    return xp.bincount(x, widen(weights), minlength).astype(dtype, copy=False)


def histc(x: Array, bins: int, low: float, high: float) -> Array:
    """Counts of the elements in `bins` equal intervals of [low, high]; the last one includes high. In x's dtype.

    Where low equals high, what equals them is counted in the middle.
    """
    xp = array_namespace(x)
    wide = widen(x).ravel()
    low, high = wide.dtype.type(low), wide.dtype.type(high)
    inside = wide[(wide >= low) & (wide <= high)]
    if low == high:
        place = xp.full(inside.shape, bins // 2)
    else:
        place = ((inside - low) * bins / (high - low)).astype(np.int64)
    return xp.bincount(xp.minimum(place, bins - 1), minlength=bins).astype(x.dtype)
