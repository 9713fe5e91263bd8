"""Constraints: sets of values. `constraint.check(x)` says for each element (or event) of x whether it is inside.

`event_dim` is the number of last dimensions that make one value together, `is_discrete` whether the set is countable.
Families say by constraints which parameters they take (`arg_constraints`) and which values they give (`support`).
"""

import flambeau as fb

__all__ = [
    "Constraint", "boolean", "cat", "corr_cholesky", "dependent", "dependent_property", "greater_than",
    "greater_than_eq", "independent", "integer_interval", "interval", "half_open_interval", "is_dependent",
    "less_than", "lower_cholesky", "lower_triangular", "MixtureSameFamilyConstraint", "multinomial", "nonnegative",
    "nonnegative_integer", "one_hot", "positive", "positive_semidefinite", "positive_definite", "positive_integer",
    "real", "real_vector", "simplex", "square", "stack", "symmetric", "unit_interval",
]  # fmt: skip


class Constraint:
    """A set of values."""

    is_discrete = False
    event_dim = 0

    def check(self, value):
        """check(value) -> bool Tensor, one for each event: whether it is in the set."""
        raise NotImplementedError(f"{type(self).__name__} does not define check")

    def __repr__(self):
        return f"{type(self).__name__.removeprefix('_')}()"


class _Bounded(Constraint):
    """A constraint with bounds, which its repr shows."""

    _bounds: tuple[str, ...] = ("lower_bound", "upper_bound")

    def __repr__(self):
        bounds = ", ".join(f"{name}={getattr(self, name)}" for name in self._bounds)
        return f"{type(self).__name__.removeprefix('_')}({bounds})"


class _Above(_Bounded):
    _bounds = ("lower_bound",)

    def __init__(self, lower_bound):
        self.lower_bound = lower_bound
        super().__init__()


class _Below(_Bounded):
    _bounds = ("upper_bound",)

    def __init__(self, upper_bound):
        self.upper_bound = upper_bound
        super().__init__()


class _Between(_Bounded):
    def __init__(self, lower_bound, upper_bound):
        self.lower_bound, self.upper_bound = lower_bound, upper_bound
        super().__init__()


# ---- constraints that depend on other values


def _known(name):
    """A property of what may not be known of a dependent constraint."""

    def get(self):
        value = getattr(self, f"_{name}")
        if value is NotImplemented:
            raise NotImplementedError(f".{name} cannot be determined statically")
        return value

    return property(get)


class _Dependent(Constraint):
    """Depends on other variables, so that it cannot be checked. `dependent(is_discrete=..., event_dim=...)` tells what
    is known of it."""

    def __init__(self, *, is_discrete=NotImplemented, event_dim=NotImplemented):
        self._is_discrete, self._event_dim = is_discrete, event_dim
        super().__init__()

    is_discrete = _known("is_discrete")
    event_dim = _known("event_dim")

    def __call__(self, *, is_discrete=NotImplemented, event_dim=NotImplemented):
        return _Dependent(
            is_discrete=self._is_discrete if is_discrete is NotImplemented else is_discrete,
            event_dim=self._event_dim if event_dim is NotImplemented else event_dim,
        )

    def check(self, x):
        raise ValueError("Cannot determine validity of dependent constraint")


def is_dependent(constraint):
    """is_dependent(constraint) -> bool: whether it depends on other values."""
    return isinstance(constraint, _Dependent)


class _DependentProperty(property, _Dependent):
    """Decorator of a property whose value is a constraint: `@dependent_property(is_discrete=False, event_dim=1)`.

    On the class it is a dependent constraint of the kind that is said, on an object what the function gives.
    """

    def __init__(self, fn=None, *, is_discrete=NotImplemented, event_dim=NotImplemented):
        super().__init__(fn)
        self._is_discrete, self._event_dim = is_discrete, event_dim

    def __call__(self, fn):  # type: ignore[override]
        return _DependentProperty(fn, is_discrete=self._is_discrete, event_dim=self._event_dim)


class _IndependentConstraint(Constraint):
    """The values whose last `reinterpreted_batch_ndims` dimensions of events of another constraint are all inside."""

    def __init__(self, base_constraint, reinterpreted_batch_ndims):
        if reinterpreted_batch_ndims < 0:
            raise ValueError(f"independent: reinterpreted_batch_ndims must be >= 0, got {reinterpreted_batch_ndims}")
        self.base_constraint, self.reinterpreted_batch_ndims = base_constraint, reinterpreted_batch_ndims
        super().__init__()

    is_discrete = property(lambda self: self.base_constraint.is_discrete)
    event_dim = property(lambda self: self.base_constraint.event_dim + self.reinterpreted_batch_ndims)

    def check(self, value):
        result = self.base_constraint.check(value)
        n = self.reinterpreted_batch_ndims
        if result.dim() < n:
            expected = self.base_constraint.event_dim + n
            raise ValueError(f"Expected value.dim() >= {expected} but got {value.dim()}")
        return result.all(tuple(range(-n, 0))) if n else result

    def __repr__(self):
        return f"IndependentConstraint({self.base_constraint!r}, {self.reinterpreted_batch_ndims})"


class MixtureSameFamilyConstraint(Constraint):
    """The values that every component of a mixture allows; base_constraint is the components', one dimension more."""

    def __init__(self, base_constraint):
        if not isinstance(base_constraint, Constraint):
            raise ValueError(f"base_constraint must be a Constraint, got {type(base_constraint).__name__}")
        self.base_constraint = base_constraint
        super().__init__()

    is_discrete = property(lambda self: self.base_constraint.is_discrete)
    event_dim = property(lambda self: self.base_constraint.event_dim)

    def check(self, value):
        if value.dim() < self.event_dim:
            raise ValueError(f"Expected value.dim() >= {self.event_dim} but got {value.dim()}")
        return self.base_constraint.check(value.unsqueeze(-1 - self.event_dim)).all(-1)

    def __repr__(self):
        return f"MixtureSameFamilyConstraint({self.base_constraint!r})"


# ---- numbers


class _Boolean(Constraint):
    """0 and 1"""

    is_discrete = True

    def check(self, value):
        return (value == 0) | (value == 1)


class _OneHot(Constraint):
    """vectors of one 1 and else 0"""

    is_discrete, event_dim = True, 1

    def check(self, value):
        is_boolean = (value == 0) | (value == 1)
        return is_boolean.all(-1) & (value.sum(-1) == 1)


class _IntegerInterval(_Between):
    """integers from lower_bound to upper_bound, both inside"""

    is_discrete = True

    def check(self, value):
        return (value % 1 == 0) & (self.lower_bound <= value) & (value <= self.upper_bound)


class _IntegerLessThan(_Below):
    """integers up to upper_bound"""

    is_discrete = True

    def check(self, value):
        return (value % 1 == 0) & (value <= self.upper_bound)


class _IntegerGreaterThan(_Above):
    """integers from lower_bound on"""

    is_discrete = True

    def check(self, value):
        return (value % 1 == 0) & (value >= self.lower_bound)


class _Real(Constraint):
    """all numbers but NaN"""

    def check(self, value):
        return value == value


class _GreaterThan(_Above):
    """lower_bound < x"""

    def check(self, value):
        return value > self.lower_bound


class _GreaterThanEq(_Above):
    """lower_bound <= x"""

    def check(self, value):
        return value >= self.lower_bound


class _LessThan(_Below):
    """x < upper_bound"""

    def check(self, value):
        return value < self.upper_bound


class _Interval(_Between):
    """lower_bound <= x <= upper_bound"""

    def check(self, value):
        return (self.lower_bound <= value) & (value <= self.upper_bound)


class _HalfOpenInterval(_Between):
    """lower_bound <= x < upper_bound"""

    def check(self, value):
        return (self.lower_bound <= value) & (value < self.upper_bound)


# ---- vectors and matrices


class _Simplex(Constraint):
    """vectors of numbers >= 0 whose sum is 1"""

    event_dim = 1

    def check(self, value):
        return (value >= 0).all(-1) & ((value.sum(-1) - 1).abs() < 1e-6)


class _Multinomial(Constraint):
    """vectors of integers >= 0 whose sum is upper_bound at most"""

    is_discrete, event_dim = True, 1

    def __init__(self, upper_bound):
        self.upper_bound = upper_bound
        super().__init__()

    def check(self, value):
        return (value >= 0).all(-1) & (value.sum(-1) <= self.upper_bound)


def _all_of_matrix(mask):
    return mask.all((-2, -1))


class _LowerTriangular(Constraint):
    """square matrices with zeros above the diagonal"""

    event_dim = 2

    def check(self, value):
        return _all_of_matrix(value.tril() == value)


class _LowerCholesky(_LowerTriangular):
    """lower triangular matrices with a positive diagonal"""

    def check(self, value):
        return super().check(value) & (value.diagonal(dim1=-2, dim2=-1) > 0).all(-1)


class _CorrCholesky(_LowerCholesky):
    """Cholesky factors of correlation matrices: rows of length 1"""

    def check(self, value):
        tolerance = fb.finfo(value.dtype).eps * value.shape[-1] * 10  # of a sum of squares
        length = fb.linalg.vector_norm(value.detach(), dim=-1)
        return (length - 1).abs().le(tolerance).all(-1) & super().check(value)


class _Square(Constraint):
    """square matrices"""

    event_dim = 2

    def check(self, value):
        return fb.full(value.shape[:-2], value.shape[-2] == value.shape[-1], dtype=fb.bool, device=value.device)


class _Symmetric(_Square):
    """symmetric matrices, up to 1e-6"""

    def check(self, value):
        square = super().check(value)
        if not square.all():
            return square
        return _all_of_matrix(fb.isclose(value, value.mT, atol=1e-6))


class _PositiveSemidefinite(_Symmetric):
    """symmetric matrices without negative eigenvalues"""

    def check(self, value):
        symmetric = super().check(value)
        if not symmetric.all():
            return symmetric
        return fb.linalg.eigvalsh(value).ge(0).all(-1)


class _PositiveDefinite(_Symmetric):
    """symmetric matrices that have a Cholesky decomposition"""

    def check(self, value):
        symmetric = super().check(value)
        if not symmetric.all():
            return symmetric
        return fb.linalg.cholesky_ex(value).info.eq(0)


# ---- several constraints side by side


class _Several(Constraint):
    """Constraints of parts of a value along a dimension `dim`."""

    def __init__(self, cseq, dim=0):
        self.cseq, self.dim = list(cseq), dim
        for c in self.cseq:
            if not isinstance(c, Constraint):
                raise TypeError(f"{type(self).__name__[1:].lower()}: expected constraints, got {type(c).__name__}")
        super().__init__()

    is_discrete = property(lambda self: any(c.is_discrete for c in self.cseq))

    def _check_dim(self, value):
        if not -value.dim() <= self.dim < value.dim():
            raise ValueError(f"dim {self.dim} is out of range for a value of {value.dim()} dimensions")


class _Cat(_Several):
    """cat(cseq, dim=0, lengths=None): parts of the given lengths (1 each by default), one for each constraint"""

    def __init__(self, cseq, dim=0, lengths=None):
        super().__init__(cseq, dim)
        self.lengths = [1] * len(self.cseq) if lengths is None else list(lengths)
        if len(self.lengths) != len(self.cseq):
            raise ValueError(f"cat: {len(self.cseq)} constraints, but {len(self.lengths)} lengths")

    event_dim = property(lambda self: max(c.event_dim for c in self.cseq))

    def check(self, value):
        self._check_dim(value)
        parts = value.split(self.lengths, self.dim)
        return fb.cat([c.check(part) for c, part in zip(self.cseq, parts, strict=True)], self.dim)


class _Stack(_Several):
    """stack(cseq, dim=0): slices, one for each constraint"""

    def _count(self):
        dim = max(c.event_dim for c in self.cseq)
        return dim + 1 if self.dim + dim < 0 else dim

    event_dim = property(_count)

    def check(self, value):
        self._check_dim(value)
        parts = value.unbind(self.dim)
        return fb.stack([c.check(part) for c, part in zip(self.cseq, parts, strict=True)], self.dim)


dependent = _Dependent()
dependent_property = _DependentProperty
independent = _IndependentConstraint
boolean = _Boolean()
one_hot = _OneHot()
nonnegative_integer = _IntegerGreaterThan(0)
positive_integer = _IntegerGreaterThan(1)
integer_interval = _IntegerInterval
real = _Real()
real_vector = independent(real, 1)
positive = _GreaterThan(0.0)
nonnegative = _GreaterThanEq(0.0)
greater_than = _GreaterThan
greater_than_eq = _GreaterThanEq
less_than = _LessThan
multinomial = _Multinomial
unit_interval = _Interval(0.0, 1.0)
interval = _Interval
half_open_interval = _HalfOpenInterval
simplex = _Simplex()
lower_triangular = _LowerTriangular()
lower_cholesky = _LowerCholesky()
corr_cholesky = _CorrCholesky()
square = _Square()
symmetric = _Symmetric()
positive_semidefinite = _PositiveSemidefinite()
positive_definite = _PositiveDefinite()
cat = _Cat
stack = _Stack
