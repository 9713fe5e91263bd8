"""Modules on a virtual GPU: they compute what they do on the CPU."""

import numpy as np
import pytest

import flambeau.v03 as torch
import flambeau.v03.legacy.nn as nn
import flambeau.v03.legacy.optim as optim
from flambeau.v03.legacy.nn.tensors import flat, mapped
from tests.cuda.conftest import gpu  # noqa: F401  (a fixture)

from .cases import CASES, build, name_of
from .test_modules import RANDOM

SAMPLE = [c for c in CASES if not isinstance(c[0](), RANDOM)]


@pytest.mark.parametrize("case", SAMPLE, ids=name_of)
def test_outputs_and_gradients(gpu, case):  # noqa: F811
    module, input = build(case)
    expected = [o.clone().numpy() for o in flat(module.forward(mapped(lambda t: t.clone(), input)))]
    moved = module.clone().type("torch.cuda.DoubleTensor")
    assert moved.type() == "torch.cuda.DoubleTensor"
    out = moved.forward(mapped(lambda t: t.clone().cuda(), input))
    for got, want in zip(flat(out), expected, strict=True):
        assert got.is_cuda
        np.testing.assert_allclose(got.cpu().numpy(), want, rtol=1e-6, atol=1e-9)
    grads = mapped(lambda t: t.clone().fill_(1), module.output)
    cpu = module.backward(input, grads)
    there = moved.backward(mapped(lambda t: t.cuda(), input), mapped(lambda t: t.cuda(), grads))
    for got, want in zip(flat(there), flat(cpu), strict=True):
        np.testing.assert_allclose(got.cpu().numpy(), want.numpy(), rtol=1e-6, atol=1e-9)
    pairs = zip((moved.parameters() or ([], []))[1], (module.parameters() or ([], []))[1], strict=True)
    for got, want in pairs:
        np.testing.assert_allclose(got.cpu().numpy(), want.numpy(), rtol=1e-6, atol=1e-9)


def test_a_network_moves_with_its_flat_parameters(gpu):  # noqa: F811
    torch.manual_seed(0)
    net = nn.Sequential().add(nn.SpatialConvolution(1, 4, 3, 3)).add(nn.ReLU(True)).add(nn.SpatialMaxPooling(2, 2))
    net.add(nn.View(36)).add(nn.Linear(36, 5)).add(nn.LogSoftMax())
    criterion = nn.ClassNLLCriterion(torch.ones(5))
    net.forward(torch.randn(7, 1, 8, 8))
    net.flattenParameters()
    assert net.cuda().type() == criterion.cuda().type() == "torch.cuda.FloatTensor"
    assert net.get(2).indices.type() == "torch.cuda.LongTensor"
    x, t = torch.randn(7, 1, 8, 8).cuda(), torch.LongTensor([0, 1, 2, 3, 4, 0, 1]).cuda()
    params, grads = net.flattenParameters()
    assert params.is_cuda and params.numel() == 225

    def feval(w):
        grads.zero_()
        loss = criterion.forward(net.forward(x), t)
        net.backward(x, criterion.backward(net.output, t))
        return loss, grads

    config = {"learningRate": 0.02}
    values = [optim.adam(feval, params, config)[1] for _ in range(20)]
    assert values[-1] < 0.5 * values[0]
    net.float()
    assert not net.get(0).weight.is_cuda and not net.get(2).indices.is_cuda
