"""The families against PyTorch: the same numbers from the same seed, densities, moments, gradients, texts."""

import numpy as np
import pytest

import flambeau as fb

from .families import BY_NAME, FAMILIES

torch = pytest.importorskip("torch")
from torch import distributions as theirs  # noqa: E402

# Where PyTorch is not exact, or has another idea.
APPROXIMATE = {"VonMises": 1e-4, "Multinomial": 1e-6}  # polynomials of 7 digits; a count in float32
IMPLICIT = {"Gamma", "Chi2", "InverseGamma", "StudentT", "Beta", "Dirichlet", "FisherSnedecor", "Wishart"}
MODE_AT_A_CORNER = {"Beta", "Dirichlet"}  # all concentrations below 1: PyTorch takes the first corner
REDRAWS = {"Wishart"}  # PyTorch takes a regular sample for a singular one and draws again
BIASED = {"LKJCholesky"}  # PyTorch draws the length of row i from Beta(i - 1/2, ...) in place of Beta(i / 2, ...)
FLOAT32 = {"GeneralizedPareto"}  # PyTorch's log_prob needs float32


def some(families):
    return pytest.mark.parametrize("family", families, ids=lambda f: f.name)


def both(family, **options):
    dtype = "float32" if family.name in FLOAT32 else "float64"
    return family.build(fb, dtype, **options), family.build(torch, dtype, **options)


def tolerances(family):
    if family.name in FLOAT32:
        return dict(rtol=1e-4, atol=1e-5)
    return dict(rtol=APPROXIMATE.get(family.name, 1e-9), atol=1e-11)


def numpy(t):
    return t.detach().numpy()


@some([f for f in FAMILIES if f.name not in REDRAWS | BIASED])
def test_samples_from_one_seed(family):
    (ours, _), (other, _) = both(family)
    for shape in ((), (5,), (3, 40)):
        fb.manual_seed(11), torch.manual_seed(11)
        x, y = ours.sample(fb.Size(shape)), other.sample(torch.Size(shape))
        np.testing.assert_allclose(numpy(x), numpy(y), **tolerances(family))
        assert fb.rand(1).item() == torch.rand(1).item()  # and as many draws


def test_wishart_draws_before_its_correction():
    (ours, _), (other, _) = both(BY_NAME["Wishart"])
    fb.manual_seed(11), torch.manual_seed(11)
    np.testing.assert_allclose(
        numpy(ours._bartlett_sampling(fb.Size((4,)))), numpy(other._bartlett_sampling(torch.Size((4,)))), rtol=1e-9
    )


def test_correlations_of_two_dimensions():
    drawn = []
    for lib in (fb, torch):
        lib.manual_seed(5)
        drawn.append(lib.distributions.LKJCholesky(2, lib.tensor([0.5, 3.0])).sample((9,)).numpy())
    np.testing.assert_allclose(*drawn, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("family", [f for f in FAMILIES if f.name not in REDRAWS | BIASED], ids=lambda f: f.name)
def test_samples_of_float32_from_one_seed(family):
    drawn = []
    for lib in (fb, torch):
        lib.manual_seed(5)
        drawn.append((numpy(family.build(lib, "float32")[0].sample((50,))), lib.rand(1).item()))
    np.testing.assert_allclose(drawn[0][0], drawn[1][0], rtol=1e-4, atol=1e-6)
    assert drawn[0][1] == drawn[1][1]


@some(FAMILIES)
def test_log_prob_and_its_gradients(family):
    (ours, p), (other, q) = both(family, requires_grad=True)
    torch.manual_seed(1)
    with torch.no_grad():
        y = other._bartlett_sampling((5,)) if family.name in REDRAWS else other.sample((5,))
    x = fb.tensor(y.tolist(), dtype=getattr(fb, str(y.dtype).split(".")[1]))
    if not family.discrete:
        x.requires_grad_(), y.requires_grad_()
    a, b = ours.log_prob(x), other.log_prob(y)
    np.testing.assert_allclose(numpy(a), numpy(b), **tolerances(family))
    weights = np.random.default_rng(0).uniform(0.5, 1.5, tuple(b.shape))
    (a * fb.tensor(weights, dtype=a.dtype)).sum().backward()
    (b * torch.tensor(weights, dtype=b.dtype)).sum().backward()
    for t, u in zip((*p, x), (*q, y), strict=True):
        if u.grad is not None:
            wanted = numpy(u.grad)
            allowed = tolerances(family)
            np.testing.assert_allclose(numpy(t.grad), wanted, allowed["rtol"], 1e-4 * allowed["rtol"] + 1e-9)


@some([f for f in FAMILIES if f.build(fb)[0].has_rsample and f.name not in REDRAWS])
def test_gradients_of_samples(family):
    """Where a gradient is the implicit one, PyTorch's is an approximation of three or four digits."""
    (ours, p), (other, q) = both(family, requires_grad=True)
    fb.manual_seed(7), torch.manual_seed(7)
    x, y = ours.rsample((6,)), other.rsample((6,))
    weights = np.random.default_rng(0).uniform(0.5, 1.5, tuple(y.shape))
    (x * fb.tensor(weights, dtype=x.dtype)).sum().backward()
    (y * torch.tensor(weights, dtype=y.dtype)).sum().backward()
    for t, u in zip(p, q, strict=True):
        if u.grad is not None:
            digits = 2e-3 if family.name in IMPLICIT else tolerances(family)["rtol"]
            wanted = numpy(u.grad)
            np.testing.assert_allclose(numpy(t.grad), wanted, rtol=digits, atol=digits * np.abs(wanted).max())


@some(FAMILIES)
def test_moments_and_entropy(family):
    (ours, _), (other, _) = both(family)
    for name in ("mean", "variance", "stddev", "mode", "entropy", "perplexity"):
        try:
            b = getattr(other, name)
            b = b() if callable(b) else b
        except NotImplementedError:
            with pytest.raises(NotImplementedError):
                a = getattr(ours, name)
                a()
            continue
        a = getattr(ours, name)
        a, b = numpy(a() if callable(a) else a), numpy(b)
        if name == "mode" and family.name in MODE_AT_A_CORNER:
            a, b = a[1:], b[1:]
        if name == "mode" and family.name == "Kumaraswamy":
            continue  # PyTorch's is NaN throughout
        assert a.dtype == b.dtype
        np.testing.assert_allclose(a, b, **tolerances(family), err_msg=name)


@some(FAMILIES)
def test_cdf_and_icdf(family):
    (ours, _), (other, _) = both(family)
    torch.manual_seed(2)
    y = other.sample((5,)) if family.name not in REDRAWS else torch.eye(3, dtype=torch.float64).expand(2, 3, 3)
    x = fb.tensor(y.tolist(), dtype=getattr(fb, str(y.dtype).split(".")[1]))
    q = [[[0.1]], [[0.5]], [[0.99]]]
    values = {"cdf": (x, y), "icdf": (fb.tensor(q, dtype=ours.sample().dtype), torch.tensor(q, dtype=y.dtype))}
    for name, (a, b) in values.items():
        try:
            wanted = getattr(other, name)(b)
        except NotImplementedError:
            assert name not in family.has
            continue
        np.testing.assert_allclose(numpy(getattr(ours, name)(a)), numpy(wanted), **tolerances(family))


@some(FAMILIES)
def test_texts_and_properties(family):
    (ours, _), (other, _) = both(family)
    assert repr(ours) == repr(other)
    assert ours.has_rsample == other.has_rsample
    assert ours.has_enumerate_support == other.has_enumerate_support
    assert ours.support.is_discrete == other.support.is_discrete
    assert ours.support.event_dim == other.support.event_dim
    assert [*ours.arg_constraints] == [*other.arg_constraints]
    if not hasattr(other.support, "lower_bound"):  # these print tensors
        assert repr(ours.support) == repr(other.support)
    if ours.has_enumerate_support:
        for expand in (True, False):
            a, b = ours.enumerate_support(expand), other.enumerate_support(expand)
            assert a.tolist() == b.tolist() and str(a.dtype) == str(b.dtype)


def test_names():
    missing = {n for n in dir(theirs) if not n.startswith("__")} - set(dir(fb.distributions))
    assert not missing
    assert sorted(fb.distributions.__all__) == sorted(theirs.__all__)
    for module in ("constraints", "transforms", "kl", "utils"):
        ours = getattr(fb.distributions, module)
        assert set(getattr(getattr(theirs, module), "__all__", ())) <= set(dir(ours)), module


def test_classes_derive_from_the_same_classes():
    for name in theirs.__all__:
        cls = getattr(theirs, name)
        if isinstance(cls, type) and issubclass(cls, theirs.Distribution):
            ours = {c.__name__ for c in getattr(fb.distributions, name).__mro__}
            assert {c.__name__ for c in cls.__mro__} - {"Generic"} <= ours, name


ERRORS = [
    lambda lib, d, t: d.Normal(t([0.0, 1]), t([1.0, -1])),
    lambda lib, d, t: d.Normal(0.0, -1.0),
    lambda lib, d, t: d.Normal(0.0, 1.0).log_prob(t(float("nan"))),
    lambda lib, d, t: d.Normal(0.0, 1.0).log_prob(3.0),
    lambda lib, d, t: d.Normal(t([0.0, 1]), 1.0).log_prob(t([1.0, 2, 3])),
    lambda lib, d, t: d.Categorical(t([[0.5, 0.5]])).log_prob(t([1, 2, 3.0])),
    lambda lib, d, t: d.Categorical(),
    lambda lib, d, t: d.Bernoulli(0.5, 0.5),
    lambda lib, d, t: d.Categorical(t(0.5)),
    lambda lib, d, t: d.Categorical(logits=t(0.5)),
    lambda lib, d, t: d.Dirichlet(t(0.5)),
    lambda lib, d, t: d.Binomial(2, t(0.5)).log_prob(t(3.0)),
    lambda lib, d, t: d.Binomial(t([2, 3]), t(0.5)).enumerate_support(),
    lambda lib, d, t: d.Binomial(t([2, 3]), t(0.5)).entropy(),
    lambda lib, d, t: d.Multinomial(t([2, 3]), t([0.5, 0.5])),
    lambda lib, d, t: d.Multinomial(2, t([0.5, 0.5])).log_prob(t([0.5, 1.0, 2.0])),
    lambda lib, d, t: d.MultivariateNormal(t(0.0), t([[1.0]])),
    lambda lib, d, t: d.MultivariateNormal(t([0.0])),
    lambda lib, d, t: d.MultivariateNormal(t([0.0]), t([1.0])),
    lambda lib, d, t: d.MultivariateNormal(t([0.0]), precision_matrix=t([1.0])),
    lambda lib, d, t: d.MultivariateNormal(t([0.0]), scale_tril=t([1.0])),
    lambda lib, d, t: d.MultivariateNormal(t([0.0, 0]), -lib.eye(2)),
    lambda lib, d, t: d.LowRankMultivariateNormal(t(0.0), t([[1.0]]), t([1.0])),
    lambda lib, d, t: d.LowRankMultivariateNormal(t([0.0]), t([1.0]), t([1.0])),
    lambda lib, d, t: d.LowRankMultivariateNormal(t([0.0]), t([[1.0], [1.0]]), t([1.0])),
    lambda lib, d, t: d.LowRankMultivariateNormal(t([0.0]), t([[1.0]]), t([1.0, 2])),
    lambda lib, d, t: d.Independent(d.Normal(0.0, 1.0), 1),
    lambda lib, d, t: d.Independent(d.Bernoulli(t([0.5])), 1).enumerate_support(),
    lambda lib, d, t: d.Uniform(1.0, 0.0),
    lambda lib, d, t: d.Uniform(0.0, 1.0).log_prob(t(2.0)),
    lambda lib, d, t: d.LKJCholesky(1),
    lambda lib, d, t: d.Wishart(t(0.5), lib.eye(2)),
    lambda lib, d, t: d.kl_divergence(d.Normal(0.0, 1.0), d.Cauchy(0.0, 1.0)),
    lambda lib, d, t: d.MixtureSameFamily(d.Normal(0.0, 1.0), d.Normal(0.0, 1.0)),
    lambda lib, d, t: d.MixtureSameFamily(d.Categorical(lib.ones(3)), d.Normal(lib.zeros(2), 1.0)),
    lambda lib, d, t: d.MixtureSameFamily(d.Categorical(lib.ones(4, 3)), d.Normal(lib.zeros(2, 3), 1.0)),
    lambda lib, d, t: d.MixtureSameFamily(d.Categorical(lib.ones(3)), 3),
    lambda lib, d, t: d.TransformedDistribution(d.Normal(0.0, 1.0), 3),
    lambda lib, d, t: d.TransformedDistribution(d.Normal(0.0, 1.0), [3]),
    lambda lib, d, t: d.TransformedDistribution(d.Normal(0.0, 1.0), d.transforms.StickBreakingTransform()),
    lambda lib, d, t: d.ExpTransform(cache_size=2),
    lambda lib, d, t: d.ReshapeTransform((2, 3), (5,)),
    lambda lib, d, t: d.ReshapeTransform((2, 3), (6,)).forward_shape((3,)),
    lambda lib, d, t: d.StickBreakingTransform().forward_shape(()),
    lambda lib, d, t: d.CorrCholeskyTransform().forward_shape((4,)),
    lambda lib, d, t: d.CorrCholeskyTransform().inverse_shape((4, 3)),
    lambda lib, d, t: d.CorrCholeskyTransform().event_dim,
    lambda lib, d, t: d.biject_to(d.constraints.integer_interval(0, 2)),
    lambda lib, d, t: d.transform_to.register(int, lambda c: None),
    lambda lib, d, t: d.constraints.dependent.check(t(0.0)),
    lambda lib, d, t: d.constraints.independent(d.constraints.real, 2).check(t([0.0])),
    lambda lib, d, t: d.utils.tril_matrix_to_vec(lib.ones(2, 2), 2),
    lambda lib, d, t: d.Geometric(0.0),
]  # fmt: skip


@pytest.mark.parametrize("call", ERRORS)
def test_errors(call):
    caught = []
    for lib in (torch, fb):
        with pytest.raises(Exception) as e:
            call(lib, lib.distributions, lib.tensor)
        caught.append((e.type, str(e.value)))
    assert caught[0][0] is caught[1][0]
    assert caught[1][1] == caught[0][1]
