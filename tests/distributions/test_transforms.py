"""Transforms: round trips, log-determinants against the Jacobian, shapes, caches, composition; the registries."""

import copy
import gc
import pickle

import numpy as np
import pytest

import flambeau as fb
from flambeau import distributions as d
from flambeau.distributions import biject_to, constraints, transform_to
from flambeau.distributions.transforms import (
    AbsTransform,
    AffineTransform,
    CatTransform,
    ComposeTransform,
    CorrCholeskyTransform,
    CumulativeDistributionTransform,
    ExpTransform,
    IndependentTransform,
    LowerCholeskyTransform,
    PositiveDefiniteTransform,
    PowerTransform,
    ReshapeTransform,
    SigmoidTransform,
    SoftmaxTransform,
    SoftplusTransform,
    StackTransform,
    StickBreakingTransform,
    TanhTransform,
    Transform,
    identity_transform,
)


def normal(*shape):
    return fb.tensor(np.random.default_rng(0).normal(size=shape))


def tensor(*values):
    return fb.tensor(values, dtype=fb.float64)


# name -> (transform, an input of it)
BIJECTIONS = {
    "exp": (ExpTransform(), normal(3, 2)),
    "power": (PowerTransform(tensor(2.0, 0.5)), normal(3, 2).abs() + 0.1),
    "negative-power": (PowerTransform(tensor(-1.0)), normal(3).abs() + 0.1),
    "sigmoid": (SigmoidTransform(), normal(4)),
    "softplus": (SoftplusTransform(), normal(4)),
    "tanh": (TanhTransform(), normal(4)),
    "affine": (AffineTransform(tensor(1.0, 2.0), tensor(-3.0, 0.5)), normal(3, 2)),
    "affine-numbers": (AffineTransform(1.0, -3.0), normal(3)),
    "affine-event": (AffineTransform(1.0, tensor(-3.0, 2.0), event_dim=1), normal(3, 2)),
    "independent": (IndependentTransform(ExpTransform(), 1), normal(3, 2)),
    "reshape": (ReshapeTransform((2, 3), (6,)), normal(4, 2, 3)),
    "stick-breaking": (StickBreakingTransform(), normal(2, 3)),
    "corr-cholesky": (CorrCholeskyTransform(), normal(2, 6)),
    "cat": (CatTransform([ExpTransform(), AffineTransform(1.0, 2.0)], dim=-1, lengths=[2, 3]), normal(2, 5)),
    "stack": (StackTransform([ExpTransform(), AffineTransform(1.0, 2.0)], dim=-1), normal(3, 2)),
    "compose": (ComposeTransform([AffineTransform(1.0, -2.0), SigmoidTransform()]), normal(3)),
    "compose-events": (ComposeTransform([StickBreakingTransform(), AffineTransform(0.0, 2.0)]), normal(2, 3)),
    "identity": (identity_transform, normal(3)),
    "cdf": (CumulativeDistributionTransform(d.Normal(tensor(0.0)[0], tensor(2.0)[0])), normal(5)),
    "inverse": (ExpTransform().inv, normal(3).abs()),
    "copula": (ComposeTransform([CumulativeDistributionTransform(d.Normal(tensor(0.0)[0], 1.0)),
                                 CumulativeDistributionTransform(d.Exponential(tensor(2.0)[0])).inv]), normal(4)),
}  # fmt: skip
OTHERS = {
    "abs": (AbsTransform(), normal(3)),
    "softmax": (SoftmaxTransform(), normal(2, 3)),
    "lower-cholesky": (LowerCholeskyTransform(), normal(2, 3, 3)),
    "positive-definite": (PositiveDefiniteTransform(), normal(2, 3, 3)),
}
ALL = {**BIJECTIONS, **OTHERS}


@pytest.mark.parametrize("name", ALL)
def test_round_trip(name):
    t, x = ALL[name]
    y = t(x)
    assert t.codomain.check(y).all() and t.domain.check(x).all()
    assert t.inv.domain is not None and t.bijective == (name in BIJECTIONS)
    again = t(t.inv(y))  # of what has several inverse images, one
    np.testing.assert_allclose(again.numpy(), y.numpy(), rtol=1e-9, atol=1e-12)
    if t.bijective:
        np.testing.assert_allclose(t.inv(y).numpy(), x.numpy(), rtol=1e-8, atol=1e-10)


@pytest.mark.parametrize("name", ALL)
def test_shapes(name):
    t, x = ALL[name]
    y = t(x)
    assert t.forward_shape(x.shape) == y.shape and t.inverse_shape(y.shape) == x.shape
    assert t.inv.forward_shape(y.shape) == x.shape and t.inv.inverse_shape(x.shape) == y.shape


def own_jacobian(t, x, events):
    """log |det| of the Jacobian of one event, whose values on a constrained set are reduced to free coordinates."""
    flat = x.reshape(-1)

    def free(v):
        y = t(v.reshape(x.shape))
        if isinstance(t, StickBreakingTransform) or events == "simplex":
            y = y[..., :-1]
        if isinstance(t, CorrCholeskyTransform):
            y = d.utils.tril_matrix_to_vec(y, -1)
        return y.reshape(-1)

    matrix = fb.func.jacrev(free)(flat)
    return np.linalg.slogdet(matrix.numpy())[1]


@pytest.mark.parametrize("name", [n for n in BIJECTIONS if n != "identity"])
def test_log_abs_det_jacobian(name):
    t, x = BIJECTIONS[name]
    y = t(x)
    got = t.log_abs_det_jacobian(x, y)
    if name == "compose-events":  # StickBreaking, with 2 y after it: 4 numbers doubled, of which 3 are free
        expected = [own_jacobian(t, row, "simplex") + np.log(2) for row in x]
        np.testing.assert_allclose(got.numpy(), expected, rtol=1e-9)
        return
    cut = x.dim() - t.domain.event_dim
    assert got.shape == (x.shape[:cut] if name not in ("cat", "stack") else x.shape)
    whole = np.sum([own_jacobian(t, v, None) for v in x]) if name in ("stick-breaking", "corr-cholesky") else (
        own_jacobian(t, x, None))  # fmt: skip
    np.testing.assert_allclose(got.sum().item(), whole, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(t.inv.log_abs_det_jacobian(y, x).numpy(), -got.numpy())


def test_signs():
    x = normal(5).sort().values
    for name in ("exp", "sigmoid", "softplus", "tanh", "affine-numbers", "compose", "copula"):
        t = BIJECTIONS[name][0]
        assert np.sign(np.diff(t(x).numpy())).tolist() == [float(t.sign)] * 4, name
        assert t.inv.sign == t.sign
    assert AffineTransform(0.0, tensor(-3.0, 2.0)).sign.tolist() == [-1, 1]
    assert PowerTransform(tensor(-1.0)).sign.tolist() == [-1]
    with pytest.raises(NotImplementedError):
        _ = StickBreakingTransform().sign


@pytest.mark.parametrize("name", [n for n in ALL if n not in ("identity", "inverse")])
def test_the_cache_gives_back_the_very_input(name):
    t, x = ALL[name]
    cached = t.with_cache()
    assert cached is not t and cached.with_cache(1) is cached and t.with_cache(0) is t
    y = cached(x)
    assert cached.inv(y) is x
    assert cached(x) is y
    if name != "abs":
        z = t(x + 0.01)
        w = cached.inv(z)
        assert cached(w) is z and cached.inv(z) is w
    assert t(x) is not t(x)  # without a cache


def test_cache_sizes_and_the_cache_of_subclasses():
    with pytest.raises(ValueError, match="cache_size must be 0 or 1"):
        ExpTransform(cache_size=2)

    class Shift(Transform):
        def __init__(self, by):
            super().__init__()
            self.by = by

    with pytest.raises(NotImplementedError, match="with_cache is not implemented"):
        Shift(1).with_cache()


def test_inverses_of_inverses():
    t = ExpTransform()
    assert t.inv.inv is t and t.inv is t.inv
    assert repr(t.inv) == "_InverseTransform(ExpTransform())"
    compose = ComposeTransform([t, AffineTransform(0.0, 2.0)])
    inverse = compose.inv
    assert inverse.inv is compose and [type(p).__name__ for p in inverse.parts] == ["_InverseTransform"] * 2
    t.inv  # noqa: B018 (not kept: the transform holds it weakly)
    gc.collect()
    assert t.inv(t(normal(2))).shape == (2,)


def test_equality():
    assert ExpTransform() == ExpTransform() != SigmoidTransform()
    assert AffineTransform(0.0, 1.0) == AffineTransform(0.0, 1.0) != AffineTransform(0.0, 2.0)
    assert AffineTransform(tensor(0.0), 1.0) == AffineTransform(tensor(0.0), 1.0)
    assert ComposeTransform([ExpTransform()]) == ComposeTransform([ExpTransform()]) != ComposeTransform([])
    assert PowerTransform(tensor(2.0)) == PowerTransform(tensor(2.0)) != PowerTransform(tensor(3.0))
    assert ExpTransform().inv == ExpTransform().inv != ExpTransform()
    assert CorrCholeskyTransform() != CorrCholeskyTransform()  # without parameters, but as in PyTorch


def test_copies():
    t = ComposeTransform([ExpTransform(cache_size=1), AffineTransform(0.0, 2.0)])
    x = normal(3)
    for made in (copy.deepcopy(t), pickle.loads(pickle.dumps(t))):
        assert made(x).tolist() == t(x).tolist() and made.inv(made(x)).shape == (3,)


def test_event_dims_of_compositions():
    t = ComposeTransform([ExpTransform(), StickBreakingTransform(), ReshapeTransform((4,), (2, 2))])
    assert t.domain.event_dim == 1 and t.codomain.event_dim == 2
    assert t(normal(5, 3)).shape == (5, 2, 2)
    with pytest.raises(ValueError, match="either .domain.event_dim or .codomain.event_dim"):
        _ = t.event_dim
    assert ExpTransform().event_dim == 0 and AffineTransform(0, 1, event_dim=2).event_dim == 2


def test_errors():
    with pytest.raises(ValueError, match="different numbers of elements"):
        ReshapeTransform((2, 3), (5,))
    with pytest.raises(ValueError, match="Shape mismatch"):
        ReshapeTransform((2, 3), (6,)).forward_shape((3, 3))
    with pytest.raises(ValueError, match="Too few dimensions on input"):
        IndependentTransform(ExpTransform(), 2)(normal(3))
    with pytest.raises(ValueError, match="not a flattened lower-diagonal number"):
        CorrCholeskyTransform().forward_shape((4,))
    with pytest.raises(ValueError, match="size 2 expected in dim -1"):
        StackTransform([ExpTransform()] * 2, dim=-1)(normal(2, 3))
    with pytest.raises(ValueError, match="size 3 expected in dim 0"):
        CatTransform([ExpTransform()] * 3)(normal(2, 3))
    with pytest.raises(TypeError, match="expected transforms, got int"):
        CatTransform([1])
    with pytest.raises(ValueError, match="2 transforms, but 1 lengths"):
        CatTransform([ExpTransform()] * 2, lengths=[1])


# ---- the registries

CONSTRAINTS = {
    "real": (constraints.real, (3,)),
    "real_vector": (constraints.real_vector, (3, 2)),
    "positive": (constraints.positive, (3,)),
    "nonnegative": (constraints.nonnegative, (3,)),
    "greater_than": (constraints.greater_than(-2.0), (3,)),
    "greater_than_tensor": (constraints.greater_than(tensor(-2.0, 1.0)), (3, 2)),
    "less_than": (constraints.less_than(-2.0), (3,)),
    "unit_interval": (constraints.unit_interval, (3,)),
    "interval": (constraints.interval(-1.0, 5.0), (3,)),
    "half_open_interval": (constraints.half_open_interval(-1.0, 5.0), (3,)),
    "simplex": (constraints.simplex, (2, 3)),
    "corr_cholesky": (constraints.corr_cholesky, (2, 3)),
    "lower_cholesky": (constraints.lower_cholesky, (2, 3, 3)),
    "positive_definite": (constraints.positive_definite, (2, 3, 3)),
    "positive_semidefinite": (constraints.positive_semidefinite, (2, 3, 3)),
    "independent": (constraints.independent(constraints.positive, 1), (3, 2)),
    "cat": (constraints.cat([constraints.positive, constraints.real], -1, [1, 2]), (2, 3)),
    "stack": (constraints.stack([constraints.positive, constraints.less_than(0.0)], -1), (3, 2)),
}


@pytest.mark.parametrize("name", CONSTRAINTS)
def test_transform_to(name):
    constraint, shape = CONSTRAINTS[name]
    t, x = transform_to(constraint), normal(*shape)
    y = t(x)
    assert constraint.check(y).all()
    np.testing.assert_allclose(t(t.inv(y)).numpy(), y.numpy(), rtol=1e-9)


@pytest.mark.parametrize("name", [n for n in CONSTRAINTS if not n.startswith(("lower_c", "positive_"))])
def test_biject_to(name):
    constraint, shape = CONSTRAINTS[name]
    t, x = biject_to(constraint), normal(*shape)
    y = t(x)
    assert t.bijective and constraint.check(y).all()
    np.testing.assert_allclose(t.inv(y).numpy(), x.numpy(), rtol=1e-9, atol=1e-12)
    assert t.log_abs_det_jacobian(x, y).isfinite().all()


def test_registration():
    registry = d.constraint_registry.ConstraintRegistry()

    class Even(constraints.Constraint):
        pass

    with pytest.raises(NotImplementedError, match="Cannot transform Even constraints"):
        registry(Even())
    assert registry.register(Even, lambda c: (c, 1))
    even = Even()
    assert registry(even) == (even, 1)
    registry.register(even)(lambda c: 2)
    assert registry(even) == 2
    with pytest.raises(TypeError, match="Expected constraint to be either a Constraint subclass or instance, but got"):
        registry.register(int, lambda c: None)
    assert isinstance(biject_to(constraints.simplex), StickBreakingTransform)
    assert isinstance(transform_to(constraints.simplex), SoftmaxTransform)
