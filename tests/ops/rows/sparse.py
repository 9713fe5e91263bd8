"""Rows of sparse tensors: functions of coordinates, values and dense operands, with dense results.

Each is written once, for both libraries: `both` gives it Flambeau or PyTorch.
"""

import numpy as np

import flambeau as fb
from tests.ops.table import COMPLEX, Bad, Row, Sample

FLOATS = ("float32", "float64")


def both(build):
    return dict(
        function=lambda *a, **k: build(fb, *a, **k),
        torch=lambda *a, **k: build(__import__("torch"), *a, **k),
        dtypes=FLOATS + COMPLEX,
    )


INDEX = [[0, 1, 1, 2, 0], [2, 0, 2, 1, 2]]  # (0, 2) twice
OTHER = [[0, 1, 2], [2, 1, 1]]
SIZE = (3, 4)


def coordinates(t, index=INDEX):
    return t.array(index, "int64")


def made(T, i, v, size=SIZE):
    return T.sparse_coo_tensor(i, v, size)


def one(*values, **more):
    """A sample of coordinates and values."""
    return lambda t: [Sample(coordinates(t), t(5), *values, **more)]


def in_numpy(i, v, size=SIZE):
    out = np.zeros((*size[: len(i)], *v.shape[1:]), v.dtype)
    np.add.at(out, tuple(i), v)
    return out


def construct(t):
    return [
        Sample(coordinates(t), t(5), SIZE),
        Sample(coordinates(t), t(5, 2), (3, 4, 2)),
        Sample(t.array([[3, 0, 3]], "int64"), t(3), (4,)),
        Sample(t.array(np.zeros((2, 0)), "int64"), t(0), (2, 3)),
    ]


def constructor_errors(t):
    i, v = coordinates(t), t(5)
    return [
        Bad(
            Sample(i, v, (2, 4)),
            RuntimeError,
            "size is inconsistent with indices: for dim 0, size is 2 but found index 2",
        ),
        Bad(Sample(i - 1, v, SIZE), RuntimeError, "found negative index -1 for dim 0"),
        Bad(
            Sample(i, t(4), SIZE),
            RuntimeError,
            "must have same nnz, but got nnz from indices: 5, nnz from values: 4",
        ),
        Bad(Sample(i, v, (3,)), RuntimeError, r"'len\(size\) == sparse_dim \+ dense_dim' is not satisfied"),
        Bad(
            Sample(i, t(5, 2), (3, 4, 3)),
            RuntimeError,
            r"values has incorrect size, expected \[5, 3\], got \[5, 2\]",
        ),
        Bad(Sample(i[0], v, (3,)), RuntimeError, r"indices must be sparse_dim x nnz, but got: \[5\]"),
    ]


CROW, COL, CSR_SIZE = [0, 1, 3, 3], [2, 0, 2], (3, 4)


def compressed(t):
    return [Sample(t.array(CROW, "int64"), t.array(COL, "int64"), t(3), CSR_SIZE),
            Sample(t.array([0, 0], "int64"), t.array([], "int64"), t(0), (1, 2))]  # fmt: skip


def by_row(p, c, v, size):
    return in_numpy(np.stack((np.repeat(np.arange(len(p) - 1), np.diff(p)), c)).astype(int), v, size)


def compressed_errors(t):
    p, c, v = t.array(CROW, "int64"), t.array(COL, "int64"), t(3)
    return [
        Bad(Sample(p[:3], c, v, CSR_SIZE), RuntimeError, "must be equal to the number of rows"),
        Bad(Sample(p + 1, c, v, CSR_SIZE), RuntimeError, r"crow_indices\[..., 0\] == 0"),
        Bad(Sample(p, c, t(4), CSR_SIZE), RuntimeError, "must be the number of values"),
        Bad(Sample(p, c + 2, v, CSR_SIZE), RuntimeError, "0 <= col_indices < ncols"),
    ]


def kept(x, *_):
    return x


def to(method, *args, **kwargs):
    return both(lambda T, x: getattr(x, method)(*args, **kwargs).to_dense())


def dense(t):
    x = t.array([[0, 1.5, 0], [0, 0, -2], [0, 0, 0], [3, 0, 1]])
    return [Sample(x)]


def full(t):
    """Without zeros: there the result does not follow the input."""
    return [Sample(t(2, 3))]


def product(name):
    return both(lambda T, i, v, d: getattr(T, name)(made(T, i, v), d).to_dense())


def plus_product(name):
    def build(T, j, w, i, v, d, beta=1, alpha=1):
        return getattr(T, name)(made(T, j, w, (3, 2)), made(T, i, v), d, beta=beta, alpha=alpha).to_dense()

    return both(build)


def with_matrix(t):
    return [Sample(coordinates(t), t(5), t(4, 2)), Sample(t.array(np.zeros((2, 0)), "int64"), t(0), t(4, 2))]


def with_two(t):
    j = t.array([[0, 2], [1, 1]], "int64")
    return [Sample(j, t(2), coordinates(t), t(5), t(4, 2)),
            Sample(j, t(2), coordinates(t), t(5), t(4, 2), beta=2, alpha=0.5)]  # fmt: skip


def binary(operation):
    return both(lambda T, i, v, j, w: operation(made(T, i, v), made(T, j, w)).to_dense())


def pair(t):
    return [Sample(coordinates(t), t(5), coordinates(t, OTHER), t(3)),
            Sample(coordinates(t), t(5), coordinates(t), t(5))]  # fmt: skip


def mapped(operation):
    return both(lambda T, i, v, *a: operation(T, made(T, i, v), *a).to_dense())


def with_dense(operation):
    return both(lambda T, i, v, d: operation(made(T, i, v), d).to_dense())


def entries(t):
    return [Sample(coordinates(t), t(5), 0), Sample(coordinates(t), t(5), 1)]


def distribution(name):
    """Entries with equal coordinates are merged by both; the values that are kept are compared."""
    build = both(lambda T, i, v, dim: getattr(T.sparse, name)(made(T, i, v), dim).coalesce().values())
    return {**build, "dtypes": FLOATS}


def rowless(t):
    return [Sample(coordinates(t), t(5), t(3, 2), t(2, 4))]


def sampled(T, i, v, a, b):
    s = T.sparse_coo_tensor(i, v, SIZE).to_sparse_csr()
    return T.sparse.sampled_addmm(s, a, b, beta=2.0, alpha=0.5).to_dense()


def batch(t):
    return [Sample(t.array([[0, 0, 1], [0, 1, 0], [1, 0, 1]], "int64"), t(3), t(2, 2, 3))]


def joined(T, i, v, w, dim):
    return T.cat([made(T, i, v), made(T, i, w)], dim).to_dense()


ROWS = [
    Row("sparse_coo_tensor", construct, in_numpy, errors=constructor_errors,
        **both(lambda T, i, v, size: T.sparse_coo_tensor(i, v, size).to_dense())),
    Row("sparse_csr_tensor", compressed, by_row, errors=compressed_errors,
        **both(lambda T, p, c, v, size: T.sparse_csr_tensor(p, c, v, size).to_dense())),
    Row("sparse_csc_tensor", compressed, lambda p, c, v, size: by_row(p, c, v, size).T,
        **both(lambda T, p, c, v, size: T.sparse_csc_tensor(p, c, v, size[::-1]).to_dense())),
    Row("sparse_compressed_tensor", compressed, by_row,
        **both(lambda T, p, c, v, size: T.sparse_compressed_tensor(p, c, v, size, layout=T.sparse_csr).to_dense())),
    *[Row(name, dense, kept, grad_samples=full, **to(name)) for name in ("to_sparse", "to_sparse_coo",
    "to_sparse_csr", "to_sparse_csc")], Row("to_sparse", dense, kept, grad_samples=full, **to("to_sparse", 1)),
    Row("to_dense", lambda t: [Sample(t(2, 3))], kept, **to("to_dense")),
    Row("sparse_mask", lambda t: [Sample(t(3, 4), coordinates(t, OTHER), t(3))],
        lambda x, i, v: x * (in_numpy(i.astype(int), np.ones(3)) != 0), grad_samples=lambda t: [Sample(t(3, 4),
        coordinates(t, OTHER), t(3))], **both(lambda T, x, i, v: x.sparse_mask(made(T, i, v).coalesce()).to_dense())),
    *[Row(name, with_matrix, lambda i, v, d: in_numpy(i.astype(int), v) @ d, **product(name))
      for name in ("spmm", "smm", "hspmm")],
    *[Row(name, with_two, lambda j, w, i, v, d, beta=1, alpha=1:
          beta * in_numpy(j.astype(int), w, (3, 2)) + alpha * (in_numpy(i.astype(int), v) @ d), **plus_product(name))
      for name in ("sspaddmm", "saddmm")],
    Row("spadd", pair, lambda i, v, j, w: in_numpy(i.astype(int), v) + in_numpy(j.astype(int), w),
        **{**binary(lambda a, b: a.spadd(b)), "torch": None}),
    Row("sparse add", pair, **binary(lambda a, b: a + b)),
    Row("sparse sub", pair, **binary(lambda a, b: a.sub(b, alpha=2))),
    Row("sparse mul", pair, **binary(lambda a, b: a * b)),
    Row("sparse cat", lambda t: [Sample(coordinates(t), t(5), t(5), d) for d in (0, 1)], **both(joined)),
    Row("dense add sparse", lambda t: [Sample(coordinates(t), t(5), t(3, 4))], **with_dense(lambda s, d: d + s)),
    Row("dense sub sparse", lambda t: [Sample(coordinates(t), t(5), t(3, 4))], **with_dense(lambda s, d: d - s)),
    Row("sparse mul dense", lambda t: [Sample(coordinates(t), t(5), t(3, 4))], **with_dense(lambda s, d: s * d)),
    Row("sparse mul number", one(), **mapped(lambda T, s: s * 2.5)),
    Row("sparse div number", one(), **mapped(lambda T, s: s / 2.5)),
    Row("sparse neg", one(), **mapped(lambda T, s: -s)),
    Row("sparse pow", one(), **mapped(lambda T, s: s**3)),
    Row("sparse sin", one(), **mapped(lambda T, s: T.sin(s))),
    Row("sparse t", one(), **mapped(lambda T, s: s.t())),
    Row("sparse coalesce", one(), **mapped(lambda T, s: s.coalesce())),
    Row("sparse select", one(), **mapped(lambda T, s: s[1])),
    Row("sparse index_select", lambda t: [Sample(coordinates(t), t(5), t.array([2, 0, 2], "int64"))],
        **mapped(lambda T, s, k: s.index_select(1, k))),
    Row("sparse norm", one(), **mapped(lambda T, s: s.norm())),
    Row("sparse.sum", entries, **mapped(lambda T, s, d: T.sparse.sum(s, d))),
    Row("sparse.sum of all", one(), **mapped(lambda T, s: T.sparse.sum(s))),
    Row("sparse.softmax", entries, **distribution("softmax")),
    Row("sparse.log_softmax", entries, **distribution("log_softmax")),
    Row("sparse.mm", with_matrix, **both(lambda T, i, v, d: T.sparse.mm(made(T, i, v), d))),
    Row("sparse.mm csr", with_matrix, **both(lambda T, i, v, d: T.sparse.mm(made(T, i, v).to_sparse_csr(), d))),
    Row("sparse.mm sparse", pair,
        **both(lambda T, i, v, j, w: T.sparse.mm(made(T, i, v), made(T, j, w).t()).to_dense())),
    Row("dense mm sparse", lambda t: [Sample(coordinates(t), t(5), t(2, 3))], **with_dense(lambda s, d: d @ s)),
    Row("sparse mv", lambda t: [Sample(coordinates(t), t(5), t(4))], **with_dense(lambda s, d: s @ d)),
    Row("sparse bmm", batch, **both(lambda T, i, v, d: T.bmm(T.sparse_coo_tensor(i, v, (2, 2, 2)), d))),
    Row("sparse.addmm", lambda t: [Sample(coordinates(t), t(5), t(3, 2), t(4, 2))],
        **both(lambda T, i, v, x, d: T.sparse.addmm(x, made(T, i, v), d, beta=0.5, alpha=2.0))),
    Row("sparse.sampled_addmm", rowless, **both(sampled)),
]  # fmt: skip

_PARTS = (
    "coalesce is_coalesced indices _indices values _values _nnz crow_indices col_indices ccol_indices row_indices "
    "sparse_dim dense_dim sparse_resize_ sparse_resize_and_clear_ dsmm hsmm "
    "indices_copy values_copy crow_indices_copy col_indices_copy ccol_indices_copy row_indices_copy resize_as_sparse_"
).split()
ELSEWHERE = dict.fromkeys(_PARTS, "tests/sparse/test_sparse.py")
