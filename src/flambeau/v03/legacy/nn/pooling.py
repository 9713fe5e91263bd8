"""Pooling, unpooling, padding and upsampling of images (N, C, H, W), volumes (N, C, T, H, W) and sequences (N, T, C),
or one example of them."""

import math
from typing import Any

import flambeau as fb

from ....nn import functional as F
from .convolution import _shown_sizes
from .op import OpModule
from .tensors import over, todays


class _Pooling(OpModule):
    """The base of pooling modules: `_axes` are the letters of the spatial dimensions, in the order of the arguments."""

    _axes = "WH"
    ceil_mode = False

    def _sizes(self, letter):
        """kernel, step or padding ("k", "d" or "pad") in the order of the dimensions."""
        return tuple([getattr(self, letter + a) for a in ("T" if "T" in self._axes else "") + "HW"])

    def ceil(self):
        """ceil() -> self: windows that reach over the edge count."""
        self.ceil_mode = True
        return self

    def floor(self):
        """floor() -> self: only windows that fit count."""
        self.ceil_mode = False
        return self

    def _shown(self):
        return f"({_shown_sizes(self, self._axes)})"


class _MaxPooling(_Pooling):
    """Max pooling; `indices` has the place of each maximum in its plane."""

    _cleared = ("indices",)
    _pool: Any = ()  # the function, not as a method

    def compute(self, x):
        out, indices = self._pool[0](x, self._sizes("k"), self._sizes("d"), self._sizes("pad"),
                                     ceil_mode=self.ceil_mode, return_indices=True)  # fmt: skip
        self.indices = over(indices)
        self._spatial = tuple(x.shape[-len(self._axes) :])
        return out


class SpatialMaxPooling(_MaxPooling):
    """SpatialMaxPooling(kW, kH, dW=None, dH=None, padW=0, padH=0): the maximum of each window of images, in steps dW,
    dH (by default kW, kH)"""

    _pool = (F.max_pool2d,)

    def __init__(self, kW, kH, dW=None, dH=None, padW=0, padH=0):
        super().__init__()
        self.kW, self.kH, self.padW, self.padH = kW, kH, padW, padH
        self.dW, self.dH = kW if dW is None else dW, kH if dH is None else dH
        self.indices = None


class VolumetricMaxPooling(_MaxPooling):
    """VolumetricMaxPooling(kT, kW, kH, dT=None, dW=None, dH=None, padT=0, padW=0, padH=0): the maximum of each window
    of volumes"""

    _axes = "TWH"
    _pool = (F.max_pool3d,)

    def __init__(self, kT, kW, kH, dT=None, dW=None, dH=None, padT=0, padW=0, padH=0):
        super().__init__()
        self.kT, self.kW, self.kH, self.padT, self.padW, self.padH = kT, kW, kH, padT, padW, padH
        self.dT, self.dW, self.dH = kT if dT is None else dT, kW if dW is None else dW, kH if dH is None else dH
        self.indices = None


class SpatialAdaptiveMaxPooling(OpModule):
    """SpatialAdaptiveMaxPooling(w, h): the maximum of each of h x w windows"""

    _cleared = ("indices",)

    def __init__(self, w, h):
        super().__init__()
        self.w, self.h = w, h
        self.indices = None

    def compute(self, x):
        out, indices = F.adaptive_max_pool2d(x, (self.h, self.w), return_indices=True)
        self.indices = over(indices)
        return out

    def _shown(self):
        return f"({self.w}x{self.h})"


class _AveragePooling(_Pooling):
    count_include_pad = True
    divide = True

    def setCountIncludePad(self):
        """setCountIncludePad() -> self: zeros of the padding count in the mean."""
        self.count_include_pad = True
        return self

    def setCountExcludePad(self):
        """setCountExcludePad() -> self: the mean is of what a window has of the image."""
        self.count_include_pad = False
        return self

    def compute(self, x):
        pool = F.avg_pool3d if "T" in self._axes else F.avg_pool2d
        kernel = self._sizes("k")
        out = pool(x, kernel, self._sizes("d"), self._sizes("pad"), self.ceil_mode, self.count_include_pad)
        if not self.divide:
            for k in kernel:
                out = out * k
        return out


class SpatialAveragePooling(_AveragePooling):
    """SpatialAveragePooling(kW, kH, dW=1, dH=1, padW=0, padH=0): the mean of each window of images; the sum when the
    attribute `divide` is False"""

    def __init__(self, kW, kH, dW=1, dH=1, padW=0, padH=0):
        super().__init__()
        self.kW, self.kH, self.dW, self.dH, self.padW, self.padH = kW, kH, dW, dH, padW, padH


class VolumetricAveragePooling(_AveragePooling):
    """VolumetricAveragePooling(kT, kW, kH, dT=None, dW=None, dH=None): the mean of each window of volumes"""

    _axes = "TWH"
    padT = padW = padH = 0

    def __init__(self, kT, kW, kH, dT=None, dW=None, dH=None):
        super().__init__()
        self.kT, self.kW, self.kH = kT, kW, kH
        self.dT, self.dW, self.dH = kT if dT is None else dT, kW if dW is None else dW, kH if dH is None else dH


class SpatialLPPooling(_Pooling):
    """SpatialLPPooling(nInputPlane, pnorm, kW, kH, dW=None, dH=None): (sum of x^p)^(1/p) of each window"""

    def __init__(self, nInputPlane, pnorm, kW, kH, dW=None, dH=None):
        super().__init__()
        self.nInputPlane, self.pnorm, self.kW, self.kH = nInputPlane, pnorm, kW, kH
        self.dW, self.dH = kW if dW is None else dW, kH if dH is None else dH

    def compute(self, x):
        mean = F.avg_pool2d(x**self.pnorm, self._sizes("k"), self._sizes("d"))
        return (mean * (self.kW * self.kH)) ** (1 / self.pnorm)

    def _shown(self):
        return f"({self.nInputPlane}, {self.pnorm}, {_shown_sizes(self, 'WH')})"


class SpatialFractionalMaxPooling(OpModule):
    """SpatialFractionalMaxPooling(kW, kH, arg1, arg2): the maximum of each of outW x outH windows kW x kH, whose
    places are drawn by chance for each plane (Graham, 2014, pseudo-random overlapping regions)

    arg1, arg2: outW, outH, or fractions of the width and height of the input. fixPoolingRegions() keeps the places.
    """

    _cleared = ("randomSamples",)

    def __init__(self, kW, kH, arg1, arg2):
        super().__init__()
        if kW < 2 or kH < 2:
            raise ValueError(f"SpatialFractionalMaxPooling: windows must be at least 2x2, got {kW}x{kH}")
        fractions = 0 < arg1 < 1 and 0 < arg2 < 1
        if not fractions and (arg1 < 1 or arg2 < 1 or arg1 % 1 or arg2 % 1):
            raise ValueError(
                f"SpatialFractionalMaxPooling: sizes or fractions from (0, 1) expected, got {arg1} and {arg2}"
            )
        self.poolSizeW, self.poolSizeH = kW, kH
        sizes: Any = (None, None) if fractions else (int(arg1), int(arg2))
        ratios: Any = (arg1, arg2) if fractions else (None, None)
        (self.outW, self.outH), (self.ratioW, self.ratioH) = sizes, ratios
        self.fixed = False
        self.randomSamples = None

    def fixPoolingRegions(self, val=True):
        """fixPoolingRegions(val=True) -> self: keeps the places of the windows that were drawn last."""
        self.fixed = val
        return self

    def prepare(self, input):
        planes = (1, *input.size())[-4:-2]
        kept = self.randomSamples is not None and tuple(self.randomSamples.size()) == (*planes, 2)
        if not (self.fixed and kept):
            self.randomSamples = input.new(*planes, 2).uniform_()

    def _starts(self, samples, size, out, window):
        """(N, C, out): where the windows begin along one dimension."""
        if out + window - 1 > size:
            raise RuntimeError(f"{self!r}: {out} windows of {window} do not fit into {size} pixels")
        if out == 1:
            return samples.new_full((*samples.shape, 1), size - window).long()
        step = (size - window) / (out - 1)
        places = fb.arange(out - 1, device=samples.device, dtype=samples.dtype) + samples.unsqueeze(-1)
        starts = (places * step).floor() - (samples.unsqueeze(-1) * step).floor()
        return fb.cat([starts, samples.new_full((*samples.shape, 1), size - window)], -1).long()

    def compute(self, x):
        images = x if x.dim() == 4 else x.unsqueeze(0)
        n, c, height, width = images.shape
        out_h = self.outH or int(height * self.ratioH)
        out_w = self.outW or int(width * self.ratioW)
        samples = todays(self.randomSamples)
        rows = self._starts(samples[..., 1], height, out_h, self.poolSizeH)
        columns = self._starts(samples[..., 0], width, out_w, self.poolSizeW)
        down = rows.view(n, c, out_h, 1, 1, 1) + fb.arange(self.poolSizeH, device=x.device).view(-1, 1)
        right = columns.view(n, c, 1, out_w, 1, 1) + fb.arange(self.poolSizeW, device=x.device)
        places = (down * width + right).reshape(n, c, -1)
        windows = images.reshape(n, c, -1).gather(2, places).view(n, c, out_h, out_w, -1)
        out = windows.max(-1)[0]
        return out if x.dim() == 4 else out[0]

    def _shown(self):
        sizes = (self.outW, self.outH) if self.outW else (self.ratioW, self.ratioH)
        return f"({sizes[0]}x{sizes[1]}, {self.poolSizeW}, {self.poolSizeH})"


class TemporalMaxPooling(OpModule):
    """TemporalMaxPooling(kW, dW=None): the maximum of each kW frames of a sequence (T, C) or (N, T, C), in steps of dW
    (by default kW)"""

    _cleared = ("indices",)

    def __init__(self, kW, dW=None):
        super().__init__()
        self.kW, self.dW = kW, kW if dW is None else dW
        self.indices = None

    def compute(self, x):
        if x.dim() not in (2, 3) or x.shape[-2] < self.kW:
            raise RuntimeError(f"{self!r}: the input must be at least {self.kW} frames (T, C), got {tuple(x.shape)}")
        values, indices = x.unfold(-2, self.kW, self.dW).max(-1)
        self.indices = over(indices)
        return values

    def _shown(self):
        return f"({self.kW}, {self.dW})"


class _Unpooling(OpModule):
    _of: Any  # the pooling module that it belongs to

    def __init__(self, poolingModule):
        super().__init__()
        if not isinstance(poolingModule, self._of):
            raise TypeError(f"{type(self).__name__}: expected an nn.{self._of.__name__}, got {poolingModule!r}")
        if poolingModule._sizes("k") != poolingModule._sizes("d"):
            raise ValueError(f"{type(self).__name__}: the windows must not overlap, got {poolingModule!r}")
        self.pooling = poolingModule

    def compute(self, x):
        sizes, n = self.pooling._spatial, len(self.pooling._axes)
        indices = todays(self.pooling.indices)
        if indices.shape != x.shape:
            raise RuntimeError(
                f"{self!r}: the input must have the size {tuple(indices.shape)} of the maxima, got {tuple(x.shape)}"
            )
        lead = x.shape[:-n]
        flat = x.new_zeros(*lead, math.prod(sizes))
        return flat.scatter(-1, indices.view(*lead, -1), x.reshape(*lead, -1)).view(*lead, *sizes)

    def _shown(self):
        return f" associated to {self.pooling!r}"


class SpatialMaxUnpooling(_Unpooling):
    """SpatialMaxUnpooling(poolingModule): puts each element where the last forward of a SpatialMaxPooling has found its
    maximum, and zeros elsewhere"""

    _of = SpatialMaxPooling


class VolumetricMaxUnpooling(_Unpooling):
    """VolumetricMaxUnpooling(poolingModule): SpatialMaxUnpooling for a VolumetricMaxPooling"""

    _of = VolumetricMaxPooling


# ---- padding and upsampling


class _Padding(OpModule):
    """Amounts at the left, right, top and bottom edge; those not given are that of the left."""

    _mode = "constant"

    def __init__(self, pad_l, pad_r=None, pad_t=None, pad_b=None):
        super().__init__()
        self.pad_l = pad_l
        self.pad_r, self.pad_t, self.pad_b = (pad_l if p is None else p for p in (pad_r, pad_t, pad_b))

    def compute(self, x):
        if x.dim() not in (3, 4):
            raise RuntimeError(f"{self!r}: the input must have 3 or 4 dimensions, got {tuple(x.shape)}")
        return F.pad(x, (self.pad_l, self.pad_r, self.pad_t, self.pad_b), self._mode)

    def _shown(self):
        return f"(l={self.pad_l}, r={self.pad_r}, t={self.pad_t}, b={self.pad_b})"


class SpatialZeroPadding(_Padding):
    """SpatialZeroPadding(pad_l, pad_r=None, pad_t=None, pad_b=None): zeros around images; negative amounts cut off"""


class SpatialReflectionPadding(_Padding):
    """SpatialReflectionPadding(pad_l, pad_r=None, pad_t=None, pad_b=None): images go on mirrored at their edge
    pixels"""

    _mode = "reflect"


class SpatialReplicationPadding(_Padding):
    """SpatialReplicationPadding(pad_l, pad_r=None, pad_t=None, pad_b=None): images go on with their edge pixels"""

    _mode = "replicate"


class VolumetricReplicationPadding(OpModule):
    """VolumetricReplicationPadding(pleft, pright=None, ptop=None, pbottom=None, pfront=None, pback=None): volumes go
    on with their edge elements; amounts not given are pleft"""

    def __init__(self, pleft, pright=None, ptop=None, pbottom=None, pfront=None, pback=None):
        super().__init__()
        self.pleft = pleft
        self.pright, self.ptop, self.pbottom, self.pfront, self.pback = (
            pleft if p is None else p for p in (pright, ptop, pbottom, pfront, pback)
        )

    def compute(self, x):
        amounts = (self.pleft, self.pright, self.ptop, self.pbottom, self.pfront, self.pback)
        return F.pad(x, amounts, "replicate")

    def _shown(self):
        return (
            f"(left={self.pleft}, right={self.pright}, top={self.ptop}, bottom={self.pbottom}, front={self.pfront}, "
            f"back={self.pback})"
        )


class SpatialUpSamplingNearest(OpModule):
    """SpatialUpSamplingNearest(scale): each pixel scale x scale times"""

    def __init__(self, scale):
        super().__init__()
        if scale % 1 or scale < 1:
            raise ValueError(f"SpatialUpSamplingNearest: scale must be a positive int, got {scale}")
        self.scale_factor = int(scale)

    def compute(self, x):
        return x.repeat_interleave(self.scale_factor, -1).repeat_interleave(self.scale_factor, -2)

    def _shown(self):
        return f"({self.scale_factor})"


class PixelShuffle(OpModule):
    """PixelShuffle(upscale_factor): each r x r planes of images (N, C r^2, H, W) or (C r^2, H, W) become the pixels of
    a plane (r H, r W) (Shi et al., 2016)"""

    def __init__(self, upscale_factor):
        super().__init__()
        self.upscale_factor = upscale_factor

    def compute(self, x):
        return F.pixel_shuffle(x, self.upscale_factor)

    def _shown(self):
        return f"({self.upscale_factor})"
