"""Shapes of 0.3, which had no dimensions of size zero."""

from ..ops import METHODS
from .faces import Variable, _array, _size


def viewed(x, size):
    """x.view(*size)"""
    _check_sizes("view", size)
    return METHODS["view"](x, tuple(size))


def expanded(x, sizes):
    """x.expand(*sizes)"""
    _check_sizes("expand", sizes)
    return METHODS["expand"](x, tuple(sizes))


def narrowed(x, dimension, start, length):
    """x.narrow(dimension, start, length)"""
    if length <= 0 or start < 0:
        raise RuntimeError(f"invalid argument {3 if start < 0 else 4}: out of range")
    return METHODS["narrow"](x, dimension, start, length)


def selected(x, dim, index):
    """x.select(dim, index); of a plain tensor of one dimension it is a Python number."""
    return _number_of(x, METHODS["select"](x, dim, index))


def unbound(x, dim):
    """x.unbind(dim); of a plain tensor of one dimension these are Python numbers."""
    return tuple([_number_of(x, part) for part in METHODS["unbind"](x, dim)])


def _number_of(x, part):
    return part if isinstance(x, Variable) or _array(part).ndim else _array(part).item()


def _transposing(name):
    todays = METHODS[name]

    def transposed(x):
        dims = len(_size(x))
        if dims != 2:
            raise RuntimeError(f"t() expects a 2D tensor, but self is {dims}D")
        return todays(x)

    return transposed


def _check_sizes(name, sizes):
    if 0 in sizes:
        raise RuntimeError(f"{name}: the size {list(sizes)} has a zero; tensors of that size do not exist")


def _unsqueezing(name):
    todays = METHODS[name]

    def unsqueezed(x, dim):
        if not _array(x).size:
            raise RuntimeError("cannot unsqueeze empty tensor")
        if not _array(x).ndim:  # a Variable that shows its one element as (1,), in place
            todays(x, 0)
        return todays(x, dim)

    return unsqueezed


TARGETS = {"viewed": viewed, "expanded": expanded, "narrowed": narrowed, "selected": selected,
           "unbound": unbound, "transposed": _transposing("t"), "transposed_": _transposing("t_"),
           "unsqueezed": _unsqueezing("unsqueeze"), "unsqueezed_": _unsqueezing("unsqueeze_")}  # fmt: skip
