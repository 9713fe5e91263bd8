"""LU factorisation and triangular systems by LAPACK and BLAS of the OpenBLAS library, called through ctypes."""

from __future__ import annotations

import ctypes as _ctypes
from functools import cache as _cache

import numpy as np

from ..._core.openblas import library_path as _library_path
from ..base._xp import Array

_LETTER = {"float32": "s", "float64": "d", "complex64": "c", "complex128": "z"}


@_cache
def _routine(name: str):
    """A routine by its Fortran name. All arguments are pointers."""
    library = _ctypes.CDLL(_library_path())
    routine = getattr(library, f"scipy_{name}_")
    routine.restype = None
    return routine


def _int(value: int):
    return _ctypes.byref(_ctypes.c_int32(value))


def _char(value: str):
    return _ctypes.byref(_ctypes.c_char(value.encode()))


def _addresses(x: Array, count: int):
    """The addresses of the `count` equal parts of a contiguous array."""
    step = x.nbytes // count if count else 0
    return [_ctypes.c_void_p(x.ctypes.data + i * step) for i in range(count)]


def lu_factor(a: Array) -> tuple[Array, Array, Array]:
    """Both factors of a = P L U in one matrix, the rows that were swapped (int32, from 1), and info: getrf."""
    (m, n), batch = a.shape[-2:], a.shape[:-2]
    columns = np.array(a.swapaxes(-1, -2), order="C")
    pivots, info = np.zeros((*batch, min(m, n)), np.int32), np.zeros(batch, np.int32)
    if a.size:
        getrf = _routine(_LETTER[a.dtype.name] + "getrf")
        for matrix, swaps, code in zip(
            *[_addresses(x, info.size) for x in (columns, pivots, info)], strict=True
        ):
            getrf(_int(m), _int(n), matrix, _int(m), swaps, code)
    return columns.swapaxes(-1, -2), pivots, info


def solve_triangular(a: Array, b: Array, upper: bool, unitriangular: bool) -> Array:
    """The x of a x = b for triangular a (*, N, N) and b (*, N, K), whose batches broadcast: trsm."""
    n, k = b.shape[-2:]
    batch = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
    x = np.array(np.broadcast_to(b, (*batch, n, k)), order="C")
    if not x.size:
        return x
    matrices = np.ascontiguousarray(np.broadcast_to(a, (*batch, n, n)))
    trsm = _routine(_LETTER[x.dtype.name] + "trsm")
    one = np.ones((), x.dtype)
    count = x.size // (n * k)
    # Row by row in memory, these are the transposes to Fortran: it solves x^T a^T = b^T.
    side, triangle, as_is = _char("R"), _char("L" if upper else "U"), _char("N")
    diagonal = _char("U" if unitriangular else "N")
    for matrix, right in zip(_addresses(matrices, count), _addresses(x, count), strict=True):
        trsm(side, triangle, as_is, diagonal, _int(k), _int(n), _ctypes.c_void_p(one.ctypes.data), matrix, _int(n),
             right, _int(k))  # fmt: skip
    return x
