"""x[key] as 0.3 read it: Python numbers out of one-dimensional tensors, byte masks, index tensors of one dimension."""

import numpy as np

from .. import _core
from ..ops import METHODS
from ..ops.index import setitem as todays_setitem
from .broadcasting import together
from .construct import is_int, is_number
from .conversions import type_
from .faces import (
    Variable,
    _array,
    _make,
    _TensorBase,
    compact,
    lifted,
    plain,
    reshaped,
    settled,
    shown_array,
    type_name,
)
from .inplace import check_leaf, register
from .pointwise import bools, held, is_float, masked_filled_, masked_scattered_, masked_selected
from .wording import in_03s_words, said

todays_getitem = _core.TensorBase.__getitem__
_FACES = (Variable, _TensorBase)
_INDICES = (list, np.ndarray, _core.TensorBase)  # what selects more than one place along a dimension
_KEYS = (int, np.integer, slice, tuple, range, *_INDICES)


def _refused(kind):
    return TypeError(
        f"indexing a tensor with an object of type {kind}. The only supported types are integers, slices, numpy "
        "scalars and torch.LongTensor or torch.ByteTensor as the only argument."
    )


def _read(x, key):
    """The key as a tuple of what there is per dimension; a mask or index tensor that is the whole key as it is.

    A list that holds slices or sequences means a tuple of them. TypeError, ValueError and IndexError for keys that
    0.3 did not take.
    """
    if isinstance(key, list) and len(key) <= 32 and any(isinstance(k, (slice, tuple, *_INDICES)) or k in (None, ...)
                                                        for k in key):  # fmt: skip
        key = tuple(key)
    keys = key if isinstance(key, tuple) else (key,)
    if len(keys) == 1 and isinstance(keys[0], _FACES):
        return keys[0]
    for k in keys:
        if isinstance(k, (bool, float, np.floating, str)) or not (k is None or k is ... or isinstance(k, _KEYS)):
            raise _refused(type(k).__name__)
        if isinstance(k, slice) and k.step is not None and k.step <= 0:
            raise ValueError("slice step has to be greater than 0")
    if sum(k is ... for k in keys) > 1:
        raise RuntimeError("ellipsis can be used at most once")
    count, ndim = sum(k is not None and k is not ... for k in keys), x.dim()
    if count > ndim:
        raise IndexError(f"trying to index {count} dimensions of a {ndim} dimensional tensor")
    return tuple([_make(_array(bools(k) if _is_mask(k) else k)) if isinstance(k, _FACES) else k for k in keys])


def _is_mask(index):
    return shown_array(index).dtype == np.uint8


def _is_advanced(keys):
    return any(isinstance(k, _INDICES) for k in keys)


def _is_element(x, keys):
    """Whether the key names one element by ints, with or without an ellipsis that stands for no dimension."""
    places = [k for k in keys if k is not ...]
    return len(places) == x.dim() and all(isinstance(k, (int, np.integer)) for k in places)


_places = in_03s_words("__getitem__")(todays_getitem)
_rows = in_03s_words("index_select")(METHODS["index_select"])


def getitem(self, key):
    """x[key]"""
    x = lifted(self) if isinstance(self, Variable) else settled(self)
    if type(key) is int:
        return _at(x, key)
    key = _read(x, key)
    if isinstance(key, _FACES):
        return _selected(x, key)
    try:
        result = todays_getitem(x, key)
    except (IndexError, RuntimeError) as error:
        raise said(error, "__getitem__") from None
    if isinstance(self, Variable):
        result = lifted(result)
    elif _is_element(x, key):
        return _array(result).item()
    if _is_advanced(key):
        compact(result)
    elif not _array(result).size:
        raise ValueError("result of slicing is an empty tensor")
    return register(settled(result))


def _at(x, i):
    """x[i]: a slice of x, or its one element: a Python number, or a Variable of size (1,)."""
    shape = _array(x).shape
    if not -shape[0] <= i < shape[0]:
        raise IndexError(f"index {i} is out of range for dimension 0 (of size {shape[0]})")
    if len(shape) > 1:
        return register(todays_getitem(x, i))
    if isinstance(x, _TensorBase):
        return _array(x)[i].item()
    return register(todays_getitem(x, slice(i, i + 1 or None)))


def _selected(x, index):
    """x[mask] in one dimension, or the slices that an index tensor names."""
    if _is_mask(index):
        return compact(settled(masked_selected(x, _mask_of(x, index))))
    if shown_array(index).dtype != np.int64:
        raise _refused(plain(index).type())
    if _array(index).ndim > 1:
        if isinstance(x, _TensorBase):
            raise IndexError(f"index tensor must be 1-dimensional, got {_array(index).ndim} dimensions")
        return compact(_places(x, _make(_array(index))))
    return compact(settled(_rows(x, 0, _make(_array(index).reshape(-1)))))


def _mask_of(x, index):
    """The mask that is an index of x, in its size. That of a plain tensor has as many elements, in any size."""
    mask = lifted(index)
    if isinstance(x, Variable):
        return together(x, [mask], False, ("mask",))[0]
    if _array(mask).size != _array(x).size:
        raise RuntimeError(f"a mask of size {list(index.size())} does not have the elements of a tensor of size "
                           f"{list(x.size())}")  # fmt: skip
    return reshaped(mask, _array(x).shape)


def setitem(self, key, value):
    """x[key] = value"""
    if isinstance(self, Variable):
        check_leaf(self)
        value = lifted(value) if isinstance(value, Variable) else value
        value = Variable(value) if isinstance(value, _TensorBase) else value
        if isinstance(value, Variable) and value.volatile:
            _core.detach_in_place(self)
            self._volatile = True
    else:
        _check_value(self, key, value)
        if isinstance(value, _TensorBase) and type(value) is not type(self):
            value = type_(value, type(self))
        elif not isinstance(value, _TensorBase):
            value = held(self, value)
    key = _read(self, key)
    if isinstance(key, _FACES) and _is_mask(key):
        _set_masked(self, key, value)
        return
    if isinstance(value, _FACES) and _array(value).shape == (1,) and isinstance(key, tuple) and _is_element(self, key):
        value = reshaped(value, ())
    x = lifted(self) if isinstance(self, Variable) and not _array(self).ndim else self
    try:
        todays_setitem(x, _make(_array(key)) if isinstance(key, _FACES) else key, value)
    except (IndexError, RuntimeError) as error:
        raise said(error, "__setitem__") from None


def _check_value(x, key, value):
    """TypeError for a value that a plain tensor cannot take. Places that ints and slices name are copied to from any
    type; those of a mask or of an index tensor are not."""
    if isinstance(value, _TensorBase):
        fits = type(value) is type(x) or not isinstance(key, _FACES)
    else:  # an int tensor takes no float, nor does any take an array
        fits = is_number(value) and (is_float(x) or not isinstance(value, (float, np.floating)))
    if not fits:
        kind = type_name(type(value)) if isinstance(value, _TensorBase) else type(value).__name__
        raise TypeError(f"can't assign a {kind} to a {type_name(type(x))}")
    if isinstance(key, tuple) and any(isinstance(k, _FACES) for k in key) and any(map(is_int, key)):
        raise TypeError("indexing a tensor with ints beside an index tensor: use index sequences for all")


def _set_masked(x, index, value):
    mask = lifted(index) if isinstance(x, Variable) else _mask_of(x, index)
    if not isinstance(value, _FACES):
        masked_filled_(x, mask, value)
        return
    if _array(value).size == 1:
        value = METHODS["expand"](reshaped(value, (1,)), (int(np.count_nonzero(_array(mask))),))
    masked_scattered_(x, mask, value)


def iterate(self):
    """iter(x): the slices along the first dimension; Python numbers when there is no other."""
    return iter([self[i] for i in range(self.size(0))] if self.dim() else [])


# ---- what 0.3's own code called, and some programs


def is_advanced(self, key):
    """x._check_advanced_indexing(key) -> bool: whether a key holds index sequences or tensors beside each other."""
    key = _read(self, key)
    return not isinstance(key, _FACES) and _is_advanced(key)


def add_at(self, key, tensor):
    """x._advanced_index_add(key, tensor) -> x, with tensor added at the places of key, also where these repeat."""
    keys = _read(self, key)
    keys = (bools(keys) if plain(keys).type().endswith("ByteTensor") else keys,) if isinstance(keys, _FACES) else keys
    places = tuple([_array(k) if isinstance(k, _core.TensorBase) else k for k in keys])
    np.add.at(_array(self), places, _array(tensor))
    _core.bump_version(self)
    return self


PLAIN = {"_check_advanced_indexing": is_advanced, "_advanced_index_select": getitem, "_advanced_index_add": add_at,
         "_set_index": setitem}  # fmt: skip
OPERATORS = {"__getitem__": getitem, "__setitem__": setitem, "__iter__": iterate}
