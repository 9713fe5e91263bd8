"""Names of the standard library and of NumPy that programs of 2017 use and that are gone. Under the alias of 0.3 they
are there again.

    collections.Iterable, Mapping, Sequence, Callable, ...     moved to collections.abc
    time.clock                                                 time.perf_counter
    inspect.getargspec                                         the first four of inspect.getfullargspec
    fractions.gcd                                              math.gcd
    os.errno                                                   the module errno
    threading.Thread.isAlive                                   is_alive
    unittest.TestCase.assertEquals, assertRaisesRegexp, ...    assertEqual, assertRaisesRegex, ...
    numpy.int, float, object, str, complex, bool               the Python type, where NumPy has no other
    numpy.float_, complex_, unicode_, string_                  float64, complex128, str_, bytes_
    numpy.Inf, Infinity, infty, NaN                            inf, nan
    numpy.product, cumproduct, alltrue, sometrue, round_       prod, cumprod, all, any, round
    numpy.row_stack, trapz, in1d, asscalar                     vstack, trapezoid, isin of one dimension, array.item()
    float(a), int(a), "%f" % a, b[0] = a                       a.item(), where a has one element and any dimensions
"""

import collections
import collections.abc
import errno
import fractions
import inspect
import math
import os
import threading
import time
import unittest

import numpy as np

from .._core import scalars

ArgSpec = collections.namedtuple("ArgSpec", "args varargs keywords defaults")


def _getargspec(function):
    return ArgSpec(*inspect.getfullargspec(function)[:4])


_TESTS = {
    "assertEquals": "assertEqual", "assertNotEquals": "assertNotEqual", "assertAlmostEquals": "assertAlmostEqual",
    "assertNotAlmostEquals": "assertNotAlmostEqual", "assertRegexpMatches": "assertRegex",
    "assertNotRegexpMatches": "assertNotRegex", "assertRaisesRegexp": "assertRaisesRegex", "assert_": "assertTrue",
}  # fmt: skip

_NAMES = {
    collections: {name: getattr(collections.abc, name) for name in collections.abc.__all__},
    time: {"clock": time.perf_counter},
    inspect: {"getargspec": _getargspec},
    fractions: {"gcd": math.gcd},
    os: {"errno": errno},
    threading.Thread: {"isAlive": threading.Thread.is_alive},
    unittest.TestCase: {old: getattr(unittest.TestCase, new) for old, new in _TESTS.items()},
    np: {
        **{t.__name__: t for t in (int, float, object, str, complex, bool)},
        "float_": np.float64, "complex_": np.complex128, "unicode_": np.str_, "string_": np.bytes_,
        "Inf": np.inf, "Infinity": np.inf, "infty": np.inf, "NaN": np.nan,
        "product": np.prod, "cumproduct": np.cumprod, "alltrue": np.all, "sometrue": np.any, "round_": np.round,
        "row_stack": np.vstack, "trapz": np.trapezoid, "in1d": lambda a, b: np.isin(np.ravel(a), b),
        "asscalar": lambda array: array.item(),
    },
}  # fmt: skip
_added: list = []  # (owner, name)


def install():
    """Adds the names that are missing."""
    for owner, names in _NAMES.items():
        for name, value in names.items():
            if name not in vars(owner):
                setattr(owner, name, value)
                _added.append((owner, name))
    scalars.install()


def remove():
    """Removes them again."""
    scalars.remove()
    while _added:
        owner, name = _added.pop()
        delattr(owner, name)
