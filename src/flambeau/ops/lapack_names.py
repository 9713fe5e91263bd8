"""The linear algebra of PyTorch 0.3: names of LAPACK's routines, and its order of arguments and results.

`flambeau.linalg` has each of them in today's form; dtypes, batches and gradients are those of these.
"""

from .. import _core
from ..dtype import int32
from ._args import check_tensor
from ._matrices import (
    check_dtype,
    check_matrix,
    check_square,
    check_system,
    into_all,
    raise_for,
)
from .decomposition import (
    LinalgCholeskyEx,
    LinalgLuFactorEx,
    _check_info,
    _check_lu,
    _cholesky,
    _lu_solve,
    geqrf,
    lu_solve,
    lu_unpack,
    qr,
)
from .linalg import adjoint, into, matmul
from .op import FUNCTIONS, composite, whole
from .solve import cholesky_inverse, cholesky_solve, lstsq, triangular_solve


@composite("gesv")
@whole
def gesv(B, A, *, out=None):
    """gesv(B, A, *, out=None) -> (solution, LU): the X of A X = B, and the factors L and U of A in one matrix.

    B (*, N, K), A (*, N, N). LinAlgError when A is singular. Today's functions: `linalg.solve`, `linalg.lu_factor`.
    """
    check_square("gesv", A)
    check_matrix("gesv", B, "B")
    check_system("gesv", A, B)
    factors, pivots, info = LinalgLuFactorEx.apply(A)
    raise_for(_core.array_of(info.cpu()), "gesv", "unsolvable")
    return into_all(out, (_lu_solve(factors, pivots, B, True, False), factors))


@composite("gels")
def gels(B, A, *, out=None):
    """gels(B, A, *, out=None) -> (solution, QR): the X that minimises |A X - B|, and A's QR factorisation.

    B (*, M, K), A (*, M, N) of full rank. The first result (*, max(M, N), K) has X, the shortest one if M < N, in its
    first N rows; the squares of the others sum up to the squared distances of the columns. The second is `geqrf`
    of A, or of A^H, then transposed, if M < N; it has no gradient, and with M > N A has none either. Today's function:
    `linalg.lstsq`, which has.
    """
    check_matrix("gels", A)
    check_matrix("gels", B, "B")
    check_system("gels", A, B)
    m, n = A.shape[-2:]
    X = lstsq(A, B, driver="gels").solution
    if m < n:
        return into_all(out, (X, adjoint(geqrf(adjoint(A)).a)))
    if m > n:
        rest = matmul(adjoint(qr(A, "complete").Q), B)[..., n:, :]
        X = FUNCTIONS["cat"]((X, rest), -2)
    return into_all(out, (X, geqrf(A).a))


@composite("potrf")
def potrf(a, upper=True, *, out=None):
    """potrf(a, upper=True, *, out=None) -> Tensor: the upper triangular U of a = U^H U, or the lower L of a = L L^H.

    a (*, N, N) is Hermitian and positive-definite; only that triangle is read. LinAlgError when it is not
    positive-definite. Today's function: `linalg.cholesky`.
    """
    check_square("potrf", a)
    return into(out, _cholesky(a, upper, "potrf")[0])


@composite("potri")
def potri(u, upper=True, *, out=None):
    """potri(u, upper=True, *, out=None) -> Tensor: the inverse of a (*, N, N), given what `potrf` makes of it.

    Today's function: `cholesky_inverse`.
    """
    check_square("potri", u)
    return cholesky_inverse(u, upper, out=out)


@composite("potrs")
def potrs(b, u, upper=True, *, out=None):
    """potrs(b, u, upper=True, *, out=None) -> Tensor: the X of a X = b (*, N, K), given what `potrf` makes of a.

    Today's function: `cholesky_solve`.
    """
    check_tensor(b, "potrs", "b")
    check_square("potrs", u, "u")
    return cholesky_solve(b, u, upper, out=out)


@composite("pstrf")
@whole
def pstrf(a, upper=True, tol=-1, *, out=None):
    """pstrf(a, upper=True, tol=-1, *, out=None) -> (u, piv): a's Cholesky factor with pivoting, and pivots.

    a[piv][:, piv] = u^H u, or u u^H for a lower triangular u if not upper, for a Hermitian, positive-definite a (N, N),
    of which only that triangle is read. piv (int32), counted from 0, brings the largest of the remaining diagonal to
    the front at each step; RuntimeError when it is not above tol, if negative N times the dtype's epsilon times the
    largest of the diagonal. `linalg.eigh` is today's way to matrices of lower rank.
    """
    check_tensor(a, "pstrf", "a")
    if a.ndim != 2:
        raise RuntimeError(f"pstrf: a should be a matrix, but it has shape {list(a.shape)}")
    check_square("pstrf", a, "a")
    strict = a.triu(1) if upper else a.tril(-1)
    full = strict + adjoint(strict) + a.diagonal().diag_embed()
    piv = FUNCTIONS["tensor"](_pivots(full.detach(), tol), dtype=int32, device=a.device)
    L = LinalgCholeskyEx.apply(full[piv.long()][:, piv.long()], "pstrf")[0]
    return into_all(out, (adjoint(L) if upper else L, piv))


def _pivots(left, tol):
    """The order in which rows of a Hermitian matrix are eliminated."""
    n = left.shape[0]
    order = list(range(n))
    for k in range(n):
        diagonal = left.diagonal().real.tolist()
        j = max(range(k, n), key=lambda i: diagonal[order[i]])
        order[k], order[j] = order[j], order[k]
        pivot = diagonal[order[k]]
        if k == 0 and tol < 0:
            tol = n * (2.0**-52 if left.dtype.to_real().name == "float64" else 2.0**-23) * pivot
        if not pivot > max(tol, 0):
            raise RuntimeError(
                f"pstrf: the matrix is rank deficient or not positive semidefinite: of its {n} pivots {k} are above "
                f"{tol:g}"
            )
        column = left[:, order[k]]
        left = left - column.unsqueeze(-1) * adjoint(column.unsqueeze(-1)) / pivot
    return order


@composite("trtrs")
def trtrs(b, A, upper=True, transpose=False, unitriangular=False, *, out=None):
    """trtrs(b, A, upper=True, transpose=False, unitriangular=False, *, out=None) -> (solution, A)

    The X of A X = b or, with transpose, of A^T X = b, for a triangular A (*, N, N) and b (*, N, K), and a copy of A.
    Today's function: `linalg.solve_triangular`.
    """
    check_square("trtrs", A)
    check_matrix("trtrs", b, "b")
    check_system("trtrs", A, b)
    return into_all(out, tuple(triangular_solve(b, A, upper, transpose, unitriangular)))


@composite("btrifact")
def btrifact(A, info=None, pivot=True, *, out=None):
    """btrifact(A, info=None, pivot=True, *, out=None) -> (LU, pivots): the LU factors of matrices, and row swaps.

    A (*, N, N). An int32 tensor `info` is resized to hold per matrix 0, or i when the i-th element of U's diagonal is
    zero; without it, that is a RuntimeError. Today's functions: `linalg.lu_factor`, `linalg.lu_factor_ex`.
    """
    if info is not None:
        check_tensor(info, "btrifact", "info", 2)
        if info.dtype.name != "int32":
            raise RuntimeError(f"btrifact: info should be a tensor of torch.int32, but it is of {info.dtype}")
    factors, pivots, found = _factored("btrifact", A, pivot)
    if info is None:
        _check_info("btrifact", found)
    else:
        info.resize_(found.shape).copy_(found)
    return into_all(out, (factors, pivots))


@composite("btrifact_with_info")
def btrifact_with_info(A, pivot=True, *, out=None):
    """btrifact_with_info(A, pivot=True, *, out=None) -> (LU, pivots, info): `btrifact` and info, no error.

    Today's function: `linalg.lu_factor_ex`.
    """
    return into_all(out, _factored("btrifact_with_info", A, pivot))


def _factored(name, A, pivot):
    check_square(name, A)
    _check_lu(name, A, pivot)
    return tuple(LinalgLuFactorEx.apply(A))


@composite("btrisolve")
def btrisolve(b, LU_data, LU_pivots, *, out=None):
    """btrisolve(b, LU_data, LU_pivots, *, out=None) -> Tensor: the x of A x = b, given what `btrifact` makes of A.

    b is a vector per matrix (*, N), or matrices (*, N, K). Today's function: `linalg.lu_solve`.
    """
    check_tensor(b, "btrisolve", "b")
    check_square("btrisolve", LU_data, "LU_data")
    check_dtype("btrisolve", b)
    if b.ndim == LU_data.ndim - 1:
        return into(out, lu_solve(LU_data, LU_pivots, b.unsqueeze(-1)).squeeze(-1))
    return lu_solve(LU_data, LU_pivots, b, out=out)


@composite()
def btriunpack(LU_data, LU_pivots, unpack_data=True, unpack_pivots=True):
    """btriunpack(LU_data, LU_pivots, unpack_data=True, unpack_pivots=True) -> (P, L, U)

    A = P L U, of what `btrifact` makes of A; None in place of those that are not wanted. Today's function: `lu_unpack`.
    """
    P, L, U = lu_unpack(LU_data, LU_pivots, unpack_data, unpack_pivots)
    return P if unpack_pivots else None, L if unpack_data else None, U if unpack_data else None
