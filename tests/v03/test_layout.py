"""Results of 0.3's layers and functions lie in row-major order, whatever their input's: programs `view` them."""

import numpy as np
import pytest

import flambeau.v03 as torch
from flambeau.v03 import nn
from flambeau.v03.autograd import Variable
from flambeau.v03.nn import functional as F


def turned(requires_grad=False):
    """An image whose channels are the last dimension in memory."""
    image = Variable(torch.rand(2, 6, 5, 4), requires_grad=requires_grad)
    return image.permute(0, 3, 1, 2)


LAYERS = {
    "relu": F.relu, "sigmoid": F.sigmoid, "tanh": F.tanh, "leaky_relu": F.leaky_relu, "elu": F.elu,
    "dropout": lambda x: F.dropout(x, training=True), "PReLU": nn.PReLU(), "Tanh": nn.Tanh(), "Softplus": nn.Softplus(),
    "BatchNorm2d": nn.BatchNorm2d(4), "Conv2d": nn.Conv2d(4, 3, 2), "ConvTranspose2d": nn.ConvTranspose2d(4, 3, 2),
    "max_pool2d": lambda x: F.max_pool2d(x, 2), "avg_pool2d": lambda x: F.avg_pool2d(x, 2),
    "pad": lambda x: F.pad(x, (1, 1, 1, 1)), "upsample": lambda x: F.upsample(x, scale_factor=2),
}  # fmt: skip


@pytest.mark.parametrize("name", LAYERS)
@pytest.mark.parametrize("requires_grad", [False, True])
def test_results_can_be_viewed(name, requires_grad):
    x = turned(requires_grad)
    y = LAYERS[name](x)
    assert y.is_contiguous() and y.view(-1).size() == (y.numel(),)
    if name != "dropout":
        np.testing.assert_allclose(y.data.numpy(), LAYERS[name](x.contiguous()).data.numpy(), rtol=1e-5, atol=1e-6)


def test_volatile_input():
    x = Variable(torch.rand(3, 4), volatile=True).t()
    assert F.sigmoid(x).is_contiguous() and nn.Linear(3, 2)(x).is_contiguous() and F.sigmoid(x).volatile


def test_gradients():
    x = Variable(torch.rand(3, 4), requires_grad=True)
    (F.sigmoid(x.t()).view(-1) * Variable(torch.arange(0, 12))).sum().backward()
    s = 1 / (1 + np.exp(-x.data.numpy()))
    np.testing.assert_allclose(x.grad.data.numpy(), np.arange(12).reshape(4, 3).T * s * (1 - s), rtol=1e-5)


def test_plain_tensors():
    assert F.tanh(torch.rand(3, 4).t()).is_contiguous() and nn.Tanh()(torch.rand(3, 4).t()).is_contiguous()


def test_what_computes_nothing_keeps_the_order():
    x = Variable(torch.rand(3, 4)).t()
    for y in (x.float(), x.unsqueeze(0), F.relu(x, inplace=True)):
        assert not y.is_contiguous()
