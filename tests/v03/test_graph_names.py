"""What programs see of the graph in 0.3: names of nodes, and the nodes behind them."""

import copy
import pickle

import pytest

import flambeau.v03 as torch
from flambeau.v03.autograd import Variable
from flambeau.v03.nn import functional as F


def a(*sizes):
    return Variable(torch.rand(*(sizes or (2, 3))) + 1, requires_grad=True)


@pytest.mark.parametrize("function, name", [
    (lambda x: x + 2, "AddBackward0"),
    (lambda x: x + x, "AddBackward1"),
    (lambda x: 3 * x, "MulBackward0"),
    (lambda x: x * x, "MulBackward1"),
    (lambda x: x**2, "PowBackward0"),
    (lambda x: x**x, "PowBackward1"),
    (lambda x: x.sum(), "SumBackward0"),
    (lambda x: x.sum(1), "SumBackward1"),
    (lambda x: x.mean(), "MeanBackward1"),
    (lambda x: x.max(1)[0], "MaxBackward0"),
    (lambda x: x.mm(x.t()), "MmBackward"),
    (lambda x: x.masked_fill(x > 1.5, 0), "MaskedFillBackward0"),
    (lambda x: -x, "NegBackward"),
    (lambda x: F.relu(x), "ThresholdBackward0"),
    (lambda x: F.mse_loss(x, Variable(torch.ones(2, 3))), "MseLossBackward"),
    (lambda x: F.conv1d(a(1, 2, 3), a(1, 2, 1)), "ConvNdBackward"),
    (lambda x: F.max_pool2d(a(1, 1, 2, 2), 2), "MaxPool2DBackward"),
])  # fmt: skip
def test_names(function, name):
    node = function(a()).grad_fn
    assert type(node).__name__ == node.name() == name
    assert repr(node).startswith(f"<{name} object at 0x")


def test_next_functions_are_of_tensors():
    x, y = a(), Variable(torch.ones(2, 3))
    assert [f.name() for f, _ in (x * 2).grad_fn.next_functions] == ["AccumulateGrad"]
    assert [f and f.name() for f, _ in (x * y).grad_fn.next_functions] == ["AccumulateGrad", None]
    assert [f.name() for f, _ in (x + 2).sum(1).grad_fn.next_functions] == ["AddBackward0"]
    assert (x.chunk(3, 1)[2] * 2).grad_fn.next_functions[0][1] == 2


def test_gradients_flow_through_nodes_that_were_looked_at():
    x = a()
    y = (x * 2 + 1).mm(x.t()).sum()
    nodes, seen = [y.grad_fn], set()
    while nodes:
        node = nodes.pop()
        seen.add(node.name())
        nodes += [f for f, _ in node.next_functions]
    assert seen == {"SumBackward0", "MmBackward", "AddBackward0", "MulBackward0", "TBackward", "AccumulateGrad"}
    y.backward()
    assert x.grad is not None and x.grad.data.sum() > 0


def test_errors_without_words_of_their_own_keep_their_cause():
    class Refusing(torch.nn.Embedding):
        @property
        def sparse(self):
            raise ValueError("never seen") from KeyError("the cause")

        @sparse.setter
        def sparse(self, value):
            pass

    with pytest.raises(ValueError, match="never seen") as caught:
        Refusing(3, 2)(Variable(torch.LongTensor([1])))
    assert isinstance(caught.value.__cause__, KeyError)


def test_functions_are_copied_and_pickled_by_name():
    for function in (F.relu, F.softmax, F.nll_loss, F.max_pool2d, F.linear, F.conv2d):
        assert copy.deepcopy(function) is function
        assert pickle.loads(pickle.dumps(function)) is function
