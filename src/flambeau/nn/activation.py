"""Activation layers. What each computes is said in `functional`."""

import warnings

import flambeau as fb

from . import functional as F
from .module import Module
from .parameter import Parameter


class _MaybeInplace(Module):
    """An activation whose only option is `inplace`."""

    _function: str

    def __init__(self, inplace=False):
        super().__init__()
        self.inplace = inplace

    def forward(self, input):
        return getattr(F, self._function)(input, inplace=self.inplace)

    def extra_repr(self):
        return "inplace=True" if self.inplace else ""


class ReLU(_MaybeInplace):
    """ReLU(inplace=False): max(0, x); (*) -> (*)"""

    def forward(self, input):
        return F.relu(input, self.inplace)


class SELU(_MaybeInplace):
    """SELU(inplace=False): the self-normalising exponential linear unit; (*) -> (*)"""

    _function = "selu"


class SiLU(_MaybeInplace):
    """SiLU(inplace=False): x * sigmoid(x); (*) -> (*)"""

    _function = "silu"


class Mish(_MaybeInplace):
    """Mish(inplace=False): x * tanh(softplus(x)); (*) -> (*)"""

    _function = "mish"


class Hardsigmoid(_MaybeInplace):
    """Hardsigmoid(inplace=False): min(max(0, x + 3), 6) / 6; (*) -> (*)"""

    _function = "hardsigmoid"

    def extra_repr(self):
        return ""


class Hardswish(_MaybeInplace):
    """Hardswish(inplace=False): x * hardsigmoid(x); (*) -> (*)"""

    _function = "hardswish"

    def extra_repr(self):
        return ""


class _Plain(Module):
    """An activation without options."""

    _function: str

    def forward(self, input):
        return getattr(F, self._function)(input)


class Sigmoid(_Plain):
    """Sigmoid(): 1 / (1 + exp(-x)); (*) -> (*)"""

    _function = "sigmoid"


class Tanh(_Plain):
    """Tanh(): the hyperbolic tangent; (*) -> (*)"""

    _function = "tanh"


class LogSigmoid(_Plain):
    """LogSigmoid(): log(sigmoid(x)); (*) -> (*)"""

    _function = "logsigmoid"


class Softsign(_Plain):
    """Softsign(): x / (1 + |x|); (*) -> (*)"""

    _function = "softsign"


class Tanhshrink(_Plain):
    """Tanhshrink(): x - tanh(x); (*) -> (*)"""

    _function = "tanhshrink"


class LeakyReLU(Module):
    """LeakyReLU(negative_slope=0.01, inplace=False): x where x > 0, else negative_slope * x; (*) -> (*)"""

    def __init__(self, negative_slope=1e-2, inplace=False):
        super().__init__()
        self.negative_slope = negative_slope
        self.inplace = inplace

    def forward(self, input):
        return F.leaky_relu(input, self.negative_slope, self.inplace)

    def extra_repr(self):
        return f"negative_slope={self.negative_slope}" + (", inplace=True" if self.inplace else "")


class ELU(Module):
    """ELU(alpha=1, inplace=False): x where x > 0, else alpha * (exp(x) - 1); (*) -> (*)"""

    def __init__(self, alpha=1.0, inplace=False):
        super().__init__()
        self.alpha = alpha
        self.inplace = inplace

    def forward(self, input):
        return F.elu(input, self.alpha, self.inplace)

    def extra_repr(self):
        return f"alpha={self.alpha}" + (", inplace=True" if self.inplace else "")


class CELU(ELU):
    """CELU(alpha=1, inplace=False): max(0, x) + min(0, alpha * (exp(x / alpha) - 1)); (*) -> (*)"""

    def forward(self, input):
        return F.celu(input, self.alpha, self.inplace)


class GELU(Module):
    """GELU(approximate='none'): x * Phi(x); approximate='tanh': its usual approximation; (*) -> (*)"""

    def __init__(self, approximate="none"):
        super().__init__()
        self.approximate = approximate

    def forward(self, input):
        return F.gelu(input, approximate=self.approximate)

    def extra_repr(self):
        return f"approximate={self.approximate!r}"


class Softplus(Module):
    """Softplus(beta=1, threshold=20): log(1 + exp(beta x)) / beta, and x where beta x > threshold

    (*) -> (*).
    """

    def __init__(self, beta=1.0, threshold=20.0):
        super().__init__()
        self.beta = beta
        self.threshold = threshold

    def forward(self, input):
        return F.softplus(input, self.beta, self.threshold)

    def extra_repr(self):
        return f"beta={self.beta}, threshold={self.threshold}"


class _AlongDim(Module):
    """A function along one dimension."""

    _function: str

    def __init__(self, dim=None):
        super().__init__()
        self.dim = dim

    def __setstate__(self, state):
        super().__setstate__(state)
        self.__dict__.setdefault("dim", None)

    def forward(self, input):
        return getattr(F, self._function)(input, self.dim)

    def extra_repr(self):
        return f"dim={self.dim}"


class Softmax(_AlongDim):
    """Softmax(dim=None): exp(x) / sum(exp(x)) along `dim`; (*) -> (*)"""

    _function = "softmax"


class LogSoftmax(_AlongDim):
    """LogSoftmax(dim=None): log(softmax(x)) along `dim`; (*) -> (*)"""

    _function = "log_softmax"


class Softmin(_AlongDim):
    """Softmin(dim=None): softmax(-x) along `dim`; (*) -> (*)"""

    _function = "softmin"


class Softmax2d(Module):
    """Softmax2d(): softmax over the channels of (N, C, H, W) or (C, H, W)"""

    def forward(self, input):
        if input.dim() not in (3, 4):
            raise ValueError(f"Softmax2d: expected input to be 3D or 4D, got {input.dim()}D instead")
        return F.softmax(input, -3)


class Hardtanh(Module):
    """Hardtanh(min_val=-1, max_val=1, inplace=False): x limited to [min_val, max_val]; (*) -> (*)"""

    def __init__(self, min_val=-1.0, max_val=1.0, inplace=False, min_value=None, max_value=None):
        super().__init__()
        if min_value is not None:
            _warn_renamed("min_value", "min_val")
            min_val = min_value
        if max_value is not None:
            _warn_renamed("max_value", "max_val")
            max_val = max_value
        if max_val <= min_val:
            raise AssertionError(
                f"Hardtanh(): max_val must be larger than min_val, got {max_val} and {min_val}"
            )
        self.min_val = min_val
        self.max_val = max_val
        self.inplace = inplace

    def forward(self, input):
        return F.hardtanh(input, self.min_val, self.max_val, self.inplace)

    def extra_repr(self):
        return f"min_val={self.min_val}, max_val={self.max_val}" + (", inplace=True" if self.inplace else "")


class ReLU6(Hardtanh):
    """ReLU6(inplace=False): min(max(0, x), 6); (*) -> (*)"""

    def __init__(self, inplace=False):
        super().__init__(0.0, 6.0, inplace)

    def forward(self, input):
        return F.relu6(input, self.inplace)

    def extra_repr(self):
        return "inplace=True" if self.inplace else ""


def _warn_renamed(old, new):
    warnings.warn(
        f"keyword argument `{old}` is deprecated and rename to `{new}`", FutureWarning, stacklevel=3
    )


class Threshold(Module):
    """Threshold(threshold, value, inplace=False): x where x > threshold, else value; (*) -> (*)"""

    def __init__(self, threshold, value, inplace=False):
        super().__init__()
        self.threshold = threshold
        self.value = value
        self.inplace = inplace

    def forward(self, input):
        return F.threshold(input, self.threshold, self.value, self.inplace)

    def extra_repr(self):
        return f"threshold={self.threshold}, value={self.value}" + (", inplace=True" if self.inplace else "")


class Hardshrink(Module):
    """Hardshrink(lambd=0.5): x where |x| > lambd, else 0; (*) -> (*)"""

    def __init__(self, lambd=0.5):
        super().__init__()
        self.lambd = lambd

    def forward(self, input):
        return F.hardshrink(input, self.lambd)

    def extra_repr(self):
        return f"{self.lambd}"


class Softshrink(Hardshrink):
    """Softshrink(lambd=0.5): x moved by lambd towards 0; (*) -> (*)"""

    def forward(self, input):
        return F.softshrink(input, self.lambd)


class GLU(Module):
    """GLU(dim=-1): a * sigmoid(b) for the halves a, b of x along `dim`

    (*, 2 K, *) with 2 K at `dim` -> (*, K, *).
    """

    def __init__(self, dim=-1):
        super().__init__()
        self.dim = dim

    def forward(self, input):
        return F.glu(input, self.dim)

    def extra_repr(self):
        return f"dim={self.dim}"


class RReLU(Module):
    """RReLU(lower=1/8, upper=1/3, inplace=False): leaky ReLU with random slopes in training mode

    (*) -> (*).
    """

    def __init__(self, lower=1.0 / 8, upper=1.0 / 3, inplace=False):
        super().__init__()
        self.lower = lower
        self.upper = upper
        self.inplace = inplace

    def forward(self, input):
        return F.rrelu(input, self.lower, self.upper, self.training, self.inplace)

    def extra_repr(self):
        return f"lower={self.lower}, upper={self.upper}" + (", inplace=True" if self.inplace else "")


class PReLU(Module):
    """PReLU(num_parameters=1, init=0.25): leaky ReLU with a trained slope, one or one for each channel

    (N, C, *) -> (N, C, *), (*) with one slope.
    """

    def __init__(self, num_parameters=1, init=0.25, device=None, dtype=None):
        super().__init__()
        self.num_parameters = num_parameters
        self.init = init
        self.weight = Parameter(fb.empty(num_parameters, device=device, dtype=dtype))
        self.reset_parameters()

    def reset_parameters(self):
        """All slopes `init`."""
        with fb.no_grad():
            self.weight.fill_(self.init)

    def forward(self, input):
        return F.prelu(input, self.weight)

    def extra_repr(self):
        return f"num_parameters={self.num_parameters}"
