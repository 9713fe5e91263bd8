"""Creation functions of the array API standard."""

import numpy as np

import flambeau as fb

from ._array import faced
from ._dtypes import SCALARS, check_array
from ._shapes import stack

__all__ = [
    "arange", "asarray", "empty", "empty_like", "eye", "from_dlpack", "full", "full_like", "linspace",
    "meshgrid", "ones", "ones_like", "tril", "triu", "zeros", "zeros_like",
]  # fmt: skip


def _shape(shape):
    return (shape,) if hasattr(shape, "__index__") else tuple(shape)


def arange(start, /, stop=None, step=1, *, dtype=None, device=None):
    """arange(start, stop=None, step=1, dtype=None, device=None) -> 1-D Tensor: values from start (or 0) below stop."""
    if stop is None:
        start, stop = 0, start
    if dtype is None and any(isinstance(v, float) for v in (start, stop, step)):
        dtype = fb.get_default_dtype()
    if (stop <= start) if step > 0 else (stop >= start):  # an empty range is no error here
        stop = start
    return fb.arange(start, stop, step, dtype=dtype, device=device)


def asarray(obj, /, *, dtype=None, device=None, copy=None):
    """asarray(obj, dtype=None, device=None, copy=None) -> Tensor of numbers, nested sequences, an array, an object with
    a buffer or a sequence of Tensors of one shape; over the same memory where it can be, unless copy. ValueError when
    copy=False and a copy is needed."""
    if isinstance(obj, (list, tuple)):
        if obj and all(isinstance(v, fb.Tensor) for v in obj) and copy is not False:
            obj, copy = stack(obj), None
    elif not isinstance(obj, (fb.Tensor, np.ndarray, np.generic, *SCALARS)):
        obj = _buffer(obj, copy)
    history = (
        isinstance(obj, fb.Tensor)
        and obj.requires_grad
        and (dtype is None or dtype.category in ("float", "complex"))
    )
    return fb.asarray(obj, dtype=dtype, device=device, copy=copy, requires_grad=history)


def _buffer(obj, copy):
    """An array over the buffer of obj, or with a copy of one that may only be read; obj itself if it has no buffer."""
    try:
        array = np.asarray(memoryview(obj))
    except TypeError:
        return obj
    if copy is False and not array.flags.writeable:
        raise ValueError(
            f"asarray(): the buffer of the {type(obj).__name__} is read-only: use copy=None or copy=True"
        )
    return array if array.flags.writeable else array.copy()


def empty(shape, *, dtype=None, device=None):
    """empty(shape, dtype=None, device=None) -> uninitialised Tensor."""
    return fb.empty(_shape(shape), dtype=dtype, device=device)


def empty_like(x, /, *, dtype=None, device=None):
    """empty_like(x, dtype=None, device=None) -> uninitialised Tensor of the shape of x."""
    return fb.empty_like(x, dtype=dtype, device=device)


def eye(n_rows, n_cols=None, /, *, k=0, dtype=None, device=None):
    """eye(n_rows, n_cols=None, k=0, dtype=None, device=None) -> 2-D Tensor with ones on the k-th diagonal."""
    n_cols = n_rows if n_cols is None else n_cols
    result = fb.zeros((n_rows, n_cols), dtype=dtype, device=device)
    if -n_rows < k < n_cols:
        result.diagonal(k).fill_(1)
    return result


def from_dlpack(x, /, *, device=None, copy=None):
    """from_dlpack(x, device=None, copy=None) -> Tensor over the memory of another library's array."""
    return fb.from_dlpack(x, device=device, copy=copy)


def full(shape, fill_value, *, dtype=None, device=None):
    """full(shape, fill_value, dtype=None, device=None) -> Tensor of one value; by default of the value's kind."""
    return fb.full(_shape(shape), fill_value, dtype=dtype, device=device)


def full_like(x, /, fill_value, *, dtype=None, device=None):
    """full_like(x, fill_value, dtype=None, device=None) -> Tensor of one value in the shape and dtype of x."""
    return fb.full_like(x, fill_value, dtype=dtype, device=device)


def linspace(start, stop, /, num, *, dtype=None, device=None, endpoint=True):
    """linspace(start, stop, num, dtype=None, device=None, endpoint=True) -> 1-D Tensor of evenly spaced values."""
    if dtype is None and (isinstance(start, complex) or isinstance(stop, complex)):
        dtype = fb.get_default_dtype().to_complex()
    count = num if endpoint else num + 1
    held = fb.get_default_dtype() if dtype is None else dtype
    if held.is_floating_point and abs(stop - start) > fb.finfo(held).max:  # the steps would be infinite
        weight = fb.linspace(0, 1, count, dtype=held, device=device)
        return (start * (1 - weight) + stop * weight)[:num]
    result = fb.linspace(start, stop, count, dtype=dtype, device=device)
    return result if endpoint else result[:num]


def meshgrid(*arrays, indexing="xy"):
    """meshgrid(*arrays, indexing='xy') -> list of Tensors: the coordinates of a grid."""
    if indexing not in ("xy", "ij"):
        raise ValueError(f"meshgrid(): indexing must be 'xy' or 'ij', got {indexing!r}")
    check_array("meshgrid", *arrays)
    if len({x.dtype for x in arrays}) > 1:
        raise ValueError("meshgrid(): the Tensors must have one dtype")
    return list(fb.meshgrid(*arrays, indexing=indexing)) if arrays else []


def ones(shape, *, dtype=None, device=None):
    """ones(shape, dtype=None, device=None) -> Tensor of ones."""
    return fb.ones(_shape(shape), dtype=dtype, device=device)


def ones_like(x, /, *, dtype=None, device=None):
    """ones_like(x, dtype=None, device=None) -> Tensor of ones of the shape of x."""
    return fb.ones_like(x, dtype=dtype, device=device)


def tril(x, /, *, k=0):
    """tril(x, k=0) -> Tensor: the matrices of x with zeros above the k-th diagonal."""
    return fb.tril(x, k)


def triu(x, /, *, k=0):
    """triu(x, k=0) -> Tensor: the matrices of x with zeros below the k-th diagonal."""
    return fb.triu(x, k)


def zeros(shape, *, dtype=None, device=None):
    """zeros(shape, dtype=None, device=None) -> Tensor of zeros."""
    return fb.zeros(_shape(shape), dtype=dtype, device=device)


def zeros_like(x, /, *, dtype=None, device=None):
    """zeros_like(x, dtype=None, device=None) -> Tensor of zeros of the shape of x."""
    return fb.zeros_like(x, dtype=dtype, device=device)


faced(__all__, globals())
