"""Gradients of 0.3 where a function has several: at the bounds of clamp, and where values are equal.

clamp: 0 at a bound. max(other) and min(other): the other's. max(), min() and median() of everything: all of it for each
element of that value.
"""

import functools
import math

from ..ops import FUNCTIONS, METHODS
from .faces import Variable


def _recorded(*values):
    """Whether a result of these will have a history."""
    variables = [v for v in values if isinstance(v, Variable)]
    return any(v.requires_grad for v in variables) and not any(v._volatile for v in variables)


def _bounding(name):
    todays, strict = METHODS[name], FUNCTIONS["hardtanh_" if name.endswith("_") else "hardtanh"]

    def method(x, min=None, max=None):
        low, high = -math.inf if min is None else min, math.inf if max is None else max
        if not _recorded(x) or low > high or (min is None and max is None):
            return todays(x, min, max)
        return strict(x, low, high)

    return method


def _larger(name, compare):
    todays, first_wins = METHODS[name], METHODS[compare]

    def method(x, other):
        if not _recorded(x, other):
            return todays(x, other)
        return FUNCTIONS["where"](first_wins(x, other), x, other)

    return method


@functools.cache
def _function(name):
    from .autograd.function import Function

    class Extreme(Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            ctx.value = getattr(x, name)()
            return x.new([ctx.value])

        @staticmethod
        def backward(ctx, grad):
            (x,) = ctx.saved_variables
            return x.eq(ctx.value).type_as(grad) * grad

    Extreme.__name__ = name.capitalize()
    return Extreme


def _of_everything(name):
    todays = METHODS[name]

    def method(x):
        return _function(name).apply(x) if _recorded(x) else todays(x)

    return method


TARGETS = {
    "bounded": _bounding("clamp"), "bounded_": _bounding("clamp_"), "larger": _larger("max", "gt"),
    "smaller": _larger("min", "lt"), **{f"whole_{name}": _of_everything(name) for name in ("max", "min", "median")},
}  # fmt: skip
