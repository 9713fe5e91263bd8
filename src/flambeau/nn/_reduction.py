"""Reductions of losses as numbers, and what the two older flags stand for: names that scripts import."""

import warnings

from ._functional.reduction import REDUCTIONS, legacy_reduction


def get_enum(reduction):
    """0, 1 or 2 for 'none', 'mean' or 'sum'; ValueError for anything else."""
    if reduction == "elementwise_mean":
        warnings.warn(
            "reduction='elementwise_mean' is deprecated. Please use reduction='mean' instead.", stacklevel=2
        )
        reduction = "mean"
    if reduction not in REDUCTIONS:
        raise ValueError(f"{reduction} is not a valid value for reduction")
    return REDUCTIONS.index(reduction)


def legacy_get_string(size_average, reduce, emit_warning=True):
    """The reduction that size_average and reduce (None: True) stand for, as a word."""
    return legacy_reduction(size_average, reduce, emit_warning)


def legacy_get_enum(size_average, reduce, emit_warning=True):
    """The reduction that size_average and reduce (None: True) stand for, as a number."""
    return get_enum(legacy_get_string(size_average, reduce, emit_warning))
