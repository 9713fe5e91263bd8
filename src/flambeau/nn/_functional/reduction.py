"""How losses reduce: 'none', 'mean' or 'sum', and the two older flags that said so."""

import warnings

REDUCTIONS = ("none", "mean", "sum")


def legacy_reduction(size_average, reduce, emit_warning=True):
    """The reduction that `size_average` and `reduce` (None: True) stand for."""
    size_average = True if size_average is None else size_average
    reduce = True if reduce is None else reduce
    reduction = ("mean" if size_average else "sum") if reduce else "none"
    if emit_warning:
        warnings.warn(
            f"size_average and reduce args will be deprecated, please use reduction='{reduction}' instead.",
            stacklevel=4,
        )
    return reduction


def choose_reduction(size_average, reduce, reduction):
    """`reduction`, unless one of the older flags was given; ValueError when it is none of REDUCTIONS."""
    if size_average is not None or reduce is not None:
        return legacy_reduction(size_average, reduce)
    if reduction not in REDUCTIONS:
        raise ValueError(f"{reduction} is not a valid value for reduction")
    return reduction


def reduced(loss, reduction):
    """`loss` reduced to its mean, its sum, or not at all."""
    if reduction == "mean":
        return loss.mean()
    return loss.sum() if reduction == "sum" else loss
