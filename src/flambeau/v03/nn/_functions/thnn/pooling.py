"""Pooling: `MaxPool2d.apply(input, kernel_size, stride, padding, dilation, ceil_mode)` -> (output, indices)."""

from ....autograd.composed import composed
from ... import functional as F


def _max_pool(n):
    pool = getattr(F, f"max_pool{n}d")

    def compute(input, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False):
        return pool(input, kernel_size, stride, padding, dilation, ceil_mode, return_indices=True)

    compute.__doc__ = (
        "apply(input, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False) -> (output, indices)"
    )
    return compute


def _max_unpool(n):
    unpool = getattr(F, f"max_unpool{n}d")

    def compute(input, indices, output_size, *options):
        size = tuple(output_size)[-n:]
        return unpool(input, indices, size, stride=size, output_size=size)

    compute.__doc__ = "apply(input, indices, output_size) -> zeros with input at the indices"
    return compute


def _avg_pool(n):
    pool = getattr(F, f"avg_pool{n}d")

    def compute(input, kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True):
        return pool(input, kernel_size, stride, padding, ceil_mode, count_include_pad)

    compute.__doc__ = (
        "apply(input, kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True) -> output"
    )
    return compute


def _adaptive_max(n):
    pool = getattr(F, f"adaptive_max_pool{n}d")
    return lambda input, output_size: pool(input, output_size, return_indices=True)


def _adaptive_average(n):
    pool = getattr(F, f"adaptive_avg_pool{n}d")
    return lambda input, output_size: pool(input, output_size)


_FUNCTIONS = composed(
    __name__,
    **{f"MaxPool{n}d": _max_pool(n) for n in (1, 2, 3)}, **{f"MaxUnpool{n}d": _max_unpool(n) for n in (2, 3)},
    **{f"AvgPool{n}d": _avg_pool(n) for n in (2, 3)}, **{f"AdaptiveMaxPool{n}d": _adaptive_max(n) for n in (1, 2, 3)},
    **{f"AdaptiveAvgPool{n}d": _adaptive_average(n) for n in (1, 2, 3)},
)  # fmt: skip
globals().update(_FUNCTIONS)
__all__ = list(_FUNCTIONS)
