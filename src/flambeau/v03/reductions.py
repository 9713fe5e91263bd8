"""Reductions of 0.3: those over everything give Python numbers of plain tensors, computed in double precision; sums of
ints keep their type and wrap around, but for those numbers."""

import numpy as np

from .. import _core
from ..ops import METHODS
from .faces import Variable, _array, copied


def _kept(name):
    """Today's method with results of the type of x, where it would give int64."""
    todays = METHODS[name]

    def method(x, *args):
        result = todays(x, *args)
        array, dtype = _array(result), _array(x).dtype
        if array.dtype == dtype:
            return result
        made = _core.make(copied(array, dtype), type(x)._face or type(x))
        made._volatile = result._volatile
        return made

    method.__name__ = name
    return method


def _whole(name):
    """Today's method over all elements: of floats in a plain tensor in double precision, as 0.3 added them up."""
    todays, kept = METHODS[name], _kept(name)

    def method(x, *args, **kwargs):
        if isinstance(x, Variable):
            return kept(x) if not (args or kwargs) else todays(x, *args, **kwargs)
        doubled = [_doubled(a) if isinstance(a, _core.TensorBase) else a for a in args]
        return todays(_doubled(x), *doubled, **kwargs)

    method.__name__ = f"whole_{name}"
    return method


def _doubled(x):
    array = _array(x)
    return _core.make(copied(array, np.float64)) if array.dtype.kind == "f" else x


def _truth(name):
    todays = METHODS[name]

    def method(x):
        result = todays(x)
        return result if isinstance(x, Variable) else bool(_array(result).item())

    method.__name__ = f"truth_{name}"
    return method


TARGETS = {
    **{f"kept_{name}": _kept(name) for name in ("sum", "prod", "cumsum", "cumprod")},
    **{f"whole_{name}": _whole(name) for name in ("sum", "prod", "mean", "norm", "dist", "trace", "std", "var")},
    **{f"truth_{name}": _truth(name) for name in ("all", "any")},
}
