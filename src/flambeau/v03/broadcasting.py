"""Broadcasting as 0.3 did it: with a fallback to the older pointwise rule, and warnings for code from before."""

import math

from .backcompat import broadcast_warning, warn
from .faces import _array, reshaped

_FALLBACK = (
    "{} and {} not broadcastable, but have the same number of elements.  Falling back to deprecated pointwise behavior."
)
_CHANGED = (
    "{} and {} do not have the same shape, but are broadcastable, and have the same number of elements.  Changing "
    "behavior in a backwards incompatible manner to broadcasting rather than viewing as 1-dimensional."
)


def together(self, others, inplace, names=("self", "other")):
    """The tensors that an operation on self and others works with: those that do not broadcast with self but have as
    many elements in the size of self. RuntimeError when they do not fit, or an in-place operation would have to change
    the size of self."""
    shape = _array(self).shape
    return [other if _array(other).shape == shape else _fitted(self, other, inplace, names) for other in others]


def _fitted(self, other, inplace, names):
    a, b = _size(self), _size(other)
    if a != b:
        size, mismatch = _broadcast_size(a, b)
        same_count = math.prod(a) == math.prod(b)
        if mismatch is not None:
            if not same_count or 0 in a:
                raise mismatch
            warn(_FALLBACK.format(*names))
            other = reshaped(other, a)
        elif inplace and size != a:
            if not same_count:
                raise _not_expandable(a, size)
            warn(_FALLBACK.format(*names))
            other = reshaped(other, a)
        elif same_count and broadcast_warning.enabled:
            warn(_CHANGED.format(*names))
    if inplace and not _array(self).ndim and _array(other).ndim:  # a Variable that shows its one element as (1,)
        return reshaped(other, ())
    return other


def _size(tensor):
    """The size as 0.3 sees it: of one element for a Variable without dimensions."""
    return _array(tensor).shape or (1,)


def _broadcast_size(a, b):
    """The size that two sizes broadcast to and None, or None and the error that says why they do not."""
    n = max(len(a), len(b))
    p, q = (1,) * (n - len(a)) + a, (1,) * (n - len(b)) + b
    for i in reversed(range(n)):
        if 0 in (p[i], q[i]):
            return None, RuntimeError(
                f"The size of tensor a ({p[i]}) must match the size of tensor b ({q[i]}): an empty tensor does not "
                "broadcast"
            )
        if p[i] != q[i] and 1 not in (p[i], q[i]):
            return None, RuntimeError(
                f"The size of tensor a ({p[i]}) must match the size of tensor b ({q[i]}) at non-singleton dimension {i}"
            )
    return tuple(max(pair) for pair in zip(p, q, strict=True)), None


def _not_expandable(have, want):
    """The error of an in-place operation whose result would be larger than its tensor."""
    n = len(want)
    have = (1,) * (n - len(have)) + have
    dim = max(i for i in range(n) if have[i] != want[i])
    return RuntimeError(
        f"The expanded size of the tensor ({have[dim]}) must match the existing size ({want[dim]}) at non-singleton "
        f"dimension {dim}."
    )
