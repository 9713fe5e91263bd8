"""Resampling along axes: each output element is a weighted sum of a few input elements, its taps.

The taps of an axis are a table, made on the host once per size (`taps_of`); its transpose, which the gradient needs, is
one of the same kind. A pixel i covers [i, i + 1), its centre is at i + 1/2, unless the corners' centres are aligned.
"""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy as np

from ._xp import Array, array_namespace, narrow, widen


class Taps:
    """A linear map along an axis of `size` elements: out[i] = sum over k of weight[i, k] x[places[i, k]].

    places (out, K) int64, -1 where an output has fewer taps; weight (out, K) float64, or None: one tap of weight 1.
    """

    def __init__(self, places: np.ndarray, weight: np.ndarray | None, size: int):
        self.places, self.weight, self.size = places, weight, size

    @functools.cached_property
    def columns(self) -> list[tuple[np.ndarray, np.ndarray, bool]]:
        """(places, weights, whether some outputs have none) of the first tap of all outputs, the second, ..."""
        weight = np.ones(self.places.shape) if self.weight is None else self.weight
        pairs = zip(self.places.T.copy(), weight.T.copy(), strict=True)
        return [(places, factors, bool(places.min() < 0)) for places, factors in pairs]

    @functools.cached_property
    def matrix(self) -> np.ndarray:
        """The map as a matrix (out, size)."""
        matrix = np.zeros((self.places.shape[0], self.size))
        for places, factors, _ in self.columns:
            matrix[np.arange(len(places)), places] += np.where(places < 0, 0, factors)
        return matrix

    @functools.cached_property
    def transposed(self) -> Taps:
        """The taps of the transposed map, from the outputs to the elements."""
        out, count = self.places.shape
        used = self.places >= 0
        element, output = self.places[used], np.repeat(np.arange(out), count).reshape(out, count)[used]
        weight = np.ones(len(element)) if self.weight is None else self.weight[used]
        order = np.argsort(element, kind="stable")
        element, output, weight = element[order], output[order], weight[order]
        counts = np.bincount(element, minlength=self.size)
        rank = np.arange(len(element)) - (np.cumsum(counts) - counts)[element]
        places = np.full((self.size, max(int(counts.max()), 1)), -1)
        weights = np.zeros(places.shape)
        places[element, rank], weights[element, rank] = output, weight
        return Taps(places, weights, out)


@functools.lru_cache(256)
def taps_of(
    mode: str,
    size: int,
    out: int,
    scale: float | None = None,
    aligned: bool = False,
    antialias: bool = False,
    rounding: str = "table",
) -> Taps | None:
    """The taps of `out` outputs along an axis of `size` elements; None where they are the elements themselves.

    mode: "nearest", "nearest-exact", "linear", "cubic" or "lanczos". scale: outputs per element (default: out / size).
    aligned: the centres of the first and last elements lie on each other. antialias: the filter of the mode is made as
    wide as an output's step where that is larger than an element. rounding: which of PyTorch's ways the nearest
    element is found in, "table", "table64" or "loop" (see `_nearest`).
    """
    if mode.startswith("nearest"):
        return _nearest(mode, size, out, scale, rounding)
    if size == out and (antialias or mode == "linear"):
        return None
    if aligned:
        step = (size - 1) / (out - 1) if out > 1 else 0.0
    else:
        step = 1 / scale if scale else size / out
    if antialias:
        return _filtered(mode, size, out, step)
    at = np.arange(out, dtype=np.float64)
    at = at * step if aligned else (at + 0.5) * step - 0.5
    if mode == "linear":
        at = np.maximum(at, 0)
        first = np.minimum(at.astype(np.int64), size - 1)
        part = np.clip(at - first, 0, 1)
        return Taps(np.stack([first, np.minimum(first + 1, size - 1)], 1), np.stack([1 - part, part], 1), size)
    first = np.floor(at)
    places = first.astype(np.int64)[:, None] + np.arange(-1, 3)
    return Taps(np.clip(places, 0, size - 1), _cubic(at[:, None] - first[:, None] - np.arange(-1, 3), -0.75), size)


def _nearest(mode, size, out, scale, rounding):
    """The element in which an output's first edge lies, or, "-exact", its centre.

    Rounding decides which element an edge between two belongs to. PyTorch's kernels that read a table of indices take
    the step in float32 ("table"), of float64 tensors in float64 ("table64"), and find centres by way of the distance
    from the first one. Its kernels that compute an index at each output ("loop") take it in float32, centres directly,
    and a scale for 1 or 2 when it gives as many outputs as elements or twice as many.
    """
    at = np.arange(out, dtype=np.float64)
    if rounding == "loop" and mode == "nearest" and out in (size, 2 * size):
        return Taps((np.arange(out) * size // out)[:, None], None, size)
    step = 1 / scale if scale else size / out
    if rounding != "table64":
        step = float(np.float32(step)) if scale else float(np.float32(size) / np.float32(out))
    if mode == "nearest":
        at = (at * step).astype(np.float32)
    elif rounding == "loop":
        at = ((at + 0.5) * step).astype(np.float32)
    else:
        at = ((at + 0.5) * step - 0.5).astype(np.float32) + np.float32(0.5)
    index = np.minimum(np.floor(at).astype(np.int64), size - 1)
    return Taps(index[:, None], None, size)


def _cubic(x: np.ndarray, a: float) -> np.ndarray:
    """The kernel of cubic convolution (Keys, 1981) at the distances x."""
    x = np.abs(x)
    inner = ((a + 2) * x - (a + 3)) * x * x + 1
    return np.where(x <= 1, inner, np.where(x < 2, ((a * x - 5 * a) * x + 8 * a) * x - 4 * a, 0))


_FILTERS: dict[str, Any] = {  # half their width in elements, and their values
    "linear": (1, lambda x: np.maximum(1 - np.abs(x), 0)),
    "cubic": (2, lambda x: _cubic(x, -0.5)),
    "lanczos": (3, lambda x: np.where(np.abs(x) < 3, np.sinc(x) * np.sinc(x / 3), 0)),
}


def _filtered(mode, size, out, step):
    """The taps of a filter that is as wide as an output's step."""
    half, filter_of = _FILTERS[mode]
    wide = max(step, 1.0)
    centre = step * (np.arange(out) + 0.5)
    first = np.maximum((centre - half * wide + 0.5).astype(np.int64), 0)
    end = np.minimum((centre + half * wide + 0.5).astype(np.int64), size)
    index = first[:, None] + np.arange(max(int((end - first).max()), 1))
    inside = index < end[:, None]
    weight = np.where(inside, filter_of((index - centre[:, None] + 0.5) / wide), 0)
    total = weight.sum(1, keepdims=True)
    weight = np.divide(weight, total, out=weight, where=total != 0)
    return Taps(np.where(inside, index, -1), weight, size)


def _along(ndim: int, axis: int) -> tuple[int, ...]:
    return (1,) * axis + (-1,) + (1,) * (ndim - axis - 1)


def _mapped(x: Array, taps: Taps, axis: int) -> Array:
    """The weighted sums along an axis."""
    xp = array_namespace(x)
    total = None
    for places, factors, fewer in taps.columns:
        index = xp.asarray(places)
        term = xp.take(x, index, axis)
        if taps.weight is not None:
            if fewer:
                term = xp.where((index >= 0).reshape(_along(x.ndim, axis)), term, x.dtype.type(0))
            term *= xp.asarray(factors, x.dtype).reshape(_along(x.ndim, axis))
        total = term if total is None else xp.add(total, term, out=total)
    return total


def _product(x: Array, taps: Taps, axis: int, matmul: Any) -> Array:
    """The same sums as a product with a matrix."""
    matrix = taps.matrix.astype(x.dtype)
    lead, rest = math.prod(x.shape[:axis]), math.prod(x.shape[axis + 1 :])
    shape = (*x.shape[:axis], len(matrix), *x.shape[axis + 1 :])
    if rest == 1:
        return matmul(x.reshape(lead, taps.size), matrix.T).reshape(shape)
    return matmul(matrix, x.reshape(lead, taps.size, rest)).reshape(shape)


@np.errstate(all="ignore")
def resample(x: Array, tables: tuple[Taps | None, ...], matmul: Any = None) -> Array:
    """x with its last len(tables) axes resampled, those that shrink most first. uint8 is computed in fixed point.

    On the CPU short axes are multiplied with a matrix by `matmul`, if that is given; unless x has an infinity or NaN,
    which the zeros of the matrix would spread.
    """
    axes = [(x.ndim - len(tables) + d, taps) for d, taps in enumerate(tables) if taps is not None]
    if not axes:
        return x.copy()
    if x.dtype == np.uint8:
        for axis, taps in reversed(axes):
            x = _bytes(x, taps, axis)
        return x
    wide = widen(x)
    dense = matmul is not None and isinstance(x, np.ndarray) and any(_is_short(t) for _, t in axes)
    dense = dense and bool(np.isfinite(wide).all())
    for axis, taps in sorted(axes, key=lambda pair: pair[1].places.shape[0] / pair[1].size):
        wide = _product(wide, taps, axis, matmul) if dense and _is_short(taps) else _mapped(wide, taps, axis)
    return narrow(wide, x.dtype)


def _is_short(taps: Taps) -> bool:
    """Whether a matrix product is faster than taking elements."""
    return taps.weight is not None and taps.size <= 16 * taps.places.shape[1]


def _bytes(x: Array, taps: Taps, axis: int) -> Array:
    """The sums with weights of 16 bits, rounded to 0..255."""
    if taps.weight is None:
        return _mapped(x, taps, axis)
    merged = taps.weight.copy()
    for k in range(1, merged.shape[1]):  # taps beyond the border are the same element
        same = taps.places[:, k] == taps.places[:, k - 1]
        merged[same, k] += merged[same, k - 1]
        merged[same, k - 1] = 0
    top, bits = float(merged.max()), 0
    while bits < 22 and int(0.5 + top * 2 ** (bits + 1)) < 2**15:
        bits += 1
    scaled = merged * 2**bits
    weight = np.trunc(scaled + np.copysign(0.5, scaled)).astype(np.int32)
    total = _mapped(x.astype(np.int32), Taps(taps.places, weight, taps.size), axis)
    rounded = (total + (1 << (bits - 1))) >> bits
    return array_namespace(x).clip(rounded, 0, 255).astype(np.uint8)

