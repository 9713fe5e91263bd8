"""The L D L^H factorisation of symmetric and Hermitian matrices, and systems with them."""

from ..interpreters import any_true, underlying
from ._args import check_tensor, named_result
from ._matrices import broadcast_batches, check_matrix, check_square, into_all
from .linalg import into
from .op import Op
from .pointwise import conj

LDLFactor = named_result("linalg_ldl_factor", "LD", "pivots")
LDLFactorEx = named_result("linalg_ldl_factor_ex", "LD", "pivots", "info")


class LinalgLdlFactorEx(Op, name="_ldl_factor_ex", namespace="linalg"):
    """L and D in one matrix, pivots and info."""

    @staticmethod
    def forward(ctx, A, hermitian):
        return ctx.k.ldl_factor(A, hermitian)


def ldl_factor_ex(A, *, hermitian=False, check_errors=False, out=None):
    """linalg.ldl_factor_ex(A, *, hermitian=False, check_errors=False, out=None) -> (LD, pivots, info)

    `ldl_factor` without an error: info (int32) has per matrix 0, or i when the i-th element of D is zero.
    """
    check_square("torch.linalg.ldl_factor_ex", A)
    results = LDLFactorEx(*LinalgLdlFactorEx.apply(A.detach(), bool(hermitian)))
    if check_errors:
        _check_info("torch.linalg.ldl_factor_ex", results.info)
    return into_all(out, results)


def ldl_factor(A, *, hermitian=False, out=None):
    """linalg.ldl_factor(A, *, hermitian=False, out=None) -> (LD, pivots): the factors of A = L D L^T or L D L^H.

    A (*, N, N) is symmetric, or with hermitian=True Hermitian; only its lower triangle is read. LD has D, with blocks
    of size 1 and 2, on and just below the diagonal and L below that; pivots (int32) say which rows were swapped
    (negative: of a block of size 2). `ldl_solve` takes them. Not differentiable. RuntimeError when D is singular.
    Bunch and Kaufman 1977.
    """
    check_square("torch.linalg.ldl_factor_ex", A)
    LD, pivots, info = LinalgLdlFactorEx.apply(A.detach(), bool(hermitian))
    _check_info("torch.linalg.ldl_factor", info)
    return into_all(out, LDLFactor(LD, pivots))


def _check_info(name, info):
    if any_true(info != 0):
        i = int(info[info != 0].flatten()[0])
        raise RuntimeError(
            f"{name}: D[{i},{i}] is zero: the matrix is singular; ldl_factor_ex factors it all the same"
        )


class LinalgLdlSolve(Op, name="_ldl_solve", namespace="linalg"):
    """X of A X = B."""

    @staticmethod
    def forward(ctx, LD, pivots, B, hermitian):
        ctx.save_for_backward(LD, pivots)
        ctx.hermitian = hermitian
        return ctx.k.ldl_solve(LD, pivots, B, hermitian)

    @staticmethod
    def backward(ctx, grad):
        LD, pivots = ctx.saved
        if ctx.hermitian:
            return None, None, LinalgLdlSolve.apply(LD, pivots, grad, True)
        return None, None, conj(LinalgLdlSolve.apply(LD, pivots, conj(grad), False))


def ldl_solve(LD, pivots, B, *, hermitian=False, out=None):
    """linalg.ldl_solve(LD, pivots, B, *, hermitian=False, out=None) -> Tensor: the X (*, N, K) of A X = B.

    LD and pivots come from `ldl_factor` with the same `hermitian`. Differentiable in B. RuntimeError when sizes or
    dtypes do not fit.
    """
    name = "torch.linalg.ldl_solve"
    check_square(name, LD, "LD")
    check_tensor(pivots, name, "pivots", 2)
    check_matrix(name, B, "B", 3)
    if LD.shape[-1] != B.shape[-2]:
        raise RuntimeError(
            f"Incompatible matrix sizes for {name}: each A matrix is {LD.shape[-1]} by {LD.shape[-1]} but each b "
            f"matrix is {B.shape[-2]} by {B.shape[-1]}"
        )
    if pivots.shape != LD.shape[:-1]:
        raise RuntimeError(
            f"{name}: Expected LD.shape[:-1] and pivots.shape to be the same, but got pivots with shape "
            f"{list(pivots.shape)} instead"
        )
    if pivots.dtype.category != "int":
        raise RuntimeError(f"{name}: Expected pivots to be integers. Got {pivots.dtype.title}")
    if B.dtype is not LD.dtype:
        raise RuntimeError(
            f"Expected b and A to have the same dtype, but found b of type {B.dtype.title} and A of type "
            f"{LD.dtype.title} instead."
        )
    broadcast_batches(name, LD, B)
    _check_pivots(name, pivots)
    return into(out, LinalgLdlSolve.apply(LD.detach(), pivots, B, bool(hermitian)))


def _check_pivots(name, pivots):
    """RuntimeError unless all are rows, and the negative ones are pairs."""
    size, n = pivots.abs(), pivots.shape[-1]
    fine = not any_true(~((size >= 1) & (size <= n)))
    for row in underlying(pivots).reshape(-1, n).tolist() if fine and n else ():
        k = 0
        while k < n and fine:
            fine = row[k] > 0 or (k + 1 < n and row[k + 1] == row[k])
            k += 1 if row[k] > 0 else 2
    if not fine:
        raise RuntimeError(
            f"{name}: pivots are not what ldl_factor gives: rows from 1 to {n}, negative ones in pairs"
        )
