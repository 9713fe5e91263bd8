"""Indexing: views of basic keys, gathering, scattering."""

import numpy as np

import flambeau as fb

from ...jit.graph import Dim, Value
from ..registry import call, op
from .pointwise import as_bool

_FAR = 2**63 - 1


@call("getitem")
def getitem(g, node, input, key):
    """With sizes as the program gave them; NotImplemented where tensors are among the key."""
    return basic(g, input, key) if input.shape or key in ((), Ellipsis) else NotImplemented


@op("_slice", "_select")
def slice_(g, node, input, key, *rest):
    return basic(g, input, key)


def basic(g, input, key):
    """x[key] of ints, slices, None and Ellipsis."""
    parts = list(key) if isinstance(key, tuple) else [key]
    if any(
        isinstance(p, bool) or not (p is None or p is Ellipsis or isinstance(p, (slice, int, Dim)))
        for p in parts
    ):
        return NotImplemented
    used = sum(p is not None and p is not Ellipsis for p in parts)
    if Ellipsis not in parts:
        parts.append(Ellipsis)
    at = parts.index(Ellipsis)
    parts[at : at + 1] = [slice(None)] * (len(input.shape) - used)
    x, axis = g.value(input), 0
    starts, ends, axes, steps, dropped, added = [], [], [], [], [], []
    for place, p in enumerate(parts):
        if p is None:
            added.append(place)
            continue
        if isinstance(p, slice):
            if p != slice(None):
                starts.append(0 if p.start is None else p.start)
                ends.append(_FAR if p.stop is None else p.stop)
                axes.append(axis)
                steps.append(1 if p.step is None else p.step)
        else:
            dropped.append((axis, p))
        axis += 1
    if axes:
        x = g.slice(x, starts, ends, axes, None if set(steps) == {1} else steps)
    for axis, index in reversed(dropped):
        x = g.op("Gather", x, g.size(index), axis=axis)
    if added:
        kept = [i for i, p in enumerate(parts) if p is None or isinstance(p, slice)]
        x = g.unsqueeze(x, *[kept.index(i) for i in added])
    return x if axes or dropped or added else g.op("Identity", x)


def _integer_indices(g, indices):
    """[(dimension, name)] of index tensors, masks taken apart into one for each of their dimensions."""
    found, d = [], 0
    for i in indices:
        if i is None:
            d += 1
        elif i.dtype.name == "bool":
            where = g.op("NonZero", g.value(i))
            for k in range(len(i.shape)):
                found.append((d, g.op("Gather", where, g.number(k), axis=0), 1))
                d += 1
        else:
            found.append((d, g.argument(i, fb.int64), len(i.shape)))
            d += 1
    return found


def _together(g, indices):
    """Index tensors of several dimensions as the last dimension of one; and the number of its other dimensions."""
    rank = max(n for _, _, n in indices)
    names = [name for _, name, _ in indices]
    if len(names) > 1:
        shape = None
        for name in names:
            own = g.op("Shape", name)
            shape = own if shape is None else _broadcast_shape(g, shape, own)
        names = [g.op("Expand", name, shape) for name in names]
    return g.op("Concat", *[g.unsqueeze(n, rank) for n in names], axis=rank), rank


def _broadcast_shape(g, a, b):
    """The shape of what broadcasts to both, by adding tensors of zeros."""
    zeros = [g.op("ConstantOfShape", s, value=np.zeros(1, np.int64)) for s in (a, b)]
    return g.op("Shape", g.op("Add", *zeros))


def _in_front(g, x, ndim, dims):
    """x with some dimensions in front; and the order that undoes it for the rest."""
    order = [*dims, *(d for d in range(ndim) if d not in dims)]
    return x if order == list(range(ndim)) else g.op("Transpose", x, perm=order), order


@op("_index")
def index(g, node, input, *indices):
    found = _integer_indices(g, indices)
    x, ndim = g.value(input), len(input.shape)
    if len(found) == 1:
        dim, name, _ = found[0]
        return g.op("Gather", x, name, axis=dim)
    dims = [d for d, _, _ in found]
    together, rank = _together(g, found)
    moved, _ = _in_front(g, x, ndim, dims)
    result = g.op("GatherND", moved, together)
    rest = ndim - len(dims)
    if dims == list(range(dims[0], dims[-1] + 1)) and dims[0]:
        before = dims[0]  # the indices' dimensions go where the indexed ones were
        order = [*range(rank, rank + before), *range(rank), *range(rank + before, rank + rest)]
        result = g.op("Transpose", result, perm=order)
    return result


@op("_index_put_")
def index_put(g, node, input, values, accumulate, *indices):
    if accumulate:
        g.needs(16, "index_put with accumulate")
    x, ndim = g.value(input), len(input.shape)
    found = _integer_indices(g, indices)
    dims = [d for d, _, _ in found]
    if dims != list(range(dims[0], dims[-1] + 1)) or (dims[0] and len(values.shape) > 1):
        return NotImplemented
    together, rank = _together(g, found)
    moved, order = _in_front(g, x, ndim, dims)
    shape = g.op("Concat", g.slice(g.op("Shape", together), [0], [-1], [0]),
                 g.slice(g.op("Shape", moved), [len(dims)], [_FAR], [0]), axis=0)  # fmt: skip
    updates = g.op("Expand", g.argument(values, input.dtype), shape)
    more = dict(reduction="add") if accumulate else {}
    result = g.op("ScatterND", moved, together, updates, **more)
    back = [order.index(d) for d in range(ndim)]
    return result if back == list(range(ndim)) else g.op("Transpose", result, perm=back)


@op("index_select")
def index_select(g, node, input, dim, index):
    i = g.argument(index, fb.int64)
    if not index.shape:
        i = g.unsqueeze(i, 0)
    return g.op("Gather", g.value(input), i, axis=dim) if input.shape else NotImplemented


@op("embedding")
def embedding(g, node, input, weight, *rest):
    return g.op("Gather", g.value(weight), g.value(input))


@op("gather")
def gather(g, node, input, dim, index):
    if not input.shape or len(input.shape) != len(index.shape):
        return NotImplemented
    return g.op("GatherElements", g.value(input), g.value(index), axis=dim)


@op("scatter", "scatter_add")
def scatter(g, node, input, dim, index, src, reduce=None):
    kind = (
        "add"
        if node.name.startswith("scatter_add")
        else {"add": "add", "multiply": "mul", None: None}[reduce]
    )
    if kind:
        g.needs(16, "scatter with a reduction")
    if not input.shape:
        return NotImplemented
    dtype = input.dtype
    if isinstance(src, Value):
        updates = g.argument(src, dtype)
        if src.shape != index.shape:
            updates = g.slice(
                updates, [0] * len(index.shape), list(index.shape), list(range(len(index.shape)))
            )
    else:
        updates = g.op("Expand", g.scalar(src, dtype), g.shape_of(index))
    more = dict(reduction=kind) if kind else {}
    return g.op("ScatterElements", g.value(input), g.value(index), updates, axis=dim, **more)


@op("take")
def take(g, node, input, index):
    return g.op("Gather", g.op("Reshape", g.value(input), g.number([-1])), g.value(index))


@op("_nonzero")
def nonzero(g, node, input):
    if not input.shape:
        return NotImplemented
    return g.op("Transpose", g.op("NonZero", as_bool(g, input)), perm=[1, 0])


@op("index_fill")
def index_fill(g, node, input, dim, index, value):
    if not input.shape:
        return NotImplemented
    n = input.shape[dim]
    index = g.op("Reshape", g.argument(index, fb.int64), g.number([-1]))
    index = g.op("Where", g.op("Less", index, g.number(0)), g.op("Add", index, g.number(n)), index)
    hit = g.op("Equal", g.unsqueeze(index, 0),
               g.number(np.arange(n).reshape(-1, 1)))  # fmt: skip
    chosen = g.cast(g.reduce("ReduceMax", g.cast(hit, fb.int32), (1,), False), fb.bool)
    shape = [n if d == dim else 1 for d in range(len(input.shape))]
    chosen = g.op("Reshape", chosen, g.number(shape))
    return g.op("Where", chosen, g.argument(value, input.dtype), g.value(input))


# ---- scattering that combines

_KINDS = {"sum": "add", "prod": "mul", "amax": "max", "amin": "min"}


@op("scatter_reduce")
def scatter_reduce(g, node, input, dim, index, src, reduce, include_self):
    if reduce not in _KINDS or not include_self or not input.shape or src.shape != index.shape:
        return NotImplemented
    g.needs(16 if reduce in ("sum", "prod") else 18, "scatter with a reduction")
    return g.op(
        "ScatterElements", g.value(input), g.value(index), g.value(src), axis=dim, reduction=_KINDS[reduce]
    )


@op("index_add", "index_copy")
def index_add(g, node, input, dim, index, source, alpha=1):
    if not input.shape or not source.shape:
        return NotImplemented
    adds = node.name.startswith("index_add")
    if adds:
        g.needs(16, "index_add")
    values = g.argument(source, input.dtype)
    if alpha != 1:
        values = g.op("Mul", values, g.scalar(alpha, input.dtype))
    shape = [-1 if d == dim else 1 for d in range(len(input.shape))]
    places = g.op("Expand", g.op("Reshape", g.argument(index, fb.int64), g.number(shape)), g.shape_of(source))
    more = dict(reduction="add") if adds else {}
    return g.op("ScatterElements", g.value(input), places, values, axis=dim, **more)


@op("masked_scatter")
def masked_scatter(g, node, input, mask, source):
    if g.dynamic:
        return NotImplemented
    mask = as_bool(g, mask)
    mask = g.op("Expand", mask, g.number(input.shape))
    flat = [g.op("Reshape", n, g.number([-1])) for n in (mask, g.value(input), g.value(source))]
    order = g.op("CumSum", g.cast(flat[0], fb.int64), g.number(0))
    taken = g.op("Gather", flat[2], g.op("Max", g.op("Sub", order, g.number(1)), g.number(0)))
    return g.op("Reshape", g.op("Where", flat[0], taken, flat[1]), g.number(input.shape))
