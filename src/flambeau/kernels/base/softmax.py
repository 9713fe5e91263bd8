"""Softmax, its logarithm and log-sum-exp along an axis, with their gradients.

All subtract the maximum m first, so that nothing overflows: softmax(x) = exp(x - m) / sum(exp(x - m)).
A 0-dim array counts as one element along axis 0.
"""

from __future__ import annotations

import numpy as np

from ._xp import Array, array_namespace, extreme, narrow, widen

Axes = int | tuple[int, ...]


def _shifted(x: Array, axis: int) -> Array:
    """x - max(x) in the computing type, as a new array of at least one axis."""
    x = widen(x if x.ndim else x.reshape(1))
    return x - extreme(x, "max", axis, True, -np.inf)


@np.errstate(all="ignore")
def softmax(x: Array, axis: int = -1) -> Array:
    """exp(x) / sum(exp(x)) along axis. A slice with NaN or +inf, or of -inf only, gives NaN."""
    xp = array_namespace(x)
    y = _shifted(x, axis)
    xp.exp(y, out=y)
    y /= y.sum(axis=axis, keepdims=True)
    return narrow(y.reshape(x.shape), x.dtype)


@np.errstate(all="ignore")
def softmax_grad(g: Array, y: Array, axis: int = -1) -> Array:
    """y (g - sum(g y)) for y = softmax(x)."""
    wide_g, wide_y = (widen(a if a.ndim else a.reshape(1)) for a in (g, y))
    gx = wide_g * wide_y
    gx -= wide_y * gx.sum(axis=axis, keepdims=True)
    return narrow(gx.reshape(y.shape), g.dtype)


@np.errstate(all="ignore")
def log_softmax(x: Array, axis: int = -1) -> Array:
    """x - log(sum(exp(x))) along axis; NaN where softmax is."""
    xp = array_namespace(x)
    y = _shifted(x, axis)
    y -= xp.log(xp.exp(y).sum(axis=axis, keepdims=True))
    return narrow(y.reshape(x.shape), x.dtype)


@np.errstate(all="ignore")
def log_softmax_grad(g: Array, y: Array, axis: int = -1) -> Array:
    """g - softmax(x) sum(g) for y = log_softmax(x)."""
    xp = array_namespace(g)
    wide_g, wide_y = (widen(a if a.ndim else a.reshape(1)) for a in (g, y))
    gx = xp.exp(wide_y)
    gx *= -wide_g.sum(axis=axis, keepdims=True)
    gx += wide_g
    return narrow(gx.reshape(y.shape), g.dtype)


@np.errstate(all="ignore")
def logsumexp(x: Array, axis: Axes = -1, keepdims: bool = False) -> Array:
    """log(sum(exp(x))) over one or several axes: -inf for none or only -inf, +inf with +inf, NaN with NaN."""
    xp = array_namespace(x)
    if x.ndim == 0:
        return x.copy()
    wide = widen(x)
    m = extreme(wide.real, "max", axis, True, -np.inf)
    m = xp.where(xp.isfinite(m), m, m.dtype.type(0))
    y = xp.log(xp.exp(wide - m).sum(axis=axis, keepdims=True)) + m
    if not keepdims:
        y = y.squeeze(axis)
    return xp.asarray(y.astype(x.dtype, copy=False))
