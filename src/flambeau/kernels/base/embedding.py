"""Rows of a table by number, and the gradient that sums back into the table."""

from __future__ import annotations

import numpy as np

from ._xp import Array, add_at, array_namespace, narrow, widen


def _check_rows(indices: Array, rows: int) -> None:
    if indices.size and (int(indices.min()) < 0 or int(indices.max()) >= rows):
        raise IndexError("index out of range in self")


def embedding(weight: Array, indices: Array) -> Array:
    """weight (V, D), indices of any shape -> (*indices.shape, D). IndexError for a number outside [0, V)."""
    _check_rows(indices, weight.shape[0])
    return array_namespace(weight).take(weight, indices, axis=0)


def embedding_grad(
    g: Array,
    indices: Array,
    num_weights: int,
    padding_idx: int | None = None,
    scale_grad_by_freq: bool = False,
) -> Array:
    """g (*indices.shape, D) -> (num_weights, D): each row of g added to the row that its index names.

    padding_idx names a row that gets no gradient. scale_grad_by_freq divides a row's gradient by how often
    its index occurs. IndexError for an index outside [0, num_weights).
    """
    _check_rows(indices, num_weights)
    xp, width = array_namespace(g), g.shape[-1]
    rows = indices.reshape(-1).astype(np.int64, copy=False)
    wide = widen(g)
    gw = xp.zeros(num_weights * width, wide.dtype)
    add_at(gw, (rows[:, None] * width + xp.arange(width)).ravel(), wide.ravel())
    gw = gw.reshape(num_weights, width)
    if padding_idx is not None:
        gw[padding_idx] = 0
    if scale_grad_by_freq:
        times = xp.bincount(rows, minlength=num_weights)
        gw /= xp.maximum(times, 1).astype(gw.real.dtype)[:, None]
    return narrow(gw, g.dtype)
