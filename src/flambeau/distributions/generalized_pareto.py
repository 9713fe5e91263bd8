"""The generalised Pareto distribution."""

import flambeau as fb

from . import constraints
from .distribution import Distribution
from .utils import broadcast_all


class GeneralizedPareto(Distribution):
    """GeneralizedPareto(loc, scale, concentration, validate_args=None): survival (1 + c z)^(-1 / c)

    for c = concentration and z = (x - loc) / scale >= 0: what exceeds a high threshold. c = 0:
    exponential; c < 0: bounded by z = -1 / c.
    """

    arg_constraints = {"loc": constraints.real, "scale": constraints.positive, "concentration": constraints.real}
    has_rsample = True

    def __init__(self, loc, scale, concentration, validate_args=None):
        self.loc, self.scale, self.concentration = broadcast_all(loc, scale, concentration)
        super().__init__(self.loc.size(), validate_args=validate_args)

    def expand(self, batch_shape, _instance=None):
        return self._expanded(GeneralizedPareto, batch_shape, _instance)

    @constraints.dependent_property(is_discrete=False, event_dim=0)
    def support(self):
        bound = (self.loc - self.scale / self.concentration).masked_fill(self.concentration >= 0, fb.inf)
        return constraints.interval(self.loc, bound)

    def _split(self):
        """(where the concentration is 0, up to 1e-8 or so, the concentration with 1 there)"""
        zero = fb.isclose(self.concentration, fb.zeros_like(self.concentration))
        return zero, self.concentration.masked_fill(zero, 1.0)

    def rsample(self, sample_shape=fb.Size()):
        return self.icdf(fb.rand(self._extended_shape(sample_shape), dtype=self.loc.dtype, device=self.loc.device))

    def log_prob(self, value):
        if self._validate_args:
            self._validate_sample(value)
        z, (zero, c) = self._z(value), self._split()
        return fb.where(zero, -z, -(1 / c + 1) * (c * z).log1p()) - self.scale.log()

    def _z(self, x):
        return (x - self.loc) / self.scale

    def log_survival_function(self, value):
        """log_survival_function(value) -> Tensor: log(1 - cdf(value))"""
        if self._validate_args:
            self._validate_sample(value)
        z, (zero, c) = self._z(value), self._split()
        return fb.where(zero, -z, -(c * z).log1p() / c)


    def log_cdf(self, value):
        """log_cdf(value) -> Tensor: log(cdf(value))"""
        return self.cdf(value).log()

    def cdf(self, value):
        return -self.log_survival_function(value).expm1()

    def icdf(self, value):
        zero, c = self._split()
        log_survival = (-value).log1p()
        return self.loc + self.scale * fb.where(zero, -log_survival, (-c * log_survival).expm1() / c)

    @property
    def mean(self):
        """NaN for concentration >= 1."""
        finite = self.loc + self.scale / (1 - self.concentration)
        return finite.masked_fill(self.concentration >= 1, fb.nan)

    @property
    def variance(self):
        """NaN for concentration >= 1 / 2."""
        c = self.concentration
        finite = self.scale.pow(2) / ((1 - c).pow(2) * (1 - 2 * c))
        return finite.masked_fill(c >= 0.5, fb.nan)

    def entropy(self):
        return (self.scale.log() + self.concentration + 1).expand(self._batch_shape)

    @property
    def mode(self):
        return self.loc
