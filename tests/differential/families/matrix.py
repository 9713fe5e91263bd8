"""Matrix products in all their forms, distances."""

import numpy as np

from ..case import Case
from ..draw import COMPLEX, FLOATS, HALVES
from . import family

DTYPES = (*FLOATS, *FLOATS, *COMPLEX, *HALVES, "int64", "int32", "uint8", "bool")


def _size(d):
    return d.pick(0, 1, 2, 3, 5)


def _pair(d, dtype):
    return d.pick(*[dtype] * 9, d.dtype(*DTYPES))


@family
def matmul(d):
    """All combinations of ranks, batch dimensions that broadcast."""
    dtype = d.dtype(*DTYPES)
    n, k, m = _size(d), _size(d), _size(d)
    batch = d.shape(0, 2)
    left = d.pick((k,), (n, k), (*batch, n, k))
    right = d.pick((k if not d.rarely() else k + 1,), (k, m), (*d.broadcast(batch), k, m))
    a, b = d.tensor(left, dtype), d.tensor(right, _pair(d, dtype))
    return Case(d.pick("matmul", "matmul", "linalg.matmul"), (a, b), ulps=128)


@family
def products(d):
    dtype = d.dtype(*DTYPES)
    n, k, m, b = _size(d), _size(d), _size(d), _size(d)
    bad = d.rarely()
    t = lambda *shape: d.tensor(shape, _pair(d, dtype))  # noqa: E731
    name, shapes = d.pick(
        ("mm", ((n, k), (k + bad, m))), ("bmm", ((b, n, k), (b, k, m + bad))), ("mv", ((n, k), (k + bad,))),
        ("dot", ((k,), (k + bad,))), ("inner", ((n, k), (m, k + bad))), ("inner", ((k,), (k,))),
        ("outer", ((n,), (m,))), ("kron", ((n, k), (m,))), ("inner", ((n, k), ())), ("vdot", ((k,), (k,))),
        ("linalg.vecdot", ((n, k), (n, k))), ("nn.functional.linear", ((b, n, k), (m, k))), ("ger", ((n,), (m,))),
        ("nn.functional.linear", ((k,), (m, k), (m,))), ("nn.functional.linear", ((n, k), (m, k + bad), (m,))),
        ("chain_matmul", ((n, k), (k, m), (m, b))), ("nn.functional.bilinear", ((b, n), (b, k), (m, n, k))),
    )  # fmt: skip
    return Case(name, tuple(t(*shape) for shape in shapes), ulps=128)


@family
def sums_of_products(d):
    """addmm and its like; beta=0 ignores NaN in the first operand."""
    dtype = d.dtype(*DTYPES)
    n, k, m, b = _size(d), _size(d), _size(d), _size(d)
    name, out, left, right = d.pick(
        ("addmm", (n, m), (n, k), (k, m)), ("baddbmm", (b, n, m), (b, n, k), (b, k, m)), ("addmv", (n,), (n, k), (k,)),
        ("addr", (n, m), (n,), (m,)), ("addbmm", (n, m), (b, n, k), (b, k, m)),
    )  # fmt: skip
    form = d.pick(name, name, f"Tensor.{name}_")
    values = d.pick("normal", "normal" if dtype in COMPLEX else "special")
    start = d.tensor(out if form.endswith("_") else d.broadcast(out), dtype, values, "plain")
    args = (start, d.tensor(left, dtype), d.tensor(right, _pair(d, dtype)))
    options = d.options(beta=(0, 0, 1, 2, 0.5), alpha=(0, 1, 2, 0.5))
    return Case(form, args, options, mutates=form.endswith("_"), ulps=256)


@family
def einsum(d):
    dtype = d.dtype(*FLOATS, *COMPLEX, "int64")
    n, k, m, b = _size(d), _size(d), _size(d), _size(d)
    sizes = {"i": n, "j": k, "k": m, "b": b}
    equation = d.pick("ij,jk->ik", "ij,jk", "bij,bjk->bik", "ij->ji", "ii->i", "ii", "ij->", "i,j->ij", "ij,ij->i",
                      "...ij,...jk->...ik", "bi,ij,bj->b", "ij,kj->ik", "...i->...", "b...,b...->...", "ij->k", "i,i",
                      "bij->bj", "iij->ij", "ij,jk->k", " i j , j k -> i k")  # fmt: skip
    operands = []
    for term in equation.replace(" ", "").split("->")[0].split(","):
        ellipsis = (d.pick(1, 2),) if "..." in term and d.flag() else ()
        before, _, after = term.partition("...")
        shape = (*[sizes[c] for c in before], *ellipsis, *[sizes[c] for c in after])
        operands.append(d.tensor(shape, dtype))
    return Case("einsum", (equation, *operands), ulps=256)


@family
def tensordot(d):
    dtype = d.dtype(*FLOATS, *COMPLEX, "int64")
    n, k, m = _size(d), _size(d), _size(d)
    left, right, dims = d.pick(
        ((n, k), (k, m), 1), ((n, k, m), (k, m, n), 2), ((n,), (m,), 0), ((n, k), (n, m), ([0], [0])),
        ((n, k, m), (m, k), ([1, 2], [1, 0])), ((n, k), (m, n), 1), ((n, k), (k, n), ([0, 1], [-1, -2])),
    )  # fmt: skip
    return Case("tensordot", (d.tensor(left, dtype), d.tensor(right, dtype), dims), ulps=256)


@family
def distances(d):
    dtype = d.dtype(*FLOATS, *FLOATS, "int64")
    p = d.pick(2.0, 1.0, 0.0, 3.0, float("inf"), 0.5, -1.0)
    n, m, k = _size(d), _size(d), _size(d)
    if d.flag():
        x = d.tensor((n, k) if not d.rarely() else (n,), dtype)
        return Case(
            "pdist", (x, p), ulps=2048, grad=n > 1 and k > 0
        )  # PyTorch's backward of no distance crashes
    batch = d.shape(0, 1)
    a, b = d.tensor((*batch, n, k), dtype), d.tensor((*d.broadcast(batch), m, k), dtype)
    # the default takes the squares apart for many rows, which loses half of the digits
    options = {"p": p, "compute_mode": "donot_use_mm_for_euclid_dist"}
    return Case("cdist", (a, b), options, ulps=2048)


@family
def cross(d):
    dtype = d.dtype(*FLOATS, *COMPLEX, "int64")
    shape = (*d.shape(0, 2), d.pick(3, 3, 3, 2))
    a, b = d.tensor(shape, dtype), d.tensor(d.broadcast(shape), dtype)
    name = d.pick("cross", "linalg.cross")
    return Case(name, (a, b), d.options(dim=(-1, -1, 0)))


@family
def matrix_power(d):
    n = d.pick(0, 1, 3)
    x = d.tensor((*d.shape(0, 1), n, n), d.dtype(*FLOATS, *COMPLEX))
    x.values[...] += 4 * np.eye(n, dtype=x.values.dtype)
    return Case(d.pick("matrix_power", "linalg.matrix_power"), (x, d.integer(-2, 4)), ulps=4096)
