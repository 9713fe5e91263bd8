"""Batch normalisation folded into the layer before it, for evaluation.

What evaluates y = gamma (x - mean) / sqrt(var + eps) + beta on x = W a + b is the layer with the weights
W gamma / sqrt(var + eps) and the bias (b - mean) gamma / sqrt(var + eps) + beta.
"""

import copy

import flambeau as fb

from ..parameter import Parameter


def _scale_and_shift(bias, mean, var, eps, gamma, beta):
    """(factor of each output, the new bias)."""
    bias = fb.zeros_like(mean) if bias is None else bias
    gamma = fb.ones_like(mean) if gamma is None else gamma
    beta = fb.zeros_like(mean) if beta is None else beta
    scale = gamma * fb.rsqrt(var + eps)
    return scale, (bias - mean) * scale + beta


def _parameters(weight, bias, new_weight, new_bias):
    """The new values as Parameters, in the dtypes of the old ones and with gradients where these had."""
    old_bias = weight if bias is None else bias
    return (
        Parameter(new_weight.detach().to(weight.dtype), weight.requires_grad),
        Parameter(new_bias.detach().to(old_bias.dtype), old_bias.requires_grad),
    )


def fuse_conv_bn_weights(conv_w, conv_b, bn_rm, bn_rv, bn_eps, bn_w, bn_b, transpose=False):
    """fuse_conv_bn_weights(conv_w, conv_b, bn_rm, bn_rv, bn_eps, bn_w, bn_b, transpose=False) -> (weight, bias)

    The Parameters of a convolution that does what one with weight conv_w and bias conv_b (or None), followed by batch
    normalisation with running mean bn_rm, running variance bn_rv, scale bn_w and shift bn_b (each or None), does in
    evaluation. transpose: conv_w is that of a transposed convolution, (C_in, C_out / groups, *).
    """
    scale, bias = _scale_and_shift(conv_b, bn_rm, bn_rv, bn_eps, bn_w, bn_b)
    if not transpose:
        weight = conv_w * scale.reshape(-1, *[1] * (conv_w.dim() - 1))
    else:
        inputs, outputs, *kernel = conv_w.shape
        groups = scale.numel() // outputs
        grouped = conv_w.reshape(groups, inputs // groups, outputs, *kernel)
        weight = (grouped * scale.reshape(groups, 1, outputs, *[1] * len(kernel))).reshape(conv_w.shape)
    return _parameters(conv_w, conv_b, weight, bias)


def fuse_linear_bn_weights(linear_w, linear_b, bn_rm, bn_rv, bn_eps, bn_w, bn_b):
    """fuse_linear_bn_weights(linear_w, linear_b, bn_rm, bn_rv, bn_eps, bn_w, bn_b) -> (weight, bias)

    As `fuse_conv_bn_weights`, for a Linear layer.
    """
    scale, bias = _scale_and_shift(linear_b, bn_rm, bn_rv, bn_eps, bn_w, bn_b)
    return _parameters(linear_w, linear_b, linear_w * scale.unsqueeze(-1), bias)


def _check(layer, bn):
    if layer.training or bn.training:
        raise AssertionError("Fusion only for eval!")
    if bn.running_mean is None or bn.running_var is None:
        raise AssertionError("bn.running_mean and bn.running_var must not be None")


def fuse_conv_bn_eval(conv, bn, transpose=False):
    """fuse_conv_bn_eval(conv, bn, transpose=False) -> a copy of the convolution that does what both do

    conv and bn in evaluation mode; transpose: conv is a transposed convolution. Raises AssertionError in training mode
    or without running statistics.
    """
    _check(conv, bn)
    fused = copy.deepcopy(conv)
    statistics = bn.running_mean, bn.running_var, bn.eps, bn.weight, bn.bias
    fused.weight, fused.bias = fuse_conv_bn_weights(fused.weight, fused.bias, *statistics, transpose)
    return fused


def fuse_linear_bn_eval(linear, bn):
    """fuse_linear_bn_eval(linear, bn) -> a copy of the Linear layer that does what both do

    linear and bn in evaluation mode; bn has as many features as linear has outputs, or one. Raises AssertionError
    otherwise, in training mode and without running statistics.
    """
    _check(linear, bn)
    if bn.num_features not in (linear.out_features, 1):
        raise AssertionError(
            "To fuse, linear.out_features == bn.num_features or bn.num_features == 1, got "
            f"linear.out_features={linear.out_features} and bn.num_features={bn.num_features}"
        )
    fused = copy.deepcopy(linear)
    statistics = bn.running_mean, bn.running_var, bn.eps, bn.weight, bn.bias
    fused.weight, fused.bias = fuse_linear_bn_weights(fused.weight, fused.bias, *statistics)
    return fused
