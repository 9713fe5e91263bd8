"""Gamma, Dirichlet and binomial numbers: streams, implicit gradients, errors."""

import numpy as np
import pytest

import flambeau as fb

BINOMIALS = [(10, 0.3), (100, 0.4), (100, 0.9), (5, 0.99), (1e5, 1e-5), (1000, 0.7), (1e5, 0.3), (1e6, 0.5)]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("shape", [0.0, 0.01, 0.5, 1.0, 3.0, 500.0])
def test_gamma_numbers_equal_torch(shape, dtype):
    torch = pytest.importorskip("torch")
    drawn = []
    for lib in (torch, fb):
        lib.manual_seed(3)
        x = lib._standard_gamma(lib.full((500,), shape, dtype=getattr(lib, dtype)))
        drawn.append((x.tolist(), lib.rand(1).item()))
    assert drawn[0] == drawn[1]


def test_dirichlet_numbers_equal_torch():
    torch = pytest.importorskip("torch")
    concentration = np.random.default_rng(0).uniform(0.01, 3, (50, 4))
    for dtype in ("float32", "float64"):
        drawn = []
        for lib in (torch, fb):
            lib.manual_seed(3)
            drawn.append(lib._sample_dirichlet(lib.tensor(concentration, dtype=getattr(lib, dtype))).tolist())
        assert drawn[0] == drawn[1]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("count, prob", BINOMIALS)
def test_binomial_numbers_equal_torch(count, prob, dtype):
    torch = pytest.importorskip("torch")
    drawn = []
    for lib in (torch, fb):
        lib.manual_seed(3)
        options = dict(dtype=getattr(lib, dtype))
        x = lib.binomial(lib.full((500,), count, **options), lib.full((500,), prob, **options))
        drawn.append((x.tolist(), lib.rand(1).item()))
    assert drawn[0] == drawn[1]


def test_gamma_gradient_is_the_slope_of_the_quantile():
    """The number of probability q of shape a + h less that of a - h."""
    special = pytest.importorskip("scipy.special")
    a = np.array([0.05, 0.5, 1.0, 2.5, 40.0, 2000.0])[:, None]
    q = np.array([0.01, 0.3, 0.5, 0.9, 0.999])
    h = 1e-5 * a
    expected = (special.gammaincinv(a + h, q) - special.gammaincinv(a - h, q)) / (2 * h)
    z = fb.from_numpy(special.gammaincinv(a, q))
    got = fb._standard_gamma_grad(fb.from_numpy(a).expand_as(z), z)
    np.testing.assert_allclose(got.numpy(), expected, rtol=1e-6)


def test_beta_gradient_is_the_slope_of_the_quantile():
    special = pytest.importorskip("scipy.special")
    a, b = np.array([0.1, 1.0, 30.0])[:, None, None], np.array([0.2, 1.5, 50.0])[:, None]
    q = np.array([0.05, 0.5, 0.9])
    h = 1e-5 * a
    x = special.betaincinv(a, b, q)
    expected = (special.betaincinv(a + h, b, q) - special.betaincinv(a - h, b, q)) / (2 * h) / (1 - x)
    got = fb._dirichlet_grad(*[fb.from_numpy(np.array(t)) for t in np.broadcast_arrays(x, a, a + b)])
    np.testing.assert_allclose(got.numpy(), expected, rtol=1e-5)


def test_gradients_of_samples():
    a = fb.tensor([0.3, 2.0, 5.0], dtype=fb.float64, requires_grad=True)
    fb.manual_seed(0)
    x = fb._standard_gamma(a)
    x.sum().backward()
    assert a.grad.tolist() == fb._standard_gamma_grad(a.detach(), x.detach()).tolist()
    assert x.grad_fn.name() == "StandardGammaBackward0"
    a.grad = None
    p = fb._sample_dirichlet(a)
    p.sum().backward()  # always 1
    np.testing.assert_allclose(a.grad.numpy(), 0, atol=1e-12)
    p = fb._sample_dirichlet(a)
    (g,) = fb.autograd.grad(p[0], a)
    slope = fb._dirichlet_grad(p, a, a.sum().expand(3)).detach()
    np.testing.assert_allclose(g.numpy(), (slope * (fb.eye(3, dtype=fb.float64)[0] - p[0])).detach().numpy())


def test_second_derivatives_are_refused():
    a = fb.tensor([0.3, 2.0], requires_grad=True)
    for x in (fb._standard_gamma(a), fb._sample_dirichlet(a)[:1]):
        (g,) = fb.autograd.grad(x.sum(), a, create_graph=True)
        with pytest.raises(NotImplementedError, match="the derivative for '.*_grad' is not implemented"):
            g.sum().backward()


def test_shapes_and_layouts_of_gamma_numbers():
    assert fb._standard_gamma(fb.ones(())).shape == () and fb._standard_gamma(fb.ones(0, 3)).shape == (0, 3)
    a = fb.linspace(0.5, 9, 12).reshape(3, 4).t()
    fb.manual_seed(1)
    x = fb._standard_gamma(a)
    fb.manual_seed(1)
    assert x.tolist() == fb._standard_gamma(a.contiguous()).tolist()
    assert fb._standard_gamma(fb.ones(3, dtype=fb.bfloat16)).dtype is fb.bfloat16
    p = fb._sample_dirichlet(fb.ones(4, 3, dtype=fb.float16))
    assert p.dtype is fb.float16 and abs(p.sum(-1) - 1).max() < 2e-3
    assert (fb._standard_gamma(fb.full((100,), 1e-3)) >= fb.finfo(fb.float32).tiny).all()


def test_gamma_numbers_under_vmap():
    a = fb.full((5, 3), 2.0)
    same = fb.vmap(fb._standard_gamma, randomness="same")(a)
    assert (same == same[0]).all()
    different = fb.vmap(fb._standard_gamma, randomness="different")(a)
    assert different.unique().numel() == 15
    slope = fb.vmap(fb._standard_gamma_grad)(a, same)
    assert slope.tolist() == fb._standard_gamma_grad(a, same).tolist()


@pytest.mark.parametrize(
    "call, error, text",
    [
        (lambda: fb._standard_gamma(fb.ones(2, dtype=fb.int64)), NotImplementedError, "gamma_cpu.*'Long'"),
        (lambda: fb._standard_gamma(fb.tensor([1.0, -1.0])), RuntimeError, ">= 0"),
        (lambda: fb._standard_gamma(1.0), TypeError, "must be Tensor, not float"),
        (lambda: fb._sample_dirichlet(fb.tensor([1.0, fb.nan])), RuntimeError, ">= 0"),
        (lambda: fb._dirichlet_grad(fb.ones(2), fb.ones(2), fb.ones(2, dtype=fb.float64)), RuntimeError, "one dtype"),
        (lambda: fb._standard_gamma_grad(fb.ones(2, dtype=fb.int64), fb.ones(2, dtype=fb.int64)), NotImplementedError,
         "Long"),
    ],
)  # fmt: skip
def test_errors(call, error, text):
    fb.manual_seed(1)
    state = fb.get_rng_state().tolist()
    with pytest.raises(error, match=text):
        call()
    assert fb.get_rng_state().tolist() == state
