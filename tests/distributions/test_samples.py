"""Samples of fixed seeds: their distributions, by the tests of Kolmogorov and Smirnov and chi-squared, and moments.

A test at the level 1e-4 fails once in ten thousand seeds; the seeds are fixed, so that it says the same every time.
"""

import numpy as np
import pytest

import flambeau as fb

from .families import BY_NAME, FAMILIES

stats = pytest.importorskip("scipy.stats")

N, LEVEL = 4000, 1e-4
CONTINUOUS = [f for f in FAMILIES if f.scipy and not f.event and not f.discrete]
DISCRETE = [f for f in FAMILIES if f.scipy and not f.event and f.discrete]


def some(families):
    return pytest.mark.parametrize("family", families, ids=lambda f: f.name)


def drawn(family, n=N):
    fb.manual_seed(123)
    d, _ = family.build(fb)
    return d, d.sample((n,)).numpy().reshape(n, -1)


@some([f for f in CONTINUOUS if f.name != "VonMises"])
def test_kolmogorov_smirnov(family):
    _, x = drawn(family)
    parameters = np.broadcast_arrays(*family.arrays(), np.empty(family.batch))[:-1]
    for i, p in enumerate(zip(*[a.ravel() for a in parameters], strict=True)):
        assert stats.kstest(x[:, i], family.scipy(stats, *p).cdf).pvalue > LEVEL, p


@some([f for f in FAMILIES if "cdf" in f.has and not f.scipy])
def test_kolmogorov_smirnov_by_our_own_cdf(family):
    d, x = drawn(family)
    q = d.cdf(fb.from_numpy(x.reshape(N, *family.batch))).numpy().reshape(N, -1)
    for i in range(q.shape[1]):
        assert stats.kstest(q[:, i], "uniform").pvalue > LEVEL


def test_angles():
    """Of SciPy's distribution, which goes once around."""
    d, x = drawn(BY_NAME["VonMises"])
    for i, (loc, k) in enumerate(zip(*BY_NAME["VonMises"].arrays(), strict=True)):
        away = (x[:, i] - loc + np.pi) % (2 * np.pi) - np.pi
        assert stats.kstest(away, stats.vonmises(k).cdf).pvalue > LEVEL
        assert (np.abs(x) <= np.pi).all()


@some(DISCRETE)
def test_chi_squared(family):
    _, x = drawn(family)
    parameters = np.broadcast_arrays(*family.arrays(), np.empty(family.batch))[:-1]
    for i, p in enumerate(zip(*[a.ravel() for a in parameters], strict=True)):
        s = family.scipy(stats, *p)
        low, high = int(s.ppf(0.005)), int(s.ppf(0.995))
        edges = np.unique(np.linspace(low, max(high, low + 1), 12).round())  # the last value of each class
        counts = np.diff([0, *[(x[:, i] <= e).sum() for e in edges], N])
        probabilities = np.diff([0, *s.cdf(edges), 1])
        likely = probabilities * N > 3
        counts, probabilities = counts[likely], probabilities[likely]
        assert counts.sum() > 0.99 * N
        assert stats.chisquare(counts, probabilities / probabilities.sum() * counts.sum()).pvalue > LEVEL, p


@some([BY_NAME["Categorical"], BY_NAME["OneHotCategorical"]])
def test_chi_squared_of_categories(family):
    fb.manual_seed(5)
    d, (probs,) = family.build(fb)
    x = d.sample((N,))
    if family.event:
        assert (x.sum(-1) == 1).all()
        x = x.argmax(-1)
    for i, p in enumerate(probs.numpy()):
        counts = np.bincount(x[:, i].numpy(), minlength=len(p))
        assert stats.chisquare(counts, p / p.sum() * N).pvalue > LEVEL


# Families whose mean and variance exist for all parameters of the table.
MOMENTS = [f for f in FAMILIES if {"mean", "variance"} <= {*f.has}
           and f.name not in ("Cauchy", "HalfCauchy", "StudentT", "FisherSnedecor", "Pareto", "InverseGamma",
                              "GeneralizedPareto", "VonMises", "MultivariateNormal-precision")]  # fmt: skip


@some(MOMENTS)
def test_moments(family):
    """The mean within five of its standard errors; the variance within a tenth, or a seventh of skewed families."""
    fb.manual_seed(31)
    d, _ = family.build(fb)
    x = d.sample((20_000,)).numpy()
    mean, variance = d.mean.numpy(), d.variance.numpy()
    assert (np.abs(x.mean(0) - mean) <= 5 * np.sqrt(variance / 20_000) + 1e-12).all()
    skewed = family.name in ("LogNormal", "Gamma", "Chi2", "Geometric", "NegativeBinomial", "LogisticNormal", "Wishart")
    np.testing.assert_allclose(x.var(0), variance, rtol=0.25 if skewed else 0.1, atol=1e-12)


@pytest.mark.parametrize("name", ["MultivariateNormal", "MultivariateNormal-precision", "LowRankMultivariateNormal"])
def test_covariances(name):
    fb.manual_seed(8)
    d, _ = BY_NAME[name].build(fb)
    x = d.sample((20_000,)).numpy()
    for i in range(2):
        wanted = d.covariance_matrix[i].numpy()
        scale = np.sqrt(np.outer(wanted.diagonal(), wanted.diagonal()))
        assert (np.abs(np.cov(x[:, i].T) - wanted) < 0.05 * scale).all()
        np.testing.assert_allclose((d.precision_matrix[i] @ d.covariance_matrix[i]).numpy(), np.eye(3), atol=1e-12)
        np.testing.assert_allclose((d.scale_tril[i] @ d.scale_tril[i].T).numpy(), wanted, rtol=1e-12)


@pytest.mark.parametrize("concentration", [0.5, 1.0, 4.0])
def test_the_marginals_of_lkj_are_beta(concentration):
    """An off-diagonal correlation r of dimension n has (r + 1) / 2 of Beta(b, b) with b = concentration + n / 2 - 1."""
    fb.manual_seed(2)
    for n in (2, 4):
        factor = fb.distributions.LKJCholesky(n, concentration).sample((N,)).to(fb.float64)
        correlation = (factor @ factor.mT).numpy()
        b = concentration + n / 2 - 1
        for i, j in ((1, 0), (n - 1, n - 2)):
            assert stats.kstest((correlation[:, i, j] + 1) / 2, stats.beta(b, b).cdf).pvalue > LEVEL


def test_entropies_by_the_samples():
    """Of the families that SciPy has no entropy of: the mean of -log_prob within five standard errors."""
    for family in FAMILIES:
        if "entropy" in family.has and (not family.scipy or family.event):
            fb.manual_seed(4)
            d, _ = family.build(fb)
            terms = -d.log_prob(d.sample((N,))).numpy()
            error = np.abs(terms.mean(0) - d.entropy().numpy())
            assert (error <= 5 * terms.std(0) / np.sqrt(N) + 1e-9).all(), family.name


def test_gradients_through_samples_estimate_the_gradient_of_the_mean():
    """d E[x] / d parameter, by the mean of the gradients of the samples."""
    known = {
        "Gamma": (lambda c, r: (1 / r, -c / r**2)),
        "Beta": (lambda a, b: (b / (a + b) ** 2, -a / (a + b) ** 2)),
        "Exponential": (lambda r: (-1 / r**2,)),
        "Normal": (lambda m, s: (np.ones((2, 3)), np.zeros((2, 3)))),
    }
    for name, formula in known.items():
        family = BY_NAME[name]
        fb.manual_seed(6)
        tensors = [fb.tensor(np.broadcast_to(a, family.batch)) for a in family.arrays()]
        wide = [t.expand(N, *family.batch).clone().requires_grad_() for t in tensors]
        family.make(fb.distributions, *wide).rsample().sum().backward()
        for t, wanted in zip(wide, formula(*[t.numpy() for t in tensors]), strict=True):
            g = t.grad.numpy()
            assert (np.abs(g.mean(0) - wanted) <= 5 * g.std(0) / np.sqrt(N) + 1e-12).all(), name
