"""Padding as a Function of 0.3: `ConstantPadNd.apply(input, pad, value)`."""

from .. import functional as F


class ConstantPadNd:
    """Padding by a constant; negative widths cut."""

    @staticmethod
    def apply(input, pad, value=0):
        """apply(input, pad, value=0) -> Variable"""
        return F.pad(input, pad, "constant", value)
