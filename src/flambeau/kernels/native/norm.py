"""Layer and batch normalisation: float32 and float64, and half precision computed in float32."""

from __future__ import annotations

from math import prod

import numpy as np

from ..._core import native as _native
from ..base import norm as _base
from ..base._xp import Array, narrow, widen

_SHORT = 8  # elements of a channel's rows below which NumPy's loops over the batch are as good


def _plain(a: Array) -> Array:
    """In the computing type and in row-major order; None stays None."""
    return None if a is None else np.ascontiguousarray(widen(a))


def _channels(x: Array) -> tuple[int, int, int] | None:
    """(batch, channels, elements of a row); None where the rows are short."""
    n = prod(x.shape[2:])
    return (*x.shape[:2], n) if n >= _SHORT else None


def moments(x: Array, axis: _base.Axes, keepdims: bool = False) -> tuple[Array, Array]:
    """(mean, biased variance) over axis. NaN if empty."""
    if x.ndim > 2 and axis == (0, *range(2, x.ndim)) and not keepdims and (sizes := _channels(x)):
        result = _native.channel_moments(_plain(x), *sizes)
        if result is not None:
            return result
    return _base.moments(x, axis, keepdims)


@np.errstate(all="ignore")
def batch_norm(
    x: Array, weight: Array | None, bias: Array | None, mean: Array, var: Array, eps: float = 1e-5
) -> Array:
    """(x - mean) / sqrt(var + eps) * weight + bias for x (N, C, *rest), the others (C,)."""
    if sizes := _channels(x):
        wide = _plain(x)
        factor = 1 / np.sqrt(widen(var) + eps)
        if weight is not None:
            factor = factor * widen(weight)
        statistics = (None if a is None else np.ascontiguousarray(a, wide.dtype) for a in (mean, factor, bias))
        y = _native.channel_scale(wide, *sizes, *statistics)
        if y is not None:
            return narrow(y, x.dtype)
    return _base.batch_norm(x, weight, bias, mean, var, eps)


@np.errstate(all="ignore")
def batch_norm_grad(
    g: Array, x: Array, weight: Array | None, mean: Array, invstd: Array, training: bool = True
) -> tuple[Array, Array, Array]:
    """(grad x, grad weight, grad bias) of batch_norm, the last two (C,) whether or not there is a weight."""
    if sizes := _channels(x):
        wide = _plain(x)
        statistics = (None if a is None else np.ascontiguousarray(a, wide.dtype) for a in (weight, mean, invstd))
        grads = _native.batch_norm_grad(_plain(g), wide, *sizes, *statistics, training)
        if grads is not None:
            gx, grad_weight, grad_bias = grads
            return _base.rounded(gx, grad_weight, grad_bias, g, weight)
    return _base.batch_norm_grad(g, x, weight, mean, invstd, training)


@np.errstate(all="ignore")
def layer_norm(
    x: Array, normalized_ndim: int, weight: Array | None = None, bias: Array | None = None, eps: float = 1e-5
) -> tuple[Array, Array, Array]:
    """(y, mean, rstd): x normalised over its last normalized_ndim axes, times weight plus bias."""
    lead = x.ndim - normalized_ndim
    result = _native.layer_norm(_plain(x), prod(x.shape[lead:]), _plain(weight), _plain(bias), eps)
    if result is None:
        return _base.layer_norm(x, normalized_ndim, weight, bias, eps)
    shape = (*x.shape[:lead], *(1,) * normalized_ndim)
    y, mean, rstd = result
    return narrow(y, x.dtype), mean.reshape(shape), rstd.reshape(shape)


@np.errstate(all="ignore")
def layer_norm_grad(
    g: Array, x: Array, weight: Array | None, mean: Array, rstd: Array, normalized_ndim: int
) -> tuple[Array, Array, Array]:
    """(grad x, grad weight, grad bias) of layer_norm, the last two of the normalised axes' shape."""
    shape = x.shape[x.ndim - normalized_ndim :]
    grads = _native.layer_norm_grad(_plain(g), _plain(x), prod(shape), *(_plain(a) for a in (weight, mean, rstd)))
    if grads is None:
        return _base.layer_norm_grad(g, x, weight, mean, rstd, normalized_ndim)
    gx, grad_weight, grad_bias = grads
    return _base.rounded(gx, grad_weight.reshape(shape), grad_bias.reshape(shape), g, weight)
