"""Plain tensors and their memory: other sizes, other memory, functions applied in place, storages."""

import math
import struct
import weakref
from functools import partial

import numpy as np

from .. import _core
from ..ops import METHODS as TODAYS
from ..storage import Storage
from ..tensor import storage_array
from .broadcasting import together
from .construct import is_int, up_to_zero
from .faces import _array, _TensorBase, follow, settled, type_name
from .signatures import got

_LENT: dict[int, weakref.ref] = {}  # id -> an array that owns memory which NumPy's users hold


def lend(tensor):
    """Notes that the memory of a tensor is also a NumPy array's: it cannot get larger."""
    owner = storage_array(tensor)
    key = id(owner)
    if key not in _LENT or _LENT[key]() is not owner:
        _LENT[key] = weakref.ref(owner, partial(_forget, key))
    return tensor


def _forget(key, reference):
    """The array is gone: its id may be another's soon."""
    _LENT.pop(key, None)


def _is_lent(tensor):
    owner = storage_array(tensor)
    return id(owner) in _LENT and _LENT[id(owner)]() is owner


def resize_(self, *sizes):
    """resize_(*sizes) -> self with another number of elements; new ones are undefined. RuntimeError for more than there
    is memory for when a NumPy array has it too."""
    if len(sizes) == 1 and isinstance(sizes[0], (tuple, list, Storage)):
        sizes = tuple(sizes[0])
    if not all(map(is_int, sizes)):
        raise TypeError(f"resize_ received an invalid combination of arguments - got {got(sizes, {})}")
    sizes = up_to_zero("resize_", sizes)
    count = math.prod(sizes)
    if count > _array(self).size and _is_lent(self) and self.storage_offset() + count > len(self.storage()):
        raise RuntimeError("Trying to resize storage that is not resizable")
    TODAYS["resize_"](self, sizes)
    follow(settled(self))
    return self


def resize_as_(self, tensor):
    """resize_as_(tensor) -> self with the size of tensor."""
    return resize_(self, tuple(tensor.size()))


def set_(self, source=None, storage_offset=0, size=None, stride=None):
    """set_(source=None, storage_offset=0, size=None, stride=None) -> self over the memory of a tensor or storage."""
    other_storage = isinstance(source, Storage) and source.dtype.numpy != type(self)._dtype
    if other_storage or (isinstance(source, _TensorBase) and type(source) is not type(self)):
        got = source.type() if other_storage else type_name(type(source))
        raise TypeError(
            f"set_ received an invalid combination of arguments - got ({got}), but expected a {type_name(type(self))} "
            "or its storage"
        )
    TODAYS["set_"](self, source, storage_offset, size, stride)
    follow(self)
    return self


def _check_callable(name, tensor, function):
    if tensor.is_cuda:
        kind = type_name(type(tensor))
        raise RuntimeError(f"{name} is only implemented on CPU tensors, got a {kind}; use cpu() first")
    if not callable(function):
        raise TypeError(f"{name} requires a callable as its last argument, got {type(function).__name__}")


def _store(self, values):
    array = _array(self)
    array[...] = np.array(values, dtype=array.dtype).reshape(array.shape)
    _core.bump_version(self)
    return self


def _numbers(tensor):
    return _array(tensor).ravel().tolist()


def apply_(self, callable):
    """apply_(callable) -> self with each element replaced by callable(element); slow, on the CPU."""
    _check_callable("apply_", self, callable)
    return _store(self, [callable(value) for value in _numbers(self)])


def map_(self, tensor, callable):
    """map_(tensor, callable) -> self with callable(element of self, element of tensor), broadcast; slow."""
    _check_callable("map_", self, callable)
    (tensor,) = _fitted("map_", self, tensor)
    return _store(self, [callable(a, b) for a, b in zip(_numbers(self), tensor, strict=True)])


def map2_(self, x, y, callable):
    """map2_(x, y, callable) -> self with callable(element of self, of x, of y), broadcast; slow."""
    _check_callable("map2_", self, callable)
    x, y = _fitted("map2_", self, x, y)
    return _store(self, [callable(*values) for values in zip(_numbers(self), x, y, strict=True)])


def _fitted(name, self, *others):
    for other in others:
        if type(other) is not type(self):
            raise TypeError(f"{name} expects tensors of type {type_name(type(self))}, got {type(other).__name__}")
    fitted = together(self, list(others), True, ("x", "y")[: len(others)])
    return [np.broadcast_to(_array(t), _array(self).shape).ravel().tolist() for t in fitted]


def is_set_to(self, tensor):
    """is_set_to(tensor) -> bool: whether both are over the same elements of the same memory, in the same way."""
    a, b = _array(self), _array(tensor)
    return a.shape == b.shape and a.strides == b.strides and self.data_ptr() == tensor.data_ptr()


def write_metadata(self, file):
    """_write_metadata(file): writes to a binary file where the elements lie in the storage, as files of 0.1 have it:
    the number of dimensions, sizes, strides and offset as int64."""
    sizes, strides = tuple(self.size()), tuple(self.stride())
    numbers = (len(sizes), *sizes, *strides, self.storage_offset())
    file.write(struct.pack(f"<{len(numbers)}q", *numbers))


def new_with_metadata_file(cls, file, storage):
    """FloatTensor._new_with_metadata_file(file, storage) -> the tensor over a storage that was written so."""

    def read(count):
        return struct.unpack(f"<{count}q", file.read(8 * count))

    (ndim,) = read(1)
    sizes, strides, (offset,) = read(ndim), read(ndim), read(1)
    return cls().set_(storage, offset, sizes, strides) if ndim else cls()


METHODS = {
    **{f.__name__: f for f in (resize_, resize_as_, set_, apply_, map_, map2_, is_set_to)},
    "_write_metadata": write_metadata,
}  # fmt: skip
