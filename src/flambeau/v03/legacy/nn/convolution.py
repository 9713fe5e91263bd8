"""Convolutions over sequences (N, T, C), images (N, C, H, W) and volumes (N, C, T, H, W), or one example of them."""

import math

import flambeau as fb

from ....nn import functional as F
from .linear import Layer
from .tensors import new_tensor


def _shown_sizes(module, axes):
    """What repr shows: sizes of the kernel, steps and padding where they are not 1 and 0."""
    pads = [getattr(module, f"pad{a}", 0) for a in axes]
    steps = [getattr(module, f"d{a}") for a in axes]
    shown = "x".join(str(getattr(module, f"k{a}")) for a in axes)
    if any(s != 1 for s in steps) or any(pads):
        shown += "".join(f", {s}" for s in steps)
    if any(pads):
        shown += "".join(f", {p}" for p in pads)
    return shown


class _Convolution(Layer):
    """The base of convolutions of planes; `_axes` are the letters of the spatial dimensions, in the order of repr."""

    _axes = "WH"
    nInputPlane: int
    nOutputPlane: int

    def _stdv(self):
        return 1 / math.sqrt(self.nInputPlane * math.prod(getattr(self, f"k{a}") for a in self._axes))

    def _check(self, input):
        super()._check(input)
        n = len(self._axes)
        if input.dim() not in (n + 1, n + 2) or input.size(-n - 1) != self.nInputPlane:
            raise RuntimeError(
                f"{self!r}: the input must have {n + 1} or {n + 2} dimensions and {self.nInputPlane} planes, got "
                f"{tuple(input.size())}"
            )

    def _shown(self):
        bias = "" if getattr(self, "bias", None) is not None else " without bias"
        return f"({self.nInputPlane} -> {self.nOutputPlane}, {_shown_sizes(self, self._axes)}){bias}"


class SpatialConvolution(_Convolution):
    """SpatialConvolution(nInputPlane, nOutputPlane, kW, kH, dW=1, dH=1, padW=0, padH=None)

    Cross-correlation of images with kernels kH x kW in steps dH, dW, with padW and padH (by default padW) zeros on each
    side; weight (nOutputPlane, nInputPlane, kH, kW).
    """

    def __init__(self, nInputPlane, nOutputPlane, kW, kH, dW=1, dH=1, padW=0, padH=None):
        super().__init__()
        self.nInputPlane, self.nOutputPlane = nInputPlane, nOutputPlane
        self.kW, self.kH, self.dW, self.dH = kW, kH, dW, dH
        self.padW, self.padH = padW, padW if padH is None else padH
        self._make(weight=(nOutputPlane, nInputPlane, kH, kW), bias=(nOutputPlane,))
        self.reset()

    def compute(self, x, weight, bias):
        return F.conv2d(x, weight, bias, (self.dH, self.dW), (self.padH, self.padW))


class SpatialDilatedConvolution(SpatialConvolution):
    """SpatialDilatedConvolution(nInputPlane, nOutputPlane, kW, kH, dW=1, dH=1, padW=0, padH=None, dilationH=1,
    dilationW=None): SpatialConvolution with dilationH and dilationW pixels between those that a kernel looks at"""

    def __init__(self, nInputPlane, nOutputPlane, kW, kH, dW=1, dH=1, padW=0, padH=None, dilationH=1, dilationW=None):
        super().__init__(nInputPlane, nOutputPlane, kW, kH, dW, dH, padW, padH)
        self.dilationH = dilationH
        self.dilationW = dilationH if dilationW is None else dilationW

    def compute(self, x, weight, bias):
        dilation = (self.dilationH, self.dilationW)
        return F.conv2d(x, weight, bias, (self.dH, self.dW), (self.padH, self.padW), dilation)

    def _shown(self):
        shown = super()._shown()
        at = shown.rindex(")")
        return f"{shown[:at]}, {self.dilationW}, {self.dilationH}{shown[at:]}"


class SpatialFullConvolution(_Convolution):
    """SpatialFullConvolution(nInputPlane, nOutputPlane, kW, kH, dW=1, dH=1, padW=0, padH=None, adjW=0, adjH=0)

    The transpose of a SpatialConvolution (also called deconvolution): H' = (H - 1) dH - 2 padH + kH + adjH; weight
    (nInputPlane, nOutputPlane, kH, kW). An input [x, t] asks for the height and width of t instead of adjH and adjW.
    """

    def __init__(self, nInputPlane, nOutputPlane, kW, kH, dW=1, dH=1, padW=0, padH=None, adjW=0, adjH=0):
        super().__init__()
        self.nInputPlane, self.nOutputPlane = nInputPlane, nOutputPlane
        self.kW, self.kH, self.dW, self.dH = kW, kH, dW, dH
        self.padW, self.padH = padW, padW if padH is None else padH
        if adjW > dW - 1 or adjH > dH - 1:
            raise ValueError(f"{type(self).__name__}: adjW and adjH must be smaller than dW and dH, got {adjW}, {adjH}")
        self.adjW, self.adjH = adjW, adjH
        self._make(weight=(nInputPlane, nOutputPlane, kH, kW), bias=(nOutputPlane,))
        self.reset()

    def _check(self, input):
        super()._check(input[0] if isinstance(input, list) else input)

    def compute(self, x, weight, bias):
        adjust = (self.adjH, self.adjW)
        if isinstance(x, list):
            x, target = x
            least = [(x.shape[i] - 1) * d - 2 * p + k for i, d, p, k in
                     ((-2, self.dH, self.padH, self.kH), (-1, self.dW, self.padW, self.kW))]  # fmt: skip
            adjust = tuple([target.shape[i] - n for i, n in zip((-2, -1), least, strict=True)])
        return F.conv_transpose2d(x, weight, bias, (self.dH, self.dW), (self.padH, self.padW), adjust)


class VolumetricConvolution(_Convolution):
    """VolumetricConvolution(nInputPlane, nOutputPlane, kT, kW, kH, dT=1, dW=1, dH=1, padT=0, padW=None, padH=None)

    SpatialConvolution of volumes; weight (nOutputPlane, nInputPlane, kT, kH, kW). padW, padH: padT by default.
    """

    _axes = "TWH"

    def __init__(self, nInputPlane, nOutputPlane, kT, kW, kH, dT=1, dW=1, dH=1, padT=0, padW=None, padH=None):
        super().__init__()
        self.nInputPlane, self.nOutputPlane = nInputPlane, nOutputPlane
        self.kT, self.kW, self.kH, self.dT, self.dW, self.dH = kT, kW, kH, dT, dW, dH
        self.padT = padT
        self.padW = padT if padW is None else padW
        self.padH = self.padW if padH is None else padH
        self._make(weight=(nOutputPlane, nInputPlane, kT, kH, kW), bias=(nOutputPlane,))
        self.reset()

    def compute(self, x, weight, bias):
        return F.conv3d(x, weight, bias, (self.dT, self.dH, self.dW), (self.padT, self.padH, self.padW))


class VolumetricFullConvolution(_Convolution):
    """VolumetricFullConvolution(nInputPlane, nOutputPlane, kT, kW, kH, dT=1, dW=1, dH=1, padT=0, padW=0, padH=0,
    adjT=0, adjW=0, adjH=0): the transpose of a VolumetricConvolution; weight (nInputPlane, nOutputPlane, kT, kH,
    kW)"""

    _axes = "TWH"

    def __init__(self, nInputPlane, nOutputPlane, kT, kW, kH, dT=1, dW=1, dH=1, padT=0, padW=0, padH=0, adjT=0,
                 adjW=0, adjH=0):  # fmt: skip
        super().__init__()
        self.nInputPlane, self.nOutputPlane = nInputPlane, nOutputPlane
        self.kT, self.kW, self.kH, self.dT, self.dW, self.dH = kT, kW, kH, dT, dW, dH
        self.padT, self.padW, self.padH = padT, padW, padH
        if adjW > dW - 1 or adjH > dH - 1 or adjT > dT - 1:
            raise ValueError(
                "VolumetricFullConvolution: adjT, adjW and adjH must be smaller than dT, dW and dH, got "
                f"{adjT}, {adjW}, {adjH}"
            )
        self.adjT, self.adjW, self.adjH = adjT, adjW, adjH
        self._make(weight=(nInputPlane, nOutputPlane, kT, kH, kW), bias=(nOutputPlane,))
        self.reset()

    def compute(self, x, weight, bias):
        return F.conv_transpose3d(x, weight, bias, (self.dT, self.dH, self.dW), (self.padT, self.padH, self.padW),
                                  (self.adjT, self.adjH, self.adjW))  # fmt: skip


class SpatialConvolutionLocal(_Convolution):
    """SpatialConvolutionLocal(nInputPlane, nOutputPlane, iW, iH, kW, kH, dW=1, dH=1, padW=0, padH=None)

    SpatialConvolution of images iH x iW with kernels of its own at each place; weight (oH, oW, nOutputPlane,
    nInputPlane, kH, kW), bias (nOutputPlane, oH, oW).
    """

    def __init__(self, nInputPlane, nOutputPlane, iW, iH, kW, kH, dW=1, dH=1, padW=0, padH=None):
        super().__init__()
        self.nInputPlane, self.nOutputPlane, self.iW, self.iH = nInputPlane, nOutputPlane, iW, iH
        self.kW, self.kH, self.dW, self.dH = kW, kH, dW, dH
        self.padW, self.padH = padW, padW if padH is None else padH
        self.oW = (iW + 2 * self.padW - kW) // dW + 1
        self.oH = (iH + 2 * self.padH - kH) // dH + 1
        if self.oW < 1 or self.oH < 1:
            raise ValueError(f"SpatialConvolutionLocal: no kernel {kW}x{kH} fits into images {iW}x{iH}")
        self._make(weight=(self.oH, self.oW, nOutputPlane, nInputPlane, kH, kW), bias=(nOutputPlane, self.oH, self.oW))
        self.reset()

    def compute(self, x, weight, bias):
        if x.shape[-2:] != (self.iH, self.iW):
            raise RuntimeError(f"{self!r}: the images must be {self.iH} x {self.iW}, got {tuple(x.shape)}")
        x = F.pad(x, (self.padW, self.padW, self.padH, self.padH))
        windows = x.unfold(-2, self.kH, self.dH).unfold(-2, self.kW, self.dW)
        out = fb.einsum("...chwij,hwocij->...ohw", windows, weight)
        return out if bias is None else out + bias

    def _shown(self):
        shown = f"({self.nInputPlane} -> {self.nOutputPlane}, {self.iW}x{self.iH}, {_shown_sizes(self, 'WH')})"
        return shown + ("" if self.bias is not None else " without bias")


# ---- planes connected by a table


class _Maps:
    """Tables of the planes that are connected."""

    @staticmethod
    def full(nin, nout):
        """full(nin, nout) -> table that connects each of nin planes with each of nout"""
        return new_tensor([[i, o] for o in range(nout) for i in range(nin)])

    @staticmethod
    def oneToOne(nfeat):
        """oneToOne(nfeat) -> table that connects each plane with that of the same number"""
        return new_tensor([[i, i] for i in range(nfeat)])

    @staticmethod
    def random(nin, nout, nto):
        """random(nin, nout, nto) -> table that connects each of nout planes with nto of nin, drawn by chance and used
        equally often"""
        order: list[int] = []
        while len(order) < nout * nto:
            order += fb.randperm(nin).tolist()
        rows = []
        for o in range(nout):
            mine: list[int] = []
            for i in order:
                if i not in mine and len(mine) < nto:
                    mine.append(i)
            for i in mine:
                order.remove(i)
            while len(mine) < nto:
                mine.append(next(i for i in fb.randperm(nin).tolist() if i not in mine))
            rows += [[i, o] for i in mine]
        return new_tensor(rows)


class _Map(_Convolution):
    """A convolution where only the pairs of planes of a table are connected: conMatrix (n, 2) with the numbers of an
    input and an output plane in each row; weight (n, kH, kW), bias (number of output planes)."""

    def __init__(self, conMatrix, kW, kH, dW=1, dH=1):
        super().__init__()
        self.kW, self.kH, self.dW, self.dH = kW, kH, dW, dH
        self.connTable = conMatrix
        self.nInputPlane = max(i for i, _ in self._pairs) + 1
        self.nOutputPlane = max(o for _, o in self._pairs) + 1
        self._make(weight=(len(self._pairs), kH, kW), bias=(self.nOutputPlane,))
        self.reset()

    @property
    def _pairs(self):
        return [[int(v) for v in row] for row in self.connTable.tolist()]

    def reset(self, stdv=None):
        """reset(stdv=None) -> self: draws the parameters anew; the bound depends on how many planes an output sees."""
        if stdv is not None:
            self._uniform(stdv * math.sqrt(3))
            return self
        seen = [o for _, o in self._pairs]
        for k, o in enumerate(seen):
            bound = 1 / math.sqrt(self.kW * self.kH * seen.count(o))
            self.weight.narrow(0, k, 1).uniform_(-bound, bound)
        for o in range(self.nOutputPlane):
            bound = 1 / math.sqrt(self.kW * self.kH * max(seen.count(o), 1))
            self.bias.narrow(0, o, 1).uniform_(-bound, bound)
        return self

    def _dense(self, weight, order):
        """The weight of a convolution of all planes: zeros where planes are not connected."""
        out_first = order == "out, in"
        rows, columns = (self.nOutputPlane, self.nInputPlane)[:: 1 if out_first else -1]
        places = [o * columns + i if out_first else i * columns + o for i, o in self._pairs]
        full = weight.new_zeros(rows * columns, self.kH, self.kW)
        return full.index_add(0, fb.tensor(places, device=weight.device), weight).view(rows, columns, self.kH, self.kW)

    maps = _Maps
    full, oneToOne, random = _Maps.full, _Maps.oneToOne, _Maps.random

    def _shown(self):
        return f"({self.nInputPlane} -> {self.nOutputPlane}, {_shown_sizes(self, 'WH')})"


class SpatialConvolutionMap(_Map):
    """SpatialConvolutionMap(conMatrix, kW, kH, dW=1, dH=1): SpatialConvolution where only the pairs of planes of a
    table are connected

    conMatrix: (n, 2), an input and an output plane in each row; see maps.full, maps.oneToOne and maps.random. weight
    (n, kH, kW).
    """

    def compute(self, x, weight, bias):
        return F.conv2d(x, self._dense(weight, "out, in"), bias, (self.dH, self.dW))


class SpatialFullConvolutionMap(_Map):
    """SpatialFullConvolutionMap(conMatrix, kW, kH, dW=1, dH=1): SpatialFullConvolution where only the pairs of planes
    of a table are connected; see SpatialConvolutionMap"""

    def compute(self, x, weight, bias):
        return F.conv_transpose2d(x, self._dense(weight, "in, out"), bias, (self.dH, self.dW))


# ---- sequences


class TemporalConvolution(Layer):
    """TemporalConvolution(inputFrameSize, outputFrameSize, kW, dW=1): a Linear of each kW frames of a sequence (T,
    inputFrameSize) or (N, T, inputFrameSize), in steps of dW; weight (outputFrameSize, kW inputFrameSize)"""

    def __init__(self, inputFrameSize, outputFrameSize, kW, dW=1):
        super().__init__()
        self.inputFrameSize, self.outputFrameSize, self.kW, self.dW = inputFrameSize, outputFrameSize, kW, dW
        self._make(weight=(outputFrameSize, inputFrameSize * kW), bias=(outputFrameSize,))
        self.reset()

    def compute(self, x, weight, bias):
        _check_frames(self, x)
        frames = x.unfold(-2, self.kW, self.dW).transpose(-2, -1)
        return F.linear(frames.reshape(*frames.shape[:-2], -1), weight, bias)

    def _shown(self):
        return f"({self.inputFrameSize} -> {self.outputFrameSize}, {_shown_sizes(self, 'W')})"


class TemporalSubSampling(Layer):
    """TemporalSubSampling(inputFrameSize, kW, dW=1): weight times the sum of each kW frames, plus bias, in steps of
    dW, for each of the elements of a frame; weight and bias (inputFrameSize)"""

    def __init__(self, inputFrameSize, kW, dW=1):
        super().__init__()
        self.inputFrameSize, self.kW, self.dW = inputFrameSize, kW, dW
        self._make(weight=(inputFrameSize,), bias=(inputFrameSize,))
        self.reset()

    def _stdv(self):
        return 1 / math.sqrt(self.kW)

    def compute(self, x, weight, bias):
        _check_frames(self, x)
        return x.unfold(-2, self.kW, self.dW).sum(-1) * weight + bias

    def _shown(self):
        return f"({self.inputFrameSize}, {_shown_sizes(self, 'W')})"


def _check_frames(module, x):
    if x.dim() not in (2, 3) or x.shape[-1] != module.inputFrameSize or x.shape[-2] < module.kW:
        raise RuntimeError(
            f"{module!r}: the input must be at least {module.kW} frames of {module.inputFrameSize} elements, got "
            f"{tuple(x.shape)}"
        )


class SpatialSubSampling(_Convolution):
    """SpatialSubSampling(nInputPlane, kW, kH, dW=1, dH=1): weight times the sum of each window, plus bias; weight and
    bias (nInputPlane)"""

    def __init__(self, nInputPlane, kW, kH, dW=1, dH=1):
        super().__init__()
        self.nInputPlane, self.kW, self.kH, self.dW, self.dH = nInputPlane, kW, kH, dW, dH
        self._make(weight=(nInputPlane,), bias=(nInputPlane,))
        self.reset()

    def _stdv(self):
        return 1 / math.sqrt(self.kW * self.kH)

    def compute(self, x, weight, bias):
        mean = F.avg_pool2d(x, (self.kH, self.kW), (self.dH, self.dW))
        factors = [p.view(-1, 1, 1) for p in (weight * self.kW * self.kH, bias)]
        return mean * factors[0] + factors[1]

    def _shown(self):
        return f"({self.nInputPlane}, {_shown_sizes(self, 'WH')})"
