"""Private helpers of 0.3 that programs took: of the initialisers, of `nn.functional`, of the DataLoader."""

import pytest

import flambeau.v03 as torch
from flambeau.v03 import nn
from flambeau.v03.autograd import Variable
from flambeau.v03.nn import functional as F
from flambeau.v03.nn import init
from flambeau.v03.utils.data import dataloader


@pytest.mark.parametrize("wrap", [Variable, lambda tensor: tensor, nn.Parameter])
def test_fans(wrap):
    assert init._calculate_fan_in_and_fan_out(wrap(torch.ones(4, 3, 5, 5))) == (75, 100)
    assert init._calculate_correct_fan(wrap(torch.ones(4, 3)), "FAN_OUT") == 4
    with pytest.raises(ValueError, match="^Fan in and fan out can not be computed for tensor with less than 2 dim"):
        init._calculate_fan_in_and_fan_out(wrap(torch.ones(4)))


def test_tuples_of_sizes():
    assert F._single(3) == (3,) and F._pair(3) == (3, 3) and F._triple((1, 2, 3)) == (1, 2, 3)


def test_types_of_numpy():
    types = dataloader.numpy_type_map
    assert types["float32"] is torch.FloatTensor and types["uint8"] is torch.ByteTensor and len(types) == 8
    assert isinstance("a", dataloader.string_classes) and isinstance(1, dataloader.int_classes)
