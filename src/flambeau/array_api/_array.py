"""The array object of the array API standard, and which class the functions of the namespace give their results.

`Tensor` has PyTorch's interface. Where the standard asks for something else, `Array`, a Tensor, has it:

- `x.size` is the number of elements;
- slices may have negative steps, arrays of unsigned ints are indices (uint8 ones no masks), masks may have size 0
  where x has not;
- operators promote 0-dim arrays as others, and are those of the namespace in all special cases;
- `x.T` is for matrices only, a bool is no index.

Factories of the namespace make Arrays. Of a function's arguments plain Tensors decide: with one among them the results
are Tensors, so that code that was given Tensors returns Tensors; else they are Arrays.
"""

import functools
import inspect
import math
import operator
from typing import Any

import numpy as np

import flambeau as fb

from ..tensor import Tensor

_FULL = slice(None)
_alias = Tensor.view_as


class Count(int):
    """A number of elements that, called, is PyTorch's `x.size()` and `x.size(dim)`."""

    _shape: Any

    def __new__(cls, shape):
        count = super().__new__(cls, shape.numel())
        count._shape = shape
        return count

    def __call__(self, dim=None):
        return self._shape if dim is None else self._shape[dim]


class Array(Tensor):
    """A Tensor that keeps the array API standard where Tensor keeps PyTorch's interface instead.

    Made by the factories of `flambeau.array_api`. Operators are added by `_operators.py`.
    """

    _face_rank = -1  # beside a plain Tensor the result is one
    __hash__ = Tensor.__hash__

    @property
    def size(self):
        """The number of elements, an int; called (`x.size()`, `x.size(dim)`), the shape as of Tensors."""
        return Count(self.shape)

    def __index__(self):
        if self.dtype is fb.bool:
            raise TypeError("only integer arrays can be converted to an index, got a bool one")
        return super().__index__()

    @property
    def T(self):
        """The transpose of a matrix; ValueError unless there are two dimensions."""
        if self.ndim != 2:
            raise ValueError(f"T: expected 2 dimensions, got {self.ndim}; use mT or permute_dims")
        return self.mT

    def __complex__(self):
        """The element as a complex number; a real NaN has NaN for its imaginary part too."""
        value = super().__complex__()
        if math.isnan(value.real) and not self.is_complex():
            return complex(value.real, value.real)
        return value

    def __getitem__(self, key, /):
        """x[key] -> Array: a view for ints, None, Ellipsis and slices with positive steps; otherwise a copy."""
        part, reversed_axes, key = _read_key(self, key)
        if not reversed_axes:
            return super().__getitem__(key)
        return Tensor.__getitem__(fb.flip(super().__getitem__(part), reversed_axes), key)

    def __setitem__(self, key, value, /):
        """x[key] = value: a number or an array that broadcasts to x[key], converted to the dtype of x."""
        part, reversed_axes, key = _read_key(self, key)
        if not reversed_axes:
            super().__setitem__(key, value)
            return
        part = super().__getitem__(part)
        changed = fb.flip(part, reversed_axes)
        Tensor.__setitem__(changed, key, value)
        part.copy_(fb.flip(changed, reversed_axes))


# ---- keys


def _read_key(x, key):
    """(part, axes, rest) such that x[key] is x[part], flipped along axes, at rest; rest has no negative steps, and its
    index arrays are such as Tensors take."""
    items = key if isinstance(key, tuple) else (key,)
    for item in items:
        if isinstance(item, Tensor) or (isinstance(item, slice) and _is_negative(item.step)):
            break
    else:
        return None, (), key
    axis, left = 0, x.ndim - sum(map(_width, items))
    if left < 0:
        raise IndexError(f"too many indices for an array of {x.ndim} dimensions, got {x.ndim - left}")
    part, axes, rest = [_FULL] * x.ndim, [], []
    for item in items:
        if isinstance(item, slice) and _is_negative(item.step):
            places = range(*item.indices(x.shape[axis]))[::-1]
            part[axis] = slice(places.start, places.stop, places.step) if places else slice(0, 0)
            axes.append(axis)
            item = _FULL
        elif isinstance(item, Tensor):
            item = _as_index(item, x.shape[axis : axis + item.ndim])
        rest.append(item)
        axis += left if item is Ellipsis else _width(item)
    return tuple(part), tuple(axes), tuple(rest) if isinstance(key, tuple) else rest[0]


def _is_negative(step):
    return step is not None and operator.index(step) < 0


def _width(item):
    """How many dimensions of x an item of a key stands for."""
    if item is None or item is Ellipsis or isinstance(item, bool):
        return 0
    is_mask = isinstance(item, (Tensor, np.ndarray)) and item.dtype in (fb.bool, np.dtype(bool))
    return item.ndim if is_mask else 1


def _as_index(item, sizes):
    """An index array or mask as Tensors take it. A mask selects nothing if a size of it is 0."""
    if item.dtype is not fb.bool:
        return as_int64(item) if item.dtype.category == "int" else item
    if 0 in item.shape and all(n in (0, size) for n, size in zip(item.shape, sizes, strict=True)):
        return fb.zeros(sizes, dtype=fb.bool, device=item.device)
    return item


def as_int64(index):
    """Indices or counts of an int dtype as int64; those past its range become its largest value, past all sizes."""
    if index.dtype is fb.uint64:
        index = fb.clamp(index, max=2**63 - 1)
    return index.to(fb.int64)


# ---- the class of results


def faced(names, module):
    """Makes the functions of a module (its globals) with these names give results of the class that the arguments ask
    for: Tensors if there is a plain Tensor among them, else Arrays."""
    for name in names:
        function = module[name]
        if (
            inspect.isfunction(function) and function.__module__ == module["__name__"]
        ):  # imported ones do so already
            module[name] = _faced(function)


def _faced(function):
    @functools.wraps(function)
    def wrapper(*args, **kwargs):
        result = function(*args, **kwargs)
        return _converted(
            result, _as_tensor if _has_tensor(args) or _has_tensor(kwargs.values()) else _as_array
        )

    return wrapper


def _has_tensor(values):
    """Whether there is a Tensor that is no Array among the values, or in a list of Tensors among them."""
    for v in values:
        if isinstance(v, Tensor):
            if not isinstance(v, Array):
                return True
        elif isinstance(v, (list, tuple)) and v and isinstance(v[0], Tensor) and _has_tensor(v):
            return True
    return False


def _converted(value, convert):
    """value with its Tensors converted, in lists and (named) tuples too."""
    if isinstance(value, Tensor):
        return convert(value)
    if isinstance(value, (list, tuple)):
        items = [_converted(v, convert) for v in value]
        return type(value)(*items) if hasattr(value, "_fields") else type(value)(items)
    return value


def _as_array(t):
    """t, a result that nobody else has yet, as an Array; other subclasses of Tensor stay what they are."""
    if type(t) is Tensor:
        t.__class__ = Array
    return t


def _as_tensor(t):
    """t as a Tensor; an Array, which may be an argument, stays one and is seen through a Tensor."""
    if isinstance(t, Array):
        t = _alias(t, t)
        t.__class__ = Tensor
    return t
