"""The inverse gamma distribution."""

import flambeau as fb

from . import constraints
from .gamma import Gamma
from .transformed_distribution import TransformedDistribution
from .transforms import PowerTransform
from .utils import broadcast_all


class InverseGamma(TransformedDistribution):
    """InverseGamma(concentration, rate, validate_args=None): 1 / x for x of Gamma(concentration, rate)"""

    arg_constraints = {"concentration": constraints.positive, "rate": constraints.positive}
    support = constraints.positive
    has_rsample = True
    base_dist: Gamma

    def __init__(self, concentration, rate, validate_args=None):
        concentration, rate = broadcast_all(concentration, rate)
        base = Gamma(concentration, rate, validate_args=validate_args)
        transform = PowerTransform(exponent=-rate.new_ones(()))
        super().__init__(base, transform, validate_args=validate_args)

    def expand(self, batch_shape, _instance=None):
        return super().expand(batch_shape, _instance=self._get_checked_instance(InverseGamma, _instance))

    @property
    def concentration(self):
        """The concentration of x."""
        return self.base_dist.concentration

    @property
    def rate(self):
        """The rate of x."""
        return self.base_dist.rate

    @property
    def mean(self):
        """Infinite for concentration <= 1."""
        finite = self.rate / (self.concentration - 1)
        return fb.where(self.concentration > 1, finite, fb.inf)

    @property
    def mode(self):
        return self.rate / (self.concentration + 1)

    @property
    def variance(self):
        """Infinite for concentration <= 2."""
        c = self.concentration
        return fb.where(c > 2, self.rate.square() / ((c - 1).square() * (c - 2)), fb.inf)

    def entropy(self):
        c = self.concentration
        return c + self.rate.log() + c.lgamma() - (1 + c) * c.digamma()
