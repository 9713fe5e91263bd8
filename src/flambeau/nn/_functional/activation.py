"""Activations. `inplace=True` writes the result into the input and returns it."""

import warnings

import flambeau as fb

from .primitives import inplace as write_into
from .primitives import op


def _choose(fn, input, inplace, *args):
    return write_into(fn, input, *args) if inplace else fn(input, *args)


def relu(input, inplace=False):
    """max(0, x)"""
    return input.relu_() if inplace else op.relu(input)


def relu_(input):
    """`relu` in place."""
    return input.relu_()


def leaky_relu(input, negative_slope=0.01, inplace=False):
    """x where x > 0, else negative_slope * x"""
    return _choose(op.leaky_relu, input, inplace, negative_slope)


def elu(input, alpha=1.0, inplace=False):
    """x where x > 0, else alpha * (exp(x) - 1)"""
    return _choose(op.elu, input, inplace, alpha)


def _selu(input):
    scale, alpha = 1.0507009873554804934193349852946, 1.6732632423543772848170429916717
    return op.elu(input, alpha) * scale


def selu(input, inplace=False):
    """scale * elu(x, alpha) with the constants of Klambauer et al., 2017."""
    return _choose(_selu, input, inplace)


def _celu(input, alpha):
    return fb.where(input > 0, input, (input.clamp(max=0) / alpha).expm1() * alpha)


def celu(input, alpha=1.0, inplace=False):
    """max(0, x) + min(0, alpha * (exp(x / alpha) - 1))"""
    if alpha == 0:
        raise RuntimeError("ZeroDivisionError: alpha cannot be 0 for CELU")
    return _choose(_celu, input, inplace, alpha)


def silu(input, inplace=False):
    """x * sigmoid(x)"""
    return _choose(op.silu, input, inplace)


def _mish(input):
    return input * op.softplus(input).tanh()


def mish(input, inplace=False):
    """x * tanh(softplus(x))"""
    return _choose(_mish, input, inplace)


def _hardtanh(input, min_val, max_val):
    # Not clamp alone: at the two corners the gradient of hardtanh is 0, that of clamp 1.
    inside = (input > min_val) & (input < max_val)
    return fb.where(inside, input, input.detach().clamp(min_val, max_val))


def hardtanh(input, min_val=-1.0, max_val=1.0, inplace=False):
    """x limited to [min_val, max_val]"""
    if min_val > max_val:
        raise ValueError("min_val cannot be greater than max_val")
    return _choose(_hardtanh, input, inplace, min_val, max_val)


def relu6(input, inplace=False):
    """min(max(0, x), 6)"""
    return _choose(_hardtanh, input, inplace, 0.0, 6.0)


def _hardsigmoid(input):
    return _hardtanh(input + 3, 0.0, 6.0) / 6


def hardsigmoid(input, inplace=False):
    """min(max(0, x + 3), 6) / 6"""
    return _choose(_hardsigmoid, input, inplace)


def _hardswish(input):
    return input * _hardsigmoid(input)


def hardswish(input, inplace=False):
    """x * hardsigmoid(x)"""
    return _choose(_hardswish, input, inplace)


def _threshold(input, threshold, value):
    return fb.where(input <= threshold, fb.full_like(input, value), input)


def threshold(input, threshold, value, inplace=False):
    """x where x > threshold, else value"""
    return _choose(_threshold, input, inplace, threshold, value)


def hardshrink(input, lambd=0.5):
    """x where |x| > lambd, else 0"""
    return fb.where(input.abs() <= lambd, fb.zeros_like(input), input)


def softshrink(input, lambd=0.5):
    """x moved by lambd towards 0, 0 where |x| <= lambd"""
    if lambd < 0:
        raise RuntimeError(f"lambda must be greater or equal to 0, but found to be {lambd}.")
    # input * 0 and not zeros: NaN stays NaN.
    return fb.where(input > lambd, input - lambd, fb.where(input < -lambd, input + lambd, input * 0))


def tanhshrink(input):
    """x - tanh(x)"""
    return input - input.tanh()


def softsign(input):
    """x / (1 + |x|)"""
    return input / (input.abs() + 1)


def logsigmoid(input):
    """log(1 / (1 + exp(-x))), without overflow"""
    # From 40 on, softplus(x) is x to the last bit of a float64.
    return -op.softplus(-input, 1.0, 40.0)


def glu(input, dim=-1):
    """a * sigmoid(b), where a and b are the halves of x along `dim`"""
    if input.dim() == 0:
        raise RuntimeError("glu does not support 0-dimensional tensors")
    size = input.size(dim)
    if size % 2:
        raise RuntimeError(
            f"Halving dimension must be even, but dimension {dim % input.dim()} is size {size}"
        )
    return input.narrow(dim, 0, size // 2) * input.narrow(dim, size // 2, size // 2).sigmoid()


def prelu(input, weight):
    """x where x > 0, else weight * x; weight has one element or one for each channel (dimension 1)"""
    if weight.numel() != 1:
        channels = input.size(1) if input.dim() > 1 else 1
        if weight.numel() != channels:
            raise RuntimeError(
                f"Mismatch of parameter numbers and input channel size. Found parameter numbers = {weight.numel()} "
                f"and channel size = {channels}."
            )
        weight = weight.reshape(1, channels, *[1] * (input.dim() - 2))
    elif input.dim() == 0:
        weight = weight.reshape(())
    return fb.where(input > 0, input, weight * input)


def _rrelu(input, lower, upper, training):
    if not training:
        return op.leaky_relu(input, (lower + upper) / 2)
    slope = fb.empty_like(input.detach()).uniform_(lower, upper)
    return fb.where(input > 0, input, slope * input)


def rrelu(input, lower=1.0 / 8, upper=1.0 / 3, training=False, inplace=False):
    """leaky_relu with a slope drawn from U(lower, upper) for each element (not training: their mean)"""
    return _choose(_rrelu, input, inplace, lower, upper, training)


def _implicit_dim(name, dims):
    warnings.warn(
        f"Implicit dimension choice for {name} has been deprecated. "
        "Change the call to include dim=X as an argument.",
        stacklevel=4,
    )
    return 0 if dims in (0, 1, 3) else 1


def softmax(input, dim=None, _stacklevel=3, dtype=None):
    """exp(x) / sum(exp(x)) along `dim`; dtype: cast to it first"""
    if dim is None:
        dim = _implicit_dim("softmax", input.dim())
    return op.softmax(input, dim) if dtype is None else op.softmax(input.to(dtype), dim)


def log_softmax(input, dim=None, _stacklevel=3, dtype=None):
    """log of `softmax`, without overflow"""
    if dim is None:
        dim = _implicit_dim("log_softmax", input.dim())
    return op.log_softmax(input, dim) if dtype is None else op.log_softmax(input.to(dtype), dim)


def softmin(input, dim=None, _stacklevel=3, dtype=None):
    """softmax(-x)"""
    if dim is None:
        dim = _implicit_dim("softmin", input.dim())
    return softmax(-input, dim, dtype=dtype)


def gumbel_softmax(logits, tau=1, hard=False, eps=1e-10, dim=-1):
    """A sample of the Gumbel-softmax distribution (Jang et al., 2017).

    hard: a one-hot sample whose gradient is the soft one's.
    """
    uniform = fb.rand(logits.shape, dtype=logits.dtype, device=logits.device)
    exponential = (-(-uniform).log1p()).clamp(min=fb.finfo(logits.dtype).tiny)
    soft = op.softmax((logits - exponential.log()) / tau, dim)
    if not hard:
        return soft
    index = soft.detach().argmax(dim, keepdim=True)
    one_hot = fb.zeros_like(soft.detach()).scatter_(dim, index, 1.0)
    return one_hot - soft.detach() + soft


def leaky_relu_(input, negative_slope=0.01):
    """`leaky_relu` in place."""
    return leaky_relu(input, negative_slope, inplace=True)


def elu_(input, alpha=1.0):
    """`elu` in place."""
    return elu(input, alpha, inplace=True)


def selu_(input):
    """`selu` in place."""
    return selu(input, inplace=True)


def celu_(input, alpha=1.0):
    """`celu` in place."""
    return celu(input, alpha, inplace=True)


def hardtanh_(input, min_val=-1.0, max_val=1.0):
    """`hardtanh` in place."""
    return hardtanh(input, min_val, max_val, inplace=True)


def threshold_(input, threshold, value):
    """`threshold` in place."""
    return write_into(_threshold, input, threshold, value)


def rrelu_(input, lower=1.0 / 8, upper=1.0 / 3, training=False):
    """`rrelu` in place."""
    return rrelu(input, lower, upper, training, inplace=True)
