"""Linear maps: `Linear.apply(input, weight, bias=None)`, `Bilinear.apply(input1, input2, weight, bias)`."""

from ...autograd.composed import composed
from .. import functional as F

_FUNCTIONS = composed(
    __name__, Linear=lambda input, weight, bias=None: F.linear(input, weight, bias),
    Bilinear=lambda input1, input2, weight, bias=None: F.bilinear(input1, input2, weight, bias),
)  # fmt: skip
globals().update(_FUNCTIONS)
__all__ = list(_FUNCTIONS)
