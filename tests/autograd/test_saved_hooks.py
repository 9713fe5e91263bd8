"""Hooks on what is saved for backward; the graph's nodes and edges as programs see them."""

import threading

import pytest

import flambeau as fb
from flambeau.autograd import Function
from flambeau.autograd.graph import (
    GradientEdge,
    Node,
    disable_saved_tensors_hooks,
    get_gradient_edge,
    increment_version,
    register_multi_grad_hook,
    save_on_cpu,
    saved_tensors_hooks,
)


def test_every_saved_tensor_passes():
    packed, unpacked = [], []

    def pack(t):
        packed.append(t)
        return len(packed) - 1

    def unpack(i):
        unpacked.append(i)
        return packed[i]

    a, b = fb.tensor([2.0], requires_grad=True), fb.tensor([3.0], requires_grad=True)
    with saved_tensors_hooks(pack, unpack):
        c = a * b  # saves both
        d = c.exp()  # saves its output
        e = (c.reshape(1, 1) @ fb.ones(1, 1, requires_grad=True)).sum()
    assert [t.tolist() for t in packed[:3]] in ([[2.0], [3.0], d.tolist()], [[3.0], [2.0], d.tolist()])
    assert all(not t.requires_grad for t in packed)
    (d + e).sum().backward()
    assert sorted(unpacked) == list(range(len(packed)))
    assert a.grad.item() == pytest.approx(3 * (d.item() + 1))


def test_values_may_change_on_the_way():
    x = fb.ones(5, requires_grad=True)
    with saved_tensors_hooks(lambda t: t * 2, lambda t: t * 3):
        y = x * x
    y.sum().backward()
    assert x.grad.tolist() == [12.0] * 5


def test_any_object_may_stand_for_a_tensor(tmp_path):
    names = iter(range(100))

    def pack(t):
        path = tmp_path / f"{next(names)}"
        fb.save(t, path)
        return path

    x = fb.rand(3, requires_grad=True)
    with saved_tensors_hooks(pack, fb.load):
        y = x.sin() * x
    assert len(list(tmp_path.iterdir())) == 3
    y.sum().backward()
    assert fb.allclose(x.grad, x.cos() * x + x.sin())


def test_second_derivatives_go_through_packed_tensors():
    x = fb.rand(3, dtype=fb.float64, requires_grad=True)

    def f(x):
        with saved_tensors_hooks(lambda t: t.numpy().copy(), fb.from_numpy):
            return (x.sin() * x).exp() * x.reshape(3, 1).sum(1)

    assert fb.autograd.gradcheck(f, x) and fb.autograd.gradgradcheck(f, x)


def test_the_innermost_hooks_count():
    seen = []
    x = fb.ones(2, requires_grad=True)

    def hooks(name):
        return saved_tensors_hooks(lambda t: seen.append(name) or t, lambda t: t)

    with hooks("outer"):
        x.exp()
        with hooks("inner"):
            x.exp()
        x.exp()
    x.exp()
    assert seen == ["outer", "inner", "outer"]


def test_hooks_are_of_one_thread():
    seen = []
    x = fb.ones(2, requires_grad=True)
    with saved_tensors_hooks(lambda t: seen.append(1) or t, lambda t: t):
        thread = threading.Thread(target=x.exp)
        thread.start()
        thread.join()
    assert not seen


def test_user_functions_save_through_hooks():
    class Square(Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x * x

        @staticmethod
        def backward(ctx, grad):
            (x,) = ctx.saved_tensors
            return 2 * x * grad

    x = fb.ones(2, requires_grad=True)
    with saved_tensors_hooks(lambda t: t, lambda t: t * 10):
        y = Square.apply(x)
    y.sum().backward()
    assert x.grad.tolist() == [20, 20]


def hooks(pack=lambda t: t, unpack=lambda t: t):
    return saved_tensors_hooks(pack, unpack)


def test_misuse():
    x = fb.ones(2, requires_grad=True)
    with hooks(unpack=lambda t: 3):
        y = x.exp()
    with pytest.raises(TypeError, match="unpack_hook expected to be a Tensor but got result of type int"):
        y.sum().backward()
    with pytest.raises(RuntimeError, match="modifying its input in place"), hooks(lambda t: t.mul_(2)):
        x.exp()
    with disable_saved_tensors_hooks("not here"), pytest.raises(RuntimeError, match="not here"), hooks():
        pass
    with hooks(lambda t: 1 / 0), pytest.raises(ZeroDivisionError):
        x.exp()
    assert fb.is_grad_enabled()


def test_save_on_cpu():
    x = fb.rand(4, requires_grad=True)
    with save_on_cpu(pin_memory=True):
        y = (x * x).exp()
    y.sum().backward()
    assert fb.allclose(x.grad, 2 * x * y)


def test_nodes_and_edges():
    x = fb.ones(2, requires_grad=True)
    y = x.exp()
    assert isinstance(y.grad_fn, Node)
    edge = get_gradient_edge(y)
    assert edge == GradientEdge(y.grad_fn, 0) and get_gradient_edge(x).node.variable is x
    with pytest.raises(RuntimeError, match="does not require gradient"):
        get_gradient_edge(fb.ones(1))
    increment_version([x, y])
    assert x._version == 1 and y._version == 1


def test_multi_grad_hook():
    calls, first = [], []
    a, b, c, unused = (fb.ones(1, requires_grad=True) * k for k in (1, 2, 3, 4))
    register_multi_grad_hook(
        (a, b, c, unused), lambda grads: calls.append([g if g is None else g.item() for g in grads])
    )
    handle = register_multi_grad_hook((a, b), lambda grad: first.append(grad.item()), mode="any")
    (a * 2 + b * 3 + c * 4).sum().backward(retain_graph=True)
    assert calls == [[2.0, 3.0, 4.0, None]] and len(first) == 1
    handle.remove()
    (a * b).sum().backward()
    assert calls[1:] == [[2.0, 1.0, None, None]] and len(first) == 1
    with pytest.raises(ValueError, match="'all', 'any' but got some"):
        register_multi_grad_hook((a,), print, mode="some")
