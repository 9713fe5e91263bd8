"""Forward and backward hooks: order, arguments, replacing, removing."""

import numpy as np
import pytest

import flambeau as fb

from .parity import assert_close

nn = fb.nn


class Scale(nn.Module):
    def forward(self, x, factor=2.0):
        return x * factor


def test_order_and_arguments():
    module = Scale()
    x = fb.ones(2)
    seen = []
    handles = [
        nn.hooks.register_module_forward_pre_hook(lambda m, args: seen.append("global pre")),
        nn.hooks.register_module_forward_hook(lambda m, args, out: seen.append("global")),
        module.register_forward_pre_hook(lambda m, args: seen.append(("pre", m is module, args[0] is x))),
        module.register_forward_pre_hook(lambda m, args: seen.append("pre first"), prepend=True),
        module.register_forward_hook(lambda m, args, out: seen.append(("post", out[0].item()))),
        module.register_forward_hook(lambda m, args, kwargs, out: seen.append(kwargs), with_kwargs=True),
        module.register_forward_hook(lambda m, args, out: seen.append("post first"), prepend=True),
    ]
    module(x, factor=3.0)
    assert seen == [
        "global pre", "pre first", ("pre", True, True), "global", "post first", ("post", 3.0), {"factor": 3.0},
    ]  # fmt: skip
    for handle in handles:
        handle.remove()
    seen.clear()
    module(x)
    nn.ReLU()(x)
    assert seen == []
    assert "_hooked" not in module.__dict__  # back on the fast path
    assert not nn.Module._hooked


def test_replacing():
    module = Scale()
    with module.register_forward_pre_hook(lambda m, args: args[0] + 1):
        assert module(fb.ones(1)) == 4
    with module.register_forward_pre_hook(
        lambda m, args, kwargs: ((args[0] + 1,), {"factor": 5.0}), with_kwargs=True
    ):
        assert module(fb.ones(1)) == 10
    with module.register_forward_hook(lambda m, args, out: out + 10):
        assert module(fb.ones(1)) == 12
    with (
        module.register_forward_pre_hook(lambda m, args, kwargs: 3, with_kwargs=True),
        pytest.raises(RuntimeError, match="forward pre-hook must return None or a tuple"),
    ):
        module(fb.ones(1))
    assert module(fb.ones(1)) == 2


def test_hook_removes_itself():
    module = Scale()
    seen = []

    def once(m, args, out):
        seen.append(1)
        handle.remove()

    handle = module.register_forward_hook(once)
    module(fb.ones(1))
    module(fb.ones(1))
    assert seen == [1]


def test_always_call():
    class Fails(nn.Module):
        def forward(self, x):
            raise ValueError("no")

    module = Fails()
    seen = []
    module.register_forward_hook(lambda m, args, out: seen.append("usual"))
    module.register_forward_hook(lambda m, args, out: seen.append(("always", out)), always_call=True)
    with pytest.raises(ValueError, match="no"):
        module(1)
    assert seen == [("always", None)]

    def also_fails(m, args, out):
        raise KeyError("hidden")

    module.register_forward_hook(also_fails, always_call=True)
    with (
        pytest.warns(UserWarning, match="silenced as another error was raised in forward"),
        pytest.raises(ValueError),
    ):
        module(1)


def _record(seen):
    def hook(module, grad_input, grad_output):
        seen.append(([_numpy(g) for g in grad_input], [_numpy(g) for g in grad_output]))

    return hook


def _numpy(grad):
    return None if grad is None else grad.detach().numpy().tolist()


def test_backward_hook():
    module = Scale()
    seen = []
    module.register_full_backward_hook(_record(seen))
    x = fb.tensor([1.0, 2.0], requires_grad=True)
    (module(x) * fb.tensor([1.0, 10.0])).sum().backward()
    assert seen == [([[2.0, 20.0]], [[1.0, 10.0]])]
    assert_close(x.grad, fb.tensor([2.0, 20.0]))


@pytest.mark.filterwarnings("ignore:Full backward hook is firing")  # PyTorch's
def test_backward_hooks_as_pytorch():
    torch = pytest.importorskip("torch")
    results = []
    for lib in (fb, torch):
        seen = []
        lib.manual_seed(0)
        net = lib.nn.Sequential(lib.nn.Linear(2, 3), lib.nn.Tanh(), lib.nn.Linear(3, 1))
        for i, module in enumerate(net):
            module.register_full_backward_pre_hook(
                lambda m, g, i=i, seen=seen: seen.append((f"pre {i}", _numpy(g[0])))
            )
            module.register_full_backward_hook(
                lambda m, gi, go, i=i, seen=seen: seen.append((i, _numpy(gi[0]), _numpy(go[0])))
            )
        net(lib.ones(2, 2)).sum().backward()
        results.append(seen)
    ours, theirs = results
    assert (
        [entry[0] for entry in ours] == [entry[0] for entry in theirs] == ["pre 2", 2, "pre 1", 1, "pre 0", 0]
    )
    for a, b in zip(ours, theirs, strict=True):
        for got, expected in zip(a[1:], b[1:], strict=True):
            assert (got is None) == (expected is None)
            if got is not None:
                np.testing.assert_allclose(got, expected, rtol=1e-5)


def test_backward_hooks_replace():
    module = Scale()
    module.register_full_backward_pre_hook(lambda m, grad_output: (grad_output[0] * 10,))
    module.register_full_backward_hook(lambda m, grad_input, grad_output: (grad_input[0] + 1,))
    x = fb.ones(2, requires_grad=True)
    module(x).sum().backward()
    assert_close(x.grad, fb.full((2,), 21.0))


def test_backward_hook_of_several_inputs_and_outputs():
    class Two(nn.Module):
        def forward(self, a, text, b):
            return a + b, "plain", a * b

    module = Two()
    seen = []
    module.register_full_backward_hook(_record(seen))
    a, b = fb.ones(1, requires_grad=True), fb.full((1,), 3.0)
    total, plain, product = module(a, "x", b)
    assert plain == "plain"
    product.sum().backward()
    assert seen == [([[3.0], None, None], [None, None, [1.0]])]
    seen.clear()
    outputs = module(a, "x", b)
    (outputs[0] + outputs[2]).sum().backward()
    assert seen == [([[4.0], None, None], [[1.0], None, [1.0]])]


def test_backward_hook_without_input_gradients():
    layer = nn.Linear(2, 1)
    seen = []
    layer.register_full_backward_hook(_record(seen))
    layer(fb.ones(1, 2)).sum().backward()
    assert seen == [([None], [[[1.0]]])]
    layer.register_full_backward_hook(lambda m, gi, go: (fb.ones(1),))
    with pytest.raises(RuntimeError, match="no input requires gradient should always return None"):
        layer(fb.ones(1, 2)).sum().backward()


def test_backward_hook_errors():
    module = Scale()
    module.register_full_backward_hook(lambda m, gi, go: (gi[0], gi[0]))
    with pytest.raises(
        RuntimeError, match="Backward hook returned an invalid number of grad_input, got 2, but expected 1"
    ):
        module(fb.ones(1, requires_grad=True)).sum().backward()
    with pytest.raises(RuntimeError, match="Cannot use both regular backward hooks and full backward hooks"):
        module.register_backward_hook(print)
    other = Scale()
    other.register_backward_hook(lambda *args: None)
    with pytest.raises(RuntimeError, match="Cannot use both regular backward hooks and full backward hooks"):
        other.register_full_backward_hook(print)


def test_older_backward_hooks_see_the_last_operation():
    seen = []
    layer = nn.Sequential(nn.Conv2d(1, 2, 2), nn.ReLU())
    layer[0].register_backward_hook(lambda m, gi, go: seen.append((m, gi, go)))
    layer.register_backward_hook(lambda m, gi, go: seen.append((m, gi, go)))
    layer(fb.ones(1, 1, 3, 3)).sum().backward()
    (whole, (grad_of_relu,), _), (conv, grad_input, (grad_output,)) = seen
    assert whole is layer and grad_of_relu.shape == grad_output.shape == (1, 2, 2, 2) and conv is layer[0]
    assert grad_input[0] is None and grad_input[1].equal(conv.weight.grad) and grad_input[2].equal(conv.bias.grad)


def test_older_backward_hooks_replace_gradients_of_the_first_output():
    class Pair(nn.Module):
        def forward(self, x):
            return {"first": [x * 2, x], "n": 1}

    module, x = Pair(), fb.ones(1, requires_grad=True)
    handle = module.register_backward_hook(lambda m, gi, go: (gi[0] * 10, *gi[1:]))
    a, b = module(x)["first"]
    (a + b).sum().backward()
    assert x.grad.tolist() == [21]
    handle.remove()
    with fb.no_grad():
        assert module(x)["n"] == 1


def test_backward_hooks_and_no_grad():
    module = Scale()
    module.register_full_backward_hook(lambda *args: pytest.fail("called"))
    with fb.no_grad():
        assert module(fb.ones(1, requires_grad=True)) == 2
    module(fb.ones(1))


def test_backward_hook_with_create_graph():
    module = Scale()
    module.register_full_backward_hook(lambda m, gi, go: (gi[0] * 3,))
    x = fb.tensor([2.0], requires_grad=True)
    (grad,) = fb.autograd.grad((module(x) ** 2).sum(), x, create_graph=True)
    assert grad == 48  # 3 * 2 * 2 * (2 x)
    grad.sum().backward()
    assert x.grad == 24 * 3  # the hook is recorded, and it runs again where the second backward passes


def test_global_backward_hooks():
    seen = []
    with (
        nn.hooks.register_module_full_backward_pre_hook(lambda m, go: seen.append("pre")),
        nn.hooks.register_module_full_backward_hook(lambda m, gi, go: seen.append(type(m).__name__)),
    ):
        nn.Sequential(nn.Tanh(), nn.Sigmoid())(fb.ones(1, requires_grad=True)).sum().backward()
    assert seen == ["pre", "pre", "Sigmoid", "pre", "Tanh", "Sequential"]
    nn.Tanh()(fb.ones(1, requires_grad=True)).sum().backward()
    assert len(seen) == 6


def test_output_that_is_no_tensor_warns():
    class Dictionary(nn.Module):
        def forward(self, x):
            return {"y": x}

    module = Dictionary()
    module.register_full_backward_hook(lambda *args: None)
    with pytest.warns(UserWarning, match="module output should be a Tensor or a tuple of Tensors"):
        module(fb.ones(1, requires_grad=True))


def test_results_of_hooked_modules_may_be_changed_in_place():
    linear, seen = nn.Linear(2, 2), []
    linear.register_full_backward_hook(lambda module, inputs, outputs: seen.append(outputs[0].tolist()))
    x = fb.tensor([[1.0, -2.0]], requires_grad=True)
    nn.Sequential(linear, nn.ReLU(inplace=True))(x * 1).sum().backward()
    expected = fb.tensor([[1.0, -2.0]], requires_grad=True)
    hidden = nn.functional.linear(expected, linear.weight, linear.bias)
    hidden.relu().sum().backward()
    assert x.grad.tolist() == expected.grad.tolist()
    assert seen == [(hidden > 0).float().tolist()]
