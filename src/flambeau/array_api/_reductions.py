"""Statistical and utility functions of the array API standard."""

import flambeau as fb

from ._array import faced
from ._dtypes import UNSIGNED, axes_of, check_array, check_dtype

__all__ = [
    "all", "any", "count_nonzero", "cumulative_prod", "cumulative_sum", "diff", "max", "mean", "min",
    "prod", "std", "sum", "var",
]  # fmt: skip


def _widened(x, dtype):
    """The dtype of a sum or product: for ints and bools the widest of their kind."""
    if dtype is None and x.dtype in UNSIGNED:
        return fb.uint64
    if dtype is None:
        return fb.int64 if x.dtype.category in ("bool", "int") else x.dtype
    check_dtype("sum", dtype)
    return dtype


def _reduced(x, axes, keepdims):
    """The shape of x reduced over axes."""
    return [1 if d in axes else n for d, n in enumerate(x.shape) if keepdims or d not in axes]


def all(x, /, *, axis=None, keepdims=False):
    """all(x, axis=None, keepdims=False) -> bool Tensor: whether all elements along axis are nonzero."""
    return _truth(fb.all, "all", x, axis, keepdims)


def any(x, /, *, axis=None, keepdims=False):
    """any(x, axis=None, keepdims=False) -> bool Tensor: whether an element along axis is nonzero."""
    return _truth(fb.any, "any", x, axis, keepdims)


def _truth(function, name, x, axis, keepdims):
    axes = axes_of(name, x, axis)
    x = x if x.dtype is fb.bool else x != 0
    return function(x, axes, keepdim=keepdims) if axes else x.clone()


def count_nonzero(x, /, *, axis=None, keepdims=False):
    """count_nonzero(x, axis=None, keepdims=False) -> int64 Tensor: the number of nonzero elements along axis."""
    return sum(x != 0, axis=axis, keepdims=keepdims)


def sum(x, /, *, axis=None, dtype=None, keepdims=False):
    """sum(x, axis=None, dtype=None, keepdims=False) -> Tensor: the sum along axis; of ints int64, of unsigned ones
    uint64."""
    axes = axes_of("sum", x, axis)
    dtype = _widened(x, dtype)
    return fb.sum(x, axes, keepdim=keepdims, dtype=dtype) if axes else x.to(dtype, copy=True)


def prod(x, /, *, axis=None, dtype=None, keepdims=False):
    """prod(x, axis=None, dtype=None, keepdims=False) -> Tensor: the product along axis; of ints int64, of unsigned
    ones uint64."""
    axes = axes_of("prod", x, axis)
    dtype = _widened(x, dtype)
    result = x.to(dtype, copy=True)
    for a in axes:
        result = fb.prod(result, a, keepdim=True, dtype=dtype)
    return result.reshape(_reduced(x, axes, keepdims))


def mean(x, /, *, axis=None, keepdims=False):
    """mean(x, axis=None, keepdims=False) -> Tensor: the arithmetic mean along axis, of floats or complex numbers."""
    axes = axes_of("mean", x, axis)
    return fb.mean(x, axes, keepdim=keepdims) if axes else x.clone()


def var(x, /, *, axis=None, correction=0.0, keepdims=False):
    """var(x, axis=None, correction=0.0, keepdims=False) -> Tensor: the variance along axis, with the divisor
    N - correction."""
    axes = axes_of("var", x, axis)
    if not axes:
        return x * 0 / (1 - correction) if correction < 1 else fb.full_like(x, fb.nan)
    return fb.var(x, axes, correction=correction, keepdim=keepdims)


def std(x, /, *, axis=None, correction=0.0, keepdims=False):
    """std(x, axis=None, correction=0.0, keepdims=False) -> Tensor: sqrt(var)."""
    axes = axes_of("std", x, axis)
    if not axes:
        return var(x, axis=axis, correction=correction)
    return fb.std(x, axes, correction=correction, keepdim=keepdims)


def max(x, /, *, axis=None, keepdims=False):
    """max(x, axis=None, keepdims=False) -> Tensor: the largest element along axis; NaN if there is one."""
    axes = axes_of("max", x, axis)
    return fb.amax(x, axes, keepdim=keepdims) if axes else x.clone()


def min(x, /, *, axis=None, keepdims=False):
    """min(x, axis=None, keepdims=False) -> Tensor: the smallest element along axis; NaN if there is one."""
    axes = axes_of("min", x, axis)
    return fb.amin(x, axes, keepdim=keepdims) if axes else x.clone()


def cumulative_sum(x, /, *, axis=None, dtype=None, include_initial=False):
    """cumulative_sum(x, axis=None, dtype=None, include_initial=False) -> Tensor: the running sum; with the 0 that it
    starts from if include_initial. The axis may be left out for 1-D Tensors."""
    return _running(fb.cumsum, "cumulative_sum", fb.zeros, x, axis, dtype, include_initial)


def cumulative_prod(x, /, *, axis=None, dtype=None, include_initial=False):
    """cumulative_prod(x, axis=None, dtype=None, include_initial=False) -> Tensor: the running product; with the 1 that
    it starts from if include_initial. The axis may be left out for 1-D Tensors."""
    return _running(fb.cumprod, "cumulative_prod", fb.ones, x, axis, dtype, include_initial)


def _running(function, name, initial, x, axis, dtype, include_initial):
    check_array(name, x)
    if x.ndim == 0 or (axis is None and x.ndim > 1):
        raise ValueError(f"{name}(): axis is needed for a Tensor of {x.ndim} dimensions" if x.ndim else
                         f"{name}(): expected a Tensor of one or more dimensions, got a 0-dim one")  # fmt: skip
    (axis,) = axes_of(name, x, 0 if axis is None else axis)
    dtype = _widened(x, dtype)
    result = function(x, axis, dtype=dtype)
    if include_initial:
        shape = [1 if d == axis else n for d, n in enumerate(x.shape)]
        result = fb.cat((initial(shape, dtype=dtype, device=x.device), result), axis)
    return result


def diff(x, /, *, axis=-1, n=1, prepend=None, append=None):
    """diff(x, axis=-1, n=1, prepend=None, append=None) -> Tensor: the n-th difference of neighbours along axis."""
    (axis,) = axes_of("diff", x, axis)
    parts = [p for p in (prepend, x, append) if p is not None]
    check_array("diff", *parts)
    result = fb.cat(parts, axis) if len(parts) > 1 else x
    for _ in range(n):
        after, before = result.narrow(axis, 1, result.shape[axis] - 1) if result.shape[axis] else result, None
        before = result.narrow(axis, 0, after.shape[axis])
        result = after ^ before if result.dtype is fb.bool else after - before
    return result if n else result.clone()


faced(__all__, globals())
