"""`Size`: the shape of a tensor."""

import math
import operator

from . import _core


class Size(tuple):
    """A tuple of ints, as `Tensor.shape` gives it."""

    __slots__ = ()

    def __new__(cls, sizes=()):
        return tuple.__new__(cls, [operator.index(n) for n in sizes])

    def __repr__(self):
        return f"torch.Size({list(self)})"

    __str__ = __repr__

    def numel(self):
        """The number of elements of a tensor of this size."""
        return math.prod(self)

    def __add__(self, other):
        if not isinstance(other, tuple):
            return NotImplemented
        return Size(tuple(self) + tuple(other))

    def __radd__(self, other):
        if not isinstance(other, tuple):
            return NotImplemented
        return Size(tuple(other) + tuple(self))

    def __mul__(self, n):
        return Size(tuple(self) * n)

    __rmul__ = __mul__

    def __getitem__(self, key):
        item = tuple.__getitem__(self, key)
        return Size(item) if isinstance(key, slice) else item

    def __reduce__(self):
        return Size, (tuple(self),)


_core.set_size_type(Size)
