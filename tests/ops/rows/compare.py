"""Comparison, logic, bits, where, clamp."""

import numpy as np

from flambeau import tensor

from ..table import ALL, COMPLEX, FLOATS, INTS, REAL, Bad, Row, Sample, binary, unary

ORDERED = REAL + ("bool",)
BITS = INTS + ("bool",)


def _not_a_number(t):
    return [Bad(Sample(t(2), "a"), TypeError, "must be Tensor or Number, not str")]


def _comparison(name, reference, dtypes=ORDERED):
    return binary(name, reference, dtypes=dtypes, grad=False, errors=_not_a_number)


def _complex_refused(t):
    return _not_a_number(t) + [
        Bad(Sample(tensor([1j]), 1), NotImplementedError, "not implemented for 'ComplexFloat'")
    ]


def _bits(name, reference, **options):
    options.setdefault("dtypes", BITS)
    return binary(
        name,
        reference,
        scalar=3,
        domain=(-100, 100),
        grad=False,
        edges=False,
        errors=lambda t: [Bad(Sample(tensor([1.0]), 1), NotImplementedError, "not implemented for 'Float'")],
        **options,
    )


def _shift(name, reference):
    return Row(
        name,
        lambda t: [
            Sample(t(3, 4), t.ints(7, 4, dtype=t.dtype)),
            Sample(t(5), 2),
            Sample(t(5), t.array([-1, 0, 3, 64, 100])),
            Sample(t(), t.array(1)),
            Sample(t(0), 1),
        ],
        dtypes=INTS,
        domain=(-100, 100),
        grad=False,
        errors=lambda t: [Bad(Sample(tensor([1.0]), 1), NotImplementedError, "not implemented for 'Float'")],
    )


def _where(t):
    return [
        Sample(t.bools(3, 4), t(3, 4), t(3, 4)),
        Sample(t.bools(3, 1), t(4), t()),
        Sample(t.bools(2), t(2), 3),
        Sample(t.bools(2), 3, t(2)),
        Sample(t.bools(0), t(0), t(1)),
        Sample(t.bools(), t(), t(2)),
        Sample(t.bools(4), 1, 2),
        Sample(t.bools(4), 1, 2.5),
        Sample(t.bools(4), True, False),
    ]


def _where_errors(t):
    return [
        Bad(Sample(t.ints(2, 3), t(3), t(3)), RuntimeError, "expected condition to be a boolean tensor"),
        Bad(Sample(t.bools(3), t(3)), TypeError, "missing 1 required positional argument: 'other'"),
        Bad(Sample(t.bools(3), t(3), "a"), TypeError, "must be Tensor or Number, not str"),
    ]


def _clamp(t):
    return [
        Sample(t(3, 4), -0.5, 1.0),
        Sample(t(3, 4), min=0),
        Sample(t(3, 4), max=1),
        Sample(t(3, 4), 1, -1),
        Sample(t(3, 4), t(4), t(3, 1)),
        Sample(t(3, 4), None, t(3, 1)),
        Sample(t(3), t(3)),
        Sample(t(), 0, 1),
        Sample(t(0), 0, 1),
        Sample(t(3), 0, t()),
    ]


def _clamp_errors(t):
    return [
        Bad(Sample(t(3)), RuntimeError, "At least one of 'min' or 'max' must not be None"),
        Bad(Sample(t(3), "a"), TypeError, "must be Tensor or Number"),
        Bad(Sample(tensor([1j]), 0, 1), NotImplementedError, "clamp is not supported for complex types"),
    ]


def _clamp_reference(x, min=None, max=None):
    x = x if min is None else np.maximum(x, min)
    return x if max is None else np.minimum(x, max)


def _nan_to_num(t):
    values = t.array([1.0, np.nan, np.inf, -np.inf, 0.0]) if t.dtype in FLOATS else t(5)
    return [
        Sample(values),
        Sample(values, 2.0),
        Sample(values, posinf=3.0, neginf=-4.0),
        Sample(t(2, 3)),
        Sample(t()),
        Sample(t(0)),
    ]


def _close_pairs(t):
    x = t.array([1.0, 2.0, np.inf, np.nan, -np.inf]) if t.dtype in FLOATS + COMPLEX else t(5)
    y = t.array([1.0, 2.1, np.inf, np.nan, np.inf]) if t.dtype in FLOATS + COMPLEX else t(5)
    return [
        Sample(x, y),
        Sample(x, y, rtol=0.1),
        Sample(x, y, atol=1.0),
        Sample(x, y, equal_nan=True),
        Sample(t(3, 1), t(4)),
        Sample(t(0), t(0)),
        Sample(t(), t()),
    ]


def _close_errors(t):
    return [
        Bad(Sample(t(2), tensor([1, 2])), RuntimeError, "Float did not match Long"),
        Bad(Sample(t(2), t(2), rtol=-1.0), RuntimeError, "rtol must be greater than or equal to zero"),
        Bad(Sample(t(2), 1.0), TypeError, "argument 'other'"),
    ]


def _same_pairs(t):
    x = t(3, 2)
    return [
        Sample(x, x.clone() if hasattr(x, "clone") else x),
        Sample(x, t(3, 2)),
        Sample(t(3), t(2)),
        Sample(t(0), t(0)),
    ]


ROWS = [
    _comparison("eq", np.equal, ALL),
    _comparison("ne", np.not_equal, ALL),
    *[
        binary(name, reference, dtypes=ORDERED, grad=False, errors=_complex_refused)
        for name, reference in (
            ("lt", np.less),
            ("le", np.less_equal),
            ("gt", np.greater),
            ("ge", np.greater_equal),
        )
    ],
    *[
        unary(name, reference, dtypes=ALL, grad=False)
        for name, reference in (("isnan", np.isnan), ("isinf", np.isinf), ("isfinite", np.isfinite))
    ],
    *[
        unary(name, reference, dtypes=ORDERED, grad=False)
        for name, reference in (("isposinf", np.isposinf), ("isneginf", np.isneginf), ("signbit", np.signbit))
    ],
    unary("isreal", np.isreal, dtypes=ALL, grad=False),
    Row("isclose", _close_pairs, np.isclose, dtypes=ALL, grad=False, errors=_close_errors),
    Row("allclose", _close_pairs, np.allclose, dtypes=ALL, grad=False, errors=_close_errors),
    Row(
        "equal",
        _same_pairs,
        np.array_equal,
        dtypes=ALL,
        grad=False,
        errors=lambda t: [Bad(Sample(t(2), 1), TypeError, "argument 'other'")],
    ),
    binary("logical_and", np.logical_and, dtypes=ALL, scalar=None, grad=False),
    binary("logical_or", np.logical_or, dtypes=ALL, scalar=None, grad=False),
    binary("logical_xor", np.logical_xor, dtypes=ALL, scalar=None, grad=False),
    unary("logical_not", np.logical_not, dtypes=ALL, grad=False),
    _bits("bitwise_and", np.bitwise_and),
    _bits("bitwise_or", np.bitwise_or),
    _bits("bitwise_xor", np.bitwise_xor),
    unary("bitwise_not", np.bitwise_not, dtypes=BITS, grad=False, edges=False),
    _shift("bitwise_left_shift", np.left_shift),
    _shift("bitwise_right_shift", np.right_shift),
    Row("where", _where, np.where, dtypes=ALL, errors=_where_errors),
    Row("clamp", _clamp, _clamp_reference, dtypes=REAL, errors=_clamp_errors),
    Row(
        "clamp_min",
        lambda t: [Sample(t(3, 4), 0), Sample(t(3, 4), t(4)), Sample(t(), 0.5), Sample(t(0), 1)],
        np.maximum,
        dtypes=REAL,
    ),
    Row(
        "clamp_max",
        lambda t: [Sample(t(3, 4), 0), Sample(t(3, 4), t(4)), Sample(t(), 0.5), Sample(t(0), 1)],
        np.minimum,
        dtypes=REAL,
    ),
    Row(
        "nan_to_num",
        _nan_to_num,
        lambda x, nan=0.0, posinf=None, neginf=None: np.nan_to_num(x, nan=nan, posinf=posinf, neginf=neginf),
        dtypes=ORDERED,
        grad_samples=lambda t: [Sample(t(2, 3))],
    ),
]
