"""Sums and products of 0.3: those of ints keep their type and wrap around, but the full ones of plain tensors."""

from .. import _core
from ..ops import METHODS
from .faces import Variable, _array


def _kept(name):
    """Today's method with results of the type of x, where it would give int64."""
    todays = METHODS[name]

    def method(x, *args):
        result = todays(x, *args)
        array, dtype = _array(result), _array(x).dtype
        if array.dtype == dtype or not (args or isinstance(x, Variable)):
            return result
        made = _core.make(array.astype(dtype), type(x)._face or type(x))
        made._volatile = result._volatile
        return made

    method.__name__ = name
    return method


TARGETS = {"summed": _kept("sum"), "multiplied": _kept("prod"), "running_sum": _kept("cumsum"),
           "running_product": _kept("cumprod")}  # fmt: skip
