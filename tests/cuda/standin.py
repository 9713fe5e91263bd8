"""A stand-in for CuPy on a machine without a GPU: the part of its interface that Flambeau uses, over host memory.

It computes with NumPy and refuses what CuPy refuses: NumPy arrays among its own, implicit conversion to NumPy,
arrays that are not on the current device, and the options, dtypes and ufunc methods that CuPy does not have. Two
devices.
"""

import contextlib
import math
import sys
import threading
import types
import weakref

import numpy as np

DEVICES = 2
_current = threading.local()


def current():
    return getattr(_current, "index", 0)


class Device:
    """cupy.cuda.Device: a device, and the context in which it is the current one."""

    def __init__(self, index=None):
        self.id = current() if index is None else index
        self.outer = []

    def use(self):
        _current.index = self.id

    def synchronize(self):
        pass

    def __enter__(self):
        self.outer.append(current())
        self.use()
        return self

    def __exit__(self, *error):
        _current.index = self.outer.pop()


# ---- memory


class Memory:
    """One allocation, rounded up to 512 bytes as in CuPy's pool. Fresh memory holds no zeros."""

    live = weakref.WeakSet()
    by_buffer = weakref.WeakValueDictionary()  # id of the buffer -> Memory

    def __init__(self, nbytes):
        self.size = -(-nbytes // 512) * 512
        self.buffer = np.full(self.size, 0xCB, np.uint8)
        self.ptr = self.buffer.__array_interface__["data"][0]
        self.device_id = current()
        Memory.live.add(self)
        Memory.by_buffer[id(self.buffer)] = self


class MemoryPointer:
    def __init__(self, mem, offset):
        self.mem, self.ptr = mem, mem.ptr + offset

    def __add__(self, offset):
        return MemoryPointer(self.mem, self.ptr - self.mem.ptr + offset)


class Pool:
    def used_bytes(self):
        return sum(m.size for m in Memory.live if m.device_id == current())

    total_bytes = used_bytes

    def free_all_blocks(self):
        pass


def _memory_of(host):
    """The allocation in which a NumPy array lies, None when it lies in none."""
    while isinstance(host.base, np.ndarray):
        host = host.base
    return Memory.by_buffer.get(id(host))


def _dense(host):
    """Whether the elements fill their memory, in some order of dimensions."""
    step = host.itemsize
    for stride, size in sorted((st, s) for st, s in zip(host.strides, host.shape, strict=True) if s > 1):
        if stride != step:
            return False
        step *= size
    return True


def _wrap(result):
    """What a NumPy function gave, as arrays of the device: in its own memory unless it is a view of device memory."""
    if isinstance(result, (tuple, list)):
        return (
            type(result)([_wrap(r) for r in result])
            if type(result) in (tuple, list)
            else tuple(map(_wrap, result))
        )
    if isinstance(result, np.generic):
        result = np.asarray(result)
    if not isinstance(result, np.ndarray):
        return result
    memory = _memory_of(result)
    if memory is None:
        out = ndarray(result.shape, result.dtype, strides=result.strides if _dense(result) else None)
        out._host[...] = result
        return out
    out = object.__new__(ndarray)
    out._host, out._memory = result, memory
    return out


def _unwrap(value):
    """The NumPy array behind a device array; refuses what a kernel of CuPy refuses."""
    if isinstance(value, ndarray):
        if value._memory.device_id != current():
            raise ValueError(
                "Array device must be same as the current device: array device = "
                f"{value._memory.device_id} while current = {current()}"
            )
        return value._host
    if isinstance(value, np.ndarray):
        raise TypeError(f"Unsupported type {type(value)}")
    if isinstance(value, (tuple, list)):
        return type(value)([_unwrap(v) for v in value])
    return value


_LACKING = {"initial", "where", "sparse", "mode", "sorter", "subok"}


def _call(function, args, kwargs):
    if _LACKING & set(kwargs):
        raise TypeError(
            f"{function.__name__}() got an unexpected keyword argument {(_LACKING & set(kwargs)).pop()!r}"
        )
    out = kwargs.get("out")
    with np.errstate(all="ignore"):
        result = function(*[_unwrap(a) for a in args], **{k: _unwrap(v) for k, v in kwargs.items()})
    return _wrap(result) if out is None else out


# ---- ufuncs

_REAL_ONLY = set(
    "fmod floor_divide remainder gcd lcm logaddexp logaddexp2 floor ceil trunc deg2rad rad2deg logical_and "
    "logical_or logical_xor "
    "logical_not signbit".split()
)
_ATOMIC = set("int32 uint32 uint64 float16 float32 float64".split())


class ufunc:
    def __init__(self, name):
        self.name, self.host = name, getattr(np, name)

    def __call__(self, *args, **kwargs):
        arrays = [a for a in args if isinstance(a, ndarray)]
        if self.name in _REAL_ONLY and any(a.dtype.kind == "c" for a in arrays):
            raise TypeError(f"Wrong type of arguments for cupy_{self.name}")
        return _call(self.host, args, kwargs)

    def at(self, a, indices, b):
        if self.name not in ("add", "maximum", "minimum"):
            raise NotImplementedError(f"{self.name}.at is not supported")
        if a.dtype.name not in _ATOMIC or (isinstance(b, ndarray) and b.dtype != a.dtype):
            raise TypeError(f"{self.name}.at does not support {a.dtype}")
        self.host.at(_unwrap(a), _wrapped_around(a.shape, _unwrap(indices)), _unwrap(b))

    def accumulate(self, array, axis=0, dtype=None, out=None):
        if self.name not in ("add", "multiply"):
            raise NotImplementedError(f"{self.name}.accumulate is not supported")
        return _call(self.host.accumulate, (array, axis, dtype, out), {})


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
    """cupy.ndarray"""

    __slots__ = ("_host", "_memory")
    __array_ufunc__ = None
    __hash__ = None

    def __init__(self, shape, dtype=float, memptr=None, strides=None, order="C"):
        dtype = np.dtype(dtype)
        shape = (shape,) if isinstance(shape, int) else tuple(shape)
        if memptr is None:
            memptr = MemoryPointer(Memory(math.prod(shape) * dtype.itemsize), 0)
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
    device = property(lambda self: Device(self._memory.device_id))
    T = property(lambda self: _wrap(self._host.T))
    real = property(lambda self: _wrap(self._host.real), lambda self, v: self._set_part("real", v))
    imag = property(lambda self: _wrap(self._host.imag), lambda self, v: self._set_part("imag", v))

    def _set_part(self, name, value):
        setattr(self._host, name, _unwrap(value))

    @property
    def data(self):
        return MemoryPointer(self._memory, self._host.__array_interface__["data"][0] - self._memory.ptr)

    def __array__(self, dtype=None, copy=None):
        raise TypeError("Implicit conversion to a NumPy array is not allowed. Please use `.get()`.")

    def get(self):
        return self._host.copy(order="C")

    def item(self):
        return self._host.item()

    def tolist(self):
        return self._host.tolist()

    def __len__(self):
        return len(self._host)

    def __bool__(self):
        return bool(self._host)

    def __int__(self):
        return int(self._host)

    def __float__(self):
        return float(self._host)

    def __complex__(self):
        return complex(self._host)

    def __iter__(self):
        return iter([self[i] for i in range(len(self))])

    def copy(self, order="C"):
        return _wrap(self._host.copy(order))  # on the current device, wherever this array is

    def astype(self, dtype, order="K", casting=None, subok=None, copy=True):
        if not copy and self.dtype == dtype:
            return self
        with np.errstate(all="ignore"):
            return _wrap(np.array(_unwrap(self).astype(dtype, order=order)))

    def fill(self, value):
        if isinstance(value, np.ndarray) and value.ndim:
            raise TypeError("non-scalar numpy.ndarray cannot be used for fill")
        _unwrap(self).fill(value)

    def take(self, indices, axis=None, out=None):
        return _wrap(_unwrap(self).take(_unwrap(indices), axis, mode="wrap"))

    def __getitem__(self, key):
        key = _wrapped_around(self.shape, _unwrap(key))
        return self._viewed(self._host[key if any(k is Ellipsis for k in key) else (*key, ...)])

    def _viewed(self, host):
        """A view needs no kernel, so it may be made while another device is the current one; a copy may not."""
        if _memory_of(host) is None:
            _unwrap(self)
        return _wrap(host)

    def __setitem__(self, key, value):
        if isinstance(value, np.ndarray) and value.ndim == 0:
            value = value.item()
        with np.errstate(all="ignore"):
            _unwrap(self)[_wrapped_around(self.shape, _unwrap(key))] = _unwrap(value)


def _view(name):
    def method(self, *args, **kwargs):
        return self._viewed(getattr(self._host, name)(*args, **kwargs))

    return method


for _name in "diagonal ravel reshape squeeze swapaxes transpose view".split():
    setattr(ndarray, _name, _view(_name))


def _method(name):
    def method(self, *args, **kwargs):
        return _call(getattr(np.ndarray, name), (self, *args), kwargs)

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


# ---- the modules

_UFUNCS = (
    "abs absolute add arccos arccosh arcsin arcsinh arctan arctan2 arctanh bitwise_and bitwise_or bitwise_xor "
    "ceil conj copysign cos cosh deg2rad divide equal exp exp2 expm1 floor floor_divide fmax fmin fmod gcd "
    "greater greater_equal hypot invert isfinite isinf isnan lcm left_shift less less_equal log log10 log1p "
    "log2 logaddexp logaddexp2 logical_and logical_not logical_or logical_xor maximum minimum multiply "
    "negative nextafter not_equal power rad2deg reciprocal remainder right_shift rint sign signbit sin sinh "
    "sqrt square subtract tan tanh true_divide trunc"
).split()
_FUNCTIONS = (
    "all angle any arange argmax argmin argpartition argsort ascontiguousarray bincount broadcast_arrays "
    "broadcast_to clip concatenate cumprod cumsum diff expand_dims flatnonzero flip frexp full full_like isclose "
    "isin matmul max may_share_memory min moveaxis nan_to_num nonzero ones ones_like prod repeat result_type "
    "roll searchsorted sinc sort squeeze stack sum swapaxes tile transpose unique unravel_index where zeros_like"
).split()


def _function(name):
    return lambda *args, **kwargs: _call(getattr(np, name), args, kwargs)


def array(obj, dtype=None, copy=True, order="K"):
    if isinstance(obj, ndarray):
        if not copy and (dtype is None or dtype == obj.dtype):
            return obj
        return _wrap(np.array(obj._host, dtype, order=order))  # also from another device
    if isinstance(obj, (list, tuple)) and any(isinstance(v, ndarray) for v in obj):
        raise TypeError("array(): a list of arrays")
    return _wrap(np.array(obj, dtype, order=order))


def asarray(a, dtype=None, order="K"):
    return array(a, dtype, False, order)


def empty(shape, dtype=float, order="C"):
    return ndarray(shape, dtype, order=order)


def zeros(shape, dtype=float, order="C"):
    out = ndarray(shape, dtype, order=order)
    out._host[...] = 0
    return out


def empty_like(a, dtype=None):
    return empty(a.shape, a.dtype if dtype is None else dtype)


def take(a, indices, axis=None, out=None):
    return a.take(indices, axis)


def take_along_axis(a, indices, axis):
    host, index = _unwrap(a), _unwrap(indices)
    return _wrap(np.take_along_axis(host, np.mod(index, host.shape[axis] or 1), axis))


def put_along_axis(arr, indices, values, axis):
    np.put_along_axis(_unwrap(arr), _unwrap(indices), _unwrap(values), axis)


def asnumpy(a):
    return a.get()


_linalg = {"mode": "ignore"}


@contextlib.contextmanager
def errstate(*, linalg):
    before, _linalg["mode"] = _linalg["mode"], linalg
    yield
    _linalg["mode"] = before


def _linalg_function(name):
    function = getattr(np.linalg, name)

    def checked(a, *args, **options):
        try:
            return _call(function, (a, *args), options)
        except np.linalg.LinAlgError:
            if _linalg["mode"] == "raise":
                raise
            return _wrap(np.full(a.shape, np.nan, a.dtype))

    return checked


_LINALG = "cholesky det eigh eigvalsh inv qr slogdet solve svd".split()


def _fft_function(name):
    return lambda *args, **kwargs: _call(getattr(np.fft, name), args, kwargs)


def _special(name):
    function = np.vectorize(getattr(math, name), otypes=[np.float64])
    return lambda a: _wrap(np.asarray(function(_unwrap(a))).astype(a.dtype))


def _module(name, **contents):
    module = types.ModuleType(name)
    vars(module).update(contents)
    return module


def modules():
    """The modules by the names under which they are imported."""
    runtime = types.SimpleNamespace(
        getDeviceCount=lambda: DEVICES,
        getDevice=current,
        getDeviceProperties=lambda index: {"name": f"stand-in {index}".encode()},
    )
    cuda = types.SimpleNamespace(runtime=runtime, Device=Device, MemoryPointer=MemoryPointer)
    pool = Pool()
    own = (array, asarray, asnumpy, empty, empty_like, ndarray, put_along_axis, take, take_along_axis, zeros)
    cupy = _module(
        "cupy",
        cuda=cuda,
        linalg=types.SimpleNamespace(**{name: _linalg_function(name) for name in _LINALG}),
        fft=types.SimpleNamespace(**{name: _fft_function(name) for name in ("fft", "ifft", "rfft", "irfft")}),
        get_default_memory_pool=lambda: pool,
        broadcast_shapes=np.broadcast_shapes,
        **{f.__name__: f for f in own},
        **{name: ufunc(name) for name in _UFUNCS},
        **{name: _function(name) for name in _FUNCTIONS},
    )
    special = _module("cupyx.scipy.special", erf=_special("erf"), erfc=_special("erfc"))
    scipy = _module("cupyx.scipy", special=special)
    cupyx = _module("cupyx", scipy=scipy, errstate=errstate)
    return {"cupy": cupy, "cupyx": cupyx, "cupyx.scipy": scipy, "cupyx.scipy.special": special}


ndarray.__module__ = "cupy"


@contextlib.contextmanager
def installed():
    """A context in which `import cupy` gives the stand-in, and after which Flambeau has never used CUDA."""
    from flambeau.kernels.cuda.backend import backend

    made = modules()
    before = {name: sys.modules.get(name) for name in made}
    backend.cache_clear()
    sys.modules.update(made)
    try:
        yield made["cupy"]
    finally:
        _current.index = 0
        backend.cache_clear()
        for name, module in before.items():
            if module is None:
                del sys.modules[name]
            else:
                sys.modules[name] = module
