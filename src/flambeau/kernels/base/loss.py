"""Losses with their gradients.

The classifying ones take scores (N, C, *rest) with class axis 1, or (C,) for a single sample, and a target
(N, *rest), or 0-dim, that holds a class number or ignore_index. weight (C,) scales the classes. reduction is
'none', 'mean' or 'sum'.
"""

from __future__ import annotations

import numpy as np

from ._xp import Array, array_namespace, grid, narrow, widen


def _reduced(loss: Array, reduction: str, dtype) -> Array:
    if reduction == "sum":
        loss = loss.sum()
    elif reduction == "mean":
        loss = loss.sum() / loss.dtype.type(loss.size)
    return array_namespace(loss).asarray(loss, dtype=dtype)


def _class_axis(scores_shape: tuple[int, ...]) -> int:
    return min(1, len(scores_shape) - 1)


def _places(target: Array, weight: Array | None, classes: int, ignore_index: int, dtype):
    """(index, scale, total): where in the scores the targets' elements lie; the weight of each position, 0 where it is
    ignored, or None when all are 1; their sum."""
    xp = array_namespace(target)
    scale = None
    plain = weight is None and not 0 <= ignore_index < classes
    if not (plain and target.size and target.min() >= 0 and target.max() < classes):
        counts = target != ignore_index
        bad = counts & ((target < 0) | (target >= classes))
        if bad.any():
            raise IndexError(
                f"Target {int(target[bad].reshape(-1)[0])} is out of bounds. "
                f"nll_loss: with {classes} classes a target is in [0, {classes - 1}] or is {ignore_index=}"
            )
        target = xp.where(counts, target, 0).astype(np.int64, copy=False)
        scale = (counts if weight is None else xp.where(counts, widen(weight)[target], 0)).astype(
            dtype, copy=False
        )
    if target.ndim == 1:
        index: tuple = (xp.arange(target.shape[0]), target)
    elif target.ndim == 0:
        index = (target,)
    else:
        rest = grid(xp, target.shape)
        index = (rest[0], target, *rest[1:])
    return index, scale, dtype.type(target.size) if scale is None else scale.sum()


def _scaled(values: Array, scale: Array | None) -> Array:
    """values times scale, and 0 where that is 0 even for a NaN or infinity."""
    if scale is None:
        return values
    return array_namespace(values).where(scale != 0, values * scale, values.dtype.type(0))


@np.errstate(all="ignore")
def nll_loss(
    logp: Array, target: Array, weight: Array | None = None, ignore_index: int = -100, reduction: str = "mean"
) -> tuple[Array, Array]:
    """(loss, total_weight): -weight[t] logp[t], of target's shape for reduction 'none', else 0-dim.

    'mean' divides by total_weight, the 0-dim sum of the weights of all positions that are not ignored (so it
    is NaN where there are none). IndexError for a target that is neither a class nor ignore_index.
    """
    xp, wide = array_namespace(logp), widen(logp)
    index, scale, total = _places(
        target, weight, logp.shape[_class_axis(logp.shape)], ignore_index, wide.dtype
    )
    loss = -_scaled(wide[index], scale)
    if reduction != "none":
        loss = loss.sum()
        if reduction == "mean":
            loss = loss / total
    return xp.asarray(loss, dtype=logp.dtype), xp.asarray(total, dtype=logp.dtype)


def _factors(g: Array, scale: Array | None, total, reduction: str) -> Array:
    """The gradient of each position: 0-dim when it is the same for all."""
    return _scaled(g / total if reduction == "mean" else g, scale)


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
    wide = widen(g)
    index, scale, total = _places(
        target, weight, logp_shape[_class_axis(logp_shape)], ignore_index, wide.dtype
    )
    gx = array_namespace(g).zeros(logp_shape, wide.dtype)
    gx[index] = -_factors(wide, scale, total, reduction)
    return narrow(gx, g.dtype)


@np.errstate(all="ignore")
def cross_entropy_grad(
    g: Array,
    logp: Array,
    target: Array,
    weight: Array | None = None,
    ignore_index: int = -100,
    reduction: str = "mean",
) -> Array:
    """Gradient of nll_loss(log_softmax(x)) in x, from logp = log_softmax(x).

    It is softmax(x) - onehot(target), times the gradient of each position.
    """
    xp, wide = array_namespace(logp), widen(logp)
    axis = _class_axis(logp.shape)
    index, scale, total = _places(target, weight, logp.shape[axis], ignore_index, wide.dtype)
    factors = _factors(widen(g), scale, total, reduction)
    gx = xp.exp(wide)
    gx[index] -= 1
    gx *= factors if factors.ndim == 0 else xp.expand_dims(factors, axis)
    if scale is not None:  # no NaN from scores of ignored positions
        gx = xp.where(xp.expand_dims(scale, axis) != 0, gx, wide.dtype.type(0))
    return narrow(gx, logp.dtype)


@np.errstate(all="ignore")
def mse_loss(x: Array, target: Array, reduction: str = "mean") -> Array:
    """(x - target)^2; the two have one dtype and are broadcast."""
    d = widen(x) - widen(target)
    return _reduced(d * d, reduction, x.dtype)


@np.errstate(all="ignore")
def binary_cross_entropy(x: Array, target: Array, eps: float = 0) -> Array:
    """-(t log(x) + (1 - t) log(1 - x)), the logarithms limited to -100; or with eps, in double precision,
    -(t log(x + eps) + (1 - t) log(1 - x + eps))."""
    xp = array_namespace(x)
    if eps:
        p, t = x.astype(xp.float64), target.astype(xp.float64)
        return narrow((t - 1) * xp.log(1 - p + eps) - t * xp.log(p + eps), x.dtype)
    p, t = widen(x), widen(target)
    loss = (t - 1) * xp.maximum(xp.log1p(-p), -100) - t * xp.maximum(xp.log(p), -100)
    return narrow(loss, x.dtype)


@np.errstate(all="ignore")
def binary_cross_entropy_with_logits(x: Array, target: Array) -> Array:
    """(1 - t) x + log(1 + exp(-x)), which is binary_cross_entropy of sigmoid(x), without overflow."""
    xp, z, t = array_namespace(x), widen(x), widen(target)
    loss = xp.maximum(z, 0) - t * z + xp.log1p(xp.exp(-xp.abs(z)))
    return narrow(loss, x.dtype)
