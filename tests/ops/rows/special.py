"""The functions of `flambeau.special` that no other family has, and the incomplete gamma functions."""

import numpy as np

from flambeau import special, tensor

from ..table import FLOATS, INTS, Bad, Row, Sample, binary, unary

FULL = ("float32", "float64")
WITH_INTS = (*FULL, *INTS, "bool")


def _refuses_complex(t):
    return [Bad(Sample(tensor([1j])), NotImplementedError, "not implemented for 'ComplexFloat'")]


def _unary(name, **options):
    options.setdefault("dtypes", WITH_INTS)
    options.setdefault("errors", _refuses_complex)
    return unary(f"special.{name}", function=getattr(special, name), torch=f"special.{name}", **options)


# PyTorch gives NaN for infinite arguments where there is a limit, and six digits in float64 for some functions:
# test_special.py has exact values.
SIX_DIGITS = dict(edges=False, rtol={"float64": 1e-4}, atol={"float64": 2e-6, "float32": 2e-6})

ROWS = [
    *[_unary(f"bessel_{kind}", domain=(-40, 40), **SIX_DIGITS) for kind in ("j0", "j1")],
    *[_unary(f"bessel_{kind}", domain=(0.1, 40), **SIX_DIGITS) for kind in ("y0", "y1")],
    _unary("spherical_bessel_j0", domain=(-20, 20)),
    unary("i0", np.i0, dtypes=FLOATS + INTS, domain=(-9, 9), edges=False, errors=_refuses_complex),
    _unary("i1", domain=(-9, 9), edges=False),
    _unary("i0e", domain=(-40, 40), dtypes=FLOATS + INTS),
    _unary("i1e", domain=(-40, 40), edges=False),
    *[_unary(f"modified_bessel_{kind}", domain=(-9, 9), edges=False) for kind in ("i0", "i1")],
    *[_unary(f"{scale}modified_bessel_{kind}", domain=(0.1, 9), atol={"float32": 0, "float64": 0})
      for kind in ("k0", "k1") for scale in ("", "scaled_")],
    _unary("airy_ai", domain=(-9, 5), **SIX_DIGITS),
    _unary("erfcx", domain=(-3, 9), errors=_refuses_complex, edge_gradients=False),
    _unary("ndtr", dtypes=FLOATS + INTS, domain=(-6, 6)),
    _unary("log_ndtr", domain=(-20, 5), edge_gradients=False),
    _unary("ndtri", domain=(0.01, 0.99)),
    _unary("entr", dtypes=FLOATS + INTS, domain=(0.1, 3)),
    binary("special.xlog1py", lambda x, y: x * np.log1p(y), function=special.xlog1py, torch="special.xlog1py",
           dtypes=(*FULL, *INTS), domain=(0.1, 3)),
]  # fmt: skip


# ---- the incomplete gamma functions and zeta: no gradient for the first argument, which is an int where it counts


def _pairs(t):
    return [
        Sample(t(3, 4), t(3, 4)),
        Sample(t(3, 1), t(4)),
        Sample(t(), t(2)),
        Sample(t(0), t(1)),
        Sample(t(40, low=5, high=60), t(40, low=5, high=60)),
        Sample(t(40, low=1e-3, high=1), t(40, low=1e-3, high=2)),
    ]


def _gamma_errors(t):
    return [
        Bad(Sample(t(2), 2.0), TypeError, r"argument 'other' \(position 2\) must be Tensor, not float"),
        Bad(Sample(2.0, t(2)), TypeError, r"argument 'input' \(position 1\) must be Tensor, not float"),
        Bad(Sample(t(2), t(3)), (RuntimeError, ValueError), "size|shape|broadcast"),
    ]


def _int_first(t):
    return [Sample(t.ints(5, 2, 3, low=2), t(2, 3)), Sample(t.ints(5, 3, 1, low=2), t(2))]


ROWS += [
    Row(name, _pairs, dtypes=FULL, domain=(0.1, 8), grad_samples=_int_first, errors=_gamma_errors)
    for name in ("igamma", "igammac")
]
ROWS += [
    Row(
        "special.zeta",
        lambda t: _pairs(t)[:4] + [Sample(t(3), 2.0), Sample(2.0, t(3)), Sample(t.ints(9, 3, low=2), t(3))],
        function=special.zeta,
        torch="special.zeta",
        dtypes=FULL,
        domain=(1.1, 12),
        grad_samples=_int_first,
        inplace=False,
        errors=lambda t: [Bad(Sample(t(2), "a"), TypeError, "str")],
    )
]

# ---- orthogonal polynomials

POLYNOMIALS = [
    *[f"{shift}chebyshev_polynomial_{kind}" for shift in ("", "shifted_") for kind in "tuvw"],
    "hermite_polynomial_h",
    "hermite_polynomial_he",
    "laguerre_polynomial_l",
    "legendre_polynomial_p",
]


def _degrees(t):
    made = [
        Sample(t(3, 4), t.ints(9, 3, 4)),
        Sample(t(5, 1), t.ints(30, 7)),
        Sample(t(), t.ints(4, 2)),
        Sample(t(0), t.ints(4, 1)),
        Sample(t(2, 3), 5),
        Sample(t(4), t.array([-1.0, 2.7, 0.0, 1.0])),
    ]
    return made + ([Sample(0.3, t.ints(9, 4))] if t.dtype == "float32" else [])


def _degree_errors(t):
    return [
        Bad(Sample(t(2), 100_001), RuntimeError, "the degree must be at most 100000, but got 100001"),
        Bad(Sample(1.0, 2), TypeError, "must be Tensor"),
        Bad(Sample(t(2), "a"), TypeError, "must be Tensor or Number, not str"),
    ]


ROWS += [
    Row(
        f"special.{name}",
        _degrees,
        function=getattr(special, name),
        torch=f"special.{name}",
        dtypes=FULL,
        domain=(0.05, 0.95),
        grad_samples=lambda t: [Sample(t(2, 3), t.ints(6, 2, 3)), Sample(t(2, 1), t.ints(4, 3))],
        errors=_degree_errors,
        rtol={"float32": 1e-3, "float64": 1e-8},  # of PyTorch, which computes float32 in float32
        atol={"float32": 1e-4},
    )
    for name in POLYNOMIALS
]

for _row in ROWS:
    for _dtype in WITH_INTS[2:]:
        _row.rtol.setdefault(_dtype, 2e-5)  # float32 results of ints
        _row.atol.setdefault(_dtype, 1e-6)
