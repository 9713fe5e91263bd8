"""Arrays of virtual devices: the part of CuPy's interface that Flambeau uses, over host memory.

They compute with NumPy and refuse what CuPy refuses: NumPy arrays among their own, implicit conversion to NumPy, arrays
that are not on the current device, and the options, dtypes and ufunc methods that CuPy does not have. What runs here
has a chance to run there.
"""

import math
import weakref

import numpy as np

from .machine import machine
from .memory import Memory

_by_buffer: weakref.WeakValueDictionary[int, Memory] = weakref.WeakValueDictionary()  # by the id of the buffer


def allocate(nbytes):
    """New memory on the current device."""
    now = machine()
    memory = Memory(now.pools[now.thread.index], nbytes)
    _by_buffer[id(memory.buffer)] = memory
    return memory


class MemoryPointer:
    """A place in an allocation."""

    __slots__ = ("mem", "ptr")

    def __init__(self, mem, offset):
        self.mem, self.ptr = mem, mem.ptr + offset

    def __add__(self, offset):
        return MemoryPointer(self.mem, self.ptr - self.mem.ptr + offset)


def memory_of(host):
    """The allocation in which a NumPy array lies, None when it lies in none."""
    while isinstance(host.base, np.ndarray):
        host = host.base
    return _by_buffer.get(id(host))


def _dense(host):
    """Whether the elements fill their memory, in some order of dimensions."""
    step = host.itemsize
    for stride, size in sorted((st, s) for st, s in zip(host.strides, host.shape, strict=True) if s > 1):
        if stride != step:
            return False
        step *= size
    return True


def wrap(result):
    """What a NumPy function gave, as arrays of the device: in its own memory unless it is a view of device memory."""
    if isinstance(result, (tuple, list)):
        return (
            type(result)([wrap(r) for r in result])
            if type(result) in (tuple, list)
            else tuple(map(wrap, result))
        )
    if isinstance(result, np.generic):
        result = np.asarray(result)
    if not isinstance(result, np.ndarray):
        return result
    memory = memory_of(result)
    if memory is None:
        out = like(result)
        out._host[...] = result
        now = machine()
        if now.order is not None:
            now.current_stream(now.thread.index).note(writes=[out._memory])
        return out
    out = object.__new__(ndarray)
    out._host, out._memory = result, memory
    return out


def like(host):
    """An uninitialised array on the current device that lies in memory as an array of NumPy does."""
    return ndarray(host.shape, host.dtype, strides=host.strides if _dense(host) else None)


def unwrap(value, seen=None):
    """The NumPy array behind a device array, whose memory is added to `seen`; refuses what a kernel of CuPy refuses."""
    if isinstance(value, ndarray):
        index = machine().thread.index
        if value._memory.device_id != index:
            raise ValueError(
                "Array device must be same as the current device: array device = "
                f"{value._memory.device_id} while current = {index}"
            )
        if seen is not None:
            seen.append(value._memory)
        return value._host
    if isinstance(value, np.ndarray):
        raise TypeError(f"Unsupported type {type(value)}")
    if isinstance(value, (tuple, list)):
        return type(value)([unwrap(v, seen) for v in value])
    return value


def launch(function, *args, changed=(), **kwargs):
    """Runs a function on what is behind device arrays, in the current stream of the current device. `changed`: those
    that it writes to."""
    now = machine()
    stream = now.current_stream(now.thread.index)
    reads: list = []
    with np.errstate(all="ignore"):
        raw, named = [unwrap(a, reads) for a in args], {k: unwrap(v, reads) for k, v in kwargs.items()}
        return stream.launch(function, raw, named, reads, [a._memory for a in changed])


_LACKING = {"initial", "where", "sparse", "mode", "sorter", "subok"}


def call(function, args, kwargs):
    """A function of NumPy on device arrays; TypeError for options that CuPy does not have."""
    if _LACKING & set(kwargs):
        raise TypeError(
            f"{function.__name__}() got an unexpected keyword argument {(_LACKING & set(kwargs)).pop()!r}"
        )
    out = kwargs.get("out")
    result = launch(function, *args, changed=() if out is None else (out,), **kwargs)
    return wrap(result) if out is None else out


# ---- ufuncs

_REAL_ONLY = set(
    "fmod floor_divide remainder gcd lcm logaddexp logaddexp2 floor ceil trunc deg2rad rad2deg logical_and "
    "logical_or logical_xor "
    "logical_not signbit".split()
)
_ATOMIC = set("int32 uint32 uint64 float16 float32 float64".split())


class ufunc:
    """A function of elements, with the methods that CuPy's has."""

    def __init__(self, name):
        self.name, self.host = name, getattr(np, name)

    def __call__(self, *args, **kwargs):
        arrays = [a for a in args if isinstance(a, ndarray)]
        if self.name in _REAL_ONLY and any(a.dtype.kind == "c" for a in arrays):
            raise TypeError(f"Wrong type of arguments for cupy_{self.name}")
        return call(self.host, args, kwargs)

    def at(self, a, indices, b):
        if self.name not in ("add", "maximum", "minimum"):
            raise NotImplementedError(f"{self.name}.at is not supported")
        if a.dtype.name not in _ATOMIC or (isinstance(b, ndarray) and b.dtype != a.dtype):
            raise TypeError(f"{self.name}.at does not support {a.dtype}")

        def kernel(x, key, values):
            self.host.at(x, _wrapped_around(x.shape, key), values)

        launch(kernel, a, indices, b, changed=(a,))

    def accumulate(self, array, axis=0, dtype=None, out=None):
        if self.name not in ("add", "multiply"):
            raise NotImplementedError(f"{self.name}.accumulate is not supported")
        return call(self.host.accumulate, (array, axis, dtype, out), {})


def _wrapped_around(shape, key):
    """A key whose integer arrays are taken modulo the size, as CuPy does instead of raising IndexError."""
    items = list(key) if isinstance(key, tuple) else [key]
    used = sum(i.ndim if _is_mask(i) else i is not None and i is not Ellipsis for i in items)
    axis, out = 0, []
    for item in items:
        if isinstance(item, np.ndarray) and item.dtype.kind in "iu" and shape[axis]:
            out.append(np.mod(item, shape[axis]))
        elif item is Ellipsis:
            out.append(item)
            axis += len(shape) - used
            continue
        else:
            out.append(item)
        axis += item.ndim if _is_mask(item) else item is not None
    return tuple(out)


def _is_mask(item):
    return isinstance(item, np.ndarray) and item.dtype.kind == "b"


# ---- arrays


class ndarray:
    """An array of a virtual device."""

    __slots__ = ("_host", "_memory")
    __array_ufunc__ = None
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, shape, dtype=float, memptr=None, strides=None, order="C"):
        dtype = np.dtype(dtype)
        shape = (shape,) if isinstance(shape, int) else tuple(shape)
        if memptr is None:
            memptr = MemoryPointer(allocate(math.prod(shape) * dtype.itemsize), 0)
        self._memory = memptr.mem
        offset = memptr.ptr - memptr.mem.ptr if memptr.mem.size else 0
        self._host = np.ndarray(shape, dtype, memptr.mem.buffer, offset, strides, order=order)

    shape = property(lambda self: self._host.shape)
    strides = property(lambda self: self._host.strides)
    dtype = property(lambda self: self._host.dtype)
    ndim = property(lambda self: self._host.ndim)
    size = property(lambda self: self._host.size)
    itemsize = property(lambda self: self._host.itemsize)
    nbytes = property(lambda self: self._host.nbytes)
    flags = property(lambda self: self._host.flags)
    base = property(lambda self: None)  # of arrays made from a pointer; enough to forbid relying on it
    T = property(lambda self: wrap(self._host.T))
    real = property(lambda self: wrap(self._host.real), lambda self, value: self._set_part("real", value))
    imag = property(lambda self: wrap(self._host.imag), lambda self, value: self._set_part("imag", value))

    def _set_part(self, name, value):
        launch(lambda x, v: setattr(x, name, v), self, value, changed=(self,))

    @property
    def data(self):
        return MemoryPointer(self._memory, self._host.__array_interface__["data"][0] - self._memory.ptr)

    def __array__(self, dtype=None, copy=None):
        raise TypeError("Implicit conversion to a NumPy array is not allowed. Please use `.get()`.")

    def __dlpack__(self, **options):
        raise BufferError("other libraries do not know the memory of a virtual GPU: move the tensor to the CPU first")

    __dlpack_device__ = __dlpack__

    # ---- what the host reads, once the work before it is done

    @property
    def _settled(self):
        stream = machine().current_stream(self._memory.device_id)
        stream.note(reads=[self._memory])
        stream.synchronize()
        return self._host

    def get(self):
        return self._settled.copy(order="C")

    def item(self):
        return self._settled.item()

    def tolist(self):
        return self._settled.tolist()

    def __len__(self):
        return len(self._host)

    def __bool__(self):
        return bool(self._settled)

    def __int__(self):
        return int(self._settled)

    def __float__(self):
        return float(self._settled)

    def __complex__(self):
        return complex(self._settled)

    def __iter__(self):
        return iter([self[i] for i in range(len(self))])

    # ---- copies, parts, changes

    def copy(self, order="C"):
        return wrap(launch(lambda x: x.copy(order), self))

    def astype(self, dtype, order="K", casting=None, subok=None, copy=True):
        if not copy and self.dtype == dtype:
            return self
        return wrap(launch(lambda x: np.array(x.astype(dtype, order=order)), self))

    def fill(self, value):
        if isinstance(value, np.ndarray) and value.ndim:
            raise TypeError("non-scalar numpy.ndarray cannot be used for fill")
        value = value.item() if isinstance(value, np.ndarray) else value
        launch(np.ndarray.fill, self, value, changed=(self,))

    def take(self, indices, axis=None, out=None):
        return wrap(launch(lambda x, i: x.take(i, axis, mode="wrap"), self, indices))

    def __getitem__(self, key):
        key = _wrapped_around(self.shape, unwrap(key))
        key = key if any(k is Ellipsis for k in key) else (*key, ...)
        if all(k is Ellipsis or k is None or isinstance(k, (int, np.integer, slice)) for k in key):
            return wrap(self._host[key])  # a view needs no kernel: it may be made while another device is current
        return wrap(launch(lambda x: x[key], self))

    def __setitem__(self, key, value):
        value = value.item() if isinstance(value, np.ndarray) and value.ndim == 0 else value
        key = _wrapped_around(self.shape, unwrap(key))
        launch(lambda x, v: x.__setitem__(key, v), self, value, changed=(self,))


def _view(name):
    def method(self, *args, **kwargs):
        found = getattr(self._host, name)(*args, **kwargs)
        if memory_of(found) is None:  # a copy: unlike a view it needs a kernel, and so the current device
            return call(getattr(np.ndarray, name), (self, *args), kwargs)
        return wrap(found)

    return method


for _name in "diagonal ravel reshape squeeze swapaxes transpose view".split():
    setattr(ndarray, _name, _view(_name))


def _method(name):
    def method(self, *args, **kwargs):
        return call(getattr(np.ndarray, name), (self, *args), kwargs)

    return method


for _name in (
    "all any argmax argmin argpartition argsort clip conj cumprod cumsum dot flatten max mean min nonzero prod "
    "repeat round searchsorted std sum trace var"
).split():
    setattr(ndarray, _name, _method(_name))

_OPERATORS = {
    "add": "add", "sub": "subtract", "mul": "multiply", "truediv": "true_divide", "floordiv": "floor_divide",
    "mod": "remainder",
    "pow": "power", "matmul": "matmul", "and": "bitwise_and", "or": "bitwise_or", "xor": "bitwise_xor",
    "lshift": "left_shift", "rshift": "right_shift",
}  # fmt: skip
_COMPARISONS = {
    "lt": "less",
    "le": "less_equal",
    "eq": "equal",
    "ne": "not_equal",
    "gt": "greater",
    "ge": "greater_equal",
}
_UNARY = {"neg": "negative", "invert": "invert", "abs": "absolute", "pos": "positive"}

for _short, _long in {**_OPERATORS, **_COMPARISONS, **_UNARY}.items():
    _ufunc = ufunc(_long)
    setattr(ndarray, f"__{_short}__", lambda *args, f=_ufunc: f(*args))
    if _short in _OPERATORS:
        setattr(ndarray, f"__r{_short}__", lambda self, other, f=_ufunc: f(other, self))
        if _short != "matmul":
            setattr(ndarray, f"__i{_short}__", lambda self, other, f=_ufunc: f(self, other, out=self))


