"""Names of the standard library and of NumPy that programs of 2017 use and that are gone. Under the alias of 0.3 they
are there again.

    collections.Iterable, Mapping, Sequence, Callable, ...     moved to collections.abc
    time.clock                                                 time.perf_counter
    inspect.getargspec                                         the first four of inspect.getfullargspec
    fractions.gcd                                              math.gcd
    numpy.int, float, object, str, complex, bool               the Python type, where NumPy has no other
    numpy.float_, complex_, unicode_, string_                  float64, complex128, str_, bytes_
    numpy.Inf, Infinity, infty, NaN                            inf, nan
    numpy.product, cumproduct, alltrue, sometrue, asscalar     prod, cumprod, all, any, array.item()
"""

import collections
import collections.abc
import fractions
import inspect
import math
import time

import numpy as np

ArgSpec = collections.namedtuple("ArgSpec", "args varargs keywords defaults")


def _getargspec(function):
    return ArgSpec(*inspect.getfullargspec(function)[:4])


_NAMES = {
    collections: {name: getattr(collections.abc, name) for name in collections.abc.__all__},
    time: {"clock": time.perf_counter},
    inspect: {"getargspec": _getargspec},
    fractions: {"gcd": math.gcd},
    np: {
        **{t.__name__: t for t in (int, float, object, str, complex, bool)},
        "float_": np.float64, "complex_": np.complex128, "unicode_": np.str_, "string_": np.bytes_,
        "Inf": np.inf, "Infinity": np.inf, "infty": np.inf, "NaN": np.nan,
        "product": np.prod, "cumproduct": np.cumprod, "alltrue": np.all, "sometrue": np.any,
        "asscalar": lambda array: array.item(),
    },
}  # fmt: skip
_added: list = []  # (module, name)


def install():
    """Adds the names that are missing."""
    for module, names in _NAMES.items():
        for name, value in names.items():
            if name not in vars(module):
                setattr(module, name, value)
                _added.append((module, name))


def remove():
    """Removes them again."""
    while _added:
        module, name = _added.pop()
        delattr(module, name)
