"""Base kernel of the classical orthogonal polynomials, computed in float64 by their recurrences.

P(k+1) = (A x + B) P(k) - C P(k-1) with P(0) = 1 and P(-1) = 0; differentiated j times, the same recurrence with
j A P^(j-1)(k) added. Coefficients: DLMF table 18.9.1 (https://dlmf.nist.gov/18.9).
"""

from __future__ import annotations

import math

from ._xp import Array
from .special import _in_double

_RECURRENCES = {  # family -> k -> (A, B, C)
    "chebyshev_t": lambda k: (2.0 if k else 1.0, 0.0, 1.0),
    "chebyshev_u": lambda k: (2.0, 0.0, 1.0),
    "chebyshev_v": lambda k: (2.0, 0.0 if k else -1.0, 1.0),
    "chebyshev_w": lambda k: (2.0, 0.0 if k else 1.0, 1.0),
    "hermite_h": lambda k: (2.0, 0.0, 2.0 * k),
    "hermite_he": lambda k: (1.0, 0.0, float(k)),
    "laguerre_l": lambda k: (-1 / (k + 1), (2 * k + 1) / (k + 1), k / (k + 1)),
    "legendre_p": lambda k: ((2 * k + 1) / (k + 1), 0.0, k / (k + 1)),
}


def _shifted(recurrence):
    """The recurrence of the polynomials at 2 x - 1."""

    def coefficients(k):
        a, b, c = recurrence(k)
        return 2 * a, b - a, c

    return coefficients


for _kind in "tuvw":
    _RECURRENCES[f"shifted_chebyshev_{_kind}"] = _shifted(_RECURRENCES[f"chebyshev_{_kind}"])


@_in_double
def orthogonal_polynomial(xp, x: Array, n: Array, family: str, order: int) -> Array:
    """The derivative of the given order of the polynomial of degree trunc(n) at x; 0 for n < 0."""
    x, n = xp.broadcast_arrays(x, xp.trunc(n))
    coefficients = _RECURRENCES[family]
    zero = 0 * x
    here, before = [zero + 1] + [zero] * order, [zero] * (order + 1)
    out = xp.where(n == 0, here[order], xp.where(xp.isnan(n), math.nan, zero))
    last = int(xp.where(xp.isfinite(n), n, 0.0).max()) if n.size else 0
    for k in range(last):
        a, b, c = coefficients(k)
        line = a * x + b
        after = [line * here[j] - c * before[j] + (j * a * here[j - 1] if j else 0) for j in range(order + 1)]
        here, before = after, here
        out = xp.where(n == k + 1, here[order], out)
    return out
