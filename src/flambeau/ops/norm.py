"""Normalisation by means and variances: of batches, layers and groups of channels.

Backward takes the fused gradient kernels, except where it is itself recorded (`create_graph=True`): there it
computes the same in differentiable operations, from statistics that depend on the input.
"""

import math
import operator

from .. import _core
from ..memory_format import contiguous_format, in_format, suggested
from ._args import check_tensor
from .op import Op, composite


def _standardized(x, dims, eps):
    """(x - mean) / std and 1 / std over dims, differentiably."""
    centred = x - x.mean(dims, keepdim=True)
    rstd = ((centred * centred).mean(dims, keepdim=True) + eps).rsqrt()
    return centred * rstd, rstd


def _standardized_grad(grad, xhat, rstd, dims):
    """The gradient of the first result of _standardized in x (Ioffe & Szegedy 2015, section 3)."""
    along = (grad * xhat).mean(dims, keepdim=True)
    return rstd * (grad - grad.mean(dims, keepdim=True) - xhat * along)


def _check_parameters(input, **parameters):
    """All of the dtype of the input, or float32 beside a half precision input."""
    dtypes = {p.dtype for p in parameters.values() if p is not None}
    mixed = input.dtype.itemsize == 2 and all(d.name == "float32" for d in dtypes)
    if dtypes and dtypes != {input.dtype} and not mixed:
        given = ", ".join(f"{name} {p.dtype}" for name, p in parameters.items() if p is not None)
        raise RuntimeError(
            "mixed dtype (CPU): expect parameter to have scalar type of Float, or that of the input; "
            f"got input {input.dtype}, {given}"
        )


def _check_layer_input(name, input, weight, bias):
    """As _check_float; before integers are refused as such, they are as not of the dtype of the parameters."""
    check_tensor(input, name)
    for argument, p in (("weight", weight), ("bias", bias)):
        if p is not None:
            check_tensor(p, name, argument)
    _check_parameters(input, weight=weight, bias=bias)
    _check_float(name, input)


def _check_float(name, input):
    check_tensor(input, name)
    if not input.is_floating_point():
        raise NotImplementedError(
            f"\"{name}\" not implemented for '{input.dtype.title}': convert to a float type first"
        )


# ---- batch norm


class NativeBatchNorm(Op, name="_batch_norm"):
    """`batch_norm` on checked arguments; in training mode it moves the running statistics, given as arrays, in
    place.
    """

    @staticmethod
    def forward(ctx, input, weight, bias, running_mean, running_var, training, momentum, eps):
        k = ctx.k
        if training:
            mean, var = k.moments(input, (0, *range(2, input.ndim)))
            if running_mean is not None and input.size:
                count = input.size // input.shape[1]
                k.update_running(running_mean, mean, momentum)
                k.update_running(
                    running_var,
                    var * var.dtype.type(count / (count - 1) if count > 1 else math.nan),
                    momentum,
                )
        else:
            mean, var = running_mean, running_var
        if ctx.recording:
            ctx.save_for_backward(input, weight, mean, k.inverse_std(var, eps))
            ctx.training, ctx.eps = training, eps
        return in_format(k.batch_norm(input, weight, bias, mean, var, eps), suggested(input))

    @staticmethod
    def backward(ctx, grad):
        input, weight, mean, invstd = ctx.saved
        if not _core.is_grad_enabled():
            return BatchNormGrad.apply(grad, input, weight, mean, invstd, ctx.training)
        dims, shape = (0, *range(2, input.ndim)), (-1, *(1,) * (input.ndim - 2))
        to_xhat = grad if weight is None else grad * weight.reshape(shape)
        if ctx.training:
            xhat, rstd = _standardized(input, dims, ctx.eps)
            to_input = _standardized_grad(to_xhat, xhat, rstd, dims)
        else:
            rstd = invstd.reshape(shape)
            xhat, to_input = (input - mean.reshape(shape)) * rstd, to_xhat * rstd
        return (
            to_input,
            (grad * xhat).sum(dims) if ctx.needs(1) else None,
            grad.sum(dims) if ctx.needs(2) else None,
        )


class BatchNormGrad(Op, name="_batch_norm_grad"):
    """The three gradients of batch_norm in one pass."""

    @staticmethod
    def forward(ctx, grad, input, weight, mean, invstd, training):
        return ctx.k.batch_norm_grad(grad, input, weight, mean, invstd, training)


@composite()
def batch_norm(
    input, running_mean, running_var, weight=None, bias=None, training=False, momentum=0.1, eps=1e-5
):
    """batch_norm(input, running_mean, running_var, weight=None, bias=None, training=False, momentum=0.1, eps=1e-5)
    -> Tensor

    (input - mean) / sqrt(var + eps) * weight + bias for each channel of input (N, C, *); the others (C,) or
    None. Training: mean and (biased) variance are those of the batch, and running = (1 - momentum) running +
    momentum batch, in place, with the unbiased variance; otherwise they are the running ones. Ioffe & Szegedy
    2015, https://arxiv.org/abs/1502.03167. Raises RuntimeError when sizes or dtypes do not fit.
    """
    _check_float("batch_norm", input)
    if input.ndim < 2:
        raise RuntimeError(
            f"batch_norm: expected an input (N, C, *) of 2 or more dimensions, got {list(input.shape)}"
        )
    parameters = dict(running_mean=running_mean, running_var=running_var, weight=weight, bias=bias)
    channels = input.shape[1]
    for name, p in parameters.items():
        if p is None:
            if not training and name.startswith("running"):
                raise RuntimeError(f"{name} must be defined in evaluation mode")
            continue
        check_tensor(p, "batch_norm", name)
        if tuple(p.shape) != (channels,):
            raise RuntimeError(f"{name} should contain {channels} elements not {p.numel()}")
    if (running_mean is None) != (running_var is None):
        raise ValueError("running_mean and running_var must either both be None or neither be None")
    if training and eps <= 0:
        raise ValueError(f"batch_norm eps must be positive during training, but got {eps}")
    _check_parameters(input, **parameters)
    out = NativeBatchNorm.apply(input, weight, bias, running_mean, running_var, bool(training), momentum, eps)
    if training and running_mean is not None:
        _core.bump_version(running_mean)
        _core.bump_version(running_var)
    return out


# ---- layer norm


class NativeLayerNorm(Op, name="layer_norm"):
    """layer_norm(input, normalized_shape, weight=None, bias=None, eps=1e-5) -> Tensor

    (input - mean) / sqrt(var + eps) * weight + bias, with mean and (biased) variance over the last dimensions,
    whose sizes are normalized_shape, a tuple; weight and bias have that shape. (*, *normalized_shape) -> (*,
    *normalized_shape). Ba et al. 2016,
    https://arxiv.org/abs/1607.06450. Raises RuntimeError when sizes or dtypes do not fit.
    """

    @staticmethod
    def prepare(input, normalized_shape, weight=None, bias=None, eps=1e-5, cudnn_enable=True):
        _check_layer_input("layer_norm", input, weight, bias)
        if not isinstance(normalized_shape, (tuple, list)):
            raise TypeError(
                "layer_norm(): argument 'normalized_shape' (position 2) must be tuple of ints, "
                f"not {type(normalized_shape).__name__}"
            )
        shape = tuple([operator.index(n) for n in normalized_shape])
        if not shape:
            raise RuntimeError(
                "Expected normalized_shape to be at least 1-dimensional, i.e., containing at least one element, "
                "but got "
                "normalized_shape = []"
            )
        for name, p in (("weight", weight), ("bias", bias)):
            if p is not None and p.shape != shape:
                raise RuntimeError(
                    f"Expected {name} to be of same shape as normalized_shape, but got {name} of shape "
                    f"{list(p.shape)} and "
                    f"normalized_shape = {list(shape)}"
                )
        if input.shape[-len(shape) :] != shape:
            raise RuntimeError(
                f"Given normalized_shape={list(shape)}, expected input with shape [*, "
                f"{', '.join(map(str, shape))}], but got "
                f"input of size{list(input.shape)}"
            )
        return input, len(shape), weight, bias, eps

    @staticmethod
    def forward(ctx, input, n, weight, bias, eps):
        out, mean, rstd = ctx.k.layer_norm(input, n, weight, bias, eps)
        ctx.save_for_backward(input, weight, mean, rstd)
        ctx.n, ctx.eps = n, eps
        return in_format(out, contiguous_format)

    @staticmethod
    def backward(ctx, grad):
        input, weight, mean, rstd = ctx.saved
        if not _core.is_grad_enabled():
            to_input, to_weight, to_bias = LayerNormGrad.apply(grad, input, weight, mean, rstd, ctx.n)
            return to_input, None, to_weight, to_bias
        dims = tuple(range(-ctx.n, 0))
        xhat, rstd = _standardized(input, dims, ctx.eps)
        to_input = _standardized_grad(grad if weight is None else grad * weight, xhat, rstd, dims)
        return to_input, None, grad * xhat if ctx.needs(2) else None, grad


class LayerNormGrad(Op, name="_layer_norm_grad"):
    """The three gradients of layer_norm in one pass."""

    @staticmethod
    def forward(ctx, grad, input, weight, mean, rstd, n):
        return ctx.k.layer_norm_grad(grad, input, weight, mean, rstd, n)


# ---- group norm


class NativeGroupNorm(Op, name="group_norm"):
    """group_norm(input, num_groups, weight=None, bias=None, eps=1e-5) -> Tensor

    input (N, C, *) normalised by mean and (biased) variance over each of num_groups runs of channels of each
    sample, then times weight (C,) plus bias (C,). Wu & He 2018, https://arxiv.org/abs/1803.08494. Raises
    RuntimeError when the groups do not divide the channels, or sizes or dtypes do not fit.
    """

    @staticmethod
    def prepare(input, num_groups, weight=None, bias=None, eps=1e-5, cudnn_enabled=True):
        _check_layer_input("group_norm", input, weight, bias)
        shape, groups = list(input.shape), operator.index(num_groups)
        if len(shape) < 2:
            raise RuntimeError(f"Expected at least 2 dimensions for input tensor but received {len(shape)}")
        if groups < 1:
            raise RuntimeError(f"Expected num groups to be greater than 0, got {groups}")
        if shape[1] % groups:
            raise RuntimeError(
                "Expected number of channels in input to be divisible by num_groups, but got input of shape "
                f"{shape} and num_groups={groups}"
            )
        if shape[0] * (shape[1] // groups) * math.prod(shape[2:]) == 1:
            raise ValueError(f"Expected more than 1 value per channel when training, got input size {shape}")
        for name, p in (("weight", weight), ("bias", bias)):
            if p is not None and tuple(p.shape) != (shape[1],):
                raise RuntimeError(
                    f"Expected {name} to be a vector of size equal to the number of channels in input, but got "
                    f"{name} of "
                    f"shape {list(p.shape)} and input of shape {shape}"
                )
        return input, groups, weight, bias, eps

    @staticmethod
    def forward(ctx, input, groups, weight, bias, eps):
        out, mean, rstd = ctx.k.group_norm(input, groups, weight, bias, eps)
        ctx.save_for_backward(input, weight, mean, rstd)
        ctx.groups, ctx.eps = groups, eps
        return in_format(out, suggested(input))

    @staticmethod
    def backward(ctx, grad):
        input, weight, mean, rstd = ctx.saved
        if not _core.is_grad_enabled():
            to_input, to_weight, to_bias = GroupNormGrad.apply(grad, input, weight, mean, rstd, ctx.groups)
            return to_input, None, to_weight, to_bias
        dims, shape = (0, *range(2, input.ndim)), tuple(input.shape)
        grouped = (shape[0], ctx.groups, shape[1] // ctx.groups * math.prod(shape[2:]))
        to_xhat = grad if weight is None else grad * weight.reshape(-1, *(1,) * (input.ndim - 2))
        xhat, rstd = _standardized(input.reshape(grouped), (2,), ctx.eps)
        to_input = _standardized_grad(to_xhat.reshape(grouped), xhat, rstd, (2,)).reshape(shape)
        to_weight = (grad * xhat.reshape(shape)).sum(dims) if ctx.needs(2) else None
        return to_input, None, to_weight, grad.sum(dims) if ctx.needs(3) else None


class GroupNormGrad(Op, name="_group_norm_grad"):
    """The three gradients of group_norm in one pass."""

    @staticmethod
    def forward(ctx, grad, input, weight, mean, rstd, groups):
        return ctx.k.group_norm_grad(grad, input, weight, mean, rstd, groups)
