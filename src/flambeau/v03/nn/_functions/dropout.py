"""Dropout as Functions of 0.3: `Dropout.apply(input, p, train, inplace)`."""

from ...autograd.composed import made
from ...autograd.function import InplaceFunction
from .. import functional as F

__all__ = ["Dropout", "FeatureDropout", "InplaceFunction"]


def _dropout(input, p=0.5, train=False, inplace=False):
    """apply(input, p=0.5, train=False, inplace=False) -> zero with probability p, the others times 1 / (1 - p)"""
    return F.dropout(input, p, train, inplace)


def _feature_dropout(input, p=0.5, train=False, inplace=False):
    """apply(input, p=0.5, train=False, inplace=False) -> whole channels zero with probability p"""
    return F.dropout2d(input, p, train, inplace)


Dropout = made(__name__, "Dropout", _dropout)
FeatureDropout = made(__name__, "FeatureDropout", _feature_dropout)
