"""Broadcasting as 0.3 did it: with a fallback to the older pointwise rule, and warnings for code from before."""

import math

from ..errors import warn_user
from .backcompat import broadcast_warning
from .faces import _array, reshaped

_FALLBACK = (
    "{} not broadcastable, but have the same number of elements.  Falling back to deprecated pointwise behavior."
)
_CHANGED = (
    "{} do not have the same shape, but are broadcastable, and have the same number of elements.  Changing behavior in "
    "a backwards incompatible manner to broadcasting rather than viewing as 1-dimensional."
)


def together(self, others, inplace, names=("other",)):
    """The other tensors that an operation on self works with: when they do not broadcast but all have as many elements
    as self, in the size of self, with a warning. `names` are theirs in that. RuntimeError when they do not fit, or an
    in-place operation would have to change the size of self."""
    shape = _array(self).shape
    if all(_array(other).shape == shape for other in others):
        return others
    sizes = [_size(self), *map(_size, others)]
    same_count = sizes[0] and len({math.prod(s) for s in sizes}) == 1
    refusal = _refusal(sizes, inplace)
    if refusal is not None:
        if not same_count:
            raise refusal
        warn_user(_FALLBACK.format(_listed(names)))
        others = [reshaped(other, sizes[0]) for other in others]
    elif same_count and broadcast_warning.enabled and len(set(sizes)) > 1:
        warn_user(_CHANGED.format(_listed(names)))
    if inplace and not shape:  # a Variable that shows its one element as (1,)
        return [reshaped(other, ()) for other in others]
    return others


def _size(tensor):
    """The size as 0.3 sees it: of one element for a Variable without dimensions, none for an empty tensor."""
    array = _array(tensor)
    return array.shape or (1,) if array.size else ()


def _listed(names):
    return f"self, {', '.join(names[:-1])}, and {names[-1]}" if len(names) > 1 else f"self and {names[0]}"


def _refusal(sizes, inplace):
    """The error that says why tensors do not broadcast, or None."""
    if () in sizes:
        have = ", ".join(str(list(s)) for s in sizes)
        return RuntimeError(f"an empty tensor does not broadcast: the sizes are {have}")
    size = sizes[0]
    for other in sizes[1:]:
        if inplace:
            refusal = _not_expandable(size, other)
        else:
            size, refusal = _broadcast(size, other)
        if refusal is not None:
            return refusal
    return None


def _broadcast(a, b):
    """The size that two sizes broadcast to and None, or None and the error that says why they do not."""
    n = max(len(a), len(b))
    p, q = (1,) * (n - len(a)) + a, (1,) * (n - len(b)) + b
    for i in reversed(range(n)):
        if p[i] != q[i] and 1 not in (p[i], q[i]):
            return None, RuntimeError(
                f"The size of tensor a ({p[i]}) must match the size of tensor b ({q[i]}) at non-singleton dimension {i}"
            )
    return tuple(max(pair) for pair in zip(p, q, strict=True)), None


def _not_expandable(have, other):
    """The error of an in-place operation whose other tensor does not expand to the size of its own, or None."""
    n = max(len(have), len(other))
    have, want = (1,) * (n - len(have)) + have, (1,) * (n - len(other)) + other
    dim = max((i for i in range(n) if want[i] not in (1, have[i])), default=None)
    if dim is None:
        return None
    return RuntimeError(
        f"The expanded size of the tensor ({have[dim]}) must match the existing size ({want[dim]}) at non-singleton "
        f"dimension {dim}."
    )
