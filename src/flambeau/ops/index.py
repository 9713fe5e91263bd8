"""x[key] and x[key] = value.

A key is read once (`read_key`) into a basic part (ints, slices, None), which gives a view, and index tensors for some
dimensions of that view. Masks become index tensors of the positions where they are true.
"""

import operator
from collections.abc import Sequence
from typing import Any

import numpy as np

from .. import _core
from ..dtype import bool_, int64, uint16, uint32, uint64
from ..interpreters import Wrapped, copy_for
from ..kernels.base.index import check_indices
from ._args import check_tensor
from .convert import CopyFrom, Fill, element, expand_value
from .op import FUNCTIONS, METHODS, Op, composite
from .part import Slice
from .shape import Alias

TensorBase, _array = _core.TensorBase, _core.array_of

_FULL = slice(None)


class Index(Op, name="_index", tangent="linear"):
    """input at index tensors, one or None per dimension; a copy. Gradients of repeated elements add up."""

    @staticmethod
    def forward(ctx, x, *indices):
        ctx.shape = x.shape
        ctx.save_for_backward(*indices)
        return ctx.k.index(x, *indices)

    @staticmethod
    def backward(ctx, grad):
        return IndexAddZeros.apply(grad, ctx.shape, *ctx.saved)


class IndexAddZeros(Op, name="_index_add_zeros", tangent="linear"):
    """Zeros of a shape with input added at index tensors: what the gradient of Index is."""

    @staticmethod
    def forward(ctx, x, shape, *indices):
        ctx.save_for_backward(*indices)
        return ctx.k.index_add_zeros(x, shape, *indices)

    @staticmethod
    def backward(ctx, grad):
        return Index.apply(grad, *ctx.saved)


def _selected(x, indices):
    """The shape of what index tensors select in x; IndexError when one is out of range or they cannot be broadcast."""
    if any(isinstance(t, Wrapped) for t in (x, *indices)):  # the op looks at the elements
        indices = [i if i is None else FUNCTIONS["zeros"](i.shape, dtype=int64) for i in indices]
        return check_indices(x.shape, [None if i is None else _array(i) for i in indices])
    array = _array(x)
    with _core.backend_for(x).on(array):
        return check_indices(array.shape, [None if i is None else _array(i) for i in indices])


class IndexPut(Op, name="_index_put_", tangent="linear", mutates=True):
    """values written (or added) to input at index tensors."""

    @staticmethod
    def prepare(input, values, accumulate, *indices):
        shape = _selected(input, indices)
        have = _array(values).shape
        if len(have) > len(shape) or any(
            h not in (1, s) for h, s in zip(have[::-1], shape[::-1], strict=False)
        ):
            raise RuntimeError(
                f"shape mismatch: value tensor of shape {list(have)} cannot be broadcast to indexing result "
                f"of shape {list(shape)}"
            )
        return input, values, accumulate, *indices

    @staticmethod
    def forward(ctx, x, values, accumulate, *indices):
        ctx.accumulate = accumulate
        ctx.save_for_backward(*indices)
        return ctx.k.index_put(x, values, accumulate, *indices)

    @staticmethod
    def backward(ctx, grad):
        indices = ctx.saved
        of_input = None
        if ctx.needs(0):
            of_input = (
                grad if ctx.accumulate else index_put(grad, indices, FUNCTIONS["zeros"]((), dtype=grad.dtype))
            )
        return of_input, Index.apply(grad, *indices) if ctx.needs(1) else None


# ---- reading a key


def _as_index(item):
    """A list, range or array of a key as a tensor."""
    if isinstance(item, np.ndarray):
        if _core.code_of(item.dtype) < 0:
            raise IndexError(f"arrays used as indices must be long, int, byte or bool arrays, not of {item.dtype}")
        return _core.make(item.astype(np.int64) if item.dtype.kind == "u" and item.itemsize > 1 else item)
    if isinstance(item, (list, tuple)) and len(item) == 0:
        return _core.make(np.zeros(0, np.int64))
    return FUNCTIONS["tensor"](item)


def _is_mask(t):
    return t.dtype.name in ("bool", "uint8")


def _bound(v):
    return v if v is None else operator.index(v)


def _read_item(item):
    """An item of a key as int, slice, None, Ellipsis, bool or tensor."""
    if item is None or item is Ellipsis or isinstance(item, bool):
        return item
    if isinstance(item, np.bool_):
        return bool(item)
    if isinstance(item, (int, np.integer)):
        return int(item)
    if isinstance(item, slice):
        step = _bound(item.step)
        if step is not None and step <= 0:
            raise ValueError("step must be greater than zero" if step else "slice step cannot be zero")
        return slice(_bound(item.start), _bound(item.stop), step)
    if not isinstance(item, TensorBase):
        if isinstance(item, (str, bytes)) or not isinstance(item, (Sequence, np.ndarray)):
            if hasattr(item, "__index__"):
                return operator.index(item)
            raise IndexError(
                "only integers, slices (`:`), ellipsis (`...`), None and long or byte Variables are valid indices (got "
                f"{type(item).__name__})"
            )
        item = _as_index(item)
    if item.dtype.category not in ("bool", "int"):
        raise IndexError("tensors used as indices must be long, int, byte or bool tensors")
    if item.ndim == 0 and not isinstance(item, Wrapped):
        return bool(item) if _is_mask(item) else int(item)
    if item.dtype in (uint16, uint32, uint64):
        raise IndexError(
            f"tensors used as indices must be long, int, byte or bool tensors, not {item.dtype.name}: use .long()"
        )
    return item


def _makes_tuple(item):
    """Whether a list with this item is read as a tuple of indices, not as one index tensor."""
    return item is None or item is Ellipsis or isinstance(item, (slice, TensorBase, list, tuple, np.ndarray))


def _view_shape(shape, items):
    """The shape of the view of the basic part of a key; index tensors and masks count as full slices."""
    key: list[Any] = []
    for item in items:
        if isinstance(item, TensorBase):
            key += [_FULL] * (item.ndim if _is_mask(item) else 1)
        else:
            key.append(None if isinstance(item, bool) else item)
    return list(np.broadcast_to(0, shape)[tuple(key)].shape)


def read_key(shape, key):
    """(basic, indices): the key of the view, None when that is all of x; and an index tensor or None for each dimension
    of the view, trailing None left out."""
    if isinstance(key, list) and len(key) < 32 and any(_makes_tuple(k) for k in key):
        key = tuple(key)
    items = [_read_item(k) for k in key] if isinstance(key, tuple) else [_read_item(key)]
    used = 0
    for item in items:
        if isinstance(item, TensorBase):
            used += item.ndim if _is_mask(item) else 1
        elif item is not None and item is not Ellipsis and not isinstance(item, bool):
            used += 1
    if used > len(shape):
        if not shape and isinstance(items[0], slice):
            raise IndexError("slice() cannot be applied to a 0-dim tensor.")
        if not shape and len(items) == 1 and isinstance(items[0], int):
            raise IndexError(
                "invalid index of a 0-dim tensor. Use `tensor.item()` in Python or `tensor.item<T>()` in "
                "C++ to convert a 0-dim "
                "tensor to a number"
            )
        raise IndexError(f"too many indices for tensor of dimension {len(shape)}")
    basic: list[Any] = []  # the key of the view
    indices: list[Any] = []
    d = 0
    rest = len(shape) - used
    for item in items:
        if item is Ellipsis:
            basic += [_FULL] * rest
            indices += [None] * rest
            d += rest
            rest = 0
        elif item is None:
            basic.append(None)
            indices.append(None)
        elif isinstance(item, bool):
            basic.append(None)
            indices.append(_core.make(np.zeros(int(item), np.int64)))
        elif isinstance(item, int):
            if not -shape[d] <= item < shape[d]:
                at = d + basic.count(None)
                raise IndexError(f"index {item} is out of bounds for dimension {at} with size {shape[d]}")
            basic.append(item)
            d += 1
        elif isinstance(item, slice):
            basic.append(item)
            indices.append(None)
            d += 1
        elif _is_mask(item):
            for k, size in enumerate(item.shape):
                if size != shape[d + k]:
                    raise IndexError(
                        f"The shape of the mask {list(item.shape)} at index {k} does not match the shape of "
                        "the indexed tensor "
                        f"{_view_shape(shape, items)} at index {len(indices) + k}"
                    )
            if isinstance(item, Wrapped):
                item = item._mask_index()
            with _core.backend_for(item).on(_array(item)):
                where = _array(item).nonzero()
            basic += [_FULL] * len(where)
            indices += [_core.make(w) for w in where]
            d += len(where)
        else:
            basic.append(_FULL)
            indices.append(item)
            d += 1
    while indices and indices[-1] is None:
        indices.pop()
    whole = all(type(b) is slice and b == _FULL for b in basic)
    return None if whole else tuple(basic), indices


def _read_simple(x, key):
    """read_key of a single index tensor, or of a mask that fits; None for other keys."""
    if isinstance(key, TensorBase) and x.ndim:
        if key.dtype is int64 and key.ndim:
            return None, (key,)
        if key.dtype is bool_ and 0 < key.ndim <= x.ndim and _array(key).shape == _array(x).shape[: key.ndim]:
            return None, (key,)
    return None


def _moved(indices, x):
    """Index tensors on the device of x. RuntimeError for those on another GPU."""
    found = []
    for i in indices:
        if i is not None and i.device != x.device:
            if i.device.type != "cpu":
                raise RuntimeError(
                    f"indices should be either on cpu or on the same device as the indexed tensor ({x.device}), got "
                    f"one on {i.device}"
                )
            i = i.to(x.device)
        found.append(i)
    return found


def _seen(x, basic):
    """The view of the basic part of a key."""
    return Slice.apply(x, (*basic, ...) if basic.count(Ellipsis) == 0 else basic)


def getitem(x, key):
    """x[key] -> Tensor: a view for ints, slices, None and Ellipsis; a copy with index tensors and masks.

    IndexError for numbers out of range, too many indices, and masks of another shape; ValueError for a step below 1.
    """
    basic, indices = _read_simple(x, key) or read_key(x.shape, key)
    if not indices:
        return Alias.function(x) if basic is None else _seen(x, basic)
    return Index.apply(x if basic is None else _seen(x, basic), *_moved(indices, x))


def setitem(x, key, value):
    """x[key] = value: a number or a tensor, broadcast and converted, written to the elements that x[key] names."""
    basic, indices = _read_simple(x, key) or read_key(x.shape, key)
    if isinstance(value, np.ndarray):
        value = _core.make(value)
    if not isinstance(value, TensorBase) and not isinstance(
        value, (int, float, complex, np.number, np.bool_)
    ):
        raise TypeError(f"can't assign a {type(value).__name__} to a {x.type()}")
    if indices:
        indices = _moved(indices, x)
        target = x if basic is None else _seen(x, basic)
        if not isinstance(value, TensorBase):
            value = np.asarray(element(value, x.dtype, "index_put_")).astype(x.dtype.numpy)
            value = _core.make(value).to(x.device)
        elif value.dtype is not x.dtype or value.device != x.device:
            value = value.to(x.device, x.dtype)
        if value.ndim > 1 and value.shape[0] == 1:
            shape = _selected(target, indices)
            while value.ndim > len(shape) and value.shape[0] == 1:
                value = value.reshape(value.shape[1:])
        IndexPut.function(target, value, False, *indices)
        return
    target = Alias.function(x) if basic is None else _seen(x, basic)
    if isinstance(value, TensorBase) and value.ndim:
        CopyFrom.function(target, expand_value(value, tuple(target.shape)))
    else:
        Fill.function(target, value)


_core.set_operator("[]", getitem)
_core.set_operator("[]=", setitem)


# ---- the public forms


def _index_list(shape, indices, name):
    """index_put's indices: tensors, masks or None for the first dimensions."""
    if not isinstance(indices, (tuple, list)):
        raise TypeError(
            f"{name}(): argument 'indices' must be tuple of Tensors, not {type(indices).__name__}"
        )
    for i in indices:
        if i is not None and (not isinstance(i, TensorBase) or i.dtype.category not in ("bool", "int")):
            raise IndexError("tensors used as indices must be long, int, byte or bool tensors")
    _, read = read_key(shape, tuple([_FULL if i is None else i if i.ndim else i.reshape(1) for i in indices]))
    return read


def _is_mask_of(mask, input):
    """Whether it is a mask over the first dimensions of input."""
    return isinstance(mask, TensorBase) and mask.dtype is bool_ and mask.shape == input.shape[: mask.ndim]


@composite("index_put_")
def index_put_(input, indices, values, accumulate=False):
    """index_put_(indices, values, accumulate=False) -> self: values (broadcast) written or, with accumulate, added at a
    tuple of index tensors; None stands for a whole dimension. Without accumulate, repeated indices leave one
    of the values. values have the dtype of self, but one value at a mask is cast."""
    check_tensor(input, "index_put_")
    if not isinstance(indices, (tuple, list)):
        kind = type(indices).__name__
        raise TypeError(f"index_put_(): argument 'indices' (position 2) must be tuple of Tensors, not {kind}")
    check_tensor(values, "index_put_", "values", 3)
    mask = indices[0] if len(indices) == 1 else None
    if mask is not None and not accumulate and values.numel() == 1 and _is_mask_of(mask, input):
        mask = mask.reshape(*mask.shape, *(1,) * (input.ndim - mask.ndim))
        return METHODS["masked_fill_"](input, mask, values.reshape(()))
    if values.dtype is not input.dtype:
        raise RuntimeError(
            f"Index put requires the source and destination dtypes match, got {input.dtype.title} for the "
            "destination and "
            f"{values.dtype.title} for the source."
        )
    indices = _moved(_index_list(input.shape, indices, "index_put_"), input)
    return IndexPut.function(input, values, accumulate, *indices)


@composite("index_put")
def index_put(input, indices, values, accumulate=False):
    """index_put(input, indices, values, accumulate=False) -> Tensor: a copy of input after index_put_."""
    check_tensor(input, "index_put")
    return index_put_(copy_for(input, values, *indices), indices, values, accumulate)
