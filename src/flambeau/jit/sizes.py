"""Sizes of traced tensors: ints that remember which size of which tensor they are.

While a tracer is on, `x.shape` and `x.size()` give these, and arithmetic with them goes on being remembered, so that
`x.view(x.size(0), -1)` works for inputs of other sizes than the traced ones.
"""

import math

from ..size import Size
from .graph import Dim


class SizeInt(int):
    """A size of a traced tensor, or what was computed of some: an int with the expression that gives it, `dim`."""

    dim: Dim

    def __new__(cls, number, dim):
        self = int.__new__(cls, number)
        self.dim = dim
        return self

    def __reduce__(self):
        return int, (int(self),)


def _operation(symbol, function, swapped):
    def operate(self, other):
        if isinstance(other, bool) or not isinstance(other, int):
            return NotImplemented
        a, b = (other, self) if swapped else (self, other)
        number = function(int(a), int(b))
        if number is NotImplemented:
            return number
        return SizeInt(number, Dim(symbol, (dim_of(a), dim_of(b)), number))

    return operate


for _symbol, _name in (("+", "add"), ("-", "sub"), ("*", "mul"), ("//", "floordiv"), ("%", "mod")):
    _function = getattr(int, f"__{_name}__")
    setattr(SizeInt, f"__{_name}__", _operation(_symbol, _function, False))
    setattr(SizeInt, f"__r{_name}__", _operation(_symbol, _function, True))


def dim_of(number):
    """What a graph holds for an int: the expression of a SizeInt, others as they are."""
    return number.dim if isinstance(number, SizeInt) else int(number)


class TracedSize(Size):
    """The shape of a traced tensor: a Size of SizeInts."""

    __slots__ = ()

    def __new__(cls, sizes=()):
        return tuple.__new__(cls, sizes)

    def numel(self):
        """The number of elements."""
        return math.prod(self)

    def __add__(self, other):
        return TracedSize((*self, *other)) if isinstance(other, tuple) else NotImplemented

    def __radd__(self, other):
        return TracedSize((*other, *self)) if isinstance(other, tuple) else NotImplemented

    def __mul__(self, n):
        return TracedSize(tuple(self) * n)

    __rmul__ = __mul__

    def __getitem__(self, key):
        item = tuple.__getitem__(self, key)
        return TracedSize(item) if isinstance(key, slice) else item

    def __reduce__(self):
        return Size, (tuple(map(int, self)),)
