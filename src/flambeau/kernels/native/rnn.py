"""Recurrent layers: the gates of LSTMs and GRUs in one pass over a step, products of matrices on OpenBLAS."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..._core import native as _native
from ..base import _recurrence
from ..base import rnn as _base
from ..base._xp import Array
from .linalg import matmul as _matmul


class _Lstm(_recurrence.Lstm):
    @staticmethod
    def forward(m: Any, kind: str, gx: Any, gh: Any, h: Any, c: Any) -> tuple:
        out = _native.lstm_step(gx, gh, c)
        if out is None:
            return _recurrence.Lstm.forward(m, kind, gx, gh, h, c)
        i_f, g, o, squashed, new, y = out
        return y, new, (h, c, i_f, g, o, squashed)

    @staticmethod
    def backward(m: Any, kind: str, g: Any, dc: Any, kept: tuple) -> tuple:
        out = _native.lstm_step_grad(g, dc, *kept[1:])
        if out is None:
            return _recurrence.Lstm.backward(m, kind, g, dc, kept)
        dgates, new_dc = out
        return dgates, dgates, None, new_dc


class _Gru(_recurrence.Gru):
    @staticmethod
    def forward(m: Any, kind: str, gx: Any, gh: Any, h: Any, c: Any) -> tuple:
        out = _native.gru_step(gx, gh, h)
        if out is None:
            return _recurrence.Gru.forward(m, kind, gx, gh, h, c)
        r_z, new, y = out
        return y, None, (h, r_z, np.ascontiguousarray(gh[:, 2 * h.shape[1] :]), new)

    @staticmethod
    def backward(m: Any, kind: str, g: Any, dc: Any, kept: tuple) -> tuple:
        out = _native.gru_step_grad(g, *kept)
        if out is None:
            return _recurrence.Gru.backward(m, kind, g, dc, kept)
        to_gx, to_gh, direct = out
        return to_gx, to_gh, direct, None


class _Arrays(_base.Arrays):
    cells = {**_recurrence.CELLS, "lstm": _Lstm, "gru": _Gru}

    def product(self, a: Array, b: Array) -> Array:
        return _matmul(a, b)


def recurrent(kind: str, x: Array, h: Array, c: Array | None, w_ih: Array, w_hh: Array, b_ih: Array | None,
              b_hh: Array | None, w_hr: Array | None, sizes: tuple[int, ...], reverse: bool,
              keep: bool) -> tuple:  # fmt: skip
    """x (N, I), h (B, R), c (B, H) -> (outputs (N, R), last h, last c or None, arrays for recurrent_grad if keep)."""
    return _base.recurrent(kind, x, h, c, w_ih, w_hh, b_ih, b_hh, w_hr, sizes, reverse, keep, _Arrays(np))


def recurrent_grad(kind: str, grads: tuple, x: Array, w_ih: Array, w_hh: Array, w_hr: Array | None, columns: tuple,
                   sizes: tuple[int, ...], reverse: bool) -> tuple:  # fmt: skip
    """The gradients of x, h, c (or None), w_ih, w_hh, b_ih, b_hh and w_hr (or None), given those of the results."""
    return _base.recurrent_grad(kind, grads, x, w_ih, w_hh, w_hr, columns, sizes, reverse, _Arrays(np))
