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
    todays, kept = _SPREADS.get(name) or METHODS[name], _kept(name)

    def method(x, *args, **kwargs):
        if name in ("mean", "std", "var") and not _array(x).size:
            raise RuntimeError("invalid argument 1: empty Tensor")
        if isinstance(x, Variable):
            return kept(x) if not (args or kwargs) else todays(x, *args, **kwargs)
        if name in _KERNELS and _array(x).dtype.kind == "f":
            backend, array = _core.backend_for(x), _array(x)
            with backend.on(array):
                return getattr(backend.kernels, name)(array.astype(np.float64)).item()
        doubled = [_doubled(a) if isinstance(a, _core.TensorBase) else a for a in args]
        return todays(_doubled(x), *doubled, **kwargs)

    method.__name__ = f"whole_{name}"
    return method


_KERNELS = ("sum", "prod", "mean")  # kernels of the array alone


def _doubled(x):
    array = _array(x)
    return _core.make(copied(array, np.float64)) if array.dtype.kind == "f" else x


def _spread(name):
    """Today's std or var over all elements, or along dim; of one element it is NaN unless it is biased."""
    todays = METHODS[name]

    def method(x, dim=None, unbiased=True, keepdim=False):
        array = _array(x)
        in_range = dim is None or -array.ndim <= dim < array.ndim
        if unbiased and in_range and (array.size if dim is None else array.shape[dim]) == 1:
            return METHODS["mul"](METHODS["sum"](x, dim, keepdim), float("nan"))
        return todays(x, dim, unbiased=unbiased, keepdim=keepdim)

    return method


_SPREADS = {name: _spread(name) for name in ("std", "var")}


def highest(x, k, dim, largest, sorted):
    """topk(k, dim, largest, sorted) -> (values, indices). RuntimeError for k = 0."""
    if k == 0:
        raise RuntimeError("topk: k must be positive, got 0")
    return METHODS["topk"](x, k, dim, largest, sorted)


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
    **{f"{name}_along": method for name, method in _SPREADS.items()},
    "highest": highest,
}
