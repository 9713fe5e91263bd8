"""backward and grad: what is computed, accumulated, freed, refused."""

import gc
import threading
import weakref

import numpy as np
import pytest

import flambeau as fb
from flambeau import autograd


def leaf(values, dtype=fb.float64):
    return fb.tensor(values, dtype=dtype, requires_grad=True)


def test_gradients_of_a_chain():
    x, y = leaf([1.0, 2.0]), leaf([3.0, 5.0])
    z = (x * y + x).exp()
    z.backward(fb.ones(2, dtype=fb.float64))
    e = np.exp([4.0, 12.0])
    np.testing.assert_allclose(x.grad.numpy(), e * [4.0, 6.0])
    np.testing.assert_allclose(y.grad.numpy(), e * [1.0, 2.0])
    assert not x.grad.requires_grad and x.grad.is_leaf


def test_gradients_accumulate_in_the_same_tensor():
    x = leaf([2.0])
    (x * x).backward()
    first = x.grad
    (x * 3).backward()
    assert x.grad is first
    assert x.grad.tolist() == [7.0]


def test_each_path_counts():
    x = leaf([3.0])
    y = x * x
    z = y * y + y * x + x
    z.backward()
    assert x.grad.tolist() == [4 * 27 + 3 * 9 + 1]


def test_the_same_tensor_twice_in_one_op():
    x = leaf([1.0, 2.0])
    (x + x).backward(fb.ones(2, dtype=fb.float64))
    assert x.grad.tolist() == [2.0, 2.0]


def test_gradients_do_not_alias():
    x, y = leaf([1.0, 2.0]), leaf([1.0, 2.0])
    seed = fb.ones(2, dtype=fb.float64)
    (x + y).backward(seed)
    assert len({x.grad.data_ptr(), y.grad.data_ptr(), seed.data_ptr()}) == 3
    x.grad.mul_(5)
    assert y.grad.tolist() == [1.0, 1.0] and seed.tolist() == [1.0, 1.0]


def test_broadcast_gradients_are_summed():
    x, y = leaf([[1.0], [2.0], [3.0]]), leaf([10.0, 20.0])
    (x * y).backward(fb.ones(3, 2, dtype=fb.float64))
    assert x.grad.tolist() == [[30.0], [30.0], [30.0]]
    assert y.grad.tolist() == [6.0, 6.0]


def test_gradient_takes_the_dtype_of_its_leaf():
    x, y = leaf([1.0], fb.float32), leaf([2.0], fb.float64)
    (x * y).backward()
    assert x.grad.dtype is fb.float32 and y.grad.dtype is fb.float64


def test_backward_twice_needs_retain_graph():
    x = leaf([1.0])
    y = x * x
    y.backward(retain_graph=True)
    y.backward()
    assert x.grad.tolist() == [4.0]
    with pytest.raises(RuntimeError, match="Trying to backward through the graph a second time"):
        y.backward()


def test_a_graph_that_saves_nothing_may_run_again():
    x = leaf([1.0])
    y = x + x
    y.backward()
    y.backward()
    assert x.grad.tolist() == [4.0]


def test_backward_of_what_needs_no_gradient():
    with pytest.raises(
        RuntimeError, match="element 0 of tensors does not require grad and does not have a grad_fn"
    ):
        fb.ones(1).backward()


def test_backward_of_a_non_scalar_needs_a_gradient():
    with pytest.raises(RuntimeError, match="grad can be implicitly created only for scalar outputs"):
        (leaf([1.0, 2.0]) * 2).backward()


def test_gradient_of_a_wrong_shape():
    with pytest.raises(
        RuntimeError, match=r"Mismatch in shape: grad_output\[0\] has a shape of torch.Size\(\[3\]\)"
    ):
        (leaf([1.0, 2.0]) * 2).backward(fb.ones(3))


def test_a_modified_saved_tensor_is_reported():
    x = leaf([1.0, 2.0])
    a = x * 2
    y = a * a
    a.add_(1)
    with pytest.raises(
        RuntimeError, match="modified by an inplace operation.*is at version 1; expected version 0 instead"
    ):
        y.backward(fb.ones(2))


def test_a_modified_result_is_reported_when_it_was_saved():
    x = leaf([1.0, 2.0])
    y = x.exp()
    y.add_(1)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        y.backward(fb.ones(2, dtype=fb.float64))


def test_a_modified_tensor_that_was_not_saved_is_fine():
    x = leaf([1.0, 2.0])
    a = x * 2
    y = a + 1
    a.mul_(10)
    y.backward(fb.ones(2, dtype=fb.float64))
    assert x.grad.tolist() == [2.0, 2.0]


def test_leaf_changed_in_place_is_refused():
    x = leaf([1.0])
    with pytest.raises(
        RuntimeError, match="a leaf Variable that requires grad is being used in an in-place operation"
    ):
        x.add_(1)
    assert x.tolist() == [1.0] and x._version == 0
    with fb.no_grad():
        x.add_(1)
    assert x.tolist() == [2.0] and x._version == 1


def test_in_place_on_an_intermediate_is_recorded():
    x = leaf([1.0, 2.0])
    y = x * 2
    y.mul_(x.detach())
    y.add_(x)
    y.backward(fb.ones(2, dtype=fb.float64))
    assert x.grad.tolist() == [3.0, 5.0]


def test_in_place_makes_a_constant_part_of_the_graph():
    x = leaf([1.0, 2.0])
    y = fb.zeros(2, dtype=fb.float64)
    y.add_(x)
    assert y.requires_grad and y.grad_fn.name() == "AddBackward0"
    y.backward(fb.ones(2, dtype=fb.float64))
    assert x.grad.tolist() == [1.0, 1.0]


def test_grad_leaves_dot_grad_alone():
    x, y = leaf([2.0]), leaf([3.0])
    gx, gy = autograd.grad(x * y, (x, y))
    assert gx.tolist() == [3.0] and gy.tolist() == [2.0]
    assert x.grad is None and y.grad is None


def test_grad_with_respect_to_an_intermediate():
    x = leaf([2.0])
    y = x * x
    z = y * y
    gy, gx = autograd.grad(z, [y, x])
    assert gy.tolist() == [8.0] and gx.tolist() == [32.0]


def test_grad_of_unused_inputs():
    x, y = leaf([2.0]), leaf([3.0])
    with pytest.raises(RuntimeError, match="appears to not have been used in the graph"):
        autograd.grad(x * x, [y])
    assert autograd.grad(x * x, [x, y], allow_unused=True)[1] is None
    assert autograd.grad(x * x, [y], materialize_grads=True)[0].tolist() == [0.0]
    with pytest.raises(RuntimeError, match="One of the differentiated Tensors does not require grad"):
        autograd.grad(x * x, [fb.ones(1)])


def test_grad_computes_only_what_is_asked():
    x, y = leaf([2.0]), leaf([3.0])
    calls = []
    a, b = x * 2, y * 2
    b.register_hook(lambda g: calls.append(g))
    autograd.grad(a * b, [x])
    assert calls == []


def test_backward_into_given_inputs():
    x, y = leaf([2.0]), leaf([3.0])
    (x * y).backward(inputs=[x])
    assert x.grad.tolist() == [3.0] and y.grad is None
    z = x * y
    (z * z).backward(inputs=[z, y])
    assert z.grad.tolist() == [12.0] and y.grad.tolist() == [24.0] and x.grad.tolist() == [3.0]
    with pytest.raises(RuntimeError, match="cannot be empty"):
        (x * y).backward(inputs=[])


def test_several_roots():
    x = leaf([2.0])
    y = x * x
    z = y * 3
    autograd.backward([y, z], [fb.tensor([1.0], dtype=fb.float64), fb.tensor([10.0], dtype=fb.float64)])
    assert x.grad.tolist() == [4 + 120.0]


def test_the_same_root_twice():
    x = leaf([2.0])
    y = x * x
    autograd.backward([y, y])
    assert x.grad.tolist() == [8.0]


def test_a_leaf_as_root():
    x = leaf([2.0])
    x.backward()
    assert x.grad.tolist() == [1.0]
    (g,) = autograd.grad(x, x)
    assert g.tolist() == [1.0]


def test_double_backward():
    x = leaf([3.0])
    (g,) = autograd.grad(x * x * x, x, create_graph=True)
    assert g.tolist() == [27.0] and g.requires_grad
    (h,) = autograd.grad(g, x, create_graph=True)
    assert h.tolist() == [18.0]
    (t,) = autograd.grad(h, x)
    assert t.tolist() == [6.0]


def test_create_graph_makes_dot_grad_part_of_a_graph():
    x = leaf([3.0])
    (x * x).backward(create_graph=True)
    assert x.grad.requires_grad
    x.grad.backward()
    assert x.grad.tolist() == [8.0]


def test_double_backward_through_a_saved_output():
    x = leaf([0.5])
    (g,) = autograd.grad(x.exp(), x, create_graph=True)
    (h,) = autograd.grad(g, x)
    np.testing.assert_allclose(h.numpy(), np.exp([0.5]))


def test_tensor_hooks_see_and_replace_gradients():
    x = leaf([2.0])
    y = x * 3
    seen = []
    handle = y.register_hook(lambda g: seen.append(g.tolist()))
    y.register_hook(lambda g: g * 10)
    x.register_hook(lambda g: g + 1)
    (y * 2).backward()
    assert seen == [[2.0]]
    assert x.grad.tolist() == [61.0]
    handle.remove()
    handle.remove()
    (x * 1).backward()
    assert seen == [[2.0]]


def test_hook_on_a_leaf_sees_the_sum():
    x = leaf([2.0])
    seen = []
    x.register_hook(lambda g: seen.append(g.tolist()))
    (x * 3 + x * 4).backward()
    assert seen == [[7.0]]


def test_hook_must_keep_the_shape():
    x = leaf([2.0, 3.0])
    y = x * 2
    y.register_hook(lambda g: fb.ones(3, dtype=fb.float64))
    with pytest.raises(RuntimeError, match="has changed the size of value"):
        y.backward(fb.ones(2))
    with pytest.raises(
        RuntimeError, match="cannot register a hook on a tensor that doesn't require gradient"
    ):
        fb.ones(2).register_hook(print)


def test_retain_grad():
    x = leaf([2.0])
    y = x * 3
    y.retain_grad()
    assert y.retains_grad
    (y * y).backward()
    assert y.grad.tolist() == [12.0]
    assert not y.is_leaf and x.is_leaf


def test_post_accumulate_hook():
    x = leaf([2.0])
    seen = []
    x.register_post_accumulate_grad_hook(lambda t: seen.append((t is x, t.grad.tolist())))
    (x * 3).backward()
    assert seen == [(True, [3.0])]


def test_node_hooks():
    x = leaf([2.0])
    y = x * 3
    seen = []
    y.grad_fn.register_prehook(lambda gs: (gs[0] * 10,))
    y.grad_fn.register_hook(lambda inputs, outputs: seen.append((inputs[0].tolist(), outputs[0].tolist())))
    y.backward()
    assert seen == [([30.0], [10.0])] and x.grad.tolist() == [30.0]


def test_reentrant_backward():
    x = leaf([2.0])
    y = x * x
    inner = []

    def hook(g):
        with fb.enable_grad():
            a = leaf([5.0])
            (a * a).backward()
            inner.append(a.grad.tolist())
            inner.append(
                autograd.grad(y, x, retain_graph=True)[0].tolist()
            )  # the graph of the outer pass too

    z = y * 3
    z.register_hook(hook)
    (z * 1).backward()
    assert inner == [[10.0], [4.0]] and x.grad.tolist() == [12.0]


def test_an_error_in_backward_leaves_the_graph_usable():
    x = leaf([2.0])
    y = x * x
    handle = y.register_hook(lambda g: 1 / 0)
    z = y * 3
    with pytest.raises(ZeroDivisionError):
        z.backward(retain_graph=True)
    assert fb.is_grad_enabled()
    handle.remove()
    z.backward()
    assert x.grad.tolist() == [12.0]


def test_backward_from_threads():
    x = leaf([1.0] * 100)
    results = []

    def work(k):
        with fb.enable_grad():
            y = x * k
            for _ in range(50):
                y = y + x
            results.append(autograd.grad(y, x, fb.ones(100, dtype=fb.float64))[0].tolist()[0])

    threads = [threading.Thread(target=work, args=(k,)) for k in range(8)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert sorted(results) == [50.0 + k for k in range(8)]


def test_one_graph_from_several_threads():
    x = leaf([1.0])
    y = x
    for _ in range(200):
        y = y * 1.0 + 0.0
    results = []

    def work():
        for _ in range(20):
            results.append(autograd.grad(y, x, retain_graph=True)[0].tolist()[0])

    threads = [threading.Thread(target=work) for _ in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert results == [1.0] * 80


def test_a_deep_graph_is_freed_without_recursion():
    x = leaf([1.0])
    y = x
    for _ in range(100_000):
        y = y * 1.0
    del y
    assert x.grad is None


def test_no_reference_cycles():
    gc.collect()
    gc.disable()
    try:
        x = leaf([1.0, 2.0])
        y = (x * x).exp()
        node = weakref.ref(y.grad_fn)
        tensor = weakref.ref(y)
        y.backward(fb.ones(2))
        del y
        assert tensor() is None and node() is None
    finally:
        gc.enable()


def test_graph_inspection():
    x = leaf([1.0])
    y = x * 2 + 1
    assert y.grad_fn.name() == "AddBackward0" and type(y.grad_fn).__name__ == "AddBackward0"
    ((mul, number), _) = y.grad_fn.next_functions
    assert mul.name() == "MulBackward0" and number == 0
    (accumulate, _), _ = mul.next_functions
    assert accumulate.variable is x
    assert repr(y.grad_fn).startswith("<AddBackward0 object at 0x")


def test_requires_grad_rules():
    with pytest.raises(
        RuntimeError, match="only Tensors of floating point and complex dtype can require gradients"
    ):
        fb.tensor([1]).requires_grad_()
    x = leaf([1.0])
    y = x * 2
    with pytest.raises(RuntimeError, match="you can only change requires_grad flags of leaf variables"):
        y.requires_grad = False
    z = y.detach()
    assert not z.requires_grad and z.data_ptr() == y.data_ptr()
    z.mul_(2)
    assert y._version == 1 and y.tolist() == [4.0]
    d = y.data
    d.mul_(2)
    assert y._version == 1 and y.tolist() == [8.0]
    y.detach_()
    assert y.is_leaf and not y.requires_grad


def test_assigning_grad():
    x = leaf([1.0, 2.0])
    x.grad = fb.ones(2, dtype=fb.float64)
    with pytest.raises(RuntimeError, match="assigned grad has data of a different size"):
        x.grad = fb.ones(3, dtype=fb.float64)
    with pytest.raises(RuntimeError, match="assigned grad has data of a different type"):
        x.grad = fb.ones(2)
    with pytest.raises(TypeError, match="expected to be a Tensor or None"):
        x.grad = 1
    assert x.grad.tolist() == [1.0, 1.0]
    x.grad = None
    assert x.grad is None


def test_batched_grads():
    x = leaf([1.0, 2.0])
    y = x * x
    rows = fb.eye(2, dtype=fb.float64)
    (jacobian,) = autograd.grad(y, x, rows, is_grads_batched=True)
    assert jacobian.tolist() == [[2.0, 0.0], [0.0, 4.0]]


def test_a_tensor_that_a_hook_returns_does_not_become_the_gradient_itself():
    x = leaf([1.0, 2.0])
    mine = fb.tensor([10.0, 20.0], dtype=fb.float64)
    x.register_hook(lambda g: mine)
    (x * 2 + x * 3).backward(fb.ones(2, dtype=fb.float64))
    x.grad.mul_(0)
    assert mine.tolist() == [10.0, 20.0]
