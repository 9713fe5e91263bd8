"""Optimiser steps over lists of arrays in one pass over the memory: contiguous float32 and float64."""

from __future__ import annotations

from collections.abc import Sequence

from ..._core import native as _native
from ..base import optim as _base
from ..base._xp import Array


def sgd(params: Sequence[Array], grads: Sequence[Array], momenta: Sequence[Array] | None, first: Sequence[bool],
        lr: float, momentum: float = 0.0, dampening: float = 0.0, weight_decay: float = 0.0, nesterov: bool = False,
        maximize: bool = False) -> None:  # fmt: skip
    """One SGD step, as in base."""
    settings = (lr, momentum, dampening, weight_decay, nesterov, maximize)
    if not _native.sgd(params, grads, momenta, first, *settings):
        _base.sgd(params, grads, momenta, first, *settings)


def adam(params: Sequence[Array], grads: Sequence[Array], means: Sequence[Array], squares: Sequence[Array],
         largest: Sequence[Array] | None, steps: Sequence[float], lr: float, beta1: float, beta2: float, eps: float,
         weight_decay: float = 0.0, decoupled: bool = False, maximize: bool = False) -> None:  # fmt: skip
    """One Adam, AdamW or AMSGrad step, as in base."""
    settings = (lr, beta1, beta2, eps, weight_decay, decoupled, maximize)
    if not _native.adam(params, grads, means, squares, largest, steps, *settings):
        _base.adam(params, grads, means, squares, largest, steps, *settings)
