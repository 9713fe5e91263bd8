"""Rows of 0.3's names of linear algebra. PyTorch has them no more: the references are NumPy's, of what the factors that
it does not have make together."""

import numpy as np

import flambeau as fb
from tests.ops.rows.decomposition import DTYPES, LOOSE, SQUARE, matrices, positive, spread
from tests.ops.rows.solve import older_triangular_systems, systems
from tests.ops.table import Row, Sample


def old(name, samples, reference, function=None, **options):
    return Row(
        name, samples, reference, torch=None, function=function, **{**LOOSE, "dtypes": DTYPES, **options}
    )


def adj(A):
    return A.conj().swapaxes(-2, -1)


def far(A):
    """`spread` in NumPy."""
    return A + 5 * np.eye(*A.shape[-2:]) * np.arange(1, A.shape[-1] + 1)


def definite(A):
    """`positive` in NumPy."""
    return A @ adj(A) + np.eye(A.shape[-1]) * np.arange(1, A.shape[-1] + 1)


def definite_solution(A, B):
    return np.linalg.solve(definite(A), B)


# ---- functions under test, on matrices that suit them


def gesv(A, B):
    X, LU = fb.gesv(B, spread(A))
    return X, LU.diagonal(0, -2, -1).prod(-1).abs()


def gesv_reference(A, B):
    return np.linalg.solve(far(A), B), abs(np.linalg.det(far(A)))


def gels(A, B):
    """The solution and the squared distances."""
    X, _ = fb.gels(B, spread(A))
    n = A.shape[-1]
    return X[..., :n, :], X[..., n:, :].abs().square().sum(-2)


def gels_reference(A, B):
    A = far(A)
    X = np.linalg.pinv(A) @ B
    return X, (abs(A @ X - B) ** 2).sum(-2)


def potrf_reference(A, upper=True):
    L = np.linalg.cholesky(definite(A))
    return adj(L) if upper else L


def pstrf(A, upper=True):
    """The factor, and what it and the pivots make of the matrix again: the matrix."""
    u, piv = fb.pstrf(positive(A), upper)
    product = u.mH @ u if upper else u @ u.mH
    back = piv.long().argsort()
    return (
        u.diagonal().real.diff(),
        product[back][:, back],
        (u - (u.triu() if upper else u.tril())).abs().sum(),
    )


def pstrf_reference(A, upper=True):
    full = definite(A)
    left, pivots = full.copy(), []
    for _ in range(len(full)):
        j = left.diagonal().real.argmax()
        pivots.append(left[j, j].real)
        left = left - np.outer(left[:, j], left[:, j].conj()) / left[j, j]
    return np.diff(np.sqrt(pivots)), full, 0.0


def trtrs(A, b, **options):
    return fb.trtrs(b, spread(A), **options)


def trtrs_reference(A, b, upper=True, transpose=False, unitriangular=False):
    full = far(A)
    T = np.triu(full) if upper else np.tril(full)
    if unitriangular:
        T = T * (1 - np.eye(T.shape[-1])) + np.eye(T.shape[-1])
    batch = np.broadcast_shapes(A.shape[:-2], b.shape[:-2])
    return np.linalg.solve(T.swapaxes(-2, -1) if transpose else T, b), np.broadcast_to(
        full, batch + A.shape[-2:]
    )


def potrs(A, b, upper=True):
    return fb.potrs(b, fb.potrf(positive(A), upper), upper)


def product(P, L, U):
    return P @ L @ U


def with_info(A):
    LU, pivots, info = fb.btrifact_with_info(spread(A))
    return product(*fb.btriunpack(LU, pivots)), info


def determinants(A):
    return fb.stack([fb.det(factor) for factor in fb.btriunpack(*fb.btrifact(A))]).prod(0)


def btrisolve(A, b):
    return fb.btrisolve(b, *fb.btrifact(spread(A)))


def btrisolve_reference(A, b):
    return np.linalg.solve(far(A), b[..., None])[..., 0] if b.ndim < A.ndim else np.linalg.solve(far(A), b)


def some(t):
    """A and B, A with no more rows than columns: there A has a gradient."""
    return [Sample(t(*a), t(*b)) for a, b in (((3, 3), (3, 2)), ((2, 4), (2, 3)), ((2, 2, 3), (2, 2, 1)))]


def tall(t):
    return [Sample(t(*a), t(*b)) for a, b in (((4, 2), (4, 3)), ((2, 4, 2), (2, 4, 1)), ((3, 1), (3, 1)))]


def with_vectors(t):
    pairs = (((3, 3), (3,)), ((2, 3, 3), (2, 3)), ((2, 3, 3), (2, 3, 2)), ((0, 0), (0,)), ((2, 0, 0), (2, 0)))
    return [Sample(t(*a), t(*b)) for a, b in pairs]


ROWS = [
    old("gesv", systems, gesv_reference, gesv),
    old("gels", lambda t: some(t) + tall(t), gels_reference, gels, grad_samples=some),
    old("potrf", lambda t: [Sample(t(*s), u) for s in SQUARE for u in (True, False)], potrf_reference,
        lambda A, upper: fb.potrf(positive(A), upper)),
    old("potri", matrices(*SQUARE), lambda A: np.linalg.inv(definite(A)),
        lambda A: fb.potri(fb.potrf(positive(A)))),
    old("potrs", lambda t: [Sample(*s.args, u) for s in systems(t) for u in (True, False)],
        lambda A, b, upper: definite_solution(A, b), potrs),
    old("pstrf", lambda t: [Sample(t(n, n), u) for n in (1, 3, 4) for u in (True, False)], pstrf_reference, pstrf),
    old("trtrs", older_triangular_systems, trtrs_reference, trtrs),
    old("btrifact", matrices(*SQUARE), far, lambda A: product(*fb.btriunpack(*fb.btrifact(spread(A))))),
    old("btrifact_with_info", matrices(*SQUARE), lambda A: (far(A), np.zeros(A.shape[:-2])), with_info),
    old("btrisolve", with_vectors, btrisolve_reference, btrisolve),
    old("btriunpack", matrices(*SQUARE), np.linalg.det, determinants),
]  # fmt: skip

ELSEWHERE = {"masked_copy_": "tests/ops/test_older_names.py"}
