"""The linalg extension of the array API standard."""

from typing import NamedTuple

import flambeau as fb

from .. import linalg as _linalg
from ._array import faced
from ._dtypes import as_arrays, axes_of, check_array, finfo
from ._reductions import sum as _sum
from ._shapes import matmul, matrix_transpose, tensordot, vecdot

__all__ = [
    "cholesky", "cross", "det", "diagonal", "eigh", "eigvalsh", "inv", "matmul", "matrix_norm",
    "matrix_power", "matrix_rank", "matrix_transpose", "outer", "pinv", "qr", "slogdet", "solve", "svd",
    "svdvals", "tensordot", "trace", "vecdot", "vector_norm",
]  # fmt: skip


class QRResult(NamedTuple):
    """What qr gives."""

    Q: fb.Tensor
    R: fb.Tensor


class EighResult(NamedTuple):
    """What eigh gives."""

    eigenvalues: fb.Tensor
    eigenvectors: fb.Tensor


class SlogdetResult(NamedTuple):
    """What slogdet gives."""

    sign: fb.Tensor
    logabsdet: fb.Tensor


class SVDResult(NamedTuple):
    """What svd gives."""

    U: fb.Tensor
    S: fb.Tensor
    Vh: fb.Tensor


def cholesky(x, /, *, upper=False):
    """cholesky(x, upper=False) -> Tensor: L with L L^H = x (or U with U^H U = x), for positive definite matrices."""
    check_array("cholesky", x)
    return _linalg.cholesky(x, upper=upper)


def cross(x1, x2, /, *, axis=-1):
    """cross(x1, x2, axis=-1) -> Tensor: the vector products along axis, of size 3; other dimensions are broadcast."""
    check_array("cross", x1, x2)
    x1, x2 = as_arrays("cross", x1, x2)
    for x in (x1, x2):
        axes_of("cross", x, axis)
        if x.shape[axis] != 3:
            raise ValueError(f"cross(): the size along axis {axis} must be 3, got {x.shape[axis]}")
    return _linalg.cross(*fb.broadcast_tensors(x1, x2), dim=axis)


def det(x, /):
    """det(x) -> Tensor: the determinants of square matrices."""
    check_array("det", x)
    return _linalg.det(x)


def diagonal(x, /, *, offset=0):
    """diagonal(x, offset=0) -> view of the diagonals of matrices."""
    check_array("diagonal", x)
    return fb.diagonal(x, offset, -2, -1)


def eigh(x, /):
    """eigh(x) -> (eigenvalues, eigenvectors) of symmetric or Hermitian matrices, in ascending order."""
    check_array("eigh", x)
    return EighResult(*_linalg.eigh(x))


def eigvalsh(x, /):
    """eigvalsh(x) -> Tensor: the eigenvalues of symmetric or Hermitian matrices, in ascending order."""
    check_array("eigvalsh", x)
    return _linalg.eigvalsh(x)


def inv(x, /):
    """inv(x) -> Tensor: the inverses of square matrices."""
    check_array("inv", x)
    return _linalg.inv(x)


def matrix_norm(x, /, *, keepdims=False, ord="fro"):
    """matrix_norm(x, keepdims=False, ord='fro') -> Tensor: the norms of matrices: 'fro', 'nuc', 1, -1, 2, -2, inf
    or -inf."""
    check_array("matrix_norm", x)
    return _linalg.matrix_norm(x, ord, keepdim=keepdims)


def matrix_power(x, n, /):
    """matrix_power(x, n) -> Tensor: the n-th power of square matrices; for n < 0, of their inverses."""
    check_array("matrix_power", x)
    return _linalg.matrix_power(x, n)


def _cutoff(x, rtol, default):
    """A relative tolerance that broadcasts against singular values."""
    if rtol is None:
        return default
    return rtol.unsqueeze(-1) if isinstance(rtol, fb.Tensor) else rtol


def matrix_rank(x, /, *, rtol=None):
    """matrix_rank(x, rtol=None) -> int64 Tensor: how many singular values exceed rtol times the largest one, by default
    max(M, N) eps."""
    check_array("matrix_rank", x)
    values = svdvals(x)
    if not values.shape[-1]:
        return fb.zeros(x.shape[:-2], dtype=fb.int64, device=x.device)
    cutoff = _cutoff(x, rtol, max(x.shape[-2:]) * finfo(x).eps)
    return _sum(values > values.amax(-1, keepdim=True) * cutoff, axis=-1)


def outer(x1, x2, /):
    """outer(x1, x2) -> Tensor (N, M): the products of the elements of two vectors."""
    check_array("outer", x1, x2)
    return fb.outer(*as_arrays("outer", x1, x2))


def pinv(x, /, *, rtol=None):
    """pinv(x, rtol=None) -> Tensor: the pseudo-inverses of matrices; singular values up to rtol times the largest one
    count as 0, by default max(M, N) eps."""
    check_array("pinv", x)
    return _linalg.pinv(x, rtol=max(x.shape[-2:]) * finfo(x).eps if rtol is None else rtol)


def qr(x, /, *, mode="reduced"):
    """qr(x, mode='reduced') -> (Q, R): x = Q R, with Q (M, min(M, N)), or (M, M) by mode='complete'."""
    check_array("qr", x)
    if mode not in ("reduced", "complete"):
        raise ValueError(f"qr(): mode must be 'reduced' or 'complete', got {mode!r}")
    return QRResult(*_linalg.qr(x, mode))


def slogdet(x, /):
    """slogdet(x) -> (sign, logabsdet): the determinant as sign exp(logabsdet)."""
    check_array("slogdet", x)
    return SlogdetResult(*_linalg.slogdet(x))


def solve(x1, x2, /):
    """solve(x1, x2) -> Tensor: x with x1 x = x2; a vector if x2 has one dimension, else matrices, broadcast."""
    check_array("solve", x1, x2)
    x1, x2 = as_arrays("solve", x1, x2)
    if x2.ndim == 1:
        return _linalg.solve(x1, x2.unsqueeze(-1)).squeeze(-1)
    batch = fb.broadcast_shapes(
        x1.shape[:-2], x2.shape[:-2]
    )  # PyTorch reads some batches as vectors otherwise
    return _linalg.solve(x1.expand(*batch, *x1.shape[-2:]), x2.expand(*batch, *x2.shape[-2:]))


def svd(x, /, *, full_matrices=True):
    """svd(x, full_matrices=True) -> (U, S, Vh): x = U diag(S) Vh, with S in descending order."""
    check_array("svd", x)
    return SVDResult(*_linalg.svd(x, full_matrices=full_matrices))


def svdvals(x, /):
    """svdvals(x) -> Tensor: the singular values in descending order."""
    check_array("svdvals", x)
    return _linalg.svdvals(x)


def trace(x, /, *, offset=0, dtype=None):
    """trace(x, offset=0, dtype=None) -> Tensor: the sums of the diagonals of matrices; of ints int64, of
    unsigned ones uint64."""
    return _sum(diagonal(x, offset=offset), axis=-1, dtype=dtype)


def vector_norm(x, /, *, axis=None, keepdims=False, ord=2):
    """vector_norm(x, axis=None, keepdims=False, ord=2) -> Tensor: sum(|x|^ord)^(1/ord) along axis; for ord inf and -inf
    the largest and smallest |x|, for 0 the number of nonzero elements."""
    axes = axes_of("vector_norm", x, axis)
    if not axes:
        return fb.abs(x) if ord != 0 else (x != 0).to(fb.abs(x).dtype)
    return _linalg.vector_norm(x, ord, axes, keepdims)


faced(__all__, globals())
