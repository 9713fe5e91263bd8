"""Negative log-likelihood of a class per position, with its gradient.

logp (N, C, *rest) holds log-probabilities with class axis 1, or (C,) for a single sample; target
(N, *rest), or 0-dim, holds a class number or ignore_index. weight (C,) scales the classes.
"""

from __future__ import annotations

import numpy as np

from ._xp import Array, array_namespace, widen


def _classes_and_counts(target: Array, weight: Array | None, classes: int, ignore_index: int, dtype):
    """(classes, scale, counts): class numbers and weights, 0 where a position is ignored; where it is not."""
    xp = array_namespace(target)
    counts = target != ignore_index
    bad = counts & ((target < 0) | (target >= classes))
    if bad.any():
        raise IndexError(
            f"Target {int(target[bad].reshape(-1)[0])} is out of bounds. "
            f"nll_loss: with {classes} classes a target is in [0, {classes - 1}] or is {ignore_index=}"
        )
    safe = xp.where(counts, target, 0).astype(np.int64, copy=False)
    scale = (counts if weight is None else xp.where(counts, weight[safe], 0)).astype(dtype, copy=False)
    return safe, scale, counts


@np.errstate(all="ignore")
def nll_loss(
    logp: Array, target: Array, weight: Array | None = None, ignore_index: int = -100, reduction: str = "mean"
) -> tuple[Array, Array]:
    """(loss, total_weight): -weight[t] logp[t], of target's shape for reduction 'none', else 0-dim.

    'mean' divides by total_weight, the 0-dim sum of the weights of all positions that are not ignored (so it
    is NaN where there are none). IndexError for a target that is neither a class nor ignore_index.
    """
    xp = array_namespace(logp)
    class_axis = min(1, logp.ndim - 1)
    wide = widen(logp)
    classes, scale, counts = _classes_and_counts(
        target, None if weight is None else widen(weight), logp.shape[class_axis], ignore_index, wide.dtype
    )
    picked = xp.take_along_axis(wide, xp.expand_dims(classes, class_axis), class_axis).squeeze(class_axis)
    loss = xp.where(counts, -picked * scale, wide.dtype.type(0))
    total = xp.asarray(scale.sum())
    if reduction != "none":
        loss = xp.asarray(loss.sum())
        if reduction == "mean":
            loss = xp.asarray(loss / total)
    return loss.astype(logp.dtype, copy=False), total.astype(logp.dtype, copy=False)


@np.errstate(all="ignore")
def nll_loss_grad(
    g: Array,
    logp_shape: tuple[int, ...],
    target: Array,
    weight: Array | None = None,
    ignore_index: int = -100,
    reduction: str = "mean",
) -> Array:
    """Gradient of nll_loss in a logp of logp_shape; g has the loss's shape."""
    xp = array_namespace(g)
    class_axis = min(1, len(logp_shape) - 1)
    wide = widen(g)
    classes, scale, counts = _classes_and_counts(
        target, None if weight is None else widen(weight), logp_shape[class_axis], ignore_index, wide.dtype
    )
    if reduction == "mean":
        wide = wide / scale.sum()
    each = xp.where(counts, -wide * scale, wide.dtype.type(0))
    gx = xp.zeros(logp_shape, wide.dtype)
    xp.put_along_axis(gx, xp.expand_dims(classes, class_axis), xp.expand_dims(each, class_axis), class_axis)
    return gx.astype(g.dtype, copy=False)
