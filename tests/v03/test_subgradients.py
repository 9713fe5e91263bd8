"""Gradients of 0.3 at bounds and where values are equal."""

import math

import pytest

import flambeau.v03 as torch
from flambeau.v03.autograd import Variable, gradcheck
from flambeau.v03.autograd.gradcheck import gradgradcheck
from flambeau.v03.nn import functional as F


def gradients(function, *values):
    inputs = [Variable(torch.Tensor(v), requires_grad=True) for v in values]
    function(*inputs).sum().backward()
    return [x.grad.data.tolist() for x in inputs]


@pytest.mark.parametrize(("function", "expected"), [
    (lambda x: x.clamp(0, 1), [0, 0, 1, 0, 0]), (lambda x: x.clamp(min=0), [0, 0, 1, 1, 1]),
    (lambda x: torch.clamp(x, max=1), [1, 1, 1, 0, 0]), (lambda x: (x * 1).clamp_(0, 1), [0, 0, 1, 0, 0]),
])  # fmt: skip
def test_bounds(function, expected):
    assert gradients(function, [-1, 0, 0.5, 1, 2]) == [expected]


def test_bounded_values():
    x = Variable(torch.Tensor([-1, 0.5, 2]), requires_grad=True)
    assert x.clamp(0, 1).data.tolist() == [0, 0.5, 1] and x.clamp(max=0).data.tolist() == [-1, 0, 0]
    assert x.clamp(1, 0).data.tolist() == x.data.clamp(1, 0).tolist()
    whole = Variable(torch.LongTensor([-3, 5]))
    assert whole.clamp(min=0).data.tolist() == [0, 5] and whole.clamp(min=0).data.type() == "torch.LongTensor"
    assert x.data.clamp(min=0).tolist() == [0, 0.5, 2]


def test_the_larger_and_the_smaller_of_equals_is_the_other():
    assert gradients(torch.max, [0, 1, 2], [0, 2, 1]) == [[0, 0, 1], [1, 1, 0]]
    assert gradients(lambda x, y: x.min(y), [0, 1, 2], [0, 2, 1]) == [[0, 1, 0], [1, 0, 1]]
    assert gradients(lambda x: torch.max(x, Variable(torch.zeros(1))), [0, 1]) == [[0, 1]]


@pytest.mark.parametrize(("name", "expected"), [("max", [1, 1, 0]), ("min", [0, 0, 1]), ("median", [1, 1, 0])])
def test_each_of_the_extreme_values_has_the_whole_gradient(name, expected):
    assert gradients(lambda x: getattr(x, name)() * 1, [2, 2, -1]) == [expected]
    assert gradients(lambda x: getattr(torch, name)(x), [2, 2, -1]) == [expected]
    out = getattr(Variable(torch.Tensor([2, 2, -1]), volatile=True), name)()
    assert out.volatile and out.size() == (1,)


def test_a_difference_of_zero():
    target = Variable(torch.Tensor([0, 1, 0]))
    for options, scale in (({}, 1 / 3), ({"size_average": False}, 1), ({"reduce": False}, 1)):
        (grad,) = gradients(lambda x, options=options: F.l1_loss(x, target, **options), [0, 2, -1])
        assert grad == pytest.approx([scale, scale, -scale])
    y = Variable(torch.Tensor([1, -1]))
    found = gradients(lambda a, b: F.margin_ranking_loss(a, b, y, size_average=False), [1, 1], [1, 1])
    assert found == [[-1, 1], [1, -1]]


@pytest.mark.parametrize("function", [
    lambda x: x.clamp(-0.5, 0.5), lambda x: x.clamp(min=-math.pi / 9), lambda x: torch.max(x, x * x), lambda x: x.max(),
    lambda x: x.min() * x.median(), lambda x: torch.min(x, x[0].expand_as(x)),
])  # fmt: skip
def test_elsewhere_they_are_those_of_differences(function):
    torch.manual_seed(1)
    x = Variable(torch.randn(3, 3).double(), requires_grad=True)
    assert gradcheck(function, (x,)) and gradgradcheck(function, (x,))
