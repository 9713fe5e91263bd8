"""Normalisation kernels against NumPy in double precision and against PyTorch."""

import ml_dtypes
import numpy as np
import pytest

from flambeau.kernels.base.norm import (
    batch_norm,
    batch_norm_grad,
    group_norm,
    group_norm_grad,
    layer_norm,
    layer_norm_grad,
    moments,
)

rng = np.random.default_rng(0)


@pytest.fixture(autouse=True)
def same_numbers_in_any_order():
    rng.bit_generator.state = np.random.default_rng(0).bit_generator.state


@pytest.mark.parametrize("axis", [0, -1, (0, 2), (1, 2), (0, 1, 2), (0, 1)])
@pytest.mark.parametrize("keepdims", [False, True])
def test_moments(axis, keepdims):
    x = rng.standard_normal((4, 5, 6))
    mean, var = moments(x, axis, keepdims)
    assert isinstance(mean, np.ndarray) and isinstance(var, np.ndarray)
    np.testing.assert_allclose(mean, x.mean(axis, keepdims=keepdims), atol=1e-14)
    np.testing.assert_allclose(var, x.var(axis, keepdims=keepdims), atol=1e-14)


@pytest.mark.parametrize("shape", [(100_000, 2), (500, 2, 400)])
def test_moments_of_a_large_mean_are_stable(shape):
    x = (rng.standard_normal(shape) + 1000).astype(np.float32)
    axis = (0, *range(2, len(shape)))
    mean, var = moments(x, axis)
    assert mean.dtype == var.dtype == np.float32
    np.testing.assert_allclose(mean, x.astype(np.float64).mean(axis), rtol=2e-7)
    np.testing.assert_allclose(var, x.astype(np.float64).var(axis), rtol=1e-5)


def test_moments_of_nothing_are_nan():
    mean, var = moments(np.zeros((0, 3)), 0)
    assert np.isnan(mean).all() and np.isnan(var).all()


@pytest.mark.parametrize("shape", [(6, 3), (4, 3, 5), (2, 3, 4, 5)])
@pytest.mark.parametrize("affine", [False, True])
@pytest.mark.parametrize("training", [False, True])
def test_batch_norm_against_torch(shape, affine, training):
    torch = pytest.importorskip("torch")
    x, g = rng.standard_normal(shape), rng.standard_normal(shape)
    weight, bias = (rng.standard_normal(3), rng.standard_normal(3)) if affine else (None, None)
    mean, var = (
        moments(x, (0, *range(2, len(shape)))) if training else (rng.standard_normal(3), rng.random(3))
    )
    y = batch_norm(x, weight, bias, mean, var, 1e-3)
    gradients = batch_norm_grad(g, x, weight, mean, 1 / np.sqrt(var + 1e-3), training)
    tensors = [None if a is None else torch.tensor(a, requires_grad=True) for a in (x, weight, bias)]
    running = torch.tensor(mean), torch.tensor(var)
    expected = torch.nn.functional.batch_norm(tensors[0], *running, *tensors[1:], training, 0.0, 1e-3)
    np.testing.assert_allclose(y, expected.detach().numpy(), atol=1e-12)
    expected.backward(torch.tensor(g))
    for got, tensor in zip(gradients, tensors, strict=True):
        if tensor is not None:
            np.testing.assert_allclose(got, tensor.grad.numpy(), atol=1e-11)


@pytest.mark.parametrize(
    ("shape", "nd"), [((4, 6), 1), ((2, 3, 5), 1), ((2, 3, 5), 2), ((5,), 1), ((0, 4), 1)]
)
@pytest.mark.parametrize("affine", [False, True])
def test_layer_norm_against_torch(shape, nd, affine):
    torch = pytest.importorskip("torch")
    inner = shape[-nd:]
    x, g = rng.standard_normal(shape), rng.standard_normal(shape)
    weight, bias = (rng.standard_normal(inner), rng.standard_normal(inner)) if affine else (None, None)
    y, mean, rstd = layer_norm(x, nd, weight, bias, 1e-3)
    gradients = layer_norm_grad(g, x, weight, mean, rstd, nd)
    tensors = [None if a is None else torch.tensor(a, requires_grad=True) for a in (x, weight, bias)]
    expected = torch.nn.functional.layer_norm(tensors[0], inner, *tensors[1:], 1e-3)
    np.testing.assert_allclose(y, expected.detach().numpy(), atol=1e-12)
    expected.backward(torch.tensor(g))
    for got, tensor in zip(gradients, tensors, strict=True):
        if tensor is not None:
            np.testing.assert_allclose(got, tensor.grad.numpy(), atol=1e-11)


@pytest.mark.parametrize("shape", [(3, 6), (2, 6, 5), (2, 6, 3, 4)])
@pytest.mark.parametrize("groups", [1, 2, 3])
@pytest.mark.parametrize("affine", [False, True])
def test_group_norm_against_torch(shape, groups, affine):
    torch = pytest.importorskip("torch")
    x, g = rng.standard_normal(shape), rng.standard_normal(shape)
    weight, bias = (rng.standard_normal(6), rng.standard_normal(6)) if affine else (None, None)
    y, mean, rstd = group_norm(x, groups, weight, bias, 1e-3)
    gradients = group_norm_grad(g, x, weight, mean, rstd, groups)
    tensors = [None if a is None else torch.tensor(a, requires_grad=True) for a in (x, weight, bias)]
    expected = torch.nn.functional.group_norm(tensors[0], groups, *tensors[1:], 1e-3)
    np.testing.assert_allclose(y, expected.detach().numpy(), atol=1e-12)
    expected.backward(torch.tensor(g))
    for got, tensor in zip(gradients, tensors, strict=True):
        if tensor is not None:
            np.testing.assert_allclose(got, tensor.grad.numpy(), atol=1e-11)


def numeric_gradient(f, x, step=1e-6):
    gradient = np.zeros_like(x)
    for i in np.ndindex(x.shape):
        up, down = x.copy(), x.copy()
        up[i] += step
        down[i] -= step
        gradient[i] = (f(up) - f(down)) / (2 * step)
    return gradient


def test_gradients_against_differences():
    x, g = rng.standard_normal((3, 4, 2)), rng.standard_normal((3, 4, 2))
    per_channel, per_row = (
        (rng.standard_normal(4), rng.standard_normal(4)),
        (rng.standard_normal(2), rng.standard_normal(2)),
    )

    def batch(x, w, b):
        return batch_norm(x, w, b, *moments(x, (0, 2)))

    mean, var = moments(x, (0, 2))
    layer, group = layer_norm(x, 1, *per_row), group_norm(x, 2, *per_channel)
    for f, affine, gradients in (
        (batch, per_channel, batch_norm_grad(g, x, per_channel[0], mean, 1 / np.sqrt(var + 1e-5))),
        (
            lambda x, w, b: layer_norm(x, 1, w, b)[0],
            per_row,
            layer_norm_grad(g, x, per_row[0], *layer[1:], 1),
        ),
        (
            lambda x, w, b: group_norm(x, 2, w, b)[0],
            per_channel,
            group_norm_grad(g, x, per_channel[0], *group[1:], 2),
        ),
    ):
        args = (x, *affine)
        for k, gradient in enumerate(gradients):
            expected = numeric_gradient(lambda a: (g * f(*args[:k], a, *args[k + 1 :])).sum(), args[k])  # noqa: B023
            np.testing.assert_allclose(gradient, expected, atol=1e-6, rtol=1e-4)


@pytest.mark.parametrize("dtype", [np.float16, ml_dtypes.bfloat16])
def test_half_precision_rounds_once(dtype):
    x = (rng.standard_normal((8, 4, 50)) + 3).astype(dtype).swapaxes(0, 2)
    before, wide = x.copy(), x.astype(np.float32)
    weight, bias = (rng.standard_normal(4).astype(dtype) for _ in range(2))
    mean, var = moments(x, (0, 2))
    assert mean.dtype == np.float32
    y = batch_norm(x, weight, bias, mean, var)
    expected = batch_norm(wide, weight.astype(np.float32), bias.astype(np.float32), mean, var)
    np.testing.assert_array_equal(y, expected.astype(dtype))
    y, mean, rstd = layer_norm(x, 1)
    np.testing.assert_array_equal(y, layer_norm(wide, 1)[0].astype(dtype))
    assert [a.dtype for a in layer_norm_grad(y, x, None, mean, rstd, 1)] == [dtype, np.float32, np.float32]
    assert group_norm(x, 2, weight, bias)[0].dtype == dtype
    np.testing.assert_array_equal(x, before)


def test_groups_must_divide_the_channels():
    with pytest.raises(ValueError, match="divisible by num_groups"):
        group_norm(np.zeros((2, 5)), 2)


def test_gradients_are_new_arrays():
    """Also where nothing is summed: a caller may accumulate into them."""
    x = rng.standard_normal(5)
    y, mean, rstd = layer_norm(x, 1)
    gradients = layer_norm_grad(y, x, None, mean, rstd, 1)
    assert not any(np.shares_memory(a, b) for a in gradients for b in (x, y))
    np.testing.assert_allclose(gradients[2], y)
