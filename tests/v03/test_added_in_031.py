"""What 0.3.1 added to 0.3: programs of the spring of 2018 use it."""

import io
import math

import numpy as np
import pytest

import flambeau.v03 as torch
import flambeau.v03.nn.functional as F
from flambeau.v03 import nn, optim
from flambeau.v03.autograd import Variable
from flambeau.v03.optim.lr_scheduler import CosineAnnealingLR
from flambeau.v03.utils.data import DataLoader, TensorDataset, dataset, random_split


def rates(schedule, optimizer, epochs):
    found = []
    for _ in range(epochs):
        schedule.step()
        found.append([group["lr"] for group in optimizer.param_groups])
    return np.array(found)


def test_cosine_annealing():
    weights = [nn.Parameter(torch.ones(1)) for _ in range(2)]
    optimizer = optim.SGD([{"params": weights[:1]}, {"params": weights[1:], "lr": 0.5}], lr=0.1)
    found = rates(CosineAnnealingLR(optimizer, T_max=8, eta_min=0.02), optimizer, 12)
    height = (1 + np.cos(np.pi * np.arange(12) / 8)) / 2
    np.testing.assert_allclose(found, 0.02 + np.array([0.08, 0.48]) * height[:, None])


def test_cosine_annealing_resumes():
    optimizer = optim.SGD([{"params": [nn.Parameter(torch.ones(1))], "initial_lr": 0.1}], lr=0.1)
    found = rates(CosineAnnealingLR(optimizer, 4, last_epoch=1), optimizer, 2)
    np.testing.assert_allclose(found, [[0.05], [0.05 * (1 - math.sqrt(0.5))]], atol=1e-12)


def test_random_split():
    data = TensorDataset(torch.arange(0, 10), torch.arange(0, 10))
    torch.manual_seed(3)
    parts = random_split(data, [7, 3])
    torch.manual_seed(3)
    order = torch.randperm(10).tolist()
    assert [len(p) for p in parts] == [7, 3] and all(type(p) is dataset.Subset for p in parts)
    assert [sample[0] for part in parts for sample in (part[i] for i in range(len(part)))] == order
    assert [x.tolist() for x, _ in DataLoader(parts[1], batch_size=3)] == [order[7:]]


def test_lengths_of_parts():
    with pytest.raises(ValueError, match="Sum of input lengths does not equal the length of the input dataset!"):
        random_split(TensorDataset(torch.ones(4), torch.ones(4)), [2, 1])


def test_poisson_loss_of_each_element():
    x, t = Variable(torch.randn(3, 2)), Variable(torch.rand(3, 2))
    each = nn.PoissonNLLLoss(reduce=False)(x, t)
    assert torch.equal(each.data, (x.exp() - t * x).data)
    assert F.poisson_nll_loss(x, t, True, False, True, 1e-8, False).size() == (3, 2)
    assert nn.PoissonNLLLoss()(x, t).data[0] == pytest.approx(each.data.mean(), rel=1e-6)


def test_map_location_by_name():
    file = io.BytesIO()
    torch.save(torch.ones(3), file)
    file.seek(0)
    assert torch.load(file, map_location="cpu").sum() == 3
