"""Base kernels of Bessel and Airy functions, for float arrays; all compute in float64.

Formulas by their numbers in the NIST Digital Library of Mathematical Functions (https://dlmf.nist.gov).
"""

from __future__ import annotations

import math

import numpy as np

from ._xp import Array
from .special import _in_double

_GAMMA = float(np.euler_gamma)


def _hankel(order, count):
    """The coefficients a_k(order) of the expansions for large arguments, up to k = count (DLMF 10.17.1)."""
    a = [1.0]
    for k in range(1, count + 1):
        a.append(a[-1] * (4.0 * order * order - (2 * k - 1) ** 2) / (8.0 * k))
    return a


def _horner(coefficients, x):
    """The polynomial with the given coefficients, from the constant one up."""
    total = 0 * x + coefficients[-1]
    for c in coefficients[-2::-1]:
        total = total * x + c
    return total


def _series(q, order, count):
    """The sum of q^k / (k! (k + order)!) for order 0 or 1."""
    total = 0 * q + 1
    for k in range(count, 0, -1):
        total = 1 + q / (k * (k + order)) * total
    return total


# (digamma(k + 1), digamma(k + 1) + digamma(k + 2)) + (1 and 2) * Euler's gamma, k = 0, 1, ...
_HARMONIC = [0.0]
for _k in range(1, 20):
    _HARMONIC.append(_HARMONIC[-1] + 1 / _k)


def _series_with_harmonic(q, order, count=14):
    """The sum of q^k / (k! (k + order)!) H_k, for order 1 with H_k + H_(k+1) instead."""
    terms = []
    for k in range(count):
        h = _HARMONIC[k] + (_HARMONIC[k + 1] if order else 0)
        terms.append(h / (math.factorial(k) * math.factorial(k + order)))
    return _horner(terms, q)


# ---- J and Y

_LARGE = 25.0  # from here on the expansions for large arguments hold to double precision


def _small_jy(xp, x):
    """J0, J1, Y0, Y1 for 0 <= x <= 1 by power series (DLMF 10.2.2, 10.8.1)."""
    q = -0.25 * x * x
    log = xp.log(0.5 * x)
    j0, j1 = _series(q, 0, 12), 0.5 * x * _series(q, 1, 12)
    y0 = 2 / math.pi * ((log + _GAMMA) * j0 - _series_with_harmonic(q, 0))
    y1 = 2 / math.pi * ((log + _GAMMA) * j1 - 1 / x - 0.25 * x * _series_with_harmonic(q, 1))
    return j0, j1, y0, y1


def _middle_jy(xp, x):
    """J0, J1, Y0, Y1 for 1 <= x <= 25: Miller's backward recurrence (DLMF 3.6, 10.12.4), Neumann series (10.8.3)."""
    above, here = 0 * x, 0 * x + 1e-140
    norm, y0, y1 = 0 * x, 0 * x, 0 * x
    for n in range(84, 0, -1):
        sign = -1.0 if n // 2 % 2 else 1.0
        if n % 2 == 0:
            norm = norm + 2 * here
            y0 = y0 + sign * 2 / n * here
        else:  # (-1)^k (J(2k-1) - J(2k+1)) / (2k), the derivative of the terms of y0
            weight = -sign / (n + 1) - (sign / (n - 1) if n > 1 else 0)
            y1 = y1 + weight * here
        above, here = here, 2 * n / x * here - above
    norm = norm + here
    j0, j1, y0, y1 = here / norm, above / norm, y0 / norm, y1 / norm
    log = xp.log(0.5 * x) + _GAMMA
    return (
        j0,
        j1,
        2 / math.pi * log * j0 - 4 / math.pi * y0,
        2 / math.pi * (log * j1 - j0 / x) + 4 / math.pi * y1,
    )


def _large_jy(xp, x):
    """J0, J1, Y0, Y1 for x >= 25 (DLMF 10.17.3-4). The phase x - pi / 4 comes out of sin(x) and cos(x) exactly."""
    sine, cosine = (xp.sin(x) - xp.cos(x)) * math.sqrt(0.5), (xp.cos(x) + xp.sin(x)) * math.sqrt(0.5)
    size = xp.sqrt(2 / (math.pi * x))
    r = -1 / (x * x)
    p0, q0 = _horner(_HANKEL_0[0::2], r), _horner(_HANKEL_0[1::2], r) / x
    p1, q1 = _horner(_HANKEL_1[0::2], r), _horner(_HANKEL_1[1::2], r) / x
    return (
        size * (cosine * p0 - sine * q0),
        size * (sine * p1 + cosine * q1),
        size * (sine * p0 + cosine * q0),
        size * (sine * q1 - cosine * p1),
    )


_HANKEL_0, _HANKEL_1 = _hankel(0, 27), _hankel(1, 27)


def _bessel_jy(xp, x, which):
    """One of J0, J1, Y0, Y1 for x >= 0; 0 at infinity."""
    small = _small_jy(xp, xp.minimum(x, 1.0))[which]
    middle = _middle_jy(xp, xp.clip(x, 1.0, _LARGE))[which]
    large = _large_jy(xp, xp.maximum(x, _LARGE))[which]
    out = xp.where(x < 1, small, xp.where(x < _LARGE, middle, large))
    return xp.where(xp.isinf(x), 0.0, xp.where(xp.isnan(x), x, out))


@_in_double
def bessel_j0(xp, x: Array) -> Array:
    """The Bessel function of the first kind of order 0."""
    return _bessel_jy(xp, xp.abs(x), 0)


@_in_double
def bessel_j1(xp, x: Array) -> Array:
    """The Bessel function of the first kind of order 1."""
    return xp.copysign(1.0, x) * _bessel_jy(xp, xp.abs(x), 1)


def _second_kind(xp, x, which):
    out = _bessel_jy(xp, xp.maximum(x, 0), which)
    return xp.where(x < 0, math.nan, xp.where(x == 0, -math.inf, out))


@_in_double
def bessel_y0(xp, x: Array) -> Array:
    """The Bessel function of the second kind of order 0: -inf at 0, NaN below."""
    return _second_kind(xp, x, 2)


@_in_double
def bessel_y1(xp, x: Array) -> Array:
    """The Bessel function of the second kind of order 1: -inf at 0, NaN below."""
    return _second_kind(xp, x, 3)


@_in_double
def spherical_bessel_j0(xp, x: Array) -> Array:
    """sin(x) / x, 1 at 0 (DLMF 10.49.3)."""
    out = xp.sin(x) / xp.where(x == 0, 1.0, x)
    return xp.where(x == 0, 1.0, xp.where(xp.isinf(x), 0.0, out))


# ---- I


def _scaled_i(xp, x, order):
    """exp(-x) I(x) for x >= 0: the power series (DLMF 10.25.2), beyond 30 the expansion 10.40.1."""
    low, high = xp.minimum(x, 30.0), xp.maximum(x, 30.0)
    series = xp.exp(-low) * _series(0.25 * low * low, order, 62)
    if order:
        series = series * 0.5 * low
    coefficients = _HANKEL_1 if order else _HANKEL_0
    large = _horner(coefficients, -1 / high) / xp.sqrt(2 * math.pi * high)
    return xp.where(x < 30, series, large)


def _grown(xp, x, scaled):
    """exp(x) times a scaled function, infinite only where the product is."""
    half = xp.exp(0.5 * x)
    return xp.where(xp.isinf(x), math.inf, half * scaled * half)


@_in_double
def i0(xp, x: Array) -> Array:
    """The modified Bessel function of the first kind of order 0."""
    return _grown(xp, xp.abs(x), _scaled_i(xp, xp.abs(x), 0))


@_in_double
def i0e(xp, x: Array) -> Array:
    """exp(-|x|) i0(x)."""
    return _scaled_i(xp, xp.abs(x), 0)


@_in_double
def i1(xp, x: Array) -> Array:
    """The modified Bessel function of the first kind of order 1."""
    return xp.copysign(1.0, x) * _grown(xp, xp.abs(x), _scaled_i(xp, xp.abs(x), 1))


@_in_double
def i1e(xp, x: Array) -> Array:
    """exp(-|x|) i1(x)."""
    return xp.copysign(1.0, x) * _scaled_i(xp, xp.abs(x), 1)


# ---- K


def _scaled_k(xp, x, order):
    """exp(x) K(x) for x >= 1/2 and any small order: DLMF 10.32.9 by the trapezoidal rule, which converges
    exponentially here (Trefethen and Weideman, SIAM Review 56, 2014). All terms are positive."""
    count = 22
    h = 2 / count * xp.arcsinh(xp.sqrt(21 / x))
    total = 0 * x + 0.5
    for k in range(1, count + 1):
        s = xp.sinh(0.5 * k * h)
        total = total + xp.exp(-2 * x * s * s) * (xp.cosh(order * k * h) if order else 1.0)
    return xp.where(xp.isinf(x), 0.0, h * total)


def _bessel_k(xp, x, order, scaled):
    """K of order 0 or 1: below 1 by power series (DLMF 10.31.1-2)."""
    low, high = xp.clip(x, 0.0, 1.0), xp.maximum(x, 1.0)
    q = 0.25 * low * low
    log = xp.log(0.5 * low) + _GAMMA
    if order:
        series = 1 / low + 0.5 * low * (log * _series(q, 1, 14) - 0.5 * _series_with_harmonic(q, 1))
    else:
        series = _series_with_harmonic(q, 0) - log * _series(q, 0, 14)
    large = _scaled_k(xp, high, order)
    out = xp.where(
        x < 1, series * xp.exp(low) if scaled else series, large if scaled else large * xp.exp(-high)
    )
    out = xp.where(x == 0, math.inf, xp.where(x < 0, math.nan, out))
    return xp.where(xp.isnan(x), x, out)


@_in_double
def modified_bessel_k0(xp, x: Array) -> Array:
    """The modified Bessel function of the second kind of order 0: infinite at 0, NaN below."""
    return _bessel_k(xp, x, 0, False)


@_in_double
def modified_bessel_k1(xp, x: Array) -> Array:
    """The modified Bessel function of the second kind of order 1: infinite at 0, NaN below."""
    return _bessel_k(xp, x, 1, False)


@_in_double
def scaled_modified_bessel_k0(xp, x: Array) -> Array:
    """exp(x) modified_bessel_k0(x)."""
    return _bessel_k(xp, x, 0, True)


@_in_double
def scaled_modified_bessel_k1(xp, x: Array) -> Array:
    """exp(x) modified_bessel_k1(x)."""
    return _bessel_k(xp, x, 1, True)


# ---- Airy

# (Ai, Ai') at -10, -9, ..., 1
_AIRY = (
    (0.040241238486443190689, 0.9962650441327900559),
    (-0.022133721547341403674, -0.97566398092633159471),
    (-0.052705050356386202622, 0.93556093819830655103),
    (0.18428083525050563728, -0.77100816841012654773),
    (-0.32914517362982310523, 0.34593548728134289493),
    (0.35076100902411431979, 0.32719281855444313679),
    (-0.070265532949289515099, -0.7906285753685813803),
    (-0.37881429367765807435, 0.31458376921659881365),
    (0.22740742820168557599, 0.61825902074169104141),
    (0.5355608832923521188, -0.010160567116645209395),
    (0.35502805388781723926, -0.25881940379280679841),
    (0.13529241631288141552, -0.15914744129679321279),
)


def _airy_near(xp, x):
    """Ai and Ai' for -10 <= x <= 1: Taylor series about the nearest integer; w'' = x w (DLMF 9.2.1) gives the terms."""
    center = xp.rint(x)
    h = x - center
    table = xp.asarray(_AIRY)[(center + 10).astype(np.int64)]
    a = [table[..., 0], table[..., 1]]
    for n in range(24):
        before = a[n - 1] if n else 0.0
        a.append((center * a[n] + before) / ((n + 1) * (n + 2)))
    return _horner_arrays(a, h), _horner_arrays([n * a[n] for n in range(1, len(a))], h)


def _horner_arrays(coefficients, x):
    total = coefficients[-1]
    for c in coefficients[-2::-1]:
        total = total * x + c
    return total


def _airy_positive(xp, x):
    """Ai and Ai' for x >= 1 from K of order 1/3 and 2/3 (DLMF 9.6.2-3)."""
    zeta = 2 / 3 * x * xp.sqrt(x)
    decay = xp.exp(-zeta)
    return (
        decay * _scaled_k(xp, zeta, 1 / 3) * xp.sqrt(x / 3) / math.pi,
        -decay * _scaled_k(xp, zeta, 2 / 3) * x / (math.pi * math.sqrt(3)),
    )


def _airy_negative(xp, x):
    """Ai(-x) and Ai'(-x) for x >= 10 (DLMF 9.7.9-10)."""
    u = [1.0]
    for k in range(1, 22):
        u.append(u[-1] * (6 * k - 5) * (6 * k - 3) * (6 * k - 1) / (216.0 * k * (2 * k - 1)))
    v = [u[k] * (6 * k + 1) / (1 - 6 * k) for k in range(len(u))]
    zeta = 2 / 3 * x * xp.sqrt(x)
    sine, cosine = (
        (xp.sin(zeta) - xp.cos(zeta)) * math.sqrt(0.5),
        (xp.cos(zeta) + xp.sin(zeta)) * math.sqrt(0.5),
    )
    r = -1 / (zeta * zeta)
    root = xp.sqrt(xp.sqrt(x))
    value = cosine * _horner(u[0::2], r) + sine * _horner(u[1::2], r) / zeta
    slope = sine * _horner(v[0::2], r) - cosine * _horner(v[1::2], r) / zeta
    return value / (root * math.sqrt(math.pi)), slope * root / math.sqrt(math.pi)


def _airy(xp, x, which):
    near = _airy_near(xp, xp.clip(xp.where(xp.isnan(x), 0.0, x), -10.0, 1.0))[which]
    positive = _airy_positive(xp, xp.clip(x, 1.0, 1e4))[which]
    negative = _airy_negative(xp, xp.clip(-x, 10.0, 1e200))[which]
    out = xp.where(x < -10, negative, xp.where(x < 1, near, positive))
    if which == 0:
        out = xp.where(xp.isinf(x), 0.0, out)
    return xp.where(xp.isnan(x), x, out)


@_in_double
def airy_ai(xp, x: Array) -> Array:
    """Airy's function Ai."""
    return _airy(xp, x, 0)


@_in_double
def airy_ai_prime(xp, x: Array) -> Array:
    """The derivative of Airy's function Ai."""
    return _airy(xp, x, 1)
