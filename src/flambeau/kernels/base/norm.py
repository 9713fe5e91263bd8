"""Normalisation: moments, batch, layer and group norm, with their gradients.

Half-precision input is computed in float32 and rounded once; statistics stay in the computing type.
With xhat = (x - mean) * rstd and M elements per statistic, all three gradients are
    gx = rstd (gw - mean(gw) - xhat mean(gw xhat)),  gw = g weight
(Ioffe & Szegedy 2015, https://arxiv.org/abs/1502.03167, section 3;
Ba et al. 2016, https://arxiv.org/abs/1607.06450).
"""

from __future__ import annotations

from math import prod

import numpy as np

from ._xp import Array, array_namespace, narrow, widen

Axes = int | tuple[int, ...]


def _sum(x: Array, axes: tuple[int, ...], keepdims: bool = False) -> Array:
    """Sum over axes: pairwise over those at the end, in double over the others, rounded to x's type.

    NumPy sums leading axes row after row in x's type, with an error that grows with the number of rows.
    """
    first = x.ndim
    while first - 1 in axes:
        first -= 1
    if first < x.ndim:
        x = x.sum(axis=tuple(range(first, x.ndim)), keepdims=True)
    total = x.sum(axis=axes, keepdims=keepdims, dtype=np.result_type(x.dtype, np.float64))
    return narrow(array_namespace(x).asarray(total), x.dtype)


def _mean(x: Array, axes: tuple[int, ...]) -> Array:
    return _sum(x, axes, keepdims=True) / x.dtype.type(prod(x.shape[a] for a in axes))


@np.errstate(all="ignore")
def moments(x: Array, axis: Axes, keepdims: bool = False) -> tuple[Array, Array]:
    """(mean, biased variance) over axis, in two passes: the variance is that of x - mean. NaN if empty."""
    x = widen(x)
    axes = tuple(a % x.ndim for a in ((axis,) if isinstance(axis, int) else axis))
    mean = _mean(x, axes)
    centred = x - mean
    centred *= centred
    var = _mean(centred, axes)
    if keepdims:
        return mean, var
    xp = array_namespace(x)
    return xp.asarray(mean.squeeze(axes)), xp.asarray(var.squeeze(axes))


def _affine(xhat: Array, weight: Array | None, bias: Array | None, dtype: np.dtype) -> Array:
    """xhat * weight + bias, in place in xhat."""
    if weight is not None:
        xhat *= weight
    if bias is not None:
        xhat += bias
    return narrow(xhat, dtype)


def _per_channel(a: Array | None, ndim: int) -> Array:
    """(C,) shaped to broadcast against (N, C, *rest), in the computing type; None stays None."""
    return None if a is None else widen(a).reshape(-1, *(1,) * (ndim - 2))


def _grad_input(gw: Array, xhat: Array, scale: Array, mean_gw: Array, mean_gw_xhat: Array) -> Array:
    """scale (gw - mean_gw - xhat mean_gw_xhat); overwrites xhat."""
    xhat *= mean_gw_xhat
    xhat += mean_gw
    gx = gw - xhat
    gx *= scale
    return gx


def rounded(
    gx: Array, grad_weight: Array, grad_bias: Array, g: Array, weight: Array | None
) -> tuple[Array, Array, Array]:
    """The three gradients in the types of g and, for the last two, of weight."""
    dtype = grad_weight.dtype if weight is None else weight.dtype
    grad_weight, grad_bias = (a.astype(dtype, copy=False) for a in (grad_weight, grad_bias))
    return gx.astype(g.dtype, copy=False), grad_weight, grad_bias


@np.errstate(all="ignore")
def batch_norm(
    x: Array, weight: Array | None, bias: Array | None, mean: Array, var: Array, eps: float = 1e-5
) -> Array:
    """(x - mean) / sqrt(var + eps) * weight + bias for x (N, C, *rest), the others (C,)."""
    xp = array_namespace(x)
    xhat = widen(x) - _per_channel(mean, x.ndim)
    scale = 1 / xp.sqrt(widen(var) + eps)
    if weight is not None:
        scale = scale * widen(weight)
    return _affine(xhat, _per_channel(scale, x.ndim), _per_channel(bias, x.ndim), x.dtype)


@np.errstate(all="ignore")
def batch_norm_grad(
    g: Array, x: Array, weight: Array | None, mean: Array, invstd: Array, training: bool = True
) -> tuple[Array, Array, Array]:
    """(grad x, grad weight, grad bias) of batch_norm, the last two (C,) whether or not there is a weight.

    training: mean and invstd = 1 / sqrt(var + eps) are x's own and depend on it; otherwise constants.
    """
    axes = (0, *range(2, x.ndim))
    wide = widen(g)
    xhat = widen(x) - _per_channel(mean, x.ndim)
    rstd = _per_channel(invstd, x.ndim)
    xhat *= rstd
    grad_weight, grad_bias = _sum(wide * xhat, axes), _sum(wide, axes)
    scale = rstd if weight is None else rstd * _per_channel(weight, x.ndim)
    if training:
        count = wide.dtype.type(max(1, x.size // max(1, x.shape[1])))
        means = (_per_channel(total, x.ndim) / count for total in (grad_bias, grad_weight))
        gx = _grad_input(wide, xhat, scale, *means)
    else:
        gx = wide * scale
    return rounded(gx, grad_weight, grad_bias, g, weight)


@np.errstate(all="ignore")
def layer_norm(
    x: Array, normalized_ndim: int, weight: Array | None = None, bias: Array | None = None, eps: float = 1e-5
) -> tuple[Array, Array, Array]:
    """(y, mean, rstd): x normalised over its last normalized_ndim axes, times weight plus bias.

    mean and rstd = 1 / sqrt(var + eps) keep the normalised axes with length 1.
    """
    xp = array_namespace(x)
    mean, var = moments(x, tuple(range(x.ndim - normalized_ndim, x.ndim)), keepdims=True)
    rstd = 1 / xp.sqrt(var + eps)
    xhat = widen(x) - mean
    xhat *= rstd
    weight, bias = (None if a is None else widen(a) for a in (weight, bias))
    return _affine(xhat, weight, bias, x.dtype), mean, rstd


@np.errstate(all="ignore")
def layer_norm_grad(
    g: Array, x: Array, weight: Array | None, mean: Array, rstd: Array, normalized_ndim: int
) -> tuple[Array, Array, Array]:
    """(grad x, grad weight, grad bias) of layer_norm, the last two of the normalised axes' shape."""
    lead = x.ndim - normalized_ndim
    wide = widen(g)
    xhat = widen(x) - mean
    xhat *= rstd
    rows = tuple(range(lead))
    grad_weight = _sum(wide * xhat, rows)
    grad_bias = _sum(wide, rows)
    gw = wide if weight is None else wide * widen(weight)
    inner = tuple(range(lead, x.ndim))
    gx = _grad_input(gw, xhat, rstd, _mean(gw, inner), _mean(gw * xhat, inner))
    return rounded(gx, grad_weight, grad_bias, g, weight)


@np.errstate(all="ignore")
def group_norm(
    x: Array, groups: int, weight: Array | None = None, bias: Array | None = None, eps: float = 1e-5
) -> tuple[Array, Array, Array]:
    """(y, mean, rstd): x (N, C, *rest) normalised per sample over each of `groups` runs of channels, then
    scaled and shifted per channel (Wu & He 2018, https://arxiv.org/abs/1803.08494). mean and rstd are
    (N, groups). ValueError if the groups do not divide the channels."""
    if x.shape[1] % groups:
        raise ValueError(
            f"Expected number of channels in input to be divisible by num_groups, "
            f"but got input of shape {list(x.shape)} and num_groups={groups}"
        )
    grouped = x.reshape(x.shape[0], groups, x.shape[1] // groups * prod(x.shape[2:]))
    y, mean, rstd = layer_norm(widen(grouped), 1, eps=eps)
    y = _affine(y.reshape(x.shape), _per_channel(weight, x.ndim), _per_channel(bias, x.ndim), x.dtype)
    return y, mean[..., 0], rstd[..., 0]


@np.errstate(all="ignore")
def group_norm_grad(
    g: Array, x: Array, weight: Array | None, mean: Array, rstd: Array, groups: int
) -> tuple[Array, Array, Array]:
    """(grad x, grad weight, grad bias) of group_norm, the last two (C,)."""
    shape = (x.shape[0], groups, x.shape[1] // groups * prod(x.shape[2:]))
    axes = (0, *range(2, x.ndim))
    wide = widen(g)
    xhat = (widen(x).reshape(shape) - mean[..., None]) * rstd[..., None]
    grad_weight, grad_bias = _sum(wide * xhat.reshape(x.shape), axes), _sum(wide, axes)
    gw = wide if weight is None else wide * _per_channel(weight, x.ndim)
    gw = gw.reshape(shape)
    gx = _grad_input(gw, xhat, rstd[..., None], _mean(gw, (2,)), _mean(gw * xhat, (2,))).reshape(x.shape)
    return rounded(gx, grad_weight, grad_bias, g, weight)


@np.errstate(all="ignore")
def inverse_std(var: Array, eps: float) -> Array:
    """1 / sqrt(var + eps), in the computing type."""
    var = widen(var)
    return 1 / array_namespace(var).sqrt(var + var.dtype.type(eps))


@np.errstate(all="ignore")
def update_running(running: Array, value: Array, momentum: float) -> None:
    """running = (1 - momentum) running + momentum value, in place."""
    moved = widen(running) * (1 - momentum)
    moved += momentum * value
    running[...] = moved
