"""lobpcg beyond its row: sparse matrices, preconditioners, trackers, limits, and calls that are refused."""

import numpy as np
import pytest

import flambeau as fb

M = 40


def matrix(dtype=fb.float64):
    A = np.random.default_rng(0).normal(size=(M, M))
    return fb.from_numpy(A @ A.T / M + np.diag(np.arange(M))).to(dtype)


def laplacian():
    i = np.arange(M)
    rows, columns = np.concatenate([i, i[1:], i[:-1]]), np.concatenate([i, i[:-1], i[1:]])
    values = np.concatenate([np.full(M, 2.0), np.full(2 * (M - 1), -1.0)])
    return fb.sparse_coo_tensor(np.stack([rows, columns]), values, (M, M))


def check(A, E, X, largest=True, rtol=1e-7):
    values = np.linalg.eigvalsh(A.to_dense().double().numpy())
    expected = values[::-1][: len(E)] if largest else values[: len(E)]
    np.testing.assert_allclose(E.double().numpy(), expected, rtol)
    X = X.double().numpy()
    np.testing.assert_allclose(X.T @ X, np.eye(len(E)), atol=rtol * 10)


@pytest.mark.parametrize("layout", [fb.sparse_coo, fb.sparse_csr, fb.strided])
@pytest.mark.parametrize("largest", [True, False])
def test_layouts(layout, largest):
    fb.manual_seed(0)
    A = laplacian()
    A = A.to_dense() if layout is fb.strided else A.to_sparse(layout=layout)
    check(A, *fb.lobpcg(A, 3, largest=largest), largest)


def test_float32():
    fb.manual_seed(0)
    E, X = fb.lobpcg(matrix(fb.float32), 2)
    assert E.dtype is X.dtype is fb.float32
    check(matrix(), E, X, rtol=1e-3)


def test_general_problem():
    fb.manual_seed(0)
    A, B = matrix(), fb.diag(fb.arange(1.0, M + 1, dtype=fb.float64))
    E, X = fb.lobpcg(A, 3, B, tol=1e-10)
    np.testing.assert_allclose((A @ X).numpy(), (B @ X * E).numpy(), atol=1e-6)
    np.testing.assert_allclose((X.mT @ B @ X).numpy(), np.eye(3), atol=1e-9)


def steps_of(*args, **kwargs):
    seen = []
    fb.manual_seed(0)
    fb.lobpcg(*args, tracker=lambda worker: seen.append((worker.ivars["istep"], worker.tvars["rerr"])), **kwargs)
    return seen


def test_tracker_and_limit():
    steps = [step for step, _ in steps_of(matrix(), 2, niter=3)]
    assert steps == [1, 2, 3]
    *_, (_, rerr) = steps_of(matrix(), 2)
    assert (rerr < 1.5e-8).all()


def test_preconditioner_and_more_vectors_take_fewer_steps():
    A, options = matrix(), {"largest": False}
    plain = len(steps_of(A, 2, **options))
    assert len(steps_of(A, 2, iK=fb.linalg.inv(A), **options)) < plain
    assert len(steps_of(A, 2, n=6, **options)) < plain


def test_forced_stop():
    seen = []

    def tracker(worker):
        seen.append(worker)
        worker.bvars["force_stop"] = True

    fb.lobpcg(matrix(), 2, tracker=tracker)
    assert len(seen) == 1 and seen[0].iparams["k"] == 2 and seen[0].X.shape == (M, 2)


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_equal_eigenvalues(value):
    fb.manual_seed(0)
    E, X = fb.lobpcg(value * fb.eye(12), 2)
    np.testing.assert_allclose(E.numpy(), [value, value], 1e-6)
    np.testing.assert_allclose((X.mT @ X).numpy(), np.eye(2), atol=1e-5)


def test_the_draws_are_the_first_vectors():
    fb.manual_seed(3)
    first = fb.randn(M, 2, dtype=fb.float64)
    expected = fb.lobpcg(matrix(), X=first)
    fb.manual_seed(3)
    for ours, theirs in zip(fb.lobpcg(matrix(), 2), expected, strict=True):
        assert ours.equal(theirs)


def test_sparse_matrices_have_gradients():
    A = laplacian().coalesce().requires_grad_()
    fb.lobpcg(A, 1)[0].sum().backward()
    x = np.linalg.eigh(A.detach().to_dense().numpy())[1][:, -1]
    np.testing.assert_allclose(A.grad.to_dense().numpy().diagonal(), x * x, atol=1e-9)


@pytest.mark.parametrize(
    "args, kwargs, error, text",
    [
        (([[1.0]],), {}, TypeError, "argument 'A' .* must be Tensor"),
        ((fb.ones(5, 12),), {}, ValueError, "A must be square, got shape"),
        ((fb.ones(12),), {}, ValueError, "A must be a matrix, got shape"),
        ((fb.eye(12), 1.5), {}, TypeError, "argument 'k' .* must be int, not float"),
        ((fb.eye(12), 1, 3), {}, TypeError, "argument 'B' .* must be Tensor, not int"),
        ((fb.eye(12), 1), {"iK": fb.eye(12).double()}, RuntimeError, "iK to have the dtype of A, got Double and Float"),
        ((fb.eye(12), 1), {"niter": "x"}, TypeError, "argument 'niter' .* must be int"),
        ((fb.eye(12).long(),), {}, RuntimeError, "A must be a real floating-point matrix, got Long"),
        ((fb.eye(12), 1, fb.eye(5)), {}, ValueError, "A and B must have same shape"),
        ((fb.eye(12), 5), {}, ValueError, r"number of A rows \(=12\) is smaller than 3 x the .* eigenpairs \(=5\)"),
        ((fb.eye(12), 0), {}, ValueError, "at least one eigenpair, got k=0"),
        ((fb.eye(12), 1), {"X": fb.ones(5, 2)}, ValueError, "X shape mismatch"),
        ((fb.eye(12), 1), {"X": fb.ones(2, 12, 1)}, ValueError, "X shape mismatch"),
        ((fb.eye(12), 1), {"iK": fb.eye(5)}, ValueError, "iK shape mismatch"),
        ((fb.eye(12), 1), {"method": "x"}, ValueError, "method must be one of"),
    ],
)
def test_errors(args, kwargs, error, text):
    with pytest.raises(error, match=text):
        fb.lobpcg(*args, **kwargs)
