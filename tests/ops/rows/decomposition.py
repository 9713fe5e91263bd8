"""Rows of the factorisations. Factors that are unique only up to signs, phases or order are compared through functions
that do not depend on these: products of factors, and their sizes."""

import numpy as np

import flambeau as fb
from tests.ops.table import COMPLEX, Row, Sample

try:
    import torch
except ImportError:
    torch = None

DTYPES = ("float32", "float64", *COMPLEX)
LOOSE = dict(rtol={"float32": 2e-3, "complex64": 2e-3}, atol={"float32": 2e-3, "complex64": 2e-3})
SQUARE = ((3, 3), (2, 3, 3), (1, 1), (0, 0), (2, 0, 3, 3))
SMALL = ((3, 3), (2, 2, 2))
ANY = ((3, 3), (4, 2), (2, 3), (2, 4, 3), (2, 1, 2, 3), (1, 1), (0, 0), (0, 3), (3, 0), (0, 3, 2))
SMALL_ANY = ((3, 3), (4, 2), (2, 4), (2, 2, 3))


def through(name, call, samples, **options):
    """A row of `call(library, *arguments)`, the library being flambeau or PyTorch."""
    oracle = lambda *a, **k: call(torch, *a, **k)  # noqa: E731  (called only where PyTorch is)
    return Row(name, samples, torch=oracle, function=lambda *a, **k: call(fb, *a, **k),
               **{**LOOSE, "dtypes": DTYPES, **options})  # fmt: skip


def matrices(*shapes, **options):
    return lambda t: [Sample(t(*s), **options) for s in shapes]


def diagonal(A):
    """diag(1, 2, ...) of the shape of A."""
    return (A.detach() * 0 + 1).cumsum(-1).tril().triu()


def spread(A):
    """Matrices of full rank with well separated eigenvalues and singular values."""
    return A + 5 * diagonal(A)


def positive(A):
    """Hermitian positive-definite matrices."""
    return A @ A.mH + diagonal(A)


def hermitian(A):
    return spread(A + A.mH)


def cholesky_samples(t):
    return matrices(*SQUARE)(t) + matrices((3, 3), upper=True)(t)


def eigh(L, A, **options):
    values, V = L.linalg.eigh(hermitian(A), **options)
    return values, V.abs(), (V * (values / 20).exp().unsqueeze(-2)) @ V.mH


def eig(L, A):
    values, V = L.linalg.eig(spread(A))
    weights = (V.abs() ** 2 * values.unsqueeze(-2)).sum(-1)
    return values.sum(-1), weights, (V * (values / 20).exp().unsqueeze(-2)) @ L.linalg.inv(V)


def eigvals(L, A):
    values = L.linalg.eigvals(spread(A))
    return values.sum(-1), (values * values).sum(-1), (values / 20).exp().sum(-1)


def without_phases(U, S, Vh):
    k = S.shape[-1]
    U, Vh = U[..., :k], Vh[..., :k, :]
    return U.abs(), S, Vh.abs(), (U * (S / 20).exp().unsqueeze(-2)) @ Vh


def svd(L, A, **options):
    U, S, Vh = L.linalg.svd(spread(A), **options)
    return *without_phases(U, S, Vh), U.detach().mH @ U.detach(), Vh.detach() @ Vh.detach().mH


def older_svd(L, A, **options):
    U, S, V = L.svd(spread(A), **options)
    return without_phases(U, S, V.mH)


def factored(t, *shapes):
    """The compact LU factors, pivots and right-hand sides of some systems."""
    return [Sample(t(*a), t(*b)) for a, b in shapes]


def lu_solve_samples(t):
    made = factored(t, ((3, 3), (3, 2)), ((2, 3, 3), (2, 3, 1)), ((0, 0), (0, 2)), ((3, 3), (3, 0)))
    return made + [
        Sample(t(3, 3), t(3, 2), adjoint=True),
        Sample(t(3, 3), t(2, 3), left=False),
        Sample(t(2, 3, 3), t(2, 2, 3), left=False, adjoint=True),
    ]


def symmetric(t):
    sizes = ((1, 1), (4, 4), (2, 6, 6), (0, 0), (3, 0, 0), (0, 2, 2))
    return matrices(*sizes)(t) + [Sample(t(7, 7) * (1 - diagonal(t(7, 7)).sgn()))]  # the last needs blocks of size 2


def ldl_solve(L, B, hermitian=False):
    """A system with a fixed indefinite matrix: only B has a gradient."""
    n = B.shape[-2]
    values = np.random.RandomState(0).standard_normal((*B.shape[:-2], n, n)) * (1 - 0.9 * np.eye(n))
    A = L.as_tensor(values, device=B.device).to(B.dtype)
    A = A + 1j * A.tril(-1).mT if B.is_complex() else A
    factors = L.linalg.ldl_factor(A + (A.mH if hermitian else A.mT), hermitian=hermitian)
    return L.linalg.ldl_solve(factors.LD, factors.pivots, B, hermitian=hermitian)


def low_rank(A):
    """Matrices of rank 2."""
    return (A[..., :, :2] @ A[..., :2, :]).detach()


def low_ranks(t):
    """Where the rank allows it, the approximation is exact whatever is drawn; gradients depend on the draw."""
    return matrices((5, 4), (4, 5), (2, 5, 4), q=3)(t) + matrices((5, 4), q=4, niter=0)(t)


def product(U, S, V):
    return S[..., :2], (U * S.unsqueeze(-2)) @ V.mH


def qr_samples(t):
    return matrices(*ANY)(t) + matrices(*ANY, mode="complete")(t)


def qr_grads(t):
    return matrices(*SMALL_ANY)(t) + matrices((3, 3), (2, 4), mode="complete")(t)


def reflections(t):
    pairs = [((3, 3), (3,)), ((4, 2), (2,)), ((4, 3), (2,)), ((2, 3, 2), (2, 2)), ((3, 0), (0,)), ((0, 0), (0,))]
    return [Sample(t(*a), t(*tau)) for a, tau in pairs]


def ormqr_samples(t):
    return [
        Sample(t(3, 3), t(3), t(3, 2)),
        Sample(t(4, 2), t(2), t(4, 3)),
        Sample(t(4, 2), t(2), t(4, 3), transpose=True),
        Sample(t(4, 2), t(2), t(3, 4), left=False),
        Sample(t(4, 2), t(2), t(3, 4), left=False, transpose=True),
        Sample(t(2, 4, 2), t(2, 2), t(2, 4, 1)),
    ]


def lobpcg(L, A, X, B=None, **options):
    """Eigenvalues and squared vectors, whose signs are open."""
    A = spread(A) + spread(A).mT
    E, V = L.lobpcg(A, B=None if B is None else positive(B), X=X.detach(), tol=1e-10, **options)
    return E, V * V


ROWS = [
    through("linalg.cholesky", lambda L, A, **k: L.linalg.cholesky(positive(A), **k), cholesky_samples),
    through("linalg.cholesky_ex", lambda L, A, **k: L.linalg.cholesky_ex(positive(A), **k), cholesky_samples),
    through("cholesky", lambda L, A, **k: L.cholesky(positive(A), **k), cholesky_samples),
    through("linalg.lu_factor", lambda L, A: L.linalg.lu_factor(A), matrices(*ANY),
            grad_samples=matrices(*SMALL_ANY)),
    through("linalg.lu_factor_ex", lambda L, A: L.linalg.lu_factor_ex(A), matrices(*ANY),
            grad_samples=matrices(*SMALL_ANY)),
    through("linalg.lu", lambda L, A: L.linalg.lu(A), matrices(*ANY), grad_samples=matrices(*SMALL_ANY)),
    through("lu", lambda L, A, **k: tuple(L.lu(A, **k)),
            lambda t: matrices(*ANY)(t) + matrices((3, 3), get_infos=True)(t), grad_samples=matrices(*SMALL_ANY)),
    through("lu_unpack", lambda L, A, **k: L.lu_unpack(*L.linalg.lu_factor(A), **k),
            lambda t: matrices(*ANY)(t) + matrices((3, 3), unpack_pivots=False)(t)
            + matrices((3, 3), unpack_data=False)(t), grad_samples=matrices(*SMALL_ANY)),
    through("linalg.lu_solve", lambda L, A, B, **k: L.linalg.lu_solve(*L.linalg.lu_factor(spread(A)), B, **k),
            lu_solve_samples),
    through("lu_solve", lambda L, A, B: L.lu_solve(B, *L.linalg.lu_factor(spread(A))),
            lambda t: factored(t, ((3, 3), (3, 2)), ((2, 3, 3), (2, 3, 1)))),
    through("linalg.ldl_factor", lambda L, A, **k: L.linalg.ldl_factor(A + A.mT, **k), symmetric, grad=False),
    through("linalg.ldl_factor_ex", lambda L, A, **k: L.linalg.ldl_factor_ex(A + A.mH, hermitian=True, **k), symmetric,
            grad=False),
    through("linalg.ldl_solve", ldl_solve, lambda t: [
        Sample(t(4, 2)), Sample(t(4, 2), hermitian=True), Sample(t(2, 5, 1)), Sample(t(0, 2)), Sample(t(3, 0)),
        Sample(t(6, 1), hermitian=True)]),
    through("svd_lowrank", lambda L, A, **k: product(*L.svd_lowrank(low_rank(A), **k)), low_ranks, grad=False),
    through("pca_lowrank", lambda L, A, **k: product(*L.pca_lowrank(low_rank(A), **k)), low_ranks, grad=False),
    through("lobpcg", lobpcg, lambda t: [
        Sample(t(9, 9), t(9, 2)), Sample(t(9, 9), t(9, 2), largest=False), Sample(t(7, 7), t(7, 1), t(7, 7)),
        Sample(t(2, 6, 6), t(2, 6, 2)), Sample(t(9, 9), t(9, 3), k=2, method="basic")],
            grad_samples=lambda t: [Sample(t(6, 6), t(6, 2)), Sample(t(4, 4), t(4, 1), t(4, 4), largest=False)],
            dtypes=("float64",), atol={"float64": 1e-7}),
    through("linalg.qr", lambda L, A, **k: L.linalg.qr(A, **k), qr_samples, grad_samples=qr_grads),
    through("qr", lambda L, A, **k: L.qr(A, **k),
            lambda t: matrices(*ANY)(t) + matrices((3, 2), some=False)(t), grad_samples=matrices(*SMALL_ANY)),
    through("geqrf", lambda L, A: L.geqrf(A), matrices(*ANY[:6]), grad=False),
    through("linalg.householder_product", lambda L, A, tau: L.linalg.householder_product(A, tau), reflections),
    through("orgqr", lambda L, A, tau: L.orgqr(A, tau), reflections),
    through("ormqr", lambda L, *a, **k: L.ormqr(*a, **k), ormqr_samples),
    through("linalg.eigh", eigh, lambda t: matrices(*SQUARE)(t) + matrices((3, 3), UPLO="U")(t),
            grad_samples=lambda t: matrices(*SMALL)(t) + matrices((3, 3), UPLO="U")(t)),
    through("linalg.eigvalsh", lambda L, A, **k: L.linalg.eigvalsh(hermitian(A), **k),
            lambda t: matrices(*SQUARE)(t) + matrices((3, 3), UPLO="U")(t)),
    through("linalg.eig", eig, matrices(*SQUARE), grad_samples=matrices(*SMALL)),
    through("linalg.eigvals", eigvals, matrices(*SQUARE), grad_samples=matrices(*SMALL)),
    through("linalg.svd", svd, lambda t: matrices(*ANY)(t) + matrices(*ANY, full_matrices=False)(t),
            grad_samples=lambda t: matrices(*SMALL_ANY)(t) + matrices((3, 2), full_matrices=False)(t)),
    through("linalg.svdvals", lambda L, A: L.linalg.svdvals(spread(A)), matrices(*ANY),
            grad_samples=matrices(*SMALL_ANY)),
    through("svd", older_svd, lambda t: matrices(*ANY)(t) + matrices((3, 2), some=False)(t),
            grad_samples=matrices(*SMALL_ANY)),
]  # fmt: skip
