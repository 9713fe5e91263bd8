"""Recurrent layers: all steps of a layer in one call, float32 and float64, and half precision computed in float32."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..._core import native as _native
from ..base import rnn as _base
from ..base._xp import Array, narrow, widen

_KINDS = ("tanh", "relu", "lstm", "gru")  # fb_rnn_kind


def _plain(arrays: Any) -> tuple:
    """In the computing type and in row-major order; None stays None."""
    return tuple([None if a is None else np.ascontiguousarray(widen(a)) for a in arrays])


def _like(results: Any, dtype: np.dtype) -> tuple:
    return tuple([None if r is None else narrow(r, dtype) for r in results])


def recurrent(kind: str, x: Array, h: Array, c: Array | None, w_ih: Array, w_hh: Array, b_ih: Array | None,
              b_hh: Array | None, w_hr: Array | None, sizes: tuple[int, ...], reverse: bool,
              keep: bool) -> tuple:  # fmt: skip
    """x (N, I), h (B, R), c (B, H) -> (outputs (N, R), last h, last c or None, arrays for recurrent_grad if keep)."""
    given = _plain((x, h, c, w_ih, w_hh, b_ih, b_hh, w_hr))
    result = _native.rnn(_KINDS.index(kind), *given, sizes, reverse, keep)
    if result is None:
        return _base.recurrent(kind, x, h, c, w_ih, w_hh, b_ih, b_hh, w_hr, sizes, reverse, keep)
    *results, columns = result
    return (*_like(results, x.dtype), columns)


def recurrent_grad(kind: str, grads: tuple, x: Array, w_ih: Array, w_hh: Array, w_hr: Array | None, columns: tuple,
                   sizes: tuple[int, ...], reverse: bool) -> tuple:  # fmt: skip
    """The gradients of x, h, c (or None), w_ih, w_hh, b_ih, b_hh and w_hr (or None), given those of the results."""
    weights = _plain((x, w_ih, w_hh, w_hr))
    found = _native.rnn_grad(_KINDS.index(kind), _plain(grads), *weights, tuple(columns), sizes, reverse)
    if found is None:
        return _base.recurrent_grad(kind, grads, x, w_ih, w_hh, w_hr, columns, sizes, reverse)
    return _like(found, x.dtype)
