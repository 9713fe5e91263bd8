"""Matrix products on OpenBLAS: float32, float64, complex64, complex128; half types go through float32."""

from __future__ import annotations

from ... import _core
from ..._core import native as _native
from ..base import linalg as _base
from ..base._xp import Array
from ..base._xp import is_half as _is_half
from ..base._xp import widen as _widen


def _rounded(out: Array, like: Array) -> Array:
    """float32 in a half precision dtype; what is too large becomes infinite, quietly."""
    return _core.cast(out, _core.code_of(like.dtype))


def matmul(a: Array, b: Array) -> Array:
    """The matrix product of a and b, of one dtype, with NumPy's rules for 1-D arguments and batches."""
    out = _native.matmul(a, b)
    if out is None:
        if a.ndim and b.ndim and _is_half(a.dtype) and a.dtype == b.dtype:
            return _rounded(_native.matmul(_widen(a), _widen(b)), a)
        return _base.matmul(a, b)
    return out


def linear(x: Array, w: Array, b: Array | None = None) -> Array:
    """x (N, K) times the transpose of w (M, K), plus b (M)."""
    out = _native.linear(x, w, b)
    if out is None:
        if _is_half(x.dtype) and x.dtype == w.dtype:
            out = _native.linear(_widen(x), _widen(w), None if b is None else _widen(b))
            if out is not None:
                return _rounded(out, x)
        return _base.linear(x, w, b)
    return out
