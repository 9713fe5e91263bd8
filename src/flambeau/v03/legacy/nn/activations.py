"""Functions of each element, or of the elements along a dimension."""

from ....nn import functional as F
from .module import Module
from .op import OpModule
from .tensors import new_tensor, todays


class Abs(OpModule):
    """Abs(): |x|"""

    def compute(self, x):
        return x.abs()


class Exp(OpModule):
    """Exp(): e^x"""

    def compute(self, x):
        return x.exp()


class Log(OpModule):
    """Log(): log(x)"""

    def compute(self, x):
        return x.log()


class Sqrt(OpModule):
    """Sqrt(): square root of x"""

    def compute(self, x):
        return x.sqrt()


class Square(OpModule):
    """Square(): x^2"""

    def compute(self, x):
        return x * x


class Power(OpModule):
    """Power(p): x^p"""

    def __init__(self, p):
        super().__init__()
        self.pow = p

    def compute(self, x):
        return x**self.pow

    def _shown(self):
        return f"({self.pow})"


class Sigmoid(OpModule):
    """Sigmoid(): 1 / (1 + e^-x)"""

    def compute(self, x):
        return x.sigmoid()


class LogSigmoid(OpModule):
    """LogSigmoid(): log(1 / (1 + e^-x))"""

    def compute(self, x):
        return F.logsigmoid(x)


class Tanh(OpModule):
    """Tanh(): hyperbolic tangent of x"""

    def compute(self, x):
        return x.tanh()


class TanhShrink(OpModule):
    """TanhShrink(): x - tanh(x)"""

    def compute(self, x):
        return x - x.tanh()


class SoftSign(OpModule):
    """SoftSign(): x / (1 + |x|)"""

    def compute(self, x):
        return F.softsign(x)


class SoftPlus(OpModule):
    """SoftPlus(beta=1, threshold=20): log(1 + e^(beta x)) / beta; x where beta x is above threshold"""

    def __init__(self, beta=1, threshold=20):
        super().__init__()
        self.beta, self.threshold = beta, threshold

    def compute(self, x):
        return F.softplus(x, self.beta, self.threshold)


class HardShrink(OpModule):
    """HardShrink(lambd=0.5): x where |x| > lambd, else 0"""

    def __init__(self, lambd=0.5):
        super().__init__()
        self.lambd = lambd

    def compute(self, x):
        return F.hardshrink(x, self.lambd)

    def _shown(self):
        return f"({self.lambd})"


class SoftShrink(OpModule):
    """SoftShrink(lambd=0.5): x moved by lambd towards 0; 0 where |x| <= lambd"""

    def __init__(self, lambd=0.5):
        super().__init__()
        self.lambd = lambd

    def compute(self, x):
        return F.softshrink(x, self.lambd)

    def _shown(self):
        return f"({self.lambd})"


class _InPlace(OpModule):
    """The base of functions that may write their output over the input."""

    def __init__(self, inplace=False):
        super().__init__()
        self.inplace = inplace


class Threshold(_InPlace):
    """Threshold(threshold=0, value=0, inplace=False): x where x > threshold, else value"""

    def __init__(self, threshold=0, value=0, inplace=False):
        super().__init__(inplace)
        self.threshold, self.val = threshold, value

    def compute(self, x):
        return F.threshold(x, self.threshold, self.val)


class ReLU(Threshold):
    """ReLU(inplace=False): max(0, x)"""

    def __init__(self, inplace=False):
        super().__init__(0, 0, inplace)


class HardTanh(_InPlace):
    """HardTanh(min_value=-1, max_value=1, inplace=False): x limited to [min_value, max_value]"""

    def __init__(self, min_value=-1, max_value=1, inplace=False):
        super().__init__(inplace)
        if max_value <= min_value:
            raise ValueError(f"HardTanh: max_value must be larger than min_value, got {max_value} and {min_value}")
        self.min_val, self.max_val = min_value, max_value

    def compute(self, x):
        return F.hardtanh(x, self.min_val, self.max_val)


class Clamp(HardTanh):
    """Clamp(min_value, max_value): x limited to [min_value, max_value]"""

    def __init__(self, min_value, max_value):
        super().__init__(min_value, max_value)


class ReLU6(HardTanh):
    """ReLU6(inplace=False): min(max(0, x), 6)"""

    def __init__(self, inplace=False):
        super().__init__(0, 6, inplace)


class ELU(_InPlace):
    """ELU(alpha=1, inplace=False): x where x > 0, else alpha (e^x - 1)"""

    def __init__(self, alpha=1.0, inplace=False):
        super().__init__(inplace)
        self.alpha = alpha

    def compute(self, x):
        return F.elu(x, self.alpha)

    def _shown(self):
        return f"(alpha={self.alpha:.3f})"


class LeakyReLU(_InPlace):
    """LeakyReLU(negval=1/100, inplace=False): x where x > 0, else negval x"""

    def __init__(self, negval=1 / 100, inplace=False):
        super().__init__(inplace)
        self.negval = negval

    def compute(self, x):
        return F.leaky_relu(x, self.negval)

    def _shown(self):
        return f"({self.negval:.4f})"


class RReLU(_InPlace):
    """RReLU(lower=1/8, upper=1/3, inplace=False): x where x > 0, else a x

    In training a is drawn from U(lower, upper) for each x <= 0 (`noise` has the factors), else it is their mean.
    """

    _cleared = ("noise",)

    def __init__(self, lower=1 / 8, upper=1 / 3, inplace=False):
        super().__init__(inplace)
        if lower > upper:
            raise ValueError(f"RReLU: lower must not be above upper, got {lower} and {upper}")
        self.lower, self.upper = lower, upper
        self.noise = new_tensor()

    def prepare(self, input):
        low = input.le(0)
        self.noise = input.clone().fill_(1)
        if not self.train:
            self.noise.masked_fill_(low, (self.lower + self.upper) / 2)
        elif low.sum():
            drawn = input.new(low.sum()).double().uniform_(self.lower, self.upper)
            self.noise.masked_scatter_(low, drawn.type_as(input))

    def compute(self, x):
        return x * todays(self.noise)

    def _shown(self):
        return f"({self.lower:.4f}, {self.upper:.4f})"


class PReLU(OpModule):
    """PReLU(nOutputPlane=0): x where x > 0, else weight x, with one weight for all or one for each plane; 0.25 first"""

    _parameters = ("weight",)

    def __init__(self, nOutputPlane=0):
        super().__init__()
        self.nOutputPlane = nOutputPlane
        self.weight = new_tensor(nOutputPlane or 1).fill_(0.25)
        self.gradWeight = new_tensor(nOutputPlane or 1).zero_()

    def compute(self, x, weight):
        if x.dim() in (1, 3) and self.nOutputPlane:  # the planes come first
            return F.prelu(x.unsqueeze(0), weight)[0]
        return F.prelu(x, weight)

    def _shown(self):
        return f"({self.nOutputPlane})"


class AddConstant(_InPlace):
    """AddConstant(constant_scalar, inplace=False): x + constant"""

    def __init__(self, constant_scalar, inplace=False):
        super().__init__(inplace)
        self.constant_scalar = constant_scalar

    def compute(self, x):
        return x + self.constant_scalar


class MulConstant(_InPlace):
    """MulConstant(constant_scalar, inplace=False): x times constant"""

    def __init__(self, constant_scalar, inplace=False):
        super().__init__(inplace)
        self.constant_scalar = constant_scalar

    def compute(self, x):
        return x * self.constant_scalar


# ---- along a dimension


def _planes(x):
    """The dimension of the features: the first of 1 or 3, the second of 2 or 4."""
    if not 1 <= x.dim() <= 4:
        raise RuntimeError(f"SoftMax: the input must have 1 to 4 dimensions, got {tuple(x.shape)}")
    return 0 if x.dim() in (1, 3) else 1


class SoftMax(OpModule):
    """SoftMax(): e^x / sum of e^x over the features: dimension 0 of 1 or 3, or 1 of 2 or 4"""

    def compute(self, x):
        return F.softmax(x, _planes(x))


class SoftMin(OpModule):
    """SoftMin(): SoftMax of -x"""

    def compute(self, x):
        return F.softmax(-x, _planes(x))


class LogSoftMax(OpModule):
    """LogSoftMax(): log of SoftMax"""

    def compute(self, x):
        return F.log_softmax(x, _planes(x))


class SpatialSoftMax(SoftMax):
    """SpatialSoftMax(): SoftMax over the planes of images (C, H, W) or (N, C, H, W)"""


class Normalize(OpModule):
    """Normalize(p, eps=1e-10): x / (sum of |x|^p + eps)^(1/p) along rows (N, D) or of a vector (D); p may be inf"""

    def __init__(self, p, eps=1e-10):
        super().__init__()
        if p <= 0:
            raise ValueError(f"Normalize: p must be positive, got {p}")
        self.p, self.eps = p, eps

    def compute(self, x):
        if x.dim() not in (1, 2):
            raise RuntimeError(f"Normalize: only vectors and matrices are normalised, got {tuple(x.shape)}")
        if self.p == float("inf"):
            return x / (x.abs().max(-1, keepdim=True)[0] + self.eps)
        return x / ((x.abs() ** self.p).sum(-1, keepdim=True) + self.eps) ** (1 / self.p)

    def _shown(self):
        return f"({self.p})"


# ---- noise


class _Noise(_InPlace):
    """The base of modules that drop elements with probability p; `noise` has the factors of the last forward."""

    _cleared = ("noise",)

    def __init__(self, p=0.5, inplace=False):
        super().__init__(inplace)
        if not 0 <= p < 1:
            raise ValueError(f"{type(self).__name__}: p must be from [0, 1), got {p}")
        self.p = p
        self.noise = new_tensor()

    def setp(self, p):
        """setp(p): sets the probability."""
        self.p = p

    def _shown(self):
        return f"({self.p:.4f})"


class Dropout(_Noise):
    """Dropout(p=0.5, inplace=False): in training, each element is zero with probability p, and the others are divided
    by 1 - p; else x. `noise` has the factors."""

    def prepare(self, input):
        if self.train and self.p:
            self.noise = input.clone().bernoulli_(1 - self.p).div_(1 - self.p)

    def compute(self, x):
        return x * todays(self.noise) if self.train and self.p else x * 1


class _PlaneDropout(_Noise):
    """In training, each plane is zero with probability p; else x is multiplied by 1 - p."""

    _dims = 4

    def __init__(self, p=0.5):
        super().__init__(p)

    def prepare(self, input):
        if input.dim() not in (self._dims - 1, self._dims):
            raise RuntimeError(f"{self!r}: the input must have {self._dims} dimensions, got {tuple(input.size())}")
        lead = tuple(input.size())[: input.dim() - self._dims + 2]
        if self.train:
            self.noise = input.new(*lead, *(1,) * (self._dims - 2)).bernoulli_(1 - self.p)

    def compute(self, x):
        return x * todays(self.noise) if self.train else x * (1 - self.p)


class SpatialDropout(_PlaneDropout):
    """SpatialDropout(p=0.5): in training, each plane of images (N, C, H, W) or (C, H, W) is zero with probability p;
    else x is multiplied by 1 - p"""


class VolumetricDropout(_PlaneDropout):
    """VolumetricDropout(p=0.5): SpatialDropout for (N, C, T, H, W) or (C, T, H, W)"""

    _dims = 5


# ---- other gradients than the function's own


class GradientReversal(Module):
    """GradientReversal(lambd=1): x; the gradient is multiplied by -lambd (Ganin and Lempitsky, 2015)"""

    def __init__(self, lambd=1):
        super().__init__()
        self.lambd = lambd

    def setLambda(self, lambd):
        """setLambda(lambd): sets the factor."""
        self.lambd = lambd

    def updateOutput(self, input):
        """updateOutput(input) -> input"""
        self.output = input
        return self.output

    def updateGradInput(self, input, gradOutput):
        """updateGradInput(input, gradOutput) -> -lambd gradOutput"""
        self.gradInput = gradOutput * -self.lambd
        return self.gradInput


class L1Penalty(Module):
    """L1Penalty(l1weight, sizeAverage=False, provideOutput=True): x, with l1weight |x| added to the loss

    `loss` is the sum of l1weight |x| (with sizeAverage, the mean), whose gradient is added to gradOutput, or is all of
    the gradient without provideOutput.
    """

    def __init__(self, l1weight, sizeAverage=False, provideOutput=True):
        super().__init__()
        self.l1weight, self.sizeAverage, self.provideOutput = l1weight, sizeAverage, provideOutput
        self.loss = 0

    def _factor(self, input):
        return self.l1weight / input.numel() if self.sizeAverage else self.l1weight

    def updateOutput(self, input):
        """updateOutput(input) -> input"""
        self.loss = self._factor(input) * input.norm(1)
        self.output = input
        return self.output

    def updateGradInput(self, input, gradOutput):
        """updateGradInput(input, gradOutput) -> gradOutput + l1weight sign(input)"""
        self.gradInput = input.sign() * self._factor(input)
        if self.provideOutput:
            self.gradInput.add_(gradOutput)
        return self.gradInput
