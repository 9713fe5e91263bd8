"""Normalisation by the statistics of batches, neighbouring planes or neighbouring pixels."""

import flambeau as fb

from ....nn import functional as F
from .containers import Sequential
from .linear import Layer
from .op import OpModule
from .tensors import new_tensor, over, todays


class BatchNormalization(Layer):
    """BatchNormalization(nOutput, eps=1e-5, momentum=0.1, affine=True)

    (x - mean) / sqrt(variance + eps) * weight + bias of each of nOutput features of a batch (N, nOutput) (Ioffe and
    Szegedy, 2015). In training with the statistics of the batch, which `running_mean` and `running_var` follow with the
    share `momentum`; else with those.
    """

    nDim = 2
    _cleared = ("save_mean", "save_std")

    def __init__(self, nOutput, eps=1e-5, momentum=0.1, affine=True):
        super().__init__()
        self.affine, self.eps, self.momentum = affine, eps, momentum
        self.running_mean = new_tensor(nOutput).zero_()
        self.running_var = new_tensor(nOutput).fill_(1)
        self.save_mean = self.save_std = None
        self._make(weight=(nOutput,) if affine else None, bias=(nOutput,) if affine else None)
        self.reset()

    def reset(self, stdv=None):
        """reset() -> self: draws the weight uniformly from [0, 1); bias and running statistics are as at first."""
        if self.affine:
            self.weight.uniform_()
            self.bias.zero_()
        self.running_mean.zero_()
        self.running_var.fill_(1)
        return self

    def prepare(self, input):
        features = self.running_mean.numel()
        if input.dim() != self.nDim or input.size(1) != features:
            raise RuntimeError(
                f"{self!r}: the input must have {self.nDim} dimensions and {features} features, got "
                f"{tuple(input.size())}"
            )
        if not self.train:
            return
        x = todays(input)
        others = [d for d in range(x.dim()) if d != 1]
        count = x.numel() // features
        if count == 1:
            raise ValueError(f"Expected more than 1 value per channel when training, got input size {list(x.shape)}")
        variance, mean = fb.var_mean(x, others, correction=0)
        self.save_mean, self.save_std = over(mean), over((variance + self.eps).rsqrt())
        for running, now in ((self.running_mean, mean), (self.running_var, variance * count / (count - 1))):
            todays(running).lerp_(now, self.momentum)

    def compute(self, x, weight, bias):
        if self.train:
            return F.batch_norm(x, None, None, weight, bias, True, eps=self.eps)
        mean, variance = todays(self.running_mean), todays(self.running_var)
        return F.batch_norm(x, mean, variance, weight, bias, False, eps=self.eps)

    def _shown(self):
        return f"({self.running_mean.numel()})"


class SpatialBatchNormalization(BatchNormalization):
    """SpatialBatchNormalization(nOutput, eps=1e-5, momentum=0.1, affine=True): BatchNormalization of the planes of
    images (N, nOutput, H, W)"""

    nDim = 4


class VolumetricBatchNormalization(BatchNormalization):
    """VolumetricBatchNormalization(nOutput, eps=1e-5, momentum=0.1, affine=True): BatchNormalization of volumes (N,
    nOutput, T, H, W)"""

    nDim = 5


class SpatialCrossMapLRN(OpModule):
    """SpatialCrossMapLRN(size, alpha=1e-4, beta=0.75, k=1): x / (k + alpha mean of x^2 over `size` neighbouring
    planes)^beta (Krizhevsky et al., 2012), of images (N, C, H, W) or (C, H, W)"""

    def __init__(self, size, alpha=1e-4, beta=0.75, k=1):
        super().__init__()
        self.size, self.alpha, self.beta, self.k = size, alpha, beta, k

    def compute(self, x):
        if x.dim() not in (3, 4):
            raise RuntimeError(f"{self!r}: the input must have 3 or 4 dimensions, got {tuple(x.shape)}")
        images = x if x.dim() == 4 else x.unsqueeze(0)
        out = F.local_response_norm(images, self.size, self.alpha, self.beta, self.k)
        return out if x.dim() == 4 else out[0]

    def _shown(self):
        return f"({self.size}, {self.alpha}, {self.beta}, {self.k})"


class _Neighbourhood(OpModule):
    """The base of normalisation by the weighted mean of the pixels around each, over all planes.

    kernel: their weights, (kH, kW), or (k) for rows and columns alike, of odd sizes; 9 x 9 ones by default.
    """

    def __init__(self, nInputPlane=1, kernel=None):
        super().__init__()
        self.nInputPlane = nInputPlane
        self.kernel = new_tensor(9, 9).fill_(1) if kernel is None else kernel
        if self.kernel.dim() > 2 or any(s % 2 == 0 for s in self.kernel.size()):
            raise ValueError(
                f"{type(self).__name__}: the kernel must have 1 or 2 dimensions of odd sizes, got "
                f"{tuple(self.kernel.size())}"
            )

    def _mean(self, x):
        """(N, 1, H, W): the weighted means of images (N, C, H, W), where zeros are around them."""
        kernel = todays(self.kernel)
        if kernel.dim() == 1:
            kernel = fb.outer(kernel, kernel)
        weight = (kernel / (kernel.sum() * self.nInputPlane)).expand(1, self.nInputPlane, *kernel.shape)
        return F.conv2d(x, weight, None, 1, tuple([s // 2 for s in kernel.shape]))

    def _normalised(self, images, share):
        """The normalised images; share (1, 1, H, W): how much of the weights is within the image."""
        raise NotImplementedError

    def compute(self, x):
        images = x if x.dim() == 4 else x.unsqueeze(0)
        if images.dim() != 4 or images.shape[1] != self.nInputPlane:
            raise RuntimeError(f"{self!r}: the input must have {self.nInputPlane} planes, got {tuple(x.shape)}")
        out = self._normalised(images, self._mean(fb.ones_like(images[:1]).detach()))
        return out if x.dim() == 4 else out[0]

    def _shown(self):
        return f"({self.nInputPlane}, {'x'.join(map(str, self.kernel.size()))})"


class SpatialSubtractiveNormalization(_Neighbourhood):
    """SpatialSubtractiveNormalization(nInputPlane=1, kernel=None): x minus the weighted mean of the pixels around
    each, over all planes, of images (N, C, H, W) or (C, H, W)

    kernel: the weights, (kH, kW), or (k) for rows and columns alike, of odd sizes; 9 x 9 ones by default. At the edges
    the mean is of the pixels that there are.
    """

    def _normalised(self, images, share):
        return images - self._mean(images) / share


class SpatialDivisiveNormalization(_Neighbourhood):
    """SpatialDivisiveNormalization(nInputPlane=1, kernel=None, threshold=1e-4, thresval=None): x divided by the root
    of the weighted mean square of the pixels around each, or by thresval (by default threshold) where that is not
    above threshold; see SpatialSubtractiveNormalization"""

    def __init__(self, nInputPlane=1, kernel=None, threshold=1e-4, thresval=None):
        super().__init__(nInputPlane, kernel)
        self.threshold = threshold
        self.thresval = threshold if thresval is None else thresval

    def _normalised(self, images, share):
        deviation = self._mean(images * images).sqrt() / share
        return images / F.threshold(deviation, self.threshold, self.thresval)


class SpatialContrastiveNormalization(Sequential):
    """SpatialContrastiveNormalization(nInputPlane=1, kernel=None, threshold=1e-4, thresval=1e-4): a
    SpatialSubtractiveNormalization, then a SpatialDivisiveNormalization"""

    def __init__(self, nInputPlane=1, kernel=None, threshold=1e-4, thresval=1e-4):
        super().__init__(
            SpatialSubtractiveNormalization(nInputPlane, kernel),
            SpatialDivisiveNormalization(nInputPlane, kernel, threshold, thresval),
        )
        self.nInputPlane = nInputPlane
