"""`Zero.apply(x, inplace=False)`: zeros of the size of x."""

from ..composed import composed


def _zero(x, inplace=False):
    """apply(x, inplace=False) -> zeros of the size of x, x itself when inplace"""
    return x.zero_() if inplace else x * 0


_FUNCTIONS = composed(__name__, Zero=_zero)
globals().update(_FUNCTIONS)
__all__ = list(_FUNCTIONS)
