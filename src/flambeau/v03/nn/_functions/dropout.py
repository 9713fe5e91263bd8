"""Dropout as Functions of 0.3: `Dropout.apply(input, p, train, inplace)`."""

from ...autograd.function import InplaceFunction
from .. import functional as F

__all__ = ["Dropout", "FeatureDropout", "InplaceFunction"]


class Dropout:
    """Zero with probability p, the others times 1 / (1 - p)."""

    @staticmethod
    def apply(input, p=0.5, train=False, inplace=False):
        """apply(input, p=0.5, train=False, inplace=False) -> Variable"""
        return F.dropout(input, p, train, inplace)


class FeatureDropout:
    """Whole channels."""

    @staticmethod
    def apply(input, p=0.5, train=False, inplace=False):
        """apply(input, p=0.5, train=False, inplace=False) -> Variable"""
        return F.dropout2d(input, p, train, inplace)
