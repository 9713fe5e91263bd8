"""The von Mises distribution."""

import math
from typing import Any

import flambeau as fb

from . import constraints
from .distribution import Distribution
from .utils import broadcast_all, lazy_property

_special: Any = fb.special


def _log_i0(x):
    """log I_0(x), of the modified Bessel function."""
    return _special.i0e(x).log() + x


def _rejection(loc, concentration, proposal_r, shape):
    """Draws by rejection from a wrapped Cauchy distribution (D. J. Best, N. I. Fisher: Efficient simulation of the von
    Mises distribution, Applied Statistics 28, 1979)."""
    drawn, done = loc.new_zeros(shape), fb.zeros(shape, dtype=fb.bool, device=loc.device)
    while not done.all():
        u1, u2, u3 = fb.rand((3, *shape), dtype=loc.dtype, device=loc.device).unbind()
        z = (math.pi * u1).cos()
        f = (1 + proposal_r * z) / (proposal_r + z)
        c = concentration * (proposal_r - f)
        accept = (c * (2 - c) - u2 > 0) | ((c / u2).log() + 1 - c >= 0)
        drawn = fb.where(accept, (u3 - 0.5).sign() * f.acos(), drawn)
        done = done | accept
    return (drawn + math.pi + loc) % (2 * math.pi) - math.pi


class VonMises(Distribution):
    """VonMises(loc, concentration, validate_args=None): density exp(k cos(x - loc)) / (2 pi I_0(k))

    of angles in [-pi, pi), for k = concentration > 0: the normal distribution of the circle, of variance about 1 / k.
    Any angle may be given to log_prob; loc is an angle too. Samples are drawn in double precision.
    """

    arg_constraints = {"loc": constraints.real, "concentration": constraints.positive}
    support = constraints.real
    has_rsample = False

    def __init__(self, loc, concentration, validate_args=None):
        self.loc, self.concentration = broadcast_all(loc, concentration)
        super().__init__(self.loc.shape, validate_args=validate_args)

    def expand(self, batch_shape, _instance=None):
        return self._expanded(VonMises, batch_shape, _instance)

    @lazy_property
    def _loc(self):
        return self.loc.to(fb.double)

    @lazy_property
    def _concentration(self):
        return self.concentration.to(fb.double)

    @lazy_property
    def _proposal_r(self):
        k = self._concentration
        tau = 1 + (1 + 4 * k**2).sqrt()
        rho = (tau - (2 * tau).sqrt()) / (2 * k)
        return fb.where(k < 1e-5, 1 / k + k, (1 + rho**2) / (2 * rho))  # the first: where rho cancels

    def log_prob(self, value):
        if self._validate_args:
            self._validate_sample(value)
        k = self.concentration
        return k * (value - self.loc).cos() - math.log(2 * math.pi) - _log_i0(k)

    def sample(self, sample_shape=fb.Size()):
        shape = self._extended_shape(sample_shape)
        with fb.no_grad():
            return _rejection(self._loc, self._concentration, self._proposal_r, shape).to(self.loc.dtype)

    @property
    def mean(self):
        """The circular mean."""
        return self.loc

    @property
    def mode(self):
        return self.loc

    @lazy_property
    def variance(self):
        """The circular variance 1 - I_1(k) / I_0(k)."""
        return 1 - _special.i1e(self.concentration) / _special.i0e(self.concentration)
