"""Order: sorting, the largest and smallest, running sums and products, distinct values, searching.

NaN is larger than every number. A 0-dim x counts as one element along axis 0. Indices are int64.
"""

from __future__ import annotations

import numpy as np

from ._xp import Array, add_at, array_namespace, extreme, grid, running, widen


def _one_axis(x: Array, axis: int) -> tuple[Array, int]:
    """x with at least one axis, and axis counted from the front."""
    return (x, axis % x.ndim) if x.ndim else (x.reshape(1), 0)


def sort(x: Array, axis: int = -1, descending: bool = False, stable: bool = True) -> tuple[Array, Array]:
    """(values, indices) in order along axis: NaN last if ascending, first if descending.

    Equal elements keep their order whatever `stable` says, so that results do not depend on the machine.
    """
    xp, shape = array_namespace(x), x.shape
    x, axis = _one_axis(x, axis)
    keys = widen(x)
    if descending:  # sorting back to front and reading the result backwards keeps the order of equal elements
        keys = xp.flip(keys, axis)
    order = xp.argsort(keys, axis=axis, kind="stable").astype(np.int64, copy=False)
    if descending:
        order = x.shape[axis] - 1 - xp.flip(order, axis)
    return xp.take_along_axis(x, order, axis).reshape(shape), order.reshape(shape)


def topk(x: Array, k: int, axis: int = -1, largest: bool = True, sorted: bool = True) -> tuple[Array, Array]:
    """(values, indices) of the k largest or smallest along axis, best first whatever `sorted` says.

    RuntimeError if k is not in [0, length]. Which of the elements equal to the last are taken is unspecified.
    """
    xp, scalar = array_namespace(x), x.ndim == 0
    x, axis = _one_axis(x, axis)
    size = x.shape[axis]
    if not 0 <= k <= size:
        raise RuntimeError("selected index k out of range")
    first = (slice(None),) * axis + (slice(k),)
    if 0 < k < size:
        chosen = xp.argpartition(widen(x), size - k if largest else k - 1, axis=axis)
        chosen = chosen[(slice(None),) * axis + (slice(size - k, None),)] if largest else chosen[first]
        chosen = xp.sort(chosen, axis=axis).astype(np.int64, copy=False)
        values, order = sort(xp.take_along_axis(x, chosen, axis), axis, descending=largest)
        indices = xp.take_along_axis(chosen, order, axis)
    else:
        values, indices = (a[first] for a in sort(x, axis, descending=largest))
    return (values.reshape(()), indices.reshape(())) if scalar and k else (values, indices)


def _extreme(x: Array, axis: int | None, keepdims: bool, name: str) -> Array:
    """argmax or argmin; NaN wins, then the first of equal elements."""
    xp = array_namespace(x)
    if axis is None and x.size == 0:
        raise IndexError(f"{name}(): Expected reduction dim to be specified for input.numel() == 0.")
    if axis is not None and x.ndim and x.shape[axis] == 0:
        raise IndexError(f"{name}(): Expected reduction dim {axis % x.ndim} to have non-zero size.")
    keys = widen(x)
    if x.ndim == 0:
        return xp.zeros((), np.int64)
    index = getattr(xp, name)(keys, axis=axis, keepdims=keepdims)
    return xp.asarray(index).astype(np.int64, copy=False)


def argmax(x: Array, axis: int | None = None, keepdims: bool = False) -> Array:
    """Index of the largest element along axis, or in row-major order: NaN wins, then the first of equals."""
    return _extreme(x, axis, keepdims, "argmax")


def argmin(x: Array, axis: int | None = None, keepdims: bool = False) -> Array:
    """Index of the smallest element along axis, or in row-major order: NaN wins, then the first of equals."""
    return _extreme(x, axis, keepdims, "argmin")


def _with_index(x: Array, axis: int, keepdims: bool, index: Array) -> tuple[Array, Array]:
    """The elements that index (with axis kept) names, beside index."""
    xp = array_namespace(x)
    if x.ndim == 0:
        return x.copy(), index
    values = xp.take_along_axis(x, index, axis)
    return (values, index) if keepdims else (values.squeeze(axis), index.squeeze(axis))


def max_along(x: Array, axis: int, keepdims: bool = False) -> tuple[Array, Array]:
    """(maximum, index) along axis; as argmax. IndexError if the axis is empty."""
    return _with_index(x, axis, keepdims, argmax(x, axis, keepdims=True))


def min_along(x: Array, axis: int, keepdims: bool = False) -> tuple[Array, Array]:
    """(minimum, index) along axis; as argmin. IndexError if the axis is empty."""
    return _with_index(x, axis, keepdims, argmin(x, axis, keepdims=True))


def _running(x: Array, axis: int, dtype: np.dtype | None, name: str) -> Array:
    xp, shape = array_namespace(x), x.shape
    if dtype is None:
        dtype = np.dtype(np.int64) if x.dtype.kind in "biu" else x.dtype
    wide, axis = _one_axis(widen(x.astype(dtype, copy=False)), axis)
    with np.errstate(all="ignore"):
        return getattr(xp, name)(wide, axis=axis, dtype=wide.dtype).reshape(shape).astype(dtype, copy=False)


def cumsum(x: Array, axis: int, dtype: np.dtype | None = None) -> Array:
    """Running sum along axis in dtype, which is int64 for integers and bool unless given."""
    return _running(x, axis, dtype, "cumsum")


def cumprod(x: Array, axis: int, dtype: np.dtype | None = None) -> Array:
    """Running product along axis in dtype, which is int64 for integers and bool unless given."""
    return _running(x, axis, dtype, "cumprod")


def _running_extreme(x: Array, axis: int, name: str) -> tuple[Array, Array]:
    xp, shape = array_namespace(x), x.shape
    x, axis = _one_axis(x, axis)
    keys = widen(x)
    values = running(name, keys, axis)
    reached = keys == values
    if keys.dtype.kind == "f":
        reached |= keys != keys
    places = xp.arange(x.shape[axis], dtype=np.int64).reshape(-1, *(1,) * (x.ndim - 1 - axis))
    indices = running("maximum", xp.where(reached, places, 0), axis)
    return values.astype(x.dtype, copy=False).reshape(shape), indices.reshape(shape)


def cummax(x: Array, axis: int) -> tuple[Array, Array]:
    """(running maximum, index of its last occurrence so far) along axis; NaN stays once met."""
    return _running_extreme(x, axis, "maximum")


def cummin(x: Array, axis: int) -> tuple[Array, Array]:
    """(running minimum, index of its last occurrence so far) along axis; NaN stays once met."""
    return _running_extreme(x, axis, "minimum")


def logcumsumexp(x: Array, axis: int) -> Array:
    """log(cumsum(exp(x))) along axis without overflow; -inf while there were only -inf."""
    xp, shape = array_namespace(x), x.shape
    wide, axis = _one_axis(widen(x), axis)
    with np.errstate(all="ignore"):
        if wide.dtype.kind != "c":
            y = running("logaddexp", wide, axis)
        else:
            highest = extreme(wide.real, "max", axis, True, -np.inf)
            highest = xp.where(xp.isfinite(highest), highest, 0)
            y = xp.log(xp.cumsum(xp.exp(wide - highest), axis=axis)) + highest
    return y.reshape(shape).astype(x.dtype, copy=False)


def recurrence(a: Array, g: Array, axis: int) -> Array:
    """s[k] = g[k] + a[k] s[k + 1] along axis, from the end, where s[n] = 0."""
    xp, shape = array_namespace(g), g.shape
    a, axis = _one_axis(widen(a), axis)
    s = xp.moveaxis(xp.array(_one_axis(widen(g), axis)[0]), axis, 0)
    a = xp.moveaxis(a, axis, 0)
    with np.errstate(all="ignore"):
        for k in range(s.shape[0] - 2, -1, -1):
            s[k] += a[k] * s[k + 1]
    return xp.moveaxis(s, 0, axis).reshape(shape).astype(g.dtype, copy=False)


def kthvalue(x: Array, k: int, axis: int = -1, keepdims: bool = False) -> tuple[Array, Array]:
    """(value, index) of the k-th smallest along axis, k from 1; of equal elements the first come first."""
    if x.ndim == 0:
        return x.copy(), array_namespace(x).zeros((), np.int64)
    _, order = sort(x, axis)
    return _with_index(x, axis, keepdims, order.take([k - 1], axis=axis))


def _median(x: Array, axis: int, keepdims: bool, skip_nan: bool) -> tuple[Array, Array]:
    xp = array_namespace(x)
    if x.ndim == 0:
        return x.copy(), xp.zeros((), np.int64)
    _, order = sort(x, axis)  # NaN last
    size, wide = x.shape[axis], widen(x)
    numbers = (wide == wide).sum(axis=axis, keepdims=True)
    if skip_nan:
        place = xp.maximum(numbers - 1, 0) // 2
    else:
        place = xp.where(numbers == size, (size - 1) // 2, numbers)  # the first NaN
    return _with_index(x, axis, keepdims, xp.take_along_axis(order, place, axis))


def median_along(x: Array, axis: int, keepdims: bool = False) -> tuple[Array, Array]:
    """(median, index) along axis: the lower one of two; the first NaN if there is one. The axis is not empty."""
    return _median(x, axis, keepdims, skip_nan=False)


def nanmedian_along(x: Array, axis: int, keepdims: bool = False) -> tuple[Array, Array]:
    """(median of what is not NaN, index) along axis: the lower one of two. The axis is not empty."""
    return _median(x, axis, keepdims, skip_nan=True)


def _median_of_all(x: Array, kernel) -> Array:
    xp = array_namespace(x)
    if x.size == 0:
        with np.errstate(all="ignore"):
            return xp.asarray(np.nan).astype(x.dtype)
    return kernel(x.reshape(-1), 0)[0]


def median(x: Array) -> Array:
    """The median of all elements: the lower one of two, NaN if there is one, NaN of none."""
    return _median_of_all(x, median_along)


def nanmedian(x: Array) -> Array:
    """The median of all elements that are not NaN: the lower one of two, NaN of none."""
    return _median_of_all(x, nanmedian_along)


def mode(x: Array, axis: int, keepdims: bool = False) -> tuple[Array, Array]:
    """(value, index) of the most frequent element along axis: the smallest of several, its last occurrence."""
    xp = array_namespace(x)
    if x.ndim == 0:
        return x.copy(), xp.zeros((), np.int64)
    axis %= x.ndim
    values, order = sort(x, axis)
    rows = xp.moveaxis(widen(values), axis, 0)
    places = xp.arange(rows.shape[0]).reshape(-1, *(1,) * (x.ndim - 1))
    starts = xp.ones(rows.shape, bool)
    starts[1:] = rows[1:] != rows[:-1]
    run = places - running("maximum", xp.where(starts, places, 0), 0)  # elements equal to this one so far
    last = xp.moveaxis(xp.expand_dims(run.argmax(axis=0), 0), 0, axis)
    return _with_index(x, axis, keepdims, xp.take_along_axis(order, last, axis))


def place_along(g: Array, index: Array, shape: tuple[int, ...], axis: int, add: bool = False) -> Array:
    """Zeros of this shape with g where index says, along axis; add: what falls on one place is added up."""
    xp = array_namespace(g)
    if not shape:
        return g.reshape(()).copy()
    out = xp.zeros(shape, widen(g[:0] if g.ndim else g).dtype if add else g.dtype)
    if add:
        where = grid(xp, index.shape)
        where[axis] = index
        add_at(out, tuple(where), widen(g))
    else:
        xp.put_along_axis(out, index, g, axis)
    return out.astype(g.dtype, copy=False)


def unique(x: Array, axis: int | None = None) -> tuple[Array, Array, Array]:
    """(values, inverse, counts): the distinct elements of x in ascending order, or its distinct slices.

    values[inverse] is x (inverse has x's shape, or is 1-D along axis). No NaN equals another.
    """
    xp = array_namespace(x)
    wide = widen(x)
    values, inverse, counts = xp.unique(
        wide, return_inverse=True, return_counts=True, axis=axis, equal_nan=False
    )
    inverse = inverse.reshape(x.shape if axis is None else -1).astype(np.int64, copy=False)
    return values.astype(x.dtype, copy=False), inverse, counts.astype(np.int64, copy=False)


def unique_consecutive(x: Array, axis: int | None = None) -> tuple[Array, Array, Array]:
    """(values, inverse, counts) of each run of equal elements in row-major order, or of equal slices."""
    xp = array_namespace(x)
    rows = x.reshape(-1) if axis is None else xp.moveaxis(x, axis, 0)
    flat = rows.reshape(rows.shape[0], -1) if rows.size else rows.reshape(rows.shape[0], 0)
    starts = xp.ones(rows.shape[0], bool)
    starts[1:] = (flat[1:] != flat[:-1]).any(axis=1)
    begin = xp.flatnonzero(starts)
    counts = xp.diff(xp.concatenate([begin, xp.asarray([rows.shape[0]], begin.dtype)]))
    inverse = xp.cumsum(starts, dtype=np.int64) - 1
    values = rows[begin] if axis is None else xp.moveaxis(rows[begin], 0, axis)
    return values, inverse.reshape(x.shape) if axis is None else inverse, counts.astype(np.int64, copy=False)


def searchsorted(sorted_sequence: Array, values: Array, right: bool = False) -> Array:
    """Where each value would go to keep the sequence sorted: before (right=False) or after its equals.

    sorted_sequence is 1-D with values of any shape, or both have the same leading axes, searched row by row.
    """
    xp, side = array_namespace(sorted_sequence), "right" if right else "left"
    sequence, sought = widen(sorted_sequence), widen(values)
    if sequence.ndim == 1:
        return xp.asarray(xp.searchsorted(sequence, sought, side=side)).astype(np.int64, copy=False)
    if sequence.shape[:-1] != sought.shape[:-1]:
        raise RuntimeError(
            "searchsorted: boundaries tensor should be 1 dimension or the first N-1 dimensions of boundaries "
            f"tensor and input value tensor must match, got {list(sequence.shape)} and {list(sought.shape)}"
        )
    found = xp.empty(sought.shape, np.int64)
    for row in np.ndindex(*sequence.shape[:-1]):
        found[row] = xp.searchsorted(sequence[row], sought[row], side=side)
    return found


def isin(x: Array, candidates: Array) -> Array:
    """Whether each element of x is one of the candidates; NaN is none."""
    xp = array_namespace(x)
    return xp.isin(widen(x), widen(candidates))
