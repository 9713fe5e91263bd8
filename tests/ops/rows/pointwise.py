"""Arithmetic, elementary and special functions, complex parts."""

import math

import numpy as np

from flambeau import tensor

from ..table import ALL, COMPLEX, FLOATS, INTS, REAL, Bad, Row, Sample, binary, unary

NUMBERS = REAL + COMPLEX
POSITIVE = (0.2, 3.0)
BOTH = FLOATS + COMPLEX
WITH_INTS = REAL + ("bool",)


def _refuses(*dtypes, error=NotImplementedError, match="not implemented for"):
    """Errors of a unary op for dtypes that it is not defined for."""
    values = {"bool": [True], "complex64": [1j], "int64": [1]}
    return lambda t: [Bad(Sample(tensor(values[d])), error, match) for d in dtypes]


def _binary_errors(t):
    return [
        Bad(Sample(t(2), t(3)), (RuntimeError, ValueError), "size|shape|broadcast"),
        Bad(Sample(t(2), "a"), TypeError, "must be Tensor or Number, not str|expected a Tensor or a number"),
    ]


def _pairs(t):
    return [
        Sample(t(3, 4), t(3, 4)),
        Sample(t(3, 1), t(4)),
        Sample(t(), t(2)),
        Sample(t(0), t(1)),
        Sample(t(2), 2),
    ]


# ---- arithmetic with options


def _with_alpha(t):
    made = _pairs(t)
    if t.dtype != "bool":
        made += [Sample(t(3), t(3), alpha=2), Sample(t(3), 2, alpha=3)]
    return made + ([Sample(t(3), t(3), alpha=0.5)] if t.dtype in FLOATS else [])


def _add(x, y, alpha=1):
    return x + alpha * y if alpha != 1 else x + y


def _alpha_errors(t):
    return _binary_errors(t) + [
        Bad(Sample(tensor([1]), tensor([1]), alpha=0.5), RuntimeError, "alpha must not be a floating")
    ]


def _sub_errors(t):
    return _alpha_errors(t) + [
        Bad(Sample(tensor([True]), tensor([True])), RuntimeError, "with a bool tensor is not supported")
    ]


def _away_from_0(t, *shape):
    """Divisors: 1 to 3."""
    return t(*shape, low=1, high=3)


def _quotients(t):
    return [
        Sample(t(3, 4), _away_from_0(t, 3, 4)),
        Sample(t(3, 1), _away_from_0(t, 4)),
        Sample(t(), _away_from_0(t, 2)),
        Sample(t(0), t(1, low=1, high=2)),
        Sample(t(3), 2),
    ]


def _rounded_quotients(t):
    made = _quotients(t)
    if t.dtype in REAL:
        made += [Sample(*s.args, rounding_mode=mode) for s in _quotients(t) for mode in ("trunc", "floor")]
    return made


def _div(x, y, rounding_mode=None):
    q = x / y
    return q if rounding_mode is None else np.floor(q) if rounding_mode == "floor" else np.trunc(q)


def _div_errors(t):
    return _binary_errors(t) + [
        Bad(
            Sample(t(2), 2, rounding_mode="up"),
            RuntimeError,
            "rounding_mode to be one of None, 'trunc', or 'floor'",
        ),
        Bad(Sample(tensor([1]), 0, rounding_mode="floor"), RuntimeError, "ZeroDivisionError"),
    ]


def _no_zero_division(t):
    return _binary_errors(t) + [
        Bad(Sample(tensor([1, 2]), tensor([1, 0])), RuntimeError, "ZeroDivisionError"),
        Bad(Sample(tensor([True]), tensor([True])), NotImplementedError, "'Bool'"),
        Bad(Sample(tensor([1j]), 2), NotImplementedError, "'ComplexFloat'"),
    ]


def _other_is_a_number(name, argument="other"):
    """A number where a tensor must be."""
    match = rf"{name}\(\): argument '{argument}' \(position 2\) must be Tensor, not int"
    return lambda t: [Bad(Sample(t(2), 2), TypeError, match)]


def _smooth_quotients(t):
    """Pairs whose quotient is no integer, where the remainder jumps."""
    return [
        Sample(t.array([[5.3, -4.2, 3.1]]), t.array([[2.0], [-3.0]])),
        Sample(t.array(5.5), t.array([2.0, 3.0])),
    ]


def _powers(t):
    made = [
        Sample(t(3, 4, low=0.2, high=3), t(3, 4, low=0, high=2)),
        Sample(t(3, 1, low=0.2, high=3), t(4, low=0, high=2)),
        Sample(t(), 2),
        Sample(t(3), 0),
        Sample(t(0), 3),
        Sample(t(3), 3),
    ]
    return made + ([Sample(t(3, low=0.2, high=3), 0.5), Sample(t(3), -2)] if t.dtype in BOTH else [])


def _zero_powers(t):
    return [
        Sample(t(3, low=0.5, high=2), t(3)),
        Sample(t.array([0.0, 0.5, 2.0]), 2),
        Sample(t(2), 0),
        Sample(t(2, 1, low=0.5, high=2), t(3)),
        Sample(t(3), 1),
    ]


def _powers_of_numbers(t):
    return [Sample(2, t(3, low=0, high=3)), Sample(2.5, t(2, 3)), Sample(0, t(4, low=0, high=2))]


def _pow_errors(t):
    return [
        Bad(Sample(tensor([1, 2]), -1), RuntimeError, "Integers to negative integer powers are not allowed"),
        Bad(Sample(2, 3), TypeError, "must be Tensor"),
        Bad(Sample(t(2), "a"), TypeError, "must be Tensor or Number"),
        Bad(Sample(tensor([True]), tensor([True])), NotImplementedError, "'Bool'"),
    ]


def _three(t):
    return [
        Sample(t(3, 4), t(3, 4), t(3, 4, low=0.5, high=2)),
        Sample(t(3, 1), t(4), t(2, 1, 1, low=0.5, high=2)),
        Sample(t(), t(), t(low=0.5, high=2)),
        Sample(t(0), t(0), t(0)),
        Sample(t(3), t(3), t(3, low=0.5, high=2), value=2),
    ]


def _lerps(t):
    return [
        Sample(t(3, 4), t(3, 4), 0.3),
        Sample(t(3, 4), t(4), 0.8),
        Sample(t(3, 1), t(4), t(4)),
        Sample(t(), t(), 1.0),
        Sample(t(0), t(0), 0.5),
    ]


def _complex_refused(name):
    return lambda t: [
        Bad(Sample(tensor([1j]), tensor([1j])), RuntimeError, f"{name} not implemented for complex tensors")
    ]


ARITHMETIC = [
    Row("add", _with_alpha, _add, dtypes=ALL, errors=_alpha_errors),
    Row("sub", _with_alpha, lambda x, y, alpha=1: x - alpha * y, dtypes=NUMBERS, errors=_sub_errors),
    Row("rsub", _with_alpha, lambda x, y, alpha=1: y - alpha * x, dtypes=NUMBERS),
    binary("mul", np.multiply, dtypes=ALL, errors=_binary_errors),
    Row("div", _rounded_quotients, _div, dtypes=ALL, errors=_div_errors, grad_samples=_quotients),
    Row("floor_divide", _quotients, np.floor_divide, dtypes=REAL, grad=False, errors=_no_zero_division),
    Row(
        "remainder",
        _quotients,
        np.remainder,
        dtypes=REAL,
        errors=_no_zero_division,
        grad_samples=_smooth_quotients,
    ),
    Row("fmod", _quotients, np.fmod, dtypes=REAL, errors=_no_zero_division, grad_samples=_smooth_quotients),
    Row("pow", _powers, np.power, dtypes=NUMBERS, errors=_pow_errors, grad_samples=_zero_powers),
    Row("pow", _powers_of_numbers, np.power, dtypes=NUMBERS, inplace=False),
    Row("float_power", _powers, np.float_power, dtypes=NUMBERS, grad_samples=_zero_powers),
    *[
        binary(name, getattr(np, name), dtypes=WITH_INTS, scalar=None, errors=_complex_refused(name))
        for name in ("maximum", "minimum", "fmax", "fmin")
    ],
    binary("atan2", np.arctan2, dtypes=WITH_INTS, scalar=None),
    binary("hypot", np.hypot, dtypes=FLOATS, scalar=None),
    binary("copysign", np.copysign, dtypes=WITH_INTS),
    binary("nextafter", np.nextafter, dtypes=("float32", "float64"), scalar=None, gradgrad=False),
    binary("logaddexp", lambda a, b: np.log(np.exp(a) + np.exp(b)), dtypes=FLOATS + COMPLEX, scalar=None,
           edge_gradients=False),
    binary("logaddexp2", np.logaddexp2, dtypes=FLOATS, scalar=None, edges=False),
    Row(
        "xlogy",
        lambda t: [
            Sample(t(3, 4), t(3, 4)),
            Sample(t(3, 1), t(4)),
            Sample(t(), t(2)),
            Sample(t(2), 2),
            Sample(t(0), t(1)),
            Sample(t.array([0, 0, 0]), t.array([0, 1, 2])),
        ],
        lambda x, y: np.where(x == 0, 0.0, x * np.log(y)),
        dtypes=WITH_INTS,
        domain=POSITIVE,
        grad_samples=lambda t: [Sample(t(2, 1), t(3)), Sample(t(2), 2)],
    ),
    Row(
        "xlogy",
        lambda t: [Sample(0, t(3)), Sample(2, t(3))],
        lambda x, y: 0.0 * y if x == 0 else x * np.log(y),
        dtypes=FLOATS,
        domain=POSITIVE,
        inplace=False,
    ),
    binary("gcd", np.gcd, dtypes=INTS, scalar=None, domain=(-40, 40), grad=False, edges=False),
    binary("lcm", np.lcm, dtypes=("int32", "int64"), scalar=None, domain=(-40, 40), grad=False, edges=False),
    Row("ldexp", lambda t: _pairs(t)[:-1], lambda x, y: x * 2.0**y, dtypes=FLOATS, errors=_other_is_a_number("ldexp")),
    Row(
        "heaviside",
        lambda t: _pairs(t)[:-1] + [Sample(t.array([-1, 0, 2]), t(2, 3))],
        np.heaviside,
        dtypes=ALL[:-2],
        grad_samples=lambda t: [Sample(t(2, 3), t(2, 3)), Sample(t(2, 1), t(3))],
        errors=lambda t: [
            *_other_is_a_number("heaviside", "values")(t),
            Bad(Sample(t(2), tensor([1])), RuntimeError, "heaviside is not yet implemented for tensors with different"),
            Bad(Sample(tensor([1j]), tensor([1j])), RuntimeError, "not yet implemented for complex tensors"),
        ],
    ),
    Row(
        "lerp",
        _lerps,
        lambda x, y, w: x + w * (y - x),
        dtypes=BOTH,
        errors=lambda t: [
            Bad(Sample(t(2), tensor([1, 2]), 0.5), RuntimeError, "lerp: expected dtype"),
            Bad(Sample(tensor([1]), tensor([2]), 0.5), NotImplementedError, "not implemented for 'Long'"),
        ],
    ),
    Row("addcmul", _three, lambda x, y, z, value=1: x + value * y * z, dtypes=NUMBERS),
    Row(
        "addcdiv",
        _three,
        lambda x, y, z, value=1: x + value * y / z,
        dtypes=BOTH,
        errors=lambda t: [
            Bad(
                Sample(tensor([1]), tensor([2]), tensor([3])),
                RuntimeError,
                "Integer division with addcdiv is no longer",
            )
        ],
    ),
]


# ---- one argument

_numbers_only = _refuses("bool")
_reals_only = _refuses("complex64")
_floats_only = _refuses("int64", "complex64")


def _complex_pairs(t):
    return [Sample(t(3, 4), t(3, 4)), Sample(t(3, 1), t(4)), Sample(t(), t()), Sample(t(0), t(0))]


def _vectorized(function):
    return lambda x: (
        np.vectorize(function, otypes=[np.float64])(x) if np.size(x) else np.asarray(x, np.float64)
    )


def _real_trig(name, numpy_name=None, **options):
    return unary(name, getattr(np, numpy_name or name), dtypes=WITH_INTS + COMPLEX, **options)


ONE = [
    unary(
        "neg",
        np.negative,
        dtypes=NUMBERS,
        errors=_refuses("bool", error=RuntimeError, match="on a bool tensor is not supported"),
    ),
    unary(
        "positive",
        np.positive,
        dtypes=NUMBERS,
        errors=_refuses("bool", error=RuntimeError, match="bool tensor"),
    ),
    unary("abs", np.abs, dtypes=NUMBERS, errors=_numbers_only),
    unary("sign", None, dtypes=WITH_INTS, errors=_reals_only),
    unary("sgn", None, dtypes=ALL),
    unary("floor", np.floor, dtypes=REAL, errors=_refuses("bool", "complex64")),
    unary("ceil", np.ceil, dtypes=REAL, errors=_refuses("bool", "complex64")),
    unary("trunc", np.trunc, dtypes=REAL, errors=_refuses("bool", "complex64")),
    Row(
        "round",
        lambda t: (
            [Sample(t(3, 4)), Sample(t()), Sample(t(0)), Sample(t.array([0, 1, 2, 3]))]
            + (
                [
                    Sample(t.array([0.5, 1.5, -2.5, 12.345])),
                    Sample(t(3, 4), decimals=2),
                    Sample(t(3, low=-99, high=99), decimals=-1),
                ]
                if t.dtype in FLOATS
                else []
            )
        ),
        lambda x, decimals=0: np.round(x, decimals),
        dtypes=REAL,
        rtol={"float16": 1e-2, "bfloat16": 2e-2},
        grad_samples=lambda t: [
            Sample(t.array([0.4, 1.3, -2.2])),
            Sample(t.array([0.43, -1.28]), decimals=1),
        ],
        errors=lambda t: [
            Bad(Sample(tensor([1]), decimals=1), NotImplementedError, "not implemented for 'Long'")
        ],
    ),
    unary("frac", lambda x: x - np.trunc(x), dtypes=FLOATS, errors=_floats_only),
    unary("square", None, dtypes=ALL),
    unary("reciprocal", np.reciprocal, dtypes=WITH_INTS + COMPLEX, domain=POSITIVE),
    unary("exp", np.exp, dtypes=WITH_INTS + COMPLEX),
    unary("exp2", np.exp2, dtypes=WITH_INTS + COMPLEX),
    unary("expm1", np.expm1, dtypes=WITH_INTS + COMPLEX),
    *[
        unary(name, getattr(np, name), dtypes=WITH_INTS + COMPLEX, domain=POSITIVE)
        for name in ("log", "log2", "log10", "log1p", "sqrt")
    ],
    unary("rsqrt", lambda x: 1 / np.sqrt(x), dtypes=WITH_INTS + COMPLEX, domain=POSITIVE),
    *[_real_trig(name) for name in ("sin", "cos", "sinh", "cosh", "tanh")],
    _real_trig("sinc", edge_gradients=False),
    _real_trig("tan", domain=(-1.2, 1.2)),
    _real_trig("asin", "arcsin", domain=(-0.9, 0.9)),
    _real_trig("acos", "arccos", domain=(-0.9, 0.9)),
    _real_trig("atan", "arctan", domain=(-0.9, 0.9)),
    _real_trig("asinh", "arcsinh", domain=(-0.9, 0.9)),
    _real_trig("acosh", "arccosh", domain=(1.1, 4.0), edge_gradients=False),
    _real_trig("atanh", "arctanh", domain=(-0.9, 0.9)),
    Row(
        "frexp",
        lambda t: [Sample(t(3, 4)), Sample(t()), Sample(t(0)), Sample(t.array([0, -0.0, 8, 0.3, math.inf, math.nan]))],
        np.frexp,
        dtypes=FLOATS,
        grad_samples=lambda t: [Sample(t(3, 4))],
        errors=lambda t: [Bad(Sample(tensor([1])), RuntimeError, r"frexp\(\) only supports floating-point dtypes")],
    ),
    unary("deg2rad", np.deg2rad, dtypes=WITH_INTS, domain=(-180, 180)),
    unary("rad2deg", np.rad2deg, dtypes=WITH_INTS, errors=_reals_only),
    unary("erf", _vectorized(math.erf), dtypes=WITH_INTS, errors=_reals_only),
    unary("erfc", _vectorized(math.erfc), dtypes=WITH_INTS),
    unary("erfinv", None, dtypes=WITH_INTS, domain=(-0.9, 0.9)),
    unary("lgamma", _vectorized(math.lgamma), dtypes=WITH_INTS, domain=(0.1, 20)),
    unary("digamma", None, dtypes=WITH_INTS, domain=(0.1, 20), edge_gradients=False),
    Row(
        "polygamma",
        lambda t: [Sample(n, t(3, 4)) for n in (0, 1, 2, 4)] + [Sample(1, t()), Sample(2, t(0))],
        dtypes=FLOATS,
        domain=(0.5, 12),
        rtol={"bfloat16": 3e-2},
        inplace=False,
        grad_samples=lambda t: [Sample(1, t(2, 2)), Sample(2, t(2))],
        errors=lambda t: [Bad(Sample(-1, t(2)), RuntimeError, "does not support negative n")],
    ),
    Row(
        "mvlgamma",
        lambda t: [Sample(t(3, 4), 1), Sample(t(3), 3), Sample(t(), 2), Sample(t(0), 2)],
        dtypes=("float32", "float64"),
        domain=(2.0, 9.0),
        errors=lambda t: [Bad(Sample(t(2), 0), RuntimeError, "p has to be greater than or equal to 1")],
    ),
    unary("sigmoid", lambda x: 1 / (1 + np.exp(-x)), dtypes=WITH_INTS + COMPLEX),
    Row(
        "logit",
        lambda t: [
            Sample(t(3, 4)),
            Sample(t()),
            Sample(t(0)),
            Sample(t.array([-1.0, 0.0, 0.5, 1.0, 2.0]), 0.1),
            Sample(t(4), eps=0.2),
        ],
        lambda x, eps=None: (lambda p: np.log(p / (1 - p)))(x if eps is None else np.clip(x, eps, 1 - eps)),
        dtypes=FLOATS,
        domain=(0.1, 0.9),
        grad_samples=lambda t: [Sample(t(2, 3)), Sample(t.array([-1.0, 0.05, 0.5, 2.0]), 0.1)],
    ),
]


# ---- complex parts

PARTS = [
    unary("real", np.real, dtypes=ALL),
    unary(
        "imag",
        np.imag,
        dtypes=COMPLEX,
        edges=False,
        errors=lambda t: [
            Bad(
                Sample(tensor([1.0])),
                RuntimeError,
                "imag is not implemented for tensors with non-complex dtypes",
            )
        ],
    ),
    unary("conj", np.conj, dtypes=ALL),
    unary("angle", np.angle, dtypes=("float32", "float64", "bool") + INTS + COMPLEX),
    Row(
        "complex",
        _complex_pairs,
        lambda x, y: x + 1j * y,
        dtypes=("float32", "float64"),
        errors=lambda t: [
            Bad(Sample(t(2), tensor([1, 2])), RuntimeError, "Expected object of scalar type Float"),
            Bad(Sample(tensor([1]), tensor([1])), RuntimeError, "to be Float or Double tensors"),
        ],
    ),
    Row(
        "polar",
        lambda t: [
            Sample(t(3, 4, low=0.1, high=2), t(3, 4)),
            Sample(t(low=0.1, high=2), t()),
            Sample(t(0), t(0)),
        ],
        lambda r, a: r * np.exp(1j * a),
        dtypes=("float32", "float64"),
    ),
    Row(
        "view_as_real",
        lambda t: [Sample(t(3, 4)), Sample(t()), Sample(t(0))],
        lambda z: np.stack([z.real, z.imag], -1),
        dtypes=COMPLEX,
        errors=lambda t: [Bad(Sample(tensor([1.0])), RuntimeError, "only supported for complex tensors")],
    ),
    Row(
        "view_as_complex",
        lambda t: [Sample(t(3, 2)), Sample(t(2))],
        lambda x: x[..., 0] + 1j * x[..., 1],
        dtypes=("float32", "float64"),
        layouts=False,
        errors=lambda t: [
            Bad(Sample(t(3)), RuntimeError, "must have a last dimension of size 2"),
            Bad(Sample(tensor(1.0)), RuntimeError, "must have one or more dimensions"),
            Bad(Sample(tensor([1, 2])), RuntimeError, "view_as_complex is only supported"),
        ],
    ),
    *[
        Row(name, lambda t: [Sample(t(3)), Sample(t())], lambda x: x, torch=None, dtypes=BOTH)
        for name in ("resolve_conj", "resolve_neg")
    ],
    *[Row(name, lambda t: [Sample(t(3))], dtypes=BOTH, grad=False) for name in ("is_conj", "is_neg")],
]

ROWS = ARITHMETIC + ONE + PARTS
ELSEWHERE = dict.fromkeys(("float_power_", "ldexp_", "mvlgamma_", "polygamma_"), "tests/ops/test_pointwise.py")
for _row in ROWS:
    for _dtype in WITH_INTS[len(FLOATS) :]:
        _row.rtol.setdefault(_dtype, 2e-5)  # float32 results of ints
