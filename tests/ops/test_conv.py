"""Convolutions: what rows cannot say."""

import numpy as np
import pytest

import flambeau as fb


def test_node_name_and_unbatched():
    x, w = fb.randn(3, 5, 5), fb.randn(2, 3, 3, 3, requires_grad=True)
    batched = fb.conv2d(x.unsqueeze(0), w)
    assert batched.grad_fn.name() == "ConvolutionBackward0"
    np.testing.assert_allclose(fb.conv2d(x, w).detach().numpy(), batched.detach().numpy()[0])


@pytest.mark.parametrize(
    "stride,dilation,output_padding", [(1, 2, 1), (1, 3, 2), (2, 3, 2), ((1, 2), (2, 2), 1)]
)
def test_output_padding_of_a_stride_or_more(stride, dilation, output_padding):
    torch = pytest.importorskip("torch")
    values = [np.random.RandomState(0).randn(*s) for s in ((2, 3, 4, 4), (3, 2, 3, 3), (2,))]
    options = dict(stride=stride, dilation=dilation, output_padding=output_padding, padding=1)
    ours = [fb.tensor(v, requires_grad=True) for v in values]
    theirs = [torch.tensor(v, requires_grad=True) for v in values]
    y = fb.conv_transpose2d(*ours, **options)
    z = torch.conv_transpose2d(*theirs, **options)
    np.testing.assert_allclose(y.detach().numpy(), z.detach().numpy(), 1e-9, 1e-9)
    (y * y).sum().backward()
    (z * z).sum().backward()
    for a, b in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(a.grad.numpy(), b.grad.numpy(), 1e-9, 1e-9)


def test_transposed_is_the_gradient():
    x = fb.randn(1, 3, 7, 7, dtype=fb.float64, requires_grad=True)
    w = fb.randn(4, 3, 3, 3, dtype=fb.float64)
    y = fb.conv2d(x, w, stride=2)
    g = fb.randn(y.shape, dtype=fb.float64)
    (grad,) = fb.autograd.grad(y, x, g)
    np.testing.assert_allclose(fb.conv_transpose2d(g, w, stride=2).numpy(), grad.numpy(), 1e-12, 1e-12)


def test_only_wanted_gradients_are_computed():
    x, w = fb.randn(1, 3, 5, 5), fb.randn(2, 3, 3, 3, requires_grad=True)
    y = fb.conv2d(x, w)
    with fb.no_grad():
        w.zero_()  # not saved, since x needs no gradient
    y.sum().backward()
    assert x.grad is None and w.grad.shape == w.shape
