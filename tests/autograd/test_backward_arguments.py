"""backward and grad: roots, inputs, starting gradients, batches of them, and the errors about them."""

import pytest

import flambeau as fb
from flambeau import autograd


def leaf(values):
    return fb.tensor(values, dtype=fb.float64, requires_grad=True)


def constant(values):
    return fb.tensor(values, dtype=fb.float64)


def lists(tensors):
    return [None if t is None else t.tolist() for t in tensors]


def test_a_root_twice_and_an_ancestor_of_another():
    x = leaf([2.0])
    y = x * x
    z = y * 3
    autograd.backward([y, z, y], [None, None, constant([5.0])])
    assert x.grad.tolist() == [4 + 12 + 20.0]
    y = x * x
    seeds = [constant([1.0]), constant([10.0]), constant([100.0])]
    assert lists(autograd.grad([y, y, y * 2], [x, y], seeds)) == [[844.0], [211.0]]


def test_a_leaf_among_the_roots():
    x = leaf([2.0])
    autograd.backward((x, x * 2))
    assert x.grad.tolist() == [3.0]


def test_an_input_twice_and_a_root_as_input():
    x = leaf([2.0])
    y = x * x
    assert lists(autograd.grad(y, [x, x, y])) == [[4.0], [4.0], [1.0]]


def test_an_input_that_is_computed_from_the_root():
    x = leaf([2.0])
    y = x * x
    z = y * y
    with pytest.raises(RuntimeError, match="appears to not have been used in the graph"):
        autograd.grad(y, [z])
    assert autograd.grad(y, [z], allow_unused=True) == (None,)


def test_an_unused_input_is_named():
    x = leaf([2.0])
    with pytest.raises(
        RuntimeError,
        match=r"One of the differentiated Tensors appears to not have been used in the graph\. Set allow_unused=True "
        r"if this is the desired behavior\. .*index 1",
    ):
        autograd.grad(x * x, [x, leaf([1.0])])


@pytest.mark.parametrize(
    "call,error,match",
    [
        (
            lambda A, x, y: A.grad(y.sum(), []),
            RuntimeError,
            r"`inputs` argument to `grad\(\)` cannot be empty",
        ),
        (lambda A, x, y: A.backward(y.sum(), inputs=[]), RuntimeError, "`inputs` argument to `backward"),
        (
            lambda A, x, y: A.grad(y, x),
            RuntimeError,
            "grad can be implicitly created only for scalar outputs",
        ),
        (
            lambda A, x, y: A.grad(y, x, is_grads_batched=True),
            RuntimeError,
            "implicitly created only for scalar",
        ),
        (
            lambda A, x, y: A.grad(y, x, [constant([1.0])]),
            RuntimeError,
            r"Mismatch in shape: grad_output\[0\]",
        ),
        (lambda A, x, y: A.grad(y, x, [y, y]), RuntimeError, "got 1 tensors and 2 gradients"),
        (
            lambda A, x, y: A.grad(y, x, [5]),
            TypeError,
            "gradients can be either Tensors or None, but got int",
        ),
        (
            lambda A, x, y: A.grad(constant([1.0]), x),
            RuntimeError,
            "element 0 of tensors does not require grad",
        ),
        (lambda A, x, y: y.backward(fb.ones(2, dtype=fb.complex128)), RuntimeError, "For complex Tensors"),
        (
            lambda A, x, y: A.grad(y.sum(), x, allow_unused=False, materialize_grads=True),
            ValueError,
            "allow_unused",
        ),
    ],
)
def test_errors(call, error, match):
    x = leaf([2.0, 3.0])
    with pytest.raises(error, match=match):
        call(autograd, x, x * x)
    assert x.grad is None


def test_starting_gradients_take_the_dtype_of_the_root():
    x = leaf([2.0])
    (x * x).backward(fb.ones(1))
    assert x.grad.dtype is fb.float64


def test_batches_of_gradients():
    x, unused = leaf([1.0, 2.0]), leaf([1.0])
    y = x**3
    (jacobian,) = autograd.grad(y, x, fb.eye(2, dtype=fb.float64), is_grads_batched=True, create_graph=True)
    assert jacobian.tolist() == [[3.0, 0.0], [0.0, 12.0]]
    (g,) = autograd.grad(jacobian.sum(), x, retain_graph=True)
    assert g.tolist() == [6.0, 12.0]
    seeds = [fb.eye(2, dtype=fb.float64), fb.ones(2, dtype=fb.float64)]
    results = autograd.grad([y, y.sum()], [x, unused], seeds, is_grads_batched=True, allow_unused=True)
    assert lists(results) == [[[6.0, 12.0], [3.0, 24.0]], None]


def test_create_graph_and_gradients_that_require_grad():
    x, g = leaf([1.0]), leaf([3.0])
    (x * 2).backward(g)
    assert not x.grad.requires_grad
    x.grad = None
    (x * 2).backward(g, create_graph=True)
    assert x.grad.requires_grad and autograd.grad(x.grad, g)[0].tolist() == [2.0]


def test_gradients_keep_their_layout_to_themselves():
    x = fb.ones(2, 3, dtype=fb.float64, requires_grad=True)
    x.sum().backward()
    assert x.grad.stride() == (3, 1)
    x.grad[0, 0] = 5
    assert x.grad[1, 1].item() == 1.0


# ---- rules of requires_grad and .grad


def test_requires_grad_of_what_was_computed_is_fixed():
    x = leaf([2.0])
    y = x * 2
    for value in (True, False):
        with pytest.raises(RuntimeError, match="you can only change requires_grad flags of leaf variables"):
            y.requires_grad = value
    assert y.requires_grad_() is y
    base = fb.zeros(2, dtype=fb.float64)
    view = base[:1]
    base.add_(x)
    with pytest.raises(RuntimeError, match="you can only change requires_grad flags of leaf variables"):
        view.requires_grad_(False)


@pytest.mark.parametrize("value", [1, "yes", None])
def test_requires_grad_is_a_bool(value):
    with pytest.raises(RuntimeError, match="requires_grad must be a bool"):
        leaf([1.0]).requires_grad = value


def test_detach_in_place():
    x = leaf([2.0, 3.0])
    y = x * 2
    assert y.detach_() is y and y.is_leaf and y.grad_fn is None
    with pytest.raises(RuntimeError, match=r"Can't detach views in-place\. Use detach\(\) instead"):
        (x * 2)[0].detach_()
    x.detach_()
    assert not x.requires_grad


FREED = {
    "mul": lambda x: x * x, "exp": lambda x: x.exp(), "index": lambda x: x[0] * x, "matmul": lambda x: x @ x,
    "prod": lambda x: x.prod(), "softmax": lambda x: x.softmax(0), "relu": lambda x: x.relu(), "max": lambda x: x.max(),
    "where": lambda x: fb.where(x > 0, x, x * x), "std": lambda x: x.std(), "clamp": lambda x: x.clamp(0, 1),
}  # fmt: skip


@pytest.mark.parametrize("name", FREED)
def test_freed_buffers_are_reported(name):
    loss = FREED[name](leaf([1.0, 2.0])).sum()
    loss.backward()
    with pytest.raises(RuntimeError, match="Trying to backward through the graph a second time"):
        loss.backward()


# ---- passes inside passes


def test_a_function_that_runs_its_own_backward():
    x = leaf([2.0])

    class Inner(autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x * x

        @staticmethod
        def backward(ctx, grad):
            with fb.enable_grad():
                z = ctx.saved_tensors[0].detach().requires_grad_()
                (z * z).backward(grad)
                (x * 7).backward()  # the leaf of the outer pass
            return z.grad

    Inner.apply(x * 1).backward()
    assert x.grad.tolist() == [11.0]


def test_passes_nest_deeply():
    class Nested(autograd.Function):
        @staticmethod
        def forward(ctx, x, depth):
            ctx.depth = depth
            return x * 1

        @staticmethod
        def backward(ctx, grad):
            if ctx.depth:
                with fb.enable_grad():
                    Nested.apply(leaf([1.0]), ctx.depth - 1).backward()
            return grad, None

    x = leaf([1.0])
    Nested.apply(x, 100).backward()
    assert x.grad.tolist() == [1.0]


def test_an_inner_pass_over_the_graph_of_the_outer():
    """The nodes are in use: the inner pass keeps its state aside."""
    x = leaf([3.0])
    y = x * x
    z = y * y
    inner, entered = [], []

    def hook(grad):
        if not entered:
            entered.append(True)
            inner.append(autograd.grad(z, x, retain_graph=True)[0].item())

    y.register_hook(hook)
    (z * 1).backward(retain_graph=True)
    assert inner == [108.0] and x.grad.tolist() == [108.0]
