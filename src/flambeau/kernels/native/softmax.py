"""Softmax and its logarithm along one axis, and their gradients: float32 and float64."""

from __future__ import annotations

from ..._core import native as _native
from ..base import softmax as _base
from ..base._xp import Array


def softmax(x: Array, axis: int = -1) -> Array:
    """exp(x) / sum(exp(x)) along axis."""
    out = _native.softmax(x, axis, False)
    return _base.softmax(x, axis) if out is None else out


def softmax_grad(g: Array, y: Array, axis: int = -1) -> Array:
    """y (g - sum(g y)) for y = softmax(x)."""
    out = _native.softmax_grad(g, y, axis, False)
    return _base.softmax_grad(g, y, axis) if out is None else out


def log_softmax(x: Array, axis: int = -1) -> Array:
    """x - log(sum(exp(x))) along axis."""
    out = _native.softmax(x, axis, True)
    return _base.log_softmax(x, axis) if out is None else out


def log_softmax_grad(g: Array, y: Array, axis: int = -1) -> Array:
    """g - softmax(x) sum(g) for y = log_softmax(x)."""
    out = _native.softmax_grad(g, y, axis, True)
    return _base.log_softmax_grad(g, y, axis) if out is None else out
