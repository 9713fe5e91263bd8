"""The continuous Bernoulli distribution."""

import math

import flambeau as fb
import flambeau.nn.functional as F

from . import constraints
from .exp_family import ExponentialFamily
from .utils import OfProbability, broadcast_all, clamp_probs, one_of


class ContinuousBernoulli(OfProbability, ExponentialFamily):
    """ContinuousBernoulli(probs=None, logits=None, lims=(0.499, 0.501), validate_args=None): on [0, 1]

    density proportional to p^x (1 - p)^(1 - x) for p = probs (G. Loaiza-Ganem, J. P. Cunningham, NeurIPS 2019). Unlike
    the Bernoulli distribution p is not its mean. For p between the two `lims`, where the formulas cancel, Taylor
    expansions about 1/2 are used.
    """

    arg_constraints = {"probs": constraints.unit_interval, "logits": constraints.real}
    support = constraints.unit_interval
    has_rsample = True
    _mean_carrier_measure = 0

    def __init__(self, probs=None, logits=None, lims=(0.499, 0.501), validate_args=None):
        one_of(probs=probs, logits=logits)
        if probs is not None:
            (self.probs,) = broadcast_all(probs)
            if validate_args is not False and not self.arg_constraints["probs"].check(self.probs).all():
                raise ValueError("The parameter probs has invalid values")
            self.probs = clamp_probs(self.probs)
        else:
            (self.logits,) = broadcast_all(logits)
        self._lims = lims
        super().__init__(self._param.size(), validate_args=validate_args)

    def expand(self, batch_shape, _instance=None):
        new = self._expanded(ContinuousBernoulli, batch_shape, _instance)
        new._lims = self._lims
        return new

    def _split(self):
        """(where the formulas hold, probs with a value for which they hold elsewhere)"""
        stable = (self.probs <= self._lims[0]) | (self.probs > self._lims[1])
        return stable, fb.where(stable, self.probs, self._lims[0])

    def _cont_bern_log_norm(self):
        """The logarithm of the factor of the density: log(2 atanh(1 - 2 p) / (1 - 2 p))."""
        stable, p = self._split()
        low = p <= 0.5
        below, above = fb.where(low, p, 0.0), fb.where(low, 1.0, p)
        exact = ((-p).log1p() - p.log()).abs().log() - fb.where(low, (-2 * below).log1p(), (2 * above - 1).log())
        x = (self.probs - 0.5).pow(2)
        return fb.where(stable, exact, math.log(2.0) + (4.0 / 3 + 104.0 / 45 * x) * x)

    @property
    def mean(self):
        stable, p = self._split()
        x = self.probs - 0.5
        exact = p / (2 * p - 1) + 1 / ((-p).log1p() - p.log())
        return fb.where(stable, exact, 0.5 + (1.0 / 3 + 16.0 / 45 * x.pow(2)) * x)

    @property
    def variance(self):
        stable, p = self._split()
        x = (self.probs - 0.5).pow(2)
        exact = p * (p - 1) / (1 - 2 * p).pow(2) + 1 / ((-p).log1p() - p.log()).pow(2)
        return fb.where(stable, exact, 1.0 / 12 - (1.0 / 15 - 128.0 / 945 * x) * x)

    @property
    def stddev(self):
        return self.variance.sqrt()

    def sample(self, sample_shape=fb.Size()):
        with fb.no_grad():
            return self.rsample(sample_shape)

    def rsample(self, sample_shape=fb.Size()):
        return self.icdf(
            fb.rand(self._extended_shape(sample_shape), dtype=self.probs.dtype, device=self.probs.device)
        )

    def log_prob(self, value):
        if self._validate_args:
            self._validate_sample(value)
        logits, value = broadcast_all(self.logits, value)
        entropy = F.binary_cross_entropy_with_logits(logits, value, reduction="none")
        return self._cont_bern_log_norm() - entropy

    def cdf(self, value):
        if self._validate_args:
            self._validate_sample(value)
        stable, p = self._split()
        exact = (p.pow(value) * (1 - p).pow(1 - value) + p - 1) / (2 * p - 1)
        return fb.where(stable, exact, value).clamp(min=0.0, max=1.0)

    def icdf(self, value):
        stable, p = self._split()
        failure = (-p).log1p()
        exact = ((-p + value * (2 * p - 1)).log1p() - failure) / (p.log() - failure)
        return fb.where(stable, exact, value)

    def entropy(self):
        failure, success = (-self.probs).log1p(), self.probs.log()
        return self.mean * (failure - success) - self._cont_bern_log_norm() - failure

    @property
    def _natural_params(self):
        return (self.logits,)

    def _log_normalizer(self, x):
        stable = (x <= self._lims[0] - 0.5) | (x > self._lims[1] - 0.5)
        cut = fb.where(stable, x, self._lims[0] - 0.5)
        exact = cut.expm1().abs().log() - cut.abs().log()
        return fb.where(stable, exact, 0.5 * x + x.pow(2) / 24.0 - x.pow(4) / 2880.0)
