"""Base kernels of the activations with parameters: arrays first, then numbers.

Gradients get g, the gradient of the output, then what the op saved.
"""

from __future__ import annotations

import numpy as np

from ._xp import Array
from .pointwise import _kernel, logsigmoid, sigmoid


@_kernel
def leaky_relu(xp, x: Array, negative_slope: float) -> Array:
    """x where x > 0, else negative_slope x."""
    return xp.where(x > 0, x, x * negative_slope)


@_kernel
def leaky_relu_grad(xp, g: Array, x: Array, negative_slope: float) -> Array:
    return xp.where(x > 0, g, g * negative_slope)


@_kernel
def elu(xp, x: Array, alpha: float, scale: float, input_scale: float) -> Array:
    """scale x where x > 0, else scale alpha (exp(input_scale x) - 1)."""
    return xp.where(x > 0, x * scale, xp.expm1(xp.minimum(x, 0) * input_scale) * (alpha * scale))


@_kernel
def elu_grad(xp, g: Array, x: Array, alpha: float, scale: float, input_scale: float) -> Array:
    return g * xp.where(
        x > 0, scale, xp.exp(xp.minimum(x, 0) * input_scale) * (alpha * scale * input_scale)
    ).astype(g.dtype)


@_kernel
def softplus_scaled(xp, x: Array, beta: float, threshold: float) -> Array:
    """log(1 + exp(beta x)) / beta, and x where beta x > threshold."""
    scaled = x * beta
    return xp.where(scaled > threshold, x, (xp.maximum(scaled, 0) + xp.log1p(xp.exp(-xp.abs(scaled)))) / beta)


@_kernel
def softplus_scaled_grad(xp, g: Array, x: Array, beta: float, threshold: float) -> Array:
    scaled = x * beta
    return xp.where(scaled > threshold, g, g * sigmoid(scaled))


@_kernel
def logsigmoid_grad(xp, g: Array, x: Array) -> Array:
    """g sigmoid(-x)."""
    return g * sigmoid(-x)


def _tanh_of_softplus(xp, x):
    return xp.tanh(-logsigmoid(-x))


@_kernel
def mish(xp, x: Array) -> Array:
    """x tanh(softplus(x)) (Misra, 2019)."""
    return x * _tanh_of_softplus(xp, x)


@_kernel
def mish_grad(xp, g: Array, x: Array) -> Array:
    t = _tanh_of_softplus(xp, x)
    return g * (t + x * sigmoid(x) * (1 - t * t))


@_kernel
def hardtanh(xp, x: Array, low: float, high: float) -> Array:
    """x limited to [low, high]."""
    return xp.minimum(xp.maximum(x, x.dtype.type(low)), x.dtype.type(high))


@_kernel
def hardsigmoid(xp, x: Array) -> Array:
    """min(max(x + 3, 0), 6) / 6."""
    return xp.minimum(xp.maximum(x + 3, 0), 6) / 6


@_kernel
def hardswish(xp, x: Array) -> Array:
    """x min(max(x + 3, 0), 6) / 6 (Howard et al., 2019)."""
    return x * (xp.minimum(xp.maximum(x + 3, 0), 6) / 6)


@_kernel
def hardswish_grad(xp, g: Array, x: Array) -> Array:
    """g times 0 up to -3, 1 from 3 on, x / 3 + 1/2 between."""
    return g * xp.where(x <= -3, 0, xp.where(x >= 3, 1, x / 3 + 0.5)).astype(g.dtype)


@_kernel
def threshold(xp, x: Array, limit: float, value: float) -> Array:
    """value where x <= limit, else x."""
    with np.errstate(over="ignore"):
        return xp.where(x <= limit, xp.asarray(value).astype(x.dtype), x)


@_kernel
def hardshrink(xp, x: Array, lambd: float) -> Array:
    """0 where |x| <= lambd, else x."""
    return xp.where(xp.abs(x) <= lambd, xp.zeros((), x.dtype), x)


@_kernel
def softshrink(xp, x: Array, lambd: float) -> Array:
    """x moved by lambd towards 0; 0 where |x| <= lambd."""
    # times 0 and not 0: NaN stays NaN
    return xp.where(x > lambd, x - lambd, xp.where(x < -lambd, x + lambd, x * 0))


@_kernel
def masked_grad(xp, g: Array, x: Array, low: float, high: float) -> Array:
    """g where low < x < high, else 0."""
    return xp.where((x > low) & (x < high), g, xp.zeros((), g.dtype))


@_kernel
def shrink_grad(xp, g: Array, x: Array, lambd: float) -> Array:
    """g where |x| > lambd, else 0."""
    return xp.where(xp.abs(x) > lambd, g, xp.zeros((), g.dtype))
