"""The layers of `torch.nn` that differ in 0.3 from today's: how they draw, and the statistics they keep.

The numbers of an old program depend on them: the draws must be the same, and in the same order.
"""

import math

from ... import nn as todays
from ...nn import functional as F
from ...nn.batchnorm import _NormBase
from ...nn.conv import _ConvNd
from ...ops import FUNCTIONS
from ..faces import Variable
from ..wording import in_03s_words, said
from . import functional, variables


def _uniform(layer, fan_in):
    bound = 1.0 / math.sqrt(fan_in)
    layer.weight.data.uniform_(-bound, bound)
    if layer.bias is not None:
        layer.bias.data.uniform_(-bound, bound)


class Linear(todays.Linear):
    __doc__ = todays.Linear.__doc__

    def reset_parameters(self):
        """Draws weight and bias from U(-b, b), b = 1 / sqrt(in_features)."""
        _uniform(self, self.weight.size(1))

    def forward(self, input):
        if not isinstance(input, Variable):
            variables.check_product(input, self.weight, self.bias)
        try:
            if not self._backward_hooks or input.dim() != 2:
                return F.linear(input, self.weight, self.bias)
            factors = input, self.weight.t()  # whose gradients hooks see
            if self.bias is None:
                return FUNCTIONS["mm"](*factors)
            return FUNCTIONS["addmm"](self.bias.expand(input.size(0), -1), *factors)
        except RuntimeError as error:
            raise said(error, "linear", (input, self.weight.t())) from None

    def extra_repr(self):
        return f"in_features={self.in_features}, out_features={self.out_features}"


class Embedding(todays.Embedding):
    __doc__ = todays.Embedding.__doc__

    forward = in_03s_words("embedding", variables.not_applied, 1)(todays.Embedding.forward)


class Softmax2d(todays.Softmax2d):
    __doc__ = todays.Softmax2d.__doc__

    def forward(self, input):
        if input.dim() != 4:
            raise AssertionError("Softmax2d requires a 4D tensor as input")
        return functional.softmax(input, 1)

    def __repr__(self):
        return f"{self._get_name()}()"


class Softplus(todays.Softplus):
    __doc__ = todays.Softplus.__doc__

    def __init__(self, beta=1, threshold=20):
        super().__init__(beta, threshold)

    def forward(self, input):
        return functional.softplus(input, self.beta, self.threshold)


class AlphaDropout(todays.AlphaDropout):
    __doc__ = todays.AlphaDropout.__doc__

    def forward(self, input):
        return functional.alpha_dropout(input, self.p, self.training)

    def extra_repr(self):
        return f"p={self.p}"


class PixelShuffle(todays.PixelShuffle):
    __doc__ = todays.PixelShuffle.__doc__

    def forward(self, input):
        return functional.pixel_shuffle(input, self.upscale_factor)


class _Drawn(_ConvNd):
    """Convolutions: all, grouped and transposed too, draw from U(-b, b), b = 1 / sqrt(in_channels * kernel size)."""

    def reset_parameters(self):
        """Draws weight and bias."""
        _uniform(self, self.in_channels * math.prod(self.kernel_size))

    def __repr__(self):
        return super().__repr__().replace("(", " (", 1)


def _drawn(base):
    worded = in_03s_words("conv")(base.forward)

    def forward(self, input, *args, **kwargs):
        functional.check_dims(input, self._dims)
        return worded(self, input, *args, **kwargs)

    members = {"__doc__": base.__doc__, "__module__": __name__, "forward": forward}
    return type(base.__name__, (_Drawn, base), members)


class _BatchStatistics(_NormBase):
    """Batch normalisation: scales drawn from U(0, 1), and no count of batches."""

    def __init__(self, num_features, eps=1e-5, momentum=0.1, affine=True):
        super().__init__(num_features, eps, momentum, affine, True)  # type: ignore[call-arg]
        self._buffers["num_batches_tracked"] = None

    def reset_running_stats(self):
        """Mean 0 and variance 1."""
        self.running_mean.zero_()
        self.running_var.fill_(1)

    def reset_parameters(self):
        """Draws the scales; shifts 0, mean 0, variance 1."""
        self.reset_running_stats()
        if self.affine:
            self.weight.data.uniform_()
            self.bias.data.zero_()

    def extra_repr(self):
        return f"{self.num_features}, eps={self.eps}, momentum={self.momentum}, affine={self.affine}"


class _InstanceStatistics(_BatchStatistics):
    """Instance normalisation: keeps running statistics, and takes the instances' also in evaluation, unless told."""

    def __init__(self, num_features, eps=1e-5, momentum=0.1, affine=False):
        self._use_running_stats = False
        super().__init__(num_features, eps, momentum, affine)

    def use_running_stats(self, mode=True):
        """use_running_stats(mode=True): whether evaluation takes the running statistics."""
        self._use_running_stats = mode

    def _normalize(self, input):
        if input.size(1) != self.num_features:
            raise ValueError(f"got {input.size(1)}-feature tensor, expected {self.num_features}")
        own = self.training or not self._use_running_stats
        return F.instance_norm(
            input, self.running_mean, self.running_var, self.weight, self.bias, own, self.momentum, self.eps
        )


def _normalising(mixin, base):
    worded = in_03s_words("batch_norm", variables.not_called, 1)(base.forward)
    return type(base.__name__, (mixin, base), {"__doc__": base.__doc__, "__module__": __name__, "forward": worded})


LAYERS = {c.__name__: c for c in (AlphaDropout, Embedding, Linear, PixelShuffle, Softmax2d, Softplus)}
for _n in (1, 2, 3):
    for _name in (f"Conv{_n}d", f"ConvTranspose{_n}d"):
        LAYERS[_name] = _drawn(getattr(todays, _name))
    LAYERS[f"BatchNorm{_n}d"] = _normalising(_BatchStatistics, getattr(todays, f"BatchNorm{_n}d"))
    LAYERS[f"InstanceNorm{_n}d"] = _normalising(_InstanceStatistics, getattr(todays, f"InstanceNorm{_n}d"))
globals().update(LAYERS)
