"""Sliding windows over the trailing (spatial) axes: output sizes, padding and taps."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ._xp import Array, array_namespace


def taps(
    kernel: tuple[int, ...], stride: tuple[int, ...], dilation: tuple[int, ...], out: tuple[int, ...]
) -> Iterator[tuple[int, tuple]]:
    """For each element of the kernel, in row-major order: its number and the index of the (padded) input
    that selects what this element sees at every output position."""
    for number, tap in enumerate(np.ndindex(*kernel)):
        starts = [t * d for t, d in zip(tap, dilation, strict=True)]
        yield (
            number,
            (..., *(slice(b, b + (n - 1) * s + 1, s) for b, n, s in zip(starts, out, stride, strict=True))),
        )


def pad(x: Array, before: tuple[int, ...], after: tuple[int, ...], value: float = 0) -> Array:
    """x with its trailing axes padded by value; x itself where there is nothing to pad."""
    if not any(before) and not any(after):
        return x
    lead, spatial = x.shape[: -len(before)], x.shape[-len(before) :]
    shape = lead + tuple(b + n + a for b, n, a in zip(before, spatial, after, strict=True))
    xp = array_namespace(x)
    padded = xp.zeros(shape, x.dtype) if value == 0 else xp.full(shape, value, x.dtype)
    padded[(..., *(slice(b, b + n) for b, n in zip(before, spatial, strict=True)))] = x
    return padded
