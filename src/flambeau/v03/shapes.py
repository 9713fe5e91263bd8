"""Shapes of 0.3, which had no dimensions of size zero."""

from ..ops import METHODS
from .faces import _array


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
    if length <= 0:
        raise RuntimeError(f"narrow: the length must be positive, got {length}")
    return METHODS["narrow"](x, dimension, start, length)


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


TARGETS = {"viewed": viewed, "expanded": expanded, "narrowed": narrowed, "unsqueezed": _unsqueezing("unsqueeze"),
           "unsqueezed_": _unsqueezing("unsqueeze_")}  # fmt: skip
