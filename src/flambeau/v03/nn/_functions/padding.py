"""Padding as a Function of 0.3: `ConstantPadNd.apply(input, pad, value)`."""

from ...autograd.composed import made
from .. import functional as F

__all__ = ["ConstantPadNd"]


def _constant_pad(input, pad, value=0):
    """apply(input, pad, value=0) -> input with a border of value; negative widths cut"""
    return F.pad(input, pad, "constant", value)


ConstantPadNd = made(__name__, "ConstantPadNd", _constant_pad)
