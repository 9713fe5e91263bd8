"""Base kernels of linear algebra: factorisations and solutions of batches (*, M, N) of matrices.

float32, float64, complex64, complex128. Most are LAPACK's as `numpy.linalg` and `cupy.linalg` have them. `info` is
LAPACK's, an int32 per matrix: 0, or i > 0 when the i-th pivot (counted from 1) was zero or not positive. Iterations
that do not converge raise numpy.linalg.LinAlgError.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ._xp import Array, array_namespace, from_host, grid, to_host


def _lapack(x: Array, name: str, *args: Any, **options: Any) -> Any:
    """xp.linalg.<name>(x, ...), where failure raises numpy.linalg.LinAlgError on every device."""
    xp = array_namespace(x)
    if xp is np:
        with np.errstate(all="ignore"):
            return getattr(np.linalg, name)(x, *args, **options)
    with xp.errstate(linalg="raise"):
        return getattr(xp.linalg, name)(x, *args, **options)


def _no_info(a: Array) -> Array:
    return array_namespace(a).zeros(a.shape[:-2], np.int32)


def _eye(like: Array, n: int) -> Array:
    xp = array_namespace(like)
    rows, columns = grid(xp, (n, n))
    return (rows == columns).astype(like.dtype)


def _h(x: Array) -> Array:
    """The conjugate transposes."""
    x = x.swapaxes(-1, -2)
    return x.conj() if x.dtype.kind == "c" else x


# ---- triangular factors


def cholesky(a: Array) -> tuple[Array, Array]:
    """The lower factors L of a = L L^H, and info. Only the lower triangles of a are read."""
    if not a.size:
        return a.copy(), _no_info(a)
    try:
        return _lapack(a, "cholesky"), _no_info(a)
    except np.linalg.LinAlgError:
        return _cholesky_by_columns(a)


@np.errstate(all="ignore")
def _cholesky_by_columns(a: Array) -> tuple[Array, Array]:
    """The same, column by column for all matrices at once; columns from the failing one on are NaN."""
    xp = array_namespace(a)
    factor, info = xp.zeros(a.shape, a.dtype), _no_info(a)
    for j in range(a.shape[-1]):
        done = factor[..., j:, :j]
        column = a[..., j:, j] - xp.matmul(done, done[..., 0, :, None].conj())[..., 0]
        square = column[..., 0].real
        positive = square > 0
        info = xp.where((info == 0) & ~positive, np.int32(j + 1), info)
        root = xp.sqrt(xp.where(positive, square, square.dtype.type(np.nan)))
        factor[..., j:, j] = column / root[..., None]
        factor[..., j, j] = root
    return factor, info


def _swap_rows(x: Array, i: int, index: Array) -> None:
    """Swaps row i and row `index` (per matrix) of x (*, M, N), in place."""
    xp = array_namespace(x)
    index = xp.broadcast_to(index[..., None, None], (*x.shape[:-2], 1, x.shape[-1]))
    other, row = xp.take_along_axis(x, index, -2), x[..., i : i + 1, :].copy()
    xp.put_along_axis(x, index, row, -2)
    x[..., i : i + 1, :] = other


@np.errstate(all="ignore")
def lu_factor(a: Array) -> tuple[Array, Array, Array]:
    """Both factors of a = P L U in one matrix, the rows that were swapped (int32, from 1), and info."""
    xp = array_namespace(a)
    lu, n = a.copy(), min(a.shape[-2:])
    pivots, info = xp.zeros((*a.shape[:-2], n), np.int32), _no_info(a)
    for j in range(n if lu.size else 0):
        column = lu[..., j:, j]
        size = abs(column.real) + abs(column.imag) if a.dtype.kind == "c" else abs(column)
        chosen = size.argmax(axis=-1) + j
        pivots[..., j] = chosen + 1
        _swap_rows(lu, j, chosen)
        pivot = lu[..., j, j]
        zero = pivot == 0
        info = xp.where((info == 0) & zero, np.int32(j + 1), info)
        below = lu[..., j + 1 :, j] / xp.where(zero, pivot.dtype.type(1), pivot)[..., None]
        lu[..., j + 1 :, j] = below
        lu[..., j + 1 :, j + 1 :] -= below[..., :, None] * lu[..., j, None, j + 1 :]
    return lu, pivots, info


def pivoted_rows(pivots: Array, m: int) -> Array:
    """The order (*, M), int64, into which swapping the rows `pivots` (*, N) one after the other brings M rows."""
    xp = array_namespace(pivots)
    rows = xp.broadcast_to(xp.arange(m)[:, None], (*pivots.shape[:-1], m, 1)).copy()
    for i in range(pivots.shape[-1] if rows.size else 0):
        _swap_rows(rows, i, pivots[..., i].astype(np.int64) - 1)
    return rows[..., 0]


@np.errstate(all="ignore")
def solve_triangular(a: Array, b: Array, upper: bool, unitriangular: bool) -> Array:
    """The x of a x = b by substitution: a (*, N, N), of which only one triangle is read, b (*, N, K)."""
    xp = array_namespace(a)
    n = a.shape[-1]
    batch = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
    x = xp.broadcast_to(b, (*batch, *b.shape[-2:])).copy()
    for j in range(n - 1, -1, -1) if upper else range(n):
        if not unitriangular:
            x[..., j, :] /= a[..., j, j, None]
        rest = slice(0, j) if upper else slice(j + 1, n)
        x[..., rest, :] -= a[..., rest, j, None] * x[..., j, None, :]
    return x


def geqrf(a: Array) -> tuple[Array, Array]:
    """R over the Householder vectors, and their factors tau, as LAPACK's geqrf gives them. Computed on the host."""
    h, tau = np.linalg.qr(to_host(a), mode="raw")
    return from_host(h.swapaxes(-1, -2), a), from_host(tau, a)


# ---- solutions


def solve(a: Array, b: Array) -> tuple[Array, Array]:
    """The x of a x = b for a (*, N, N) and b (*, N, K), and info, which is of the batch of a."""
    xp = array_namespace(a)
    batch = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
    if not a.size or not b.size:
        return xp.zeros((*batch, *b.shape[-2:]), b.dtype), _no_info(a)
    try:
        whole = [xp.broadcast_to(x, (*batch, *x.shape[-2:])) for x in (a, b)]
        return _lapack(whole[0], "solve", whole[1]), _no_info(a)
    except np.linalg.LinAlgError:
        return _solve_by_lu(a, b)


def _solve_by_lu(a: Array, b: Array) -> tuple[Array, Array]:
    """The same where some matrix is singular: its x has infinities and NaN."""
    xp = array_namespace(a)
    lu, pivots, info = lu_factor(a)
    rows = pivoted_rows(pivots, a.shape[-1])
    rows = xp.broadcast_to(rows[..., None], (*np.broadcast_shapes(a.shape[:-2], b.shape[:-2]), *b.shape[-2:]))
    swapped = xp.take_along_axis(xp.broadcast_to(b, rows.shape), rows, -2)
    return solve_triangular(lu, solve_triangular(lu, swapped, False, True), True, False), info


def inverse(a: Array) -> tuple[Array, Array]:
    """The inverses of square matrices, and info."""
    if not a.size:
        return a.copy(), _no_info(a)
    try:
        return _lapack(a, "inv"), _no_info(a)
    except np.linalg.LinAlgError:
        return _solve_by_lu(a, _eye(a, a.shape[-1]))


def det(a: Array) -> Array:
    """Determinants."""
    xp = array_namespace(a)
    return xp.asarray(_lapack(a, "det")) if a.size else xp.ones(a.shape[:-2], a.dtype)


def slogdet(a: Array) -> tuple[Array, Array]:
    """The signs (complex: of size 1) of determinants, and the logarithms of their absolute values."""
    xp = array_namespace(a)
    if not a.size:
        return xp.ones(a.shape[:-2], a.dtype), xp.zeros(a.shape[:-2], a.real.dtype)
    sign, logarithm = _lapack(a, "slogdet")
    return xp.asarray(sign), xp.asarray(logarithm)


# ---- orthogonal factors, eigenvalues, singular values


def qr(a: Array, mode: str) -> tuple[Array, Array]:
    """The factors of a = Q R, "reduced" or "complete"."""
    if not a.size:
        xp = array_namespace(a)
        m, n = a.shape[-2:]
        k = m if mode == "complete" else min(m, n)
        q = xp.broadcast_to(_eye(a, m)[:, :k], (*a.shape[:-2], m, k)).copy()
        return q, xp.zeros((*a.shape[:-2], k, n), a.dtype)
    q, r = _lapack(a, "qr", mode)
    return q, r


@np.errstate(all="ignore")
def svd(a: Array, full: bool) -> tuple[Array, Array, Array]:
    """U, S and V^H of a = U diag(S) V^H; full: U and V are square."""
    if not a.size:
        xp = array_namespace(a)
        m, n = a.shape[-2:]
        k = min(m, n)
        u, v = [
            xp.broadcast_to(_eye(a, s)[:, : s if full else k], (*a.shape[:-2], s, s if full else k)).copy()
            for s in (m, n)
        ]
        return u, xp.zeros((*a.shape[:-2], k), a.real.dtype), v.swapaxes(-1, -2)
    u, s, vh = _lapack(a, "svd", full_matrices=full)
    return u, s, vh


def svdvals(a: Array) -> Array:
    """The singular values in descending order."""
    if not a.size:
        return array_namespace(a).zeros((*a.shape[:-2], min(a.shape[-2:])), a.real.dtype)
    return _lapack(a, "svd", compute_uv=False)


def eigh(a: Array, uplo: str) -> tuple[Array, Array]:
    """Eigenvalues in ascending order, and eigenvectors, of Hermitian matrices, of which one triangle is read."""
    if not a.size:
        return array_namespace(a).zeros(a.shape[:-1], a.real.dtype), a.copy()
    values, vectors = _lapack(a, "eigh", UPLO=uplo)
    return values, vectors


def eigvalsh(a: Array, uplo: str) -> Array:
    """Eigenvalues of Hermitian matrices in ascending order."""
    if not a.size:
        return array_namespace(a).zeros(a.shape[:-1], a.real.dtype)
    return _lapack(a, "eigvalsh", UPLO=uplo)


def eig(a: Array) -> tuple[Array, Array]:
    """Eigenvalues and eigenvectors of square matrices, complex. Computed on the host."""
    dtype = np.result_type(a.dtype, np.complex64)
    values, vectors = _lapack(to_host(a), "eig")
    return from_host(values.astype(dtype), a), from_host(vectors.astype(dtype), a)


def eigvals(a: Array) -> Array:
    """Eigenvalues of square matrices, complex. Computed on the host."""
    values = _lapack(to_host(a), "eigvals")
    return from_host(values.astype(np.result_type(a.dtype, np.complex64)), a)


def _reciprocal(s: Array, atol: Any, rtol: Any) -> Array:
    """1 / s where |s| is above max(atol, rtol max |s|), else 0."""
    xp = array_namespace(s)
    size = abs(s)
    largest = size.max(axis=-1, keepdims=True) if s.shape[-1] else 0
    bound = xp.maximum(_column(atol), _column(rtol) * largest)
    kept = size > bound
    return xp.where(kept, 1 / xp.where(kept, s, s.dtype.type(1)), s.dtype.type(0))


def _column(x: Any) -> Any:
    return x[..., None] if getattr(x, "ndim", 0) else x


@np.errstate(all="ignore")
def pinv(a: Array, atol: Any, rtol: Any, hermitian: bool) -> Array:
    """Pseudo-inverses, from singular values above max(atol, rtol * the largest one). Numbers or arrays (*)."""
    if not a.size:
        return array_namespace(a).zeros((*a.shape[:-2], *a.shape[:-3:-1]), a.dtype)
    if hermitian:
        s, u = eigh(a, "L")
        vh = _h(u)
    else:
        u, s, vh = svd(a, False)
    scaled = _h(vh) * _reciprocal(s, atol, rtol)[..., None, :]
    return array_namespace(a).matmul(scaled, _h(u)).astype(a.dtype, copy=False)


@np.errstate(all="ignore")
def least_squares(a: Array, b: Array, rcond: float) -> tuple[Array, Array, Array]:
    """The shortest x that minimise |a x - b|, the ranks of a (int64), its singular values; those not above rcond *
    the largest count as zero."""
    xp = array_namespace(a)
    u, s, vh = svd(a, False)
    inverse = _reciprocal(s, 0, s.dtype.type(rcond))
    x = xp.matmul(_h(vh) * inverse[..., None, :], xp.matmul(_h(u), b))
    return x.astype(a.dtype, copy=False), (inverse != 0).sum(axis=-1).astype(np.int64), s


# ---- the exponential

_PADE13 = (64764752532480000, 32382376266240000, 7771770303897600, 1187353796428800, 129060195264000, 10559470521600,
           670442572800, 33522128640, 1323241920, 40840800, 960960, 16380, 182, 1)  # fmt: skip


@np.errstate(all="ignore")
def matrix_exp(a: Array) -> Array:
    """e to the power of square matrices, by scaling and squaring with the Padé approximant of degree 13 (N. Higham,
    "The scaling and squaring method for the matrix exponential revisited", 2005, algorithm 2.3)."""
    xp = array_namespace(a)
    if not a.size:
        return a.copy()
    norm = abs(a).sum(axis=-2).max(axis=-1).astype(np.float64)
    squarings = xp.ceil(xp.log2(xp.maximum(norm, 1e-300) / 5.371920351148152))
    squarings = xp.where(xp.isfinite(norm), xp.maximum(squarings, 0), 0.0)
    x = a * (0.5**squarings).astype(a.real.dtype)[..., None, None]
    b = [x.real.dtype.type(c) for c in _PADE13]
    one = _eye(a, a.shape[-1])
    x2 = xp.matmul(x, x)
    x4 = xp.matmul(x2, x2)
    x6 = xp.matmul(x4, x2)
    odd = xp.matmul(x6, b[13] * x6 + b[11] * x4 + b[9] * x2) + b[7] * x6 + b[5] * x4 + b[3] * x2 + b[1] * one
    even = xp.matmul(x6, b[12] * x6 + b[10] * x4 + b[8] * x2) + b[6] * x6 + b[4] * x4 + b[2] * x2 + b[0] * one
    odd = xp.matmul(x, odd)
    y, _ = solve(even - odd, even + odd)
    for step in range(int(squarings.max())):
        y = xp.where((squarings > step)[..., None, None], xp.matmul(y, y), y)
    return y
