"""Reading the arguments of public calls: dimensions, shapes, named results."""

import collections
import operator

from .. import _core
from ..device import device as Device
from ..dtype import as_dtype, can_cast
from ..layout import layout as Layout
from ..layout import strided
from ..memory_format import memory_format as MemoryFormat

TensorBase = _core.TensorBase
_SEQUENCES = (tuple, list, range)


def normalize_dim(dim, ndim):
    """dim as 0 <= dim < ndim (0-dim tensors count as having one dimension); IndexError when out of range."""
    n = ndim or 1
    d = operator.index(dim)
    if not -n <= d < n:
        raise IndexError(f"Dimension out of range (expected to be in range of [{-n}, {n - 1}], but got {d})")
    return d % n


def normalize_dims(dims, ndim, name):
    """A tuple of distinct dims from an int, a sequence or None (all)."""
    if dims is None:
        return tuple(range(ndim))
    if hasattr(dims, "__index__"):
        dims = (dims,)
    elif not isinstance(dims, _SEQUENCES):
        raise TypeError(f"{name}(): argument 'dim' must be int or tuple of ints, not {type(dims).__name__}")
    normal = tuple([normalize_dim(d, ndim) for d in dims])
    if len(set(normal)) != len(normal):
        repeated = next(d for d in normal if normal.count(d) > 1)
        raise RuntimeError(f"{name}(): dim {repeated} appears multiple times in the list of dims")
    return normal


def ints(values, name, argument="size"):
    """The ints of f(1, 2), f((1, 2)), f([1, 2]) or f(Size), given the tuple of positional arguments."""
    if len(values) == 1 and not hasattr(values[0], "__index__"):
        values = values[0]
        if not isinstance(values, _SEQUENCES):
            raise TypeError(f"{name}(): argument '{argument}' must be tuple of ints, not {type(values).__name__}")
    try:
        return tuple([operator.index(v) for v in values])
    except TypeError:
        raise TypeError(f"{name}(): argument '{argument}' must be tuple of ints, got {values!r}") from None



def in_face_of(tensor, input):
    """A new tensor in the face of input, as the result of an op on input has it; a face of rank 0 is Tensor."""
    face = type(input)._face or type(input)
    if face._face_rank:
        tensor = _core.make(_core.array_of(tensor), face)
        tensor._volatile = input._volatile
    return tensor


def check_tensor(value, name, argument="input", position=1):
    """TypeError unless value is a Tensor."""
    if not isinstance(value, TensorBase):
        raise TypeError(
            f"{name}(): argument '{argument}' (position {position}) must be Tensor, not {type(value).__name__}"
        )


def check_number(value, name, argument, position):
    """value as a Python number, from a real number or an array or tensor without dimensions; else TypeError."""
    if type(value) is float or type(value) is int:
        return value
    if not isinstance(value, (int, float)):
        if getattr(value, "ndim", None) != 0 or not hasattr(value, "item"):
            raise TypeError(
                f"{name}(): argument '{argument}' (position {position}) must be Number, not {type(value).__name__}"
            )
        value = value.item()
        if not isinstance(value, (int, float)):
            raise TypeError(
                f"{name}(): argument '{argument}' (position {position}) must be a real Number, not {value!r}"
            )
    return value


def check_options(name, dtype=None, device=None, layout=None, memory_format=None):
    """TypeError unless these keyword arguments, where they are given, are what they are called."""
    if layout is not None and not isinstance(layout, Layout):
        raise _wrong_option(name, "layout", layout)
    if memory_format is not None and not isinstance(memory_format, MemoryFormat):
        raise _wrong_option(name, "memory_format", memory_format)
    if device is not None and (isinstance(device, bool) or not isinstance(device, (Device, str, int))):
        raise _wrong_option(name, "device", device)
    if dtype is not None:
        try:
            as_dtype(dtype)
        except (TypeError, ValueError, SyntaxError):  # what numpy.dtype raises
            raise _wrong_option(name, "dtype", dtype) from None


def _wrong_option(name, argument, value):
    return TypeError(f"{name}(): argument '{argument}' must be torch.{argument}, not {type(value).__name__}")


def check_strided(name, dtype=None, device=None, layout=None, memory_format=None):
    """`check_options` of a factory that makes no sparse tensors."""
    check_options(name, dtype, device, layout, memory_format)
    if layout is not None and layout is not strided:
        raise NotImplementedError(
            f"{name}(): not implemented for the layout {layout}; convert a strided tensor with "
            f"to_sparse(layout={layout})"
        )


def named_result(name, *fields):
    """The class of a named tuple of results, such as the (values, indices) of max."""
    return collections.namedtuple(name, fields)


def reduced_dims(name, input, dim, keepdim=False):
    """What a reduction's kernel gets as axis: a tuple of distinct dims, None for all of them."""
    check_tensor(input, name)
    if keepdim is not True and keepdim is not False:
        raise TypeError(f"{name}(): argument 'keepdim' must be bool, not {type(keepdim).__name__}")
    if dim is None:
        return None
    ndim = input.ndim
    if type(dim) is int and 0 <= dim < ndim:
        return (dim,)
    dims = normalize_dims(dim, ndim, name)
    return dims if dims and ndim else None


def one_dim(name, input, dim):
    """A single dim counted from the front."""
    check_tensor(input, name)
    if not hasattr(dim, "__index__") or isinstance(dim, bool):
        raise TypeError(f"{name}(): argument 'dim' must be int, not {type(dim).__name__}")
    return normalize_dim(dim, input.ndim)


def unsupported(name, dtype):
    """The error for a dtype that an op does not take."""
    return NotImplementedError(f"{name}(): \"{name}\" not implemented for '{dtype.title}'")


def overwrite(name, input, result):
    """input with result written over it: the in-place form of a function made of ops. Checks come before the change."""
    if not can_cast(result.dtype, input.dtype):
        raise RuntimeError(
            f"{name}: result type {result.dtype.title} can't be cast to the desired output type {input.dtype.title}"
        )
    return input.copy_(result)


def check_int(value, name, argument, position):
    """value as an int; TypeError for a bool and for what is no integer."""
    if isinstance(value, bool) or not hasattr(value, "__index__"):
        raise TypeError(
            f"{name}(): argument '{argument}' (position {position}) must be int, not {type(value).__name__}"
        )
    return operator.index(value)
