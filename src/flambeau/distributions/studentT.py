"""Student's t-distribution."""

import math

import flambeau as fb

from . import constraints
from .chi2 import Chi2
from .distribution import Distribution
from .utils import _standard_normal, broadcast_all


class StudentT(Distribution):
    """StudentT(df, loc=0., scale=1., validate_args=None): loc + scale t of df > 0 degrees of freedom

    t = z / sqrt(c / df) for z standard normal and c of Chi2(df). Samples are differentiable in all parameters.
    """

    arg_constraints = {"df": constraints.positive, "loc": constraints.real, "scale": constraints.positive}
    support = constraints.real
    has_rsample = True

    def __init__(self, df, loc=0.0, scale=1.0, validate_args=None):
        self.df, self.loc, self.scale = broadcast_all(df, loc, scale)
        self._chi2 = Chi2(self.df, validate_args=False)
        super().__init__(self.df.size(), validate_args=validate_args)

    def expand(self, batch_shape, _instance=None):
        new = self._expanded(StudentT, batch_shape, _instance)
        new._chi2 = self._chi2.expand(new._batch_shape)
        return new

    @property
    def mean(self):
        """loc; NaN for df <= 1."""
        return self.loc.masked_fill(self.df <= 1, fb.nan)

    @property
    def mode(self):
        return self.loc

    @property
    def variance(self):
        """Infinite for df <= 2, NaN for df <= 1."""
        finite = self.scale.pow(2) * self.df / (self.df - 2)
        return finite.masked_fill(self.df <= 2, fb.inf).masked_fill(self.df <= 1, fb.nan)

    def rsample(self, sample_shape=fb.Size()):
        noise = _standard_normal(self._extended_shape(sample_shape), self.df.dtype, self.df.device)
        return self.loc + self.scale * noise * (self._chi2.rsample(sample_shape) / self.df).rsqrt()

    def log_prob(self, value):
        if self._validate_args:
            self._validate_sample(value)
        z = (value - self.loc) / self.scale
        half, half_next = 0.5 * self.df, 0.5 * (self.df + 1.0)
        norm = self.scale.log() + 0.5 * (self.df.log() + math.log(math.pi)) + half.lgamma() - half_next.lgamma()
        return -half_next * (z * z / self.df).log1p() - norm

    def entropy(self):
        half, half_next = 0.5 * self.df, 0.5 * (self.df + 1.0)
        log_beta = half.lgamma() + math.lgamma(0.5) - half_next.lgamma()
        slope = half_next * (half_next.digamma() - half.digamma())
        return self.scale.log() + slope + 0.5 * self.df.log() + log_beta
