"""Enlarging images: `UpsamplingNearest2d.apply(input, scale_factor)`, `UpsamplingBilinear2d.apply(input, size,
scale_factor)`."""

from ....autograd.composed import composed
from ... import functional as F


def _nearest(input, scale_factor):
    """apply(input, scale_factor) -> each element repeated"""
    return F.upsample(input, scale_factor=scale_factor, mode="nearest")


def _linear(mode):
    def compute(input, size=None, scale_factor=None):
        return F.upsample(input, size, scale_factor, mode=mode)

    compute.__doc__ = f"apply(input, size=None, scale_factor=None) -> {mode}, with the corners aligned"
    return compute


_FUNCTIONS = composed(
    __name__, **{f"UpsamplingNearest{n}d": _nearest for n in (1, 2, 3)}, UpsamplingLinear1d=_linear("linear"),
    UpsamplingBilinear2d=_linear("bilinear"), UpsamplingTrilinear3d=_linear("trilinear"),
)  # fmt: skip
globals().update(_FUNCTIONS)
__all__ = list(_FUNCTIONS)
