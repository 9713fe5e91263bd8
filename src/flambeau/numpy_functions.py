"""What NumPy does with Tensors: `np.f(tensor)` for the functions of NumPy that are not ufuncs.

Three things meet here.

- Operators. `array + tensor` and `np.float32(2) * tensor` are the Tensor's: NumPy steps back from an operand of higher
  `__array_priority__`. That holds only for classes without `__array_ufunc__`, so Tensor has none.
- Ufuncs (`np.sin(t)`, `np.add.reduce(t)`, `where=`) therefore read the memory through `Tensor.__array__`, and
  `Tensor.__array_wrap__` makes the result a Tensor. `out=` must be an array: `out=np.asarray(t)`.
- All other functions come to `array_function` below. It hands NumPy arrays over the same memory, so the values, dtypes
  and keywords are NumPy's own. The result is a Tensor for the functions of which it is one in PyTorch (`TENSORS`), else
  NumPy's; a Tensor given as `out=` is filled and returned.

Tensors that require grad raise in ufuncs and functions, as `numpy()` does.
"""

import numpy as np

from . import _core
from .dtype import dtype as DType
from .ops.op import FUNCTIONS

TensorBase = _core.TensorBase


def _functions(names, module=np):
    return {getattr(module, name) for name in names.split() if hasattr(module, name)}


# Functions whose arrays become Tensors.
TENSORS = (
    _functions(
        "all amax amin any apply_along_axis argmax argmin argpartition argsort argwhere around array_split choose "
        "clip compress cumprod cumsum delete dsplit fix hsplit imag insert isneginf isposinf max mean min moveaxis "
        "permute_dims prod ptp real repeat reshape rollaxis round searchsorted split squeeze std sum swapaxes take "
        "transpose trim_zeros var vsplit"
    )
    | _functions("cholesky eig eigh inv lstsq pinv qr solve svd tensorinv tensorsolve", np.linalg)
    | _functions(  # these come here only by `like=tensor`
        "arange array asanyarray asarray ascontiguousarray asfortranarray empty eye frombuffer fromfunction fromiter "
        "full identity ones require tri zeros"
    )
)

# Functions that write to their first argument.
WRITERS = _functions("copyto fill_diagonal place put put_along_axis putmask")


def array_function(func, types, args, kwargs):
    """The `__array_function__` of Tensor: func(*args, **kwargs) on the arrays of the Tensors among the arguments."""
    if not all(issubclass(t, (TensorBase, np.ndarray)) for t in types):
        return NotImplemented
    out = kwargs.get("out")
    written = [t for t in (args[0] if func in WRITERS and args else None, out) if isinstance(t, TensorBase)]
    result = func(*_to_arrays(args), **_to_arrays(kwargs))
    for t in written:
        _core.bump_version(t)
    if isinstance(out, TensorBase):
        return out
    if func not in TENSORS or out is not None:
        return result
    return _to_tensors(result, args, kwargs.get("dtype") is not None or _has_uint64(args))


def wrapped(array, keeps_uint64=False):
    """A Tensor over the memory of a NumPy array or number; unless uint64 is kept, int64 for the uint64 that NumPy sums
    unsigned ints to. TypeError for dtypes that Tensors do not have."""
    array = np.asarray(array)
    if array.dtype == np.uint64 and not keeps_uint64:
        array = array.astype(np.int64)
    return FUNCTIONS["from_numpy"](array)


def _has_uint64(value):
    """Whether there is a uint64 Tensor, array or number in value."""
    if isinstance(value, (list, tuple)):
        return any(_has_uint64(v) for v in value)
    return isinstance(value, (TensorBase, np.ndarray, np.generic)) and str(value.dtype).endswith("uint64")


def _to_arrays(value):
    """value with arrays for Tensors and NumPy's dtypes for ours, in nested lists, tuples and dicts."""
    if isinstance(value, TensorBase):
        return value.numpy()
    if isinstance(value, DType):
        return value.numpy
    if type(value) in (list, tuple):
        return type(value)([_to_arrays(v) for v in value])
    if type(value) is dict:
        return {key: _to_arrays(v) for key, v in value.items()}
    return value


def _to_tensors(value, args, keeps_uint64):
    """value with Tensors for arrays and NumPy's numbers; one over the memory of the first argument counts changes
    with it."""
    if isinstance(value, (np.ndarray, np.generic)):
        result = wrapped(value, keeps_uint64)
        if args and isinstance(args[0], TensorBase) and np.may_share_memory(value, _core.array_of(args[0])):
            _core.share_version(result, args[0])
        return result
    if isinstance(value, (list, tuple)):
        items = [_to_tensors(v, args, keeps_uint64) for v in value]
        return type(value)(*items) if hasattr(value, "_fields") else type(value)(items)
    return value
