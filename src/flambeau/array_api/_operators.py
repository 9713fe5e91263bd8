"""The operators of Arrays: the functions of the namespace. Operands that are no Tensors or Python numbers, such as NumPy
arrays, are taken as Tensors take them."""

import functools

import flambeau as fb

from ..tensor import Tensor
from . import _elementwise as _e
from ._array import Array
from ._dtypes import SCALARS
from ._shapes import matmul

_ARITHMETIC = {
    "add": _e.add, "sub": _e.subtract, "mul": _e.multiply, "truediv": _e.divide, "floordiv": _e.floor_divide,
    "mod": _e.remainder, "pow": _e.pow, "matmul": matmul, "and": _e.bitwise_and, "or": _e.bitwise_or,
    "xor": _e.bitwise_xor, "lshift": _e.bitwise_left_shift, "rshift": _e.bitwise_right_shift,
}  # fmt: skip
_COMPARISONS = {
    "lt": _e.less, "le": _e.less_equal, "eq": _e.equal, "ne": _e.not_equal, "gt": _e.greater, "ge": _e.greater_equal,
}  # fmt: skip
_UNARY = {"abs": _e.abs, "invert": _e.bitwise_invert, "neg": _e.negative, "pos": _e.positive}


def _operator(name, function):
    """The method of a binary operator."""
    tensors = getattr(Tensor, name)

    @functools.wraps(tensors)
    def method(self, other):
        return function(self, other) if isinstance(other, (Tensor, *SCALARS)) else tensors(self, other)

    return method


def _inplace(name, function):
    """The method of an operator such as +=. RuntimeError, before any change, for another shape or a higher kind."""

    def method(self, other):
        value = function(self, other) if isinstance(other, (Tensor, *SCALARS)) else NotImplemented
        if value is NotImplemented:
            return value
        if value.shape != self.shape:
            raise RuntimeError(f"{name}(): the result has shape {tuple(value.shape)}, not {tuple(self.shape)} of x")
        if not fb.can_cast(value.dtype, self.dtype):
            raise RuntimeError(f"{name}(): the result is of {value.dtype}, which cannot be cast to {self.dtype} of x")
        return self.copy_(value)

    method.__name__ = method.__qualname__ = name
    return method


for _name, _function in _COMPARISONS.items():
    setattr(Array, f"__{_name}__", _operator(f"__{_name}__", _function))
for _name, _function in _ARITHMETIC.items():
    _swapped = functools.partial(lambda f, x, y: f(y, x), _function)
    setattr(Array, f"__{_name}__", _operator(f"__{_name}__", _function))
    setattr(Array, f"__r{_name}__", _operator(f"__r{_name}__", _swapped))
    setattr(Array, f"__i{_name}__", _inplace(f"__i{_name}__", _function))
for _name, _function in _UNARY.items():
    setattr(Array, f"__{_name}__", _function)
