"""Normalisation."""

import flambeau as fb
from flambeau.autograd.function import Function, once_differentiable
from flambeau.ops.autocast import install

from .primitives import op


def _check_more_than_one_value(shape):
    count = shape[0]
    for size in shape[2:]:
        count *= size
    if count == 1:
        raise ValueError(f"Expected more than 1 value per channel when training, got input size {shape}")


def batch_norm(
    input, running_mean, running_var, weight=None, bias=None, training=False, momentum=0.1, eps=1e-5
):
    """Normalise each channel (dimension 1) over all other dimensions (Ioffe and Szegedy, 2015).

    training: with the batch's statistics, which also move the running ones by `momentum`; else with the running ones.
    (N, C, *) -> (N, C, *); statistics, weight and bias (C).
    """
    if training:
        _check_more_than_one_value(input.shape)
    return op.batch_norm(input, running_mean, running_var, weight, bias, training, momentum, eps)


def instance_norm(
    input,
    running_mean=None,
    running_var=None,
    weight=None,
    bias=None,
    use_input_stats=True,
    momentum=0.1,
    eps=1e-5,
):
    """Normalise each channel of each sample of (N, C, *) over * (Ulyanov et al., 2016)."""
    if not use_input_stats:
        if running_mean is None or running_var is None:
            raise RuntimeError(
                "Expected running_mean and running_var to be defined when use_input_stats is false"
            )
        return op.batch_norm(input, running_mean, running_var, weight, bias, False, momentum, eps)
    n, channels, *space = input.shape
    count = 1
    for size in space:
        count *= size
    if count == 1:
        raise ValueError(f"Expected more than 1 spatial element when training, got input size {input.shape}")
    # Every (sample, channel) is a channel of one sample for batch_norm.
    means = None if running_mean is None else running_mean.repeat(n)
    variances = None if running_var is None else running_var.repeat(n)
    scale = None if weight is None else weight.repeat(n)
    shift = None if bias is None else bias.repeat(n)
    folded = input.reshape(1, n * channels, *space)
    result = op.batch_norm(folded, means, variances, scale, shift, True, momentum, eps)
    with fb.no_grad():
        if means is not None:
            running_mean.copy_(means.reshape(n, channels).mean(0))
        if variances is not None:
            running_var.copy_(variances.reshape(n, channels).mean(0))
    return result.reshape(input.shape)


def rms_norm(input, normalized_shape, weight=None, eps=None):
    """x / sqrt(mean(x^2) + eps) over the last len(normalized_shape) dimensions (Zhang and Sennrich, 2019).

    (*, *normalized_shape) -> (*, *normalized_shape). eps: the machine epsilon of the dtype when None.
    """
    normalized_shape = tuple(normalized_shape)
    n = len(normalized_shape)
    if input.dim() < n:
        raise ValueError(f"Input tensor must have at least {n} dimensions, but got {input.dim()}")
    if not (input.is_floating_point() or input.is_complex()):
        raise NotImplementedError(
            f"\"rms_norm\" not implemented for '{input.dtype.title}': convert to a float type first"
        )
    if not n or tuple(input.shape[-n:]) != normalized_shape:
        raise RuntimeError(
            f"Given normalized_shape={list(normalized_shape)}, expected input with shape "
            f"[*, {', '.join(map(str, normalized_shape))}], but got input of size{list(input.shape)}"
        )
    if eps is None:
        eps = fb.finfo(input.dtype).eps
    dims = tuple(range(-n, 0))
    result = input * ((input * input).mean(dims, keepdim=True) + eps).rsqrt()
    return result if weight is None else (result * weight).to(input.dtype)


def local_response_norm(input, size, alpha=1e-4, beta=0.75, k=1.0):
    """x / (k + alpha * mean of x^2 over `size` neighbouring channels)^beta (Krizhevsky et al., 2012).

    (N, C, *) -> (N, C, *).
    """
    if input.dim() < 3:
        raise ValueError(
            f"Expected 3D or higher dimensionality                          input (got {input.dim()} dimensions)"
        )
    if input.numel() == 0:
        return input
    squares = input * input
    n, channels, *space = input.shape
    before = squares.new_zeros((n, size // 2, *space))
    after = squares.new_zeros((n, (size - 1) // 2, *space))
    padded = fb.cat([before, squares, after], 1)
    total = padded.narrow(1, 0, channels)
    for offset in range(1, size):
        total = total + padded.narrow(1, offset, channels)
    return input / (total * (alpha / size) + k) ** beta


def _sums_of_channels(x, before, after):
    """The sums over so many channels of (N, C, H, W) before and after each, and itself."""
    padded = op.pad(x, (0, 0, 0, 0, before, after))
    return sum(padded.narrow(1, offset, x.size(1)) for offset in range(before + after + 1))


class _CrossMapLRN(Function):
    @staticmethod
    def forward(ctx, input, size, alpha, beta, k):
        reach = (size - 1) // 2
        squares = input * input
        total = _sums_of_channels(squares, reach, reach)
        total[:, reach + 1 :] += squares[:, :1]
        scale = total * (alpha / size) + k
        output = input * scale**-beta
        ctx.save_for_backward(input, output, scale)
        ctx.options = size, alpha, beta
        return output

    @staticmethod
    @once_differentiable
    def backward(ctx, grad):
        input, output, scale = ctx.saved_tensors
        size, alpha, beta = ctx.options
        before = min(int(size - (size - 1) / 2), size - 1)
        ratio = _sums_of_channels(grad * output / scale, before, size - 1 - before)
        return grad * scale**-beta - input * ratio * (2 * alpha * beta / size), None, None, None, None


def cross_map_lrn2d(input, size, alpha, beta, k):
    """What `nn.CrossMapLRN2d` computes."""
    return _CrossMapLRN.apply(input, size, alpha, beta, k)


def normalize(input, p=2.0, dim=1, eps=1e-12, out=None):
    """x / max(||x||_p, eps) along `dim`; (*) -> (*)"""
    norm = input.norm(p, dim, keepdim=True).clamp(min=eps)
    return input / norm if out is None else fb.div(input, norm, out=out)


install("nn.functional", globals())
