"""One layer of a recurrent network in one direction, over the steps of a batch of sequences.

The input's share of the gates is one matrix product over all steps; then a loop runs over them. The layout of the
sequences and the formulas are in `_recurrence`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ._recurrence import sequence, sequence_grad
from ._xp import Array, array_namespace, narrow, widen


class _Arrays:
    """What the formulas need of an array library."""

    def __init__(self, xp: Any):
        self.xp, self.tanh = xp, xp.tanh

    def sigmoid(self, x: Array) -> Array:
        y = self.xp.exp(-x)
        y += 1
        return self.xp.reciprocal(y, out=y)

    def relu(self, x: Array) -> Array:
        return self.xp.maximum(x, 0)

    def join(self, parts: list[Array]) -> Array:
        return parts[0] if len(parts) == 1 else self.xp.concatenate(parts)

    def beside(self, parts: list[Array]) -> Array:
        return self.xp.concatenate(parts, 1)


def _wide(arrays: tuple) -> list:
    return [None if a is None else widen(a) for a in arrays]


def _like(results: tuple, dtype: np.dtype) -> tuple:
    return tuple([None if r is None else narrow(r, dtype) for r in results])


def recurrent(kind: str, x: Array, h: Array, c: Array | None, w_ih: Array, w_hh: Array, b_ih: Array | None,
              b_hh: Array | None, w_hr: Array | None, sizes: tuple[int, ...], reverse: bool,
              keep: bool) -> tuple:  # fmt: skip
    """x (N, I), h (B, R), c (B, H) -> (outputs (N, R), last h, last c or None, arrays for recurrent_grad if keep).

    kind: tanh, relu, lstm or gru; w_ih (G H, I), w_hh (G H, R) and the biases (G H,) of its G gates; w_hr (R, H): the
    projection of an LSTM.
    """
    xp = array_namespace(x)
    with np.errstate(all="ignore"):
        given = _wide((x, h, c, w_ih, w_hh, b_ih, b_hh, w_hr))
        *results, kept = sequence(_Arrays(xp), kind, given, sizes, reverse)
    columns = [xp.concatenate(column) for column in zip(*kept, strict=True)] if keep else []
    return (*_like(tuple(results), x.dtype), columns)


def recurrent_grad(kind: str, grads: tuple, x: Array, w_ih: Array, w_hh: Array, w_hr: Array | None, columns: tuple,
                   sizes: tuple[int, ...], reverse: bool) -> tuple:  # fmt: skip
    """The gradients of x, h, c (or None), w_ih, w_hh, b_ih, b_hh and w_hr (or None), given those of the results."""
    ends = np.cumsum(sizes)
    kept = [[k[end - n : end] for k in columns] for n, end in zip(sizes, ends, strict=True)]
    with np.errstate(all="ignore"):
        wide = _wide((x, w_ih, w_hh, w_hr))
        found = sequence_grad(_Arrays(array_namespace(x)), kind, _wide(grads), wide, kept, sizes, reverse)
    return _like(found, x.dtype)
