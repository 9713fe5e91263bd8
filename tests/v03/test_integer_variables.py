"""Variables of ints that require grad: 0.3 let them be made. Gradients come to them from floats made of them only."""

import pytest

import flambeau.v03 as torch
from flambeau.v03 import nn
from flambeau.v03.autograd import Variable


def ints():
    return Variable(torch.LongTensor([1, 2, 3]), requires_grad=True)


def test_the_flag():
    v = Variable(torch.LongTensor([1]))
    v.requires_grad = True
    assert v.requires_grad and v.is_leaf and ints().requires_grad
    v.requires_grad = False
    assert not v.requires_grad
    assert nn.Parameter(torch.LongTensor([1])).requires_grad


def test_results_of_ints_are_not_recorded():
    y = ints() * 2
    assert not y.requires_grad and y.grad_fn is None
    with pytest.raises(RuntimeError, match="element 0 of variables does not require grad"):
        y.sum().backward()


def test_they_must_not_change_in_place():
    with pytest.raises(RuntimeError, match="a leaf Variable that requires grad has been used in an in-place operation"):
        ints().add_(1)


def test_a_gradient_through_floats():
    v = ints()
    (v.float() * 2).sum().backward()
    assert v.grad.data.tolist() == [2, 2, 2]


def test_as_an_index():
    layer = nn.Embedding(5, 2)
    v = ints()
    layer(v).sum().backward()
    assert v.grad is None and layer.weight.grad.data.sum() == 6
