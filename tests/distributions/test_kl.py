"""kl_divergence: values by samples, infinite ones, and which registration is taken."""

import math

import numpy as np
import pytest

import flambeau as fb
from flambeau import distributions as d
from flambeau.distributions import kl, kl_divergence, register_kl

from .pairs import ARGUMENTS, build, registered

PAIRS = registered(kl)


@pytest.mark.parametrize("names", PAIRS, ids="-".join)
def test_divergences_are_means_of_the_difference_of_the_densities(names):
    fb.manual_seed(9)
    p, q = build(fb, names[0], 0), build(fb, names[1], 1, validate_args=False)
    got = kl_divergence(p, q)
    assert got.shape == (2,) and (got >= 0).all()
    x = p.sample((20_000,))
    below = fb.where(q.support.check(x), q.log_prob(x), -math.inf)
    terms = (p.log_prob(x) - below).numpy()
    for value, column in zip(got.tolist(), terms.T, strict=True):
        if math.isinf(value):
            # or an infinite mean, as that of a variance under Pareto's distribution of alpha below 2
            assert np.isinf(column).any() or names[0] == "Pareto"
        else:
            assert abs(column.mean() - value) < 6 * column.std() / math.sqrt(len(column)) + 1e-9


@pytest.mark.parametrize("name", ARGUMENTS)
def test_a_distribution_does_not_diverge_from_itself(name):
    p = build(fb, name, 0)
    np.testing.assert_allclose(kl_divergence(p, p).numpy(), 0, atol=1e-12)


def test_infinite_divergences():
    cases = [
        (d.Bernoulli(0.5), d.Bernoulli(0.0)), (d.Bernoulli(0.5), d.Bernoulli(1.0)),
        (d.Categorical(fb.tensor([0.5, 0.5])), d.Categorical(fb.tensor([1.0, 0.0]))),
        (d.Uniform(0.0, 2.0), d.Uniform(0.0, 1.0)), (d.Uniform(-1.0, 1.0), d.Gamma(1.0, 1.0)),
        (d.Uniform(-1.0, 1.0), d.Beta(1.0, 1.0)), (d.Uniform(0.0, 2.0), d.ContinuousBernoulli(0.3)),
        (d.Beta(2.0, 2.0), d.Uniform(0.1, 1.0)), (d.ContinuousBernoulli(0.3), d.Uniform(0.0, 0.5)),
        (d.Pareto(1.0, 2.0), d.Pareto(2.0, 2.0)), (d.Pareto(1.0, 0.5), d.Exponential(1.0)),
        (d.Pareto(1.0, 1.5), d.Normal(0.0, 1.0)), (d.Poisson(1.0), d.Binomial(3, fb.tensor(0.5))),
    ]  # fmt: skip
    for p, q in cases:
        assert kl_divergence(p, q).item() == math.inf, (p, q)


def test_values_without_probability_do_not_count():
    p = d.Categorical(fb.tensor([0.0, 1.0]))
    assert kl_divergence(p, d.Categorical(fb.tensor([0.5, 0.5]))).item() == pytest.approx(math.log(2))
    assert kl_divergence(d.Bernoulli(1.0), d.Bernoulli(0.5)).item() == pytest.approx(math.log(2), rel=1e-5)
    # the bounds of the support are the bounds of Uniform here
    assert kl_divergence(d.ContinuousBernoulli(0.3), d.Uniform(0.0, 1.0)).isfinite()
    assert kl_divergence(d.Uniform(0.0, 1.0), d.ContinuousBernoulli(0.3)).isfinite()


def test_divergences_of_structures():
    loc = fb.tensor([[0.0, 1.0], [2.0, 3.0]])
    p, q = d.Normal(loc, 1.0), d.Normal(loc + 1, 2.0)
    plain = kl_divergence(p, q)
    independent = kl_divergence(d.Independent(p, 1), d.Independent(q, 1))
    assert fb.allclose(independent, plain.sum(-1))
    assert fb.allclose(kl_divergence(d.LogNormal(loc, 1.0), d.LogNormal(loc + 1, 2.0)), plain)
    transforms = [d.AffineTransform(1.0, 2.0), d.SigmoidTransform()]
    mapped = [d.TransformedDistribution(x, list(transforms)) for x in (p, q)]
    assert fb.allclose(kl_divergence(*mapped), plain)
    with pytest.raises(NotImplementedError):
        kl_divergence(mapped[0], d.LogNormal(loc, 1.0))
    with pytest.raises(NotImplementedError, match="reinterpreted_batch_ndims"):
        kl_divergence(d.Independent(p, 1), d.Independent(q, 2))


def test_exponential_families_by_their_natural_parameters():
    cases = ["Bernoulli", "Beta", "Dirichlet", "Exponential", "Gamma", "Normal", "Poisson", "ContinuousBernoulli"]
    for name in cases:
        p, q = build(fb, name, 0), build(fb, name, 1)
        general = kl._exp_family_exp_family(p, q)
        np.testing.assert_allclose(general.numpy(), kl_divergence(p, q).numpy(), rtol=1e-6)
        if name not in ("Beta", "Dirichlet", "Poisson"):  # these do not know the mean of their carrier measure
            entropy = d.ExponentialFamily.entropy(p)
            assert not entropy.requires_grad
            np.testing.assert_allclose(entropy.numpy(), p.entropy().numpy(), rtol=1e-6)
    wishart = [d.Wishart(fb.tensor(df), fb.eye(2) * s) for df, s in ((3.0, 1.0), (5.0, 2.0))]
    x = wishart[0].sample((4000,))
    terms = wishart[0].log_prob(x) - wishart[1].log_prob(x)
    value = kl_divergence(*wishart)
    assert abs(terms.mean() - value) < 6 * terms.std() / 4000**0.5
    assert d.ExponentialFamily.entropy(wishart[0]).item() == pytest.approx(wishart[0].entropy().item(), rel=1e-4)


def test_entropies_by_natural_parameters_are_differentiable():
    rate = fb.tensor([0.5, 2.0], dtype=fb.float64, requires_grad=True)
    (general,) = fb.autograd.grad(d.ExponentialFamily.entropy(d.Exponential(rate)).sum(), rate)
    np.testing.assert_allclose(general.numpy(), -1 / rate.detach().numpy())


def test_gradients_of_divergences():
    for names in PAIRS:
        parameters = [[fb.tensor(a, dtype=fb.float64, requires_grad=True) for a in ARGUMENTS[n][side]]
                      for side, n in enumerate(names)]  # fmt: skip
        value = kl_divergence(*[getattr(d, n)(*ps) for n, ps in zip(names, parameters, strict=True)])
        if value.requires_grad and value.isfinite().all():
            leaves = [t for ps in parameters for t in ps]
            for g in fb.autograd.grad(value.sum(), leaves, allow_unused=True):
                assert g is None or g.isfinite().all(), names


# ---- dispatch


@pytest.fixture
def registry():
    """Leaves the registry as it was."""
    before = dict(kl._KL_REGISTRY)
    yield
    kl._KL_REGISTRY.clear()
    kl._KL_REGISTRY.update(before)
    kl._dispatch.cache_clear()


def test_subclasses_and_the_closest_registration(registry):
    class Base(d.Normal):
        pass

    class Derived(Base):
        pass

    p, q = Derived(0.0, 1.0), Derived(1.0, 1.0)
    assert kl_divergence(p, q).item() == 0.5
    register_kl(Base, d.Normal)(lambda p, q: "base, normal")
    assert kl_divergence(p, q) == "base, normal"
    register_kl(Derived, d.Distribution)(lambda p, q: "derived, distribution")
    ambiguous = r"Ambiguous kl_divergence\(Derived, Derived\). Please register_kl\(Derived, Normal\)"
    with pytest.warns(RuntimeWarning, match=ambiguous):
        assert kl_divergence(p, q) == "derived, distribution"
    register_kl(Derived, d.Normal)(lambda p, q: "derived, normal")
    assert kl_divergence(p, q) == "derived, normal"


def test_errors():
    with pytest.raises(NotImplementedError, match="No KL.* for p type Normal and q type Cauchy"):
        kl_divergence(d.Normal(0.0, 1.0), d.Cauchy(0.0, 1.0))
    with pytest.raises(NotImplementedError, match="different exponential families"):
        kl_divergence(d.Normal(0.0, 1.0), d.Poisson(1.0))
    for pair in ((int, d.Normal), (d.Normal, "Normal")):
        with pytest.raises(TypeError, match="to be a Distribution subclass but got"):
            register_kl(*pair)
    with pytest.raises(ValueError, match="different event shapes"):
        kl_divergence(d.MultivariateNormal(fb.zeros(2), fb.eye(2)), d.MultivariateNormal(fb.zeros(3), fb.eye(3)))
    with pytest.raises(NotImplementedError, match="q.total_count > p.total_count"):
        kl_divergence(d.Binomial(2, fb.tensor(0.5)), d.Binomial(3, fb.tensor(0.5)))
