"""Special functions where PyTorch is no oracle: exact values, limits, derivatives, other spellings."""

import inspect
import math

import numpy as np
import pytest

import flambeau as fb
from flambeau import special

inf, nan = math.inf, math.nan

# Computed with 40 digits. Arguments lie on both sides of where the kernels change from one expansion to another.
EXACT = [
    ("bessel_j0", (0.5,), 0.9384698072408129),
    ("bessel_j0", (2.75,), -0.16414142780851366),
    ("bessel_j0", (5.75,), 0.075975332016901076),
    ("bessel_j0", (24.75,), 0.06209579173200769),
    ("bessel_j0", (25.25,), 0.12414208603633909),
    ("bessel_j0", (100.0,), 0.019985850304223122),
    ("bessel_j1", (0.5,), 0.24226845767487389),
    ("bessel_j1", (2.75,), 0.42597230295790234),
    ("bessel_j1", (5.75,), -0.31794452391933269),
    ("bessel_j1", (24.75,), -0.14663042728184799),
    ("bessel_j1", (25.25,), -0.096539209719481386),
    ("bessel_j1", (-100.0,), 0.077145352014112158),
    ("bessel_y0", (0.0625,), -1.8364722732208493),
    ("bessel_y0", (2.75,), 0.44865872156913186),
    ("bessel_y0", (5.75,), -0.32333323801254143),
    ("bessel_y0", (24.75,), -0.14785428346288324),
    ("bessel_y0", (25.25,), -0.098977151556072487),
    ("bessel_y0", (100.0,), -0.077244313365083152),
    ("bessel_y1", (0.0625,), -10.25328863150691),
    ("bessel_y1", (2.75,), 0.24601900149738395),
    ("bessel_y1", (5.75,), -0.10417130815472233),
    ("bessel_y1", (24.75,), -0.065094173572686826),
    ("bessel_y1", (25.25,), -0.12612554501532684),
    ("bessel_y1", (100.0,), -0.020372312002759793),
    ("i0", (0.5,), 1.0634833707413235),
    ("i0", (8.0,), 427.56411572180479),
    ("i0", (29.75,), 611341652985.97053),
    ("i0", (30.25,), 999495401052.53164),
    ("i0", (-200.0,), 2.0396871734097246e85),
    ("i1", (0.5,), 0.25789430539089632),
    ("i1", (8.0,), 399.8731367825601),
    ("i1", (29.75,), 600977595405.66237),
    ("i1", (30.25,), 982833517945.78707),
    ("i1", (-200.0,), -2.0345815493320627e85),
    ("i0e", (0.5,), 0.64503527044915007),
    ("i0e", (29.75,), 0.07345530228191528),
    ("i0e", (1000.0,), 0.012617240455891257),
    ("i1e", (0.5,), 0.1564208031848717),
    ("i1e", (29.75,), 0.07221001664055529),
    ("i1e", (-1000.0,), -0.012610930256928629),
    ("modified_bessel_k0", (0.0625,), 2.8923186673699382),
    ("modified_bessel_k0", (0.9375,), 0.46073650295675889),
    ("modified_bessel_k0", (1.0625,), 0.3853164851976669),
    ("modified_bessel_k0", (8.0,), 0.00014647070522281539),
    ("modified_bessel_k0", (100.0,), 4.656628229175902e-45),
    ("modified_bessel_k1", (0.0625,), 15.894045582444432),
    ("modified_bessel_k1", (0.9375,), 0.67047107096254584),
    ("modified_bessel_k1", (1.0625,), 0.54207372502176924),
    ("modified_bessel_k1", (8.0,), 0.00015536921180500113),
    ("modified_bessel_k1", (100.0,), 4.6798537356369093e-45),
    ("scaled_modified_bessel_k0", (0.0625,), 3.0788571948399866),
    ("scaled_modified_bessel_k0", (2.0,), 0.84156821507077142),
    ("scaled_modified_bessel_k0", (10000.0,), 0.012532984717699285),
    ("scaled_modified_bessel_k1", (0.0625,), 16.919123452299979),
    ("scaled_modified_bessel_k1", (2.0,), 1.0334768470686886),
    ("scaled_modified_bessel_k1", (10000.0,), 0.012533611351270506),
    ("airy_ai", (-25.0,), 0.16352657883042947),
    ("airy_ai", (-10.25,), -0.19540104411200782),
    ("airy_ai", (-9.75,), 0.25262476259634336),
    ("airy_ai", (-3.5,), -0.37553382314043191),
    ("airy_ai", (0.25,), 0.29116395434854521),
    ("airy_ai", (0.9375,), 0.14550422564947579),
    ("airy_ai", (1.0625,), 0.12560886023176526),
    ("airy_ai", (10.0,), 1.1047532552898686e-10),
    ("airy_ai", (50.0,), 4.5849417240748285e-104),
    ("erfcx", (-5.0,), 144009798674.66104),
    ("erfcx", (-0.25,), 1.3586423701047221),
    ("erfcx", (0.4375,), 0.64919325005386474),
    ("erfcx", (0.5625,), 0.58499862147496578),
    ("erfcx", (5.875,), 0.094697599595363025),
    ("erfcx", (6.125,), 0.090931016718836852),
    ("erfcx", (1000000000.0,), 5.6418958354775629e-10),
    ("log_ndtr", (-100.0,), -5005.5242086942051),
    ("log_ndtr", (-1.0625,), -1.9379115701325937),
    ("log_ndtr", (-0.9375,), -1.7472601439521883),
    ("log_ndtr", (0.0,), -0.69314718055994531),
    ("log_ndtr", (8.0,), -6.2209605742717861e-16),
    ("ndtri", (9.332636185032189e-302,), -37.111011937164791),
    ("ndtri", (9.313225746154785e-10,), -6.0093535655307439),
    ("ndtri", (0.125,), -1.1503493803760082),
    ("ndtri", (0.4375,), -0.1573106846101707),
    ("ndtri", (0.5625,), 0.1573106846101707),
    ("ndtri", (0.9375,), 1.5341205443525463),
    ("gammainc", (0.5, 0.25), 0.52049987781304654),
    ("gammainc", (3.0, 0.5), 0.014387677966970687),
    ("gammainc", (10.0, 12.0), 0.75760783832948765),
    ("gammainc", (300.0, 310.0), 0.72248875417186111),
    ("gammainc", (20000.0, 19900.0), 0.24011560718543099),
    ("gammaincc", (9.313225746154785e-10, 0.5), 5.2132978574316207e-10),
    ("gammaincc", (0.5, 6.0), 0.0005320055051392497),
    ("gammaincc", (10.0, 40.0), 3.9259322262861882e-9),
    ("gammaincc", (300.0, 310.0), 0.27751124582813889),
    ("gammaincc", (20000.0, 20100.0), 0.23938329443858235),
    ("zeta", (1.0625, 2.0), 15.581747646655021),
    ("zeta", (2.0, 0.25), 17.197329154507111),
    ("zeta", (20.0, 11.0), 1.8160477582516796e-21),
    ("zeta", (3.0, 1000.0), 5.0050024999991667e-7),
    ("zeta", (2.0, -1.5), 9.3792466449891238),
    ("spherical_bessel_j0", (0.0009765625,), 0.99999984105428818),
    ("spherical_bessel_j0", (2.5,), 0.2393888576415826),
    ("spherical_bessel_j0", (100.0,), -0.0050636564110975879),
]


@pytest.mark.parametrize("name,arguments,exact", EXACT)
def test_exact_values(name, arguments, exact):
    got = getattr(special, name)(*[fb.tensor(a, dtype=fb.float64) for a in arguments]).item()
    assert got == pytest.approx(exact, rel=1e-12, abs=0)
    single = getattr(special, name)(*[fb.tensor(a, dtype=fb.float64).float() for a in arguments]).item()
    if 1e-37 < abs(exact) < 1e37 and all(float(np.float32(a)) == a for a in arguments):
        assert single == pytest.approx(exact, rel=1e-7, abs=0)


@pytest.mark.parametrize(
    "name,at_0,at_inf,at_minus_inf",
    [
        ("bessel_j0", 1, 0, 0),
        ("bessel_j1", 0, 0, 0),
        ("bessel_y0", -inf, 0, nan),
        ("bessel_y1", -inf, 0, nan),
        ("spherical_bessel_j0", 1, 0, 0),
        ("i0", 1, inf, inf),
        ("i1", 0, inf, -inf),
        ("i0e", 1, 0, 0),
        ("i1e", 0, 0, 0),
        ("modified_bessel_k0", inf, 0, nan),
        ("modified_bessel_k1", inf, 0, nan),
        ("scaled_modified_bessel_k0", inf, 0, nan),
        ("scaled_modified_bessel_k1", inf, 0, nan),
        ("airy_ai", 0.3550280538878172, 0, 0),
        ("erfcx", 1, 0, inf),
        ("ndtr", 0.5, 1, 0),
        ("log_ndtr", -math.log(2), 0, -inf),
        ("entr", 0, -inf, -inf),
    ],
)
def test_limits(name, at_0, at_inf, at_minus_inf):
    got = getattr(special, name)(fb.tensor([0.0, inf, -inf, nan], dtype=fb.float64))
    np.testing.assert_allclose(got.numpy(), [at_0, at_inf, at_minus_inf, nan], rtol=1e-15)


def test_huge_arguments_keep_their_phase():
    """PyTorch rounds x - pi / 4 first, and so loses it."""
    x = fb.tensor(1e15, dtype=fb.float64)
    size = math.sqrt(2 / (math.pi * 1e15))
    exact = size * (math.cos(1e15) + math.sin(1e15)) / math.sqrt(2)
    assert special.bessel_j0(x).item() == pytest.approx(exact, rel=1e-12)


def test_incomplete_gamma_functions_add_up_to_one():
    a = fb.tensor(np.logspace(-3, 6, 40)[:, None])
    x = a * fb.tensor(np.linspace(0.2, 3, 30))
    p, q = fb.igamma(a, x), fb.igammac(a, x)
    np.testing.assert_allclose((p + q).numpy(), 1, rtol=1e-11)
    assert (p[:, 1:] >= p[:, :-1]).all() and (q >= 0).all()


@pytest.mark.parametrize(
    "a,x,p", [(0.0, 1.0, 1.0), (1.0, 0.0, 0.0), (inf, 1.0, 0.0), (1.0, inf, 1.0), (0.0, 0.0, nan), (-1.0, 1.0, nan),
              (1.0, -1.0, nan), (inf, inf, nan), (nan, 1.0, nan), (1.0, nan, nan)]
)  # fmt: skip
def test_incomplete_gamma_functions_at_the_edges(a, x, p):
    a, x = fb.tensor([a]), fb.tensor([x])
    np.testing.assert_equal(fb.igamma(a, x).item(), p)
    np.testing.assert_equal(fb.igammac(a, x).item(), 1 - p)


@pytest.mark.parametrize(
    "s,q,expected", [(1.0, 2.0, inf), (2.0, 0.0, inf), (2.0, -3.0, inf), (0.5, 1.0, nan), (2.5, -0.5, nan),
                     (inf, 1.0, 1.0), (inf, 2.0, 0.0), (inf, 0.5, inf), (2.0, inf, 0.0), (nan, 1.0, nan)]
)  # fmt: skip
def test_zeta_at_the_edges(s, q, expected):
    np.testing.assert_equal(special.zeta(fb.tensor(s), fb.tensor(q)).item(), expected)


@pytest.mark.parametrize("function", [fb.igamma, fb.igammac, special.zeta], ids=lambda f: f.__name__)
def test_the_first_argument_has_no_gradient(function):
    x = fb.tensor([2.0], requires_grad=True)
    with pytest.raises(NotImplementedError, match="the derivative for '.*: input' is not implemented"):
        function(x, fb.tensor([1.5])).sum().backward()


def test_polynomials_satisfy_their_equations():
    x = fb.linspace(-0.9, 0.9, 7, dtype=fb.float64, requires_grad=True)
    n = 6

    def derivatives(y):
        first = fb.autograd.grad(y.sum(), x, create_graph=True)[0]
        return first, fb.autograd.grad(first.sum(), x)[0]

    y = special.legendre_polynomial_p(x, n)
    first, second = derivatives(y)
    np.testing.assert_allclose(
        ((1 - x * x) * second - 2 * x * first + n * (n + 1) * y).detach().numpy(), 0, atol=1e-10
    )
    y = special.hermite_polynomial_h(x, n)
    first, second = derivatives(y)
    np.testing.assert_allclose((second - 2 * x * first + 2 * n * y).detach().numpy(), 0, atol=1e-9)
    y = special.laguerre_polynomial_l(x, n)
    first, second = derivatives(y)
    np.testing.assert_allclose((x * second + (1 - x) * first + n * y).detach().numpy(), 0, atol=1e-11)


def test_airy_satisfies_its_equation():
    x = fb.linspace(-12, 4, 33, dtype=fb.float64, requires_grad=True)
    y = special.airy_ai(x)
    first = fb.autograd.grad(y.sum(), x, create_graph=True)[0]
    second = fb.autograd.grad(first.sum(), x)[0]
    np.testing.assert_allclose(second.numpy(), (x * y).detach().numpy(), rtol=1e-13)


def test_degrees_beyond_the_numbers():
    x = fb.tensor([0.5, 0.5, 0.5])
    got = special.chebyshev_polynomial_t(x, fb.tensor([nan, -2.0, 3.9]))
    np.testing.assert_allclose(got.numpy(), [nan, 0, -1], atol=1e-7)
    with pytest.raises(RuntimeError, match="the degree must be at most 100000"):
        special.legendre_polynomial_p(x, fb.tensor([1, 10**9, 2]))


def test_ints_do_not_wrap_around():
    x = fb.tensor([200], dtype=fb.uint8)
    assert special.shifted_chebyshev_polynomial_t(x, 1).tolist() == [399.0]


def test_the_names_of_pytorch():
    torch = pytest.importorskip("torch")
    public = {
        n for n in dir(torch.special) if not n.startswith("_") and n not in ("Tensor", "common_args", "torch")
    }
    assert public - {"multi_dim_common"} == set(special.__all__)
    for name in special.__all__:
        function = getattr(special, name)
        shown = inspect.getdoc(function).partition("(")[0]
        assert function in (getattr(special, shown, None), fb.ops.FUNCTIONS.get(shown)), name


@pytest.mark.parametrize(
    "name,scipy_name",
    [("bessel_j0", "j0"), ("bessel_j1", "j1"), ("bessel_y0", "y0"), ("bessel_y1", "y1"), ("i0", "i0"), ("i1", "i1"),
     ("i0e", "i0e"), ("i1e", "i1e"), ("modified_bessel_k0", "k0"), ("modified_bessel_k1", "k1"), ("erfcx", "erfcx"),
     ("log_ndtr", "log_ndtr"), ("ndtr", "ndtr"), ("entr", "entr"), ("digamma", "digamma"), ("gammaln", "gammaln")],
)  # fmt: skip
def test_against_scipy(name, scipy_name):
    reference = getattr(pytest.importorskip("scipy.special"), scipy_name)
    x = np.concatenate([np.logspace(-3, 2, 200), np.linspace(0.1, 20, 200)])
    got = getattr(special, name)(fb.tensor(x)).numpy()
    np.testing.assert_allclose(got, reference(x), rtol=1e-11, atol=1e-14)
