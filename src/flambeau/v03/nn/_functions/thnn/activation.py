"""Activations with weights or random numbers: `PReLU.apply(input, weight)`, `RReLU.apply(input, lower, upper, ...)`."""

from ....autograd.composed import composed
from ... import functional as F

_FUNCTIONS = composed(
    __name__, PReLU=lambda input, weight: F.prelu(input, weight),
    RReLU=lambda input, lower=1 / 8, upper=1 / 3, train=False, inplace=False:
        F.rrelu(input, lower, upper, train, inplace),
    SELU=lambda input, inplace=False: F.selu(input, inplace), Softmin=lambda input, dim=None: F.softmin(input, dim),
)  # fmt: skip
globals().update(_FUNCTIONS)
__all__ = list(_FUNCTIONS)
