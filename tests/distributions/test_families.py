"""The families: shapes, densities, moments, entropies and distribution functions against SciPy."""

import numpy as np
import pytest

import flambeau as fb

from .families import BY_NAME, FAMILIES

stats = pytest.importorskip("scipy.stats")

SCALARS = [f for f in FAMILIES if f.scipy and not f.event]
CONTINUOUS = [f for f in SCALARS if not f.discrete]
VECTORS = [f for f in FAMILIES if f.scipy and f.event]
# Of moments that do not exist or are infinite SciPy and PyTorch, which we follow, say different things.
NAN_FOR_INFINITE = ("FisherSnedecor", "Cauchy", "HalfCauchy", "StudentT", "GeneralizedPareto")
NO_EMPTY = ("Categorical", "MixtureSameFamily")  # multinomial wants at least one draw, as in PyTorch


def some(families):
    return pytest.mark.parametrize("family", families, ids=lambda f: f.name)


@some(FAMILIES)
def test_shapes(family):
    d, _ = family.build(fb)
    shape = (*family.batch, *family.event)
    assert d.batch_shape == family.batch and d.event_shape == family.event
    nothing = () if hasattr(d, "param_shape") and family.event or family.name in NO_EMPTY else ((2, 0),)
    for sample_shape in ((), (4,), (3, 2), *nothing):
        x = d.sample(sample_shape)
        assert x.shape == (*sample_shape, *shape) and not x.requires_grad
        assert d.log_prob(x).shape == (*sample_shape, *family.batch)
    if d.has_rsample:
        assert d.rsample(fb.Size([2])).shape == (2, *shape)
    for name in family.has:
        if name not in ("cdf", "icdf"):
            value = getattr(d, name)
            value = value() if callable(value) else value
            events = () if name == "entropy" or family.name == "Categorical" else family.event
            assert value.shape == (*family.batch, *events), name


@some(FAMILIES)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_samples_are_in_the_support_and_of_the_dtype_of_the_parameters(family, dtype):
    fb.manual_seed(1)
    d, _ = family.build(fb, dtype)
    x = d.sample((100,))
    assert x.dtype is (fb.int64 if family.name == "Categorical" else getattr(fb, dtype))
    assert d.support.check(x).all()
    assert not d.log_prob(x).isnan().any() and d.log_prob(x).dtype is getattr(fb, dtype)


@some(FAMILIES)
def test_expand(family):
    d, _ = family.build(fb)
    wide = d.expand((4, *family.batch))
    assert type(wide) is type(d) and wide.batch_shape == (4, *family.batch) and wide.event_shape == family.event
    x = d.sample((4,))
    np.testing.assert_allclose(wide.log_prob(x).numpy(), d.log_prob(x).numpy(), rtol=1e-12)
    assert wide.sample((2,)).shape == (2, 4, *family.batch, *family.event)
    for name in family.has:
        if name not in ("cdf", "icdf"):
            a, b = getattr(wide, name), getattr(d, name)
            a, b = (a(), b()) if callable(a) else (a, b)
            np.testing.assert_allclose(a[1].numpy(), b.numpy(), rtol=1e-12)
    assert d.expand((4, *family.batch)).expand((2, 4, *family.batch)).batch_shape == (2, 4, *family.batch)


def expected(family):
    return family.scipy(stats, *family.arrays())


@some(SCALARS)
def test_log_prob_equals_scipy(family):
    fb.manual_seed(2)
    d, _ = family.build(fb)
    x = d.sample((50,))
    s = expected(family)
    wanted = s.logpmf(x.numpy()) if family.discrete else s.logpdf(x.numpy())
    np.testing.assert_allclose(d.log_prob(x).numpy(), wanted, rtol=1e-8, atol=1e-9)


@some(VECTORS)
def test_log_prob_of_vectors_equals_scipy(family):
    fb.manual_seed(2)
    d, _ = family.build(fb)
    x = d.sample((20,))
    for i, s in enumerate(expected(family)):
        density = s.logpmf if family.discrete else s.logpdf
        values = x[:, i].numpy()
        if family.name in ("Dirichlet", "Wishart"):  # these take observations in the last dimension, and few
            values = [v / v.sum() if v.ndim == 1 else v for v in values]
            wanted = [density(v) for v in values]
        else:
            wanted = density(values)
        np.testing.assert_allclose(d.log_prob(x)[:, i].numpy(), wanted, rtol=1e-8)


@some([f for f in SCALARS if f.name != "VonMises"])  # whose moments here are those of the circle
def test_mean_and_variance_equal_scipy(family):
    d, _ = family.build(fb)
    s = expected(family)
    for name, wanted in (("mean", s.mean()), ("variance", s.var())):
        got = getattr(d, name).numpy()
        if family.name in NAN_FOR_INFINITE:  # there is no agreement on what does not exist
            finite = np.isfinite(wanted)
            assert not np.isfinite(got[~finite]).any()
            got, wanted = got[finite], wanted[finite]
        np.testing.assert_allclose(got, wanted, rtol=1e-9)
    np.testing.assert_allclose(d.stddev.numpy(), np.sqrt(d.variance.numpy()))


@some([f for f in SCALARS if "entropy" in f.has])
def test_entropy_equals_scipy(family):
    d, _ = family.build(fb)
    wanted = np.broadcast_to(expected(family).entropy(), family.batch)
    np.testing.assert_allclose(d.entropy().numpy(), wanted, rtol=1e-7, atol=1e-9)
    np.testing.assert_allclose(d.perplexity().numpy(), np.exp(d.entropy().numpy()))


@some([f for f in VECTORS if "entropy" in f.has])
def test_entropy_of_vectors_equals_scipy(family):
    d, _ = family.build(fb)
    wanted = [s.entropy() for s in expected(family)]
    np.testing.assert_allclose(d.entropy().numpy(), np.reshape(wanted, family.batch), rtol=1e-8)


@some([f for f in CONTINUOUS if "cdf" in f.has])
def test_cdf_equals_scipy(family):
    fb.manual_seed(3)
    d, _ = family.build(fb)
    x = d.sample((40,))
    np.testing.assert_allclose(d.cdf(x).numpy(), expected(family).cdf(x.numpy()), rtol=1e-8, atol=1e-10)


@some([f for f in FAMILIES if "icdf" in f.has])
def test_icdf_is_the_inverse_of_cdf(family):
    d, _ = family.build(fb)
    q = fb.linspace(0.01, 0.99, 9, dtype=fb.float64).reshape(9, *[1] * len(family.batch)).expand(9, *family.batch)
    np.testing.assert_allclose(d.cdf(d.icdf(q)).numpy(), q.numpy(), rtol=1e-8)


@some([f for f in FAMILIES if "cdf" in f.has])
def test_the_density_is_the_derivative_of_cdf(family):
    fb.manual_seed(4)
    d, _ = family.build(fb, validate_args=False)
    x = d.sample((9,)).requires_grad_()
    (slope,) = fb.autograd.grad(d.cdf(x).sum(), x)
    np.testing.assert_allclose(slope.numpy(), d.log_prob(x).exp().detach().numpy(),
                               rtol=1e-3 if family.name == "ContinuousBernoulli" else 1e-6)  # between its lims


@some([f for f in FAMILIES if "mode" in f.has and not f.discrete and f.name not in ("VonMises", "Uniform")])
def test_the_density_is_highest_at_the_mode(family):
    d, _ = family.build(fb, validate_args=False)
    fb.manual_seed(5)
    mode = d.mode
    at_mode = d.log_prob(mode)
    away = d.log_prob(d.sample((200,)))
    known = ~at_mode.isnan()
    assert known.any()
    assert (away[:, known] <= at_mode[known] + 1e-9).all()


ENUMERABLE = [f for f in FAMILIES if f.discrete and f.build(fb)[0].has_enumerate_support]


@some(ENUMERABLE)
def test_the_probabilities_of_the_support_add_up(family):
    d, _ = family.build(fb)
    for expand in (True, False):
        values = d.enumerate_support(expand)
        batch = family.batch if expand else (1,) * len(family.batch)
        assert values.shape[1:] == (*batch, *family.event) and d.support.check(values).all()
        np.testing.assert_allclose(d.log_prob(values).exp().sum(0).numpy(), 1)
    p = d.log_prob(values)
    if family.name in ("Bernoulli", "Binomial", "Categorical"):
        np.testing.assert_allclose(d.entropy().numpy(), -(p * p.exp()).sum(0).numpy())


@pytest.mark.parametrize(
    "name", ["Bernoulli", "Binomial", "NegativeBinomial", "Geometric", "ContinuousBernoulli", "Categorical",
             "OneHotCategorical", "Multinomial", "RelaxedBernoulli", "RelaxedOneHotCategorical"],
)  # fmt: skip
def test_probs_and_logits_are_equivalent(name):
    family = BY_NAME[name]
    d, parameters = family.build(fb)
    x = d.sample((5,))
    probs = parameters[-1]
    if name in ("Geometric", "Categorical", "OneHotCategorical", "Multinomial", "RelaxedOneHotCategorical"):
        probs = probs.clamp(max=0.9)
    cls, leading = type(d), list(parameters[:-1])
    if name == "Multinomial":
        leading = [7]
    a = cls(*leading, probs=probs)
    b = cls(*leading, logits=a.logits)
    assert a.param_shape == b.param_shape if hasattr(a, "param_shape") else True
    np.testing.assert_allclose(a.log_prob(x).numpy(), b.log_prob(x).numpy(), rtol=1e-9)
    np.testing.assert_allclose(a.probs.numpy(), b.probs.numpy(), rtol=1e-9)
    np.testing.assert_allclose(b.expand((2, *b.batch_shape)).probs[1].numpy(), b.probs.numpy())
    for both in (dict(probs=probs, logits=probs), {}):
        with pytest.raises(ValueError, match="Either `probs` or `logits` must be specified, but not both"):
            cls(*leading, **both)


def test_numbers_as_parameters():
    d = fb.distributions.Normal(0, 2)
    assert d.batch_shape == () and d.loc.dtype is fb.float32 and d.sample().shape == ()
    assert fb.distributions.Beta(1, 2.0).sample((3,)).shape == (3,)
    d = fb.distributions.Normal(fb.zeros(3, dtype=fb.float64), 1)
    assert d.scale.dtype is fb.float64 and d.batch_shape == (3,)
    assert fb.distributions.Bernoulli(True).sample().item() == 1
