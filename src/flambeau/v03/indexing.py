"""x[key] as 0.3 read it: Python numbers out of one-dimensional tensors, byte masks, index tensors of one dimension."""

import numpy as np

from .. import _core
from ..ops import METHODS
from ..ops.index import setitem as todays_setitem
from .broadcasting import together
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
from .pointwise import bools, masked_filled_, masked_scattered_, masked_selected

todays_getitem = _core.TensorBase.__getitem__
_FACES = (Variable, _TensorBase)
_INDICES = (list, np.ndarray, _core.TensorBase)  # what selects more than one place along a dimension


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
        if isinstance(k, (float, np.floating, str)):
            raise TypeError(
                f"indexing a tensor with an object of type {type(k).__name__}. The only supported types are integers, "
                "slices, numpy scalars and torch.LongTensor or torch.ByteTensor as the only argument."
            )
        if isinstance(k, slice) and k.step is not None and k.step <= 0:
            raise ValueError("slice step has to be greater than 0")
    count, ndim = sum(k is not None and k is not ... for k in keys), x.dim()
    if count > ndim:
        raise IndexError(f"trying to index {count} dimensions of a {ndim} dimensional tensor")
    return tuple([_make(_array(bools(k) if _is_mask(k) else k)) if isinstance(k, _FACES) else k for k in keys])


def _is_mask(index):
    return shown_array(index).dtype == np.uint8


def _is_advanced(keys):
    return any(isinstance(k, _INDICES) for k in keys)


def _is_element(x, keys):
    """Whether the key names one element by ints."""
    return len(keys) == x.dim() and all(isinstance(k, (int, np.integer)) and not isinstance(k, bool) for k in keys)


def getitem(self, key):
    """x[key]"""
    x = lifted(self) if isinstance(self, Variable) else settled(self)
    if type(key) is int:
        return _at(x, key)
    key = _read(x, key)
    if isinstance(key, _FACES):
        return _selected(x, key)
    result = todays_getitem(x, key)
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
        (mask,) = together(x, [lifted(index)], False, ("mask",))
        return compact(settled(masked_selected(x, mask)))
    if shown_array(index).dtype != np.int64:
        raise TypeError(
            f"indexing a tensor with an object of type {plain(index).type()}. The only supported types are integers, "
            "slices, numpy scalars and torch.LongTensor or torch.ByteTensor as the only argument."
        )
    if _array(index).ndim > 1:
        if isinstance(x, _TensorBase):
            raise IndexError(f"index tensor must be 1-dimensional, got {_array(index).ndim} dimensions")
        return compact(todays_getitem(x, _make(_array(index))))
    return compact(settled(METHODS["index_select"](x, 0, _make(_array(index).reshape(-1)))))


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
    key = _read(self, key)
    if isinstance(key, _FACES) and _is_mask(key):
        _set_masked(self, lifted(key), value)
        return
    if isinstance(value, _FACES) and _array(value).shape == (1,) and isinstance(key, tuple) and _is_element(self, key):
        value = reshaped(value, ())
    x = lifted(self) if isinstance(self, Variable) and not _array(self).ndim else self
    todays_setitem(x, _make(_array(key)) if isinstance(key, _FACES) else key, value)


def _check_value(x, key, value):
    """TypeError for a value that a plain tensor cannot take. Places that ints and slices name are copied to from any
    type; those of a mask or of an index tensor are not."""
    whole = isinstance(key, _FACES)
    if isinstance(value, Variable) or (isinstance(value, _TensorBase) and type(value) is not type(x) and whole):
        kind = "Variable" if isinstance(value, Variable) else type_name(type(value))
        raise TypeError(f"can't assign a {kind} to a {type_name(type(x))}")
    if isinstance(key, tuple) and any(isinstance(k, _FACES) for k in key) and not all(
        isinstance(k, (_core.TensorBase, list, np.ndarray)) for k in key
    ):
        raise TypeError("indexing a tensor with ints or slices beside an index tensor: use index sequences for all")


def _set_masked(x, mask, value):
    if not isinstance(value, _FACES):
        masked_filled_(x, mask, value)
        return
    if _array(value).size == 1:
        value = METHODS["expand"](reshaped(value, (1,)), (int(np.count_nonzero(_array(mask))),))
    masked_scattered_(x, mask, value)


def iterate(self):
    """iter(x): the slices along the first dimension; Python numbers when there is no other."""
    return iter([self[i] for i in range(self.size(0))] if self.dim() else [])


OPERATORS = {"__getitem__": getitem, "__setitem__": setitem, "__iter__": iterate}
