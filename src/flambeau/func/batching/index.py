"""Rules of ops that pick and write elements by index tensors.

Where the indices differ from element to element of the batch, the batch dimension gets an index of its own: 0, 1, ...
"""

from ...ops.op import FUNCTIONS
from ...tensor import Tensor
from .pointwise import apply
from .tensor import UNPREPARED, rule, run


def numbers(batch, like, ndim):
    """0, 1, ..., B - 1 as an index of `ndim` dimensions, the first of which counts."""
    return FUNCTIONS["arange"](batch.size, device=like.device).reshape(batch.size, *(1,) * (ndim - 1))


# ---- x[indices]


def _read(batch, indices):
    """(indices, how many dimensions they have together, where these stand in the result, whether one is batched): masks
    that are the same for all become indices."""
    read = []
    for i in indices:
        if i is not None and i.dtype.name in ("bool", "uint8"):
            if batch.has(i):
                i._mask_index()
            read += FUNCTIONS["nonzero"](i, as_tuple=True)
        else:
            read.append(i)
    dims = [d for d, i in enumerate(read) if i is not None]
    together = dims == list(range(dims[0], dims[-1] + 1))
    ndim = max(i.ndim for i in read if i is not None)
    return read, ndim, dims[0] if together else 0, batch.any(read)


def _with_batch(batch, indices, ndim):
    """The indices of values, with one for the batch."""
    found = [None if i is None else batch.lead(i, ndim) for i in indices]
    like = next(i for i in indices if i is not None)
    return [numbers(batch, like, ndim + 1), *found]


def _moved(value, start, to, count):
    """`count` dimensions from `start` on, moved to begin at `to`."""
    if start == to or count == 0:
        return value
    return value.movedim(tuple(range(start, start + count)), tuple(range(to, to + count)))


@rule("_index")
def index(f, batch, x, *indices):
    indices, ndim, at, batched = _read(batch, indices)
    if not batched:
        result = apply(f, x._value, None, *indices)
        # indices with a gap between them put their dimensions first, before the batch
        return result if _together(indices) else _moved(result, ndim, 0, 1)
    if not batch.has(x):
        result = apply(f, x, *[None if i is None else batch.lead(i, ndim) for i in indices])
        return _moved(result, at, 0, 1)
    result = apply(f, x._value, *_with_batch(batch, indices, ndim))
    return _moved(result, 1, at + 1, ndim)


def _together(indices):
    dims = [d for d, i in enumerate(indices) if i is not None]
    return dims[-1] - dims[0] + 1 == len(dims)


def _as_selected(value, batch, indices, ndim, at, batched):
    """A value in the shape of what the indices select, laid out as the op on values selects it."""
    if batched:
        return _moved(value, at + 1, 1, ndim)
    return value if _together(indices) else _moved(value, 0, ndim, 1)


@rule("_index_add_zeros")
def index_add_zeros(f, batch, x, shape, *indices):
    indices, ndim, at, batched = _read(batch, indices)
    value = _as_selected(batch.front(x), batch, indices, ndim, at, batched)
    there = _with_batch(batch, indices, ndim) if batched else [None, *indices]
    return apply(f, value, (batch.size, *shape), *there)


@rule("_index_put_", in_place=True)
def index_put(f, batch, x, values, accumulate, *indices):
    indices, ndim, at, batched = _read(batch, indices)
    selected = ndim + x.ndim - sum(i is not None for i in indices)
    value = batch.lead(values, selected)
    if not batch.has(values):
        value = value.reshape(*(1,) * (selected + 1 - value.ndim), *value.shape)
    value = _as_selected(value, batch, indices, ndim, at, batched)
    there = _with_batch(batch, indices, ndim) if batched else [None, *indices]
    return f(x._value, value, accumulate, *there)


def _unprepared_index_put(f, batch, *args):
    """`prepare` would look at the indices: the op on the values does."""
    return run(f, batch, args)


UNPREPARED["_index_put_"] = _unprepared_index_put


# ---- along one dimension


def _points(batch, *tensors):
    """The values of tensors, those without dimensions as vectors of one element."""
    return [batch.front(t).unsqueeze(1) if t.ndim == 0 else batch.front(t) for t in tensors]


@rule("index_select")
def index_select(f, batch, x, dim, index):
    if not batch.has(index):
        if x.ndim:
            return apply(f, x._value, dim + 1, index)
        return apply(f, x._value.unsqueeze(1), 1, index).reshape(batch.size)
    index = batch.value(index).reshape(batch.size, index.numel())
    if x.ndim == 0:
        return NotImplemented
    if not batch.has(x):
        rows = apply(f, x, dim, index.reshape(-1))
        return rows.unflatten(dim, tuple(index.shape)).movedim(dim, 0)
    rows = x._value.movedim(dim + 1, 1)
    picked = FUNCTIONS["index_select"](rows.flatten(0, 1), 0, _flat(batch, index, x.shape[dim]).reshape(-1))
    return picked.unflatten(0, tuple(index.shape)).movedim(1, dim + 1)


def _flat(batch, index, size):
    """Indices into `size` elements of each element of the batch as indices into those of all, one after the other."""
    return index + numbers(batch, index, index.ndim) * size


@rule("index_add", "index_copy", "index_fill")
def index_write(f, batch, x, dim, index, source, *options):
    """The slices that are written to, of all elements of the batch one after the other."""
    if x.ndim == 0 or (f.op.name == "index_fill" and batch.has(source)):
        return NotImplemented
    if f.op.name != "index_fill":
        source = batch.front(source).reshape(batch.size, *x.shape[:dim], index.numel(), *x.shape[dim + 1 :])
    if not batch.has(index):
        return apply(f, batch.front(x), dim + 1, index, source, *options)
    where = _flat(batch, index._value.reshape(batch.size, index.numel()), x.shape[dim]).reshape(-1)
    rows = batch.front(x).movedim(dim + 1, 1)
    if f.op.name != "index_fill":
        source = source.movedim(dim + 1, 1).flatten(0, 1)
    result = apply(f, rows.flatten(0, 1), 0, where, source, *options)
    return result.reshape(rows.shape).movedim(1, dim + 1)


@rule("gather")
def gather(f, batch, x, dim, index):
    return apply(f, *_around(_points(batch, x, index), dim)).reshape(batch.size, *index.shape)


def _around(values, dim):
    first, *others = values
    return first, dim + 1, *others


@rule("scatter", "scatter_add", "scatter_reduce")
def scatter(f, batch, x, dim, index, src, *options):
    target, where = _points(batch, x, index)
    if isinstance(src, Tensor):
        src = batch.front(src)
        if src.ndim < where.ndim:
            src = src.reshape(batch.size, *(1,) * (where.ndim - 1)).expand(where.shape)
    return apply(f, target, dim + 1, where, src, *options).reshape(batch.size, *x.shape)


# ---- positions in the flattened tensor


def _counted(index, size):
    """Negative positions counted from the end."""
    return FUNCTIONS["where"](index < 0, index + size, index)


@rule("take")
def take(f, batch, x, index):
    if not batch.has(x):
        return apply(f, x, index._value)
    size = x.numel()
    where = _counted(batch.front(index).long(), size).reshape(batch.size, index.numel())
    return x._value.reshape(batch.size, size).gather(1, where).reshape(batch.size, *index.shape)


@rule("put")
def put(f, batch, x, index, source, accumulate):
    size = x.numel()
    where = _flat(batch, _counted(batch.front(index).long(), size).reshape(batch.size, index.numel()), size)
    return apply(f, batch.front(x), where, batch.front(source).reshape(where.shape), accumulate)


@rule("embedding")
def embedding(f, batch, input, weight, padding_idx, scale_grad_by_freq, sparse):
    """Tables of their own lie one after the other in one table."""
    if scale_grad_by_freq or sparse:
        return NotImplemented
    if not batch.has(weight):
        return apply(f, input._value, weight, padding_idx, False, False)
    rows, width = weight.shape
    index = batch.front(input)
    where = _flat(batch, index.long(), rows)
    out = apply(f, where, weight._value.reshape(batch.size * rows, width), None, False, False)
    if padding_idx is None:
        return out
    return FUNCTIONS["where"]((index == padding_idx).unsqueeze(-1), out.detach(), out)


@rule("_embedding_grad")
def embedding_grad(f, batch, grad, input, rows, padding_idx, scale_grad_by_freq):
    index, grad = batch.front(input), batch.front(grad)
    if padding_idx is not None:
        grad = grad * (index != padding_idx).unsqueeze(-1)
    where = _flat(batch, index.long(), rows)
    out = apply(f, grad, where, batch.size * rows, None, scale_grad_by_freq)
    return out.reshape(batch.size, rows, *out.shape[1:])


# ---- results whose size depends on the elements


def _refuse(name):
    def refuse(f, batch, *args):
        raise RuntimeError(
            "vmap: We do not support batching operators that can output dynamic shape. Attempted to vmap over "
            f"aten::{name}. Please file an issue at https://github.com/pytorch/pytorch/issues if you need this feature."
        )

    return refuse


for _op, _name in (
    ("_nonzero", "nonzero"),
    ("_unique", "_unique2"),
    ("_unique_consecutive", "unique_consecutive"),
):
    rule(_op)(_refuse(_name))
