"""Picking elements by index or mask, and putting them back.

An index is an integer array. Where a kernel is said to check it, a negative number is out of range too.
A 0-dim x counts as one element along axis 0. Kernels that write return a changed copy of x.
"""

from __future__ import annotations

import numpy as np

from ._xp import Array, add_at, array_namespace, reduce_at, widen

Scalar = bool | int | float | complex


class IndexOutOfBounds(IndexError, RuntimeError):
    """An index outside its dimension: an IndexError that code catching PyTorch's RuntimeError catches too."""


def _check_range(index: Array, size: int, axis: int) -> None:
    bad = (index < 0) | (index >= size)
    if bad.any():
        value = int(index[bad].reshape(-1)[0])
        raise IndexOutOfBounds(f"index {value} is out of bounds for dimension {axis} with size {size}")


def _check_rows(index: Array, size: int) -> None:
    if ((index < 0) | (index >= size)).any():
        raise IndexError("index out of range in self")


def _axes_of_one(*arrays: Array) -> list[Array]:
    return [a if a.ndim else a.reshape(1) for a in arrays]


def _flat(shape: tuple[int, ...], axis: int, index: Array) -> Array:
    """Where in a contiguous array of this shape the elements lie that index names along axis."""
    xp = array_namespace(index)
    flat, step = xp.zeros(index.shape, np.int64), 1
    for d in reversed(range(index.ndim)):
        along = index if d == axis else xp.arange(index.shape[d]).reshape(-1, *(1,) * (index.ndim - 1 - d))
        flat += along * step
        step *= shape[d]
    return flat


def _add_at(x: Array, flat: Array, src: Array) -> Array:
    """x with src added at flat positions; repeated positions sum up in the computing type."""
    out = widen(x).flatten()
    add_at(out, flat.ravel(), src.ravel().astype(out.dtype, copy=False))
    return out.reshape(x.shape).astype(x.dtype, copy=False)


# Along one axis, with an index as long as the result


def _prepare(x: Array, axis: int, index: Array) -> tuple[Array, int, Array]:
    """x and index with at least one axis, checked to fit; axis counted from the front."""
    x, index = _axes_of_one(x, index)
    if x.ndim != index.ndim:
        raise RuntimeError("Index tensor must have the same number of dimensions as input tensor")
    axis %= x.ndim
    large = [d for d, (i, n) in enumerate(zip(index.shape, x.shape, strict=True)) if d != axis and i > n]
    if large:
        raise RuntimeError(
            f"Size does not match at dimension {large[0]} expected index {list(index.shape)} "
            f"to be no larger than self {list(x.shape)} apart from dimension {axis}"
        )
    _check_range(index, x.shape[axis], axis)
    return x, axis, index


def _source(src: Array | Scalar, index: Array) -> Array | Scalar:
    """The part of src that index covers; a number stays one."""
    if isinstance(src, (int, float, complex)) or not src.ndim:
        return src
    if src.ndim != index.ndim or any(i > n for i, n in zip(index.shape, src.shape, strict=True)):
        raise RuntimeError(f"Expected index {list(index.shape)} to be no larger than src {list(src.shape)}")
    return src[tuple(slice(n) for n in index.shape)]


def gather(x: Array, axis: int, index: Array) -> Array:
    """y[i][j][k] = x[index[i][j][k]][j][k] for axis 0, and so on; y has index's shape.

    index may be shorter than x along the other axes. It is checked.
    """
    shape = index.shape
    x, axis, index = _prepare(x, axis, index)
    x = x[tuple(slice(None) if d == axis else slice(n) for d, n in enumerate(index.shape))]
    return array_namespace(x).take_along_axis(x, index, axis).reshape(shape)


def scatter(x: Array, axis: int, index: Array, src: Array | Scalar) -> Array:
    """gather's inverse: y[index[i][j][k]][j][k] = src[i][j][k] for axis 0. The last of repeats wins.

    src is a number or an array no smaller than index. index is checked.
    """
    wide, axis, index = _prepare(x, axis, index)
    out = wide.flatten()
    out[_flat(wide.shape, axis, index)] = _source(src, index)
    return out.reshape(x.shape)


def scatter_add(x: Array, axis: int, index: Array, src: Array | Scalar) -> Array:
    """As scatter, but adds: repeated positions sum up."""
    wide, axis, index = _prepare(x, axis, index)
    xp = array_namespace(x)
    values = xp.broadcast_to(xp.asarray(_source(src, index)), index.shape)
    return _add_at(wide, _flat(wide.shape, axis, index), values).reshape(x.shape)


_REDUCE = {"sum": "add", "prod": "multiply", "mean": "add", "amax": "maximum", "amin": "minimum"}


def scatter_reduce(
    x: Array, axis: int, index: Array, src: Array | Scalar, reduce: str, include_self: bool
) -> Array:
    """src combined at scatter's positions by sum, prod, mean, amax or amin; what is there takes part if
    include_self."""
    wide, axis, index = _prepare(x, axis, index)
    xp = array_namespace(x)
    out = widen(wide).flatten()
    flat = _flat(wide.shape, axis, index).ravel()
    values = (
        xp.broadcast_to(xp.asarray(_source(src, index)), index.shape).ravel().astype(out.dtype, copy=False)
    )
    if not include_self:
        if reduce in ("amax", "amin"):
            out[flat] = values
        else:
            out[flat] = 1 if reduce == "prod" else 0
    with np.errstate(all="ignore"):
        reduce_at(_REDUCE[reduce], out, flat, values)
        if reduce == "mean":
            count = xp.full(out.shape, 1 if include_self else 0)
            add_at(count, flat, xp.ones_like(flat))
            count[count == 0] = 1
            out = out // count if out.dtype.kind in "iu" else out / count
    return out.reshape(x.shape).astype(x.dtype, copy=False)


def take_along_axis(x: Array, index: Array, axis: int | None = None) -> Array:
    """gather with x and index broadcast against each other apart from axis; axis None flattens both.

    Negative numbers count from the end. IndexOutOfBounds past either end.
    """
    xp = array_namespace(x)
    if axis is None:
        x, index, axis = x.ravel(), index.ravel(), 0
    if x.ndim != index.ndim:
        raise RuntimeError(
            f"torch.take_along_dim(): input and indices should have the same number of dimensions, "
            f"but got {x.ndim} dimensions for input, and {index.ndim} dimensions for indices"
        )
    axis, size = axis % x.ndim, x.shape[axis]
    index = xp.where(index < 0, index + size, index)
    _check_range(index, size, axis)
    before, after = (
        np.broadcast_shapes(x.shape[part], index.shape[part]) for part in (slice(axis), slice(axis + 1, None))
    )
    x = xp.broadcast_to(x, (*before, size, *after))
    index = xp.broadcast_to(index, (*before, index.shape[axis], *after))
    return xp.take_along_axis(x, index, axis)


# Whole slices along one axis


def _slices(x: Array, axis: int, index: Array, src: Array) -> tuple[Array, Array]:
    """Flat positions and values of src, whose slices along axis go to those of x that index names."""
    xp = array_namespace(x)
    shape = x.shape[:axis] + index.shape + x.shape[axis + 1 :]
    along = index.reshape(-1, *(1,) * (x.ndim - 1 - axis))
    return _flat(x.shape, axis, xp.broadcast_to(along, shape)), xp.broadcast_to(src, shape)


def index_select(x: Array, axis: int, index: Array) -> Array:
    """The slices of x along axis that the 1-D index names; index is checked."""
    wide, index = _axes_of_one(x, index)
    _check_rows(index, wide.shape[axis])
    y = array_namespace(x).take(wide, index, axis=axis)
    return y if x.ndim else y.reshape(())


def index_add(x: Array, axis: int, index: Array, src: Array, alpha: Scalar = 1) -> Array:
    """x with alpha * src's slices along axis added to those that the 1-D index names; index is checked."""
    wide, index, src = _axes_of_one(x, index, src)
    axis %= wide.ndim
    _check_rows(index, wide.shape[axis])
    flat, values = _slices(wide, axis, index, widen(src) if alpha == 1 else widen(src) * alpha)
    return _add_at(wide, flat, values).reshape(x.shape)


def index_copy(x: Array, axis: int, index: Array, src: Array) -> Array:
    """x with src's slices along axis in place of those that the 1-D index names; index is checked."""
    wide, index, src = _axes_of_one(x, index, src)
    axis %= wide.ndim
    _check_range(index, wide.shape[axis], axis)
    flat, values = _slices(wide, axis, index, src)
    out = wide.flatten()
    out[flat] = values
    return out.reshape(x.shape)


def index_fill(x: Array, axis: int, index: Array, value: Scalar) -> Array:
    """x with value in the slices along axis that the 1-D index names; negative numbers count from the end."""
    wide, index = _axes_of_one(x, index)
    axis %= wide.ndim
    size = wide.shape[axis]
    index = array_namespace(x).where(index < 0, index + size, index)
    _check_range(index, size, axis)
    out = wide.copy()
    out[(slice(None),) * axis + (index,)] = value
    return out.reshape(x.shape)


# Flat positions


def _check_flat(index: Array, size: int) -> Array:
    bad = (index < -size) | (index >= size)
    if bad.any():
        value = int(index[bad].reshape(-1)[0])
        raise IndexError(f"out of range: tried to access index {value} on a tensor of {size} elements.")
    return array_namespace(index).where(index < 0, index + size, index)


def take(x: Array, index: Array) -> Array:
    """Elements of x at row-major positions, in index's shape. Negative numbers count from the end."""
    flat = _check_flat(index, x.size)
    return array_namespace(x).asarray(x.ravel()[flat]).reshape(index.shape)


def put(x: Array, index: Array, src: Array, accumulate: bool = False) -> Array:
    """x with src, as long as index, written or added at take's positions; the last of repeats wins."""
    flat = _check_flat(index, x.size)
    if accumulate:
        return _add_at(x, flat, src)
    out = x.flatten()
    out[flat.ravel()] = src.ravel()
    return out.reshape(x.shape)


# Masks


def masked_select(x: Array, mask: Array) -> Array:
    """The 1-D array of x's elements where mask is true, the two broadcast against each other."""
    xp = array_namespace(x)
    x, mask = xp.broadcast_arrays(x, mask)
    return x[mask.astype(bool, copy=False)].reshape(-1)


def masked_fill(x: Array, mask: Array, value: Array | Scalar) -> Array:
    """value, converted to x's type, where mask is true and x elsewhere, broadcast against each other."""
    xp = array_namespace(x)
    with np.errstate(all="ignore"):
        value = xp.asarray(value).astype(x.dtype, copy=False)
    return xp.where(mask.astype(bool, copy=False), value, x)


def masked_scatter(x: Array, mask: Array, src: Array) -> Array:
    """x with src's elements, in order, where mask is true. RuntimeError if src has too few."""
    xp = array_namespace(x)
    shape = np.broadcast_shapes(x.shape, mask.shape)
    out, mask = xp.broadcast_to(x, shape).copy(), xp.broadcast_to(mask.astype(bool, copy=False), shape)
    wanted = int(mask.sum())
    if wanted > src.size:
        raise RuntimeError(
            f"masked_scatter: Number of elements of source < number of ones in mask: {src.size} < {wanted}"
        )
    out[mask] = src.ravel()[:wanted]
    return out


def nonzero(x: Array) -> Array:
    """Row-major indices of the elements that are not zero (NaN is not), int64 of shape (count, x.ndim)."""
    xp = array_namespace(x)
    found = xp.nonzero(x.reshape(-1) != 0)[0]
    if x.ndim == 0:
        return xp.zeros((found.size, 0), np.int64)
    return xp.stack(xp.unravel_index(found, x.shape), axis=1).astype(np.int64, copy=False)


# Triangles


def tril(x: Array, diagonal: int = 0) -> Array:
    """The last two axes' elements on and below a diagonal (0: main, positive: above it), zeros elsewhere."""
    return _triangle(x, diagonal, lower=True)


def triu(x: Array, diagonal: int = 0) -> Array:
    """The last two axes' elements on and above a diagonal (0: main, positive: above it), zeros elsewhere."""
    return _triangle(x, diagonal, lower=False)


def _triangle(x: Array, diagonal: int, lower: bool) -> Array:
    xp = array_namespace(x)
    rows, columns = xp.arange(x.shape[-2])[:, None], xp.arange(x.shape[-1])
    keep = columns - rows <= diagonal if lower else columns - rows >= diagonal
    return xp.where(keep, x, xp.zeros((), x.dtype))
