"""flambeau.array_api.linalg: values against NumPy where they are unique, defining equations where they are not."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import flambeau as fb
import flambeau.array_api as xp

from .samples import FLOATS, NUMERIC, arrays, check, tensor

many = settings(max_examples=40, deadline=None)
la = xp.linalg


def matrices(seed, dtype, *shape):
    """Well-conditioned random matrices."""
    generator = np.random.default_rng(seed)
    a = generator.normal(size=shape)
    a = a + 1j * generator.normal(size=shape) if np.dtype(dtype).kind == "c" else a
    n = min(shape[-2:])
    return (a + 3 * np.eye(*shape[-2:]) * (n > 0)).astype(dtype)


cases = given(
    seed=st.integers(0, 99),
    dtype=st.sampled_from(FLOATS),
    batch=hnp.array_shapes(min_dims=0, max_dims=2, max_side=2, min_side=0),
    n=st.integers(0, 4),
    m=st.integers(0, 4),
)


def close(ours, theirs):
    """Equal to rounding, with the precision of the dtype."""
    theirs = np.asarray(theirs)
    assert tuple(ours.shape) == theirs.shape and ours.dtype.name == theirs.dtype.name, (ours, theirs)
    tolerance = 1e-3 if ours.dtype.name in ("float32", "complex64") else 1e-9
    np.testing.assert_allclose(np.asarray(ours), theirs, tolerance, tolerance)


@many
@cases
def test_square_matrices(seed, dtype, batch, n, m):
    a, b = matrices(seed, dtype, *batch, n, n), matrices(seed + 1, dtype, *batch, n, m)
    x = tensor(a)
    close(la.det(x), np.linalg.det(a)), close(la.inv(x), np.linalg.inv(a))
    sign, logarithm = la.slogdet(x)
    close(sign, np.linalg.slogdet(a).sign), close(logarithm, np.linalg.slogdet(a).logabsdet)
    close(la.solve(x, tensor(b)), np.linalg.solve(a, b))
    for power in (-2, 0, 1, 3):
        close(la.matrix_power(x, power), np.linalg.matrix_power(a, power))
    definite = a @ a.conj().mT
    close(la.cholesky(tensor(definite)), np.linalg.cholesky(definite))
    close(la.cholesky(tensor(definite), upper=True), np.linalg.cholesky(definite).conj().mT)
    values, vectors = la.eigh(tensor(definite))
    (
        close(values, np.linalg.eigvalsh(definite)),
        close(la.eigvalsh(tensor(definite)), np.linalg.eigvalsh(definite)),
    )
    close(tensor(definite) @ vectors, np.asarray(vectors) * np.asarray(values)[..., None, :])


def test_solve_reads_only_one_dimension_as_a_vector():
    a, b, v = matrices(0, "f8", 2, 3, 3), matrices(1, "f8", 3, 2), np.arange(3.0)
    close(la.solve(tensor(a), tensor(v)), np.linalg.solve(a, v))
    close(la.solve(tensor(a), tensor(b)), np.linalg.solve(a, b))
    square, two = matrices(2, "f8", 3, 3, 3), matrices(3, "f8", 3, 3)  # could be read as 3 vectors
    close(la.solve(tensor(square), tensor(two)), np.linalg.solve(square, two))


@many
@cases
def test_factorisations(seed, dtype, batch, n, m):
    a = matrices(seed, dtype, *batch, n, m)
    x, k = tensor(a), min(n, m)
    for full in (False, True):
        u, s, vh = la.svd(x, full_matrices=full)
        assert (
            u.shape == (*batch, n, n if full else k)
            and vh.shape == (*batch, m if full else k, m)
            and s.shape[-1] == k
        )
        close(s, np.linalg.svdvals(a)), close((u[..., :k] * s[..., None, :].to(u.dtype)) @ vh[..., :k, :], a)
    close(la.svdvals(x), np.linalg.svdvals(a))
    for mode in ("reduced", "complete"):
        q, r = la.qr(x, mode=mode)
        assert q.shape[-1] == r.shape[-2] == (n if mode == "complete" else k)
        close(q @ r, a), close(r, np.triu(np.asarray(r)))
    if n and m and 0 not in batch:
        close(la.pinv(x), np.linalg.pinv(a)), check(la.matrix_rank(x), np.linalg.matrix_rank(a))
        a[..., -1] = a[..., 0]
        check(la.matrix_rank(tensor(a)), np.linalg.matrix_rank(a))
        for order in (1, -1, 2, -2, np.inf, -np.inf, "fro", "nuc"):
            for keepdims in (False, True):
                theirs = np.linalg.matrix_norm(a, ord=order, keepdims=keepdims)
                close(la.matrix_norm(tensor(a), ord=order, keepdims=keepdims), theirs)


def test_tolerances():
    x = xp.asarray([[[1.0, 0], [0, 0.1]], [[1.0, 0], [0, 1.0]]])
    assert la.matrix_rank(x, rtol=0.5).tolist() == [1, 2]
    assert la.matrix_rank(x, rtol=xp.asarray([0.01, 2.0])).tolist() == [2, 0]
    assert la.pinv(x, rtol=0.5)[0, 1, 1] == 0 and la.pinv(x)[0, 1, 1] == 10
    assert la.pinv(x, rtol=xp.asarray([0.5, 0.01])).diagonal(0, 1, 2).tolist() == [[1, 0], [1, 1]]


@many
@given(data=st.data())
def test_vectors(data):
    a = data.draw(arrays(FLOATS, hnp.array_shapes(min_dims=1, max_dims=3, min_side=1, max_side=3)))
    axis = data.draw(
        st.one_of(st.none(), st.integers(-a.ndim, a.ndim - 1), hnp.valid_tuple_axes(a.ndim, min_size=1))
    )
    for order in (2, 1, 0, 3, -1, 0.5, np.inf, -np.inf):
        for keepdims in (False, True):
            with np.errstate(all="ignore"):
                theirs = np.linalg.vector_norm(a, axis=axis, ord=order, keepdims=keepdims)
            close(
                la.vector_norm(tensor(a), axis=axis, ord=order, keepdims=keepdims),
                theirs.astype(a.real.dtype),
            )
    a = data.draw(arrays(NUMERIC, st.just((2, 3))))
    b = data.draw(arrays([a.dtype.name], st.just((1, 3))))
    check(la.cross(tensor(a), tensor(b)), np.cross(a, np.broadcast_to(b, a.shape)))
    check(la.cross(tensor(a.T), tensor(b.T), axis=-2), np.cross(a, np.broadcast_to(b, a.shape)).T)
    check(la.outer(tensor(a[0]), tensor(a[1])), np.outer(a[0], a[1]))
    for k in (-1, 0, 2):
        check(la.diagonal(tensor(a), offset=k), np.linalg.diagonal(a, offset=k))
        check(la.trace(tensor(a), offset=k), np.linalg.trace(a, offset=k))
    assert la.trace(tensor(a), dtype=xp.complex128).dtype is xp.complex128


def test_errors():
    for call in (lambda: la.cross(xp.ones(2), xp.ones(2)), lambda: la.qr(xp.ones((2, 2)), mode="r")):
        with pytest.raises(ValueError):
            call()
    for call in (
        lambda: la.inv(xp.ones((2, 3))),
        lambda: la.inv(xp.zeros((2, 2))),
        lambda: la.cholesky(-xp.ones((2, 2))),
        lambda: la.outer(xp.ones((2, 2)), xp.ones(2)),
        lambda: la.solve(xp.ones((2, 2)), xp.ones(3)),
    ):
        with pytest.raises((RuntimeError, ValueError)):
            call()
    for name in la.__all__:
        with pytest.raises(TypeError):
            getattr(la, name)(*([1.0], 2) if name in ("matrix_power",) else ([1.0],))


def test_gradients_flow():
    x = fb.tensor([[2.0, 1.0], [1.0, 3.0]], dtype=fb.float64, requires_grad=True)
    la.slogdet(x).logabsdet.backward()
    close(x.grad, np.linalg.inv(np.array([[2.0, 1], [1, 3]])).T)


def test_cross_broadcasts_other_dimensions():
    a, b = np.arange(6.0).reshape(2, 3), np.arange(36.0).reshape(4, 3, 1, 3)
    check(xp.linalg.cross(tensor(a), tensor(b[:, 0])), np.linalg.cross(a, b[:, 0]))
    check(xp.linalg.cross(tensor(b), tensor(a[0])), np.linalg.cross(b, a[0]))
    with pytest.raises(ValueError, match="must be 3"):
        xp.linalg.cross(tensor(a), xp.ones((2, 1)))
