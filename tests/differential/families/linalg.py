"""Decompositions and solvers. A result that is unique only up to signs or phases is compared by what it stands for:
the product of the factors, the absolute value of the vectors."""

import numpy as np

from ..case import Case, Input
from ..draw import COMPLEX, FLOATS
from . import family

DTYPES = (*FLOATS, *FLOATS, *COMPLEX, "int64", "float16")


def _batch(d):
    return d.shape(0, 1)


def _regular(d, n, dtype, batch):
    """Square matrices far from singular ones."""
    x = d.tensor(
        (*batch, n, n),
        dtype,
        layout="plain" if batch else d.pick("plain", "fortran", "gaps") if n else "plain",
    )
    x.values[...] += (5 + np.diag(np.arange(n))).astype(x.values.dtype) * np.eye(n, dtype=x.values.dtype)
    return x


def _hermitian(d, n, dtype, batch, definite=False):
    x = d.tensor((*batch, n, n), dtype, layout="plain")
    v = x.values / 2 if dtype != "int64" else x.values
    v = v + v.swapaxes(-1, -2).conj()
    v = v + np.eye(n) * ((8 if definite else 0) + 2 * np.arange(n))
    return Input(v.astype(x.values.dtype), dtype)


@family
def solving(d):
    dtype, n, batch = d.dtype(*DTYPES), d.pick(0, 1, 2, 3), _batch(d)
    a = _regular(d, n, dtype, batch)
    k = d.pick(0, 1, 2)
    b = d.tensor(
        (*d.broadcast(batch), n + d.rarely(), k) if d.flag() else (n,), d.pick(dtype, dtype, dtype, "float64")
    )
    name = d.pick("linalg.solve", "linalg.inv", "inverse", "linalg.det", "linalg.slogdet", "linalg.solve_triangular",
                  "linalg.pinv", "linalg.lstsq", "logdet", "linalg.inv_ex", "linalg.cond", "linalg.matrix_rank",
                  "linalg.matrix_exp", "linalg.lu_factor", "linalg.multi_dot")  # fmt: skip
    if name == "linalg.solve":
        return Case(name, (a, b), d.options(left=(True, False)), ulps=8192)
    if name == "linalg.solve_triangular":
        options = {"upper": d.flag(), **d.options(left=(True, False), unitriangular=(True, False))}
        return Case(name, (a, b), options, ulps=8192)
    if name == "linalg.lstsq":
        tall = d.tensor((n + 2, n), dtype, layout="plain")
        tall.values[:n] += 6 * np.eye(n, dtype=tall.values.dtype)
        return Case(name, (tall, d.tensor((n + 2, k), dtype)), invariant=_first, ulps=8192)
    if name == "linalg.pinv":
        return Case(name, (a,), d.options(rtol=(1e-3,), hermitian=(False,)), ulps=8192)
    if name == "linalg.cond":
        return Case(name, (a, d.pick(None, 2, -2, "fro", 1, float("inf"))), ulps=8192)
    if name == "linalg.matrix_rank":
        return Case(name, (a,), d.options(rtol=(1e-3,), atol=(0.1,)), grad=False)
    if name == "linalg.matrix_exp":
        x = d.tensor((*batch, n, n), dtype)
        return Case(name, (x,), ulps=1e6 if dtype in ("float32", "complex64") else 1e5)
    if name == "linalg.multi_dot":
        return Case("linalg.multi_dot", ([a, _regular(d, n, dtype, ()), b],), ulps=8192)
    return Case(name, (a,), ulps=8192)


def _first(library, results, *args, **kwargs):
    return results[0]


@family
def decompositions(d):
    dtype, n, m, batch = d.dtype(*DTYPES), d.pick(0, 1, 2, 3), d.pick(0, 1, 3, 4), _batch(d)
    name = d.pick("linalg.qr", "linalg.svd", "linalg.svdvals", "linalg.lu", "linalg.eigh", "linalg.eigvalsh",
                  "linalg.cholesky", "linalg.eig", "linalg.eigvals", "linalg.cholesky_ex", "svd", "qr",
                  "cholesky")  # fmt: skip
    if name in ("linalg.cholesky", "linalg.cholesky_ex", "cholesky"):
        upper = d.options(upper=(True, False))
        x = _hermitian(d, n, dtype, batch, definite=name.endswith("_ex") or not d.rarely())
        return Case(name, (x,), upper, grad=dtype not in COMPLEX, ulps=8192)
    if name in ("linalg.eigh", "linalg.eigvalsh"):
        x = _hermitian(d, n, dtype, batch)
        # of eigh's gradient only the symmetric part has a meaning
        grad = name == "linalg.eigvalsh"
        return Case(name, (x,), d.options(UPLO=("L", "U")), invariant=_moduli, grad=grad, ulps=1e5)
    if name in ("linalg.eig", "linalg.eigvals"):
        x = _regular(d, n, dtype, batch)
        x.values[...] = (
            np.tril(x.values) if dtype != "int64" else x.values
        )  # distinct, well separated eigenvalues
        return Case(name, (x,), invariant=_sorted_eigenvalues, grad=False, ulps=1e5)
    x = d.tensor((*batch, m, n), dtype, layout=d.pick("plain", "gaps", "fortran"))  # of full rank
    if name == "linalg.lu":
        return Case(name, (x,), grad=False, ulps=8192)
    if name in ("linalg.qr", "qr"):
        options = (
            d.options(mode=("reduced", "complete", "r"))
            if "linalg" in name
            else d.options(some=(True, False))
        )
        return Case(name, (x,), options, invariant=_moduli, grad=False, ulps=8192)
    options = (
        {} if name == "linalg.svdvals" else d.options(full_matrices=(True, False)) if "linalg" in name else {}
    )
    return Case(name, (x,), options, invariant=_singular_values, grad=False, ulps=8192)


def _moduli(library, results, *args, **kwargs):
    """Columns are unique up to a phase."""
    return tuple(r.abs() for r in results) if isinstance(results, tuple) else results


def _singular_values(library, results, *args, **kwargs):
    """Shapes and dtype of the factors, the singular values, and what the factors multiply to."""
    if not isinstance(results, tuple):
        return results
    u, s, v = results
    k = s.shape[-1]
    right = v[..., :k, :] if hasattr(results, "Vh") else v[..., :k].mH
    return tuple(u.shape), tuple(v.shape), s, (u[..., :k] * s.unsqueeze(-2)) @ right


def _sorted_eigenvalues(library, results, *args, **kwargs):
    values = results[0] if isinstance(results, tuple) else results
    return values.real.sort(-1)[0], str(values.dtype).split(".")[-1], tuple(values.shape)
