"""Searching, sorting, set and indexing functions of the array API standard."""

from typing import NamedTuple

import flambeau as fb

from ._array import as_int64, faced
from ._dtypes import as_arrays, axes_of, check_array

__all__ = [
    "argmax", "argmin", "argsort", "nonzero", "searchsorted", "sort", "take", "take_along_axis",
    "unique_all", "unique_counts", "unique_inverse", "unique_values", "where",
]  # fmt: skip


class UniqueAll(NamedTuple):
    """What unique_all gives."""

    values: fb.Tensor
    indices: fb.Tensor
    inverse_indices: fb.Tensor
    counts: fb.Tensor


class UniqueCounts(NamedTuple):
    """What unique_counts gives."""

    values: fb.Tensor
    counts: fb.Tensor


class UniqueInverse(NamedTuple):
    """What unique_inverse gives."""

    values: fb.Tensor
    inverse_indices: fb.Tensor


def argmax(x, /, *, axis=None, keepdims=False):
    """argmax(x, axis=None, keepdims=False) -> int64 Tensor: where the (first) largest element along axis is."""
    return _argument(fb.argmax, "argmax", x, axis, keepdims)


def argmin(x, /, *, axis=None, keepdims=False):
    """argmin(x, axis=None, keepdims=False) -> int64 Tensor: where the (first) smallest element along axis is."""
    return _argument(fb.argmin, "argmin", x, axis, keepdims)


def _argument(function, name, x, axis, keepdims):
    axes_of(name, x, axis)
    if axis is None:
        result = function(x.reshape(-1), 0)
        return result.reshape((1,) * x.ndim) if keepdims else result
    return function(x, axis, keepdim=keepdims)


def argsort(x, /, *, axis=-1, descending=False, stable=True):
    """argsort(x, axis=-1, descending=False, stable=True) -> int64 Tensor: the indices that sort x along axis."""
    (axis,) = axes_of("argsort", x, axis)
    return fb.argsort(x, axis, descending, stable=stable)


def sort(x, /, *, axis=-1, descending=False, stable=True):
    """sort(x, axis=-1, descending=False, stable=True) -> Tensor: the elements in order along axis."""
    (axis,) = axes_of("sort", x, axis)
    return fb.sort(x, axis, descending, stable=stable)[0]


def nonzero(x, /):
    """nonzero(x) -> tuple of int64 Tensors, one per dimension: where the nonzero elements are."""
    check_array("nonzero", x)
    if x.ndim == 0:
        raise ValueError("nonzero(): expected a Tensor of one or more dimensions, got a 0-dim one")
    return tuple(fb.nonzero(x).unbind(1))


def searchsorted(x1, x2, /, *, side="left", sorter=None):
    """searchsorted(x1, x2, side='left', sorter=None) -> int64 Tensor: where to insert x2 into the sorted 1-D x1, before
    ('left') or after ('right') equal elements; x1 is sorted by the indices sorter, if given."""
    check_array("searchsorted", x1)
    if side not in ("left", "right"):
        raise ValueError(f"searchsorted(): side must be 'left' or 'right', got {side!r}")
    x1, x2 = as_arrays("searchsorted", x1, x2)
    if sorter is not None:
        x1 = x1[as_int64(sorter)]
    return fb.searchsorted(x1, x2, side=side)


def where(condition, x1, x2, /):
    """where(condition, x1, x2) -> Tensor: elements of x1 where condition is true, else of x2; broadcast. One of x1 and
    x2 may be a number."""
    check_array("where", condition)
    return fb.where(condition, *as_arrays("where", x1, x2))


def take(x, indices, /, *, axis=None):
    """take(x, indices, axis=None) -> Tensor: the slices of x along axis at the indices. The axis may be left out for
    1-D Tensors."""
    check_array("take", x, indices)
    if axis is None and x.ndim != 1:
        raise ValueError(f"take(): axis is needed for a Tensor of {x.ndim} dimensions")
    (axis,) = axes_of("take", x, 0 if axis is None else axis)
    return x[(slice(None),) * axis + (as_int64(indices),)]


def take_along_axis(x, indices, /, *, axis=-1):
    """take_along_axis(x, indices, axis=-1) -> Tensor: at each place of indices, that element of x along axis."""
    check_array("take_along_axis", x, indices)
    (axis,) = axes_of("take_along_axis", x, axis)
    if indices.ndim != x.ndim:
        raise ValueError(f"take_along_axis(): indices must have {x.ndim} dimensions, got {indices.ndim}")
    indices = as_int64(indices)
    return fb.take_along_dim(x, fb.where(indices < 0, indices + x.shape[axis], indices), axis)


def unique_all(x, /):
    """unique_all(x) -> (values, indices, inverse_indices, counts): the distinct elements of x, where each is first,
    which of them each element is, how often it occurs. Each NaN is distinct."""
    check_array("unique_all", x)
    values, inverse, counts = fb.unique(x, return_inverse=True, return_counts=True)
    order = fb.argsort(inverse.reshape(-1), stable=True)
    return UniqueAll(values, order[fb.cumsum(counts, 0) - counts], inverse.reshape(x.shape), counts)


def unique_counts(x, /):
    """unique_counts(x) -> (values, counts): the distinct elements of x, how often each occurs. Each NaN is distinct."""
    check_array("unique_counts", x)
    return UniqueCounts(*fb.unique(x, return_counts=True))


def unique_inverse(x, /):
    """unique_inverse(x) -> (values, inverse_indices): the distinct elements of x, and which of them each element is."""
    check_array("unique_inverse", x)
    values, inverse = fb.unique(x, return_inverse=True)
    return UniqueInverse(values, inverse.reshape(x.shape))


def unique_values(x, /):
    """unique_values(x) -> 1-D Tensor: the distinct elements of x. Each NaN is distinct."""
    check_array("unique_values", x)
    return fb.unique(x)


faced(__all__, globals())
