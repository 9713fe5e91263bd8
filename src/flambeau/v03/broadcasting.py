"""Broadcasting as 0.3 did it: with a fallback to the older pointwise rule, and warnings for code from before."""

import math
import warnings

import numpy as np

from .. import _core
from .backcompat import broadcast_warning
from .faces import Variable

_array = _core.array_of

_FALLBACK = (
    "{} and {} not broadcastable, but have the same number of elements.  Falling back to deprecated pointwise behavior."
)
_CHANGED = (
    "{} and {} do not have the same shape, but are broadcastable, and have the same number of elements.  Changing "
    "behavior in a backwards incompatible manner to broadcasting rather than viewing as 1-dimensional."
)


def size(tensor):
    """The size as 0.3 sees it: of one element for a Variable without dimensions."""
    return _array(tensor).shape or (1,)


def _broadcast_size(a, b):
    """The size of the result of two sizes; the dimension that does not fit (from the front) instead, as an int."""
    n = max(len(a), len(b))
    a, b = (1,) * (n - len(a)) + a, (1,) * (n - len(b)) + b
    for i in reversed(range(n)):
        if a[i] != b[i] and 1 not in (a[i], b[i]):
            return i
    return tuple(q if p == 1 else p for p, q in zip(a, b, strict=True))


def _mismatch(a, b, dim):
    n = max(len(a), len(b))
    a, b = (1,) * (n - len(a)) + a, (1,) * (n - len(b)) + b
    return RuntimeError(
        f"The size of tensor a ({a[dim]}) must match the size of tensor b ({b[dim]}) at non-singleton dimension {dim}"
    )


def together(self, others, inplace, names=("self", "other")):
    """The tensors that an operation on self and others works with, those of the same count of elements viewed as
    needed. An in-place operation keeps the size of self. RuntimeError when they do not fit."""
    fitted = []
    for other, name in zip(others, (*names[1:], *names[1:]), strict=False):
        a, b = size(self), size(other)
        if a == b and _array(other).shape == _array(self).shape:
            fitted.append(other)
            continue
        result = _broadcast_size(a, b)
        same_count = math.prod(a) == math.prod(b)
        if 0 in a or 0 in b or isinstance(result, int):
            if same_count and 0 not in a:
                warnings.warn(_FALLBACK.format(names[0], name), UserWarning, stacklevel=4)
                other = _viewed(other, a)
            elif 0 in a or 0 in b:
                raise RuntimeError(
                    f"The size of tensor a ({a[-1] if a else 0}) must match the size of tensor b "
                    f"({b[-1] if b else 0}): an empty tensor does not broadcast"
                )
            else:
                raise _mismatch(a, b, result)
        elif inplace and result != a:
            dim = next(i for i in range(-1, -len(result) - 1, -1) if -i > len(a) or a[i] != result[i])
            have = a[dim] if -dim <= len(a) else 1
            raise RuntimeError(
                f"The expanded size of the tensor ({have}) must match the existing size ({result[dim]}) at "
                f"non-singleton dimension {len(result) + dim}."
            )
        elif broadcast_warning.enabled and same_count and a != b:
            warnings.warn(_CHANGED.format(names[0], name), UserWarning, stacklevel=4)
        if not _array(self).ndim and _array(other).ndim:
            other = _viewed(other, ()) if inplace or math.prod(b) == 1 and len(b) == 1 else other
        fitted.append(other)
    return fitted


def _viewed(tensor, shape):
    """tensor with its elements in another shape, its history going on."""
    if isinstance(tensor, Variable):
        from .faces import _reshape

        return _reshape(tensor, shape)
    return _core.make(np.reshape(_array(tensor), shape or (1,)), type(tensor)._face)
