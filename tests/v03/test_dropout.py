"""Dropout of 0.3: what it returns where nothing is dropped, and what channels are."""

import warnings

import pytest

import flambeau.v03 as torch
import flambeau.v03.nn.functional as F
from flambeau.v03 import nn
from flambeau.v03.autograd import Variable

FUNCTIONS = [F.dropout, F.dropout2d, F.dropout3d]
LAYERS = [nn.Dropout, nn.Dropout2d, nn.Dropout3d]


@pytest.mark.parametrize("function", FUNCTIONS)
@pytest.mark.parametrize(("p", "training"), [(0.5, False), (0, True)])
def test_a_new_variable_where_nothing_is_dropped(function, p, training):
    weight = nn.Parameter(torch.randn(2, 3, 4, 4))
    result = function(weight, p, training)
    assert type(result) is Variable and torch.equal(result.data, weight.data)
    result.sum().backward()
    assert (weight.grad.data == 1).all()


@pytest.mark.parametrize("layer", LAYERS)
def test_layers_give_a_new_variable_in_evaluation(layer):
    x = Variable(torch.randn(2, 3, 4, 4))
    result = layer().eval()(x)
    assert result is not x and torch.equal(result.data, x.data)
    result.data.zero_()
    assert (x.data != 0).any()


@pytest.mark.parametrize("layer", LAYERS)
def test_in_place_layers_give_what_they_took(layer):
    x = Variable(torch.randn(2, 3, 4, 4))
    assert layer(inplace=True).eval()(x) is x


def test_weights_with_dropout_in_evaluation_then_in_training():
    rnn = nn.RNN(2, 3)
    raw = rnn._parameters.pop("weight_hh_l0")
    rnn.register_parameter("raw", raw)
    for training in (True, False, True):
        rnn.weight_hh_l0 = F.dropout(raw, 0.5, training)
        rnn(Variable(torch.randn(4, 1, 2)))
    assert "weight_hh_l0" not in rnn._parameters


@pytest.mark.parametrize("function", [F.dropout2d, F.dropout3d])
@pytest.mark.parametrize("sizes", [(20, 3), (20, 3, 4), (20, 3, 4, 2), (20, 3, 4, 2, 2)])
def test_channels_are_the_first_two_dimensions(function, sizes):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        kept = function(Variable(torch.ones(*sizes)), 0.5, True).data.contiguous().view(20, 3, -1)
    assert torch.equal(kept, kept[:, :, :1].expand_as(kept).contiguous())
    assert len({tuple(sample) for sample in kept[:, :, 0].tolist()}) > 2


@pytest.mark.parametrize("function", FUNCTIONS)
def test_probabilities(function):
    with pytest.raises(ValueError, match="dropout probability has to be between 0 and 1, but got 1.5"):
        function(Variable(torch.ones(2, 2)), 1.5, True)
