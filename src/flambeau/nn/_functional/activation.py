"""Activations. `inplace=True` writes the result into the input and returns it."""

import flambeau as fb

from ...errors import warn_user
from .primitives import op


def _choose(name, input, inplace, *args):
    return getattr(op, f"{name}_" if inplace else name)(input, *args)


def relu(input, inplace=False):
    """max(0, x); (*) -> (*)"""
    return _choose("relu", input, inplace)


def relu_(input):
    """`relu` in place."""
    return input.relu_()


def leaky_relu(input, negative_slope=0.01, inplace=False):
    """x where x > 0, else negative_slope * x; (*) -> (*)"""
    return _choose("leaky_relu", input, inplace, negative_slope)


def elu(input, alpha=1.0, inplace=False):
    """x where x > 0, else alpha * (exp(x) - 1); (*) -> (*)"""
    return _choose("elu", input, inplace, alpha)


def selu(input, inplace=False):
    """scale * elu(x, alpha) with the constants of Klambauer et al., 2017; (*) -> (*)"""
    return _choose("selu", input, inplace)


def celu(input, alpha=1.0, inplace=False):
    """max(0, x) + min(0, alpha * (exp(x / alpha) - 1)); (*) -> (*)"""
    return _choose("celu", input, inplace, alpha)


def silu(input, inplace=False):
    """x * sigmoid(x); (*) -> (*)"""
    return _choose("silu", input, inplace)


def mish(input, inplace=False):
    """x * tanh(softplus(x)); (*) -> (*)"""
    return _choose("mish", input, inplace)


def hardtanh(input, min_val=-1.0, max_val=1.0, inplace=False):
    """x limited to [min_val, max_val]; (*) -> (*)"""
    return _choose("hardtanh", input, inplace, min_val, max_val)


def relu6(input, inplace=False):
    """min(max(0, x), 6); (*) -> (*)"""
    return _choose("relu6", input, inplace)


def hardsigmoid(input, inplace=False):
    """min(max(0, x + 3), 6) / 6; (*) -> (*)"""
    return _choose("hardsigmoid", input, inplace)


def hardswish(input, inplace=False):
    """x * hardsigmoid(x); (*) -> (*)"""
    return _choose("hardswish", input, inplace)


def threshold(input, threshold, value, inplace=False):
    """x where x > threshold, else value; (*) -> (*)"""
    return _choose("threshold", input, inplace, threshold, value)


def tanhshrink(input):
    """x - tanh(x); (*) -> (*)"""
    return input - input.tanh()


def softsign(input):
    """x / (1 + |x|); (*) -> (*)"""
    return input / (input.abs() + 1)


def glu(input, dim=-1):
    """a * sigmoid(b), where a and b are the halves of x along `dim`

    (*, 2 K, *) with 2 K at `dim` -> (*, K, *).
    """
    if input.dim() == 0:
        raise RuntimeError("glu does not support scalars because halving size must be even")
    size = input.size(dim)
    if size % 2:
        raise RuntimeError(
            f"Halving dimension must be even, but dimension {dim % input.dim()} is size {size}"
        )
    return input.narrow(dim, 0, size // 2) * input.narrow(dim, size // 2, size // 2).sigmoid()


def rrelu(input, lower=1.0 / 8, upper=1.0 / 3, training=False, inplace=False):
    """leaky_relu with a slope drawn from U(lower, upper) for each element (not training: their mean)

    (*) -> (*).
    """
    return (op.rrelu_ if inplace else op.rrelu)(input, lower, upper, training)


def _implicit_dim(name, dims):
    warn_user(
        f"Implicit dimension choice for {name} has been deprecated. Change the call to include dim=X as an argument."
    )
    return 0 if dims in (0, 1, 3) else 1


def softmax(input, dim=None, _stacklevel=3, dtype=None):
    """exp(x) / sum(exp(x)) along `dim`; dtype: cast to it first; (*) -> (*)"""
    if dim is None:
        dim = _implicit_dim("softmax", input.dim())
    return op.softmax(input, dim) if dtype is None else op.softmax(input.to(dtype), dim)


def log_softmax(input, dim=None, _stacklevel=3, dtype=None):
    """log of `softmax`, without overflow; (*) -> (*)"""
    if dim is None:
        dim = _implicit_dim("log_softmax", input.dim())
    return op.log_softmax(input, dim) if dtype is None else op.log_softmax(input.to(dtype), dim)


def softmin(input, dim=None, _stacklevel=3, dtype=None):
    """softmax(-x); (*) -> (*)"""
    if dim is None:
        dim = _implicit_dim("softmin", input.dim())
    return softmax(-input, dim, dtype=dtype)


def gumbel_softmax(logits, tau=1, hard=False, eps=1e-10, dim=-1):
    """A sample of the Gumbel-softmax distribution (Jang et al., 2017).

    hard: a one-hot sample whose gradient is the soft one's.
    (*) -> (*).
    """
    exponential = fb.empty_like(logits, memory_format=fb.contiguous_format, requires_grad=False).exponential_()
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
    return op.threshold_(input, threshold, value)


def rrelu_(input, lower=1.0 / 8, upper=1.0 / 3, training=False):
    """`rrelu` in place."""
    return rrelu(input, lower, upper, training, inplace=True)
