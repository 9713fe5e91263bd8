"""Element-wise functions of flambeau.array_api against NumPy: dtypes, broadcasting, values, special cases."""

import itertools
import operator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import flambeau.array_api as xp

from .samples import (
    ALL,
    BOOL,
    COMPLEX,
    FLOATS,
    INTS,
    NUMERIC,
    REAL,
    SIGNED,
    arrays,
    check,
    elements,
    promotes,
    tensor,
)

UNARY = {
    **dict.fromkeys("abs conj negative positive real round sign square isfinite isinf isnan".split(), NUMERIC),
    **dict.fromkeys("ceil floor trunc".split(), INTS + REAL),
    **dict.fromkeys("acos acosh asin asinh atan atanh cos cosh exp expm1 log log1p log2 log10 reciprocal sin sinh sqrt "
                    "tan tanh".split(), FLOATS),
    "imag": COMPLEX, "signbit": REAL, "logical_not": BOOL, "bitwise_invert": BOOL + INTS,
}  # fmt: skip
BINARY = {
    **dict.fromkeys("add subtract multiply".split(), NUMERIC),
    "divide": FLOATS, "pow": INTS + REAL,
    **dict.fromkeys("floor_divide remainder maximum minimum".split(), INTS + REAL),
    **dict.fromkeys("less less_equal greater greater_equal".split(), INTS + REAL),
    **dict.fromkeys("atan2 copysign hypot nextafter logaddexp".split(), REAL),
    **dict.fromkeys("bitwise_and bitwise_or bitwise_xor".split(), BOOL + INTS),
    **dict.fromkeys("bitwise_left_shift bitwise_right_shift".split(), INTS),
    **dict.fromkeys("logical_and logical_or logical_xor".split(), BOOL),
    **dict.fromkeys("equal not_equal".split(), ALL),
}  # fmt: skip
OPERATORS = {
    "add": operator.add, "subtract": operator.sub, "multiply": operator.mul, "divide": operator.truediv,
    "floor_divide": operator.floordiv, "remainder": operator.mod, "pow": operator.pow, "bitwise_and": operator.and_,
    "bitwise_or": operator.or_, "bitwise_xor": operator.xor, "bitwise_left_shift": operator.lshift,
    "bitwise_right_shift": operator.rshift, "less": operator.lt, "less_equal": operator.le, "greater": operator.gt,
    "greater_equal": operator.ge, "equal": operator.eq, "not_equal": operator.ne,
}  # fmt: skip
SPECIAL = [0.0, -0.0, 1.0, -1.0, 0.5, -1.5, 2.0, 3.0, -2.5, np.inf, -np.inf, np.nan]
SHIFTS = ("bitwise_left_shift", "bitwise_right_shift")


def quiet():
    return np.errstate(all="ignore")


def bounds(name):
    return dict(low=0, high=5) if name in ("pow", *SHIFTS) else {}


@pytest.mark.parametrize("name", UNARY)
@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_unary(name, data):
    a = data.draw(arrays(UNARY[name]))
    with quiet():
        check(getattr(xp, name)(tensor(a)), getattr(np, name)(a).astype(_unary_dtype(name, a.dtype)))


def _unary_dtype(name, dtype):
    """The standard's dtype of the result."""
    if name in ("isfinite", "isinf", "isnan", "signbit", "logical_not"):
        return np.dtype(bool)
    return np.empty(0, dtype).real.dtype if name in ("abs", "real", "imag") else dtype


@pytest.mark.parametrize("name", [n for n, kinds in UNARY.items() if "float64" in kinds])
def test_unary_special_cases(name):
    for dtype in (np.float32, np.float64):
        a = np.array(SPECIAL, dtype)
        with quiet():
            theirs = getattr(np, name)(a)
        ours = getattr(xp, name)(tensor(a))
        check(ours, theirs)
        zeros = theirs == 0
        assert (np.signbit(np.asarray(ours)) == np.signbit(theirs))[zeros].all()


@pytest.mark.parametrize("name", BINARY)
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_binary(name, data):
    d1, d2 = data.draw(st.sampled_from(_pairs(BINARY[name])))
    shape1, shape2 = data.draw(
        hnp.mutually_broadcastable_shapes(num_shapes=2, max_dims=3, max_side=3)
    ).input_shapes
    a = data.draw(hnp.arrays(d1, shape1, elements=elements(d1, **bounds(name))))
    b = data.draw(hnp.arrays(d2, shape2, elements=elements(d2, **bounds(name))))
    if name in ("floor_divide", "remainder") and b.dtype.kind in "iu":
        b[b == 0] = 3
    with quiet():
        theirs = getattr(np, name)(a, b)
    x, y = tensor(a), tensor(b)
    check(getattr(xp, name)(x, y), theirs)
    if name in OPERATORS and (a.dtype == b.dtype or (x.ndim and y.ndim)):
        check(OPERATORS[name](x, y), theirs)


def _pairs(names):
    """The pairs of dtypes that the standard promotes."""
    return [(a, b) for a, b in itertools.product(names, names) if promotes(a, b)]


@pytest.mark.parametrize("name", [n for n, kinds in BINARY.items() if "float64" in kinds])
def test_binary_special_cases(name):
    a, b = np.meshgrid(SPECIAL, SPECIAL)
    with quiet():
        theirs = getattr(np, name)(a, b)
        if name == "floor_divide":  # NumPy has Python's -1 for -2 // inf and NaN for inf // 2
            theirs = np.where(np.isinf(a) | np.isinf(b), np.floor(a / b), theirs)
    ours = getattr(xp, name)(tensor(a), tensor(b))
    check(ours, theirs)
    zeros = (theirs == 0) & (theirs.dtype.kind == "f")
    assert (np.signbit(np.asarray(ours)) == np.signbit(theirs))[zeros].all() or not zeros.any()


@pytest.mark.parametrize("name", [n for n in BINARY if n not in ("logical_and", "logical_or", "logical_xor")])
def test_python_numbers_as_operands(name):
    for dtype in BINARY[name]:
        if dtype == "bool":
            continue
        a = np.array([1, 2, 3], dtype)
        number = {"f": 1.5, "c": 1.5 + 1j}.get(a.dtype.kind, 2)
        f, g = getattr(xp, name), getattr(np, name)
        with quiet():
            check(f(tensor(a), number), g(a, a.dtype.type(number)))
            check(f(number, tensor(a)), g(a.dtype.type(number), a))


def test_numbers_past_the_range_are_infinite():
    x = xp.asarray([1.0, -1.0])
    assert (
        xp.multiply(x, 1e300).tolist() == [np.inf, -np.inf]
        and xp.add(-(10**400), x).tolist() == [-np.inf] * 2
    )
    assert xp.less(x, 1e39).tolist() == [True, True] and xp.minimum(x, 3e38).tolist() == [1, -1]
    assert xp.add(xp.asarray([1.0], dtype=xp.float64), 1e300) == 1e300


@pytest.mark.parametrize("dtype", INTS)
@pytest.mark.parametrize("count", [0, 1, 7, 8, 15, 16, 31, 32, 63, 64, 100])
def test_shifts_past_the_width(dtype, count):
    info = xp.iinfo(getattr(xp, dtype))
    x = xp.asarray([info.min, info.max, 0, 1, 5], dtype=getattr(xp, dtype))
    expected = [v << count if count < info.bits else 0 for v in x.tolist()]
    check(xp.bitwise_left_shift(x, count), np.array([v % 2**info.bits for v in expected], "u8").astype(dtype))
    check(x >> count, np.array([v >> count for v in x.tolist()], dtype))


def test_zero_dim_arrays_promote_as_arrays():
    x, y = xp.asarray([1.0], dtype=xp.float32), xp.asarray(2.0, dtype=xp.float64)
    assert xp.add(x, y).dtype is xp.float64 and xp.maximum(y, x).dtype is xp.float64
    i, j = xp.asarray([1], dtype=xp.int8), xp.asarray(2, dtype=xp.int64)
    assert xp.multiply(i, j).dtype is xp.int64


@settings(max_examples=100, deadline=None)
@given(data=st.data())
def test_clip(data):
    dtype = data.draw(st.sampled_from(INTS + REAL))
    a = data.draw(arrays([dtype]))
    low, high = sorted(data.draw(st.tuples(elements(dtype), elements(dtype))))
    kind = data.draw(st.sampled_from(["numbers", "arrays", "low", "high", "none"]))
    if kind == "none":
        check(xp.clip(tensor(a)), a)
        return
    low, high = (low if kind != "high" else None), (high if kind != "low" else None)
    wrap = (lambda v: xp.asarray(v, dtype=getattr(xp, dtype))) if kind == "arrays" else lambda v: v
    check(xp.clip(tensor(a), wrap(low), wrap(high)), np.clip(a, low, high).astype(dtype))


def test_clip_keeps_the_dtype_and_nan():
    assert xp.clip(xp.asarray([1, 9], dtype=xp.int8), 2, 5).dtype is xp.int8
    bytes_ = xp.asarray([1, 200], dtype=xp.uint8)
    assert xp.clip(bytes_, -5, 100).tolist() == [1, 100] and xp.clip(bytes_, 3, 300).tolist() == [3, 200]
    assert xp.clip(xp.asarray([1.0, 5.0, 9.0]), 2, xp.asarray([3.0, 3.0, 10.0])).tolist() == [2, 3, 9]
    assert np.isnan(xp.clip(xp.asarray([xp.nan, 1.0]), 0.0, 2.0)[0])
    assert xp.clip(xp.asarray([1.0, 9.0]), max=xp.asarray(2.0, dtype=xp.float64)).dtype is xp.float32


@pytest.mark.parametrize("name", [*UNARY, *BINARY])
def test_only_arrays_are_taken(name):
    arguments = ([1.0],) if name in UNARY else (1.0, 2.0)
    with pytest.raises(TypeError, match=name):
        getattr(xp, name)(*arguments)
    with pytest.raises(TypeError):
        getattr(xp, name)(x=xp.asarray(1.0))


def test_shifts_of_negative_numbers():
    for d in SIGNED:
        a = np.array([-8, 7], d)
        check(xp.bitwise_right_shift(tensor(a), 1), a >> 1)
