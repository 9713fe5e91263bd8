"""Making tensors from data and from sizes. These have no gradient (except through nothing): plain functions."""

import math
import operator

import numpy as np

from .. import _core
from ..device import CPU, device as Device
from ..dtype import as_dtype, bfloat16, bool_, complex64, from_numpy_dtype, get_default_dtype, int64
from .op import composite

_make, _array, TensorBase = _core.make, _core.array_of, _core.TensorBase


def _finish(array, device, requires_grad=False, like=None):
    """A tensor of the default face around a fresh array, on `device`."""
    t = _make(array)
    if device is not None and device is not CPU:
        t = t.to(device)
    if requires_grad:
        t.requires_grad_()
    return t


def size_of(size, name):
    """The sizes meant by f(2, 3), f((2, 3)) or f(Size)."""
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
                    f"{name}(): argument 'size' must be tuple of ints, but found element of type {type(s).__name__} at pos {at}"
                ) from None
        raise


def _size(s):
    if isinstance(s, (bool, np.bool_)):
        raise TypeError("a bool is no size")
    return operator.index(s)


def data_array(data, dtype, name="tensor"):
    """A new array of the elements of `data`: numbers, nested sequences, arrays, tensors, and mixtures."""
    if isinstance(data, TensorBase):
        array = _array(data.detach().cpu())
    elif isinstance(data, (np.ndarray, np.generic)):
        array = np.asarray(data)
    else:
        array = _from_sequence(data, name)
        if dtype is None and array.dtype.kind in "fc" and not _has_arrays(data):
            default = get_default_dtype()
            dtype = default if array.dtype.kind == "f" else default.to_complex()
    if array.dtype.kind not in "biufcV" or _core.code_of(array.dtype) < 0:
        if dtype is None or array.dtype.kind not in "u":
            _refuse(data, array, name)
    target = array.dtype if dtype is None else as_dtype(dtype).numpy
    with np.errstate(all="ignore"):
        out = _core.empty_array(array.shape, target)
        out[...] = array if array.dtype.kind != "c" or target.kind == "c" else array.real
    return out


def _has_arrays(data):
    while isinstance(data, (list, tuple)):
        if not data:
            return False
        data = data[0]
    return isinstance(data, (np.ndarray, np.generic, TensorBase))


def _from_sequence(data, name):
    if isinstance(data, (list, tuple)) and _holds_tensors(data):
        data = _unpack_tensors(data)
    try:
        array = np.array(data)
    except ValueError as error:
        _check_rectangle(data, name)
        raise ValueError(f"{name}(): could not read the data as an array of numbers: {error}") from None
    except OverflowError:
        raise RuntimeError(f"{name}(): overflow: a number does not fit the dtype") from None
    if array.dtype == np.uint64 or (array.dtype == object and _all_ints(array)):
        raise RuntimeError("Overflow when unpacking long long: an integer does not fit into int64")
    if array.size == 0 and array.dtype == np.float64:
        return array.astype(get_default_dtype().numpy)
    return array


def _all_ints(array):
    return array.size > 0 and all(isinstance(v, int) for v in array.flat)


def _holds_tensors(data):
    return any(isinstance(v, TensorBase) or (isinstance(v, (list, tuple)) and _holds_tensors(v)) for v in data)


def _unpack_tensors(data):
    return [
        _array(v.detach().cpu()) if isinstance(v, TensorBase) else _unpack_tensors(v) if isinstance(v, (list, tuple)) else v
        for v in data
    ]


def _check_rectangle(data, name):
    """Raises, in the words scripts know, when nested sequences differ in length."""
    dim, level = 0, [data]
    while all(isinstance(v, (list, tuple)) for v in level):
        lengths = {len(v) for v in level}
        if len(lengths) > 1:
            first = len(level[0])
            other = next(n for n in map(len, level) if n != first)
            raise ValueError(f"expected sequence of length {first} at dim {dim} (got {other})")
        level = [w for v in level for w in v]
        dim += 1
        if not level:
            return
    if any(isinstance(v, (list, tuple)) for v in level):
        length = next(len(v) for v in level if isinstance(v, (list, tuple)))
        raise ValueError(f"expected sequence of length 0 at dim {dim} (got {length}): numbers and sequences are mixed")


def _refuse(data, array, name):
    if isinstance(data, np.ndarray):
        from_numpy_dtype(array.dtype)  # raises the error that lists the dtypes
    bad = data
    while isinstance(bad, (list, tuple)) and bad:
        bad = next((v for v in bad if not isinstance(v, (int, float, complex, bool))), bad[0])
    if isinstance(bad, (dict, set)) or bad is data:
        raise RuntimeError(f"Could not infer dtype of {type(bad).__name__}: {name}() takes numbers, sequences and arrays")
    raise TypeError(f"{name}(): invalid data type '{type(bad).__name__}'")


@composite()
def tensor(data, *, dtype=None, device=None, requires_grad=False, pin_memory=False):
    """tensor(data, *, dtype=None, device=None, requires_grad=False) -> Tensor

    A new leaf tensor with the elements of `data` (a number, nested sequences, an array, a tensor: always copied). Floats get
    the default dtype, ints int64. Raises ValueError for ragged sequences, TypeError for data that are no numbers.
    """
    if isinstance(data, TensorBase):
        import warnings

        warnings.warn(
            "To copy construct from a tensor, it is recommended to use sourceTensor.detach().clone() "
            "or sourceTensor.detach().clone().requires_grad_(True), rather than torch.tensor(sourceTensor).",
            UserWarning,
            stacklevel=2,
        )
    return _finish(data_array(data, dtype), device, requires_grad)


@composite(aliases=("asarray",))
def as_tensor(data, dtype=None, device=None, *, copy=None, requires_grad=False):
    """as_tensor(data, dtype=None, device=None) -> Tensor: shares memory and history with `data` where it can, else copies."""
    if isinstance(data, TensorBase):
        t = data.to(device=device, dtype=dtype) if device is not None or dtype is not None else data
        return t.clone() if copy and t is data else t
    if isinstance(data, np.ndarray) and not copy:
        t = from_numpy(data)
    elif hasattr(data, "__array_interface__") and not isinstance(data, np.generic) and not copy:
        t = from_numpy(np.asarray(data))
    else:
        t = _make(data_array(data, dtype, "as_tensor"))
    if device is not None or dtype is not None:
        t = t.to(device=device, dtype=dtype)
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
            f"from_numpy(): given numpy array has byte order different from the native byte order ({ndarray.dtype.str}). "
            "Conversion between byte orders is currently not supported; use array.astype(array.dtype.newbyteorder('='))."
        )
    if type(ndarray) is not np.ndarray:
        ndarray = ndarray.view(np.ndarray)
    if not ndarray.flags.aligned:
        ndarray = ndarray.copy()
    return _make(ndarray)


@composite()
def frombuffer(buffer, *, dtype, count=-1, offset=0, requires_grad=False):
    """frombuffer(buffer, *, dtype, count=-1, offset=0) -> 1-D Tensor over the memory of an object with a buffer."""
    t = _make(np.frombuffer(buffer, as_dtype(dtype).numpy, count, offset))
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

    ext_tensor: an object with `__dlpack__` and `__dlpack_device__` (arrays of NumPy, PyTorch, JAX, ...), or a capsule, which can
    be used once. copy=True copies. TypeError for other objects and for element types that tensors do not have.
    """
    if type(ext_tensor).__name__ == "PyCapsule":
        array = _from_capsule(ext_tensor)
    elif not (hasattr(ext_tensor, "__dlpack__") and hasattr(ext_tensor, "__dlpack_device__")):
        raise TypeError(
            f"from_dlpack(): expected an object with __dlpack__ and __dlpack_device__, or a capsule, not {type(ext_tensor).__name__}"
        )
    elif isinstance(ext_tensor, np.ndarray):
        array = ext_tensor
    else:
        kind = int(ext_tensor.__dlpack_device__()[0])
        if kind != 1:
            raise BufferError(f"from_dlpack(): the array is on a device of DLPack type {kind}; move it to the CPU first")
        try:
            capsule = ext_tensor.__dlpack__(max_version=(1, 0))
        except TypeError:  # of the time before versions
            capsule = ext_tensor.__dlpack__()
        array = _from_capsule(capsule)
    t = from_numpy(array)
    if copy:
        t = _make(data_array(_array(t), t.dtype, "from_dlpack"))
    return t if device is None else t.to(Device(device))


def _out(array, out):
    """Writes a fresh array into out=, which takes its shape."""
    if _array(out).shape != array.shape:
        _core.set_array(out, _core.empty_array(array.shape, _array(out).dtype))
    _array(out)[...] = array
    _core.bump_version(out)
    return out


def _filled(array, value):
    try:
        array[...] = value
    except (OverflowError, TypeError) as error:
        raise RuntimeError(f"value {value!r} cannot be converted to type {array.dtype} without overflow") from error
    return array


@composite()
def empty(*size, out=None, dtype=None, device=None, requires_grad=False, pin_memory=False, memory_format=None, layout=None):
    """empty(*size, dtype=None, device=None, requires_grad=False) -> Tensor with uninitialised elements."""
    array = _core.empty_array(size_of(size, "empty"), as_dtype(dtype).numpy)
    if out is not None:
        return _out(array, out)
    return _finish(array, device, requires_grad)


@composite()
def zeros(*size, out=None, dtype=None, device=None, requires_grad=False, pin_memory=False, layout=None):
    """zeros(*size, dtype=None, device=None, requires_grad=False) -> Tensor of zeros."""
    array = _core.zeros_array(size_of(size, "zeros"), as_dtype(dtype).numpy)
    if out is not None:
        return _out(array, out)
    return _finish(array, device, requires_grad)


@composite()
def ones(*size, out=None, dtype=None, device=None, requires_grad=False, pin_memory=False, layout=None):
    """ones(*size, dtype=None, device=None, requires_grad=False) -> Tensor of ones."""
    array = _core.empty_array(size_of(size, "ones"), as_dtype(dtype).numpy)
    array.fill(1)
    if out is not None:
        return _out(array, out)
    return _finish(array, device, requires_grad)


@composite()
def full(size, fill_value, *, out=None, dtype=None, device=None, requires_grad=False, pin_memory=False, layout=None):
    """full(size, fill_value, *, dtype=None, device=None) -> Tensor of one value; its dtype is the value's."""
    if isinstance(fill_value, TensorBase):
        fill_value = fill_value.item()
    if dtype is None:
        dtype = (
            bool_ if isinstance(fill_value, bool) else int64 if isinstance(fill_value, int)
            else get_default_dtype().to_complex() if isinstance(fill_value, complex) else None
        )  # fmt: skip
    array = _filled(_core.empty_array(size_of((size,), "full"), as_dtype(dtype).numpy), fill_value)
    if out is not None:
        return _out(array, out)
    return _finish(array, device, requires_grad)


def _like(input, dtype, device):
    if not isinstance(input, TensorBase):
        raise TypeError(f"argument 'input' must be Tensor, not {type(input).__name__}")
    return dict(dtype=input.dtype if dtype is None else dtype, device=input.device if device is None else device)


@composite()
def empty_like(input, *, dtype=None, device=None, requires_grad=False, memory_format=None, layout=None, pin_memory=False):
    """empty_like(input) -> uninitialised Tensor of the shape, dtype and device of input."""
    return empty(tuple(input.shape), requires_grad=requires_grad, **_like(input, dtype, device))


@composite()
def zeros_like(input, *, dtype=None, device=None, requires_grad=False, memory_format=None, layout=None, pin_memory=False):
    """zeros_like(input) -> Tensor of zeros of the shape, dtype and device of input."""
    return zeros(tuple(input.shape), requires_grad=requires_grad, **_like(input, dtype, device))


@composite()
def ones_like(input, *, dtype=None, device=None, requires_grad=False, memory_format=None, layout=None, pin_memory=False):
    """ones_like(input) -> Tensor of ones of the shape, dtype and device of input."""
    return ones(tuple(input.shape), requires_grad=requires_grad, **_like(input, dtype, device))


@composite()
def full_like(input, fill_value, *, dtype=None, device=None, requires_grad=False, memory_format=None, layout=None,
              pin_memory=False):  # fmt: skip
    """full_like(input, fill_value) -> Tensor of one value with the shape, dtype and device of input."""
    return full(tuple(input.shape), fill_value, requires_grad=requires_grad, **_like(input, dtype, device))


def _new(factory):
    def method(self, *size, dtype=None, device=None, requires_grad=False, layout=None, pin_memory=False):
        return factory(*size, requires_grad=requires_grad, **_like(self, dtype, device))

    method.__name__ = method.__qualname__ = f"new_{factory.__name__}"
    method.__doc__ = f"x.new_{factory.__name__}(*size) -> like {factory.__name__}, with the dtype and device of x."
    return composite(method.__name__, name=f"_{method.__name__}")(method)


new_empty, new_zeros, new_ones = _new(empty), _new(zeros), _new(ones)


@composite("new_full", name="_new_full")
def new_full(self, size, fill_value, *, dtype=None, device=None, requires_grad=False, layout=None, pin_memory=False):
    """x.new_full(size, fill_value) -> like full, with the dtype and device of x."""
    return full(size, fill_value, requires_grad=requires_grad, **_like(self, dtype, device))


@composite("new_tensor", name="_new_tensor")
def new_tensor(self, data, *, dtype=None, device=None, requires_grad=False, layout=None, pin_memory=False):
    """x.new_tensor(data) -> a copy of data with the dtype and device of x."""
    options = _like(self, dtype, device)
    return _finish(data_array(data, options["dtype"], "new_tensor"), options["device"], requires_grad)


def _number(v):
    return v.item() if isinstance(v, TensorBase) else v


@composite()
def arange(start, end=None, step=1, *, out=None, dtype=None, device=None, requires_grad=False, layout=None,
           pin_memory=False):  # fmt: skip
    """arange(start=0, end, step=1) -> 1-D Tensor of ceil((end - start) / step) values from start, below end.

    int64 when all arguments are ints, else the default float dtype.
    """
    if end is None:
        start, end = 0, start
    start, end, step = _number(start), _number(end), _number(step)
    if any(isinstance(v, float) and not math.isfinite(v) for v in (start, end)):
        raise RuntimeError(f"unsupported range: {start} -> {end}")
    if step == 0 or (isinstance(step, float) and math.isnan(step)):
        raise RuntimeError(f"step must be nonzero, got {step}")
    if (step > 0 and end < start) or (step < 0 and end > start):
        raise RuntimeError(f"upper bound and lower bound inconsistent with step sign: arange({start}, {end}, {step})")
    if dtype is None:
        dtype = int64 if all(isinstance(v, (int, np.integer)) for v in (start, end, step)) else get_default_dtype()
    else:
        dtype = as_dtype(dtype)
    n = math.ceil((end - start) / step)
    if dtype.category == "int":
        array = np.arange(n, dtype=np.int64) * int(step) + int(start)
    else:
        array = np.arange(n, dtype=np.float64) * float(step) + float(start)
    array = array.astype(dtype.numpy)
    if out is not None:
        return _out(array, out)
    return _finish(array, device, requires_grad)


@composite()
def range(start=0, end=None, step=1, *, out=None, dtype=None, device=None, requires_grad=False):
    """range(start=0, end, step=1) -> 1-D Tensor from start to end, both included. Deprecated: use arange."""
    import warnings

    if end is None:
        start, end = 0, start
    warnings.warn(
        "torch.range is deprecated and will be removed in a future release because its behavior is inconsistent with "
        "Python's range builtin. Instead, use torch.arange, which produces values in [start, end).",
        UserWarning,
        stacklevel=2,
    )
    start, end, step = _number(start), _number(end), _number(step)
    if step == 0:
        raise RuntimeError("step must be nonzero")
    n = math.floor((end - start) / step) + 1
    if n < 1:
        raise RuntimeError(f"upper bound and lower bound inconsistent with step sign: range({start}, {end}, {step})")
    array = (np.arange(n, dtype=np.float64) * float(step) + float(start)).astype(as_dtype(dtype).numpy)
    if out is not None:
        return _out(array, out)
    return _finish(array, device, requires_grad)


def _spaced(start, end, steps, dtype):
    """steps values from start to end inclusive, symmetric: the second half is counted from the end."""
    if steps < 0:
        raise RuntimeError(f"number of steps must be non-negative, got {steps}")
    dtype = as_dtype(dtype)
    compute = np.complex128 if dtype.is_complex or isinstance(start, complex) or isinstance(end, complex) else np.float64
    if dtype.category == "float" and dtype.itemsize <= 4 and compute is np.float64:
        compute = np.float32
    if steps == 1:
        return np.array([start]).astype(dtype.numpy)
    step = compute((compute(end) - compute(start)) / compute(max(steps - 1, 1)))
    i = np.arange(steps)
    array = np.where(i < steps // 2, compute(start) + step * i.astype(compute), compute(end) - step * (steps - 1 - i).astype(compute))
    return array.astype(compute).astype(dtype.numpy)


@composite()
def linspace(start, end, steps, *, out=None, dtype=None, device=None, requires_grad=False, layout=None, pin_memory=False):
    """linspace(start, end, steps) -> 1-D Tensor of `steps` evenly spaced values from start to end inclusive."""
    array = _spaced(_number(start), _number(end), operator.index(steps), dtype)
    if out is not None:
        return _out(array, out)
    return _finish(array, device, requires_grad)


@composite()
def logspace(start, end, steps, base=10.0, *, out=None, dtype=None, device=None, requires_grad=False):
    """logspace(start, end, steps, base=10.0) -> 1-D Tensor of base ** linspace(start, end, steps)."""
    exponents = _spaced(_number(start), _number(end), operator.index(steps), np.float64)
    array = (float(base) ** exponents).astype(as_dtype(dtype).numpy)
    if out is not None:
        return _out(array, out)
    return _finish(array, device, requires_grad)


@composite()
def eye(n, m=None, *, out=None, dtype=None, device=None, requires_grad=False, layout=None, pin_memory=False):
    """eye(n, m=n) -> 2-D Tensor (n, m) with ones on the diagonal."""
    m = n if m is None else m
    if n < 0 or m < 0:
        raise RuntimeError(f"n must be greater or equal to 0, got eye({n}, {m})")
    array = _core.zeros_array((n, m), as_dtype(dtype).numpy)
    np.fill_diagonal(array, 1)
    if out is not None:
        return _out(array, out)
    return _finish(array, device, requires_grad)


@composite()
def scalar_tensor(s, *, dtype=None, device=None, requires_grad=False):
    """scalar_tensor(s) -> 0-dim Tensor of the default float dtype."""
    return _finish(data_array(s, as_dtype(dtype)), device, requires_grad)


@composite()
def is_tensor(obj):
    """is_tensor(obj) -> bool: whether obj is a Tensor."""
    return isinstance(obj, TensorBase)


__all__ = [
    "Device", "complex64", "data_array", "size_of", "tensor", "as_tensor", "from_numpy", "empty", "zeros", "ones", "full",
    "arange", "eye", "linspace", "logspace",
]  # fmt: skip
