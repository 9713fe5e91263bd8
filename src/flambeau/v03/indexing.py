"""x[key] as 0.3 read it: Python numbers out of one-dimensional tensors, byte masks, index tensors of one dimension."""

import numpy as np

from .. import _core
from ..ops import METHODS
from ..ops.index import getitem as todays_getitem
from ..ops.index import setitem as todays_setitem
from .faces import Variable, _array, _make, _TensorBase, lifted, plain
from .pointwise import masked_filled_, masked_selected, masked_scattered_

_ARRAYS = (_core.TensorBase, list, np.ndarray)


def _is_advanced(key):
    """Whether a key has index sequences or tensors, beside slices and ints."""
    if isinstance(key, tuple):
        return any(isinstance(k, (list, np.ndarray, _core.TensorBase)) for k in key)
    return isinstance(key, (list, np.ndarray))


def _as_tuple(key):
    """A list that holds slices or sequences means a tuple of them."""
    if isinstance(key, list) and len(key) <= 32:
        if any(isinstance(k, (slice, list, tuple, np.ndarray, _core.TensorBase)) or k is None or k is ... for k in key):
            return tuple(key)
    return key


def _check(x, key):
    for k in key if isinstance(key, tuple) else (key,):
        if isinstance(k, (float, np.floating)):
            raise TypeError(f"indexing a tensor with an object of type {type(k).__name__}")
        if isinstance(k, slice) and isinstance(k.step, (int, np.integer)) and k.step <= 0:
            raise ValueError("slice step has to be greater than 0")
    count = sum(k is not None and k is not ... for k in key) if isinstance(key, tuple) else 1
    if count > max(_array(x).ndim, 1) and not any(isinstance(k, _core.TensorBase) for k in (key if isinstance(key, tuple) else ())):
        raise IndexError(f"trying to index {count} dimensions of a {_array(x).ndim} dimensional tensor")


def _todays(key):
    """A key of today's plain tensors: bytes as masks, index tensors as they are."""
    if isinstance(key, tuple):
        return tuple(_todays(k) for k in key)
    if isinstance(key, _core.TensorBase):
        array = _array(key)
        return _make(array.view(np.bool_) if array.dtype == np.uint8 else array)
    return key


def _mask_of(x, key):
    """The byte mask, or index tensor, that key alone is: as a plain tensor or Variable; None for other keys."""
    if isinstance(key, tuple) and len(key) == 1:
        key = key[0]
    return key if isinstance(key, (Variable, _TensorBase)) else None


def getitem(self, key):
    """x[key]"""
    x = lifted(self) if isinstance(self, Variable) else self
    key = _as_tuple(key)
    index = _mask_of(x, key)
    if index is not None:
        return _selected(x, index)
    _check(x, key)
    result = todays_getitem(x, _todays(key))
    array = _array(result)
    if 0 in array.shape and array.size == 0 and _array(x).size and not _is_advanced(key):
        raise ValueError("result of slicing is an empty tensor")
    if isinstance(self, Variable):
        return lifted(result)
    if _is_single(x, key):
        return array.reshape(()).item()
    return result


def _is_single(x, key):
    """Whether key names one element by ints."""
    keys = key if isinstance(key, tuple) else (key,)
    return all(isinstance(k, (int, np.integer)) and not isinstance(k, bool) for k in keys) and len(keys) == _array(x).ndim


def _selected(x, index):
    kind = _array(index).dtype
    if kind == np.uint8:
        if _array(index).shape != _array(x).shape:
            from .broadcasting import together

            (index,) = together(x, [index], False, ("self", "mask"))
        if not int(_array(index).astype(bool).sum()) and not isinstance(x, Variable):
            return type(x)()
        return masked_selected(x, index)
    if kind != np.int64:
        raise TypeError(f"indexing a tensor with an object of type {plain(index).type()}. The only supported types are "
                        "integers, slices, numpy scalars and torch.LongTensor or torch.ByteTensor as the only argument.")  # fmt: skip
    if _array(index).ndim != 1:
        if isinstance(x, Variable):
            return todays_getitem(x, _todays(index))
        raise IndexError(f"index tensor must be 1-dimensional, got {_array(index).ndim} dimensions")
    return METHODS["index_select"](x, 0, _make(_array(index)))


def setitem(self, key, value):
    """x[key] = value"""
    key = _as_tuple(key)
    if isinstance(self, Variable) and isinstance(value, _TensorBase):
        value = Variable(value)
    if isinstance(self, _TensorBase) and isinstance(value, Variable):
        raise TypeError("can't assign a Variable to a plain tensor; assign its .data")
    index = _mask_of(self, key)
    if index is not None and _array(index).dtype == np.uint8:
        if isinstance(value, (Variable, _TensorBase)):
            return _assigned(self, index, value)
        return masked_filled_(self, index, value)
    _check(self, key)
    if isinstance(self, _TensorBase) and isinstance(value, _TensorBase) and type(value)._dtype != type(self)._dtype:
        raise TypeError(f"can't assign a {value.type()} to a {self.type()}")
    if isinstance(value, (Variable, _TensorBase)) and _array(value).shape == (1,) and _is_single(self, key):
        value = METHODS["reshape"](value, ()) if isinstance(value, Variable) else value[0]
    todays_setitem(self, _todays(key), value)


def _assigned(x, mask, value):
    if _array(value).size == 1:
        return masked_filled_(x, mask, _array(value).reshape(()).item()) if not isinstance(value, Variable) else (
            masked_scattered_(x, mask, METHODS["expand"](METHODS["reshape"](value, (1,)), (int(_array(mask).sum()),)))
        )
    return masked_scattered_(x, mask, value)


def iterate(self):
    """iter(x)"""
    x = lifted(self) if isinstance(self, Variable) else self
    if _array(x).size == 0 and _array(x).ndim <= 1:
        return iter(())
    return iter([getitem(x, i) for i in range(_array(x).shape[0])])


OPERATORS = {"__getitem__": getitem, "__setitem__": setitem, "__iter__": iterate}
