"""Base kernels of the matrix products. All operands of a call have one dtype."""

from __future__ import annotations

import numpy as np

from ._xp import Array, array_namespace, narrow, widen


def _rounded(x: Array, dtype: np.dtype, xp) -> Array:
    """x as an array (NumPy gives a scalar for the product of two vectors) of dtype."""
    return narrow(xp.asarray(x), dtype)


@np.errstate(all="ignore")
def matmul(a: Array, b: Array) -> Array:
    """The matrix product of a and b, with NumPy's rules for 1-D arguments and batches."""
    xp = array_namespace(a)
    return _rounded(xp.matmul(widen(a), widen(b)), a.dtype, xp)


@np.errstate(all="ignore")
def linear(x: Array, w: Array, b: Array | None) -> Array:
    """x (N, K) times the transpose of w (M, K), plus b, which broadcasts to (N, M)."""
    xp = array_namespace(x)
    y = xp.matmul(widen(x), widen(w).T)
    if b is not None:
        y += widen(b)
    return _rounded(y, x.dtype, xp)


@np.errstate(all="ignore")
def addmm(c: Array, a: Array, b: Array, beta: complex, alpha: complex) -> Array:
    """beta c + alpha (a @ b), the product as in matmul; c is not read when beta is 0."""
    xp = array_namespace(a)
    y = xp.asarray(xp.matmul(widen(a), widen(b)))
    if alpha != 1:
        y *= y.dtype.type(alpha)
    if beta != 0:
        y += widen(c) if beta == 1 else widen(c) * y.dtype.type(beta)
    return _rounded(y, a.dtype, xp)
