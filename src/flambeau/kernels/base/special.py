"""Base kernels of special functions, for float arrays: gamma and its relatives, the normal distribution.

Formulas by their numbers in the NIST Digital Library of Mathematical Functions (https://dlmf.nist.gov).
"""

from __future__ import annotations

import math

import numpy as np

from ._xp import Array
from .pointwise import _kernel

# Bernoulli's numbers B(2k), k = 1, 2, ...
_BERNOULLI = (1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6, -3617 / 510)
_FROM = 10.0  # where the asymptotic series hold to double precision


def _zeta(s: int, q):
    """Hurwitz's zeta function, the sum of (k + q)^-s over k >= 0, for q > 0 and integer s > 1 (DLMF 25.11.28)."""
    total = q ** (-float(s))
    for _ in range(int(_FROM)):
        q = q + 1
        total = total + q ** (-float(s))
    total = total + q ** (1.0 - s) / (s - 1) - 0.5 * q ** (-float(s))
    factor = float(s)
    for k, b in enumerate(_BERNOULLI, 1):
        total = total + b / math.factorial(2 * k) * factor * q ** (1.0 - s - 2 * k)
        factor *= (s + 2 * k - 1) * (s + 2 * k)
    return total


# (zeta(k) - 1) / k for k = 2, 3, ...
_LGAMMA_TERMS = [_zeta(k, 2.0) / k for k in range(2, 34)]


def _lgamma_near_2(z):
    """lgamma(2 + z) for |z| <= 1/2: exact where it is 0 (DLMF 5.7.3)."""
    total = 0 * z
    for k in range(len(_LGAMMA_TERMS) + 1, 1, -1):
        total = total * -z + _LGAMMA_TERMS[k - 2]
    return z * (1 - np.euler_gamma) + z * z * total


def _lgamma_positive(xp, x):
    """lgamma for x >= 1/2 (DLMF 5.11.1)."""
    product, y = xp.ones_like(x), x
    for _ in range(int(_FROM)):
        small = y < _FROM
        product = xp.where(small, product * y, product)
        y = xp.where(small, y + 1, y)
    large = (y - 0.5) * xp.log(y) - y + 0.5 * math.log(2 * math.pi) - xp.log(product)
    for k, b in enumerate(_BERNOULLI, 1):
        large = large + b / (2 * k * (2 * k - 1)) * y ** (1.0 - 2 * k)
    large = xp.where(xp.isinf(x), x, large)
    near_1, near_2 = x < 1.5, x < 2.5
    z = xp.where(near_1, x - 1, xp.where(near_2, x - 2, 0.0))
    near = _lgamma_near_2(z)
    return xp.where(near_1, near - xp.log1p(z), xp.where(near_2, near, large))


def _in_double(function):
    """A kernel that computes in float64; further arrays may follow the first, and numbers."""

    def kernel(xp, a, *others):
        wide = [o.astype(np.float64) if hasattr(o, "dtype") else o for o in others]
        return function(xp, a.astype(np.float64), *wide).astype(a.dtype)

    kernel.__name__ = kernel.__qualname__ = function.__name__
    kernel.__module__ = function.__module__
    return _kernel(kernel)


@_in_double
def lgamma(xp, x: Array) -> Array:
    """log |Gamma(x)|; infinite at 0, -1, -2, ... Below 1/2 by reflection (DLMF 5.5.3)."""
    low = x < 0.5
    y = _lgamma_positive(xp, xp.where(low, 1 - x, x))
    sine = xp.abs(xp.sin(math.pi * (x - xp.rint(x))))
    reflected = xp.where(xp.isinf(x), math.inf, math.log(math.pi) - xp.log(sine) - y)
    return xp.where(low, reflected, y)


@_in_double
def digamma(xp, x: Array) -> Array:
    """The derivative of lgamma; -+inf at +-0, NaN at -1, -2, ... (DLMF 5.11.2; below 0 by reflection, 5.5.4)."""
    low = x < 0
    y = xp.where(low, 1 - x, x)
    total = xp.zeros_like(x)
    for _ in range(int(_FROM)):
        small = y < _FROM
        total = xp.where(small, total - 1 / y, total)
        y = xp.where(small, y + 1, y)
    total = total + xp.log(y) - 0.5 / y
    for k, b in enumerate(_BERNOULLI, 1):
        total = total - b / (2 * k) * y ** (-2.0 * k)
    reflected = total - math.pi / xp.tan(math.pi * (x - xp.rint(x)))
    out = xp.where(low, xp.where(x == xp.rint(x), math.nan, reflected), total)
    return xp.where(x == 0, xp.copysign(math.inf, -x), out)


def _cotangent_derivative(xp, n, x):
    """The derivative of order n of pi cot(pi x), as a polynomial in c = cot(pi x): c' = -pi (1 + c^2)."""
    polynomial = np.polynomial.Polynomial([0.0, math.pi])
    for _ in range(n):
        polynomial = polynomial.deriv() * np.polynomial.Polynomial([-math.pi, 0.0, -math.pi])
    c = 1 / xp.tan(math.pi * (x - xp.rint(x)))
    total = polynomial.coef[-1] * c
    for coefficient in polynomial.coef[-2:0:-1]:
        total = (total + coefficient) * c
    return total + polynomial.coef[0]


@_in_double
def polygamma(xp, x: Array, n: int) -> Array:
    """The derivative of order n of digamma: (-1)^(n+1) n! zeta(n + 1, x) (DLMF 5.15.1).

    Below 0 by reflection (DLMF 5.15.6).
    """
    if n == 0:
        return digamma(x)
    low = x < 0
    y = xp.where(low, 1 - x, x)
    value = (-1.0) ** (n + 1) * math.factorial(n) * _zeta(n + 1, y)
    return xp.where(low, (-1.0) ** n * value - _cotangent_derivative(xp, n, x), value)


# ---- the error function, scaled, and the normal distribution


def _exp_of_square(xp, x, sign=1):
    """exp(sign x^2): x^2 is taken exactly in two parts, since its rounding error would be multiplied by its size."""
    high = x.astype(np.float32).astype(np.float64)
    return xp.exp(sign * high * high) * xp.exp(sign * (x - high) * (x + high))


def _erfcx_positive(xp, x):
    """erfcx for x >= 1/2: DLMF 7.7.2 by the trapezoidal rule of step 1/2 and the residue at the pole (Chiarella and
    Reichel, Mathematics of Computation 22, 1968)."""
    h = 0.5
    total = 1 / (x * x)
    for k in range(1, 14):
        total = total + 2 * math.exp(-((k * h) ** 2)) / ((k * h) ** 2 + x * x)
    low = xp.minimum(x, 6.0)
    residue = xp.where(x < 6, 2 * _exp_of_square(xp, low) / (1 - xp.exp(2 * math.pi / h * low)), 0.0)
    return xp.where(x > 1e7, 1 / (x * math.sqrt(math.pi)), h / math.pi * x * total + residue)


def _erf_near(xp, x):
    """erf(x) for |x| <= 1/2; beyond, the value there (DLMF 7.6.1)."""
    z = xp.clip(x, -0.5, 0.5)
    series = 0 * z
    for k in range(14, -1, -1):
        series = series * z * z + (-1.0) ** k / (math.factorial(k) * (2 * k + 1))
    return 2 / math.sqrt(math.pi) * z * series


def _erfc(xp, x):
    """erfc with all digits where it is small."""
    size = xp.clip(xp.abs(x), 0.5, 30.0)
    far = _exp_of_square(xp, size, -1) * _erfcx_positive(xp, size)
    out = xp.where(x < 0, 2 - far, far)
    return xp.where(xp.abs(x) < 0.5, 1 - _erf_near(xp, x), xp.where(xp.isnan(x), x, out))


def _erfcx(xp, x):
    near = xp.exp(xp.minimum(x * x, 0.25)) * (1 - _erf_near(xp, x))
    far = _erfcx_positive(xp, xp.maximum(xp.abs(x), 0.5))
    negative = 2 * _exp_of_square(xp, xp.clip(x, -30.0, 0.0)) - far
    return xp.where(xp.abs(x) < 0.5, near, xp.where(x < 0, negative, far))


@_in_double
def erfinv(xp, x: Array) -> Array:
    """The y with erf(y) = x: Winitzki's approximation (2008), then two steps of Halley's method."""
    size = xp.abs(x)
    log = xp.log1p(-size * size)
    half = 2 / (math.pi * 0.147) + log / 2
    y = xp.sqrt(xp.sqrt(half * half - log / 0.147) - half)
    for _ in range(2):
        excess = xp.where(size < 0.5, _erf_near(xp, y) - size, (1 - size) - _erfc(xp, y))
        step = excess / (2 / math.sqrt(math.pi) * xp.exp(-y * y))
        y = y - step / (1 + y * step)
    y = xp.where(size == 1, math.inf, y)
    return xp.copysign(y, x)


@_in_double
def erfcx(xp, x: Array) -> Array:
    """exp(x^2) erfc(x)."""
    return xp.where(xp.isnan(x), x, _erfcx(xp, x))


@_in_double
def ndtr(xp, x: Array) -> Array:
    """The distribution function of the normal distribution, (1 + erf(x / sqrt(2))) / 2."""
    return 0.5 * _erfc(xp, -x * math.sqrt(0.5))


def _log_ndtr(xp, x):
    t = x * math.sqrt(0.5)
    low = xp.log(0.5 * _erfcx(xp, xp.maximum(-t, 0.5))) - t * t
    return xp.where(x < -1, low, xp.log1p(-0.5 * _erfc(xp, xp.maximum(t, -1.0))))


@_in_double
def log_ndtr(xp, x: Array) -> Array:
    """log(ndtr(x)), exact also where ndtr(x) is 0."""
    return xp.where(xp.isnan(x), x, _log_ndtr(xp, x))


@_in_double
def ndtri(xp, p: Array) -> Array:
    """The x with ndtr(x) = p: near the middle from erfinv, in the tails by Newton's method on log_ndtr."""
    tail = xp.where(p > 0.5, 1 - p, p)
    log_p = xp.log(xp.clip(tail, 5e-324, 0.2))
    square = -2 * log_p
    x = -xp.sqrt(square - xp.log(2 * math.pi * square))
    for _ in range(6):  # Phi'(x) / Phi(x) = sqrt(2 / pi) / erfcx(-x / sqrt(2))
        slope = math.sqrt(2 / math.pi) / _erfcx(xp, -x * math.sqrt(0.5))
        x = x - (_log_ndtr(xp, x) - log_p) / slope
    middle = math.sqrt(2) * erfinv(2 * xp.clip(p, 0.1, 0.9) - 1)
    out = xp.where(tail < 0.15, xp.where(p > 0.5, -x, x), middle)
    out = xp.where(p == 0, -math.inf, xp.where(p == 1, math.inf, out))
    return xp.where((p >= 0) & (p <= 1), out, math.nan)


@_in_double
def entr(xp, x: Array) -> Array:
    """-x log(x), 0 at 0, -inf below."""
    out = -x * xp.log(xp.where(x > 0, x, 1.0))
    return xp.where(x < 0, -math.inf, xp.where(x == 0, 0.0, out))


@_in_double
def xlog1py(xp, x: Array, y: Array) -> Array:
    """x log(1 + y), 0 where x is 0 and y is not NaN."""
    return xp.where((x == 0) & ~xp.isnan(y), 0.0, x * xp.log1p(y))
