"""Infinities, NaN and signed zeros in complex numbers, as the tables of the standard (those of C99) have them.

A row is the function, real and imaginary parts of arguments, and of the result: numbers, functions of the imaginary
part y, or `~number` as text where the sign is open. By `f(conj(x)) == conj(f(x))` the lower half plane follows.
"""

import math

import numpy as np
import pytest

import flambeau.array_api as xp

INF, NAN, PI = math.inf, math.nan, math.pi
FINITE, POSITIVE, ZEROS = [0.0, 1.0, 2.5], [1.0, 2.5], [0.0, -0.0]


def times(factor, function):
    return lambda y: factor * function(y)


COS, SIN = times(INF, math.cos), times(INF, math.sin)
TABLE = [
    ("exp", ZEROS, [0.0], 1.0, 0.0),
    ("exp", FINITE, [INF, NAN], NAN, NAN),
    ("exp", [INF], [0.0], INF, 0.0),
    ("exp", [-INF], POSITIVE, times(0, math.cos), times(0, math.sin)),
    ("exp", [INF], POSITIVE, COS, SIN),
    ("exp", [-INF], [INF, NAN], "~0", "~0"),
    ("exp", [INF], [INF, NAN], "~inf", NAN),
    ("exp", [NAN], [0.0], NAN, 0.0),
    ("exp", [NAN], [1.0, INF, NAN], NAN, NAN),
    ("expm1", ZEROS, [0.0], "~0", 0.0),
    ("expm1", FINITE, [INF, NAN], NAN, NAN),
    ("expm1", [INF], [0.0], INF, 0.0),
    ("expm1", [-INF], POSITIVE, -1.0, times(0, math.sin)),
    ("expm1", [INF], POSITIVE, COS, SIN),
    ("expm1", [-INF], [INF, NAN], -1.0, "~0"),
    ("expm1", [INF], [INF, NAN], "~inf", NAN),
    ("expm1", [NAN], [0.0], NAN, 0.0),
    ("expm1", [NAN], [1.0, INF, NAN], NAN, NAN),
    ("log1p", [-1.0], [0.0], -INF, 0.0),
    ("log1p", FINITE, [INF], INF, PI / 2),
    ("log1p", FINITE, [NAN], NAN, NAN),
    ("log1p", [-INF], POSITIVE, INF, PI),
    ("log1p", [INF], POSITIVE, INF, 0.0),
    ("log1p", [-INF], [INF], INF, 3 * PI / 4),
    ("log1p", [INF], [INF], INF, PI / 4),
    ("log1p", [INF, -INF], [NAN], INF, NAN),
    ("log1p", [NAN], [1.0, NAN], NAN, NAN),
    ("log1p", [NAN], [INF], INF, NAN),
    ("sqrt", ZEROS, [0.0], 0.0, 0.0),
    ("sqrt", [1.0, NAN, -INF, INF], [INF], INF, INF),
    ("sqrt", FINITE, [NAN], NAN, NAN),
    ("sqrt", [-INF], POSITIVE, 0.0, INF),
    ("sqrt", [INF], POSITIVE, INF, 0.0),
    ("sqrt", [-INF], [NAN], NAN, "~inf"),
    ("sqrt", [INF], [NAN], INF, NAN),
    ("sqrt", [NAN], [1.0, NAN], NAN, NAN),
    ("sinh", [0.0], [0.0], 0.0, 0.0),
    ("sinh", [0.0], [INF, NAN], "~0", NAN),
    ("sinh", POSITIVE, [INF, NAN], NAN, NAN),
    ("sinh", [INF], [0.0], INF, 0.0),
    ("sinh", [INF], POSITIVE, COS, SIN),
    ("sinh", [INF], [INF, NAN], "~inf", NAN),
    ("sinh", [NAN], [0.0], NAN, 0.0),
    ("sinh", [NAN], [1.0, INF, NAN], NAN, NAN),
    ("cosh", [0.0], [0.0], 1.0, 0.0),
    ("cosh", [0.0], [INF, NAN], NAN, "~0"),
    ("cosh", POSITIVE, [INF, NAN], NAN, NAN),
    ("cosh", [INF], [0.0], INF, 0.0),
    ("cosh", [INF], POSITIVE, COS, SIN),
    ("cosh", [INF], [INF, NAN], "~inf", NAN),
    ("cosh", [NAN], [0.0], NAN, "~0"),
    ("cosh", [NAN], [1.0, INF, NAN], NAN, NAN),
    ("tanh", [0.0], [0.0], 0.0, 0.0),
    ("tanh", [0.0], [INF, NAN], 0.0, NAN),
    ("tanh", POSITIVE, [INF, NAN], NAN, NAN),
    ("tanh", [INF], [1.0, 2.5, INF, NAN], 1.0, "~0"),
    ("tanh", [NAN], [0.0], NAN, 0.0),
    ("tanh", [NAN], [1.0, INF, NAN], NAN, NAN),
    ("asinh", [0.0], [0.0], 0.0, 0.0),
    ("asinh", POSITIVE, [INF], INF, PI / 2),
    ("asinh", POSITIVE, [NAN], NAN, NAN),
    ("asinh", [INF], POSITIVE, INF, 0.0),
    ("asinh", [INF], [INF], INF, PI / 4),
    ("asinh", [INF], [NAN], INF, NAN),
    ("asinh", [NAN], [0.0], NAN, 0.0),
    ("asinh", [NAN], [1.0, NAN], NAN, NAN),
    ("asinh", [NAN], [INF], "~inf", NAN),
    ("acosh", ZEROS, [0.0], 0.0, PI / 2),
    ("acosh", FINITE, [INF], INF, PI / 2),
    ("acosh", POSITIVE, [NAN], NAN, NAN),
    ("acosh", [-INF], POSITIVE, INF, PI),
    ("acosh", [INF], POSITIVE, INF, 0.0),
    ("acosh", [-INF], [INF], INF, 3 * PI / 4),
    ("acosh", [INF], [INF], INF, PI / 4),
    ("acosh", [INF, -INF], [NAN], INF, NAN),
    ("acosh", [NAN], [1.0, NAN], NAN, NAN),
    ("acosh", [NAN], [INF], INF, NAN),
    ("atanh", [0.0], [0.0], 0.0, 0.0),
    ("atanh", [0.0, INF], [NAN], 0.0, NAN),
    ("atanh", [1.0], [0.0], INF, 0.0),
    ("atanh", [1.0, 2.5, INF], [INF], 0.0, PI / 2),
    ("atanh", POSITIVE, [NAN], NAN, NAN),
    ("atanh", [INF], POSITIVE, 0.0, PI / 2),
    ("atanh", [NAN], [1.0, NAN], NAN, NAN),
    ("atanh", [NAN], [INF], "~0", PI / 2),
    ("acos", ZEROS, [0.0], PI / 2, -0.0),
    ("acos", ZEROS, [NAN], PI / 2, NAN),
    ("acos", FINITE, [INF], PI / 2, -INF),
    ("acos", POSITIVE, [NAN], NAN, NAN),
    ("acos", [-INF], POSITIVE, PI, -INF),
    ("acos", [INF], POSITIVE, 0.0, -INF),
    ("acos", [-INF], [INF], 3 * PI / 4, -INF),
    ("acos", [INF], [INF], PI / 4, -INF),
    ("acos", [INF, -INF], [NAN], NAN, "~inf"),
    ("acos", [NAN], [1.0, NAN], NAN, NAN),
    ("acos", [NAN], [INF], NAN, -INF),
]
for name, unit in (("log", 1.0), ("log2", math.log(2)), ("log10", math.log(10))):
    TABLE += [
        (name, [-0.0], [0.0], -INF, PI / unit),
        (name, [0.0], [0.0], -INF, 0.0),
        (name, FINITE, [INF], INF, PI / 2 / unit),
        (name, FINITE, [NAN], NAN, NAN),
        (name, [-INF], POSITIVE, INF, PI / unit),
        (name, [INF], POSITIVE, INF, 0.0),
        (name, [-INF], [INF], INF, 3 * PI / 4 / unit),
        (name, [INF], [INF], INF, PI / 4 / unit),
        (name, [INF, -INF], [NAN], INF, NAN),
        (name, [NAN], [1.0, NAN], NAN, NAN),
        (name, [NAN], [INF], INF, NAN),
    ]


def agrees(value, expected, y):
    if isinstance(expected, str):
        return abs(value) == float(expected[1:])
    expected = expected(y) if callable(expected) else expected
    if math.isnan(expected):
        return math.isnan(value)
    return math.isclose(value, expected, rel_tol=1e-6) and math.copysign(1, value) == math.copysign(
        1, expected
    )


@pytest.mark.parametrize("dtype", [xp.complex64, xp.complex128])
@pytest.mark.parametrize("name", sorted({row[0] for row in TABLE}))
def test_special_cases(name, dtype):
    function = getattr(xp, name)
    for _, real_parts, imaginary_parts, real, imaginary in [row for row in TABLE if row[0] == name]:
        for x in real_parts:
            for y in imaginary_parts:
                result = complex(function(xp.asarray(complex(x, y), dtype=dtype)))
                assert agrees(result.real, real, y) and agrees(result.imag, imaginary, y), (x, y, result)
                mirrored = complex(function(xp.asarray(complex(x, -y), dtype=dtype)))
                np.testing.assert_equal(abs(mirrored.real), abs(result.real))
                np.testing.assert_equal(abs(mirrored.imag), abs(result.imag))


def test_size_and_sign():
    for z in (complex(INF, NAN), complex(-INF, 1.0), complex(NAN, INF)):
        assert xp.abs(xp.asarray(z)) == INF
    for z in (complex(NAN, 1.0), complex(1.0, NAN)):
        assert xp.isnan(xp.abs(xp.asarray(z))) and np.isnan(np.asarray(xp.sign(xp.asarray(z))).real)
    assert xp.sign(xp.asarray(0j)) == 0 and xp.sign(xp.asarray(3 - 4j)) == 0.6 - 0.8j
