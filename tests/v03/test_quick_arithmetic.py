"""The short way of operators on plain floats of one size: the same results as the long one."""

import operator

import numpy as np
import pytest

import flambeau.v03 as torch
import flambeau.v03.nn as nn
from flambeau import _core
from flambeau.v03.autograd import Variable

OPERATORS = [operator.add, operator.sub, operator.mul, operator.truediv]


@pytest.fixture
def counted(monkeypatch):
    """The results of the short way, None where it is not taken."""
    taken, function = [], _core.arithmetic_of_face

    def count(*args):
        taken.append(function(*args))
        return taken[-1]

    monkeypatch.setattr(_core, "arithmetic_of_face", count)
    return taken


def operands(make):
    return make([1.5, -2, 4]), make([3, 0.5, -1])


@pytest.mark.parametrize("op", OPERATORS)
@pytest.mark.parametrize("make", [torch.FloatTensor, torch.DoubleTensor])
def test_plain_tensors(op, make, counted):
    x, y = operands(make)
    for a, b in [(x, y), (x, 2), (x, 0.5), (3, x), (x, 10**6)]:
        found = op(a, b)
        assert found is counted[-1] and type(found) is make
        given = [np.asarray(t.numpy() if isinstance(t, make) else t, x.numpy().dtype) for t in (a, b)]
        np.testing.assert_array_equal(found.numpy(), op(*given))


@pytest.mark.parametrize("op", OPERATORS)
def test_variables(op, counted):
    data, other = operands(torch.DoubleTensor)
    for second in (Variable(other), nn.Parameter(other), 2.5):
        x = Variable(data, requires_grad=True)
        found = op(x, second)
        assert found is counted[-1] and type(found) is Variable and type(found.data) is torch.DoubleTensor
        long = getattr(x, {"truediv": "div"}.get(op.__name__, op.__name__))(second)
        assert type(found.grad_fn) is type(long.grad_fn) and found.data.tolist() == long.data.tolist()
        for result in (found, long):
            result.backward(torch.ones(3).double(), retain_graph=True)
        grads = torch.autograd.grad(found, x, torch.ones(3).double())
        np.testing.assert_array_equal(x.grad.data.numpy(), 2 * grads[0].data.numpy())
        assert type(x.grad) is Variable


def test_where_other_rules_hold(counted):
    """Volatile Variables, several types, sizes, ints, views with gaps: the long way, which has 0.3's rules."""
    volatile = Variable(torch.ones(3), volatile=True)
    assert (volatile + volatile).volatile and (Variable(torch.ones(3)) * volatile).volatile
    with pytest.raises(TypeError):
        torch.ones(3) + torch.ones(3).double()
    assert (torch.IntTensor([7]) / 2).tolist() == [3]
    assert (torch.ones(3, 1) + torch.ones(2)).size() == torch.Size([3, 2])
    assert (torch.ones(4, 2)[:, 0] + torch.ones(4, 2)[:, 1]).tolist() == [2] * 4
    half = torch.HalfTensor(3)
    with pytest.raises(AttributeError):
        half + half
    assert not any(t is not None for t in counted)


def test_history_only_where_a_gradient_is_wanted():
    x, y = Variable(torch.ones(3)), Variable(torch.ones(3), requires_grad=True)
    assert (x + x).grad_fn is None and not (x * 2).requires_grad
    z = (1 - y) * y
    z.sum().backward()
    assert y.grad.data.tolist() == [-1, -1, -1]


def test_changes_of_saved_tensors_are_noticed():
    x = Variable(torch.ones(3), requires_grad=True)
    y = x * 2
    z = y * y
    y += 1
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        z.sum().backward()


def test_saved_tensor_hooks_see_what_is_saved(counted):
    import flambeau

    x, seen = Variable(torch.ones(3), requires_grad=True), []
    with flambeau.autograd.graph.saved_tensors_hooks(lambda t: seen.append(t) or t, lambda t: t):
        y = x * x
    assert y is counted[-1] and len(seen) == 2
    y.sum().backward()
    assert x.grad.data.tolist() == [2, 2, 2]
