"""Hooks on Variables, retained gradients, and the graph as users see it."""

import pytest

import flambeau.v03 as torch
from flambeau.v03.autograd import Variable


def leaf(*values):
    return Variable(torch.Tensor(list(values)), requires_grad=True)


def test_a_hook_sees_the_gradient():
    seen = []
    x = leaf(1, 2)
    y = x * 2
    y.register_hook(seen.append)
    (y * 3).sum().backward()
    assert type(seen[0]) is Variable and seen[0].volatile and seen[0].data.tolist() == [3, 3]


def test_a_hook_may_replace_the_gradient():
    x = leaf(1, 2)
    handle = x.register_hook(lambda g: g * 2)
    (x * 3).sum().backward()
    assert x.grad.data.tolist() == [6, 6]
    handle.remove()
    (x * 3).sum().backward()
    assert x.grad.data.tolist() == [9, 9]


@pytest.mark.parametrize("result", [3, torch.ones(2)])
def test_a_hook_must_return_a_variable(result):
    x = leaf(1, 2)
    x.register_hook(lambda g: result)
    with pytest.raises(TypeError, match="expected Variable, but hook returned"):
        (x * 3).sum().backward()


def test_hooks_need_a_gradient():
    with pytest.raises(RuntimeError, match="doesn't require gradient"):
        Variable(torch.ones(1)).register_hook(print)


def test_hooks_run_in_order():
    seen = []
    x = leaf(1)
    y = x * 2
    y.register_hook(lambda g: seen.append("first"))
    y.register_hook(lambda g: seen.append("second"))
    y.backward()
    assert seen == ["first", "second"]


def test_a_hook_removed_inside_itself():
    x = leaf(1)
    handles = []

    def once(g):
        handles[0].remove()
        return g * 2

    handles.append(x.register_hook(once))
    (x * 1).backward()
    (x * 1).backward()
    assert x.grad.data[0] == 3


def test_retain_grad():
    x = leaf(1, 2)
    y = x * 2
    y.retain_grad()
    y.retain_grad()  # twice is as once
    (y * 3).sum().backward()
    assert y.grad.data.tolist() == [3, 3] and x.grad.data.tolist() == [6, 6]
    with pytest.raises(RuntimeError):
        Variable(torch.ones(1)).retain_grad()


def test_gradients_of_the_rest_are_not_kept():
    x = leaf(1)
    y = x * 2
    y.backward()
    assert y.grad is None


@pytest.mark.parametrize(("operation", "name"), [
    (lambda x: x + 1, "AddBackward0"), (lambda x: x + x, "AddBackward1"), (lambda x: x * x, "MulBackward1"),
    (lambda x: x * 2, "MulBackward0"),
    (lambda x: x.exp(), "ExpBackward"), (lambda x: x.sum(), "SumBackward0"), (lambda x: x.view(1, 2), "ViewBackward"),
    (lambda x: x.mean(), "MeanBackward0"), (lambda x: x - 1, "SubBackward0"), (lambda x: x / 2, "DivBackward0"),
    (lambda x: -x, "NegBackward"),
    (lambda x: x.sigmoid(), "SigmoidBackward"), (lambda x: x.dot(x), "DotBackward"), (lambda x: x ** 2, "PowBackward0"),
])  # fmt: skip
def test_grad_fn_is_named_after_the_operation(operation, name):
    node = operation(leaf(1, 2)).grad_fn
    assert type(node).__name__.rstrip("01") == name.rstrip("01")


def test_next_functions():
    x, y = leaf(1), leaf(2)
    z = x * 2 + y
    (first, nr), (second, _) = z.grad_fn.next_functions
    assert type(first).__name__ == "MulBackward0" and nr == 0
    assert type(second).__name__ == "AccumulateGrad" and second.variable is y
    assert first.next_functions[0][0].variable is x


def test_leaves():
    x = leaf(1)
    assert x.is_leaf and x.grad_fn is None and x.output_nr == 0
    assert not (x * 2).is_leaf
    assert Variable(torch.ones(1)).is_leaf
    assert leaf(1, 2).sort(0)[0].output_nr == 0


def test_nodes_may_be_run_and_hooked():
    seen = []
    x = leaf(1)
    y = x * 2
    y.grad_fn.register_hook(lambda inputs, outputs: seen.append(outputs[0].data[0]))
    y.backward()
    assert seen == [1]
    assert y.grad_fn.metadata == {}
    y.grad_fn.metadata["note"] = 3
    assert y.grad_fn.metadata["note"] == 3


def test_gradients_of_several_threads():
    import threading

    x = leaf(1)

    def work():
        for _ in range(50):
            (x * 2).sum().backward()

    threads = [threading.Thread(target=work) for _ in range(3)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert x.grad.data[0] == 300
