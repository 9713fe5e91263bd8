"""What all base kernels share: the array library of an argument, the computing type of half precision."""

from __future__ import annotations

from typing import Any

import numpy as np

from ... import _core
from ...dtype import float32

Array = Any  # numpy.ndarray, or the array of a GPU


def array_namespace(x: Array) -> Any:
    """The library that x belongs to: numpy, or what `add_library` was told of its type."""
    return np if isinstance(x, (np.ndarray, np.generic)) else _libraries[type(x)]


_libraries: dict[type, Any] = {}


def add_library(array_type: type, library: Any) -> None:
    """Says which functions, by NumPy's names, work on arrays of a type. Beside NumPy's the library has `special`, a
    namespace with erf and erfc, and `errstate(linalg="raise")`."""
    _libraries[array_type] = library


def is_half(dtype: np.dtype) -> bool:
    """Whether dtype is float16 or bfloat16 (which NumPy knows as an unstructured 2-byte void)."""
    return dtype.itemsize == 2 and dtype.kind in "fV"


def widen(x: Array) -> Array:
    """x in the type that kernels compute in: float32 for the half types, otherwise x itself."""
    if not is_half(x.dtype):
        return x
    return _core.cast(x, float32.code) if isinstance(x, np.ndarray) else x.astype(np.float32)


def narrow(x: Array, dtype: np.dtype) -> Array:
    """x, computed from widened arrays, in dtype; x itself where it has that. Too large numbers become infinite."""
    if isinstance(x, np.ndarray) and is_half(dtype) and x.dtype != dtype:
        return _core.cast(x, _core.code_of(dtype))
    return x.astype(dtype, copy=False)


# What NumPy has in one call and CuPy does not have at all, or not for every dtype.


def grid(xp: Any, shape: tuple[int, ...]) -> list[Array]:
    """The index arrays of all elements of a shape, one per axis, that broadcast to the shape."""
    return [xp.arange(n).reshape(-1, *(1,) * (len(shape) - 1 - d)) for d, n in enumerate(shape)]


def extreme(x: Array, name: str, axis: Any, keepdims: bool, empty: float) -> Array:
    """x.max or x.min (`name`) over axis; `empty` where there are no elements."""
    axes = range(x.ndim) if axis is None else [a % x.ndim for a in (axis if isinstance(axis, tuple) else (axis,))]
    if any(x.shape[a] == 0 for a in axes):
        kept = [1 if d in axes else n for d, n in enumerate(x.shape) if keepdims or d not in axes]
        return array_namespace(x).full(tuple(kept), empty, x.dtype)
    return getattr(x, name)(axis=axis, keepdims=keepdims)


def add_at(x: Array, key: Any, values: Array) -> None:
    """x[key] += values, in place, where positions that occur several times add up. Both are of one dtype."""
    xp = array_namespace(x)
    if xp is np:
        np.add.at(x, key, values)
    elif x.dtype.kind == "c":
        add_at(x.real, key, values.real)
        add_at(x.imag, key, values.imag)
    elif x.dtype == np.int64:  # the unsigned sum has the same bits
        xp.add.at(x.view(np.uint64), key, values.view(np.uint64))
    elif x.dtype.kind in "biu" and x.itemsize < 4:
        wide = x.astype(np.int32)
        xp.add.at(wide, key, values.astype(np.int32))
        x[...] = wide.astype(x.dtype)
    else:
        xp.add.at(x, key, values)


def reduce_at(name: str, x: Array, flat: Array, values: Array) -> None:
    """x[flat] = ufunc(x[flat], values) in place for 1-D arrays; positions that occur several times, one after the
    other."""
    xp = array_namespace(x)
    ufunc = getattr(xp, name)
    if xp is np:
        ufunc.at(x, flat, values)
    elif name == "add":
        add_at(x, flat, values)
    elif flat.size:
        order = xp.argsort(flat)
        ranked = flat[order]
        rank = xp.arange(flat.size) - xp.searchsorted(ranked, ranked)  # how often the position came before
        for r in range(int(rank.max()) + 1):
            chosen = order[rank == r]
            places = flat[chosen]
            x[places] = ufunc(x[places], values[chosen])


def running(name: str, x: Array, axis: int) -> Array:
    """ufunc.accumulate of an associative ufunc."""
    xp = array_namespace(x)
    ufunc = getattr(xp, name)
    if xp is np:
        return ufunc.accumulate(x, axis=axis)
    y, step = xp.moveaxis(x.copy(), axis, 0), 1
    while step < y.shape[0]:  # each element then combines the 2 step last ones
        y[step:] = ufunc(y[:-step], y[step:])
        step *= 2
    return xp.moveaxis(y, 0, axis)


# Where a device has no such computation: through the host, explicitly.


def to_host(x: Array) -> np.ndarray:
    """x in host memory."""
    return x if isinstance(x, np.ndarray) else x.get()


def from_host(values: np.ndarray, like: Array) -> Array:
    """values on the device of `like`."""
    return array_namespace(like).asarray(values)
