"""How 0.3 makes tensors: `FloatTensor(2, 3)`, `FloatTensor([[1, 2]])`, `FloatTensor(storage)`, `x.new(...)`."""

import itertools
import math
from collections.abc import Sequence

import numpy as np

from .. import _core
from ..dtype import from_numpy_dtype
from ..kernels.base.shape import strided
from ..size import Size
from ..storage import Storage
from .faces import Variable, _TensorBase, shown_array, type_name

_array, _make = _core.array_of, _core.make


def new_tensor(cls, args, device=None, **others):
    """What `cls(*args)` is, for a typed class or a subclass of one."""
    if others:
        raise TypeError(f"{type_name(cls)} constructor doesn't accept any keyword arguments")
    if cls is _TensorBase or cls._dtype is None:
        raise RuntimeError(f"cannot create an instance of the abstract class {type_name(cls)}")
    array, source = _elements(cls, args)
    if cls.is_cuda:
        array = _placed(array, device)
    elif device is not None:
        raise TypeError(f"{type_name(cls)} takes no device; use torch.cuda.{cls.__name__}")
    new = rebuilt(cls, array)
    if source is not None:
        _core.share_version(new, source)
    return new


def _placed(array, device):
    """An array on a GPU: where it is when it is on one, else on the current one; or on that of an index."""
    from ..device import device as Device

    index = None if device is None or device < 0 else device
    if not isinstance(array, np.ndarray) and index is None:
        return array
    return _array(_make(array).to(Device("cuda", index)))


def rebuilt(cls, array):
    """A plain tensor of a typed class over an array of its type."""
    made = _core.TensorBase.__new__(cls)
    _core.init_tensor(made, array)
    return made


def _elements(cls, args):
    """The array of a new tensor, and the tensor whose memory it is over, or None."""
    dtype = cls._dtype
    if not args:
        return _core.empty_array((0,), dtype), None
    first = args[0]
    if len(args) == 1:
        if isinstance(first, Variable):
            raise TypeError(_refusal(cls, args))
        if isinstance(first, _TensorBase):
            if type(first)._dtype != dtype or type(first).is_cuda != cls.is_cuda:
                raise TypeError(_refusal(cls, args))
            return shown_array(first), first
        if isinstance(first, np.ndarray):
            return _from_numpy(cls, first), None
        if isinstance(first, Sequence) and not isinstance(first, (str, bytes, Size)):
            return _from_sequence(cls, first), None
        if isinstance(first, Size):
            args = tuple(first)
    if isinstance(first, Storage):
        return _over_storage(cls, *args), None
    if not all(is_int(a) for a in args):
        raise TypeError(_refusal(cls, args))
    return _core.empty_array(up_to_zero(type_name(cls), args), dtype), None


def up_to_zero(name, sizes):
    """The sizes of a new tensor as 0.3 read them: those before the first 0; (0,) when there are none, an empty tensor.
    RuntimeError for negative ones. `name` is what is called."""
    sizes = tuple(map(int, sizes))
    if min(sizes, default=0) < 0:
        raise RuntimeError(f"{name}: sizes must not be negative, got {sizes}")
    return tuple(itertools.takewhile(bool, sizes)) or (0,)


def is_int(value):
    """Whether value is an int of Python or NumPy; a bool is none."""
    return isinstance(value, (int, np.integer)) and not isinstance(value, bool)


def _refusal(cls, args):
    got = ", ".join(type_name(type(a)) if isinstance(a, _TensorBase) else type(a).__name__ for a in args)
    name = type_name(cls)
    storage = name.replace("Tensor", "Storage")
    return (
        f"{name} constructor received an invalid combination of arguments - got ({got}), but expected one of:\n"
        " * no arguments\n * (int ...)\n"
        f" * ({name} viewed_tensor)\n * (torch.Size size)\n * ({storage} data)\n * (Sequence data)"
    )


def _from_numpy(cls, array):
    if array.ndim == 0:
        raise TypeError(_refusal(cls, (array,)))
    if array.dtype == cls._dtype and array.flags.writeable and min(array.strides, default=0) >= 0:
        return array if array.size else _core.empty_array((0,), cls._dtype)
    _check_whole(cls, array)
    return _owned(array.astype(cls._dtype))


def _check_whole(cls, array):
    """RuntimeError when a class of ints cannot hold the floats of an array."""
    if array.dtype.kind == "f" and cls._dtype.kind in "iu" and array.size and not (array == np.floor(array)).all():
        raise _odd_item(cls, "float", tuple(int(i) for i in np.argwhere(array != np.floor(array))[0]))


def _from_sequence(cls, values):
    """The elements of nested sequences; inner tensors are not taken."""
    if any(isinstance(v, _core.TensorBase) for v in values):
        raise _odd_item(cls, next(type(v).__name__ for v in values if isinstance(v, _core.TensorBase)), (0,))
    try:
        array = np.array(values)
    except ValueError as error:
        raise ValueError(
            f"inconsistent sequence length at some index: {type_name(cls)} needs rows of equal length"
        ) from error
    if array.dtype.kind not in "biuf":
        items = np.array(values, dtype=object)
        place = next(i for i in np.ndindex(items.shape) if not is_number(items[i]))
        raise _odd_item(cls, type(items[place]).__name__, place)
    _check_whole(cls, array)
    if cls._dtype.kind in "iu" and array.dtype.kind in "uf" and array.size and np.abs(array).max() >= 2**63:
        raise RuntimeError(f"Overflow when unpacking long: a {type_name(cls)} takes numbers below 2**63, got {values}")
    return _owned(array.astype(cls._dtype)) if array.size else _core.empty_array((0,), cls._dtype)


def _odd_item(cls, found, place):
    return RuntimeError(
        f"tried to construct a tensor from a {_kind(cls)} sequence, but found an item of type {found} at index {place}"
    )


def is_number(value):
    """Whether value is a real number of Python or NumPy."""
    return isinstance(value, (int, float, np.number, np.bool_))


def _kind(cls):
    return "int" if cls._dtype.kind in "iu" else "float"


def _owned(array):
    """The elements in memory of the library's allocator."""
    new = _core.empty_array(array.shape, array.dtype)
    new[...] = array
    return new


def _over_storage(cls, storage, offset=0, size=None, stride=None):
    if from_numpy_dtype(cls._dtype) is not storage.dtype or cls.is_cuda != storage.is_cuda:
        raise TypeError(_refusal(cls, (storage,)))
    if size is None:
        return storage.array[offset:] if offset else storage.array
    size = tuple(size)
    if stride is None:
        stride = tuple(math.prod(size[i + 1 :]) for i in range(len(size)))
    reach = offset + sum((s - 1) * st for s, st in zip(size, stride, strict=True)) + 1
    if size and reach > len(storage):
        raise RuntimeError(f"{type_name(cls)}: a storage of {len(storage)} elements is too small for {reach}")
    item = cls._dtype.itemsize
    return strided(storage.array, size, tuple(s * item for s in stride), offset * item)


def new(self, *args, **options):
    """x.new(...) -> a tensor of the type of x: `x.new(2, 3)`, `x.new([1, 2])`, `x.new()`."""
    if isinstance(self, Variable):
        plain = tuple(a.data if isinstance(a, Variable) else a for a in args)
        return Variable(new_tensor(type(self.data), plain, **options))
    if self.is_cuda and "device" not in options:
        options["device"] = self.get_device()
    return new_tensor(type(self), args, **options)
