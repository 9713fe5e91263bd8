"""Random sparse tensors through random operations, against PyTorch."""

import os
import warnings

import numpy as np
import pytest

import flambeau as fb

torch = pytest.importorskip("torch")

CALLS = int(os.environ.get("FLAMBEAU_FUZZ_CALLS", "400"))
DTYPES = ("float32", "float64", "int64", "int32", "complex128")

UNARY = ("abs sin sinh tan tanh asinh atan sqrt neg sign sgn ceil floor round trunc expm1 log1p square erf isnan isinf "
         "signbit relu deg2rad rad2deg coalesce t clone to_sparse_csr to_sparse_csc").split()  # fmt: skip


class Case:
    """The parts of one sparse tensor, and what is done with it."""

    def __init__(self, seed):
        r = self.random = np.random.RandomState(seed)
        self.sparse, self.dense = r.randint(1, 4), r.randint(0, 2)
        self.size = tuple(int(n) for n in r.randint(1, 5, self.sparse + self.dense))
        self.dtype = DTYPES[r.randint(len(DTYPES))]
        self.coalesced = bool(r.randint(2))
        self.parts = [self.make() for _ in range(2)]
        self.matrix = self.values((self.size[-1], int(r.randint(0, 4))))
        self.full = self.values(self.size)
        self.number = float(np.round(r.uniform(-3, 3), 2))
        self.dims = sorted({int(d) for d in r.randint(0, len(self.size), r.randint(1, 3))})

    def values(self, size):
        values = self.random.uniform(0.5, 3, size)
        if self.dtype.startswith("complex"):
            values = values + 1j * self.random.uniform(-3, 3, size)
        return np.asarray(values).astype(self.dtype)

    def make(self):
        nnz = self.random.randint(0, 7)
        index = np.stack([self.random.randint(0, n, nnz) for n in self.size[: self.sparse]])
        return index.astype(np.int64), self.values((nnz, *self.size[self.sparse :]))

    def tensors(self, T):
        made = [
            T.sparse_coo_tensor(T.from_numpy(i.copy()), T.from_numpy(v.copy()), self.size)
            for i, v in self.parts
        ]
        return [t.coalesce() if self.coalesced else t for t in made]


def operations(case):
    d, dims, number = case.dims[0], case.dims, case.number
    place = int(case.random.randint(case.size[d]))
    picked = case.random.randint(0, case.size[d], 3)
    found = [(name, lambda T, a, b, name=name: getattr(a, name)()) for name in UNARY]
    found += [
        ("a + b", lambda T, a, b: a + b),
        ("a - 2 b", lambda T, a, b: a.sub(b, alpha=2)),
        ("a * b", lambda T, a, b: a * b),
        ("a * number", lambda T, a, b: a * number),
        ("a / number", lambda T, a, b: a / (number or 1)),
        ("a ** 2", lambda T, a, b: a**2),
        ("full + a", lambda T, a, b: T.from_numpy(case.full) + a),
        ("full - a", lambda T, a, b: T.from_numpy(case.full) - a),
        ("a * full", lambda T, a, b: a * T.from_numpy(case.full)),
        ("sum", lambda T, a, b: a.sum()),
        (f"sparse.sum {dims}", lambda T, a, b: T.sparse.sum(a, dims)),
        ("norm", lambda T, a, b: a.norm()),
        (f"softmax {d}", lambda T, a, b: T.sparse.softmax(a, d).coalesce().values()),
        (f"log_softmax {d}", lambda T, a, b: T.sparse.log_softmax(a, d).coalesce().values()),
        (f"select {d} {place}", lambda T, a, b: a.select(d, place)),
        (f"index_select {d}", lambda T, a, b: a.index_select(d, T.from_numpy(picked))),
        (f"unsqueeze {d}", lambda T, a, b: a.unsqueeze(d)),
        (f"cat {d}", lambda T, a, b: T.cat([a, b], d)),
        (f"stack {d}", lambda T, a, b: T.stack([a, b], d)),
        ("mm dense", lambda T, a, b: a @ T.from_numpy(case.matrix)),
        ("mm sparse", lambda T, a, b: a @ b.t()),
        ("dense mm", lambda T, a, b: T.from_numpy(case.full[:, :1].T.copy()) @ a),
        ("mv", lambda T, a, b: a @ T.from_numpy(case.full[0].copy())),
        ("csr mm", lambda T, a, b: a.to_sparse_csr() @ T.from_numpy(case.matrix)),
        ("csr to coo", lambda T, a, b: a.to_sparse_csr().to_sparse()),
        ("mask", lambda T, a, b: T.from_numpy(case.full).sparse_mask(a.coalesce())),
        ("mask sparse", lambda T, a, b: a.coalesce().sparse_mask(b.coalesce())),
        ("to_sparse", lambda T, a, b: T.from_numpy(case.full).to_sparse(case.sparse)),
        ("hspmm", lambda T, a, b: T.hspmm(a, T.from_numpy(case.matrix))),
        ("smm", lambda T, a, b: T.smm(a, T.from_numpy(case.matrix))),
    ]
    return found


def outcome(T, case, operation):
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            result = operation(T, *case.tensors(T))
        return result.to_dense()
    except (RuntimeError, NotImplementedError, IndexError, TypeError) as error:
        return error


def check(seed):
    case = Case(seed)
    name, operation = operations(case)[np.random.RandomState(seed).randint(len(operations(case)))]
    case = Case(seed)
    expected = outcome(torch, case, operation)
    got = outcome(fb, case, operation)
    what = f"seed {seed}: {name} of {case.dtype} {case.size}, {case.sparse} sparse dimensions: {got}"
    if isinstance(expected, Exception):
        return  # what only Flambeau can do is compared with dense results in rows
    assert not isinstance(got, Exception), what
    assert repr(got.dtype) == repr(expected.dtype), what
    assert tuple(got.shape) == tuple(expected.shape), what
    tolerance = 1e-4 if case.dtype == "float32" or got.dtype is fb.float32 else 1e-9
    np.testing.assert_allclose(
        got.numpy(), expected.resolve_conj().numpy(), tolerance, tolerance, err_msg=what
    )


def test_against_torch():
    start = int(os.environ.get("FLAMBEAU_FUZZ_SEED", "0"))
    for seed in range(start, start + CALLS):
        check(seed)
