"""Base kernels of the incomplete gamma functions and Hurwitz's zeta function; all compute in float64.

Formulas by their numbers in the NIST Digital Library of Mathematical Functions (https://dlmf.nist.gov).
"""

from __future__ import annotations

import math

from ._xp import Array
from .special import _BERNOULLI, _FROM, _erfc, _in_double, _lgamma_near_2, lgamma

_EPS = 2.0**-53
_STEPS = 20000  # more than any series below needs

# Coefficients of c_0, c_1, c_2 (DLMF 8.12.9-12) as power series in eta: from the expansion of mu in eta, which
# mu mu' = eta (1 + mu) gives term by term, in exact fractions.
_TEMME = (
    (-0.3333333333333333, 0.08333333333333333, -0.014814814814814815, 0.0011574074074074073, 0.0003527336860670194,
     -0.0001787551440329218, 3.919263178522438e-05, -2.185448510679992e-06, -1.85406221071516e-06,
     8.296711340953087e-07, -1.7665952736826078e-07, 6.707853543401498e-09, 1.0261809784240309e-08,
     -4.382036018453353e-09, 9.14769958223679e-10, -2.5514193994946248e-11, -5.830772132550426e-11,
     2.4361948020667415e-11),
    (-0.001851851851851852, -0.003472222222222222, 0.0026455026455026454, -0.0009902263374485596,
     0.00020576131687242798, -4.018775720164609e-07, -1.8098550334489977e-05, 7.64916091608111e-06,
     -1.6120900894563446e-06, 4.647127802807434e-09, 1.378633446915721e-07, -5.752545603517705e-08),
    (0.004133597883597883, -0.0026813271604938273, 0.0007716049382716049, 2.0093878600823047e-06,
     -0.0001073665322636516, 5.2923448829120125e-05, -1.2760635188618728e-05),
)  # fmt: skip


def _log_ratio(xp, a, x):
    """mu - log(1 + mu) for mu = (x - a) / a; the exponent of the density is -a times this."""
    mu = (x - a) / a
    close = xp.abs(mu) < 0.1
    z = xp.where(close, mu, 0.0)
    series = 0 * z
    for k in range(18, 1, -1):
        series = series * z + (-1.0) ** k / k
    safe = xp.where(close, 1.0, x / a)
    return xp.where(close, z * z * series, mu - xp.log(safe))


def _density(xp, a, x):
    """x^a exp(-x) / Gamma(a + 1), for large a without the cancellation of its factors (DLMF 5.11.1)."""
    large = a > 20
    b = xp.where(large, a, 21.0)
    stirling = 0 * a
    for k, bernoulli in enumerate(_BERNOULLI[:6], 1):
        stirling = stirling + bernoulli / (2 * k * (2 * k - 1)) * b ** (1.0 - 2 * k)
    by_ratio = xp.exp(-b * _log_ratio(xp, b, x) - stirling) / xp.sqrt(2 * math.pi * b)
    c = xp.where(large, 1.0, a)
    return xp.where(large, by_ratio, xp.exp(c * xp.log(x) - x - lgamma(c + 1)))


def _lower_series(xp, a, x):
    """P(a, x) (DLMF 8.7.1)."""
    term = total = 0 * x + 1
    n = 0
    while bool((term > _EPS * total).any()) and n < _STEPS:
        n += 1
        term = term * x / (a + n)
        total = total + term
    return _density(xp, a, x) * total


def _upper_small(xp, a, x):
    """Q(a, x) for a <= 1 and x < 1, where it may be small against P (DLMF 8.7.3)."""
    term, total = 0 * x + 1, 0 * x
    for n in range(1, 25):
        term = term * -x / n
        total = total + term * a / (a + n)
    near = xp.minimum(a, 0.5)  # 1 + a would lose the digits of a
    log = a * xp.log(x) - xp.where(a < 0.5, _lgamma_near_2(near) - xp.log1p(near), lgamma(1 + a))
    return -xp.expm1(log) - xp.exp(log) * total


def _upper_fraction(xp, a, x):
    """Q(a, x) by its continued fraction (DLMF 8.9.2), evaluated forward (Thompson and Barnett, 1986)."""
    b = x + 1 - a
    tiny = 1e-300
    b = xp.where(b == 0, tiny, b)
    c, d = 0 * x + 1 / tiny, 1 / b
    total, n = d, 0
    while n < _STEPS:
        n += 1
        step = -n * (n - a)
        b = b + 2
        d, c = step * d + b, b + step / c
        d = 1 / xp.where(d == 0, tiny, d)
        c = xp.where(c == 0, tiny, c)
        total = total * (c * d)
        if not bool((xp.abs(c * d - 1) >= 10 * _EPS).any()):
            break
    return _density(xp, a, x) * a * total


def _uniform(xp, a, x, upper):
    """P or Q for large a and x near a (Temme; DLMF 8.12.3-4, 8.12.7): three terms are enough from a = 10000 on."""
    half_square = _log_ratio(xp, a, x)
    eta = xp.copysign(xp.sqrt(2 * half_square), x - a)
    rest = 0 * a
    for coefficients in reversed(_TEMME):
        c = 0 * eta
        for value in reversed(coefficients):
            c = c * eta + value
        rest = rest / a + c
    rest = rest * xp.exp(-a * half_square) / xp.sqrt(2 * math.pi * a)
    sign = 1.0 if upper else -1.0
    return 0.5 * _erfc(xp, sign * eta * xp.sqrt(0.5 * a)) + sign * rest


def _incomplete(xp, a, x, upper):
    """P(a, x), or Q(a, x) = 1 - P(a, x), each element by the expansion that suits it."""
    a, x = xp.broadcast_arrays(a, x)
    out = xp.full(a.shape, math.nan)
    inside = (a > 0) & (x > 0) & xp.isfinite(a) & xp.isfinite(x)
    uniform = inside & (a > 1e4) & (xp.abs(x - a) < 0.3 * a)
    fraction = inside & ~uniform & (x >= 1) & (x >= a)
    small = inside & ~uniform & (x < 1) & (a <= 1) & upper
    series = inside & ~uniform & ~fraction & ~small
    for where, method, gives_upper in (
        (uniform, lambda xp, a, x: _uniform(xp, a, x, upper), upper),
        (fraction, _upper_fraction, True),
        (small, _upper_small, True),
        (series, _lower_series, False),
    ):
        if bool(where.any()):
            value = method(xp, a[where], x[where])
            out[where] = value if gives_upper == upper else 1 - value
    certain = (a >= 0) & (x >= 0) & ~((a == 0) & (x == 0)) & ~(xp.isinf(a) & xp.isinf(x))
    below = certain & ((x == 0) | xp.isinf(a))
    above = certain & ((a == 0) | xp.isinf(x))
    return xp.where(below, 1.0 * upper, xp.where(above, 1.0 * (not upper), out))


@_in_double
def gammainc(xp, a: Array, x: Array) -> Array:
    """The regularised lower incomplete gamma function P(a, x) (DLMF 8.2.4); NaN for negative arguments."""
    return _incomplete(xp, a, x, False)


@_in_double
def gammaincc(xp, a: Array, x: Array) -> Array:
    """The regularised upper incomplete gamma function Q(a, x) = 1 - P(a, x)."""
    return _incomplete(xp, a, x, True)


@_in_double
def zeta(xp, s: Array, q: Array) -> Array:
    """Hurwitz's zeta function, the sum of (k + q)^-s over k >= 0 (DLMF 25.11.28 after enough terms).

    Infinite at s = 1 and where q is 0, -1, -2, ..., NaN for s < 1 and for other q < 0 unless s is an integer; NaN also
    for q < -20000.
    """
    s, q = xp.broadcast_arrays(s, q)
    pole = (q <= 0) & (q == xp.floor(q))
    valid = (s > 1) & xp.isfinite(s) & ((q > 0) | (s == xp.floor(s))) & ~pole & ~xp.isnan(q) & (q > -_STEPS)
    z, y = xp.where(valid, s, 2.0), xp.where(valid & xp.isfinite(q), q, 1.0)
    total, power, steps = 0 * y, xp.power(y, -z), 0
    enough = z + _FROM
    while steps < _STEPS:
        more = (y < enough) & ((y < 1) | (power > _EPS * total))
        if not bool(more.any()):
            break
        total = xp.where(more, total + power, total)
        y = xp.where(more, y + 1, y)
        power, steps = xp.power(y, -z), steps + 1
    tail = power * y / (z - 1) + 0.5 * power
    factor = z * power / y
    for k, b in enumerate(_BERNOULLI, 1):
        tail = tail + b / math.factorial(2 * k) * factor
        factor = factor * (z + 2 * k - 1) * (z + 2 * k) / (y * y)
    tail = xp.where((total > 0) & (power <= _EPS * total), 0.0, tail)
    out = xp.where(valid, total + tail, math.nan)
    out = xp.where(valid & xp.isinf(q), 0.0, out)
    out = xp.where(xp.isinf(s) & (s > 0) & (q > 0), xp.power(xp.where(q > 0, q, 1.0), -xp.abs(s)), out)
    out = xp.where((s > 1) & pole, math.inf, out)
    return xp.where(s == 1, math.inf, xp.where(xp.isnan(s) | xp.isnan(q), math.nan, out))
