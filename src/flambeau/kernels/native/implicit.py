"""Derivatives of gamma and beta numbers by their parameters, in C++."""

from __future__ import annotations

import numpy as np

from ..._core import native as _native
from ..base._xp import Array


def _wide(*arrays: Array) -> list[Array]:
    """The arrays, broadcast, in contiguous float64."""
    return [np.ascontiguousarray(a, np.float64) for a in np.broadcast_arrays(*arrays)]


def standard_gamma_grad(a: Array, z: Array) -> Array:
    """The derivatives of gamma numbers by their shapes, as in base."""
    shape = np.broadcast_shapes(a.shape, z.shape)
    return _native.gamma_implicit(*_wide(a, z)).reshape(shape).astype(a.dtype, copy=False)


def dirichlet_grad(x: Array, alpha: Array, total: Array) -> Array:
    """The derivatives of beta numbers by alpha, over 1 - x, as in base."""
    a = alpha.astype(np.float64)
    b = total.astype(np.float64) - a
    shape = np.broadcast_shapes(x.shape, b.shape)
    return _native.beta_implicit(*_wide(x, a, b)).reshape(shape).astype(x.dtype, copy=False)
