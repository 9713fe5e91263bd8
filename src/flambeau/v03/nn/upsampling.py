"""Upsampling in 0.3: by whole numbers, and the corners aligned."""

import warnings

from ...nn import functional as todays
from ...nn.module import Module

_DIMS = {"linear": 3, "bilinear": 4, "trilinear": 5}


def _check_scale(mode, scale_factor, n):
    if not isinstance(scale_factor, (int, tuple)):
        raise ValueError("scale_factor must be of integer type or a tuple of integer types")
    if mode == "nearest" and not isinstance(scale_factor, int):
        raise ValueError("scale_factor must be a single Integer value for nearest neighbor sampling")
    factors = scale_factor if isinstance(scale_factor, tuple) else (scale_factor,) * n
    if len(factors) != n or not all(isinstance(f, int) and f >= 1 for f in factors):
        raise ValueError(
            "scale_factor must be a non-negative integer, or a tuple of non-negative integers for bilinear and "
            f"trilinear upsampling, but got: {scale_factor}"
        )
    return factors


def upsample(input, size=None, scale_factor=None, mode="nearest"):
    """upsample(input, size=None, scale_factor=None, mode='nearest'): (N, C, L), (N, C, H, W) or (N, C, D, H, W)

    larger, to the size or by the scale_factor, an int or a tuple of ints. mode: 'nearest' (one int, or a size that is a
    multiple of the input's), 'linear' (3-D input), 'bilinear' (4-D) or 'trilinear' (5-D), all with the centres of the
    corner elements on each other (today's align_corners=True).
    """
    dims = input.dim()
    if dims not in (3, 4, 5) or mode not in ("nearest", *_DIMS):
        raise NotImplementedError(
            f"Input Error: Only 3D, 4D and 5D input Tensors supported (got {dims}D) for the modes: nearest | linear | "
            f"bilinear | trilinear (got {mode})"
        )
    if _DIMS.get(mode, dims) != dims:
        raise NotImplementedError(f"Got {dims}D input, but {mode} mode needs {_DIMS[mode]}D input")
    if size is None and scale_factor is None:
        raise ValueError("either size or scale_factor should be defined")
    old = input.size()[2:]
    if scale_factor is not None:
        size = [n * f for n, f in zip(old, _check_scale(mode, scale_factor, dims - 2), strict=True)]
    else:
        size = (size,) * (dims - 2) if isinstance(size, int) else tuple(size)
    if mode != "nearest":
        return todays.interpolate(input, size, mode=mode, align_corners=True)
    if any(new % n for new, n in zip(size, old, strict=True)):
        raise RuntimeError(
            f"output size specified in UpsamplingNearest ({'x'.join(map(str, size))}) has to be divisible by the input "
            f"size, but got: {'x'.join(map(str, old))}"
        )
    return todays.interpolate(input, size, mode="nearest-exact")  # of an element's copies, no centre lies on an edge


def upsample_nearest(input, size=None, scale_factor=None):
    """upsample_nearest(input, size=None, scale_factor=None): upsample with mode 'nearest'"""
    warnings.warn(
        "nn.functional.upsample_nearest is deprecated. Use nn.functional.upsample instead.", stacklevel=2
    )
    return upsample(input, size, scale_factor, mode="nearest")


def upsample_bilinear(input, size=None, scale_factor=None):
    """upsample_bilinear(input, size=None, scale_factor=None): upsample with mode 'bilinear'"""
    warnings.warn(
        "nn.functional.upsample_bilinear is deprecated. Use nn.functional.upsample instead.", stacklevel=2
    )
    return upsample(input, size, scale_factor, mode="bilinear")


class Upsample(Module):
    """Upsample(size=None, scale_factor=None, mode='nearest'): see functional.upsample"""

    def __init__(self, size=None, scale_factor=None, mode="nearest"):
        super().__init__()
        self.size = size
        self.scale_factor = scale_factor
        self.mode = mode

    def forward(self, input):
        return upsample(input, self.size, self.scale_factor, self.mode)

    def extra_repr(self):
        what = f"size={self.size}" if self.scale_factor is None else f"scale_factor={self.scale_factor}"
        return f"{what}, mode={self.mode}"


class UpsamplingNearest2d(Upsample):
    """UpsamplingNearest2d(size=None, scale_factor=None): the older name of Upsample(mode='nearest')"""

    def __init__(self, size=None, scale_factor=None):
        super().__init__(size, scale_factor, mode="nearest")

    def forward(self, input):
        warnings.warn("nn.UpsamplingNearest2d is deprecated. Use nn.Upsample instead.", stacklevel=3)
        return super().forward(input)


class UpsamplingBilinear2d(Upsample):
    """UpsamplingBilinear2d(size=None, scale_factor=None): the older name of Upsample(mode='bilinear')"""

    def __init__(self, size=None, scale_factor=None):
        super().__init__(size, scale_factor, mode="bilinear")

    def forward(self, input):
        warnings.warn("nn.UpsamplingBilinear2d is deprecated. Use nn.Upsample instead.", stacklevel=3)
        return super().forward(input)


LAYERS = {layer.__name__: layer for layer in (Upsample, UpsamplingNearest2d, UpsamplingBilinear2d)}
