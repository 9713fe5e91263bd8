"""Variables of ints that require grad: 0.3 let them be made, and recorded what they went through."""

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


@pytest.mark.parametrize("function, expected", [
    (lambda v: v * 2, [2, 2, 2]),
    (lambda v: v * v, [2, 4, 6]),
    (lambda v: v.sum(), [1, 1, 1]),
    (lambda v: v[0], [1, 0, 0]),
    (lambda v: torch.cat([v, v.view(3)]), [2, 2, 2]),
    (lambda v: v.view(3, 1).mm(v.view(1, 3)), [12, 12, 12]),
    (lambda v: v.sort(0, True)[0], [1, 1, 1]),
    (lambda v: torch.stack(v.chunk(3)), [1, 1, 1]),
])  # fmt: skip
def test_results_of_ints_have_a_history(function, expected):
    v = ints()
    y = function(v)
    assert y.requires_grad and y.grad_fn is not None
    y.backward(torch.ones(y.size()).long())
    assert v.grad.data.tolist() == expected


def test_indices_and_masks_of_ints_have_none():
    v = ints()
    for y in (v > 1, v.sort(0)[1], v.max(0)[1]):
        assert not y.requires_grad and y.grad_fn is None


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
