"""The operators of Arrays: the functions of the namespace. Operands that are neither Tensors nor Python numbers, such
as NumPy arrays, are taken as Tensors take them."""

from typing import Any

import flambeau as fb

from ..tensor import Tensor
from . import _elementwise, _shapes
from ._array import Array
from ._dtypes import SCALARS

_BINARY = {
    "add": "add", "sub": "subtract", "mul": "multiply", "truediv": "divide", "floordiv": "floor_divide",
    "mod": "remainder", "pow": "pow", "matmul": "matmul", "and": "bitwise_and", "or": "bitwise_or",
    "xor": "bitwise_xor", "lshift": "bitwise_left_shift", "rshift": "bitwise_right_shift",
}  # fmt: skip
_COMPARISONS = {
    "lt": "less", "le": "less_equal", "eq": "equal", "ne": "not_equal", "gt": "greater", "ge": "greater_equal",
}  # fmt: skip
_UNARY = {"abs": "abs", "invert": "bitwise_invert", "neg": "negative", "pos": "positive"}
_FUNCTIONS: dict[str, Any] = {**vars(_elementwise), "matmul": _shapes.matmul}


def _forward(name, function):
    tensors = getattr(Tensor, name)

    def method(self, other, /):
        return function(self, other) if isinstance(other, (Tensor, *SCALARS)) else tensors(self, other)

    return method


def _reflected(name, function):
    tensors = getattr(Tensor, name)

    def method(self, other, /):
        return function(other, self) if isinstance(other, (Tensor, *SCALARS)) else tensors(self, other)

    return method


def _inplace(name, function):
    """The method of an operator such as +=. RuntimeError, before any change, for another shape or a higher kind."""
    tensors = getattr(Tensor, name, None)

    def method(self, other, /):
        if not isinstance(other, (Tensor, *SCALARS)):
            return tensors(self, other) if tensors else NotImplemented
        value = function(self, other)
        if value.shape != self.shape:
            raise RuntimeError(
                f"{name}(): the result has shape {tuple(value.shape)}, x has {tuple(self.shape)}; write x = x ..."
            )
        if not fb.can_cast(value.dtype, self.dtype):
            raise RuntimeError(
                f"{name}(): the result is of {value.dtype}, which x of {self.dtype} cannot hold; write x = x ..."
            )
        return self.copy_(value)

    return method


def _install(name, method):
    method.__name__, method.__qualname__ = name, f"Array.{name}"
    setattr(Array, name, method)


for _name, _function in {**_BINARY, **_COMPARISONS}.items():
    _install(f"__{_name}__", _forward(f"__{_name}__", _FUNCTIONS[_function]))
for _name, _function in _BINARY.items():
    _install(f"__r{_name}__", _reflected(f"__r{_name}__", _FUNCTIONS[_function]))
    _install(f"__i{_name}__", _inplace(f"__i{_name}__", _FUNCTIONS[_function]))
for _name, _function in _UNARY.items():
    setattr(Array, f"__{_name}__", _FUNCTIONS[_function])
