"""The Dirichlet distribution."""

import flambeau as fb

from ..ops.random_distributions import SampleDirichlet
from . import constraints
from .exp_family import ExponentialFamily


class Dirichlet(ExponentialFamily):
    """Dirichlet(concentration, validate_args=None): points x of the simplex, density proportional to prod x_i^(c_i - 1)

    concentration: (..., K), > 0. Samples are differentiable in it.
    """

    arg_constraints = {"concentration": constraints.independent(constraints.positive, 1)}
    support = constraints.simplex
    has_rsample = True

    def __init__(self, concentration, validate_args=None):
        if concentration.dim() < 1:
            raise ValueError("`concentration` parameter must be at least one-dimensional.")
        self.concentration = concentration
        shape = concentration.size()
        super().__init__(shape[:-1], shape[-1:], validate_args=validate_args)

    def expand(self, batch_shape, _instance=None):
        return self._expanded(Dirichlet, batch_shape, _instance)

    @property
    def mean(self):
        return self.concentration / self.concentration.sum(-1, True)

    @property
    def mode(self):
        """Where all concentrations are below 1 the density is infinite at the corners: the likeliest of them."""
        above = (self.concentration - 1).clamp(min=0.0)
        corner = fb.nn.functional.one_hot(self.concentration.argmax(-1), self.concentration.shape[-1])
        none = (self.concentration < 1).all(-1, keepdim=True)
        return fb.where(none, corner.to(above.dtype), above / above.sum(-1, True))

    @property
    def variance(self):
        total = self.concentration.sum(-1, True)
        return self.concentration * (total - self.concentration) / (total.pow(2) * (total + 1))

    def rsample(self, sample_shape=fb.Size()):
        return SampleDirichlet.function(self.concentration.expand(self._extended_shape(sample_shape)))

    def log_prob(self, value):
        if self._validate_args:
            self._validate_sample(value)
        return (self.concentration - 1.0).xlogy(value).sum(-1) - self._log_normalizer(self.concentration)

    def entropy(self):
        c = self.concentration
        total, k = c.sum(-1), c.shape[-1]
        return self._log_normalizer(c) - (k - total) * total.digamma() - ((c - 1.0) * c.digamma()).sum(-1)

    @property
    def _natural_params(self):
        return (self.concentration,)

    def _log_normalizer(self, x):
        return x.lgamma().sum(-1) - x.sum(-1).lgamma()
