"""Approximate factorisations of low rank by random projection.

N. Halko, P.-G. Martinsson and J. Tropp, "Finding structure with randomness: probabilistic algorithms for constructing
approximate matrix decompositions" (2009), algorithms 4.4 and 5.1.
"""

import operator

from ._args import check_tensor
from ._matrices import check_dtype
from .decomposition import qr, svd
from .linalg import adjoint, matmul
from .op import FUNCTIONS, composite


def _basis(A, q, niter):
    """Orthonormal columns (*, M, q) that nearly span the columns of A."""
    random = FUNCTIONS["randn"](A.shape[-1], q, dtype=A.dtype, device=A.device)
    Q = qr(matmul(A, random))[0]
    for _ in range(niter):
        Q = qr(matmul(adjoint(A), Q))[0]
        Q = qr(matmul(A, Q))[0]
    return Q


def _check(name, A, q, niter):
    check_tensor(A, name, "A")
    if A.ndim < 2:
        raise ValueError(f"{name}: expected matrices (*, M, N), got shape {list(A.shape)}")
    check_dtype(name, A)
    q, niter = operator.index(q), operator.index(niter)
    if q < 0:
        raise ValueError(
            f"q(={q}) must be non-negative integer and not greater than min(m, n)={min(A.shape[-2:])}"
        )
    if niter < 0:
        raise ValueError(f"niter(={niter}) must be non-negative integer")
    return q, niter


@composite()
def svd_lowrank(A, q=6, niter=2, M=None):
    """svd_lowrank(A, q=6, niter=2, M=None) -> (U, S, V): about U diag(S) V^H = A - M, of rank q.

    A (*, M, N), U (*, M, q), S (*, q), V (*, N, q). niter steps of subspace iteration make the approximation better.
    Draws a random matrix from the default generator. M broadcasts. ValueError for a negative q or niter.
    """
    q, niter = _check("svd_lowrank", A, q, niter)
    if M is not None:
        A = A - M
    wide = A.shape[-2] < A.shape[-1]
    if wide:
        A = adjoint(A)
    Q = _basis(A, q, niter)
    U, S, Vh = svd(matmul(adjoint(Q), A), full_matrices=False)
    U, V = matmul(Q, U), adjoint(Vh)
    return (V, S, U) if wide else (U, S, V)


@composite()
def pca_lowrank(A, q=None, center=True, niter=2):
    """pca_lowrank(A, q=None, center=True, niter=2) -> (U, S, V): the first q principal components of the rows of A.

    `svd_lowrank` of A (*, M, N), from whose columns their mean is taken when center. q: min(6, M, N) when None. The
    columns of V are the directions; S^2 / (M - 1) the variances. ValueError for q above min(M, N).
    """
    wanted, niter = _check("pca_lowrank", A, 0 if q is None else q, niter)
    most = min(A.shape[-2:])
    if wanted > most:
        raise ValueError(f"q(={q}) must be non-negative integer and not greater than min(m, n)={most}")
    return svd_lowrank(A - A.mean(-2, True) if center else A, min(6, most) if q is None else wanted, niter)
