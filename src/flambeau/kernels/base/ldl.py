"""Base kernels of the L D L^H factorisation, computed on the host, one matrix after the other."""

from __future__ import annotations

import math

import numpy as np

from ._xp import Array, from_host, to_host

_ALPHA = (1 + math.sqrt(17)) / 8  # bounds the growth of elements


@np.errstate(all="ignore")
def ldl_factor(a: Array, hermitian: bool) -> tuple[Array, Array, Array]:
    """L and D of a = L D L^T (hermitian: L D L^H) in one lower triangle, LAPACK's pivots (int32) and info.

    Diagonal pivoting with blocks of size 1 and 2: J. Bunch and L. Kaufman, "Some stable methods for calculating inertia
    and solving symmetric linear systems" (1977), in the form of LAPACK's sytf2 and hetf2. Two equal negative pivots
    -p belong to a block of size 2, whose second row was swapped with row p.
    """
    factors = np.tril(to_host(a))
    pivots, info = np.zeros(a.shape[:-1], np.int32), np.zeros(a.shape[:-2], np.int32)
    for batch in np.ndindex(info.shape):
        info[batch] = _factor(factors[batch], pivots[batch], hermitian and a.dtype.kind == "c")
    return from_host(factors, a), from_host(pivots, a), from_host(info, a)


def _size(x: np.ndarray) -> np.ndarray:
    return abs(x.real) + abs(x.imag) if x.dtype.kind == "c" else abs(x)


def _factor(a: np.ndarray, pivots: np.ndarray, hermitian: bool) -> int:
    """Factors one lower triangle in place; returns info."""
    n, info, k = len(a), 0, 0
    while k < n:
        if hermitian:
            a[k, k] = a[k, k].real
        row, step = _choose(a, k)
        last = k + step - 1
        if row != last:
            _swap(a, k, last, row, hermitian)
        if step == 1:
            pivots[k] = row + 1
            if a[k, k] == 0:
                info = info or k + 1
            else:
                _eliminate(a, k, 1, a[k : k + 1, k : k + 1], hermitian)
        else:
            pivots[k : k + 2] = -(row + 1)
            _eliminate(a, k, 2, _block(a, k, hermitian), hermitian)
        k += step
    return info


def _choose(a: np.ndarray, k: int) -> tuple[int, int]:
    """Which row becomes the pivot at k, and the size of the block."""
    below = _size(a[k + 1 :, k])
    size = _size(a[k, k])
    if not below.size or not below.max() > 0 or np.isnan(size):
        return k, 1
    row, largest = k + 1 + int(below.argmax()), below.max()
    if size >= _ALPHA * largest:
        return k, 1
    others = np.concatenate([_size(a[row, k:row]), _size(a[row + 1 :, row])]).max()
    if size >= _ALPHA * largest * (largest / others):
        return k, 1
    return (row, 1) if _size(a[row, row]) >= _ALPHA * others else (row, 2)


def _swap(a: np.ndarray, k: int, i: int, j: int, hermitian: bool) -> None:
    """Swaps rows and columns i < j of a matrix of which the lower triangle from column k on is stored."""
    a[[i, j], k:i] = a[[j, i], k:i]
    a[[i, j], [i, j]] = a[[j, i], [j, i]]
    a[j + 1 :, [i, j]] = a[j + 1 :, [j, i]]
    between = a[i + 1 : j, i].copy()
    a[i + 1 : j, i] = a[j, i + 1 : j]
    a[j, i + 1 : j] = between
    if hermitian:
        a[i + 1 : j, i] = a[i + 1 : j, i].conj()
        a[j, i:j] = a[j, i:j].conj()


def _block(a: np.ndarray, k: int, hermitian: bool) -> np.ndarray:
    """The block of size 2 of D at k."""
    across = a[k + 1, k]
    other = across.conj() if hermitian else across
    first, second = (a[i, i].real if hermitian else a[i, i] for i in (k, k + 1))
    return np.array([[first, other], [across, second]], a.dtype)


def _eliminate(a: np.ndarray, k: int, step: int, block: np.ndarray, hermitian: bool) -> None:
    """Takes a block of D out of the rest of the matrix; its columns become those of L."""
    rest = k + step
    columns = a[rest:, k:rest].copy()
    a[rest:, k:rest] = np.linalg.solve(block.T, columns.T).T
    a[rest:, rest:] -= np.tril(a[rest:, k:rest] @ (columns.conj() if hermitian else columns).T)


@np.errstate(all="ignore")
def ldl_solve(factors: Array, pivots: Array, b: Array, hermitian: bool) -> Array:
    """The x of a x = b from what ldl_factor gives."""
    ld, swaps = to_host(factors), to_host(pivots)
    batch = np.broadcast_shapes(ld.shape[:-2], b.shape[:-2])
    x = np.broadcast_to(to_host(b), (*batch, *b.shape[-2:])).copy()
    ld, swaps = (
        np.broadcast_to(ld, (*batch, *ld.shape[-2:])),
        np.broadcast_to(swaps, (*batch, swaps.shape[-1])),
    )
    for i in np.ndindex(batch):
        _solve(ld[i], swaps[i], x[i], hermitian and ld.dtype.kind == "c")
    return from_host(x, b)


def _solve(a: np.ndarray, pivots: np.ndarray, x: np.ndarray, hermitian: bool) -> None:
    """Solves for one matrix, in place."""
    starts, k = [], 0
    while k < len(a):
        starts.append(k)
        k += 1 if pivots[k] > 0 else 2
    for k in starts:
        step = 1 if pivots[k] > 0 else 2
        last, row = k + step - 1, abs(int(pivots[k])) - 1
        x[[last, row]] = x[[row, last]]
        x[k + step :] -= a[k + step :, k : k + step] @ x[k : k + step]
        if step == 1:
            x[k] /= a[k, k].real if hermitian else a[k, k]
        else:
            x[k : k + 2] = np.linalg.solve(_block(a, k, hermitian), x[k : k + 2])
    for k in reversed(starts):
        step = 1 if pivots[k] > 0 else 2
        last, row = k + step - 1, abs(int(pivots[k])) - 1
        columns = a[k + step :, k : k + step]
        x[k : k + step] -= (columns.conj() if hermitian else columns).T @ x[k + step :]
        x[[last, row]] = x[[row, last]]
