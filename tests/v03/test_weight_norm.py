"""weight_norm of 0.3: its parameters are Variables, and nothing warns."""

import pytest

import flambeau.v03 as torch
from flambeau.v03 import nn
from flambeau.v03.autograd import Variable
from flambeau.v03.nn.utils import remove_weight_norm, weight_norm


def test_training_and_removing():
    layer = weight_norm(nn.Linear(3, 2), name="weight")
    assert layer.weight_g.size() == torch.Size([2, 1]) and layer.weight_v.size() == torch.Size([2, 3])
    assert isinstance(layer.weight_g, nn.Parameter) and isinstance(layer.weight, Variable)
    optimizer = torch.optim.SGD(layer.parameters(), lr=0.01)
    x = Variable(torch.ones(4, 3))
    before = layer(x).data
    loss = (layer(x) ** 2).sum()
    loss.backward()
    optimizer.step()
    after = (layer(x) ** 2).sum()
    assert after.data[0] < loss.data[0]
    assert (layer(x).data - before).abs().max() > 0
    out = layer(x).data
    remove_weight_norm(layer)
    assert sorted(layer.state_dict()) == ["bias", "weight"]
    assert (layer(x).data - out).abs().max() < 1e-6


def test_norm_over_all():
    layer = weight_norm(nn.Linear(3, 2), dim=None)
    assert layer.weight_g.data[0] == pytest.approx(layer.weight_v.data.norm(), rel=1e-6)


def test_weight_norm_is_a_module_and_a_function():
    import importlib

    module = importlib.import_module("flambeau.v03.nn.utils.weight_norm")
    assert module.weight_norm is weight_norm is torch.nn.utils.weight_norm
    layer = nn.Linear(3, 2)
    module.WeightNorm.apply(layer, "weight", 0)
    with pytest.raises(RuntimeError, match="two weight_norm hooks on the same parameter weight"):
        weight_norm(layer)
