"""Initialisers: fill a tensor in place, without recording, and return it.

They draw from the generator call by call as PyTorch's do, so that the same seed gives the same weights.
"""

import functools
import math
import warnings

import numpy as np

import flambeau as fb

_LINEAR = (
    "linear",
    "conv1d",
    "conv2d",
    "conv3d",
    "conv_transpose1d",
    "conv_transpose2d",
    "conv_transpose3d",
    "sigmoid",
)


def calculate_gain(nonlinearity, param=None):
    """The factor by which `nonlinearity` shrinks a standard normal signal, inverted.

    1 for linear maps, convolutions and sigmoid; 5/3 for tanh; sqrt(2) for relu; sqrt(2 / (1 + slope^2)) for
    leaky_relu (param: its negative slope, 0.01 by default); 3/4 for selu.
    """
    if nonlinearity in _LINEAR:
        return 1
    if nonlinearity == "tanh":
        return 5.0 / 3
    if nonlinearity == "relu":
        return math.sqrt(2.0)
    if nonlinearity == "leaky_relu":
        if param is None:
            slope = 0.01
        elif isinstance(param, (int, float)) and not isinstance(param, bool):
            slope = param
        else:
            raise ValueError(f"negative_slope {param} not a valid number")
        return math.sqrt(2.0 / (1 + slope**2))
    if nonlinearity == "selu":
        return 3.0 / 4
    raise ValueError(f"Unsupported nonlinearity {nonlinearity}")


def _unrecorded(fill):
    @functools.wraps(fill)
    def wrapped(*args, **kwargs):
        with fb.no_grad():
            return fill(*args, **kwargs)

    return wrapped


@_unrecorded
def uniform_(tensor, a=0.0, b=1.0, generator=None):
    """Fill with draws from U(a, b)."""
    return tensor.uniform_(a, b, generator=generator)


@_unrecorded
def normal_(tensor, mean=0.0, std=1.0, generator=None):
    """Fill with draws from N(mean, std^2)."""
    return tensor.normal_(mean, std, generator=generator)


@_unrecorded
def trunc_normal_(tensor, mean=0.0, std=1.0, a=-2.0, b=2.0, generator=None):
    """Fill with draws from N(mean, std^2) conditioned on lying in [a, b], by rejection."""

    def cdf(x):
        return (1.0 + math.erf(x / math.sqrt(2.0))) / 2.0

    if mean < a - 2 * std or mean > b + 2 * std:
        warnings.warn(
            "mean is more than 2 std from [a, b] in nn.init.trunc_normal_. "
            "The distribution of values may be incorrect.",
            stacklevel=3,
        )
    if cdf((b - mean) / std) - cdf((a - mean) / std) > 0.3:
        return _redraw_outside(tensor, mean, std, a, b, generator)
    return _redraw_refused(tensor, mean, std, a, b, generator)


def _redraw_outside(tensor, mean, std, a, b, generator):
    """Normal draws; those outside of [a, b] are drawn again. For intervals of much probability."""
    low, high = (fb.tensor(bound, dtype=tensor.dtype).item() for bound in (a, b))
    tensor.normal_(mean, std, generator=generator)
    outside = (tensor < low) | (tensor > high)
    while outside.any():
        fresh = fb.empty_like(tensor).normal_(mean, std, generator=generator)
        tensor.copy_(fb.where(outside, fresh, tensor))
        outside = (tensor < low) | (tensor > high)
    return tensor


def _redraw_refused(tensor, mean, std, a, b, generator):
    """Uniform draws from [a, b], each kept with probability density(x) / (largest density in [a, b])."""
    likeliest = max(a, min(mean, b))
    log_peak = -0.5 * ((likeliest - mean) / std) ** 2
    refused = None
    while refused is None or refused.any():
        drawn = fb.empty_like(tensor).uniform_(a, b, generator=generator)
        tensor.copy_(drawn if refused is None else fb.where(refused, drawn, tensor))
        log_ratio = drawn.sub_(mean).div_(std).pow_(2).mul_(-0.5).sub_(log_peak)
        again = fb.empty_like(tensor).uniform_(0, 1, generator=generator).log_() > log_ratio
        refused = again if refused is None else refused & again
    return tensor


@_unrecorded
def constant_(tensor, val):
    """Fill with `val`."""
    return tensor.fill_(val)


def ones_(tensor):
    """Fill with ones."""
    return constant_(tensor, 1.0)


def zeros_(tensor):
    """Fill with zeros."""
    return constant_(tensor, 0.0)


@_unrecorded
def eye_(tensor):
    """Make the 2-dimensional `tensor` the identity (ones on the diagonal, zeros elsewhere)."""
    if tensor.dim() != 2:
        raise ValueError("Only tensors with 2 dimensions are supported")
    return tensor.copy_(fb.eye(*tensor.shape, dtype=tensor.dtype, device=tensor.device))


@_unrecorded
def dirac_(tensor, groups=1):
    """Make a convolution weight (3, 4 or 5 dimensions) pass its input channels through, in each of `groups`."""
    dims = tensor.dim()
    if dims not in (3, 4, 5):
        raise ValueError("Only tensors with 3, 4, or 5 dimensions are supported")
    out_channels, in_channels, *kernel = tensor.shape
    if out_channels % groups:
        raise ValueError("dim 0 must be divisible by groups")
    per_group = out_channels // groups
    centre = tuple(size // 2 for size in kernel)
    tensor.zero_()
    for group in range(groups):
        for channel in range(min(per_group, in_channels)):
            tensor[(group * per_group + channel, channel, *centre)] = 1
    return tensor


def _calculate_fan_in_and_fan_out(tensor):
    """How many inputs reach one output and how many outputs one input reaches, for a weight (out, in, *kernel)."""
    if tensor.dim() < 2:
        raise ValueError("Fan in and fan out can not be computed for tensor with fewer than 2 dimensions")
    out_features, in_features, *kernel = tensor.shape
    field = math.prod(kernel)
    return in_features * field, out_features * field


def _calculate_correct_fan(tensor, mode):
    mode = mode.lower()
    if mode not in ("fan_in", "fan_out"):
        raise ValueError(f"Mode {mode} not supported, please use one of ['fan_in', 'fan_out']")
    fan_in, fan_out = _calculate_fan_in_and_fan_out(tensor)
    return fan_in if mode == "fan_in" else fan_out


def xavier_uniform_(tensor, gain=1.0, generator=None):
    """Fill from U(-a, a), a = gain sqrt(6 / (fan_in + fan_out)) (Glorot and Bengio, 2010)."""
    fan_in, fan_out = _calculate_fan_in_and_fan_out(tensor)
    std = gain * math.sqrt(2.0 / float(fan_in + fan_out))
    bound = math.sqrt(3.0) * std
    return uniform_(tensor, -bound, bound, generator)


def xavier_normal_(tensor, gain=1.0, generator=None):
    """Fill from N(0, std^2), std = gain sqrt(2 / (fan_in + fan_out)) (Glorot and Bengio, 2010)."""
    fan_in, fan_out = _calculate_fan_in_and_fan_out(tensor)
    std = gain * math.sqrt(2.0 / float(fan_in + fan_out))
    return normal_(tensor, 0.0, std, generator)


def kaiming_uniform_(tensor, a=0, mode="fan_in", nonlinearity="leaky_relu", generator=None):
    """Fill from U(-bound, bound), bound = gain sqrt(3 / fan) (He et al., 2015). a: slope of leaky_relu."""
    if _warn_if_empty(tensor):
        return tensor
    std = calculate_gain(nonlinearity, a) / math.sqrt(_calculate_correct_fan(tensor, mode))
    bound = math.sqrt(3.0) * std
    return uniform_(tensor, -bound, bound, generator)


def kaiming_normal_(tensor, a=0, mode="fan_in", nonlinearity="leaky_relu", generator=None):
    """Fill from N(0, std^2), std = gain / sqrt(fan) (He et al., 2015). a: slope of leaky_relu."""
    if _warn_if_empty(tensor):
        return tensor
    std = calculate_gain(nonlinearity, a) / math.sqrt(_calculate_correct_fan(tensor, mode))
    return normal_(tensor, 0.0, std, generator)


def _warn_if_empty(tensor):
    if 0 in tensor.shape:
        warnings.warn("Initializing zero-element tensors is a no-op", stacklevel=3)
        return True
    return False


@_unrecorded
def orthogonal_(tensor, gain=1, generator=None):
    """Fill with a (semi-)orthogonal matrix of rows shape[0] (Saxe et al., 2013): Q of a Gaussian, signs made unique."""
    if tensor.dim() < 2:
        raise ValueError("Only tensors with 2 or more dimensions are supported")
    if tensor.numel() == 0:
        return tensor
    rows = tensor.size(0)
    columns = tensor.numel() // rows
    gaussian = tensor.new_empty((rows, columns)).normal_(0, 1, generator=generator)
    matrix = gaussian.cpu().double().numpy()
    if rows < columns:
        matrix = matrix.T
    q, r = np.linalg.qr(matrix)
    q = q * np.sign(np.diag(r))
    if rows < columns:
        q = q.T
    tensor.copy_(fb.from_numpy(np.ascontiguousarray(q)).reshape(tensor.shape))
    return tensor.mul_(gain)


@_unrecorded
def sparse_(tensor, sparsity, std=0.01, generator=None):
    """Fill the 2-dimensional `tensor` from N(0, std^2), the fraction `sparsity` of each column zero (Martens, 2010)."""
    if tensor.dim() != 2:
        raise ValueError("Only tensors with 2 dimensions are supported")
    rows, columns = tensor.shape
    n_zeros = math.ceil(sparsity * rows)
    tensor.normal_(0, std, generator=generator)
    for column in range(columns):
        zeroed = fb.randperm(rows)[:n_zeros]
        tensor[zeroed, column] = 0
    return tensor


def _old_name(fill):
    new_name = fill.__name__
    old_name = new_name[:-1]

    def deprecated(*args, **kwargs):
        warnings.warn(
            f"`nn.init.{old_name}` is now deprecated in favor of `nn.init.{new_name}`.",
            FutureWarning,
            stacklevel=2,
        )
        return fill(*args, **kwargs)

    deprecated.__name__ = deprecated.__qualname__ = old_name
    deprecated.__doc__ = f"The older name of `{new_name}`."
    return deprecated


uniform = _old_name(uniform_)
normal = _old_name(normal_)
constant = _old_name(constant_)
eye = _old_name(eye_)
dirac = _old_name(dirac_)
xavier_uniform = _old_name(xavier_uniform_)
xavier_normal = _old_name(xavier_normal_)
kaiming_uniform = _old_name(kaiming_uniform_)
kaiming_normal = _old_name(kaiming_normal_)
orthogonal = _old_name(orthogonal_)
sparse = _old_name(sparse_)
