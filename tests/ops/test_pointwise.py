"""What rows do not say of pointwise ops: operators, in-place forms and autograd, values at poles and kinks."""

import math

import numpy as np
import pytest

import flambeau as fb

torch = pytest.importorskip("torch")

POINTS = [
    0.0, -0.0, 1.0, -1.0, 0.5, -0.5, 2.0, 3.0, -2.5, math.inf, -math.inf, math.nan, 1e-8, 20.5, 1e3,
    0.999999,
]  # fmt: skip
PAIRS = [v.ravel() for v in np.meshgrid(POINTS, POINTS)]

OF_ONE = (
    "abs", "sign", "floor", "ceil", "trunc", "round", "frac", "square", "reciprocal", "exp", "exp2",
    "expm1", "log", "log2", "log10", "log1p", "sqrt", "rsqrt", "sin", "cos", "tan", "asin", "acos",
    "atan", "sinh", "cosh", "tanh", "asinh", "atanh", "erf", "erfc", "erfinv", "lgamma",
    "sigmoid", "logit", "relu",
)  # fmt: skip
OF_TWO = (
    "maximum", "minimum", "fmax", "fmin", "atan2", "hypot", "copysign", "xlogy", "div", "remainder",
    "fmod", "pow", "mul",
)  # fmt: skip
OF_COMPLEX = (
    "exp", "log", "sqrt", "sin", "tanh", "sigmoid", "reciprocal", "abs", "sgn", "angle", "square",
    "rsqrt", "asin", "acosh",
)  # fmt: skip


def same_as_torch(function, *values, rtol=1e-9, gradients=True):
    """function(library, *tensors) gives PyTorch's values and gradients."""
    ours = [fb.tensor(np.array(v), requires_grad=gradients) for v in values]
    theirs = [torch.tensor(np.array(v), requires_grad=gradients) for v in values]
    got, expected = function(fb, *ours), function(torch, *theirs)
    np.testing.assert_allclose(got.detach().numpy(), expected.detach().numpy(), rtol, 1e-300)
    if gradients:
        got.backward(fb.ones_like(got))
        expected.backward(torch.ones_like(expected))
        for x, y in zip(ours, theirs, strict=True):
            np.testing.assert_allclose(x.grad.numpy(), y.grad.numpy(), rtol, 1e-300)


@pytest.mark.parametrize("name", OF_ONE)
def test_gradient_at_kinks_and_poles(name):
    same_as_torch(lambda library, x: getattr(library, name)(x), POINTS)


@pytest.mark.parametrize("name", OF_TWO)
def test_gradient_of_two_at_kinks_and_poles(name):
    same_as_torch(lambda library, x, y: getattr(library, name)(x, y), *PAIRS)


@pytest.mark.parametrize("exponent", [0, 1, 2, 3, -1, 0.5, -2, 0.0, 2.5])
def test_power_of_a_number(exponent):
    same_as_torch(lambda library, x: x**exponent, POINTS)
    same_as_torch(lambda library, x: exponent**x, POINTS)


def test_equal_infinities_share_the_gradient_of_logaddexp():
    x = fb.tensor([math.inf, -math.inf], requires_grad=True)
    fb.logaddexp(x, x.detach()).sum().backward()
    assert x.grad.tolist() == [0.5, 0.5]


@pytest.mark.parametrize("order", [0, 1, 2, 5])
def test_polygamma_below_zero(order):
    same_as_torch(
        lambda library, x: library.polygamma(order, x),
        [-0.5, -1.3, -7.25, -20.6, 0.3, 5.0, 100.0],
        gradients=False,
        rtol=1e-7,
    )


def test_lgamma_against_the_c_library():
    x = np.array([1.25, 2.4, 1e-300, 170.0, 1e17, -0.5, -10.7, 0.5, 1.5, 2.5])
    np.testing.assert_allclose(fb.lgamma(fb.from_numpy(x)).numpy(), [math.lgamma(v) for v in x], 1e-13)


def test_lgamma_is_accurate_next_to_its_zeros():
    z = 2.0**-30
    at_1, at_2 = fb.lgamma(fb.tensor([1 + z, 2 + z], dtype=fb.float64)).tolist()
    second = math.pi**2 / 12 * z * z
    assert at_1 == pytest.approx(-np.euler_gamma * z + second, rel=1e-14)
    assert at_2 == pytest.approx((1 - np.euler_gamma) * z + second - z * z / 2, rel=1e-14)


def test_erfinv_inverts_erf_to_the_last_digits():
    x = np.array([1e-300, 1e-9, 0.1, -0.5, 0.7, 1 - 1e-12])
    np.testing.assert_allclose(fb.erf(fb.erfinv(fb.from_numpy(x))).numpy(), x, 1e-14)


@pytest.mark.parametrize(
    "expression",
    [
        "x + 2", "2 + x", "x - 2", "2 - x", "x * 2", "2 * x", "x / 2", "2 / x", "x // 2", "7 // x",
        "x % 2", "7 % x", "x ** 2", "2 ** x", "-x", "+x", "abs(x)", "x + 1.5", "1.5 - x", "x & 3",
        "3 & x", "x | 4", "4 | x", "x ^ 1", "1 ^ x", "~x", "x << 1", "x >> 1", "1 << x", "x < 2",
        "2 < x", "x >= 2", "x == 2", "x != 2", "2 == x", "x == None", "x == 'a'", "x // 2.5", "x % 2.5",
        "x ** 0.5",
    ],
)  # fmt: skip
def test_operators(expression):
    got = eval(expression, {"x": fb.tensor([3, 1, 2])})
    expected = eval(expression, {"x": torch.tensor([3, 1, 2])})
    if isinstance(expected, bool):
        assert got is expected
        return
    assert repr(got.dtype) == repr(expected.dtype)
    np.testing.assert_allclose(got.numpy(), expected.numpy(), 1e-6)


@pytest.mark.parametrize("symbol", ["+=", "-=", "*=", "//=", "%=", "**=", "&=", "|=", "^=", "<<=", ">>="])
def test_inplace_operators_keep_the_tensor(symbol):
    x, y = fb.tensor([5, 6, 7]), torch.tensor([5, 6, 7])
    names = {"x": x, "y": y}
    exec(f"x {symbol} 3\ny {symbol} 3", names)
    assert names["x"] is x and x._version == 1
    assert x.tolist() == y.tolist()


def test_true_division_of_ints_in_place_is_refused():
    x = fb.tensor([5, 6])
    with pytest.raises(RuntimeError, match="result type Float can't be cast to the desired output type Long"):
        x /= 2
    assert x.tolist() == [5, 6] and x._version == 0


@pytest.mark.parametrize(
    "name,args",
    [
        ("sin_", ()), ("exp_", ()), ("sqrt_", ()), ("mul_", (3.0,)), ("div_", (3.0,)), ("pow_", (3,)),
        ("abs_", ()), ("clamp_", (0.6, 2.0)), ("clamp_min_", (1.0,)), ("tanh_", ()), ("sigmoid_", ()),
        ("relu_", ()), ("log_", ()), ("square_", ()), ("floor_", ()), ("erfinv_", ()),
        ("reciprocal_", ()), ("nan_to_num_", ()), ("xlogy_", (2.0,)), ("lgamma_", ()),
        ("atan2_", ("self",)),
    ],
)  # fmt: skip
def test_gradient_of_in_place_forms(name, args):
    """The value that backward needs is the one from before the change."""
    grads = []
    for library in (fb, torch):
        x = library.tensor([0.3, 0.7, 0.9], dtype=library.float64, requires_grad=True)
        y = x * 1
        getattr(y, name)(*[x * 2 if a == "self" else a for a in args])
        (y * y).sum().backward()
        grads.append(x.grad.numpy())
    np.testing.assert_allclose(grads[0], grads[1], 1e-9)


def test_in_place_product_with_itself():
    x = fb.tensor([2.0, 3.0], requires_grad=True)
    y = x * 1
    y.mul_(y)
    y.sum().backward()
    assert x.grad.tolist() == [4.0, 6.0]


@pytest.mark.parametrize("requires_grad", [False, True])
def test_short_and_general_path_agree(requires_grad):
    """Plain tensors take the core's short path, which a keyword argument avoids."""
    x = fb.tensor([0.5, 1.5, 2.5], requires_grad=requires_grad)
    y = fb.tensor([1.5, 0.5, 2.0], requires_grad=requires_grad)
    for name in ("add", "sub", "mul", "div", "pow", "atan2", "hypot", "maximum", "remainder", "fmod"):
        f = getattr(fb, name)
        second = "exponent" if name == "pow" else "other"
        short, general = f(x, y), f(x, **{second: y})
        assert (
            short.tolist() == general.tolist()
            and short.requires_grad == general.requires_grad == requires_grad
        )
        if requires_grad:
            one, two = (fb.autograd.grad(r.sum(), (x, y)) for r in (short, general))
            assert [g.tolist() for g in one] == [g.tolist() for g in two], name


def test_gradients_have_the_dtype_of_their_inputs():
    x = fb.tensor([1.0, 2.0], dtype=fb.float16, requires_grad=True)
    y = fb.tensor([1.0, 2.0], dtype=fb.float64, requires_grad=True)
    (x * y / (x + 1)).sum().backward()
    assert x.grad.dtype is fb.float16 and y.grad.dtype is fb.float64


def test_real_and_imag_are_views():
    z = fb.tensor([1 + 2j, 3 - 4j])
    z.real.mul_(2)
    z.imag = fb.tensor([7.0, 8.0])
    assert z.tolist() == [2 + 7j, 6 + 8j]
    assert z._version >= 2
    x = fb.tensor([1.0])
    assert x.real is x


def test_gradient_reaches_a_complex_base_through_its_real_part():
    z = fb.tensor([1 + 2j, 3 - 4j], requires_grad=True)
    (z.real * z.imag).sum().backward()
    w = torch.tensor([1 + 2j, 3 - 4j], requires_grad=True)
    (w.real * w.imag).sum().backward()
    assert z.grad.tolist() == w.grad.tolist()


@pytest.mark.parametrize("name", OF_COMPLEX)
def test_complex_gradients(name):
    values = np.array([1.2 + 0.4j, -0.7 + 1.1j, 0.3 - 2.0j])
    same_as_torch(lambda library, z: getattr(library, name)(z), values, rtol=1e-8)


def test_large_ints_are_not_rounded():
    big = 2**62 + 1
    assert (fb.tensor([big]) + 0).tolist() == [big]
    assert (fb.tensor([big]) // 1).tolist() == [big]
    assert (fb.tensor([3]) ** 39).tolist() == [3**39]
    assert (fb.tensor([big]) > 2**62).tolist() == [True]


def test_in_place_forms_of_composites():
    x = fb.tensor([0.5, 2.0, 3.0], dtype=fb.float64)
    y = x.clone()
    assert y.ldexp_(fb.tensor([1, 2, 3])) is y and y.tolist() == [1.0, 8.0, 24.0]
    y = x.clone()
    assert y.float_power_(2) is y and y.tolist() == [0.25, 4.0, 9.0]
    y = x + 1
    assert y.mvlgamma_(2) is y
    np.testing.assert_allclose(y.numpy(), fb.mvlgamma(x + 1, 2).numpy())
    y = x.clone()
    assert y.polygamma_(1) is y
    np.testing.assert_allclose(y.numpy(), fb.polygamma(1, x).numpy())


def test_in_place_forms_have_gradients():
    def changed(x):
        return (
            (x * 1).mvlgamma_(2),
            (x * 1).polygamma_(1),
            (x * 1).float_power_(2),
            (x * 1).ldexp_(fb.tensor([2])),
        )

    assert fb.autograd.gradcheck(changed, [fb.tensor([1.5, 3.0], dtype=fb.float64, requires_grad=True)])


@pytest.mark.parametrize(
    "change,match",
    [
        (
            lambda x: x.float().float_power_(2),
            "the base given to float_power_ has dtype Float but .* requires dtype Double",
        ),
        (lambda x: fb.float_power(x, 2, out=fb.empty(2)), "the output given to float_power has dtype Float"),
        (lambda x: x.long().mvlgamma_(2), "result type Float can't be cast to the desired output type Long"),
        (lambda x: x.long().polygamma_(1), "result type Float can't be cast to the desired output type Long"),
        (lambda x: x.long().ldexp_(fb.tensor([1])), "result type Float can't be cast"),
    ],
)
def test_in_place_forms_that_would_change_the_dtype(change, match):
    with pytest.raises(RuntimeError, match=match):
        change(fb.tensor([3.0, 4.0], dtype=fb.float64))


def test_out_of_composites():
    x = fb.tensor([2.0, 3.0])
    for function, arguments in ((fb.ldexp, (fb.tensor([1, 2]),)), (fb.mvlgamma, (2,))):
        out = fb.empty(2)
        assert function(x, *arguments, out=out) is out
        assert out.tolist() == function(x, *arguments).tolist()


def test_frexp_puts_numbers_back_together():
    x = fb.tensor([0.0, 1.0, -3.7, 1e-40, 1e30])
    mantissa, exponent = fb.frexp(x)
    assert exponent.dtype is fb.int32 and fb.frexp(x).exponent.tolist() == exponent.tolist()
    assert fb.ldexp(mantissa.double(), exponent).tolist() == x.double().tolist()


def test_the_gradient_of_heaviside_goes_to_the_values_at_zero():
    values = fb.tensor([0.3, 0.4, 0.5], requires_grad=True)
    x = fb.tensor([-1.0, 0.0, 2.0], requires_grad=True)
    fb.heaviside(x, values).sum().backward()
    assert values.grad.tolist() == [0, 1, 0] and x.grad.tolist() == [0, 0, 0]


def test_sgn_of_complex_numbers_with_nan_in_one_part():
    nan, inf = math.nan, math.inf
    numbers = fb.tensor([complex(nan, inf), complex(1, nan), complex(inf, 0), complex(-2, inf), 0j, 3 + 4j])
    got = fb.sgn(numbers)
    assert fb.isnan(got).tolist() == [True, True, False, False, False, False]
    assert fb.isnan(got[:2].real).all() and fb.isnan(got[:2].imag).all()
    np.testing.assert_allclose(got[2:].numpy(), [1, 1j, 0, 0.6 + 0.8j], rtol=1e-6)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
@pytest.mark.parametrize("number", [1.1, 0.3337, 3, 2049])
def test_halves_and_numbers_round_once(dtype, number):
    """The number itself is not rounded to the dtype of the tensor."""
    values = np.random.default_rng(0).uniform(0.1, 4, 100)
    ours, theirs = (lib.tensor(values).to(getattr(lib, dtype)) for lib in (fb, torch))
    scalar = fb.tensor(float(number)), torch.tensor(float(number))
    for ours_out, theirs_out in [
        (ours * number, theirs * number), (number * ours, number * theirs), (ours / number, theirs / number),
        (ours.clone().mul_(number), theirs.clone().mul_(number)), (ours * scalar[0], theirs * scalar[1]),
        (ours.clone().div_(number), theirs.clone().div_(number)), (ours + number, theirs + number),
    ]:  # fmt: skip
        assert str(ours_out.dtype) == str(theirs_out.dtype)
        np.testing.assert_array_equal(ours_out.double().numpy(), theirs_out.double().numpy())


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
@pytest.mark.parametrize("name", ["add", "sub", "rsub"])
def test_sums_with_alpha_of_half_precision_are_rounded_once(name, dtype):
    """In PyTorch too, of contiguous tensors whose size is a multiple of its vectors; alpha is rounded to the dtype."""
    a, b = np.random.default_rng(0).standard_normal((2, 4096)).astype("float32")
    others = (
        lambda lib, half: lib.from_numpy(b).to(half),
        lambda lib, half: 3.3,
        lambda lib, half: lib.tensor(3.3),
    )
    for other in others:
        results = []
        for lib in (fb, torch):
            half = getattr(lib, dtype)
            x = lib.from_numpy(a).to(half)
            y = other(lib, half)
            results.append(getattr(lib, name)(x, y, alpha=0.3))
            if name != "rsub":
                results.append(getattr(x, name + "_")(y, alpha=0.3))
        numbers = [r.float().tolist() for r in results]
        assert numbers[: len(numbers) // 2] == numbers[len(numbers) // 2 :]


def test_gradients_of_sums_with_alpha_of_half_precision():
    x, y = (fb.ones(3, dtype=fb.bfloat16, requires_grad=True) for _ in range(2))
    fb.add(x, y, alpha=0.5).sum().backward()
    fb.sub(x, y, alpha=2).sum().backward()
    assert x.grad.tolist() == [2, 2, 2] and y.grad.tolist() == [-1.5] * 3 and y.grad.dtype is fb.bfloat16
    assert fb.vmap(lambda a: a.add(y, alpha=0.5))(fb.ones(2, 3, dtype=fb.bfloat16)).tolist() == [[1.5] * 3] * 2


def test_in_place_with_one_element():
    """A 0-dim tensor counts with its value at the start, also where it is an element of what changes."""
    for dtype in (fb.float32, fb.float64, fb.int64, fb.complex64, fb.bfloat16):
        x = fb.arange(1, 7).reshape(2, 3).to(dtype)
        version = x._version
        assert x.mul_(fb.tensor(3, dtype=dtype)) is x
        assert x.tolist() == [[3, 6, 9], [12, 15, 18]] and x._version == version + 1
        x.add_(x[0, 1])
        assert x.tolist() == [[9, 12, 15], [18, 21, 24]]
        x.sub_(x[1, 2])
        assert x.tolist() == [[-15, -12, -9], [-6, -3, 0]]
    leaf = fb.ones(2, requires_grad=True)
    scale = fb.tensor(2.0, requires_grad=True)
    (leaf * 1).mul_(scale).sum().backward()
    assert scale.grad.item() == 2 and leaf.grad.tolist() == [2, 2]
