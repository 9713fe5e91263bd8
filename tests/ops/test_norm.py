"""Normalisations: running statistics, gradients in evaluation, mixed precision, both ways through backward."""

import numpy as np
import pytest

import flambeau as fb
from flambeau.nn import functional as F


def statistics(dtype=fb.float32):
    return fb.tensor([0.5, -1.0, 2.0], dtype=dtype), fb.tensor([1.0, 2.0, 0.5], dtype=dtype)


@pytest.mark.parametrize("shape", [(4, 3), (2, 3, 5), (2, 3, 4, 2)])
@pytest.mark.parametrize("momentum", [0.1, 1.0, 0.0])
def test_running_statistics(shape, momentum):
    x = fb.randn(shape)
    mean, var = statistics()
    before = mean.numpy().copy(), var.numpy().copy()
    fb.batch_norm(x, mean, var, training=True, momentum=momentum)
    axes = (0, *range(2, x.ndim))
    for after, old, new in zip(
        (mean, var), before, (x.numpy().mean(axes), x.numpy().var(axes, ddof=1)), strict=True
    ):
        np.testing.assert_allclose(after.numpy(), (1 - momentum) * old + momentum * new, rtol=1e-5, atol=1e-6)
        assert after._version == 1


def test_running_statistics_are_left_alone_in_evaluation_and_on_errors():
    mean, var = statistics()
    fb.batch_norm(fb.randn(4, 3), mean, var)
    with pytest.raises(RuntimeError):
        fb.batch_norm(fb.randn(4, 3), mean, var, fb.ones(4), training=True)
    fb.batch_norm(fb.randn(0, 3), mean, var, training=True)
    assert mean.tolist() == [0.5, -1.0, 2.0] and var.tolist() == [1.0, 2.0, 0.5]


def test_gradients_in_evaluation():
    mean, var = statistics(fb.float64)
    inputs = [fb.randn(s, dtype=fb.float64, requires_grad=True) for s in ((2, 3, 2), (3,), (3,))]
    function = lambda x, w, b: fb.batch_norm(x, mean, var, w, b)  # noqa: E731
    assert fb.autograd.gradcheck(function, inputs)
    assert fb.autograd.gradgradcheck(function, inputs)


def test_changed_statistics_are_noticed():
    mean, var = statistics()
    x = fb.randn(4, 3, requires_grad=True)
    y = fb.batch_norm(x, mean, var)
    fb.batch_norm(x.detach(), mean, var, training=True)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        y.sum().backward()


NORMS = [
    lambda x, w, b: fb.batch_norm(x, None, None, w, b, training=True),
    lambda x, w, b: fb.group_norm(x, 3, w, b),
    lambda x, w, b: F.layer_norm(x.transpose(1, 2), (6,), w, b),
]


@pytest.mark.parametrize("norm", NORMS)
def test_fused_and_recorded_gradients_agree(norm):
    inputs = [fb.randn(s, dtype=fb.float64, requires_grad=True) for s in ((4, 6, 5), (6,), (6,))]
    out = norm(*inputs)
    seed = fb.randn(out.shape, dtype=fb.float64)
    fused = fb.autograd.grad(out, inputs, seed, retain_graph=True)
    recorded = fb.autograd.grad(out, inputs, seed, create_graph=True)
    for a, b in zip(fused, recorded, strict=True):
        assert not a.requires_grad
        np.testing.assert_allclose(a.numpy(), b.detach().numpy(), 1e-9, 1e-9)


@pytest.mark.parametrize("dtype", [fb.float16, fb.bfloat16])
@pytest.mark.parametrize("norm", NORMS)
def test_half_input_with_float_parameters(norm, dtype):
    x = fb.randn(4, 6, 5).to(dtype).requires_grad_()
    w, b = fb.randn(6, requires_grad=True), fb.randn(6, requires_grad=True)
    out = norm(x, w, b)
    assert out.dtype is dtype
    out.sum().backward()
    assert x.grad.dtype is dtype and w.grad.dtype is fb.float32
    exact = norm(x.detach().float(), w, b)
    np.testing.assert_allclose(out.detach().float().numpy(), exact.detach().numpy(), 2e-2, 2e-2)


@pytest.mark.parametrize(
    "index,name", [(0, "NativeBatchNorm"), (1, "NativeGroupNorm"), (2, "NativeLayerNorm")]
)
def test_node_names(index, name):
    out = NORMS[index](fb.randn(4, 6, 5, requires_grad=True), fb.ones(6), fb.ones(6))
    assert out.grad_fn.name() == f"{name}Backward0"
