"""Rows of systems of equations, inverses, determinants, and of norms and functions of matrices."""

import numpy as np

import flambeau as fb
from tests.ops.rows.decomposition import (
    ANY,
    DTYPES,
    LOOSE,
    SMALL_ANY,
    SQUARE,
    hermitian,
    matrices,
    positive,
    spread,
    through,
)
from tests.ops.table import COMPLEX, FLOATS, Row, Sample

inf = float("inf")


def direct(name, samples, function=None, **options):
    """A row of a function of `linalg` or the top level as it is, in NumPy's terms when there is a reference."""
    if function is None and name.startswith("linalg."):
        function = getattr(fb.linalg, name.partition(".")[2])
    return Row(name, samples, function=function, **{**LOOSE, "dtypes": DTYPES, **options})


def systems(t):
    pairs = [((3, 3), (3, 2)), ((2, 3, 3), (2, 3, 1)), ((2, 3, 3), (3, 2)), ((3, 3), (2, 3, 2)), ((0, 0), (0, 2)),
             ((2, 1, 3, 3), (3, 3, 2)), ((1, 1), (1, 0))]  # fmt: skip
    return [Sample(t(*a), t(*b)) for a, b in pairs]


def general_systems(t):
    vectors = [((3, 3), (3,)), ((2, 3, 3), (2, 3)), ((2, 3, 3), (3,))]
    made = systems(t) + [Sample(t(*a), t(*b)) for a, b in vectors]
    return made + [Sample(t(3, 3), t(2, 3), left=False), Sample(t(2, 3, 3), t(2, 2, 3), left=False)]


def triangular_systems(t):
    made = []
    for upper in (True, False):
        made += [Sample(*s.args, upper=upper) for s in systems(t)]
        made.append(Sample(t(3, 3), t(2, 3), upper=upper, left=False))
        made.append(Sample(t(3, 3), t(3, 2), upper=upper, unitriangular=True))
        made.append(Sample(t(2, 3, 3), t(2, 2, 3), upper=upper, left=False, unitriangular=True))
    return made


def older_triangular_systems(t):
    made = [Sample(*s.args) for s in systems(t)]
    options = ({"upper": False}, {"transpose": True}, {"upper": False, "transpose": True}, {"unitriangular": True})
    return made + [Sample(t(3, 3), t(3, 2), **o) for o in options]


def with_factor(t):
    return [Sample(*s.args, **o) for s in systems(t) for o in ({}, {"upper": True})]


def least_squares(t):
    pairs = [((3, 3), (3, 2)), ((4, 2), (4, 3)), ((2, 4), (2, 3)), ((2, 4, 2), (2, 4, 1)), ((2, 4, 2), (2, 4))]
    made = [Sample(t(*a), t(*b)) for a, b in pairs]
    return made + [Sample(t(4, 2), t(4, 2), driver=d) for d in ("gels", "gelsy", "gelsd", "gelss")]


def pseudo_inverses(t):
    made = matrices(*ANY)(t)
    made += matrices((3, 3), hermitian=True)(t) + matrices((2, 3, 3), rtol=0.2)(t) + matrices((3, 2), atol=0.1)(t)
    return made


def pinv(L, A, **options):
    return L.linalg.pinv(hermitian(A) if options.get("hermitian") else spread(A), **options)


def small_pseudo_inverses(t):
    return matrices(*SMALL_ANY)(t) + matrices((3, 3), hermitian=True)(t)


def ranks(t):
    low = t(3, 2)
    made = matrices(*ANY)(t) + [Sample(low @ low.mH), Sample(low @ low.mH, hermitian=True)]
    tolerance = t.array([0.1, 50.0], "float64" if t.dtype in ("float64", "complex128") else "float32")
    return made + matrices((3, 3), tol=3.0)(t) + matrices((3, 3), rtol=0.9)(t) + [
        Sample(t(2, 3, 3), atol=tolerance), Sample(t(2, 3, 3), rtol=tolerance)]  # fmt: skip


ORDERS = ("fro", "nuc", 1, -1, 2, -2, inf, -inf)


def conditions(t):
    made = [s for p in (*ORDERS, None) for s in matrices((3, 3), (2, 3, 3), p=p)(t)]
    return made + matrices((3, 2), (2, 2, 4), p=-2)(t) + matrices((3, 2), (0, 0), p=None)(t) + matrices((0, 0), p=1)(t)


def matrix_norms(t):
    made = [s for p in ORDERS for s in matrices((3, 3), (2, 3, 4), (4, 2), ord=p)(t)]
    made += [s for p in ORDERS for s in matrices((2, 3, 4), ord=p, dim=(0, 2), keepdim=True)(t)]
    made += [s for p in ("fro", "nuc", 1, 2, inf) for s in matrices((0, 0), ord=p)(t)]
    return made + matrices((2, 3, 4), ord=1, dim=(2, 1))(t) + matrices((0, 3), ord=1)(t) + matrices((3, 0), ord=inf)(t)


def small_norms(t):
    return [s for p in ORDERS for s in matrices((3, 3), (2, 3), ord=p)(t)] + matrices(
        (2, 3, 2), ord="nuc", dim=(0, 2), keepdim=True
    )(t)


def norms(t):
    made = [s for p in (None, 2, 1, inf, 0, 3) for s in matrices((4,), (2, 3), ord=p, dim=-1)(t)]
    made += matrices((4,), (2, 3), (2, 3, 4))(t) + matrices((4,), (2, 3), ord=1)(t) + matrices((2, 3), ord="nuc")(t)
    return made + matrices((2, 3, 4), dim=(0, 1))(t) + matrices((2, 3, 4), ord=-2, dim=(0, 1), keepdim=True)(t)


def vector_norms(t):
    made = [s for p in (2, 1, inf, -inf, 0, 3, 0.5) for s in matrices((4,), (2, 3), ord=p)(t)]
    return made + matrices((2, 3, 4), dim=(0, 2), keepdim=True)(t) + matrices((2, 3), dim=0)(t)


def pairs(*shapes, **options):
    return lambda t: [Sample(t(*a), t(*b), **options) for a, b in shapes]


def vectors(t):
    made = pairs(((4,), (4,)), ((2, 3), (2, 3)), ((2, 3), (3,)), ((2, 0), (2, 0)))(t)
    return made + pairs(((3, 2), (3, 2)), dim=0)(t)


def exponentials(t):
    return matrices(*SQUARE)(t) + [Sample(t(2, 3, 3, low=-30, high=2)), Sample(t(3, 3) * 0.001)]



def chains(t):
    shapes = (((2, 3), (3, 4)), ((3,), (3, 4), (4, 2)), ((2, 3), (3, 4), (4, 2), (2,)), ((3,), (3,)))
    return [Sample([t(*s) for s in chain]) for chain in shapes]


ROWS = [
    direct("linalg.inv", lambda t: [Sample(spread(t(*s))) for s in SQUARE]),
    through("linalg.inv_ex", lambda L, A: L.linalg.inv_ex(spread(A)), matrices(*SQUARE)),
    through("linalg.solve", lambda L, A, B, **k: L.linalg.solve(spread(A), B, **k), general_systems),
    through("linalg.solve_ex", lambda L, A, B, **k: L.linalg.solve_ex(spread(A), B, **k), general_systems),
    through("linalg.solve_triangular", lambda L, A, B, **k: L.linalg.solve_triangular(spread(A), B, **k),
            triangular_systems),
    through("triangular_solve", lambda L, A, B, **k: L.triangular_solve(B, spread(A), **k), older_triangular_systems),
    through("cholesky_solve", lambda L, A, B, **k: L.cholesky_solve(B, spread(A), **k), with_factor),
    through("cholesky_inverse", lambda L, A, **k: L.cholesky_inverse(L.linalg.cholesky(positive(A), **k), **k),
            lambda t: matrices(*SQUARE)(t) + matrices((3, 3), upper=True)(t)),
    direct("linalg.tensorsolve", lambda t: [Sample(t(2, 3, 6), t(2, 3)), Sample(t(3, 2, 6), t(6), dims=(0, 1)),
                                            Sample(t(6, 2, 3), t(6))]),
    direct("linalg.tensorinv", lambda t: [Sample(t(2, 3, 6)), Sample(t(4, 2, 2), ind=1)]),
    through("linalg.pinv", pinv, pseudo_inverses, grad_samples=small_pseudo_inverses),
    through("pinverse", lambda L, A: L.pinverse(spread(A)), matrices(*ANY), grad_samples=matrices(*SMALL_ANY)),
    through("linalg.lstsq", lambda L, A, B, **k: L.linalg.lstsq(spread(A), B, **k), least_squares,
            grad_samples=lambda t: [s for s in least_squares(t) if s.kwargs.get("driver") not in ("gelsd", "gelss")]),
    direct("det", lambda t: matrices(*SQUARE)(t) + [Sample(t.array(np.ones((2, 2))))],
           reference=np.linalg.det, grad_samples=matrices((3, 3), (2, 2, 2))),
    direct("linalg.det", matrices(*SQUARE), reference=np.linalg.det),
    direct("slogdet", matrices(*SQUARE)),
    direct("linalg.slogdet", matrices(*SQUARE)),
    through("logdet", lambda L, A: L.logdet(positive(A)), matrices(*SQUARE)),
    direct("matrix_exp", exponentials, grad_samples=matrices((3, 3), (2, 2, 2))),
    direct("linalg.matrix_exp", exponentials, grad_samples=matrices((3, 3))),
    direct("linalg.matrix_power", lambda t: [Sample(spread(t(*s)), n) for s in SQUARE for n in (0, 1, 3, -2)],
           grad_samples=lambda t: [Sample(spread(t(3, 3)), n) for n in (1, 3, -2)]),
    direct("linalg.matrix_rank", ranks, grad=False),
    through("linalg.cond", lambda L, A, p: L.linalg.cond(spread(A), p), conditions),
    direct("linalg.matrix_norm", matrix_norms, grad_samples=small_norms),
    direct("linalg.norm", norms),
    direct("linalg.vector_norm", vector_norms, dtypes=(*FLOATS, *COMPLEX)),
    direct("nuclear_norm", lambda t: matrices((3, 3), (2, 3, 4))(t) + matrices((2, 3, 4), dim=(0, 1), keepdim=True)(t)),
    direct("frobenius_norm", lambda t: matrices((3, 3), (2, 3, 4), dim=(0, 1))(t) + matrices((4,), dim=0)(t)),
    direct("norm_except_dim", lambda t: matrices((2, 3), (2, 3, 4), pow=2, dim=1)(t) + matrices((2, 3), (3,), pow=1)(t)
           + matrices((2, 3), dim=-1)(t)),
    direct("linalg.vecdot", vectors, dtypes=(*FLOATS, *COMPLEX), atol={"float16": 1e-2, "bfloat16": 0.1}),
    direct("linalg.cross", pairs(((2, 3), (2, 3)), ((3,), (3,)), ((2, 3), (1, 3)))),
    direct("linalg.diagonal", lambda t: matrices((3, 3), (2, 3, 4))(t) + matrices((2, 3, 4), offset=1, dim1=0)(t)),
    direct("linalg.multi_dot", chains),
    direct("linalg.matmul", pairs(((2, 3), (3, 2)), ((2, 3, 4), (4,)))),
    direct("vander", lambda t: matrices((4,), (1,))(t) + matrices((3,), N=5, increasing=True)(t)
           + matrices((3,), N=2)(t) + matrices((3,), N=0)(t), dtypes=(*DTYPES, "int64"),
           grad_samples=matrices((3,))),
    direct("linalg.vander", lambda t: matrices((4,), (2, 3))(t) + matrices((3,), N=5)(t) + matrices((3,), N=2)(t),
           dtypes=(*DTYPES, "int64")),
]  # fmt: skip

# Names that only raise, as PyTorch's do.
ELSEWHERE = dict.fromkeys(["symeig", "eig", "lstsq", "solve", "matrix_rank"], "tests/ops/test_solve.py")
