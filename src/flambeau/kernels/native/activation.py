"""Activations with a parameter: float32 and float64."""

from __future__ import annotations

import numpy as np

from ... import _core
from ..base import activation as _base
from ..base import pointwise as _pointwise
from ..base._xp import Array


def _no_loop(a: Array, b: Array) -> None:
    return None


_leaky_relu = _core.PointwiseKernel("leaky_relu", 2, _no_loop)
_leaky_slope = _core.PointwiseKernel("leaky_slope", 2, _no_loop)
_mul = _core.PointwiseKernel("mul", 2, _pointwise.mul)


def _with_slope(kernel, x: Array, slope: float) -> Array | None:
    """kernel(x, slope); None for other dtypes, whose slope would be rounded."""
    return kernel(x, np.asarray(slope, x.dtype)) if x.dtype in (np.float32, np.float64) else None


@np.errstate(all="ignore")
def leaky_relu(x: Array, negative_slope: float) -> Array:
    """x where x > 0, else negative_slope x."""
    y = _with_slope(_leaky_relu, x, negative_slope)
    return _base.leaky_relu(x, negative_slope) if y is None else y


@np.errstate(all="ignore")
def leaky_relu_grad(g: Array, x: Array, negative_slope: float) -> Array:
    """g where x > 0, else negative_slope g."""
    factor = _with_slope(_leaky_slope, x, negative_slope)
    if factor is None or g.dtype != x.dtype:
        return _base.leaky_relu_grad(g, x, negative_slope)
    return _mul(g, factor)
