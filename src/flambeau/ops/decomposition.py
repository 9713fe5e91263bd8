"""Factorisations of matrices: the decomposing half of `flambeau.linalg`, and their older top-level forms.

Matrices are batches (*, M, N) of float32, float64, complex64 or complex128. Factors that are unique only up to signs,
phases or the basis of a subspace are LAPACK's choice; functions of them that depend on that choice have no meaningful
gradient. Where eigenvalues or singular values coincide the gradients of vectors have infinities or NaN, as in PyTorch,
while those of values alone (`eigvalsh`, `svdvals`, norms) stay finite.
"""

from .. import _core
from ..interpreters import any_true
from ._args import check_tensor, named_result
from ._matrices import (
    broadcast_batches,
    check_dtype,
    check_matrix,
    check_same_dtype,
    check_square,
    check_system,
    converged,
    into_all,
    raise_for,
    transposed,
)
from .autocast import install
from .linalg import adjoint, into, matmul
from .op import FUNCTIONS, Op, composite
from .pointwise import conj
from .solve import LinalgSolveEx, identity, triangular


def _plus(a, b):
    """a + b, where None counts as zero."""
    return b if a is None else a if b is None else a + b


def _diagonals(values):
    return values.diag_embed()


# ---- Cholesky

CholeskyEx = named_result("linalg_cholesky_ex", "L", "info")


class LinalgCholeskyEx(Op, name="_cholesky_ex", namespace="linalg"):
    """L of A = L L^H, and info. I. Murray, "Differentiation of the Cholesky decomposition" (2016)."""

    @staticmethod
    def forward(ctx, A, checked=None):
        L, info = ctx.k.cholesky(A)
        raise_for(info, checked, "definite")
        ctx.save_for_backward(L)
        return L, info

    @staticmethod
    def backward(ctx, grad, _):
        (L,) = ctx.saved
        inner = _hermitian(matmul(adjoint(grad), L)) * 0.5
        return triangular(L, triangular(adjoint(L), inner, True), False, left=False)


def _cholesky(A, upper, checked):
    if upper:  # A is read from its upper triangle
        A = adjoint(A)
    L, info = LinalgCholeskyEx.apply(A, checked)
    return (adjoint(L) if upper else L), info


def cholesky(A, *, upper=False, out=None):
    """linalg.cholesky(A, *, upper=False, out=None) -> Tensor: the lower triangular L of A = L L^H, or the upper L^H.

    A (*, N, N) is Hermitian and positive-definite; only that triangle is read. LinAlgError when a matrix is not
    positive-definite. The gradient is Hermitian.
    """
    check_square("linalg.cholesky", A)
    return into(out, _cholesky(A, upper, "linalg.cholesky")[0])


def cholesky_ex(A, *, upper=False, check_errors=False, out=None):
    """linalg.cholesky_ex(A, *, upper=False, check_errors=False, out=None) -> (L, info): `cholesky` without an error.

    info (int32) has per matrix 0, or the order of the leading minor that is not positive-definite; that L is then of
    no use.
    """
    check_square("linalg.cholesky_ex", A)
    return into_all(out, CholeskyEx(*_cholesky(A, upper, "linalg.cholesky_ex" if check_errors else None)))


def _older_cholesky(input, upper=False, *, out=None):
    """cholesky(input, upper=False, *, out=None) -> Tensor: the older name of `linalg.cholesky`."""
    check_square("cholesky", input)
    return into(out, _cholesky(input, upper, "cholesky")[0])


composite("cholesky", name="cholesky")(_older_cholesky)


# ---- LU

LUFactor = named_result("linalg_lu_factor", "LU", "pivots")
LUFactorEx = named_result("linalg_lu_factor_ex", "LU", "pivots", "info")
LU = named_result("linalg_lu", "P", "L", "U")
LUUnpack = named_result("lu_unpack", "P", "L", "U")


class LinalgLuFactorEx(Op, name="_lu_factor_ex", namespace="linalg"):
    """L and U of A = P L U in one matrix, the row swaps and info.

    With P^T A = L U, the first min(M, N) rows and columns give the square case, gA = P L^-H (tril(L^H gL, -1) +
    triu(gU U^H)) U^-H; further columns are U2 = L^-1 A2, further rows L2 = A2 U^-1.
    """

    @staticmethod
    def forward(ctx, A):
        factors, pivots, info = ctx.k.lu_factor(A)
        ctx.save_for_backward(factors, pivots)
        return factors, pivots, info

    @staticmethod
    def backward(ctx, grad, *_):
        factors, pivots = ctx.saved
        m, n = factors.shape[-2:]
        k = min(m, n)
        square = factors[..., :k, :k]
        lh, uh = adjoint(square.tril(-1)), adjoint(square.triu())
        to_l, to_u = grad[..., :k, :k].tril(-1), grad[..., :k, :k].triu()
        columns = rows = None
        if n > k:
            columns = triangular(lh, grad[..., k:], True, True)
            to_l = to_l - matmul(columns, adjoint(factors[..., k:]))
        if m > k:
            rows = triangular(uh, grad[..., k:, :], False, left=False)
            to_u = to_u - matmul(adjoint(factors[..., k:, :]), rows)
        inner = (matmul(lh, to_l) + to_l).tril(-1) + matmul(to_u, uh).triu()
        inner = triangular(uh, triangular(lh, inner, True, True), False, left=False)
        if columns is not None:
            inner = FUNCTIONS["cat"]((inner, columns), -1)
        if rows is not None:
            inner = FUNCTIONS["cat"]((inner, rows), -2)
        return matmul(_permutation(pivots, m, factors.dtype), inner)


class _PivotedRows(Op, name="_pivoted_rows"):
    """The order of M rows after the swaps that pivots say."""

    @staticmethod
    def forward(ctx, pivots, m):
        return ctx.k.pivoted_rows(pivots, m)


def _permutation(pivots, m, dtype):
    """The matrices P (*, M, M) of row swaps."""
    rows = _PivotedRows.apply(pivots, m)
    return transposed(rows.unsqueeze(-1) == FUNCTIONS["arange"](m, device=pivots.device)).to(dtype)


def _check_lu(name, A, pivot):
    check_tensor(A, name)
    if A.ndim < 2:
        raise RuntimeError(
            f"{name}: Expected tensor with 2 or more dimensions. Got size: {list(A.shape)} instead"
        )
    check_dtype(name, A)
    if not pivot:
        raise RuntimeError("linalg.lu_factor: LU without pivoting is not implemented on the CPU")


def lu_factor(A, *, pivot=True, out=None):
    """linalg.lu_factor(A, *, pivot=True, out=None) -> (LU, pivots): the factors of A = P L U in a compact form.

    A (*, M, N). LU has U on and above the diagonal and L, whose diagonal is ones, below it; row i was swapped with row
    pivots[i] - 1 (int32), one after the other. `lu_solve` and `lu_unpack` take them. RuntimeError when U has a zero
    on its diagonal, see `lu_factor_ex`.
    """
    _check_lu("torch.lu_factor", A, pivot)
    factors, pivots, info = LinalgLuFactorEx.apply(A)
    _check_info("torch.linalg.lu_factor", info)
    return into_all(out, LUFactor(factors, pivots))


def _check_info(name, info):
    if any_true(info != 0):
        flat = info.flatten()
        first = int((flat != 0).int().argmax())
        i = int(flat[first])
        batch = f"(Batch element {first}): " if info.ndim else ""
        raise RuntimeError(
            f"{name}: {batch}U[{i},{i}] is zero and using it on lu_solve would result in a division by zero. If you "
            "still want to perform the factorization, consider calling linalg.lu(A, pivot) or "
            "linalg.lu_factor_ex(A, pivot)"
        )


def lu_factor_ex(A, *, pivot=True, check_errors=False, out=None):
    """linalg.lu_factor_ex(A, *, pivot=True, check_errors=False, out=None) -> (LU, pivots, info): `lu_factor` without
    an error.

    info (int32) has per matrix 0, or i when the i-th element of U's diagonal is zero.
    """
    _check_lu("torch.lu_factor", A, pivot)
    factors, pivots, info = LinalgLuFactorEx.apply(A)
    if check_errors:
        _check_info("torch.linalg.lu_factor_ex", info)
    return into_all(out, LUFactorEx(factors, pivots, info))


def _triangles(factors):
    """L and U of their compact form."""
    m, n = factors.shape[-2:]
    k = min(m, n)
    lower = factors[..., :k].tril(-1)
    return lower + FUNCTIONS["eye"](m, k, dtype=lower.dtype, device=lower.device), factors[..., :k, :].triu()


def lu(A, *, pivot=True, out=None):
    """linalg.lu(A, *, pivot=True, out=None) -> (P, L, U): the factors of A = P L U, A (*, M, N).

    P (*, M, M) permutes rows, L (*, M, K) is lower triangular with ones on its diagonal, U (*, K, N) upper triangular;
    K = min(M, N).
    """
    _check_lu("linalg.lu", A, pivot)
    factors, pivots, _ = LinalgLuFactorEx.apply(A)
    return into_all(out, LU(_permutation(pivots, A.shape[-2], A.dtype), *_triangles(factors)))


LUWithInfo = named_result("_lu_with_info", "LU", "pivots", "info")


def _older_lu(A, pivot=True, get_infos=False, out=None):
    """lu(A, pivot=True, get_infos=False, *, out=None) -> (LU, pivots) or (LU, pivots, info)

    The older form of `linalg.lu_factor` and `linalg.lu_factor_ex`.
    """
    if get_infos:
        return into_all(out, LUWithInfo(*lu_factor_ex(A, pivot=pivot)))
    return into_all(out, tuple(lu_factor(A, pivot=pivot)))


composite("lu", name="lu")(_older_lu)


@composite()
def lu_unpack(LU_data, LU_pivots, unpack_data=True, unpack_pivots=True, *, out=None):
    """lu_unpack(LU_data, LU_pivots, unpack_data=True, unpack_pivots=True, *, out=None) -> (P, L, U)

    The three factors of what `linalg.lu_factor` gives. Those that are not wanted come as empty tensors.
    """
    check_matrix("torch.lu_unpack", LU_data, "LU_data")
    check_tensor(LU_pivots, "torch.lu_unpack", "LU_pivots", 2)
    if unpack_pivots:
        _check_pivots("torch.lu_unpack", LU_data, LU_pivots)
    empty = FUNCTIONS["empty"](0, dtype=LU_data.dtype, device=LU_data.device)
    P = _permutation(LU_pivots, LU_data.shape[-2], LU_data.dtype) if unpack_pivots else empty
    L, U = _triangles(LU_data) if unpack_data else (empty, empty.clone())
    return into_all(out, LUUnpack(P, L, U))


def _check_pivots(name, factors, pivots):
    if pivots.dtype.name != "int32":
        raise RuntimeError(
            f"{name}: LU_pivots is expected to be a contiguous tensor of torch.int32 dtype."
            if name == "torch.lu_unpack"
            else f"{name}: pivots should be a Tensor of scalar type torch.int32"
        )
    m = factors.shape[-2]
    if pivots.shape != (*factors.shape[:-2], min(factors.shape[-2:])):
        raise RuntimeError(
            f"{name}: pivots should have the shape {[*factors.shape[:-2], min(factors.shape[-2:])]} for factors of "
            f"shape {list(factors.shape)}, got {list(pivots.shape)}"
        )
    if any_true((pivots < 1) | (pivots > m)):
        raise RuntimeError(
            f"{name}: Pivots given to lu_solve must all be smaller or equal to LU.size(-2), which is {m}, and at least "
            "1. Did you properly pass the result of lu_factor?"
        )


def lu_solve(LU, pivots, B, *, left=True, adjoint=False, out=None):
    """linalg.lu_solve(LU, pivots, B, *, left=True, adjoint=False, out=None) -> Tensor: the X of A X = B.

    LU and pivots come from `lu_factor` of A (*, N, N), B is (*, N, K). left=False: of X A = B; adjoint=True: of A^H
    instead of A.
    """
    name = "linalg.lu_solve"
    check_square(name, LU, "LU")
    check_tensor(pivots, name, "pivots", 2)
    check_matrix(name, B, "B", 3)
    check_same_dtype(name, LU, B)
    _check_pivots(name, LU, pivots)
    check_system(name, LU, B, left)
    return into(out, _lu_solve(LU, pivots, B, left, adjoint))


def _lu_solve(factors, pivots, B, left, of_adjoint):
    if not left:  # X A = B is A^H X^H = B^H
        return adjoint(_lu_solve(factors, pivots, adjoint(B), True, not of_adjoint))
    P = _permutation(pivots, factors.shape[-1], factors.dtype)
    if of_adjoint:
        h = adjoint(factors)
        return matmul(P, triangular(h, triangular(h, B, False), True, True))
    return triangular(factors, triangular(factors, matmul(transposed(P), B), False, True), True)


def _older_lu_solve(b, LU_data, LU_pivots, *, out=None):
    """lu_solve(b, LU_data, LU_pivots, *, out=None) -> Tensor: the older form of `linalg.lu_solve`."""
    return lu_solve(LU_data, LU_pivots, b, out=out)


composite("lu_solve", name="lu_solve")(_older_lu_solve)


# ---- QR

QR = named_result("linalg_qr", "Q", "R")
_OlderQR = named_result("qr", "Q", "R")


class LinalgQr(Op, name="_qr", namespace="linalg"):
    """Q and R of A = Q R.

    The square and the tall case: S. Walter and L. Lehmann, "Algorithmic differentiation of linear algebra functions"
    (2010), gA = (gQ + Q M) R^-H, M the Hermitian matrix with the upper triangle of gR R^H - Q^H gQ. A wide A = (A1 A2)
    has A1 = Q R1 and R2 = Q^H A2.
    """

    @staticmethod
    def forward(ctx, A, mode):
        Q, R = ctx.k.qr(A, "complete" if mode == "complete" else "reduced")
        ctx.save_for_backward(Q, R)
        ctx.mode = mode
        ctx.set_materialize_grads(False)
        return Q, R

    @staticmethod
    def backward(ctx, to_q, to_r):
        Q, R = ctx.saved
        m, n = Q.shape[-2], R.shape[-1]
        if ctx.mode == "r":
            raise RuntimeError(
                "The derivative of linalg.qr depends on Q, which is not computed when mode='r'. Please use "
                "linalg.qr(A, mode='reduced') if you are going to require gradients through it."
            )
        if ctx.mode == "complete" and m > n:
            raise RuntimeError(
                "The QR decomposition is not differentiable when mode='complete' and nrows > ncols."
            )
        columns = None
        if n > m and to_r is not None:
            columns = matmul(Q, to_r[..., m:])
            to_q = _plus(to_q, matmul(matmul(Q, R[..., m:]), adjoint(to_r[..., m:])))
            to_r = to_r[..., :m]
        square = R[..., : min(m, n)]
        inner = None if to_r is None else matmul(to_r, adjoint(square))
        if to_q is not None:
            inner = _plus(inner, -matmul(adjoint(Q), to_q))
        out = triangular(adjoint(square), _plus(to_q, matmul(Q, _hermitian(inner))), False, left=False)
        if n > m:
            if columns is None:
                columns = FUNCTIONS["zeros"](*out.shape[:-1], n - m, dtype=out.dtype, device=out.device)
            out = FUNCTIONS["cat"]((out, columns), -1)
        return out


def _hermitian(upper):
    """The Hermitian matrices with these upper triangles; of the diagonal the real part."""
    strict = upper.triu(1)
    return strict + adjoint(strict) + _diagonals(upper.diagonal(0, -2, -1).real.to(upper.dtype))


def qr(A, mode="reduced", *, out=None):
    """linalg.qr(A, mode='reduced', *, out=None) -> (Q, R): A = Q R, Q with orthonormal columns, R upper triangular.

    A (*, M, N). mode "reduced": Q (*, M, K), R (*, K, N) with K = min(M, N); "complete": Q (*, M, M), R (*, M, N), not
    differentiable when M > N; "r": as reduced, but Q is empty and R not differentiable. Gradients need the first
    K columns of A to be linearly independent.
    """
    if mode not in ("reduced", "complete", "r"):
        raise RuntimeError(
            f"qr received unrecognized mode '{mode}' but expected one of 'reduced' (default), 'r', or 'complete'"
        )
    check_matrix("linalg.qr", A)
    Q, R = LinalgQr.apply(A, mode)
    if mode == "r":
        Q = FUNCTIONS["empty"](0, dtype=A.dtype, device=A.device)
    return into_all(out, QR(Q, R))


def _older_qr(input, some=True, *, out=None):
    """qr(input, some=True, *, out=None) -> (Q, R): the older form of `linalg.qr`; some=False is mode='complete'."""
    check_matrix("linalg.qr", input)
    return into_all(out, _OlderQR(*LinalgQr.apply(input, "reduced" if some else "complete")))


composite("qr", name="qr")(_older_qr)

Geqrf = named_result("geqrf", "a", "tau")


class GeqrfOp(Op, name="_geqrf"):
    """LAPACK's geqrf."""

    @staticmethod
    def forward(ctx, A):
        return ctx.k.geqrf(A)


@composite("geqrf")
def geqrf(input, *, out=None):
    """geqrf(input, *, out=None) -> (a, tau): LAPACK's form of the QR factorisation. Not differentiable.

    a (*, M, N) has R on and above the diagonal and below it the vectors v of the reflections I - tau v v^H, whose
    first element, 1, is not stored; tau is (*, min(M, N)). `linalg.householder_product` makes Q of them.
    """
    check_tensor(input, "torch.geqrf")
    if input.ndim < 2:
        raise RuntimeError("torch.geqrf: input must have at least 2 dimensions.")
    check_dtype("torch.geqrf", input)
    return into_all(out, Geqrf(*GeqrfOp.apply(input.detach())))


def _reflected(A, tau, X, order):
    """The reflections I - tau v v^H, v from the columns of A, applied to X from the left in the order of indices."""
    one = FUNCTIONS["eye"](*A.shape[-2:], dtype=A.dtype, device=A.device)
    for i in order:
        v = A[..., i : i + 1].tril(-i - 1) + one[:, i : i + 1]
        X = X - tau[..., i, None, None] * v * matmul(adjoint(v), X)
    return X


def _check_reflections(name, input, tau):
    check_tensor(input, name)
    check_tensor(tau, name, "tau", 2)
    if input.ndim < 2:
        raise RuntimeError(f"{name}: input must have at least 2 dimensions.")
    check_dtype(name, input)
    if tau.dtype is not input.dtype:
        raise RuntimeError(
            f"{name}: tau dtype {tau.dtype.title} does not match input dtype {input.dtype.title}: convert one of them"
        )
    if tau.ndim != input.ndim - 1:
        raise RuntimeError(
            f"{name}: Expected tau to have one dimension less than input, but got tau.ndim equal to {tau.ndim} and "
            f"input.ndim is equal to {input.ndim}"
        )
    if tau.shape[:-1] != input.shape[:-2]:
        raise RuntimeError(
            f"{name}: Expected batch dimensions of tau to be equal to input.shape[:-2], but got {list(tau.shape)} for "
            f"input {list(input.shape)}"
        )


def householder_product(A, tau, *, out=None):
    """linalg.householder_product(A, tau, *, out=None) -> Tensor: the first N columns of a product of reflections.

    A (*, M, N), M >= N, tau (*, K), K <= N, as `geqrf` gives them: (I - tau_1 v_1 v_1^H)(I - tau_2 v_2 v_2^H)...
    """
    name = "torch.linalg.householder_product"
    _check_reflections(name, A, tau)
    m, n = A.shape[-2:]
    if m < n:
        raise RuntimeError(f"{name}: input.shape[-2] must be greater than or equal to input.shape[-1]")
    if n < tau.shape[-1]:
        raise RuntimeError(f"{name}: input.shape[-1] must be greater than or equal to tau.shape[-1]")
    start = FUNCTIONS["eye"](m, n, dtype=A.dtype, device=A.device).expand(A.shape).clone()
    return into(out, _reflected(A, tau, start, reversed(range(tau.shape[-1]))))


@composite("orgqr")
def orgqr(input, tau, *, out=None):
    """orgqr(input, tau, *, out=None) -> Tensor: the older name of `linalg.householder_product`."""
    return householder_product(input, tau, out=out)


@composite("ormqr")
def ormqr(input, tau, other, left=True, transpose=False, *, out=None):
    """ormqr(input, tau, other, left=True, transpose=False, *, out=None) -> Tensor: Q @ other, or other @ Q.

    Q (*, M, M) is the product of the reflections that input (*, M, K) and tau (*, K) describe, see
    `linalg.householder_product`; with transpose its conjugate transpose.
    """
    name = "torch.ormqr"
    _check_reflections(name, input, tau)
    check_matrix(name, other, "other", 3)
    dim = -2 if left else -1
    if input.shape[-1] < tau.shape[-1] or tau.shape[-1] != min(other.shape[dim], input.shape[-1]):
        raise RuntimeError(f"{name}: tau.shape[-1] must be equal to min(other.shape[{dim}], input.shape[-1])")
    if other.shape[dim] != input.shape[-2]:
        raise RuntimeError(f"{name}: other.shape[{dim}] must be equal to input.shape[-2]")
    check_same_dtype(name, input, other)
    broadcast_batches(name, input, other)
    if not left:  # other Q = (Q^H other^H)^H
        return into(out, adjoint(ormqr(input, tau, adjoint(other), True, not transpose)))
    order = range(tau.shape[-1])
    # The conjugate transpose of a reflection has the conjugate of tau, and the product the reverse order.
    result = (
        _reflected(input, conj(tau), other, order)
        if transpose
        else _reflected(input, tau, other, reversed(order))
    )
    return into(out, result)


# ---- eigenvalues

Eigh = named_result("linalg_eigh", "eigenvalues", "eigenvectors")
Eig = named_result("linalg_eig", "eigenvalues", "eigenvectors")


def _differences(values):
    """E with E_ij = values_j - values_i, ones on the diagonal."""
    difference = values.unsqueeze(-2) - values.unsqueeze(-1)
    return difference + identity(difference)


class LinalgEigh(Op, name="_eigh", namespace="linalg"):
    """Eigenvalues and eigenvectors of Hermitian matrices. Giles (2008), 3.1: gA = V (diag(gL) + V^H gV / E) V^H.

    Of V^H gV only the skew part counts, for V moves among the unitary matrices: gA is Hermitian like A.
    """

    @staticmethod
    def forward(ctx, A, UPLO):
        values, vectors = converged("linalg.eigh", ctx.k.eigh, A, UPLO)
        ctx.save_for_backward(values, vectors)
        ctx.set_materialize_grads(False)
        return values, vectors

    @staticmethod
    def backward(ctx, to_values, to_vectors):
        values, V = ctx.saved
        inner = None if to_values is None else _diagonals(to_values.to(V.dtype))
        if to_vectors is not None:
            turn = matmul(adjoint(V), to_vectors)
            along = (turn - adjoint(turn)) / (2 * _differences(values))
            inner = _plus(inner, along - _diagonals(along.diagonal(0, -2, -1)))
        return matmul(V, matmul(inner, adjoint(V)))


def _check_eigh(name, A, UPLO):
    check_square(name, A)
    if not isinstance(UPLO, str) or UPLO.upper() not in ("L", "U"):
        raise RuntimeError(f"Expected UPLO argument to be 'L' or 'U', but got {UPLO}")
    return UPLO.upper()


def eigh(A, UPLO="L", *, out=None):
    """linalg.eigh(A, UPLO='L', *, out=None) -> (eigenvalues, eigenvectors) of Hermitian matrices A (*, N, N).

    A = V diag(L) V^H, eigenvalues (real, (*, N)) in ascending order, eigenvectors the columns of V. Only the lower (or
    "U": the upper) triangle of A is read. Gradients of eigenvectors need distinct eigenvalues, and a function that does
    not depend on their signs or phases.
    """
    return into_all(out, Eigh(*LinalgEigh.apply(A, _check_eigh("linalg.eigh", A, UPLO))))


class _Eigvalsh(Op, name="_eigvalsh", namespace="linalg"):
    """Eigenvalues of Hermitian matrices alone."""

    @staticmethod
    def forward(ctx, A, UPLO):
        return converged("linalg.eigvalsh", ctx.k.eigvalsh, A, UPLO)


def _recorded(A):
    """Whether a derivative may be asked for: the ops that give values alone have none."""
    return _core.interpreter_of(A) is not None or (_core.is_grad_enabled() and A.requires_grad)


def eigvalsh(A, UPLO="L", *, out=None):
    """linalg.eigvalsh(A, UPLO='L', *, out=None) -> Tensor (*, N): the eigenvalues of Hermitian matrices, ascending."""
    UPLO = _check_eigh("linalg.eigh", A, UPLO)
    return into(out, LinalgEigh.apply(A, UPLO)[0] if _recorded(A) else _Eigvalsh.apply(A, UPLO))


class LinalgEig(Op, name="_eig", namespace="linalg"):
    """Eigenvalues and eigenvectors. Boeddeker et al. (2017), 4.77, for eigenvectors of length 1:
    gA = V^-H (diag(gL) + (V^H gV - V^H V diag(Re(V^H gV))) / conj(E)) V^H."""

    @staticmethod
    def forward(ctx, A):
        values, vectors = converged("linalg.eig", ctx.k.eig, A)
        ctx.save_for_backward(values, vectors)
        ctx.set_materialize_grads(False)
        ctx.real = A.dtype.kind != "c"
        return values, vectors

    @staticmethod
    def backward(ctx, to_values, to_vectors):
        values, V = ctx.saved
        vh = adjoint(V)
        inner = None if to_values is None else _diagonals(to_values)
        if to_vectors is not None:
            along = matmul(vh, to_vectors)
            lengths = along.diagonal(0, -2, -1).real.unsqueeze(-2)
            across = (along - matmul(vh, V) * lengths) / conj(_differences(values))
            inner = _plus(inner, across - _diagonals(across.diagonal(0, -2, -1)))
        out = LinalgSolveEx.apply(vh, matmul(inner, vh))[0]
        return out.real if ctx.real else out


def _check_eig(name, A):
    check_square(name, A)
    if any_true(~A.detach().isfinite()):
        raise RuntimeError(f"torch.{name}: input tensor should not contain infs or NaNs.")


def eig(A, *, out=None):
    """linalg.eig(A, *, out=None) -> (eigenvalues, eigenvectors) of square matrices (*, N, N), complex.

    A = V diag(L) V^-1, eigenvalues (*, N) in no particular order, eigenvectors the columns of V, of length 1. Gradients
    of eigenvectors need distinct eigenvalues, and a function that does not depend on their phases.
    """
    _check_eig("linalg.eig", A)
    return into_all(out, Eig(*LinalgEig.apply(A)))


class _Eigvals(Op, name="_eigvals", namespace="linalg"):
    """Eigenvalues alone."""

    @staticmethod
    def forward(ctx, A):
        return converged("linalg.eigvals", ctx.k.eigvals, A)


def eigvals(A, *, out=None):
    """linalg.eigvals(A, *, out=None) -> Tensor (*, N): the eigenvalues of square matrices, complex, in no order."""
    _check_eig("linalg.eigvals", A)
    return into(out, LinalgEig.apply(A)[0] if _recorded(A) else _Eigvals.apply(A))


# ---- singular values

SVD = named_result("linalg_svd", "U", "S", "Vh")
_OlderSVD = named_result("svd", "U", "S", "V")


class LinalgSvd(Op, name="_svd", namespace="linalg"):
    """U, S and V^H of A = U diag(S) V^H. J. Townsend, "Differentiating the singular value decomposition" (2016):

    gA = U ((skew(U^H gU) / E) S + S (skew(V^H gV) / E) + diag(gS)) V^H + the parts of gU and gV outside the spans of U
    and V, with skew(X) = X - X^H, E_ij = S_j^2 - S_i^2; for complex A also the diagonal of skew(U^H gU) / (2 S).
    """

    @staticmethod
    def forward(ctx, A, full):
        U, S, Vh = converged("linalg.svd", ctx.k.svd, A, full)
        ctx.save_for_backward(U, S, Vh)
        ctx.set_materialize_grads(False)
        return U, S, Vh

    @staticmethod
    def backward(ctx, to_u, to_s, to_vh):
        U, S, Vh = ctx.saved
        m, n, k = U.shape[-2], Vh.shape[-1], S.shape[-1]
        U, V = U[..., :k], adjoint(Vh)[..., :k]
        inner = None if to_s is None else _diagonals(to_s.to(U.dtype))
        if to_u is None and to_vh is None:
            return matmul(U, matmul(inner, adjoint(V)))
        differences, inverse = _differences(S * S), 1 / S
        rows = columns = None
        if to_u is not None:
            to_u = to_u[..., :k]
            along = matmul(adjoint(U), to_u)
            skew = along - adjoint(along)
            inner = _plus(inner, skew / differences * S.unsqueeze(-2))
            if U.is_complex():
                inner = inner - _diagonals(skew.diagonal(0, -2, -1) * (S - 0.5 * inverse))
            if m > k:
                rows = (to_u - matmul(U, along)) * inverse.unsqueeze(-2)
        if to_vh is not None:
            to_v = adjoint(to_vh)[..., :k]
            along = matmul(adjoint(V), to_v)
            skew = along - adjoint(along)
            skew = skew - _diagonals(skew.diagonal(0, -2, -1)) if U.is_complex() else skew
            inner = _plus(inner, S.unsqueeze(-1) * (skew / differences))
            if n > k:
                columns = adjoint(to_v - matmul(V, along)) * inverse.unsqueeze(-1)
        left = _plus(matmul(U, inner), rows)
        out = matmul(left, adjoint(V))
        return out if columns is None else out + matmul(U, columns)


def svd(A, full_matrices=True, *, driver=None, out=None):
    """linalg.svd(A, full_matrices=True, *, driver=None, out=None) -> (U, S, Vh): A = U diag(S) Vh, A (*, M, N).

    S (*, K), K = min(M, N), is real and descends; U (*, M, M) and Vh (*, N, N) are unitary, or with
    full_matrices=False (*, M, K) and (*, K, N). Gradients reach only the first K columns of U and rows of Vh, need
    distinct singular values (for M != N also none 0), and a function that does not depend on signs or phases.
    """
    check_matrix("linalg.svd", A)
    _check_driver(driver)
    return into_all(out, SVD(*LinalgSvd.apply(A, bool(full_matrices))))


def _check_driver(driver):
    if driver is not None:
        raise RuntimeError(
            "torch.linalg.svd: keyword argument `driver=` is only supported on CUDA inputs with cuSOLVER backend."
        )


class _Svdvals(Op, name="_svdvals", namespace="linalg"):
    """Singular values alone."""

    @staticmethod
    def forward(ctx, A):
        return converged("linalg.svd", ctx.k.svdvals, A)


def svdvals(A, *, driver=None, out=None):
    """linalg.svdvals(A, *, driver=None, out=None) -> Tensor (*, K): the singular values of A (*, M, N), descending."""
    check_matrix("linalg.svd", A)
    _check_driver(driver)
    return into(out, LinalgSvd.apply(A, False)[1] if _recorded(A) else _Svdvals.apply(A))


def _older_svd(input, some=True, compute_uv=True, *, out=None):
    """svd(input, some=True, compute_uv=True, *, out=None) -> (U, S, V): input = U diag(S) V^H.

    The older form of `linalg.svd`: some=False gives square U and V; compute_uv=False zeros in their place.
    """
    check_matrix("linalg.svd", input)
    if compute_uv:
        U, S, Vh = LinalgSvd.apply(input, not some)
        return into_all(out, _OlderSVD(U, S, adjoint(Vh)))
    (m, n), batch = input.shape[-2:], input.shape[:-2]
    U, V = (FUNCTIONS["zeros"](*batch, s, s, dtype=input.dtype, device=input.device) for s in (m, n))
    return into_all(out, _OlderSVD(U, svdvals(input), V))


composite("svd", name="svd")(_older_svd)


install("linalg", globals())
