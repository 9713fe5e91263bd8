"""Storages: the memory that a tensor and its views share."""

import operator

import numpy as np

from . import _core
from .device import CPU
from .dtype import ALL, as_dtype, get_default_dtype

_NUMPY = np.ndarray


class Storage:
    """Storage(size=0) or Storage(sequence), of the default dtype; `tensor.storage()`.

    A one-dimensional run of elements of one dtype. Tensors over the storage see changes of its elements.
    """

    __slots__ = ("array", "dtype")
    _dtype = None

    def __init__(self, source=0, dtype=None):
        self.dtype = dtype or self._dtype or get_default_dtype()
        if isinstance(source, (int, np.integer)):
            if source < 0:
                raise RuntimeError(f"Storage size must not be negative, got {source}")
            self.array = _core.zeros_array((int(source),), self.dtype.numpy)
        elif isinstance(source, (list, tuple, range)):
            self.array = _core.empty_array((len(source),), self.dtype.numpy)
            self.array[...] = source
        elif isinstance(source, Storage):
            self.array = source.array.view(self.dtype.numpy)
        else:
            self.array = _flat(source, self.dtype)

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

    def nbytes(self):
        """nbytes() -> number of bytes."""
        return self.array.nbytes

    def element_size(self):
        """element_size() -> bytes of one element."""
        return self.dtype.itemsize

    def data_ptr(self):
        """data_ptr() -> address of the first element."""
        return _core.make(self.array).data_ptr()

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
        return (self.array.astype(np.float32) if self.array.dtype.kind == "V" else self.array).tolist()

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

    def type(self):
        """type() -> str such as 'torch.FloatStorage'."""
        return f"torch.{'cuda.' * (self.device != CPU)}{self.dtype.title}Storage"

    def cpu(self):
        """cpu() -> self, or a copy in host memory."""
        return (
            self
            if isinstance(self.array, _NUMPY)
            else Storage(_core.array_of(_core.make(self.array).cpu()), self.dtype)
        )

    def to(self, *, dtype):
        """to(dtype=...) -> a storage with the elements converted; self when there is nothing to do."""
        dtype = as_dtype(dtype)
        if dtype is self.dtype:
            return self
        array = self.array.real if self.dtype.is_complex and not dtype.is_complex else self.array
        with np.errstate(all="ignore"):
            return Storage(array.astype(dtype.numpy), dtype)

    def __eq__(self, other):
        if not isinstance(other, Storage):
            return NotImplemented
        return self.data_ptr() == other.data_ptr() and self.nbytes() == other.nbytes()

    def __hash__(self):
        return hash((self.data_ptr(), self.nbytes()))

    def __copy__(self):
        return self.clone()

    def __deepcopy__(self, memo):
        copied = memo[id(self)] = self.clone()
        return copied

    def __reduce__(self):
        raw = self.array.view(np.uint16) if self.array.dtype.kind == "V" else self.array
        return _rebuild, (type(self), raw, self.dtype)

    def __repr__(self):
        lines = [f" {v}" for v in self.tolist()]
        return "\n".join([*lines, f"[{self.type()} of size {len(self)}]"])


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


def _rebuild(cls, raw, dtype):
    return cls(raw.view(dtype.numpy).copy(), dtype)


TYPES = {
    f"{d.title}Storage": type(
        f"{d.title}Storage", (Storage,), {"_dtype": d, "__slots__": (), "__module__": __name__}
    )
    for d in ALL
}
globals().update(TYPES)
