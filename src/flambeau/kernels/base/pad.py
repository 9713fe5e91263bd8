"""Constant padding."""

from __future__ import annotations

from ._xp import Array, array_namespace

Ints = tuple[int, ...]


def constant_pad(x: Array, before: Ints, after: Ints, value: complex) -> Array:
    """x with `before` and `after` elements of value added to each axis; negative numbers crop."""
    shape = tuple(b + n + a for b, n, a in zip(before, x.shape, after, strict=True))
    out = array_namespace(x).full(shape, value, x.dtype)
    inner = tuple(slice(max(b, 0), n - max(a, 0)) for b, n, a in zip(before, shape, after, strict=True))
    part = tuple(slice(max(-b, 0), n - max(-a, 0)) for b, n, a in zip(before, x.shape, after, strict=True))
    out[inner] = x[part]
    return out
