"""The introduction's section "Autograd mechanics", line by line."""

import pytest

import flambeau.v03 as torch
from flambeau.v03.autograd import Function, Variable


def test_requires_grad():
    z = Variable(torch.randn(5, 5), requires_grad=True)
    x, y = Variable(torch.randn(5, 5)), Variable(torch.randn(5, 5))
    a = x + y
    assert not a.requires_grad
    b = a + z
    assert b.requires_grad


def test_volatile():
    volatile_input = Variable(torch.randn(1, 3, 227, 227), volatile=True)
    regular_input = Variable(torch.randn(1, 3, 227, 227))
    model = torch.nn.Conv2d(3, 2, 5, stride=4)
    assert model(regular_input).requires_grad
    out = model(volatile_input)
    assert not out.requires_grad and out.volatile
    with pytest.raises(RuntimeError):
        out.sum().backward()
    assert out.grad_fn is None


def test_grad_fn_is_an_entry_into_the_graph():
    x = Variable(torch.randn(2, 2), requires_grad=True)
    y = x * 2
    z = y.sum()
    assert x.grad_fn is None
    assert z.grad_fn.next_functions[0][0] is y.grad_fn
    assert y.grad_fn.next_functions[0][0].variable is x


def test_the_graph_is_recreated_at_every_iteration():
    w = Variable(torch.ones(1), requires_grad=True)
    seen = []
    for i in range(3):
        loss = w * 2 if i % 2 else w * w
        seen.append(loss.grad_fn)
        loss.backward()
    assert len(set(map(id, seen))) == 3 and type(seen[0]) is not None
    assert w.grad.data[0] == 2 + 2 + 2


def test_version_counters_and_saved_tensors():
    class Square(Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x * x

        @staticmethod
        def backward(ctx, g):
            (x,) = ctx.saved_variables
            return 2 * x * g

    x = Variable(torch.ones(2), requires_grad=True) * 1
    assert x._version == 0
    out = Square.apply(x)
    x.add_(1)
    assert x._version == 1
    with pytest.raises(RuntimeError, match="modified by an in-?place operation"):
        out.grad_fn.saved_tensors  # noqa: B018
    with pytest.raises(RuntimeError, match="modified by an in-?place operation"):
        out.sum().backward()


def test_backward_of_a_scalar_and_with_a_grad_output():
    x = Variable(torch.ones(2, 2), requires_grad=True)
    y = x + 2
    out = (y * y * 3).mean()
    assert out.data[0] == 27
    out.backward()
    assert x.grad.data.tolist() == [[4.5, 4.5], [4.5, 4.5]]
    x = Variable(torch.Tensor([1, 2, 3]), requires_grad=True)
    y = x * 2
    with pytest.raises(RuntimeError, match="scalar outputs"):
        y.backward()
    y.backward(torch.FloatTensor([0.1, 1.0, 0.0001]))
    assert x.grad.data.tolist() == pytest.approx([0.2, 2.0, 0.0002])
