"""Softmax and its logarithm along one axis, and their gradients: float32 and float64; half types go through float32."""

from __future__ import annotations

from ..._core import native as _native
from ..base import softmax as _base
from ..base._xp import Array, is_half, narrow, widen


def softmax(x: Array, axis: int = -1) -> Array:
    """exp(x) / sum(exp(x)) along axis."""
    out = _forward(x, axis, False)
    return _base.softmax(x, axis) if out is None else out


def softmax_grad(g: Array, y: Array, axis: int = -1) -> Array:
    """y (g - sum(g y)) for y = softmax(x)."""
    out = _backward(g, y, axis, False)
    return _base.softmax_grad(g, y, axis) if out is None else out


def log_softmax(x: Array, axis: int = -1) -> Array:
    """x - log(sum(exp(x))) along axis."""
    out = _forward(x, axis, True)
    return _base.log_softmax(x, axis) if out is None else out


def log_softmax_grad(g: Array, y: Array, axis: int = -1) -> Array:
    """g - softmax(x) sum(g) for y = log_softmax(x)."""
    out = _backward(g, y, axis, True)
    return _base.log_softmax_grad(g, y, axis) if out is None else out


def _forward(x, axis, log):
    """By the native kernel; None when it is not for x."""
    if not is_half(x.dtype):
        return _native.softmax(x, axis, log)
    out = _native.softmax(widen(x), axis, log)
    return None if out is None else narrow(out, x.dtype)


def _backward(g, y, axis, log):
    if not (is_half(g.dtype) and g.dtype == y.dtype):
        return _native.softmax_grad(g, y, axis, log)
    out = _native.softmax_grad(widen(g), widen(y), axis, log)
    return None if out is None else narrow(out, g.dtype)
