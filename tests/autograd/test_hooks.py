"""Hooks of tensors and of graph nodes: order, replaced gradients, removal, what is refused."""

import pytest

import flambeau as fb
from flambeau import autograd


def leaf(values):
    return fb.tensor(values, dtype=fb.float64, requires_grad=True)


def test_order():
    order = []

    def note(word):
        return lambda *gradients: order.append(word)

    x = leaf([2.0])
    y = x * 3
    y.register_hook(note("tensor 1"))
    y.grad_fn.register_prehook(note("before node"))
    y.register_hook(note("tensor 2"))
    y.grad_fn.register_hook(note("after node"))
    x.register_hook(note("leaf"))
    x.register_post_accumulate_grad_hook(note("accumulated"))
    accumulate = y.grad_fn.next_functions[0][0]
    accumulate.register_prehook(note("before accumulating"))
    accumulate.register_hook(note("after accumulating"))
    y.backward()
    assert order == ["tensor 1", "tensor 2", "before node", "after node", "leaf", "before accumulating", "accumulated",
                     "after accumulating"]  # fmt: skip


def test_hooks_of_the_node_of_a_leaf():
    """What distributed training hangs on parameters: p.expand_as(p).grad_fn.next_functions[0][0].register_hook(...)."""
    p = leaf([2.0])
    seen = []
    accumulate = p.expand_as(p).grad_fn.next_functions[0][0]
    accumulate.register_prehook(lambda grads: (grads[0] * 10,))
    accumulate.register_hook(
        lambda inputs, outputs: seen.append((inputs, outputs[0].tolist(), p.grad.tolist()))
    )
    (p * 3).backward()
    assert seen == [((), [30.0], [30.0])]


def test_a_hook_of_a_node_replaces_gradients():
    x, w = leaf([2.0]), leaf([5.0])
    y = x * w
    y.grad_fn.register_hook(lambda inputs, outputs: (inputs[0] * 2, inputs[1] + 1))
    y.backward()
    assert x.grad.tolist() == [10.0] and w.grad.tolist() == [3.0]


@pytest.mark.parametrize("n", [1, 3])
def test_hooks_of_a_node_keep_the_number_of_gradients(n):
    x = leaf([2.0])
    y = x * x
    y.grad_fn.register_hook(lambda inputs, outputs: inputs[:1] * n)
    with pytest.raises(RuntimeError, match=rf"incorrect number of values \(got {n}, but expected 2\)"):
        y.backward()
    z = x * x
    z.grad_fn.register_prehook(lambda outputs: outputs * 2)
    with pytest.raises(RuntimeError, match=r"incorrect number of values \(got 2, but expected 1\)"):
        z.backward()


def test_a_hook_that_removes_hooks():
    calls = []
    y = leaf([2.0]) * 3

    def first(grad):
        calls.append(1)
        second.remove()
        itself.remove()

    itself = y.register_hook(first)
    second = y.register_hook(lambda grad: calls.append(2))
    y.register_hook(lambda grad: calls.append(3))
    y.backward(retain_graph=True)
    assert calls == [1, 2, 3]  # the hooks of a run are fixed when it reaches the node
    y.backward()
    assert calls == [1, 2, 3, 3]


def test_a_hook_that_adds_a_hook():
    calls = []
    y = leaf([2.0]) * 3

    def adding(grad):
        calls.append(1)
        y.register_hook(lambda grad: calls.append(2))

    y.register_hook(adding)
    y.backward(retain_graph=True)
    assert calls == [1]
    y.backward()
    assert calls == [1, 1, 2]


def test_handles_are_context_managers():
    calls = []
    y = leaf([2.0]) * 3
    with y.register_hook(lambda grad: calls.append(1)):
        y.backward(retain_graph=True)
    y.backward()
    assert calls == [1]


@pytest.mark.parametrize(
    "result,error,match",
    [
        (lambda g: 5, TypeError, "a tensor hook of MulBackward0 returned int"),
        (lambda g: g[:1], RuntimeError, "hook '<lambda>' has changed the size of value"),
        (lambda g: g.float(), RuntimeError,
         r"hook '<lambda>' has changed the type of value \(was torch.DoubleTensor got torch.FloatTensor\)"),
    ],
)  # fmt: skip
def test_what_a_tensor_hook_may_not_return(result, error, match):
    y = leaf([2.0, 3.0]) * 2
    y.register_hook(result)
    with pytest.raises(error, match=match):
        y.sum().backward()


def test_where_hooks_cannot_be_registered():
    with pytest.raises(
        RuntimeError, match="cannot register a hook on a tensor that doesn't require gradient"
    ):
        fb.ones(1).register_hook(print)
    with pytest.raises(
        RuntimeError, match="cannot register a hook on a tensor that doesn't require gradient"
    ):
        fb.ones(1).register_post_accumulate_grad_hook(print)
    with pytest.raises(RuntimeError, match="cannot be registered on non-leaf tensors"):
        (leaf([1.0]) * 2).register_post_accumulate_grad_hook(print)


def test_a_hook_belongs_to_the_value_at_its_registration():
    seen = []
    x = leaf([2.0])
    y = x * 3
    y.register_hook(lambda g: seen.append(("before", g.tolist())))
    y.mul_(2)
    y.register_hook(lambda g: seen.append(("after", g.tolist())))
    (y * 5).backward()
    assert seen == [("after", [5.0]), ("before", [10.0])]


def test_hooks_run_under_the_mode_of_the_pass():
    seen = []
    x = leaf([2.0])
    y = x * x
    y.register_hook(lambda g: seen.append(fb.is_grad_enabled()))
    y.backward(retain_graph=True)
    autograd.grad(y, x, create_graph=True)
    with fb.no_grad():
        autograd.grad(y, x, create_graph=True)
    assert seen == [False, True, True]


def test_a_hook_of_one_of_several_results():
    seen = []
    x = leaf([3.0, 1.0, 2.0])
    values, _ = x.sort()
    values.register_hook(lambda g: seen.append(g.tolist()))
    (values * fb.tensor([1.0, 2.0, 3.0], dtype=fb.float64)).sum().backward()
    assert seen == [[1.0, 2.0, 3.0]] and x.grad.tolist() == [3.0, 1.0, 2.0]


def test_an_accumulated_gradient_may_be_taken_away():
    """An optimiser step inside backward."""
    x = leaf([2.0])
    seen = []

    def step(p):
        seen.append(p.grad.tolist())
        p.grad = None

    x.register_post_accumulate_grad_hook(step)
    (x * 3).backward()
    (x * 4).backward()
    assert seen == [[3.0], [4.0]] and x.grad is None


def test_hooks_see_gradients_that_grad_asks_for():
    x = leaf([2.0])
    x.register_hook(lambda g: g * 10)
    y = x * 3
    y.register_hook(lambda g: g * 100)
    assert autograd.grad(y * 1, x)[0].tolist() == [3000.0]


# ---- retain_grad


def test_retained_gradients_accumulate_after_hooks():
    x = leaf([2.0])
    y = x * 3
    y.retain_grad()
    y.retain_grad()
    y.register_hook(lambda g: g * 10)
    z = y * 5
    z.backward(retain_graph=True)
    assert y.grad.tolist() == [50.0]
    z.backward()
    assert y.grad.tolist() == [100.0] and x.grad.tolist() == [300.0]


def test_retain_grad_follows_in_place_changes():
    x = leaf([2.0, 3.0])
    y = x * 3
    y.retain_grad()
    y.mul_(2)
    assert y.retains_grad
    (y * 5).sum().backward()
    assert y.grad.tolist() == [5.0, 5.0] and x.grad.tolist() == [30.0, 30.0]
    z = x * 3
    z.retain_grad()
    z[:1].mul_(2)
    z.sum().backward()
    assert z.grad.tolist() == [1.0, 1.0]


def test_retain_grad_where_there_is_nothing_to_retain():
    x = leaf([2.0])
    x.retain_grad()
    assert not x.retains_grad
    with pytest.raises(RuntimeError, match="can't retain_grad on Tensor that has requires_grad=False"):
        fb.ones(1).retain_grad()


def test_a_node_is_called_with_its_gradients_only():
    node = (fb.ones(2, requires_grad=True) * 2).grad_fn
    with pytest.raises(TypeError, match="expected a Tensor or None as gradient 0, got int"):
        node(1)
    with pytest.raises(TypeError, match="expected 1 gradients, got 2"):
        node(fb.ones(2), fb.ones(2))


def test_next_functions_are_those_of_tensors():
    x, w = fb.ones(1, 2, 5, 5, requires_grad=True), fb.ones(3, 2, 3, 3)
    y = fb.nn.functional.conv2d(x, w, padding=1)
    assert [f if f is None else f.variable is x for f, _ in y.grad_fn.next_functions] == [True, None]
    assert y.sum(1, keepdim=True).grad_fn.next_functions == ((y.grad_fn, 0),)
    assert (y + 1).grad_fn.next_functions == ((y.grad_fn, 0), (None, 0))  # PyTorch makes a tensor of the number
