"""Pointwise kernels against NumPy in float64 (or exact integers)."""

import math

import ml_dtypes
import numpy as np
import pytest

INTS = ["uint8", "int8", "int16", "int32", "int64"]
FLOATS = ["float32", "float64"]
HALVES = ["float16", ml_dtypes.bfloat16]
EDGES = [0.0, -0.0, 1.0, -1.0, 0.5, -0.5, 2.0, 1e-45, -1e-45, 1.2e-38, 3e38, -3e38, math.inf, -math.inf, math.nan,
         88.7, 89.5, -87.3, -103.5, -104.5, 1e-20, 127.0, 20.0, 20.5, 700.0, -745.0]  # fmt: skip


def vec(f):
    return np.vectorize(f, otypes=["float64"])


def guarded(f):
    """f with the limits that math raises for."""

    def g(x):
        try:
            return f(x)
        except ValueError:
            return math.nan
        except OverflowError:
            return math.inf

    return vec(g)


def log_at(f):
    return guarded(lambda x: -math.inf if x == 0 else f(x))


def sigmoid(x):
    return np.where(x >= 0, 1 / (1 + np.exp(-np.abs(x))), np.exp(-np.abs(x)) / (1 + np.exp(-np.abs(x))))


def phi(x):
    return vec(lambda v: 0.5 * math.erfc(-v / math.sqrt(2)))(x)


def gelu_tanh(x):
    return x * sigmoid(2 * math.sqrt(2 / math.pi) * (x + 0.044715 * x**3))


# name -> (reference in float64, lowest and highest argument, bound in ulp)
UNARY = {
    "exp": (np.exp, -105, 90, 2), "expm1": (guarded(math.expm1), -30, 89, 2), "exp2": (np.exp2, -150, 128, 2),
    "log": (log_at(math.log), 0, 100, 2), "log2": (log_at(math.log2), 0, 100, 2),
    "log10": (log_at(math.log10), 0, 100, 2),
    "log1p": (guarded(lambda x: -math.inf if x == -1 else math.log1p(x)), -1, 10, 2),
    "sqrt": (np.sqrt, 0, 100, 0.5), "rsqrt": (lambda x: 1 / np.sqrt(x), 0, 100, 1.5),
    "reciprocal": (lambda x: 1 / x, -5, 5, 0.5),
    "sin": (np.sin, -100, 100, 2), "cos": (np.cos, -100, 100, 2), "tan": (np.tan, -100, 100, 2),
    "asin": (np.arcsin, -1, 1, 2), "acos": (np.arccos, -1, 1, 2), "atan": (np.arctan, -9, 9, 2),
    "sinh": (np.sinh, -9, 9, 2), "cosh": (np.cosh, -9, 9, 2), "asinh": (np.arcsinh, -9, 9, 2),
    "acosh": (np.arccosh, 1, 9, 2), "atanh": (np.arctanh, -1, 1, 2), "erfc": (vec(math.erfc), -4, 9, 4),
    "tanh": (np.tanh, -12, 12, 2), "sigmoid": (sigmoid, -104, 30, 2), "erf": (vec(math.erf), -5, 5, 2),
    "relu": (lambda x: np.where(x < 0, 0, x), -5, 5, 0), "floor": (np.floor, -9, 9, 0),
    "ceil": (np.ceil, -9, 9, 0), "round": (np.rint, -9, 9, 0), "trunc": (np.trunc, -9, 9, 0),
    "square": (np.square, -9, 9, 0.5), "neg": (np.negative, -9, 9, 0), "abs": (np.abs, -9, 9, 0),
    "softplus": (lambda x: np.where(x > 20, x, np.log1p(np.exp(np.minimum(x, 21)))), -30, 30, 4),
    "logsigmoid": (lambda x: np.minimum(x, 0) - np.log1p(np.exp(-np.abs(x))), -30, 30, 4),
    "silu": (lambda x: x * sigmoid(x), -80, 30, 3), "gelu": (lambda x: x * phi(x), -12, 12, 8),
    "gelu_tanh": (gelu_tanh, -6, 6, 80),
}  # fmt: skip
# What e**-t of an argument t that was itself rounded loses, in float64 where t reaches 100.
UNARY_F64_BOUND = {"gelu": 300, "gelu_tanh": 80, "rsqrt": 1.5, "tanh": 4, "softplus": 4}


def ulps(got, want, dtype):
    """Distance in units of the last place of `want` rounded to dtype."""
    with np.errstate(all="ignore"):
        exact = want.astype(dtype)
        size = np.spacing(np.abs(exact)).astype("float64")
        size = np.where(np.isfinite(size), size, np.finfo(dtype).eps * np.abs(want))
        d = np.abs(got.astype("float64") - want) / size
        same = (got == exact) | (np.isnan(got) & np.isnan(exact))
        # Close to overflow the last place before infinity counts as one.
        edge = np.isinf(got) & (np.abs(want) >= np.finfo(dtype).max * (1 - 4 * np.finfo(dtype).eps))
        return np.where(same | edge, 0, d)


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("name", UNARY)
@pytest.mark.filterwarnings("ignore")
def test_unary_accuracy(fb, name, dtype):
    f, low, high, bound = UNARY[name]
    rng = np.random.default_rng(0)
    x = rng.uniform(low, high, 20011).astype(dtype)
    x[:7000] = (x[:7000] * np.exp2(rng.uniform(-60, 0, 7000))).astype(dtype) if low <= 0 else x[:7000]
    if dtype == "float64":
        bound = UNARY_F64_BOUND.get(name, max(bound, 2))
    want = f(x.astype("longdouble" if name in ("exp", "tanh", "sigmoid") else "float64")).astype("longdouble")
    d = ulps(fb.unary(name, x), want.astype("float64"), dtype)
    assert d.max() <= bound + 0.51, (fb.isa, name, x[d.argmax()], d.max())


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("name", [n for n in UNARY if n not in ("sin", "cos", "tan", "gelu_tanh")])
@pytest.mark.filterwarnings("ignore")
def test_unary_edges(fb, name, dtype):
    x = np.array(EDGES * 3, dtype)
    with np.errstate(all="ignore"):
        want = UNARY[name][0](x.astype("float64"))
    got = fb.unary(name, x)
    if name in ("silu", "gelu"):
        want = np.where(np.isneginf(x), np.nan, want)  # -inf * 0, as the formula has it
    finite = np.isfinite(want) & (np.abs(want) < np.finfo(dtype).max)
    np.testing.assert_array_equal(np.isnan(got), np.isnan(want.astype(dtype)))
    np.testing.assert_array_equal(np.isposinf(got), np.isposinf(want.astype(dtype)))
    np.testing.assert_array_equal(np.isneginf(got), np.isneginf(want.astype(dtype)))
    np.testing.assert_allclose(got[finite], want[finite], rtol=2e-5 if dtype == "float32" else 1e-12,
                               atol=1e-43 if dtype == "float32" else 5e-323)  # fmt: skip
    if name in ("expm1", "log1p", "sin", "tan", "tanh", "erf", "sqrt", "floor", "round", "asinh"):
        assert math.copysign(1, got[1]) == -1, "the sign of -0 is lost"


@pytest.mark.parametrize("name", ["sin", "cos", "tan"])
def test_trigonometry_of_large_and_infinite_arguments(fb, name):
    values = [1e5, 9.9e5, 1.1e6, 1e10, -3e38, 355, 710, 1e-30, math.inf, -math.inf, math.nan, 0, -0.0]
    x = np.array(values * 30, "float32")
    with np.errstate(all="ignore"):
        want = getattr(np, name)(x.astype("float64"))
    d = ulps(fb.unary(name, x), want, "float32")
    assert d.max() <= 2.5, (x[d.argmax()], d.max())


@pytest.mark.parametrize("dtype", HALVES)
@pytest.mark.parametrize("name", UNARY)
@pytest.mark.filterwarnings("ignore")
def test_unary_16bit_equals_rounded_float32(fb, name, dtype):
    x = np.random.default_rng(1).uniform(max(UNARY[name][1], -9), min(UNARY[name][2], 9), 1000).astype(dtype)
    got = fb.unary(name, x)
    assert got.dtype == dtype
    np.testing.assert_array_equal(got, fb.cast(fb.unary(name, x.astype("float32")), dtype))
    np.testing.assert_array_equal(fb.unary(name, x[::3]), got[::3])


@pytest.mark.parametrize("dtype", INTS)
def test_unary_ints(fb, dtype):
    info = np.iinfo(dtype)
    x = np.concatenate([[info.min, info.min + 1, 0, 1, info.max], np.arange(60)]).astype(dtype)
    with np.errstate(all="ignore"):
        for name, f in {"neg": np.negative, "abs": np.abs, "sign": np.sign, "square": np.square,
                        "bitwise_not": np.invert}.items():  # fmt: skip
            np.testing.assert_array_equal(fb.unary(name, x), f(x), err_msg=name)
    np.testing.assert_array_equal(fb.unary("relu", x), np.maximum(x, 0))
    np.testing.assert_array_equal(fb.unary("logical_not", x), x == 0)


def test_sign_and_tests_of_values(fb):
    for dtype in FLOATS + HALVES:
        x = np.array([0.0, -0.0, 2.0, -3.0, math.inf, -math.inf, math.nan], dtype)
        np.testing.assert_array_equal(fb.unary("sign", x).astype("float64"), [0, 0, 1, -1, 1, -1, 0])
        np.testing.assert_array_equal(fb.unary("isnan", x), [0, 0, 0, 0, 0, 0, 1])
        np.testing.assert_array_equal(fb.unary("isinf", x), [0, 0, 0, 0, 1, 1, 0])
        np.testing.assert_array_equal(fb.unary("isfinite", x), [1, 1, 1, 1, 0, 0, 0])
        np.testing.assert_array_equal(fb.unary("logical_not", x), [1, 1, 0, 0, 0, 0, 0])
    for dtype in ("complex64", "complex128"):
        z = np.array([0, 1j, complex(math.nan, 0), complex(0, math.inf), 3 - 4j], dtype)
        np.testing.assert_array_equal(fb.unary("isnan", z), np.isnan(z))
        np.testing.assert_array_equal(fb.unary("isinf", z), np.isinf(z))
        np.testing.assert_array_equal(fb.unary("logical_not", z), [1, 0, 0, 0, 0])


@pytest.mark.parametrize("dtype", INTS)
def test_binary_ints(fb, dtype):
    info = np.iinfo(dtype)
    values = [info.min, info.min + 1, 0, 1, 2, 3, 7, info.max - 1, info.max] + [-1, -2, -7] * (info.min < 0)
    special = np.array(values, dtype)
    a, b = (g.ravel() for g in np.meshgrid(special, special))
    with np.errstate(all="ignore"):
        ops = {"add": np.add, "sub": np.subtract, "mul": np.multiply, "maximum": np.maximum, "minimum": np.minimum,
               "eq": np.equal, "ne": np.not_equal, "lt": np.less, "le": np.less_equal, "gt": np.greater,
               "ge": np.greater_equal, "logical_and": np.logical_and, "logical_or": np.logical_or,
               "logical_xor": np.logical_xor, "bitwise_and": np.bitwise_and, "bitwise_or": np.bitwise_or,
               "bitwise_xor": np.bitwise_xor, "floor_divide": np.floor_divide, "remainder": np.remainder,
               "fmod": np.fmod, "div_trunc": lambda a, b: (a - np.fmod(a, b)) // b}  # fmt: skip
        for name, f in ops.items():
            np.testing.assert_array_equal(fb.binary(name, a, b), f(a, b), err_msg=name)
        np.testing.assert_array_equal(fb.binary("pow", a, np.abs(b) % 9), np.power(a, np.abs(b) % 9))
        count = (np.arange(a.size) % (info.bits)).astype(dtype)
        np.testing.assert_array_equal(fb.binary("left_shift", a, count), np.left_shift(a, count))
        np.testing.assert_array_equal(fb.binary("right_shift", a, count), np.right_shift(a, count))
    for name in ("floor_divide", "div_trunc"):
        assert not fb.binary(name, a, np.zeros_like(a)).any()


def test_binary_bool(fb):
    a, b = np.array([0, 0, 1, 1], bool), np.array([0, 1, 0, 1], bool)
    ops = {"add": np.logical_or, "mul": np.logical_and, "eq": np.equal, "lt": np.less, "maximum": np.logical_or,
           "bitwise_xor": np.logical_xor, "logical_and": np.logical_and}  # fmt: skip
    for name, f in ops.items():
        np.testing.assert_array_equal(fb.binary(name, a, b), f(a, b), err_msg=name)
    np.testing.assert_array_equal(fb.unary("bitwise_not", a), ~a)
    assert not fb.has_binary("sub", "bool")
    assert not fb.has_binary("bitwise_and", "float32")
    assert not fb.has_unary("no_such_function", "float32")


@pytest.mark.parametrize("dtype", FLOATS + HALVES)
def test_binary_floats(fb, dtype):
    rng = np.random.default_rng(2)
    special = np.array([0.0, -0.0, 1, -1, 2.5, -2.5, 7, math.inf, -math.inf, math.nan, 3], dtype)
    a, b = (g.ravel() for g in np.meshgrid(special, special))
    a = np.concatenate([a, rng.normal(0, 9, 1000).astype(dtype)])
    b = np.concatenate([b, rng.normal(0, 3, 1000).astype(dtype)])
    wide = dtype if dtype in FLOATS else "float32"
    wa, wb = a.astype(wide), b.astype(wide)
    with np.errstate(all="ignore"):
        exact = {"add": np.add, "sub": np.subtract, "mul": np.multiply, "div": np.divide, "maximum": np.maximum,
                 "minimum": np.minimum, "fmax": np.fmax, "fmin": np.fmin, "fmod": np.fmod, "eq": np.equal,
                 "ne": np.not_equal, "lt": np.less, "le": np.less_equal, "gt": np.greater, "ge": np.greater_equal,
                 "logical_and": np.logical_and, "logical_or": np.logical_or, "logical_xor": np.logical_xor,
                 "copysign": np.copysign}  # fmt: skip
        for name, f in exact.items():
            want = f(wa, wb)
            got = fb.binary(name, a, b)
            assert got.dtype == (bool if want.dtype == bool else dtype)
            want = want if want.dtype == bool else want.astype(dtype)
            np.testing.assert_array_equal(got.astype("float64"), want.astype("float64"), err_msg=name)
        for name, f in {"remainder": np.remainder, "floor_divide": np.floor_divide}.items():
            m = np.isfinite(wa) & np.isfinite(wb) & (wb != 0)
            np.testing.assert_array_equal(fb.binary(name, a, b)[m], f(wa, wb)[m].astype(dtype), err_msg=name)
        for name, f in {"atan2": np.arctan2, "hypot": np.hypot, "pow": np.power}.items():
            want = f(wa.astype("float64"), wb.astype("float64"))
            eps = {"float32": 1.5e-7, "float64": 5e-16, "float16": 5e-4}.get(dtype, 4e-3)
            got = fb.binary(name, a, b).astype("float64")
            want = want.astype(dtype).astype("float64")
            np.testing.assert_allclose(got, want, rtol=2 * eps, atol=1e-44, err_msg=name)


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("exponent", [2.0, 3.0, -1.0, -2.0, 0.5, -0.5, 1.7, 0.0])
def test_pow_with_constant_exponent(fb, dtype, exponent):
    x = np.random.default_rng(3).uniform(0.01, 20, 300).astype(dtype)
    got = fb.binary("pow", x, np.array(exponent, dtype))
    want = x.astype("float64") ** np.array(exponent, dtype).astype("float64")
    np.testing.assert_allclose(got, want, rtol=3 * np.finfo(dtype).eps)


@pytest.mark.parametrize("dtype", ["complex64", "complex128"])
def test_complex(fb, dtype):
    rng = np.random.default_rng(4)
    a, b = ((rng.normal(size=500) + 1j * rng.normal(size=500)).astype(dtype) for _ in range(2))
    tol = 8 * np.finfo(dtype).eps
    for name, f in {"add": np.add, "sub": np.subtract, "mul": np.multiply, "div": np.divide}.items():
        np.testing.assert_allclose(
            fb.binary(name, a, b), f(a.astype("complex128"), b.astype("complex128")), rtol=tol
        )
        np.testing.assert_allclose(fb.binary(name, a[::2], b[0]), f(a[::2], b[0]), rtol=tol)
    for name, f in {
        "neg": np.negative,
        "square": np.square,
        "reciprocal": np.reciprocal,
        "abs": np.abs,
    }.items():
        np.testing.assert_allclose(fb.unary(name, a), f(a.astype("complex128")), rtol=tol)
    np.testing.assert_array_equal(
        fb.binary("eq", a, np.where(np.arange(500) % 2, a, b)), np.arange(500) % 2 == 1
    )
    big = np.array([1e30 + 1e30j], dtype)
    np.testing.assert_allclose(fb.binary("div", big, big), [1 + 0j])


GRADS = {
    "relu_grad": lambda g, x: np.where(x > 0, g, 0), "tanh_grad": lambda g, y: g * (1 - y * y),
    "sigmoid_grad": lambda g, y: g * y * (1 - y), "silu_grad": lambda g, x: g * sigmoid(x) * (1 + x * (1 - sigmoid(x))),
    "softplus_grad": lambda g, x: np.where(x > 20, g, g * sigmoid(x)),
    "gelu_grad": lambda g, x: g * (phi(x) + x * np.exp(-x * x / 2) / math.sqrt(2 * math.pi)),
    "gelu_tanh_grad": lambda g, x: g * (gelu_tanh(x + 1e-5) - gelu_tanh(x - 1e-5)) / 2e-5,
}  # fmt: skip


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("name", GRADS)
def test_gradients(fb, name, dtype):
    rng = np.random.default_rng(5)
    g, x = rng.normal(size=3000).astype(dtype), rng.normal(0, 3, 3000).astype(dtype)
    want = GRADS[name](g.astype("float64"), x.astype("float64"))
    tol = 1e-8 if name == "gelu_tanh_grad" and dtype == "float64" else 8 * np.finfo(dtype).eps
    np.testing.assert_allclose(fb.binary(name, g, x), want, rtol=tol, atol=tol * 4)


def test_results_do_not_depend_on_position(fb):
    """The vector body of a loop and its tail give the same numbers, for any start and stride."""
    x = np.random.default_rng(6).normal(0, 3, 999).astype("float32")
    for name in ("exp", "log1p", "tanh", "gelu", "sin", "erf", "sigmoid", "softplus"):
        whole = fb.unary(name, np.abs(x))
        for start in (1, 5, 13):
            np.testing.assert_array_equal(fb.unary(name, np.abs(x)[start:]), whole[start:], err_msg=name)
        np.testing.assert_array_equal(fb.unary(name, np.abs(x)[::-2]), whole[::-2], err_msg=name)
