"""Loss kernels against loops and against PyTorch."""

import ml_dtypes
import numpy as np
import pytest

from flambeau.kernels.base.loss import nll_loss, nll_loss_grad

rng = np.random.default_rng(0)


@pytest.fixture(autouse=True)
def same_numbers_in_any_order():
    rng.bit_generator.state = np.random.default_rng(0).bit_generator.state


SHAPES = [(5, 4), (3, 4, 2), (2, 4, 3, 2), (4,), (0, 4)]
REDUCTIONS = ["none", "mean", "sum"]


def samples(shape, ignored=True):
    logp = np.log(rng.random(shape))
    target = np.asarray(rng.integers(0, 4, shape[:1] + shape[2:] if len(shape) > 1 else ()))
    if ignored and target.size > 1:
        target.reshape(-1)[0] = -1
    return logp, target


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("weighted", [False, True])
def test_against_loops(reduction, weighted):
    logp, target = samples((3, 4, 2))
    weight = rng.random(4) if weighted else np.ones(4)
    each, total = np.zeros(target.shape), 0.0
    for n, i in np.ndindex(target.shape):
        t = target[n, i]
        if t != -1:
            each[n, i] = -weight[t] * logp[n, t, i]
            total += weight[t]
    expected = {"none": each, "sum": each.sum(), "mean": each.sum() / total}[reduction]
    loss, total_weight = nll_loss(logp, target, weight if weighted else None, -1, reduction)
    assert isinstance(loss, np.ndarray) and isinstance(total_weight, np.ndarray)
    np.testing.assert_allclose(loss, expected)
    np.testing.assert_allclose(total_weight, total)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("weighted", [False, True])
def test_against_torch(shape, reduction, weighted):
    torch = pytest.importorskip("torch")
    logp, target = samples(shape)
    weight = rng.random(4) if weighted else None
    tx = torch.tensor(logp, requires_grad=True)
    expected = torch.nn.functional.nll_loss(
        tx,
        torch.tensor(target),
        None if weight is None else torch.tensor(weight),
        ignore_index=-1,
        reduction=reduction,
    )
    loss, _ = nll_loss(logp, target, weight, -1, reduction)
    assert loss.shape == tuple(expected.shape)
    np.testing.assert_allclose(loss, expected.detach().numpy())
    g = np.asarray(rng.standard_normal(loss.shape))
    expected.backward(torch.tensor(g))
    np.testing.assert_allclose(nll_loss_grad(g, shape, target, weight, -1, reduction), tx.grad.numpy())


def test_all_ignored():
    logp, target = np.full((2, 3), -np.inf), np.array([-100, -100])
    assert np.isnan(nll_loss(logp, target)[0])
    assert nll_loss(logp, target, reduction="sum")[0] == 0
    np.testing.assert_array_equal(nll_loss_grad(np.ones(()), (2, 3), target), np.zeros((2, 3)))


@pytest.mark.parametrize("bad", [10, 3, -1])
def test_target_out_of_range(bad):
    target = np.array([0, bad])
    with pytest.raises(IndexError, match=rf"Target {bad} is out of bounds\..*\[0, 2\]"):
        nll_loss(np.zeros((2, 3)), target)
    with pytest.raises(IndexError, match=f"Target {bad} is out of bounds"):
        nll_loss_grad(np.ones(()), (2, 3), target)


@pytest.mark.parametrize("dtype", [np.float16, ml_dtypes.bfloat16, np.float32])
@pytest.mark.parametrize("target_dtype", [np.int64, np.uint8, np.int32])
def test_types_strides_and_inputs(dtype, target_dtype):
    logp = np.log(rng.random((4, 300))).astype(dtype).T
    target = rng.integers(0, 4, 300).astype(target_dtype)
    before = logp.copy()
    loss, total = nll_loss(logp, target)
    assert loss.dtype == total.dtype == dtype
    expected = -logp.astype(np.float64)[np.arange(300), target].mean()
    np.testing.assert_allclose(float(loss), expected, rtol=4 * float(ml_dtypes.finfo(dtype).eps))
    assert nll_loss_grad(loss, logp.shape, target).dtype == dtype
    np.testing.assert_array_equal(logp, before)
