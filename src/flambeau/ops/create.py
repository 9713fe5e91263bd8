"""Making tensors from data and from sizes. These have no gradient (except through nothing): plain functions."""

import functools
import math
import operator
from typing import Any

import numpy as np

from .. import _core
from ..device import CPU, default
from ..device import device as Device
from ..dtype import as_dtype, bfloat16, bool_, float64, from_numpy_dtype, get_default_dtype, int64, uint64
from ..interpreters import Wrapped, copy_for
from ..layout import strided
from ..memory_format import inverse, order_like, preserve_format
from ..storage import Storage
from ._args import check_options, check_strided, check_tensor, in_face_of, unsupported
from ._data import data_array
from .convert import element
from .op import composite
from .sparse import empty_sparse

_make, _array, TensorBase = _core.make, _core.array_of, _core.TensorBase


def _finish(array, device, requires_grad=False, like=None):
    """A tensor of the default face around a fresh array, on `device` (None: the default one)."""
    t = _make(array)
    if device is None:
        device = default.device
    if device is not None and device is not CPU:
        t = t.to(device, non_blocking=True)  # nobody else changes the array
    if requires_grad:
        t.requires_grad_()
    return t


def size_of(size, name, keyword=None):
    """The sizes meant by f(2, 3), f((2, 3)), f(Size) or f(size=(2, 3)), given the tuple of positional arguments."""
    if keyword is not None:
        if size:
            raise TypeError(f"{name}() got multiple values for argument 'size'")
        size = (keyword,)
    if not size:
        raise TypeError(f"{name}() missing 1 required positional argument: 'size'")
    if len(size) == 1 and isinstance(size[0], (tuple, list)):
        size = size[0]
    try:
        return tuple([_size(s) for s in size])
    except TypeError:
        for at, s in enumerate(size):
            try:
                _size(s)
            except TypeError:
                raise TypeError(
                    f"{name}(): argument 'size' must be tuple of ints, but found element of type {type(s).__name__} "
                    f"at pos {at}"
                ) from None
        raise


def _size(s):
    if isinstance(s, (bool, np.bool_)):
        raise TypeError("a bool is no size")
    n = operator.index(s)
    if not -(2**63) <= n < 2**63:
        raise TypeError("a size is an int of 64 bits")
    return n


@composite()
def tensor(data, *, dtype=None, device=None, requires_grad=False, pin_memory=False):
    """tensor(data, *, dtype=None, device=None, requires_grad=False) -> Tensor

    A new leaf tensor with the elements of `data` (a number, nested sequences, an array, a tensor: always copied).
    Floats get the default dtype, ints int64. Raises ValueError for ragged sequences, TypeError for data that are no
    numbers.
    """
    if dtype is None is device:
        t = _core.new_of_numbers(data)
        if t is not None:
            return t.requires_grad_() if requires_grad else t
    else:
        check_options("tensor", dtype, device)
    if isinstance(data, TensorBase):
        import warnings

        warnings.warn(
            "To copy construct from a tensor, it is recommended to use sourceTensor.detach().clone() "
            "or sourceTensor.detach().clone().requires_grad_(True), rather than torch.tensor(sourceTensor).",
            UserWarning,
            stacklevel=2,
        )
        if isinstance(data, Wrapped):
            t = data.detach().to(device=device, dtype=dtype, copy=True)
            return t.requires_grad_() if requires_grad else t
    return _finish(data_array(data, dtype), device, requires_grad)


@composite()
def as_tensor(data, dtype=None, device=None):
    """as_tensor(data, dtype=None, device=None) -> Tensor: shares memory and history with `data`, or a copy."""
    check_options("as_tensor", dtype, device)
    device = default.device if device is None else device
    if isinstance(data, TensorBase):
        t = data
    elif isinstance(data, np.ndarray):
        t = from_numpy(data)
    else:
        t = _make(data_array(data, dtype, "as_tensor"))
    return t if device is None and dtype is None else t.to(device=device, dtype=dtype)


@composite()
def asarray(obj, *, dtype=None, device=None, copy=None, requires_grad=False):
    """asarray(obj, *, dtype=None, device=None, copy=None, requires_grad=False) -> Tensor

    Shares memory with a tensor, an array or an object with `__dlpack__` or a buffer where it can; copy=True copies,
    copy=False raises ValueError when a copy is needed. Without requires_grad the result has no history.
    """
    check_options("asarray", dtype, device)
    device = default.device if device is None else device
    if isinstance(obj, TensorBase):
        source = obj
    elif isinstance(obj, np.ndarray):
        source = from_numpy(obj)
    elif hasattr(type(obj), "__dlpack__") and not isinstance(obj, np.generic):
        source = from_dlpack(obj)
    else:
        source = None
    if source is None:
        if copy is False:
            raise ValueError(
                f"asarray(): can't alias the data of a {type(obj).__name__}: a copy is needed, but copy=False was given"
            )
        t = _make(data_array(obj, dtype, "asarray"))
    else:
        t = source.to(device=device, dtype=dtype)
        if t is not source and copy is False:
            raise ValueError(
                "asarray(): can't alias the data with another dtype or device, but copy=False was given"
            )
        t = t.clone() if copy and t is source else t
        if bool(requires_grad) is not t.requires_grad:
            t = t.detach()
    if device is not None:
        t = t.to(device)
    return t.requires_grad_() if requires_grad else t


@composite()
def from_numpy(ndarray):
    """from_numpy(ndarray) -> Tensor over the memory of the array: changes of one show in the other.

    Raises TypeError for anything but a NumPy array and for dtypes that tensors do not have.
    """
    if not isinstance(ndarray, np.ndarray):
        raise TypeError(f"expected np.ndarray (got {type(ndarray).__name__})")
    from_numpy_dtype(ndarray.dtype)
    if not ndarray.dtype.isnative:
        raise ValueError(
            "from_numpy(): given numpy array has byte order different from the native byte order "
            f"({ndarray.dtype.str}). Conversion between byte orders is currently not supported; use "
            "array.astype(array.dtype.newbyteorder('='))."
        )
    if type(ndarray) is not np.ndarray:
        ndarray = ndarray.view(np.ndarray)
    if not ndarray.flags.aligned:
        ndarray = ndarray.copy()
    return _make(ndarray)


@composite()
def frombuffer(buffer, *, dtype, count=-1, offset=0, requires_grad=False):
    """frombuffer(buffer, *, dtype, count=-1, offset=0) -> 1-D Tensor over the memory of an object with a buffer.

    count: elements, all when negative; offset: bytes. ValueError for no elements or more than there are.
    """
    check_options("frombuffer", dtype)
    dtype = as_dtype(dtype)
    try:
        array = np.frombuffer(memoryview(buffer), np.uint8)
    except TypeError:
        raise ValueError(
            f"frombuffer(): an object with a buffer is needed, not {type(buffer).__name__}"
        ) from None
    length, count, offset = array.size, operator.index(count), operator.index(offset)
    if length == 0 or count == 0:
        raise ValueError(f"both buffer length ({length}) and count ({count}) must not be 0")
    if not 0 <= offset < length:
        raise ValueError(
            f"offset ({offset} bytes) must be non-negative and no greater than buffer length ({length} bytes) - 1"
        )
    if count < 0 and (length - offset) % dtype.itemsize:
        raise ValueError(
            f"buffer length ({length - offset} bytes) after offset ({offset} bytes) must be a multiple of element size "
            f"({dtype.itemsize})"
        )
    count = (length - offset) // dtype.itemsize if count < 0 else count
    if offset + count * dtype.itemsize > length:
        raise ValueError(
            f"requested buffer length ({count} * {dtype.itemsize} bytes) after offset ({offset} bytes) must not be "
            f"greater than actual buffer length ({length} bytes)"
        )
    t = _make(array[offset : offset + count * dtype.itemsize].view(dtype.numpy))
    return t.requires_grad_() if requires_grad else t


class _Capsule:
    """A DLPack capsule as the object that hands it over."""

    def __init__(self, capsule, device=(1, 0)):
        self.capsule, self.device = capsule, device

    def __dlpack__(self, **options):
        return self.capsule

    def __dlpack_device__(self):
        return self.device


def _from_capsule(capsule):
    """The array over the memory of a capsule; bfloat16, which NumPy does not take, comes in as uint16."""
    from .._core.native import dlpack_type, make_writable, set_dlpack_type

    code, bits, versioned = dlpack_type(capsule)
    is_bfloat16 = code == 4 and bits == 16
    array = np.from_dlpack(_Capsule(set_dlpack_type(capsule, 1) if is_bfloat16 else capsule))
    if not versioned:
        make_writable(array)
    return array.view(bfloat16.numpy) if is_bfloat16 else array


@composite()
def from_dlpack(ext_tensor, *, device=None, copy=None):
    """from_dlpack(ext_tensor, *, device=None, copy=None) -> Tensor over the memory of another library's array

    ext_tensor: an object with `__dlpack__` and `__dlpack_device__` (arrays of NumPy, PyTorch, JAX, ...), or a capsule,
    which can be used once. copy=True copies. TypeError for other objects and for element types that tensors do not
    have.
    """
    if type(ext_tensor).__name__ == "PyCapsule":
        array = _from_capsule(ext_tensor)
    elif not (hasattr(ext_tensor, "__dlpack__") and hasattr(ext_tensor, "__dlpack_device__")):
        raise TypeError(
            "from_dlpack(): expected an object with __dlpack__ and __dlpack_device__, or a capsule, not "
            f"{type(ext_tensor).__name__}"
        )
    elif isinstance(ext_tensor, np.ndarray):
        array = ext_tensor
    else:
        kind = int(ext_tensor.__dlpack_device__()[0])
        if kind != 1:
            raise BufferError(
                f"from_dlpack(): the array is on a device of DLPack type {kind}; move it to the CPU first"
            )
        try:
            capsule = ext_tensor.__dlpack__(max_version=(1, 0))
        except TypeError:  # of the time before versions
            capsule = ext_tensor.__dlpack__()
        array = _from_capsule(capsule)
    t = from_numpy(array)
    if copy:
        t = _make(data_array(_array(t), t.dtype, "from_dlpack"))
    return t if device is None else t.to(Device(device))


def _out(array, out, name):
    """Writes a fresh array into out=, which takes its shape."""
    _core.check_out(out, name)
    backend = _core.backend_for(out)
    if _array(out).shape != array.shape:
        _core.set_array(out, backend.zeros(array.shape, _array(out).dtype, _array(out)))
    backend.write(_array(out), array)
    _core.bump_version(out)
    return out


@composite()
def empty(
    *sizes,
    size=None,
    out=None,
    dtype=None,
    device=None,
    requires_grad=False,
    pin_memory=False,
    memory_format=None,
    layout=None,
):
    """empty(*size, dtype=None, device=None, requires_grad=False, memory_format=contiguous_format) -> Tensor with
    uninitialised elements."""
    check_options("empty", dtype, device, layout, memory_format)
    if memory_format is preserve_format:
        raise RuntimeError("empty(): unsupported memory format Preserve")
    size = size_of(sizes, "empty", size)
    if layout is not None and layout is not strided:
        return empty_sparse("empty", size, dtype, device, requires_grad, layout)
    if memory_format is not None:
        memory_format.check(len(size))
    array = ordered(size, as_dtype(dtype), memory_format and memory_format.order)
    if out is not None:
        return _out(array, out, "empty")
    return _finish(array, device, requires_grad)


@composite()
def zeros(
    *sizes, size=None, out=None, dtype=None, device=None, requires_grad=False, pin_memory=False, layout=None
):
    """zeros(*size, dtype=None, device=None, requires_grad=False) -> Tensor of zeros."""
    if out is None is device is layout is size:
        t = _core.new_filled(sizes, dtype, 0)
        if t is not None:
            return t.requires_grad_() if requires_grad else t
    check_options("zeros", dtype, device, layout)
    size = size_of(sizes, "zeros", size)
    if layout is not None and layout is not strided:
        return empty_sparse("zeros", size, dtype, device, requires_grad, layout)
    array = _core.zeros_array(size, as_dtype(dtype).numpy)
    if out is not None:
        return _out(array, out, "zeros")
    return _finish(array, device, requires_grad)


@composite()
def ones(
    *sizes, size=None, out=None, dtype=None, device=None, requires_grad=False, pin_memory=False, layout=None
):
    """ones(*size, dtype=None, device=None, requires_grad=False) -> Tensor of ones."""
    if out is None is device is layout is size:
        t = _core.new_filled(sizes, dtype, 1)
        if t is not None:
            return t.requires_grad_() if requires_grad else t
    check_strided("ones", dtype, device, layout)
    array = _core.empty_array(size_of(sizes, "ones", size), as_dtype(dtype).numpy)
    array.fill(1)
    if out is not None:
        return _out(array, out, "ones")
    return _finish(array, device, requires_grad)


@composite()
def full(
    size, fill_value, *, out=None, dtype=None, device=None, requires_grad=False, pin_memory=False, layout=None
):
    """full(size, fill_value, *, dtype=None, device=None) -> Tensor of one value; its dtype is the value's."""
    check_strided("full", dtype, device, layout)
    fill_value = _number(fill_value, "full", "fill_value")
    if dtype is None:
        default = get_default_dtype()
        dtype = {bool: bool_, int: int64, float: default, complex: default.to_complex()}[type(fill_value)]
    dtype = as_dtype(dtype)
    array = _core.empty_array(size_of((size,), "full"), dtype.numpy)
    with np.errstate(all="ignore"):
        array[...] = np.array(element(fill_value, dtype, "full")).astype(dtype.numpy)
    if out is not None:
        return _out(array, out, "full")
    return _finish(array, device, requires_grad)


def ordered(size, dtype, order):
    """An uninitialised array whose dimensions lie in memory in the given order; None: row-major."""
    if order is None:
        return _core.empty_array(size, dtype.numpy)
    return _core.empty_ordered(size, dtype.numpy, order)


def _like(name, input, factory, dtype, device, layout, memory_format, requires_grad):
    """What `factory` makes of the shape, dtype, device and layout of input, in memory as input lies or in the given
    format."""
    check_tensor(input, name)
    check_options(name, dtype, device, layout, memory_format)
    options, shape = _options(input, dtype, device), tuple(input.shape)
    if isinstance(input, Wrapped):
        t = copy_for(factory(size=shape, **options), input)
        return t.requires_grad_() if requires_grad else t
    is_sparse, layout = input.layout is not strided, input.layout if layout is None else layout
    if layout is not strided:
        if factory is not zeros and factory is not empty:
            check_strided(name, layout=layout)
        sparse_dim = input.sparse_dim() if is_sparse else None
        return empty_sparse(
            name, shape, options["dtype"], options["device"], requires_grad, layout, sparse_dim
        )
    order = None if is_sparse else order_like(_array(input), memory_format)
    t = factory(size=shape if order is None else tuple([shape[d] for d in order]), **options)
    if order is not None:
        t = _make(_array(t).transpose(inverse(order)))
    t = in_face_of(t, input)
    return t.requires_grad_() if requires_grad else t


def _options(input, dtype, device):
    return dict(
        dtype=input.dtype if dtype is None else dtype, device=input.device if device is None else device
    )


@composite()
def empty_like(
    input, *, dtype=None, device=None, requires_grad=False, memory_format=None, layout=None, pin_memory=False
):
    """empty_like(input) -> uninitialised Tensor of the shape, dtype and device of input."""
    return _like("empty_like", input, empty, dtype, device, layout, memory_format, requires_grad)


@composite()
def zeros_like(
    input, *, dtype=None, device=None, requires_grad=False, memory_format=None, layout=None, pin_memory=False
):
    """zeros_like(input) -> Tensor of zeros of the shape, dtype and device of input."""
    return _like("zeros_like", input, zeros, dtype, device, layout, memory_format, requires_grad)


@composite()
def ones_like(
    input, *, dtype=None, device=None, requires_grad=False, memory_format=None, layout=None, pin_memory=False
):
    """ones_like(input) -> Tensor of ones of the shape, dtype and device of input."""
    return _like("ones_like", input, ones, dtype, device, layout, memory_format, requires_grad)


@composite()
def full_like(input, fill_value, *, dtype=None, device=None, requires_grad=False, memory_format=None, layout=None,
              pin_memory=False):  # fmt: skip
    """full_like(input, fill_value) -> Tensor of one value with the shape, dtype and device of input."""
    factory = functools.partial(full, fill_value=fill_value)
    return _like("full_like", input, factory, dtype, device, layout, memory_format, requires_grad)


def _new(factory, check=check_options):
    def method(
        self, *sizes, size=None, dtype=None, device=None, requires_grad=False, layout=None, pin_memory=False
    ):
        check(method.__name__, dtype, device, layout)
        options = _options(self, dtype, device)
        if isinstance(self, Wrapped):
            t = copy_for(factory(*sizes, size=size, **options), self)
            return t.requires_grad_() if requires_grad else t
        return factory(*sizes, size=size, requires_grad=requires_grad, layout=layout, **options)

    method.__name__ = method.__qualname__ = f"new_{factory.__name__}"
    method.__doc__ = (
        f"x.new_{factory.__name__}(*size) -> like {factory.__name__}, with the dtype and device of x."
    )
    return composite(method.__name__, name=f"_{method.__name__}")(method)


new_empty, new_zeros, new_ones = _new(empty), _new(zeros), _new(ones, check_strided)


@composite("new_full", name="_new_full")
def new_full(
    self, size, fill_value, *, dtype=None, device=None, requires_grad=False, layout=None, pin_memory=False
):
    """x.new_full(size, fill_value) -> like full, with the dtype and device of x."""
    check_strided("new_full", dtype, device, layout)
    t = full(size, fill_value, requires_grad=requires_grad, **_options(self, dtype, device))
    return copy_for(t, self) if isinstance(self, Wrapped) else t


@composite("new_tensor", name="_new_tensor")
def new_tensor(self, data, *, dtype=None, device=None, requires_grad=False, layout=None, pin_memory=False):
    """x.new_tensor(data) -> a copy of data with the dtype and device of x."""
    check_strided("new_tensor", dtype, device, layout)
    options = _options(self, dtype, device)
    return _finish(data_array(data, options["dtype"], "new_tensor"), options["device"], requires_grad)


@composite("new", name="_new")
def new(self, *args, device=None):
    """x.new(*size), x.new(sequence) or x.new(tensor) -> Tensor of the dtype and device of x. Sizes: uninitialised."""
    options = _options(self, None, device)
    if len(args) == 1 and isinstance(args[0], TensorBase) and args[0].ndim:
        return args[0].to(**options)
    if len(args) == 1 and isinstance(args[0], Storage):
        return empty(0, **options).set_(args[0])
    if len(args) == 1 and isinstance(args[0], (list, np.ndarray)):
        return _finish(data_array(args[0], options["dtype"], "new"), options["device"])
    return empty(*(args or (0,)), **options)


def _number(value, name, argument):
    """A Python number from a number or a tensor without dimensions."""
    if isinstance(value, (TensorBase, np.ndarray, np.generic)) and value.ndim == 0:
        value = value.item()
    kinds: Any = (bool, int, float, complex)
    for kind in kinds:
        if isinstance(value, kind):
            return kind(value)
    raise TypeError(f"{name}(): argument '{argument}' must be Number, not {type(value).__name__}")


def _real(value, name, argument):
    value = _number(value, name, argument)
    if isinstance(value, complex):
        raise RuntimeError(f"{name}(): argument '{argument}' must be real, got {value}")
    return value


def _count(value, name, argument):
    """A size: an int, no bool."""
    try:
        return _size(value)
    except TypeError:
        raise TypeError(f"{name}(): argument '{argument}' must be int, not {type(value).__name__}") from None


def _check_steps(name, start, end, step):
    """Raises unless step leads from start to end."""
    if not (math.isfinite(start) and math.isfinite(end)):
        raise RuntimeError(f"unsupported range: {start} -> {end} ({name}())")
    if step == 0 or math.isnan(step):
        raise RuntimeError(f"step must be nonzero, got {step} ({name}())")
    if (step > 0 and end < start) or (step < 0 and end > start):
        raise RuntimeError(
            f"upper bound and lower bound inconsistent with step sign: {name}({start}, {end}, {step})"
        )


def _progression(n, start, step, dtype):
    """start + i step for i < n, computed in int64 for ints (modulo 2**64) and in float64 for floats."""
    compute = np.dtype(np.int64) if dtype.category == "int" else np.dtype(np.float64)
    array = _core.empty_array((n,), compute)
    array[...] = np.arange(n)
    with np.errstate(all="ignore"):
        array *= np.array(step).astype(compute)
        array += np.array(start).astype(compute)
        return array.astype(dtype.numpy, copy=False)


@composite()
def arange(start=None, end=None, step=1, *, out=None, dtype=None, device=None, requires_grad=False, layout=None,
           pin_memory=False):  # fmt: skip
    """arange(start=0, end, step=1) -> 1-D Tensor of ceil((end - start) / step) values from start, below end.

    int64 when all arguments are ints, else the default float dtype. With an integer dtype start and step are
    truncated to ints, for int64 before the count is taken. RuntimeError for an infinite range and a step of the
    wrong sign.
    """
    check_strided("arange", dtype, device, layout)
    if start is None and end is None:
        raise TypeError("arange(): missing 1 required positional argument: 'end'")
    if end is None or start is None:
        start, end = 0, start if end is None else end
    start, end, step = (
        _real(start, "arange", "start"),
        _real(end, "arange", "end"),
        _real(step, "arange", "step"),
    )
    if dtype is None:
        dtype = get_default_dtype() if float in map(type, (start, end, step)) else int64
    dtype = as_dtype(dtype)
    if dtype.category in ("bool", "complex"):
        raise unsupported("arange", dtype)
    _check_steps("arange", start, end, step)
    if dtype.category == "int" and dtype not in (int64, uint64):
        n = math.ceil((float(end) - float(start)) / float(step))
        start, step = int(start), int(step) if math.isfinite(step) else 0
    elif dtype.category == "int":
        start, end = int(start), int(end)
        step = int(step) if math.isfinite(step) else max(abs(end - start), 1) * (1 if step > 0 else -1)
        if step == 0:
            raise ValueError(f"arange(): the step is 0 as {dtype.name}")
        top = 2**64 if dtype is uint64 else 2**63
        if not all(-(2**63) <= v < top for v in (start, end, step)):
            raise OverflowError(f"arange({start}, {end}, {step}): an argument does not fit into 64 bits")
        n = -((start - end) // step)
    else:
        n = math.ceil((float(end) - float(start)) / float(step))
    array = _progression(n, start, step, dtype)
    if out is not None:
        return _out(array, out, "arange")
    return _finish(array, device, requires_grad)


@composite()
def range(start=0, end=None, step=1, *, out=None, dtype=None, device=None, requires_grad=False, layout=None,
          pin_memory=False):  # fmt: skip
    """range(start=0, end, step=1) -> 1-D Tensor from start to end, both included. Deprecated: use arange."""
    import warnings

    check_strided("range", dtype, device, layout)
    if end is None:
        start, end = 0, start
    warnings.warn(
        "torch.range is deprecated and will be removed in a future release because its behavior is inconsistent with "
        "Python's range builtin. Instead, use torch.arange, which produces values in [start, end).",
        UserWarning,
        stacklevel=2,
    )
    start, end, step = (
        _real(start, "range", "start"),
        _real(end, "range", "end"),
        _real(step, "range", "step"),
    )
    _check_steps("range", start, end, step)
    dtype = as_dtype(dtype)
    if dtype.category == "int":
        start, end, step = int(start), int(end), int(step)
        if step == 0:
            raise RuntimeError(f"range(): the step is 0 as {dtype.name}")
    n = math.floor((end - start) / step) + 1
    if dtype.category == "int":
        array = _progression(n, start, step, dtype)
    else:
        array = _progression(n, float(start), float(step), float64).astype(dtype.numpy)
    if out is not None:
        return _out(array, out, "range")
    return _finish(array, device, requires_grad)


def _spaced(name, start, end, steps, dtype):
    """steps values from start to end inclusive, symmetric: the second half is counted from the end. With an integer
    dtype start and end are truncated first."""
    start, end, steps = _number(start, name, "start"), _number(end, name, "end"), _count(steps, name, "steps")
    if steps < 0:
        raise RuntimeError(f"number of steps must be non-negative, got {steps}")
    is_complex = isinstance(start, complex) or isinstance(end, complex)
    if dtype is None:
        dtype = get_default_dtype().to_complex() if is_complex else get_default_dtype()
    dtype = as_dtype(dtype)
    if is_complex and not dtype.is_complex:
        raise RuntimeError(f"{name}(): complex bounds need a complex dtype, got {dtype.name}")
    compute: Any = np.complex128 if dtype.is_complex else np.float64
    if dtype.category == "float" and dtype.itemsize <= 4:
        compute = np.float32
    out = _core.empty_array((steps,), dtype.numpy)
    i = np.arange(steps).astype(compute)
    with np.errstate(all="ignore"):
        if dtype.category == "int":
            start, end = int(start), int(end)
        start, end = compute(start), compute(end)
        if steps == 1:
            out[...] = start
            return out
        step = (end - start) / compute(max(steps - 1, 1))
        half = steps // 2
        out[:half] = start + step * i[:half]
        out[half:] = end - step * (steps - 1 - i[half:])
    return out


@composite()
def linspace(
    start,
    end,
    steps,
    *,
    out=None,
    dtype=None,
    device=None,
    requires_grad=False,
    layout=None,
    pin_memory=False,
):
    """linspace(start, end, steps) -> 1-D Tensor of `steps` evenly spaced values from start to end inclusive."""
    check_strided("linspace", dtype, device, layout)
    array = _spaced("linspace", start, end, steps, dtype)
    if out is not None:
        return _out(array, out, "linspace")
    return _finish(array, device, requires_grad)


@composite()
def logspace(start, end, steps, base=10.0, *, out=None, dtype=None, device=None, requires_grad=False, layout=None,
             pin_memory=False):  # fmt: skip
    """logspace(start, end, steps, base=10.0) -> 1-D Tensor of base ** linspace(start, end, steps)."""
    check_strided("logspace", dtype, device, layout)
    if dtype is not None and as_dtype(dtype).category == "int" and steps != 1:
        start, end = int(_real(start, "logspace", "start")), int(_real(end, "logspace", "end"))
    exponents = _spaced("logspace", start, end, steps, float64)
    with np.errstate(all="ignore"):
        array = (_real(base, "logspace", "base") ** exponents).astype(as_dtype(dtype).numpy)
    if out is not None:
        return _out(array, out, "logspace")
    return _finish(array, device, requires_grad)


@composite()
def eye(n, m=None, *, out=None, dtype=None, device=None, requires_grad=False, layout=None, pin_memory=False):
    """eye(n, m=n) -> 2-D Tensor (n, m) with ones on the diagonal."""
    check_strided("eye", dtype, device, layout)
    n = _count(n, "eye", "n")
    m = n if m is None else _count(m, "eye", "m")
    if n < 0 or m < 0:
        raise RuntimeError(f"n must be greater or equal to 0, got eye({n}, {m})")
    array = _core.zeros_array((n, m), as_dtype(dtype).numpy)
    np.fill_diagonal(array, 1)
    if out is not None:
        return _out(array, out, "eye")
    return _finish(array, device, requires_grad)


@composite()
def scalar_tensor(s, *, dtype=None, device=None, requires_grad=False, layout=None, pin_memory=False):
    """scalar_tensor(s) -> 0-dim Tensor of the default float dtype."""
    check_strided("scalar_tensor", dtype, device, layout)
    return _finish(data_array(_number(s, "scalar_tensor", "s"), as_dtype(dtype)), device, requires_grad)


@composite()
def is_tensor(obj):
    """is_tensor(obj) -> bool: whether obj is a Tensor."""
    return isinstance(obj, TensorBase)


__all__ = [
    "Device", "data_array", "size_of", "tensor", "as_tensor", "from_numpy", "empty", "zeros", "ones", "full",
    "arange", "eye", "linspace", "logspace",
]  # fmt: skip
