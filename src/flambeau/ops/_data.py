"""Reading data: numbers, nested sequences, arrays and tensors, as one array."""

import functools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from .. import _core
from ..dtype import as_dtype, bool_, from_numpy_dtype, get_default_dtype, iinfo, int64, promote_types, uint64

_array, TensorBase = _core.array_of, _core.TensorBase
_NUMBERS = {bool, int, float, complex}
_DEEPEST = 64  # dimensions of an array


def data_array(data, dtype, name="tensor"):
    """A new array of the elements of `data`: numbers, nested sequences, arrays, tensors, and mixtures.

    dtype None: the array's; for sequences and numbers the smallest that holds all elements, where Python floats count
    as the default dtype. Raises ValueError for ragged sequences, TypeError and RuntimeError for what is no number, and
    RuntimeError for numbers of a sequence that do not fit an integer dtype.
    """
    if dtype is None:
        plain = _core.from_numbers(data)
        if plain is not None:
            return plain
    target = None if dtype is None else as_dtype(dtype)
    if isinstance(data, TensorBase):
        array = _array(data.detach().cpu())
    elif isinstance(data, np.ndarray) or _is_foreign_array(data):
        array = data if isinstance(data, np.ndarray) else foreign_array(data, name)
        if _core.code_of(array.dtype) < 0 and (target is None or array.dtype.kind not in "biuf"):
            from_numpy_dtype(array.dtype)  # raises the error that lists the dtypes
    else:
        array, found = _read(data, name, target)
        target = _common_dtype(found) if target is None else target
        _check_range(array, target, found, name)
    to = array.dtype if target is None else target.numpy
    out = _core.empty_array(array.shape, to)
    with np.errstate(all="ignore"):
        out[...] = array.real if array.dtype.kind == "c" and to.kind != "c" else array
    return out


def _is_foreign_array(data):
    """Whether data is another library's array or a NumPy scalar, to be read as a whole."""
    return isinstance(data, np.generic) or (
        not isinstance(data, (int, float, complex, list, tuple))
        and hasattr(type(data), "__array_interface__")
    )


def foreign_array(data, name):
    """An object with an array protocol as an array, over the same memory where the object allows it."""
    interface = None if isinstance(data, np.generic) else getattr(data, "__array_interface__", None)
    if isinstance(interface, dict) and not isinstance(interface.get("data", (0, False)), tuple):
        # NumPy does not compare the sizes with the length of the buffer
        needed = math.prod(interface["shape"]) * np.dtype(interface["typestr"]).itemsize
        if needed + interface.get("offset", 0) > memoryview(interface["data"]).nbytes:
            kind = type(data).__name__
            raise ValueError(f"{name}(): the array interface of a {kind} says more elements than its buffer holds")
    array = np.asarray(data)
    if array.dtype.kind == "O":
        raise TypeError(f"{name}(): the array of a {type(data).__name__} holds no numbers")
    return array


def _read(data, name, target):
    """The array of a number or nested sequences, and the types of its leaves: Python's and dtypes. Ints beyond int64
    are exact for uint64 only."""
    found: set[Any] = set()
    if not _is_sequence(data):
        if isinstance(data, (str, bytes)):
            raise TypeError(f"{name}(): invalid data type '{type(data).__name__}'")
        plain = _leaf(data, found, name)
    else:
        plain = _unpack(data, found, name, 1)
    exact = target is uint64 and found <= {int, bool}
    try:
        array = np.array(plain, object if exact else None)
    except (ValueError, TypeError, OverflowError) as error:
        _check_rectangle(plain)
        raise ValueError(f"{name}(): could not read the data as an array of numbers: {error}") from None
    if exact:
        _check_rectangle(plain)
        return _uint64_array(array, name), found
    if array.dtype == object or (array.dtype == np.uint64 and found <= _NUMBERS):
        _check_rectangle(plain)
        if found & {float, complex} or found <= {int, bool}:
            return _big_ints(array), found
        raise TypeError(f"{name}(): the data holds elements that are no numbers")
    return array, found


def _is_sequence(data):
    return isinstance(data, Sequence) and not isinstance(data, (str, bytes))


def _unpack(data, found, name, depth):
    """data in lists of numbers and arrays; the types of the leaves are added to found."""
    if depth > _DEEPEST:
        raise ValueError(f"{name}(): too many dimensions: the sequences are nested deeper than {_DEEPEST}")
    if type(data) not in (list, tuple):
        length = len(data)
        if length > 1 << 40:
            raise RuntimeError(f"{name}(): not enough memory for a sequence of length {length}")
        data = [data[i] for i in range(length)]
    types = set(map(type, data))
    if types <= _NUMBERS:
        found |= types
        return data
    return [_unpack(v, found, name, depth + 1) if _is_sequence(v) else _leaf(v, found, name) for v in data]


def _leaf(value, found, name):
    """A number, or an array, of a sequence."""
    if isinstance(value, TensorBase):
        if value.numel() != 1:
            raise ValueError(
                f"only one element tensors can be converted to Python scalars: {name}() got a sequence with a tensor "
                f"of shape {list(value.shape)}; use stack() or cat()"
            )
        found.add(value.dtype)
        return _array(value.detach().cpu()).reshape(())
    if isinstance(value, (np.ndarray, np.generic)):
        found.add(from_numpy_dtype(value.dtype))
        return value
    for kind in (bool, int, float, complex):
        if isinstance(value, kind):
            found.add(kind)
            return value
    if isinstance(value, (str, bytes)):
        raise ValueError(f"{name}(): too many dimensions '{type(value).__name__}': text is no number")
    if hasattr(type(value), "__array__"):
        array = foreign_array(value, name)
        found.add(from_numpy_dtype(array.dtype))
        return array
    raise RuntimeError(
        f"Could not infer dtype of {type(value).__name__}: {name}() takes numbers, sequences and arrays"
    )


def _common_dtype(found):
    default = get_default_dtype()
    python = {bool: bool_, int: int64, float: default, complex: default.to_complex()}
    return functools.reduce(promote_types, [python.get(t, t) for t in found]) if found else default


def _uint64_array(array, name):
    """Python ints as uint64; OverflowError for those that do not fit."""
    if any(not 0 <= v < 2**64 for v in array.flat):
        raise OverflowError(f"{name}(): an int is not between 0 and 2**64 - 1 and does not fit into uint64")
    return array.astype(np.uint64)


def _big_ints(array):
    """Integers beyond int64, among or instead of floats, as floats; a complex mixture as complex."""
    try:
        with np.errstate(all="ignore"):
            return array.astype(
                np.complex128 if any(isinstance(v, complex) for v in array.flat) else np.float64
            )
    except OverflowError:
        raise OverflowError("an integer is too large to be converted to a float") from None


def _check_range(array, target, found, name):
    """Raises when numbers of a sequence do not fit the dtype."""
    kind = array.dtype.kind
    if kind == "c" and not target.is_complex:
        raise TypeError(f"{name}(): can't convert complex numbers to {target.name}")
    if target.category != "int" or kind == "b" or array.dtype == target.numpy:
        return
    info = iinfo(target)
    low = info.min
    if not target.is_signed and (kind != "f" or int in found):
        low = -info.max  # negative ints wrap around in unsigned types, negative floats do not fit
    if not np.all((array >= low) & (array < info.max + 1 if kind == "f" else array <= info.max)):
        if target is int64 and float not in found:
            raise ValueError(
                f"Overflow when unpacking long long: {name}() got a number that does not fit into int64"
            )
        raise RuntimeError(f"value cannot be converted to type {target.name} without overflow ({name}())")


def _check_rectangle(data):
    """Raises, in the words scripts know, when nested sequences differ in length."""
    dim, level = 0, [data]
    while all(isinstance(v, (list, tuple)) for v in level):
        first = len(level[0])
        other = next((len(v) for v in level if len(v) != first), first)
        if other != first:
            raise ValueError(f"expected sequence of length {first} at dim {dim} (got {other})")
        level = [w for v in level for w in v]
        dim += 1
        if not level:
            return
    shapes = {np.shape(v) for v in level if not isinstance(v, (list, tuple))}
    if len(shapes) > 1:
        raise ValueError(
            f"expected arrays of one shape at dim {dim}, got the shapes {sorted(map(list, shapes))}"
        )
    if any(isinstance(v, (list, tuple)) for v in level) and shapes == {()}:
        raise TypeError(f"expected sequences at dim {dim}: numbers and sequences are mixed")
