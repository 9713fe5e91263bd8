"""`Distribution`, the base class of all families."""

import warnings

import flambeau as fb

from . import constraints
from .utils import lazy_property

Size = fb.Size


class Distribution:
    """Distribution(batch_shape=(), event_shape=(), validate_args=None): a batch of distributions of one family.

    batch_shape: the shape of the parameters, each element of which is a distribution of its own; event_shape: the
    shape of one draw of one of them. Samples have the shape sample_shape + batch_shape + event_shape, log-densities
    sample_shape + batch_shape.
    validate_args: whether parameters and values are checked (ValueError); default: see set_default_validate_args.

    A family defines `arg_constraints` (the constraint of each parameter by name), `support` (that of the values),
    `expand`, `log_prob` and `sample`, or `rsample` and has_rsample = True where samples are differentiable in the
    parameters.
    """

    has_rsample = False
    has_enumerate_support = False
    _validate_args = __debug__

    @staticmethod
    def set_default_validate_args(value):
        """set_default_validate_args(value): whether distributions check arguments unless they are told; True at first,
        except in `python -O`."""
        if value not in (True, False):
            raise ValueError(f"set_default_validate_args expects True or False, got {value!r}")
        Distribution._validate_args = value

    def __init__(self, batch_shape=Size(), event_shape=Size(), validate_args=None):
        self._batch_shape, self._event_shape = batch_shape, event_shape
        if validate_args is not None:
            self._validate_args = validate_args
        if self._validate_args:
            self._check_parameters()
        super().__init__()

    def _check_parameters(self):
        try:
            arg_constraints = self.arg_constraints
        except NotImplementedError:
            warnings.warn(
                f"{type(self)} does not define `arg_constraints`. Please set `arg_constraints = {{}}` or initialize "
                "the distribution with `validate_args=False` to turn off validation.",
                stacklevel=4,
            )
            return
        for name, constraint in arg_constraints.items():
            if constraints.is_dependent(constraint):
                continue
            if name not in self.__dict__ and isinstance(getattr(type(self), name), lazy_property):
                continue  # follows from another parameter
            value = getattr(self, name)
            if not constraint.check(value).all():
                raise ValueError(
                    f"Expected parameter {name} ({type(value).__name__} of shape {tuple(value.shape)}) of distribution "
                    f"{self!r} to satisfy the constraint {constraint!r}, but found invalid values:\n{value}"
                )

    def expand(self, batch_shape, _instance=None):
        """expand(batch_shape) -> a distribution of that batch shape whose parameters are expanded without a copy."""
        raise NotImplementedError(f"{type(self).__name__} does not define expand")

    def _get_checked_instance(self, cls, _instance=None):
        """The object that expand of cls fills: _instance, or a new one."""
        if _instance is None and type(self).__init__ != cls.__init__:
            raise NotImplementedError(
                f"Subclass {type(self).__name__} of {cls.__name__} that defines a custom __init__ method must also "
                "define a custom .expand() method."
            )
        return self.__new__(type(self)) if _instance is None else _instance

    def _expanded(self, cls, batch_shape, _instance=None):
        """What expand of cls returns, whose only attributes are its parameters."""
        new = self._get_checked_instance(cls, _instance)
        batch_shape = Size(batch_shape)
        declared = vars(cls).get("arg_constraints")
        for name, constraint in (declared if isinstance(declared, dict) else self.arg_constraints).items():
            if name in self.__dict__:
                value = self.__dict__[name]
                own = value.shape[value.dim() - constraint.event_dim :]
                setattr(new, name, value.expand(batch_shape + own))
        return self._as_expanded(new, batch_shape)

    def _as_expanded(self, new, batch_shape):
        """new, which has its parameters, with all else that a distribution of that batch shape has."""
        Distribution.__init__(new, batch_shape, self._event_shape, validate_args=False)
        new._validate_args = self._validate_args
        return new

    # ---- properties

    @property
    def batch_shape(self):
        """The shape of the parameters."""
        return self._batch_shape

    @property
    def event_shape(self):
        """The shape of one draw."""
        return self._event_shape

    @property
    def arg_constraints(self):
        """The constraint of each parameter by its name."""
        raise NotImplementedError(f"{type(self).__name__} does not define arg_constraints")

    @property
    def support(self):
        """The constraint that all values satisfy."""
        raise NotImplementedError(f"{type(self).__name__} does not define support")

    @property
    def mean(self):
        """The expectation."""
        raise NotImplementedError(f"{type(self).__name__} does not define mean")

    @property
    def mode(self):
        """The value of the highest density or probability."""
        raise NotImplementedError(f"{type(self)} does not implement mode")

    @property
    def variance(self):
        """The variance."""
        raise NotImplementedError(f"{type(self).__name__} does not define variance")

    @property
    def stddev(self):
        """The standard deviation."""
        return self.variance.sqrt()

    # ---- what families compute

    def sample(self, sample_shape=Size()):
        """sample(sample_shape=()) -> Tensor: draws, without a gradient."""
        with fb.no_grad():
            return self.rsample(sample_shape)

    def rsample(self, sample_shape=Size()):
        """rsample(sample_shape=()) -> Tensor: draws that are differentiable in the parameters."""
        raise NotImplementedError(f"{type(self).__name__} does not define rsample")

    def sample_n(self, n):
        """sample_n(n): sample((n,)), as it was called before."""
        warnings.warn(
            "sample_n(n) will be deprecated. Use .sample((n,)) instead.", FutureWarning, stacklevel=2
        )
        return self.sample(Size((n,)))

    def log_prob(self, value):
        """log_prob(value) -> Tensor: the logarithm of the density or probability at value."""
        raise NotImplementedError(f"{type(self).__name__} does not define log_prob")

    def cdf(self, value):
        """cdf(value) -> Tensor: the probability of a draw up to value."""
        raise NotImplementedError(f"{type(self).__name__} does not define cdf")

    def icdf(self, value):
        """icdf(value) -> Tensor: the inverse of cdf."""
        raise NotImplementedError(f"{type(self).__name__} does not define icdf")

    def enumerate_support(self, expand=True):
        """enumerate_support(expand=True) -> Tensor of all values in its first dimension; the batch dimensions have size
        1 unless `expand`."""
        raise NotImplementedError(f"{type(self).__name__} does not define enumerate_support")

    def entropy(self):
        """entropy() -> Tensor of batch_shape: the expectation of -log_prob, in nats."""
        raise NotImplementedError(f"{type(self).__name__} does not define entropy")

    def perplexity(self):
        """perplexity() -> Tensor of batch_shape: exp(entropy)"""
        return self.entropy().exp()

    # ---- helpers

    def _extended_shape(self, sample_shape=Size()):
        """sample_shape + batch_shape + event_shape"""
        if not isinstance(sample_shape, Size):
            sample_shape = Size(sample_shape)
        return sample_shape + self._batch_shape + self._event_shape

    def _validate_sample(self, value):
        """ValueError unless value is a tensor of values of the distribution, broadcastable with it."""
        if not isinstance(value, fb.Tensor):
            raise ValueError("The value argument to log_prob must be a Tensor")
        wanted = self._batch_shape + self._event_shape
        if wanted:
            self._check_shape(value.shape, wanted)
        try:
            support = self.support
        except NotImplementedError:
            warnings.warn(
                f"{type(self)} does not define `support` to enable sample validation. Please initialize the "
                "distribution with `validate_args=False` to turn off validation.",
                stacklevel=3,
            )
            return
        if not support.check(value).all():
            raise ValueError(
                f"Expected value argument ({type(value).__name__} of shape {tuple(value.shape)}) to be within the "
                f"support ({support!r}) of the distribution {self!r}, but found invalid values:\n{value}"
            )

    def _check_shape(self, shape, wanted):
        n = len(self._event_shape)
        if n and shape[len(shape) - n :] != self._event_shape:
            raise ValueError(
                f"The right-most size of value must match event_shape: {shape} vs {self._event_shape}."
            )
        for i, j in zip(reversed(shape), reversed(wanted), strict=False):
            if i != 1 and j != 1 and i != j:
                raise ValueError(f"Value is not broadcastable with batch_shape+event_shape: {shape} vs {wanted}.")

    def __repr__(self):
        shown = [name for name in self.arg_constraints if name in self.__dict__]
        values = [(name, self.__dict__[name]) for name in shown]
        parameters = ", ".join(f"{n}: {v if v.numel() == 1 else v.size()}" for n, v in values)
        return f"{type(self).__name__}({parameters})"
