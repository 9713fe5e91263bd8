"""Rows of a table in C++, and their gradient."""

from __future__ import annotations

import numpy as np

from ... import _core
from ..._core import native as _native
from ..base import embedding as _base
from ..base._xp import Array, widen


def embedding(weight: Array, indices: Array) -> Array:
    """weight (V, D), indices of any shape -> (*indices.shape, D), as in base."""
    y = _native.take(weight, 0, indices)
    return _base.embedding(weight, indices) if y is None else y


def embedding_grad(
    g: Array,
    indices: Array,
    num_weights: int,
    padding_idx: int | None = None,
    scale_grad_by_freq: bool = False,
) -> Array:
    """g (*indices.shape, D) -> (num_weights, D), as in base."""
    wide = np.ascontiguousarray(widen(g)).reshape(-1, g.shape[-1])
    rows = indices.reshape(-1).astype(np.int64, copy=False)
    gw = None if scale_grad_by_freq else _core.zeros_array((num_weights, g.shape[-1]), wide.dtype)
    if gw is None or not _native.index_add(gw, 0, rows, wide):
        return _base.embedding_grad(g, indices, num_weights, padding_idx, scale_grad_by_freq)
    if padding_idx is not None:
        gw[padding_idx] = 0
    return gw.astype(g.dtype, copy=False)
