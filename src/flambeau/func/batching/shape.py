"""Rules of ops on shapes: views stay views of the value, so that changing them in place changes it."""

import math

from ...ops.shape import Reshape
from .dims import later
from .pointwise import apply
from .tensor import UNPREPARED, rule


@rule("_view", "reshape")
def reshape(f, batch, x, shape):
    return apply(f, x._value, (batch.size, *shape))


@rule("_view_dtype")
def view_dtype(f, batch, x, dtype):
    return apply(f, x._value, dtype) if x.ndim else NotImplemented


@rule("permute", "_arranged")
def permute(f, batch, x, dims):
    return apply(f, x._value, (0, *later(dims, x.ndim)))


@rule("transpose")
def transpose(f, batch, x, dim0, dim1):
    return apply(f, x._value, dim0 + 1, dim1 + 1) if x.ndim else x._value[...]


@rule("t")
def t(f, batch, x):
    return x._value.transpose(1, 2) if x.ndim == 2 else x._value[...]


@rule("_expand")
def expand(f, batch, x, shape):
    return apply(f, batch.lead(x, len(shape)), (batch.size, *shape))


@rule("squeeze")
def squeeze(f, batch, x, dims):
    return apply(f, x._value, later(dims, x.ndim))


@rule("unsqueeze", "unbind")
def at_dim(f, batch, x, dim):
    return apply(f, x._value, dim + 1)


@rule("_slice", "_select")
def slice_(f, batch, x, key):
    return apply(f, x._value, (slice(None), *_items(key)))


def _items(key):
    return key if isinstance(key, tuple) else (key,)


@rule("_place")
def place(f, batch, x, shape, key):
    return apply(f, x._value, (batch.size, *shape), (slice(None), *_items(key)))


@rule("_split")
def split(f, batch, x, sizes, dim):
    return apply(f, x._value, sizes, dim + 1)


@rule("diagonal")
def diagonal(f, batch, x, offset, dim1, dim2):
    return apply(f, x._value, offset, dim1 + 1, dim2 + 1)


@rule("_place_diagonal")
def place_diagonal(f, batch, x, shape, offset, dim1, dim2):
    return apply(f, x._value, (batch.size, *shape), offset, dim1 + 1, dim2 + 1)


@rule("_unfold")
def unfold(f, batch, x, dim, size, step):
    if x.ndim == 0:  # one window of at most one element
        return x._value.unsqueeze(1).narrow(1, 0, size)
    return apply(f, x._value, dim + 1, size, step)


def _as_strided(f, batch, input, size, stride, storage_offset=None):
    """Views of the memory of each element, which counts as its storage; in row-major order, as elements mostly are."""
    if not batch.has(input):
        return f(input, size, stride, storage_offset)
    value = input._value if input.is_contiguous() else input._value.contiguous()
    offset = value.storage_offset() + (storage_offset or 0)
    return batch.wrap(f(value, (batch.size, *size), (value.stride(0), *stride), offset))


UNPREPARED["as_strided"] = _as_strided


@rule("_repeat")
def repeat(f, batch, x, repeats):
    return apply(f, batch.lead(x, len(repeats)), (1, *repeats))


@rule("constant_pad_nd")
def constant_pad(f, batch, x, before, after, value):
    return NotImplemented if batch.has(value) else apply(f, x._value, (0, *before), (0, *after), value)


@rule("stack")
def stack(f, batch, *tensors_and_dim):
    *tensors, dim = tensors_and_dim
    return apply(f, *[batch.front(t) for t in tensors], dim + 1)


@rule("cat")
def cat(f, batch, *tensors_and_dim):
    *tensors, dim = tensors_and_dim
    counted = [t for t in tensors if t.shape != (0,)]
    if counted and len(counted) < len(tensors) and len({t.dtype for t in tensors}) > 1:
        return NotImplemented  # vectors without elements count for the dtype only
    return apply(f, *[batch.front(t) for t in counted or tensors], dim + 1)


def folded(batch, t, keep):
    """The value of t with the batch and all but its last `keep` dimensions as one; and what they were."""
    value = batch.front(t)
    lead = tuple(value.shape[: value.ndim - keep])
    return Reshape.function(value, (math.prod(lead), *value.shape[value.ndim - keep :])), lead


def unfolded(value, lead):
    """The first dimension of a value as several again."""
    return Reshape.function(value, (*lead, *value.shape[1:]))
