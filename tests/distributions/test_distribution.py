"""The base class: checks of arguments, expansion of subclasses; use with autograd and vmap; helpers."""

import copy
import pickle

import numpy as np
import pytest

import flambeau as fb
from flambeau import distributions as d
from flambeau.distributions import utils

from .families import FAMILIES


def test_parameters_are_checked():
    with pytest.raises(ValueError, match=r"Expected parameter scale \(Tensor of shape \(2,\)\) of distribution Normal"):
        d.Normal(fb.zeros(2), fb.tensor([1.0, -1.0]))
    assert d.Normal(0.0, -1.0, validate_args=False).scale == -1
    with pytest.raises(ValueError, match="satisfy the constraint PositiveDefinite"):
        d.MultivariateNormal(fb.zeros(2), fb.tensor([[1.0, 2.0], [2.0, 1.0]]))
    with pytest.raises(ValueError, match="satisfy the constraint Simplex"):
        d.Categorical(fb.tensor([-0.5, 1.5]))


def test_values_are_checked():
    normal = d.Normal(fb.zeros(2), 1.0)
    with pytest.raises(ValueError, match="must be a Tensor"):
        normal.log_prob(1.0)
    with pytest.raises(ValueError, match="not broadcastable with batch_shape"):
        normal.log_prob(fb.zeros(3))
    with pytest.raises(ValueError, match=r"within the support \(Real\(\)\) of the distribution Normal"):
        normal.cdf(fb.tensor([0.0, fb.nan]))
    with pytest.raises(ValueError, match="right-most size of value must match event_shape"):
        d.Dirichlet(fb.ones(3)).log_prob(fb.ones(2) / 2)
    assert normal.log_prob(fb.zeros(5, 1)).shape == (5, 2)
    free = d.Exponential(1.0, validate_args=False)
    assert free.log_prob(fb.tensor(-1.0)) == 1
    assert free.expand((2,)).log_prob(fb.tensor(-1.0)).shape == (2,)


def test_the_default_of_checking():
    assert d.Distribution._validate_args
    try:
        d.Distribution.set_default_validate_args(False)
        assert d.Normal(0.0, -1.0).scale == -1
        with pytest.raises(ValueError, match="constraint"):
            d.Normal(0.0, -1.0, validate_args=True)
    finally:
        d.Distribution.set_default_validate_args(True)
    with pytest.raises(ValueError, match="expects True or False"):
        d.Distribution.set_default_validate_args(3)


class Doubled(d.Normal):
    """A subclass with a constructor of its own."""

    def __init__(self, loc):
        super().__init__(loc, 2.0)


class Shifted(Doubled):
    def expand(self, batch_shape, _instance=None):
        return super().expand(batch_shape, self._get_checked_instance(Shifted, _instance))


def test_subclasses_with_a_constructor_of_their_own_say_how_to_expand():
    with pytest.raises(NotImplementedError, match="Subclass Doubled of Normal that defines a custom __init__ method"):
        Doubled(0.0).expand((2,))
    assert type(Shifted(0.0).expand((2,))) is Shifted

    class Plain(d.Normal):
        pass

    assert type(Plain(0.0, 1.0).expand((2,))) is Plain


def test_a_family_of_the_user():
    class Point(d.Distribution):
        arg_constraints = {"at": d.constraints.real}
        support = d.constraints.real
        has_rsample = True

        def __init__(self, at, validate_args=None):
            self.at = at
            super().__init__(at.shape, validate_args=validate_args)

        def rsample(self, sample_shape=()):
            return self.at.expand(self._extended_shape(sample_shape))

    point = Point(fb.tensor([1.0, 2.0], requires_grad=True))
    assert repr(point) == "Point(at: torch.Size([2]))"
    assert not point.sample((3,)).requires_grad and point.rsample((3,)).requires_grad
    with pytest.raises(ValueError, match="Expected parameter at"):
        Point(fb.tensor([fb.nan]))
    for call in (lambda: point.expand((1, 2)), lambda: point.entropy(), lambda: point.mean, lambda: point.mode,
                 lambda: point.variance, lambda: point.log_prob(fb.zeros(2)), lambda: point.cdf(fb.zeros(2)),
                 lambda: point.icdf(fb.zeros(2)), lambda: point.enumerate_support(), lambda: point.stddev):  # fmt: skip
        with pytest.raises(NotImplementedError):
            call()
    with pytest.warns(UserWarning, match="does not define `arg_constraints`"):
        nothing = d.Distribution()
    with pytest.raises(NotImplementedError):
        nothing.rsample()
    with pytest.warns(UserWarning, match="does not define `support`"):
        nothing._validate_sample(fb.zeros(()))


def test_sample_n():
    with pytest.warns(FutureWarning, match=r"Use .sample\(\(n,\)\) instead"):
        assert d.Normal(fb.zeros(2), 1.0).sample_n(3).shape == (3, 2)


@pytest.mark.parametrize("family", FAMILIES, ids=lambda f: f.name)
def test_copies(family):
    original, _ = family.build(fb)
    for made in (copy.deepcopy(original), pickle.loads(pickle.dumps(original))):
        fb.manual_seed(0)
        x = original.sample()
        fb.manual_seed(0)
        assert made.sample().tolist() == x.tolist()
        assert made.log_prob(x).tolist() == original.log_prob(x).tolist()


@pytest.mark.parametrize("family", [f for f in FAMILIES if f.build(fb)[0].has_rsample], ids=lambda f: f.name)
def test_rsample_is_recorded_and_sample_is_not(family):
    p, parameters = family.build(fb, requires_grad=True)
    assert not p.sample().requires_grad
    x = p.rsample((2,))
    assert x.requires_grad
    grads = fb.autograd.grad(x.sum(), parameters, allow_unused=True)
    assert any(g is not None for g in grads)
    assert all(g is None or (g.isfinite().all() and g.shape == t.shape) for g, t in zip(grads, parameters, strict=True))


def test_gradients_of_densities_by_differences():
    for family in FAMILIES:
        p, parameters = family.build(fb, requires_grad=True)
        if family.name in ("Wishart", "MultivariateNormal", "MultivariateNormal-precision"):
            continue  # a symmetric matrix has no single element that could move
        fb.manual_seed(3)
        x = p.sample()
        if family.name == "Binomial":
            parameters = parameters[1:]
            call = lambda q: family.make(d, fb.tensor([6.0], dtype=fb.float64), q).log_prob(x)  # noqa: B023, E731
        elif family.name in ("Uniform", "GeneralizedPareto"):
            continue  # edges move with the parameters
        else:
            call = lambda *q: family.make(d, *q, validate_args=False).log_prob(x)  # noqa: B023, E731
        assert fb.autograd.gradcheck(call, tuple(parameters), atol=1e-4, rtol=1e-4), family.name


def test_densities_of_covariances_by_differences():
    """By the Cholesky factor, whose elements are free."""
    fb.manual_seed(0)
    loc, x = fb.randn(2, 3, dtype=fb.float64, requires_grad=True), fb.randn(2, 3, dtype=fb.float64)
    factor = (fb.randn(3, 3, dtype=fb.float64).tril(-1) + 2 * fb.eye(3, dtype=fb.float64)).requires_grad_()

    def density(loc, factor):
        return d.MultivariateNormal(loc, scale_tril=factor.tril()).log_prob(x)

    assert fb.autograd.gradcheck(density, (loc, factor))
    by_covariance = d.MultivariateNormal(loc, factor @ factor.T).log_prob(x)
    np.testing.assert_allclose(by_covariance.detach().numpy(), density(loc, factor).detach().numpy(), rtol=1e-10)
    df = fb.tensor(4.5, dtype=fb.float64, requires_grad=True)
    w = d.Wishart(df, scale_tril=factor.detach()).sample()
    wishart = lambda df, factor: d.Wishart(df, scale_tril=factor.tril()).log_prob(w)  # noqa: E731
    assert fb.autograd.gradcheck(wishart, (df, factor))


def test_under_vmap():
    loc, x = fb.arange(3.0), fb.tensor([0.5, 0.2, 1.0])
    batched = fb.vmap(lambda m, v: d.Normal(m, 1.0, validate_args=False).log_prob(v))(loc, x)
    assert batched.tolist() == d.Normal(loc, 1.0).log_prob(x).tolist()
    drawn = fb.vmap(lambda m: d.Gamma(m, 1.0, validate_args=False).rsample(), randomness="different")(loc + 1)
    assert drawn.shape == (3,) and drawn.unique().numel() == 3


def test_batches_of_covariances():
    """Samples, batches of means and batches of matrices broadcast."""
    fb.manual_seed(1)
    matrices = fb.stack([fb.eye(3), 2 * fb.eye(3)])[:, None]  # (2, 1)
    p = d.MultivariateNormal(fb.randn(4, 3), matrices)
    assert p.batch_shape == (2, 4)
    x = p.sample((5,))
    assert x.shape == (5, 2, 4, 3)
    wanted = d.Independent(d.Normal(p.loc, p.variance.sqrt()), 1).log_prob(x)
    assert fb.allclose(p.log_prob(x), wanted, atol=1e-5)
    assert p.log_prob(x[0, 0, 0]).shape == (2, 4)


def test_wishart_warns_of_few_degrees_of_freedom():
    with pytest.warns(UserWarning, match="Low df values detected"):
        d.Wishart(fb.tensor([1.5]), fb.eye(2))
    number = d.Wishart(3.0, fb.eye(2, dtype=fb.float64))
    assert number.df.dtype is fb.float64 and number.batch_shape == ()


def test_geometric_of_certain_success():
    p = d.Geometric(1.0)
    assert p.log_prob(fb.tensor([0.0, 1.0])).tolist() == [0, -fb.inf] and p.sample((5,)).tolist() == [0] * 5
    with pytest.raises(ValueError, match="to be positive but found invalid values"):
        d.Geometric(0.0)


# ---- helpers


def test_broadcast_all():
    a, b = utils.broadcast_all(1, fb.zeros(2, 1, dtype=fb.float64))
    assert a.shape == b.shape == (2, 1) and a.dtype is fb.float64
    assert [t.shape for t in utils.broadcast_all(fb.zeros(2, 1), fb.zeros(3))] == [(2, 3)] * 2
    assert utils.broadcast_all(1, 2.5)[0].dtype is fb.float32
    with pytest.raises(ValueError, match="Input arguments must all be instances of Number, torch.Tensor"):
        utils.broadcast_all("a")


def test_probs_and_logits():
    probs = fb.tensor([0.0, 0.3, 1.0])
    logits = utils.probs_to_logits(probs, is_binary=True)
    assert logits.isfinite().all()
    assert fb.allclose(utils.logits_to_probs(logits, is_binary=True), probs, atol=1e-6)
    assert fb.allclose(utils.logits_to_probs(utils.probs_to_logits(probs / 1.3)), probs / 1.3, atol=1e-6)
    assert utils.clamp_probs(probs).tolist() == [fb.finfo(fb.float32).eps, probs[1].item(), 1 - 2**-23]


def test_lazy_property():
    class Counted:
        count = 0

        @utils.lazy_property
        def value(self):
            """A value."""
            self.count += 1
            assert fb.is_grad_enabled()
            return self.count

    c = Counted()
    with fb.no_grad():
        assert c.value == c.value == 1
    assert Counted.value.__doc__ == "A value."


@pytest.mark.parametrize("diag", [-2, -1, 0])
def test_triangles_as_vectors(diag):
    matrix = fb.arange(1.0, 33.0).reshape(2, 4, 4)
    vector = utils.tril_matrix_to_vec(matrix, diag)
    assert vector.shape == (2, {0: 10, -1: 6, -2: 3}[diag])
    assert utils.vec_to_tril_matrix(vector, diag).tolist() == matrix.tril(diag).tolist()
    with pytest.raises(ValueError, match="cannot be expressed as the lower triangular part of a square"):
        utils.vec_to_tril_matrix(fb.ones(4))
    with pytest.raises(ValueError, match="diag .5. provided is outside"):
        utils.tril_matrix_to_vec(matrix, 5)
