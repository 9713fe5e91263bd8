"""The negative binomial distribution."""

import flambeau as fb
import flambeau.nn.functional as F

from . import constraints
from .distribution import Distribution
from .gamma import Gamma
from .utils import OfProbability, broadcast_all, lazy_property, one_of


class NegativeBinomial(OfProbability, Distribution):
    """NegativeBinomial(total_count, probs=None, logits=None, validate_args=None): successes before failure total_count

    of trials that succeed with probability probs in [0, 1), or with the log odds logits. total_count >= 0 may be a
    fraction. A Poisson distribution whose rate is Gamma(total_count, exp(-logits)).
    """

    arg_constraints = {
        "total_count": constraints.greater_than_eq(0),
        "probs": constraints.half_open_interval(0.0, 1.0),
        "logits": constraints.real,
    }
    support = constraints.nonnegative_integer

    def __init__(self, total_count, probs=None, logits=None, validate_args=None):
        one_of(probs=probs, logits=logits)
        if probs is not None:
            self.total_count, self.probs = broadcast_all(total_count, probs)
            self.total_count = self.total_count.type_as(self.probs)
        else:
            self.total_count, self.logits = broadcast_all(total_count, logits)
            self.total_count = self.total_count.type_as(self.logits)
        super().__init__(self._param.size(), validate_args=validate_args)

    def expand(self, batch_shape, _instance=None):
        return self._expanded(NegativeBinomial, batch_shape, _instance)

    @property
    def mean(self):
        return self.total_count * self.logits.exp()

    @property
    def mode(self):
        return ((self.total_count - 1) * self.logits.exp()).floor().clamp(min=0.0)

    @property
    def variance(self):
        return self.mean / (-self.logits).sigmoid()

    @lazy_property
    def _gamma(self):
        return Gamma(self.total_count, (-self.logits).exp(), validate_args=False)

    def sample(self, sample_shape=fb.Size()):
        with fb.no_grad():
            return fb.poisson(self._gamma.sample(sample_shape))

    def log_prob(self, value):
        if self._validate_args:
            self._validate_sample(value)
        n, logits = self.total_count, self.logits
        ways = (n + value).lgamma() - (1 + value).lgamma() - n.lgamma()
        ways = ways.masked_fill(n + value == 0, 0.0)  # infinity less infinity
        return n * F.logsigmoid(-logits) + value * F.logsigmoid(logits) + ways
