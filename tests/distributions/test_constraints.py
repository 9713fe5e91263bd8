"""Constraints: which values they hold, their event dimensions, texts."""

import math

import pytest

import flambeau as fb
from flambeau.distributions import constraints as c

NAN = math.nan
# (constraint, values, the answers)
CHECKS = [
    (c.real, [0.0, math.inf, NAN], [True, True, False]),
    (c.boolean, [0, 1, 2, 0.5], [True, True, False, False]),
    (c.positive, [0.0, 1e-9, NAN], [False, True, False]),
    (c.nonnegative, [0.0, -1.0], [True, False]),
    (c.greater_than(2), [2, 3], [False, True]),
    (c.greater_than_eq(2), [2, 1], [True, False]),
    (c.less_than(2), [2, 1], [False, True]),
    (c.unit_interval, [0.0, 1.0, 1.1], [True, True, False]),
    (c.interval(-1, fb.tensor([1.0, 5.0])), [3.0, 3.0], [False, True]),
    (c.half_open_interval(0, 1), [0.0, 1.0], [True, False]),
    (c.integer_interval(0, 2), [0, 2, 3, 0.5], [True, True, False, False]),
    (c.nonnegative_integer, [0, 3, -1, 0.5], [True, True, False, False]),
    (c.positive_integer, [0, 3], [False, True]),
    (c._IntegerLessThan(3), [3, 4, 0.5], [True, False, False]),
    (c.one_hot, [[0, 1, 0], [1, 1, 0], [0, 0, 0]], [True, False, False]),
    (c.simplex, [[0.2, 0.8], [0.2, 0.7], [-0.1, 1.1]], [True, False, False]),
    (c.multinomial(3), [[1, 2], [2, 2], [-1, 2]], [True, False, False]),
    (c.real_vector, [[0.0, NAN], [1.0, 2.0]], [False, True]),
    (c.independent(c.positive, 2), [[[1.0], [2.0]], [[1.0], [0.0]]], [True, False]),
    (c.lower_triangular, [[[1.0, 0], [2, 3]], [[1.0, 1], [2, 3]]], [True, False]),
    (c.lower_cholesky, [[[1.0, 0], [2, 3]], [[1.0, 0], [2, -3]]], [True, False]),
    (c.corr_cholesky, [[[1.0, 0], [0.6, 0.8]], [[1.0, 0], [0.6, 0.7]]], [True, False]),
    (c.square, [[[1.0, 0], [0.6, 0.8]]], [True]),
    (c.square, [[[1.0, 0, 2], [0.6, 0.8, 1]]], [False]),
    (c.symmetric, [[[1.0, 2], [2, 3]], [[1.0, 1], [2, 3]]], [True, False]),
    (c.positive_semidefinite, [[[1.0, 1], [1, 1]], [[1.0, 2], [2, 1]]], [True, False]),
    (c.positive_definite, [[[2.0, 1], [1, 1]], [[1.0, 2], [2, 1]]], [True, False]),
    (c.positive_definite, [[[2.0, 1], [0, 1]]], [False]),
    (c.cat([c.positive, c.real], lengths=[1, 2]), [-1.0, -1, 0], [False, True, True]),
    (c.stack([c.positive, c.real]), [-1.0, -1], [False, True]),
    (c.MixtureSameFamilyConstraint(c.interval(fb.tensor([0.0, 1]), fb.tensor([2.0, 3]))), [0.5, 1.5], [False, True]),
]  # fmt: skip


@pytest.mark.parametrize("constraint, values, answers", CHECKS)
def test_check(constraint, values, answers):
    t = fb.tensor(values)
    result = constraint.check(t)
    assert result.dtype is fb.bool and result.tolist() == answers
    cut = t.dim() - constraint.event_dim
    assert isinstance(constraint, (c.cat, c.stack)) or result.shape == t.shape[:cut]


def test_texts():
    assert repr(c.positive) == "GreaterThan(lower_bound=0.0)"
    assert repr(c.real_vector) == "IndependentConstraint(Real(), 1)"
    assert repr(c.unit_interval) == "Interval(lower_bound=0.0, upper_bound=1.0)"


def test_dependent():
    assert c.is_dependent(c.dependent) and not c.is_dependent(c.real)
    known = c.dependent(is_discrete=True, event_dim=2)
    assert known.is_discrete and known.event_dim == 2
    assert known(event_dim=1).event_dim == 1 and known(event_dim=1).is_discrete
    for attribute in ("is_discrete", "event_dim"):
        with pytest.raises(NotImplementedError, match="cannot be determined statically"):
            getattr(c.dependent, attribute)
    with pytest.raises(ValueError, match="Cannot determine validity of dependent constraint"):
        known.check(fb.ones(2))


def test_dependent_property():
    class Family:
        @c.dependent_property(is_discrete=False, event_dim=1)
        def support(self):
            return c.simplex

        @c.dependent_property
        def other(self):
            return c.real

    assert Family().support is c.simplex and Family().other is c.real
    assert c.is_dependent(Family.support) and Family.support.event_dim == 1 and not Family.support.is_discrete


def test_events_of_parts():
    both = [c.real_vector, c.positive]
    assert c.cat(both).event_dim == 1 and c.stack(both).event_dim == 1 and c.stack(both, -2).event_dim == 2
    assert not c.cat(both).is_discrete and c.stack([c.boolean, c.real]).is_discrete


def test_errors():
    with pytest.raises(ValueError, match=r"Expected value.dim\(\) >= 2 but got 1"):
        c.independent(c.real, 2).check(fb.ones(3))
    with pytest.raises(ValueError, match="must be >= 0"):
        c.independent(c.real, -1)
    with pytest.raises(TypeError, match="expected constraints, got int"):
        c.cat([1])
    with pytest.raises(ValueError, match="2 constraints, but 1 lengths"):
        c.cat([c.real, c.real], lengths=[1])
    with pytest.raises(ValueError, match="dim 1 is out of range"):
        c.stack([c.real, c.real], dim=1).check(fb.ones(2))
    with pytest.raises(NotImplementedError, match="Constraint does not define check"):
        c.Constraint().check(fb.ones(2))
