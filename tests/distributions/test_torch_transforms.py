"""Transforms and constraints against PyTorch: values, log-determinants, gradients, texts, attributes."""

import numpy as np
import pytest

import flambeau as fb

from .test_constraints import CHECKS

torch = pytest.importorskip("torch")

TRANSFORMS = {
    "exp": (lambda d, t: d.ExpTransform(), (3, 2)),
    "power": (lambda d, t: d.PowerTransform(t([2.0, 0.5])), (3, 2)),
    "sigmoid": (lambda d, t: d.SigmoidTransform(), (3,)),
    "softplus": (lambda d, t: d.SoftplusTransform(), (3,)),
    "tanh": (lambda d, t: d.TanhTransform(), (3,)),
    "abs": (lambda d, t: d.AbsTransform(), (3,)),
    "affine": (lambda d, t: d.AffineTransform(t([1.0, 2.0]), t([-3.0, 0.5])), (3, 2)),
    "affine-event": (lambda d, t: d.AffineTransform(1.0, -2.0, event_dim=1), (3, 2)),
    "independent": (lambda d, t: d.IndependentTransform(d.ExpTransform(), 1), (3, 2)),
    "reshape": (lambda d, t: d.ReshapeTransform((2, 3), (6,)), (4, 2, 3)),
    "softmax": (lambda d, t: d.SoftmaxTransform(), (2, 3)),
    "stick-breaking": (lambda d, t: d.StickBreakingTransform(), (2, 3)),
    "corr-cholesky": (lambda d, t: d.CorrCholeskyTransform(), (2, 6)),
    "lower-cholesky": (lambda d, t: d.LowerCholeskyTransform(), (2, 3, 3)),
    "positive-definite": (lambda d, t: d.PositiveDefiniteTransform(), (2, 3, 3)),
    "cat": (lambda d, t: d.CatTransform([d.ExpTransform(), d.TanhTransform()], -1, [2, 3]), (2, 5)),
    "cat-first": (lambda d, t: d.CatTransform([d.ExpTransform(), d.TanhTransform()]), (2, 5)),
    "stack": (lambda d, t: d.StackTransform([d.ExpTransform(), d.TanhTransform()], -1), (3, 2)),
    "compose": (lambda d, t: d.ComposeTransform([d.AffineTransform(1.0, -2.0), d.SigmoidTransform()]), (3,)),
    "compose-events": (lambda d, t: d.ComposeTransform([d.ExpTransform(), d.StickBreakingTransform()]), (2, 3)),
    "cdf": (lambda d, t: d.CumulativeDistributionTransform(d.Laplace(t(0.5), t(2.0))), (4,)),
    "inverse": (lambda d, t: d.ExpTransform().inv, (3,)),
}
POSITIVE = ("power", "inverse")
NO_DETERMINANT = ("abs", "softmax", "lower-cholesky", "positive-definite")


@pytest.mark.parametrize("name", TRANSFORMS)
def test_transforms(name):
    make, shape = TRANSFORMS[name]
    values = np.random.default_rng(1).normal(size=shape)
    if name in POSITIVE:
        values = np.abs(values) + 0.1
    results = []
    for lib in (fb, torch):
        t = make(lib.distributions, lambda v, lib=lib: lib.tensor(v, dtype=lib.float64))
        x = lib.tensor(values, requires_grad=True)
        y = t(x)
        total = (y * y).sum()
        found = [y, t.inv(y)]
        if name not in NO_DETERMINANT:
            found.append(t.log_abs_det_jacobian(x, y))
            total = total + found[-1].sum()
        total.backward()
        found.append(x.grad)
        facts = (repr(t), t.bijective, t.domain.event_dim, t.codomain.event_dim, tuple(t.forward_shape(x.shape)))
        results.append(([v.detach().numpy() for v in found], facts))
    for a, b in zip(results[0][0], results[1][0], strict=True):
        assert a.shape == b.shape
        np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-12)
    assert results[0][1] == results[1][1]


CONSTRAINTS = ("real", "real_vector", "positive", "nonnegative", "unit_interval", "simplex", "corr_cholesky",
               "lower_cholesky", "positive_definite", "positive_semidefinite")  # fmt: skip


@pytest.mark.parametrize("name", CONSTRAINTS)
def test_registries(name):
    for registry in ("biject_to", "transform_to"):
        found = []
        for lib in (fb, torch):
            constraint = getattr(lib.distributions.constraints, name)
            try:
                found.append(repr(getattr(lib.distributions, registry)(constraint)))
            except NotImplementedError as e:
                found.append(str(e))
        assert found[0] == found[1]


SIMPLE = [row for row in CHECKS if not hasattr(row[0], "base_constraint") and not hasattr(row[0], "cseq")]


@pytest.mark.parametrize("constraint, values, answers", SIMPLE)
def test_constraints(constraint, values, answers):
    bounds = [getattr(constraint, name, None) for name in ("lower_bound", "upper_bound")]
    bounds = [torch.tensor(b.tolist()) if isinstance(b, fb.Tensor) else b for b in bounds if b is not None]
    other = getattr(torch.distributions.constraints, type(constraint).__name__)(*bounds)
    assert repr(other) == repr(constraint)
    assert (other.is_discrete, other.event_dim) == (constraint.is_discrete, constraint.event_dim)
    assert other.check(torch.tensor(values)).tolist() == answers
