"""Base kernels of the derivatives of gamma and beta numbers by the parameters of their distribution, at a fixed
probability: the implicit reparameterisation of M. Figurnov, S. Mohamed and A. Mnih (NeurIPS 2018).

For a distribution function F and density p that is -(dF/da) / p. Each expansion of F is differentiated term by term,
and p divides out of it. Formulas by their numbers in the NIST Digital Library of Mathematical Functions
(https://dlmf.nist.gov). All compute in float64.
"""

from __future__ import annotations

import math

from ._xp import Array
from .gamma import _EPS, _STEPS, _TEMME
from .special import _in_double, digamma


class _Fraction:
    """A continued fraction b0 + a1/(b1 + a2/(b2 + ...)) and its derivative by a parameter of the a and b, evaluated
    forward (Thompson and Barnett, 1986): it is a product of factors c d, whose logarithms are differentiated."""

    def __init__(self, xp, b, db):
        self.xp, self.c, self.dc, self.d, self.dd = xp, b, db, 0 * b, 0 * b
        self.value, self.log_slope = b, db / b
        self.open = b == b

    def next(self, a, da, b, db):
        """Takes a further a and b with their derivatives."""
        xp, tiny = self.xp, 1e-300
        c = self.c
        denominator, slope = b + a * self.d, db + da * self.d + a * self.dd
        self.d = 1 / xp.where(denominator == 0, tiny, denominator)
        self.dd = -slope * self.d * self.d
        self.dc = db + (da - a * self.dc / c) / c
        self.c = b + a / c
        self.c = xp.where(self.c == 0, tiny, self.c)
        factor, step = self.c * self.d, self.dc / self.c + self.dd / self.d
        self.value = xp.where(self.open, self.value * factor, self.value)
        self.log_slope = xp.where(self.open, self.log_slope + step, self.log_slope)
        settled = (xp.abs(factor - 1) < 4 * _EPS) & (xp.abs(step) <= 4 * _EPS * xp.abs(self.log_slope))
        self.open = self.open & ~settled

    def unsettled(self):
        """Whether any element still changes."""
        return bool(self.open.any())


def _gamma_series(xp, a, z):
    """From P(a, z) by its series (DLMF 8.7.1), whose terms have one sign up to about z = a + 1/2."""
    term = total = 0 * z + 1
    harmonic, slope, n = 0 * z, 0 * z, 0
    while n == 0 or (n < _STEPS and bool((term * (1 + harmonic) > _EPS * slope).any())):
        n += 1
        term, harmonic = term * z / (a + n), harmonic + 1 / (a + n)
        total, slope = total + term, slope + term * harmonic
    return z / a * (total * (digamma(a + 1) - xp.log(z)) + slope)


def _gamma_fraction(xp, a, z):
    """From 1 - P(a, z) by its continued fraction (DLMF 8.9.2), of one sign above that."""
    b = z + 1 - a
    f = _Fraction(xp, xp.where(b == 0, 1e-300, b), -1 + 0 * b)
    n = 0
    while n < _STEPS and f.unsettled():
        n += 1
        f.next(-n * (n - a), n, b + 2 * n, -1)
    return z / f.value * (xp.log(z) - digamma(a) - f.log_slope)


def _polynomial(coefficients, x):
    value = slope = 0 * x
    for c in reversed(coefficients):
        slope = slope * x + value
        value = value * x + c
    return value, slope


def _gamma_uniform(xp, a, z):
    """From Temme's uniform expansion for large a and z near a (DLMF 8.12.3 and 8.12.7), with lambda = z / a = 1 + mu
    and eta^2 / 2 = mu - log(lambda). At fixed z, a d(eta)/da = -mu / eta."""
    mu = (z - a) / a
    close = xp.abs(mu) < 0.05
    near, far = xp.where(close, mu, 0.0), xp.where(close, 1.0, mu)
    series = 0 * mu
    for k in range(14, 1, -1):
        series = series * near + (-1.0) ** k / k
    scale = xp.sqrt(2 * xp.where(close, series, (far - xp.log1p(far)) / (far * far)))
    eta = mu * scale
    (c0, slope0), (c1, slope1), (c2, slope2) = [_polynomial(c, eta) for c in _TEMME]
    by_eta = slope0 + (slope1 + slope2 / a) / a
    by_a = -(c1 + 2 * c2 / a) / (a * a) - by_eta / (a * scale)
    stirling = xp.exp((1 / 12 - (1 / 360 - 1 / (1260 * a * a)) / (a * a)) / a)
    rest = (c0 + (c1 + c2 / a) / a) * (xp.log1p(mu) - 0.5 / a) + by_a
    return stirling * (1 + mu) * (1 / scale - 0.5 * eta + rest)


@_in_double
def standard_gamma_grad(xp, a: Array, z: Array) -> Array:
    """The derivatives of gamma numbers z of rate 1 by their shapes a; NaN outside the domain."""
    a, z = xp.broadcast_arrays(a, z)
    out = xp.full(a.shape, math.nan)
    out[(a > 0) & (z == 0)] = 0
    inside = (a > 0) & (z > 0)
    uniform = inside & (a > 400) & (xp.abs(z - a) < 0.25 * a)
    above = inside & ~uniform & (z > a + 0.5)
    methods = (uniform, _gamma_uniform), (above, _gamma_fraction), (inside & ~uniform & ~above, _gamma_series)
    for where, method in methods:
        if bool(where.any()):
            out[where] = method(xp, a[where], z[where])
    return out


def _beta_fraction(xp, x, a, b, by_a):
    """The continued fraction of the incomplete beta function in DLMF 8.17.22, with its derivative by a or by b."""
    f = _Fraction(xp, 1 + 0 * x, 0 * x)
    in_a, in_b = (1, 0) if by_a else (0, 1)
    m = 0
    while m < _STEPS and f.unsettled():
        low, s, t = a + 2 * m, a + m, a + m + b
        product = low * (low + 1)
        slope = (in_a * t + s) / product - s * t * in_a * (2 * low + 1) / (product * product)
        f.next(-s * t * x / product, -slope * x, 1, 0)
        m += 1
        product = (low + 1) * (low + 2)
        slope = in_b / product - (b - m) * in_a * (2 * low + 3) / (product * product)
        f.next(m * (b - m) * x / product, m * x * slope, 1, 0)
    return f


def _beta_below(xp, x, a, b):
    """From I_x(a, b) = x^a (1 - x)^b / (a B(a, b) f)."""
    f = _beta_fraction(xp, x, a, b, True)
    return -x / (a * f.value) * (xp.log(x) + digamma(a + b) - digamma(a + 1) - f.log_slope)


def _beta_above(xp, x, a, b):
    """From 1 - I_x(a, b) = I_{1-x}(b, a)."""
    f = _beta_fraction(xp, 1 - x, b, a, False)
    return x / (b * f.value) * (xp.log(x) + digamma(a + b) - digamma(a) - f.log_slope)


@_in_double
def dirichlet_grad(xp, x: Array, alpha: Array, total: Array) -> Array:
    """The derivatives of numbers x of Beta(alpha, total - alpha) by alpha at a fixed second parameter, over 1 - x.

    These are what the gradient of a Dirichlet sample is made of; NaN outside the domain.
    """
    x, a, b = xp.broadcast_arrays(x, alpha, total - alpha)
    out = xp.full(x.shape, math.nan)
    inside = (a > 0) & (b > 0) & (x >= 0) & (x <= 1)
    out[inside & (x == 0)] = 0
    inside = inside & (x > 0)
    below = inside & (x <= (a + 1) / (a + b + 2))
    for where, method in ((below, _beta_below), (inside & ~below, _beta_above)):
        if bool(where.any()):
            out[where] = method(xp, x[where], a[where], b[where])
    return out
