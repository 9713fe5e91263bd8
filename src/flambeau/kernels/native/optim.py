"""Optimiser steps over lists of arrays in one pass over the memory: contiguous float32 and float64."""

from __future__ import annotations

from collections.abc import Sequence

from ..._core import native as _native
from ..base import optim as _base
from ..base._xp import Array

# The numbers of `enum fb_optim_rule`.
_CODES = {
    "sgd": 0,
    "adam": 1,
    "adamax": 2,
    "nadam": 3,
    "radam": 4,
    "rmsprop": 5,
    "rprop": 6,
    "adagrad": 7,
    "adadelta": 8,
    "asgd": 9,
}


def optimise(rule: str, lists: Sequence[Sequence[Array] | None], numbers: Sequence[Sequence[float]],
             settings: Sequence[float]) -> None:  # fmt: skip
    """One step of all parameters, as in base."""
    if not _native.optimise(_CODES[rule], lists, numbers, settings):
        _base.optimise(rule, lists, numbers, settings)
