"""Systems of linear equations, inverses and determinants: the solving half of `flambeau.linalg`.

Matrices are batches (*, M, N) of float32, float64, complex64 or complex128, whose batch dimensions broadcast.
Gradients follow M. Giles, "Collected matrix derivative results for forward and reverse mode algorithmic
differentiation" (2008), with conjugate transposes for complex matrices (C. Boeddeker et al., "On the computation of
complex-valued gradients with application to statistically optimum beamforming", 2017). Methods: LAPACK's, see
`kernels/base/lapack.py`.
"""

import math
import operator

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
from .compare import where
from .linalg import adjoint, into, matmul
from .op import FUNCTIONS, Op, composite
from .pointwise import conj

# ---- inverses

InvEx = named_result("linalg_inv_ex", "inverse", "info")


class LinalgInvEx(Op, name="_inv_ex", namespace="linalg"):
    """The inverses of square matrices and info; LinAlgError naming the function `checked` when that is not None."""

    @staticmethod
    def forward(ctx, A, checked=None):
        inverse, info = ctx.k.inverse(A)
        raise_for(info, checked, "singular")
        ctx.save_for_backward(inverse)
        return inverse, info

    @staticmethod
    def backward(ctx, grad, _):
        (y,) = ctx.saved
        h = adjoint(y)
        return -matmul(h, matmul(grad, h))


def inv_ex(A, *, check_errors=False, out=None):
    """linalg.inv_ex(A, *, check_errors=False, out=None) -> (inverse, info): `inv` without an error.

    info (int32) has per matrix 0, or i when the i-th pivot was zero; that inverse is then of no use.
    """
    check_square("linalg.inv_ex", A)
    return into_all(out, InvEx(*LinalgInvEx.apply(A, "linalg.inv_ex" if check_errors else None)))


@composite("inverse")
def inverse(input, *, out=None):
    """inverse(input, *, out=None) -> Tensor: the inverses of square matrices (*, N, N). Also `linalg.inv`.

    LinAlgError for a singular matrix, RuntimeError for one that is not square.
    """
    check_square("linalg.inv", input)
    return into(out, LinalgInvEx.apply(input, "linalg.inv")[0])


def inv(A, *, out=None):
    """linalg.inv(A, *, out=None) -> Tensor: the inverses of square matrices (*, N, N).

    LinAlgError for a singular matrix, RuntimeError for one that is not square.
    """
    return inverse(A, out=out)


# ---- systems

SolveEx = named_result("linalg_solve_ex", "result", "info")


class LinalgSolveEx(Op, name="_solve_ex", namespace="linalg"):
    """X of A X = B for matrices, and info; LinAlgError naming the function `checked` when that is not None."""

    @staticmethod
    def forward(ctx, A, B, checked=None):
        X, info = ctx.k.solve(A, B)
        raise_for(info, checked, "unsolvable")
        ctx.save_for_backward(A, X)
        return X, info

    @staticmethod
    def backward(ctx, grad, _):
        A, X = ctx.saved
        to_b = LinalgSolveEx.apply(adjoint(A), grad)[0]
        return -matmul(to_b, adjoint(X)) if ctx.needs(0) else None, to_b


def _solve(name, A, B, left, checked):
    check_square(name, A)
    check_tensor(B, name, "B", 2)
    check_same_dtype(name, A, B)
    # B is a batch of vectors when it looks like one, as NumPy 1 had it.
    vector = B.ndim == 1 or (B.ndim == A.ndim - 1 and B.shape == A.shape[:-1])
    matrix = B.unsqueeze(-1) if vector else B
    check_matrix(name, matrix, "B", 2)
    check_system(name, A, matrix, left)
    if vector and not left:
        raise RuntimeError(
            f"{name}: Vector broadcasting of the left hand side is not supported for left=False. In this case "
            "linalg.solve is equivalent to B / A.squeeze(-1)"
        )
    if left:
        X, info = LinalgSolveEx.apply(A, matrix, checked)
    else:
        X, info = LinalgSolveEx.apply(transposed(A), transposed(matrix), checked)
        X = transposed(X)
    return X.squeeze(-1) if vector else X, info


def solve(A, B, *, left=True, out=None):
    """linalg.solve(A, B, *, left=True, out=None) -> Tensor: the X of A X = B, or of X A = B with left=False.

    A (*, N, N); B (*, N, K), or vectors (*, N) when its shape is that of A without the last dimension, or (N,).
    LinAlgError when a matrix is singular, RuntimeError when sizes or dtypes do not fit.
    """
    return into(out, _solve("linalg.solve", A, B, left, "torch.linalg.solve")[0])


def solve_ex(A, B, *, left=True, check_errors=False, out=None):
    """linalg.solve_ex(A, B, *, left=True, check_errors=False, out=None) -> (result, info): `solve` without an error.

    info (int32) has per matrix 0, or i when the i-th pivot was zero; that result then has infinities and NaN.
    """
    checked = "torch.linalg.solve_ex" if check_errors else None
    return into_all(out, SolveEx(*_solve("linalg.solve", A, B, left, checked)))


class LinalgSolveTriangular(Op, name="_solve_triangular", namespace="linalg"):
    """X of A X = B, A triangular."""

    @staticmethod
    def forward(ctx, A, B, upper, unitriangular):
        X = ctx.k.solve_triangular(A, B, upper, unitriangular)
        ctx.save_for_backward(A, X)
        ctx.upper, ctx.unitriangular = upper, unitriangular
        return X

    @staticmethod
    def backward(ctx, grad):
        A, X = ctx.saved
        upper, unit = ctx.upper, ctx.unitriangular
        to_b = LinalgSolveTriangular.apply(adjoint(A), grad, not upper, unit)
        if not ctx.needs(0):
            return None, to_b
        to_a = -matmul(to_b, adjoint(X))
        return to_a.triu(int(unit)) if upper else to_a.tril(-int(unit)), to_b


def triangular(A, B, upper, unitriangular=False, left=True):
    """X of A X = B, or of X A = B, for triangular A, without checks."""
    if left:
        return LinalgSolveTriangular.apply(A, B, upper, unitriangular)
    return transposed(LinalgSolveTriangular.apply(transposed(A), transposed(B), not upper, unitriangular))


def solve_triangular(A, B, *, upper, left=True, unitriangular=False, out=None):
    """linalg.solve_triangular(A, B, *, upper, left=True, unitriangular=False, out=None) -> Tensor

    The X of A X = B, or of X A = B with left=False, for A (*, N, N) of which only the upper or lower triangle is read
    (unitriangular: without the diagonal, which counts as ones), and B (*, N, K), left=False: (*, K, N). A zero on the
    diagonal gives infinities and NaN. RuntimeError when sizes or dtypes do not fit.
    """
    name = "linalg.solve_triangular"
    check_square(name, A)
    check_matrix(name, B, "B", 2)
    check_system(name, A, B, left)
    return into(out, triangular(A, B, bool(upper), bool(unitriangular), left))


TriangularSolve = named_result("triangular_solve", "solution", "cloned_coefficient")


@composite("triangular_solve")
def triangular_solve(b, A, upper=True, transpose=False, unitriangular=False, *, out=None):
    """triangular_solve(b, A, upper=True, transpose=False, unitriangular=False, *, out=None)
    -> (solution, cloned_coefficient)

    The older form of `linalg.solve_triangular`: the X of A X = b or, with transpose, of A^T X = b, and a copy of A.
    """
    check_square("triangular_solve", A)
    check_matrix("triangular_solve", b, "b")
    check_system("triangular_solve", A, b)
    system = (transposed(A), b, not upper) if transpose else (A, b, bool(upper))
    X = triangular(*system, bool(unitriangular))
    batch = broadcast_batches("triangular_solve", A, b)
    return into_all(out, TriangularSolve(X, A.expand(*batch, *A.shape[-2:]).clone()))


@composite("cholesky_solve")
def cholesky_solve(B, L, upper=False, *, out=None):
    """cholesky_solve(B, L, upper=False, *, out=None) -> Tensor: the X of A X = B (*, N, K), given A's factor.

    A = L L^H for a lower triangular L (*, N, N); with upper, A = L^H L for an upper triangular one.
    """
    check_tensor(B, "cholesky_solve", "B")
    check_tensor(L, "cholesky_solve", "L", 2)
    for argument, value in (("b", B), ("u", L)):
        if value.ndim < 2:
            raise RuntimeError(
                f"{argument} should have at least 2 dimensions, but has {value.ndim} dimensions instead"
            )
    check_square("cholesky_solve", L)
    if L.shape[-1] != B.shape[-2]:
        raise RuntimeError(
            f"Incompatible matrix sizes for cholesky_solve: each A matrix is {L.shape[-1]} by {L.shape[-1]} but each "
            f"b matrix is {B.shape[-2]} by {B.shape[-1]}"
        )
    check_system("cholesky_solve", L, B)
    first, second = (adjoint(L), L) if upper else (L, adjoint(L))
    return into(out, triangular(second, triangular(first, B, False), True))


@composite("cholesky_inverse")
def cholesky_inverse(L, upper=False, *, out=None):
    """cholesky_inverse(L, upper=False, *, out=None) -> Tensor: the inverse of A (*, N, N), given A's factor.

    A = L L^H for a lower triangular L; with upper, A = L^H L for an upper triangular one.
    """
    check_square("cholesky_inverse", L)
    return into(out, cholesky_solve(identity(L), L, upper))


def identity(A):
    """The identity matrix (N, N) that goes with matrices (*, M, N)."""
    return FUNCTIONS["eye"](A.shape[-1], dtype=A.dtype, device=A.device)


def tensorsolve(A, B, dims=None, *, out=None):
    """linalg.tensorsolve(A, B, dims=None, *, out=None) -> Tensor: the X with tensordot(A, X, X.ndim) = B.

    dims of A are moved to its end first; then prod(A.shape[B.ndim:]) == prod(A.shape[:B.ndim]).
    """
    check_tensor(A, "linalg.tensorsolve", "A")
    check_tensor(B, "linalg.tensorsolve", "B", 2)
    if dims is not None:
        A = A.movedim(tuple(dims), tuple(range(A.ndim - len(dims), A.ndim)))
    shape = A.shape[B.ndim :]
    rows, columns = math.prod(A.shape[: B.ndim]), math.prod(shape)
    if rows != columns:
        raise RuntimeError(
            "Expected self to satisfy the requirement prod(self.shape[other.ndim:]) == prod(self.shape[:other.ndim]), "
            f"but got {columns} != {rows}"
        )
    return into(out, solve(A.reshape(rows, columns), B.reshape(-1)).reshape(shape))


def tensorinv(A, ind=2, *, out=None):
    """linalg.tensorinv(A, ind=2, *, out=None) -> Tensor: the inverse for tensordot over the dimensions from ind on.

    prod(A.shape[ind:]) == prod(A.shape[:ind]); the result has the shape A.shape[ind:] + A.shape[:ind].
    """
    check_tensor(A, "linalg.tensorinv", "A")
    ind = operator.index(ind)
    if ind <= 0:
        raise RuntimeError(f"Expected a strictly positive integer for 'ind', but got {ind}")
    first, last = A.shape[:ind], A.shape[ind:]
    rows, columns = math.prod(first), math.prod(last)
    if rows != columns:
        raise RuntimeError(
            "Expected self to satisfy the requirement prod(self.shape[ind:]) == prod(self.shape[:ind]), but got "
            f"{columns} != {rows}"
        )
    return into(out, inv(A.reshape(rows, columns)).reshape((*last, *first)))


# ---- pseudo-inverses and least squares


def tolerances(name, A, atol, rtol):
    """atol and rtol, numbers or tensors, with their defaults: 0, and max(M, N) eps or, where atol is positive, 0."""
    for argument, value in (("rtol", rtol), ("atol", atol)):
        if isinstance(value, _core.TensorBase) and value.is_complex():
            raise RuntimeError(f"{name}: {argument} tensor of complex type is not supported.")
    if atol is None:
        atol = 0.0
    if rtol is None:
        rtol = max(A.shape[-2:]) * _epsilon(A)
        if isinstance(atol, _core.TensorBase):
            rtol = where(atol > 0, 0.0, FUNCTIONS["full_like"](atol, rtol, dtype=A.dtype.to_real()))
        elif atol > 0:
            rtol = 0.0
    return atol, rtol


def _epsilon(A):
    return 2.0**-52 if A.dtype.to_real().name == "float64" else 2.0**-23


class LinalgPinv(Op, name="_pinv", namespace="linalg"):
    """Pseudo-inverses. The gradient is that of G. Golub and V. Pereyra, "The differentiation of pseudo-inverses and
    nonlinear least squares problems whose variables separate" (1973); it holds where the rank does not change."""

    @staticmethod
    def forward(ctx, A, atol, rtol, hermitian):
        P = converged("linalg.pinv", ctx.k.pinv, A, atol, rtol, hermitian)
        ctx.save_for_backward(A, P)
        return P

    @staticmethod
    def backward(ctx, grad):
        return _pinv_gradient(grad, *ctx.saved)


def _pinv_gradient(grad, A, P):
    gh, ph = adjoint(grad), adjoint(P)
    along = matmul(ph, matmul(grad, ph))
    left = matmul(gh, matmul(P, ph))
    right = matmul(matmul(ph, P), gh)
    return left - matmul(A, matmul(P, left)) + right - matmul(matmul(right, P), A) - along


def pinv(A, rcond=None, hermitian=False, *, rtol=None, atol=None, out=None):
    """linalg.pinv(A, *, atol=None, rtol=None, hermitian=False, out=None) -> Tensor: the pseudo-inverses (*, N, M).

    From the singular values (hermitian: eigenvalues, reading the lower triangle) of A (*, M, N) above max(atol, rtol *
    the largest one). rtol: max(M, N) times the dtype's epsilon, 0 when atol is given; `rcond` is its older name. Both
    may be tensors (*).
    """
    check_tensor(A, "linalg.pinv")
    if A.ndim < 2 or not (A.is_floating_point() or A.is_complex()) or A.dtype.itemsize == 2:
        raise RuntimeError(
            f"linalg.pinv({A.dtype.title}{{{list(A.shape)}}}): expected a tensor with 2 or more dimensions of float, "
            "double, cfloat or cdouble types"
        )
    (check_square if hermitian else check_matrix)("linalg.pinv", A)
    atol, rtol = tolerances("linalg.pinv", A, atol, rcond if rtol is None else rtol)
    return into(out, LinalgPinv.apply(A, atol, rtol, bool(hermitian)))


@composite("pinverse")
def pinverse(input, rcond=1e-15):
    """pinverse(input, rcond=1e-15) -> Tensor: the pseudo-inverses, see `linalg.pinv`."""
    return pinv(input, rcond)


Lstsq = named_result("linalg_lstsq", "solution", "residuals", "rank", "singular_values")


class LinalgLstsq(Op, name="_lstsq", namespace="linalg"):
    """The shortest X that minimises |A X - B|, the ranks and the singular values of A."""

    @staticmethod
    def forward(ctx, A, B, rcond):
        X, rank, s = converged("torch.linalg.lstsq", ctx.k.least_squares, A, B, rcond)
        ctx.save_for_backward(A, B)
        ctx.rcond = rcond
        ctx.mark_non_differentiable(rank, s)
        return X, rank, s

    @staticmethod
    def backward(ctx, grad, *_):
        A, B = ctx.saved
        P = LinalgPinv.apply(A, 0.0, ctx.rcond, False)
        to_a = _pinv_gradient(matmul(grad, adjoint(B)), A, P) if ctx.needs(0) else None
        return to_a, matmul(adjoint(P), grad)


def lstsq(A, B, rcond=None, *, driver=None):
    """linalg.lstsq(A, B, rcond=None, *, driver=None) -> (solution, residuals, rank, singular_values)

    The X (*, N, K), shortest among several, that minimises |A X - B| for A (*, M, N) and B (*, M, K) or vectors (*, M).
    Singular values up to rcond (default: max(M, N) times the dtype's epsilon) times the largest count as zero.
    residuals (*, K) are the squared distances, when M > N and all ranks are N, else empty. `driver` says which
    further results are given: "gelsy" (the default) the rank, "gelsd" and "gelss" also the singular values, "gels"
    neither, and it takes the rank to be full. The method is the SVD.
    """
    name = "torch.linalg.lstsq"
    check_tensor(A, name, "input")
    check_tensor(B, name, "other", 2)
    driver = "gelsy" if driver is None else driver
    if A.ndim < 2 or B.ndim < 1:
        argument, n = ("input", 2) if A.ndim < 2 else ("other", 1)
        raise RuntimeError(f"{name}: {argument} must have at least {n} dimension{'s' * (n - 1)}.")
    if driver not in ("gels", "gelsy", "gelsd", "gelss"):
        raise RuntimeError(f"{name}: parameter `driver` should be one of (gels, gelsy, gelsd, gelss)")
    check_dtype(name, A)
    check_same_dtype(name, A, B)
    vector = B.ndim == 1 or (B.ndim == A.ndim - 1 and B.shape == A.shape[:-1])
    matrix = B.unsqueeze(-1) if vector else B
    if A.shape[-2] != matrix.shape[-2]:
        dim = -1 if vector else -2
        raise RuntimeError(f"{name}: input.size(-2) should match other.size({dim})")
    batch = broadcast_batches(name, A, matrix)
    A = A.expand(*batch, *A.shape[-2:])
    (m, n), real = A.shape[-2:], A.dtype.to_real()
    cutoff = max(m, n) * _epsilon(A) if rcond is None else float(rcond)
    X, rank, s = LinalgLstsq.apply(A, matrix, 0.0 if driver == "gels" else cutoff)
    empty = FUNCTIONS["empty"]
    residuals = empty(0, dtype=real, device=A.device)
    if m > n and driver != "gelsy" and (driver == "gels" or not any_true(rank != n)):
        distance = matmul(A, X) - matrix
        residuals = (distance * conj(distance)).real.sum(-2)
    if driver == "gels":
        rank = empty(0, dtype=rank.dtype, device=A.device)
    if driver in ("gels", "gelsy"):
        s = empty(0, dtype=real, device=A.device)
    return Lstsq(X.squeeze(-1) if vector else X, residuals, rank, s)


# ---- determinants


def _cofactors(A):
    """The conjugates of the derivatives of the determinant in the elements of A, which may be singular: by the SVD
    A = U diag(S) V^H, they are conj(det(U) det(V^H)) U diag(products of the other S) V^H."""
    from .decomposition import svd

    U, S, Vh = svd(A)
    n = S.shape[-1]
    others = where(identity(A).bool(), 1, S.unsqueeze(-2).expand(*S.shape, n)).prod(-1)
    phase = conj(det(U) * det(Vh))
    return phase[..., None, None] * matmul(U * others.unsqueeze(-2), Vh)


class LinalgDet(Op, name="_det", namespace="linalg"):
    """Determinants. The gradient is that of Jacobi's formula, through the inverse or, if a matrix is singular, through
    the SVD; there the second derivative is finite only when at most one singular value is zero."""

    @staticmethod
    def forward(ctx, A):
        value = ctx.k.det(A)
        ctx.save_for_backward(A, value)
        return value

    @staticmethod
    def backward(ctx, grad):
        A, value = ctx.saved
        if any_true(value.detach() == 0):
            return grad[..., None, None] * _cofactors(A)
        return (grad * conj(value))[..., None, None] * adjoint(LinalgInvEx.apply(A)[0])


@composite("det")
def det(A, *, out=None):
    """det(A, *, out=None) -> Tensor (*): the determinants of square matrices (*, N, N). Also `linalg.det`."""
    check_square("linalg.det", A)
    return into(out, LinalgDet.apply(A))


class LinalgSlogdet(Op, name="_slogdet", namespace="linalg"):
    """Signs of determinants and logarithms of their sizes."""

    @staticmethod
    def forward(ctx, A):
        sign, logabsdet = ctx.k.slogdet(A)
        ctx.save_for_backward(A, sign)
        if A.dtype.kind != "c":
            ctx.mark_non_differentiable(sign)
        return sign, logabsdet

    @staticmethod
    def backward(ctx, to_sign, to_log):
        A, sign = ctx.saved
        if sign.is_complex():  # turning det by a small angle moves sign across itself
            to_log = FUNCTIONS["complex"](to_log, (to_sign * conj(sign)).imag)
        return to_log[..., None, None] * adjoint(LinalgInvEx.apply(A)[0])


Slogdet = named_result("linalg_slogdet", "sign", "logabsdet")


@composite("slogdet")
def slogdet(A, *, out=None):
    """slogdet(A, *, out=None) -> (sign, logabsdet): det(A) = sign * exp(logabsdet). Also `linalg.slogdet`.

    For square matrices (*, N, N). A singular one gives 0 and -inf, and no finite gradient.
    """
    check_square("linalg.slogdet", A)
    return into_all(out, Slogdet(*LinalgSlogdet.apply(A)))


@composite("logdet")
def logdet(A):
    """logdet(A) -> Tensor (*): the logarithms of the determinants of square matrices; NaN for a negative one."""
    check_square("logdet", A)
    sign, logabsdet = LinalgSlogdet.apply(A)
    if A.is_complex():
        return sign.log() + logabsdet
    return where(sign == -1, math.nan, logabsdet)


install("linalg", globals())
