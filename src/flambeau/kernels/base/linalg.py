"""Base kernels of the matrix products."""

from __future__ import annotations

from ._xp import Array, array_namespace, widen


def matmul(a: Array, b: Array) -> Array:
    """The matrix product of a and b, of one dtype, with NumPy's rules for 1-D arguments and batches."""
    return array_namespace(a).asarray(array_namespace(a).matmul(widen(a), widen(b)), dtype=a.dtype)
