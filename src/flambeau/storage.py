"""Storages: the memory that a tensor and its views share."""

import operator
import os
import sys

import numpy as np

from . import _core
from .device import CPU
from .dtype import ALL, as_dtype, get_default_dtype
from .dtype import dtype as DType

_NUMPY = np.ndarray


class StorageType(type):
    """The class of Storage and the typed names: isinstance(x.storage(), FloatStorage) goes by dtype and device."""

    _dtype: DType | None
    _on_gpu: bool  # of a typed name: whether its storages are on a GPU

    def __instancecheck__(cls, x):
        if cls._dtype is None:
            return type.__instancecheck__(cls, x)
        return isinstance(x, Storage) and x.dtype is cls._dtype and x.is_cuda == cls._on_gpu

    def __repr__(cls):
        return f"<class 'torch.{'cuda.' * cls._on_gpu}{cls.__name__}'>"

    @property
    def dtype(cls):
        """The dtype of the storages of a typed name; of Storage, the default dtype."""
        return cls._dtype or get_default_dtype()


class Storage(metaclass=StorageType):
    """Storage(size=0) or Storage(sequence), of the default dtype; Storage(storage, offset=0, size=all after it), over a
    part of the same memory; `tensor.storage()`.

    A one-dimensional run of elements of one dtype. Tensors over the storage see changes of its elements.
    """

    __slots__ = ("array", "dtype", "filename")
    _dtype = None
    _on_gpu = False
    is_sparse = False

    def __init__(self, source=0, dtype=None, size=None):
        if isinstance(dtype, (int, np.integer)):
            source, dtype = _part(source, dtype, size), None
        self.dtype = dtype or self._dtype or get_default_dtype()
        self.filename = None  # the file that from_file mapped
        if isinstance(source, (int, np.integer)):
            if source < 0:
                raise RuntimeError(f"Storage size must not be negative, got {source}")
            self.array = _core.zeros_array((int(source),), self.dtype.numpy)
        elif isinstance(source, (list, tuple, range)):
            self.array = _core.empty_array((len(source),), self.dtype.numpy)
            self.array[...] = source
        elif isinstance(source, Storage):
            self.array = source.array.view(self.dtype.numpy)
        elif hasattr(source, "shape"):
            self.array = _flat(source, self.dtype)
        else:
            raise TypeError(f"Storage takes a size, a sequence of numbers or a storage, got {type(source).__name__}")
        if self._on_gpu and not self.is_cuda:
            self.array = _core.array_of(_core.make(self.array).cuda())

    @property
    def _backend(self):
        return _core.backend_for(_core.make(self.array))

    @property
    def device(self):
        """Where the memory is."""
        return CPU if isinstance(self.array, _NUMPY) else _core.make(self.array).device

    def __len__(self):
        return len(self.array)

    def size(self):
        """size() -> number of elements."""
        return len(self.array)

    def __sizeof__(self):
        return object.__sizeof__(self) + self.nbytes()

    def nbytes(self):
        """nbytes() -> number of bytes."""
        return self.array.nbytes

    def element_size(self):
        """element_size() -> bytes of one element."""
        return self.dtype.itemsize

    def data_ptr(self):
        """data_ptr() -> address of the first element."""
        return _core.make(self.array).data_ptr()

    @property
    def _cdata(self):
        """A number that storages over the same memory share."""
        return self.data_ptr()

    def _index(self, key):
        if isinstance(key, slice):
            if key.step not in (None, 1):
                raise RuntimeError(
                    f"Trying to slice with a step of {key.step}, but only a step of 1 is supported"
                )
            return key
        i, n = operator.index(key), len(self)
        if not -n <= i < n:
            raise IndexError(f"index {i} out of range for storage of size {n}")
        return i

    def __getitem__(self, key):
        key = self._index(key)
        if isinstance(key, slice):
            return type(self)(self.array[key], self.dtype)
        value = self.array[key]
        return float(value) if value.dtype.kind == "V" else value.item()

    def __setitem__(self, key, value):
        key = self._index(key)
        if isinstance(value, Storage):
            value = value.array
        self._backend.write(self.array[key, ...], value)

    def __iter__(self):
        return iter(self.tolist())

    def tolist(self):
        """tolist() -> list of the elements as Python numbers."""
        array = self.cpu().array
        return (array.astype(np.float32) if array.dtype.kind == "V" else array).tolist()

    def copy_(self, source, non_blocking=None):
        """copy_(source) -> self, with the elements of a storage of the same size."""
        if len(source) != len(self):
            raise RuntimeError(f"copy_: a storage of size {len(self)} cannot take {len(source)} elements")
        source = source if source.device == self.device else source.cpu()
        self._backend.write(self.array, source.array)
        return self

    def fill_(self, value):
        """fill_(value) -> self, all elements set to value."""
        self._backend.write(self.array, value)
        return self

    def clone(self):
        """clone() -> a copy with memory of its own."""
        return type(self)(_core.array_of(_core.make(self.array).clone()), self.dtype)

    def resize_(self, size):
        """resize_(size) -> self with that many elements, in new memory: tensors made before keep theirs."""
        size = operator.index(size)
        if size < 0:
            raise RuntimeError(f"resize_: the size must not be negative, got {size}")
        resized = self._backend.zeros((size,), self.dtype.numpy, self.array)
        n = min(size, len(self))
        self._backend.write(resized[:n], self.array[:n])
        self.array = resized
        return self

    def type(self, dtype=None):
        """type() -> str such as 'torch.FloatStorage', 'torch.storage.TypedStorage' for uint16, uint32 and uint64;
        type(FloatStorage) -> a storage converted to a typed name."""
        if dtype is None:
            name = f"{self.dtype.title}Storage"
            return f"torch.{'cuda.' * self.is_cuda}{name}" if name in TYPES else "torch.storage.TypedStorage"
        if isinstance(dtype, str):
            name = dtype.removeprefix("torch.")
            dtype = CUDA_TYPES.get(name[5:], dtype) if name.startswith("cuda.") else TYPES.get(name, dtype)
        if not isinstance(dtype, StorageType):
            raise ValueError(f"type(): expected a typed storage or its name, got {dtype!r}")
        found = self if dtype._on_gpu == self.is_cuda else self.cuda() if dtype._on_gpu else self.cpu()
        return found.to(dtype=dtype.dtype)

    def cpu(self):
        """cpu() -> self, or a copy in host memory."""
        return self if not self.is_cuda else _over(_core.array_of(_core.make(self.array).cpu()), self.dtype)

    def cuda(self, device=None, non_blocking=False, **options):
        """cuda(device=None, non_blocking=False) -> a copy on a GPU; self when it is there."""
        moved = _core.array_of(_core.make(self.array).cuda(device, non_blocking or options.get("async", False)))
        return self if moved is self.array else _over(moved, self.dtype)

    @property
    def is_cuda(self):
        """Whether the memory is on a GPU."""
        return not isinstance(self.array, _NUMPY)

    def get_device(self):
        """get_device() -> index of the GPU; -1 on the CPU."""
        return _core.make(self.array).get_device()

    def is_pinned(self):
        """is_pinned() -> bool: whether the memory is pinned."""
        return _core.make(self.array).is_pinned()

    def pin_memory(self):
        """pin_memory() -> a copy in pinned memory; self when it is pinned, and without a GPU."""
        pinned = _core.array_of(_core.make(self.array).pin_memory())
        return self if pinned is self.array else _over(pinned, self.dtype)

    def is_shared(self):
        """is_shared() -> bool: whether other processes see the memory: after share_memory_(), or that of a file opened
        with shared=True."""
        from .shared import is_shared

        return self.is_cuda or self.filename is not None or is_shared(self.array)

    def share_memory_(self):
        """share_memory_() -> self, moved to shared memory with all tensors over it; nothing to do on a GPU."""
        from .shared import share

        if not self.is_cuda:
            share(self)
        return self

    @classmethod
    def _new_shared(cls, size, *, device="cpu"):
        """A storage of `size` elements, all 0, in shared memory."""
        return cls(size).share_memory_()

    def new(self, source=0):
        """new(size), new(sequence) -> a storage of this dtype, on this device."""
        made = TYPES.get(f"{self.dtype.title}Storage", Storage)(source, self.dtype)
        return made.cuda(self.get_device()) if self.is_cuda else made

    def untyped(self):
        """untyped() -> the same memory as a storage of bytes."""
        return Storage(self, ALL[1])

    def buffer(self):
        """buffer() -> memoryview of the bytes, over the same memory; `from_buffer` takes such."""
        self._check_host("buffer")
        return memoryview(self.array.view(np.uint8))

    @classmethod
    def from_buffer(cls, buffer, byte_order="native", count=-1, offset=0):
        """from_buffer(buffer, byte_order, count=-1, offset=0) -> a new storage with a copy of elements of a buffer.

        byte_order: "native", "little" or "big"; count: elements, all when negative; offset: bytes. ValueError when the
        buffer is too short or no whole number of elements.
        """
        dtype = cls.dtype
        cls._check_host("from_buffer")
        if byte_order not in ("native", "little", "big"):
            raise ValueError(f"from_buffer(): byte_order must be native, little or big, got {byte_order!r}")
        raw = np.frombuffer(buffer, np.uint8)
        left = raw.size - offset
        if offset < 0 or left < 0:
            raise ValueError(
                f"offset must be non-negative and no greater than buffer length ({raw.size}), but got {offset}"
            )
        if count < 0 and left % dtype.itemsize:
            raise ValueError(f"buffer size ({left}) must be a multiple of element size ({dtype.itemsize})")
        count = left // dtype.itemsize if count < 0 else count
        if count * dtype.itemsize > left:
            raise ValueError(
                f"buffer has only {left // dtype.itemsize} elements after offset {offset}, but specified a size of "
                f"{count}"
            )
        made = cls(count, dtype=dtype)
        words = made.array.view(np.uint8).reshape(count, dtype.itemsize)
        words[...] = raw[offset : offset + count * dtype.itemsize].reshape(count, dtype.itemsize)
        if byte_order not in ("native", sys.byteorder):
            words[...] = words[:, ::-1].copy()
        return made

    @classmethod
    def from_file(cls, filename, shared=False, size=0):
        """from_file(filename, shared=False, size=0) -> a storage of `size` elements over the content of a file.

        shared=True: changes are written to the file, which is made or grown to that size. RuntimeError when the file
        is too small otherwise.
        """
        cls._check_host("from_file")
        made = cls.__new__(cls)
        made.dtype, made.filename = cls.dtype, str(filename) if shared else None
        made.array = mapped(filename, shared, operator.index(size), made.dtype)
        return made

    @classmethod
    def _check_host(cls, name):
        if cls._on_gpu:
            raise RuntimeError(f"{name}: not available for CUDA storages; use one in host memory, and cuda()")

    def to(self, *, dtype):
        """to(dtype=...) -> a storage with the elements converted; self when there is nothing to do."""
        dtype = as_dtype(dtype)
        if dtype is self.dtype:
            return self
        array = self.array.real if self.dtype.is_complex and not dtype.is_complex else self.array
        with np.errstate(all="ignore"), self._backend.on(self.array):
            return _over(array.astype(dtype.numpy), dtype)

    def __eq__(self, other):
        if not isinstance(other, Storage):
            return NotImplemented
        return self.data_ptr() == other.data_ptr() and self.nbytes() == other.nbytes()

    def __hash__(self):
        return hash((self.data_ptr(), self.nbytes()))

    def __copy__(self):
        return self.clone()

    def __deepcopy__(self, memo):
        """A copy; tensors and storages over one memory have copies over one memory."""
        from .tensor import copy_storage

        copied = memo[id(self)] = type(self)(copy_storage(_core.make(self.array), memo), self.dtype)
        return copied

    def __reduce__(self):
        array = self.cpu().array
        raw = array.view(np.uint16) if array.dtype.kind == "V" else array
        return _rebuild, (type(self), raw, self.dtype, self.device)

    def __repr__(self):
        lines = [f" {v}" for v in self.tolist()]
        name = self.type()
        if name == "torch.storage.TypedStorage":
            name += f"(dtype={self.dtype}, device={self.device})"
        return "\n".join([*lines, f"[{name} of size {len(self)}]"])


def _part(whole, offset, size):
    """`size` elements of a storage from `offset` on. RuntimeError when there are not that many."""
    size = len(whole) - offset if size is None else size
    if min(offset, size) < 0 or offset + size > len(whole):
        raise RuntimeError(f"{size} elements from {offset} on are no part of a storage of {len(whole)} elements")
    return whole[offset : offset + size]


def mapped(filename, shared, size, dtype):
    """The first elements of a file as an array over its pages; private copies of the pages unless shared."""
    path, needed = os.fspath(filename), size * dtype.itemsize
    if shared and not (os.path.exists(path) and os.path.getsize(path) >= needed):
        with open(path, "ab") as file:
            file.truncate(needed)
    elif not os.path.exists(path):
        raise RuntimeError(f"unable to open file <{path}> in read-only mode: No such file or directory (2)")
    elif os.path.getsize(path) < needed:
        raise RuntimeError(
            f"from_file(): the file {path!r} has {os.path.getsize(path)} bytes, "
            f"{size} elements of {dtype.name} need {needed}"
        )
    if size == 0:
        return _core.empty_array((0,), dtype.numpy)
    raw = np.memmap(path, np.uint8, "r+" if shared else "c", 0, (needed,))
    return raw.view(np.ndarray).view(dtype.numpy)


def flat_bytes(owner):
    """The memory of an array on the CPU, from its first byte to its last, as an array of bytes."""
    return _flat(owner, ALL[1])


def _flat(owner, dtype):
    """The memory of an array, from its first byte to its last, as one run of elements."""
    if not isinstance(owner, _NUMPY):
        return owner.reshape(-1).view(dtype.numpy)
    if owner.size == 0:
        return owner.reshape(-1).view(dtype.numpy)
    low = sum((n - 1) * s for n, s in zip(owner.shape, owner.strides, strict=True) if s < 0)
    span = owner.itemsize + sum((n - 1) * abs(s) for n, s in zip(owner.shape, owner.strides, strict=True))
    flat = _core.strided_view(owner, (span // owner.itemsize,), (owner.itemsize,), low)
    return flat[: span // dtype.itemsize * dtype.itemsize // owner.itemsize].view(dtype.numpy)


def _over(array, dtype):
    """A storage over an array; of the typed class, where its dtype has one."""
    types = TYPES if isinstance(array, _NUMPY) else CUDA_TYPES
    return types.get(f"{dtype.title}Storage", Storage)(array, dtype)


def _rebuild(cls, raw, dtype, device=CPU):
    array = raw.view(dtype.numpy).copy()
    return cls(_core.array_of(_core.make(array).to(device)) if device.type != "cpu" else array, dtype)


def _conversion(name, target):
    def method(self):
        return self.to(dtype=target)

    method.__name__ = name
    method.__qualname__ = f"Storage.{name}"
    method.__doc__ = f"{name}() -> a storage with the elements converted to {target.name}; self when they are."
    setattr(Storage, name, method)


_NAMES = ("bool", "byte", "char", "short", "int", "long", "half", "bfloat16", "float", "double", "complex_float",
          "complex_double")  # fmt: skip
_NAMED = ALL[: len(_NAMES)]  # the unsigned types after them have no names of storages and conversions
for _name, _dtype in zip(_NAMES, _NAMED, strict=True):
    _conversion(_name, _dtype)



def _typed(dtype, on_gpu):
    home = "flambeau.cuda" if on_gpu else __name__
    contents = {"_dtype": dtype, "_on_gpu": on_gpu, "__slots__": (), "__module__": home}
    return StorageType(f"{dtype.title}Storage", (Storage,), contents)


TYPES = {f"{d.title}Storage": _typed(d, False) for d in _NAMED}
CUDA_TYPES = {f"{d.title}Storage": _typed(d, True) for d in _NAMED}
BoolStorage, ByteStorage, CharStorage = TYPES["BoolStorage"], TYPES["ByteStorage"], TYPES["CharStorage"]
ShortStorage, IntStorage, LongStorage = TYPES["ShortStorage"], TYPES["IntStorage"], TYPES["LongStorage"]
HalfStorage, BFloat16Storage = TYPES["HalfStorage"], TYPES["BFloat16Storage"]
FloatStorage, DoubleStorage = TYPES["FloatStorage"], TYPES["DoubleStorage"]
ComplexFloatStorage, ComplexDoubleStorage = TYPES["ComplexFloatStorage"], TYPES["ComplexDoubleStorage"]
TypedStorage = UntypedStorage = Storage  # one class serves for both
