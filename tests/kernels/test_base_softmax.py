"""Softmax kernels against their definitions and against PyTorch."""

import ml_dtypes
import numpy as np
import pytest

from flambeau.kernels.base.softmax import log_softmax, log_softmax_grad, logsumexp, softmax, softmax_grad

rng = np.random.default_rng(0)


@pytest.fixture(autouse=True)
def same_numbers_in_any_order():
    rng.bit_generator.state = np.random.default_rng(0).bit_generator.state


inf, nan = np.inf, np.nan

SHAPES = [((3, 4), -1), ((3, 4), 0), ((2, 3, 4), 1), ((5,), 0), ((), 0), ((), -1), ((0, 3), 1), ((3, 0), 1)]
ROWS = [
    [1e4, 1e4 + 1],
    [-1e4, 0],
    [inf, 0],
    [-inf, 0],
    [-inf, -inf],
    [nan, 0],
    [inf, -inf],
    [inf, inf],
    [inf, nan],
]


@pytest.mark.parametrize(("shape", "axis"), [s for s in SHAPES if s[0] and s[0][s[1]]])
def test_definitions(shape, axis):
    x = rng.standard_normal(shape)
    total = np.exp(x).sum(axis, keepdims=True)
    np.testing.assert_allclose(softmax(x, axis), np.exp(x) / total, rtol=1e-13)
    np.testing.assert_allclose(log_softmax(x, axis), x - np.log(total), rtol=1e-12)
    np.testing.assert_allclose(logsumexp(x, axis, True), np.log(total), rtol=1e-12)


@pytest.mark.parametrize(("shape", "axis"), SHAPES)
def test_against_torch(shape, axis):
    torch = pytest.importorskip("torch")
    x, g = rng.standard_normal(shape), rng.standard_normal(shape)
    for name, kernel, gradient in (
        ("softmax", softmax, softmax_grad),
        ("log_softmax", log_softmax, log_softmax_grad),
    ):
        tx = torch.tensor(x, requires_grad=True)
        expected = getattr(torch, name)(tx, axis)
        y = kernel(x, axis)
        assert isinstance(y, np.ndarray)
        np.testing.assert_allclose(y, expected.detach().numpy(), atol=1e-13)
        expected.backward(torch.tensor(g))
        np.testing.assert_allclose(gradient(np.asarray(g), y, axis), tx.grad.numpy(), atol=1e-13)
    for keepdims in (False, True):
        expected = torch.logsumexp(torch.tensor(x), axis, keepdims).numpy()
        y = logsumexp(np.asarray(x), axis, keepdims)
        assert isinstance(y, np.ndarray) and y.shape == expected.shape
        np.testing.assert_allclose(y, expected, atol=1e-13)


@pytest.mark.parametrize("row", ROWS)
def test_extreme_rows(row):
    torch = pytest.importorskip("torch")
    x = np.array([row, [0.5, 1.5]])
    for name, kernel in (("softmax", softmax), ("log_softmax", log_softmax), ("logsumexp", logsumexp)):
        np.testing.assert_allclose(kernel(x, 1), getattr(torch, name)(torch.tensor(x), 1).numpy(), rtol=1e-12)


def test_logsumexp_by_hand():
    x = np.array([[-inf, -inf], [inf, 0], [nan, 0], [1000, 1000]])
    np.testing.assert_allclose(logsumexp(x, 1), [-inf, inf, nan, 1000 + np.log(2)])
    everything = logsumexp(x[3:], (0, 1))
    assert isinstance(everything, np.ndarray) and everything.shape == ()
    np.testing.assert_allclose(everything, 1000 + np.log(2))


@pytest.mark.parametrize("dtype", [np.float16, ml_dtypes.bfloat16, np.float32])
def test_types_strides_and_inputs(dtype):
    x = (5 * rng.standard_normal((40, 6))).astype(dtype).T
    before, exact = x.copy(), x.astype(np.float64)
    eps = float(ml_dtypes.finfo(dtype).eps)
    for kernel in (softmax, log_softmax, logsumexp):
        y = kernel(x, 1)
        assert y.dtype == dtype
        np.testing.assert_allclose(y.astype(np.float64), kernel(exact, 1), rtol=4 * eps, atol=1e-6)
    y = softmax(x, 1)
    assert softmax_grad(x, y, 1).dtype == log_softmax_grad(x, y, 1).dtype == dtype
    np.testing.assert_array_equal(x, before)
