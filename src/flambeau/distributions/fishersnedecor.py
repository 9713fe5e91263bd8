"""The F-distribution of Fisher and Snedecor."""

import flambeau as fb

from . import constraints
from .distribution import Distribution
from .gamma import Gamma
from .utils import broadcast_all


class FisherSnedecor(Distribution):
    """FisherSnedecor(df1, df2, validate_args=None): (c1 / df1) / (c2 / df2) for c1 of Chi2(df1) and c2 of Chi2(df2)"""

    arg_constraints = {"df1": constraints.positive, "df2": constraints.positive}
    support = constraints.positive
    has_rsample = True

    def __init__(self, df1, df2, validate_args=None):
        self.df1, self.df2 = broadcast_all(df1, df2)
        self._gamma1 = Gamma(self.df1 * 0.5, self.df1, validate_args=False)
        self._gamma2 = Gamma(self.df2 * 0.5, self.df2, validate_args=False)
        super().__init__(self.df1.size(), validate_args=validate_args)

    def expand(self, batch_shape, _instance=None):
        new = self._expanded(FisherSnedecor, batch_shape, _instance)
        new._gamma1 = self._gamma1.expand(new._batch_shape)
        new._gamma2 = self._gamma2.expand(new._batch_shape)
        return new

    @property
    def mean(self):
        """NaN for df2 <= 2."""
        return (self.df2 / (self.df2 - 2)).masked_fill(self.df2 <= 2, fb.nan)

    @property
    def mode(self):
        """NaN for df1 <= 2."""
        mode = (self.df1 - 2) / self.df1 * self.df2 / (self.df2 + 2)
        return mode.masked_fill(self.df1 <= 2, fb.nan)

    @property
    def variance(self):
        """NaN for df2 <= 4."""
        n, m = self.df1, self.df2
        finite = 2 * m.pow(2) * (n + m - 2) / (n * (m - 2).pow(2) * (m - 4))
        return finite.masked_fill(m <= 4, fb.nan)

    def rsample(self, sample_shape=fb.Size()):
        above = self._gamma1.rsample(sample_shape)
        below = self._gamma2.rsample(sample_shape)
        ratio = above / below
        return ratio.clamp(min=fb.finfo(ratio.dtype).tiny)

    def log_prob(self, value):
        if self._validate_args:
            self._validate_sample(value)
        a, b, ratio = self.df1 * 0.5, self.df2 * 0.5, self.df1 / self.df2
        norm = (a + b).lgamma() - a.lgamma() - b.lgamma()
        return norm + a * ratio.log() + (a - 1) * value.log() - (a + b) * (ratio * value).log1p()
