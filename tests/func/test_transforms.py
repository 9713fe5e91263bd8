"""grad, vjp, jvp, jacrev, jacfwd, hessian, linearize: alone, and nested in each other and in vmap, against PyTorch."""

import numpy as np
import pytest

import flambeau as fb
from flambeau import func

from .oracle import check_same, needs_torch

random = np.random.RandomState(0)
A, B = random.standard_normal((3, 4)), random.standard_normal(4)


def tanh_of_product(x, y):
    return (x @ y).tanh()


ALONE = {
    "grad": lambda T, F, a, b: F.grad(lambda x: (x.sin() ** 2).sum())(a),
    "argnums": lambda T, F, a, b: F.grad(lambda x, y: (x @ y).sin().sum(), argnums=(1, 0))(a, b),
    "negative argnum": lambda T, F, a, b: F.grad(lambda x, y: (x @ y).sin().sum(), argnums=-1)(a, b),
    "unused": lambda T, F, a, b: F.grad(lambda x, y: x.sum(), argnums=(0, 1))(a, b),
    "value": lambda T, F, a, b: F.grad_and_value(lambda x: (x.sin() ** 2).sum())(a),
    "aux": lambda T, F, a, b: F.grad(lambda x: (x.sin().sum(), {"twice": x * 2}), has_aux=True)(a),
    "value and aux": lambda T, F, a, b: F.grad_and_value(lambda x: (x.sin().sum(), [x * 2]), has_aux=True)(a),
    "keyword": lambda T, F, a, b: F.grad(lambda x, y: (x @ y).sum())(a, y=b),
    "tree": lambda T, F, a, b: F.grad(lambda p: (p["w"] @ p["v"][0]).sum())({"w": a, "v": [b]}),
    "vjp": lambda T, F, a, b: F.vjp(tanh_of_product, a, b)[1](a[:, 0]),
    "vjp output": lambda T, F, a, b: F.vjp(lambda x: {"s": x.sin(), "t": (x * x).sum()}, a)[0],
    "vjp twice": lambda T, F, a, b: (lambda f: (f(b), f(2 * b)))(F.vjp(lambda x: x.sin(), b)[1]),
    "vjp aux": lambda T, F, a, b: F.vjp(lambda x: (x.sin(), x * 2), a, has_aux=True)[2],
    "jvp": lambda T, F, a, b: F.jvp(tanh_of_product, (a, b), (a.cos(), b.sin())),
    "jvp tree":
        lambda T, F, a, b: F.jvp(lambda p: [p["a"].sin(), p["b"].sum()], ({"a": a, "b": b},), ({"a": a, "b": b},)),
    "jvp aux": lambda T, F, a, b: F.jvp(lambda x: (x.sin(), x * 2), (a,), (a,), has_aux=True),
    "jvp constant": lambda T, F, a, b: F.jvp(lambda x: T.ones(2), (a,), (a,)),
    "jacrev": lambda T, F, a, b: F.jacrev(tanh_of_product, argnums=(0, 1))(a, b),
    "jacfwd": lambda T, F, a, b: F.jacfwd(tanh_of_product, argnums=(0, 1))(a, b),
    "jacrev in chunks": lambda T, F, a, b: F.jacrev(tanh_of_product, argnums=1, chunk_size=2)(a, b),
    "jacrev one by one": lambda T, F, a, b: F.jacrev(tanh_of_product, argnums=1, chunk_size=1)(a, b),
    "jacrev aux": lambda T, F, a, b: F.jacrev(lambda x: (x.sin().sum(1), {"u": x * 2}), has_aux=True)(a),
    "jacfwd aux": lambda T, F, a, b: F.jacfwd(lambda x: (x.sin().sum(1), {"u": x * 2}), has_aux=True)(a),
    "jacrev tree":
        lambda T, F, a, b: F.jacrev(lambda p: {"u": (p["a"] @ p["b"]).sin(), "v": [p["b"]]})({"a": a, "b": b}),
    "jacfwd tree":
        lambda T, F, a, b: F.jacfwd(lambda p: {"u": (p["a"] @ p["b"]).sin(), "v": [p["b"]]})({"a": a, "b": b}),
    "jacobian of numbers": lambda T, F, a, b: (F.jacrev(T.sin)(b[0]), F.jacfwd(T.sin)(b[0])),
    "hessian": lambda T, F, a, b: F.hessian(lambda x, y: (x @ y).tanh().sum(), argnums=(0, 1))(a, b),
    "linearize": lambda T, F, a, b: F.linearize(tanh_of_product, a, b)[1](a.sin(), b.cos()),
    "linearize output": lambda T, F, a, b: F.linearize(lambda x: (x.sin(), x.sum()), b)[0],
    "in place": lambda T, F, a, b: F.grad(changed_in_place)(b),
    "in place, forward": lambda T, F, a, b: F.jvp(changed_in_place, (b,), (b.sin(),)),
    "detach":
        lambda T, F, a, b: (F.grad(lambda x: (x * x.detach()).sum())(b), F.jvp(lambda x: x * x.detach(), (b,), (b,))),
}  # fmt: skip


def changed_in_place(x):
    y = x.clone()
    y.mul_(2)
    y[1:].add_(x[0])
    y[0] = x[1] * x[2]
    return (y**2).sum()


NESTED = {
    "grad grad": lambda T, F, a, b: F.grad(lambda y: F.grad(lambda x: (x.sin() * y).sum())(y).sum())(b),
    "jvp jvp": lambda T, F, a, b: F.jvp(lambda x: F.jvp(lambda y: (y**3).sum(), (x,), (x,))[1], (b,), (b.sin(),)),
    "grad jvp": lambda T, F, a, b: F.grad(lambda x: F.jvp(lambda y: (y**3).sum(), (x,), (x.sin(),))[1])(b),
    "jvp grad": lambda T, F, a, b: F.jvp(F.grad(lambda y: (y**3).sum().sin()), (b,), (b.sin(),)),
    "jacrev jacrev": lambda T, F, a, b: F.jacrev(F.jacrev(lambda y: (y**3).sum().sin()))(b),
    "jacrev jacfwd": lambda T, F, a, b: F.jacrev(F.jacfwd(lambda y: (y**3).sum().sin()))(b),
    "jacfwd jacfwd": lambda T, F, a, b: F.jacfwd(F.jacfwd(lambda y: (y**3).sum().sin()))(b),
    "four": lambda T, F, a, b: F.jacrev(F.jacfwd(F.jacrev(F.jacfwd(lambda y: (y**2).sum().sin()))))(b[:2]),
    "vmap grad": lambda T, F, a, b: F.vmap(F.grad(lambda x: (x.sin() ** 2).sum()))(a),
    "grad vmap": lambda T, F, a, b: F.grad(lambda w: F.vmap(lambda x: (x * w).sum().sin())(a).sum())(b),
    "per-sample gradients":
        lambda T, F, a, b: F.vmap(F.grad(lambda w, x: (x * w).tanh().sum()), in_dims=(None, 0))(b, a),
    "vmap vmap grad":
        lambda T, F, a, b: F.vmap(lambda r: F.vmap(lambda s: F.grad(lambda w: (w * r * s).sin().sum())(b))(r))(a),
    "vmap jacrev":
        lambda T, F, a, b: F.vmap(F.jacrev(lambda y, z: (y**3 * z).sin(), argnums=(0, 1)), in_dims=(0, None))(a, b),
    "vmap jvp": lambda T, F, a, b: F.vmap(lambda t: F.jvp(lambda y: (y**3).sin(), (b,), (t,)))(a),
    "vmap jvp of closed over":
        lambda T, F, a, b: F.vmap(lambda w: F.jvp(lambda y: ((y**2 + 1) ** w).sum(), (b,), (b,)))(a),
    "vmap jvp softmax": lambda T, F, a, b: F.vmap(lambda w: F.jvp(lambda y: (y * w).softmax(0), (b,), (w,)))(a),
    "vmap jvp grad":
        lambda T, F, a, b: F.vmap(lambda t: F.jvp(F.grad(lambda y: (y**3 * t).sin().sum()), (b,), (t,)))(a),
    "vmap hessian": lambda T, F, a, b: F.vmap(F.hessian(lambda y: (y**3).sum().sin()))(a),
    "vmap jacfwd jacrev": lambda T, F, a, b: F.vmap(lambda w: F.jacfwd(F.jacrev(lambda z: (z * b).softmax(0)))(w))(a),
    "hessian vmap": lambda T, F, a, b: F.hessian(lambda y: (F.vmap(lambda w: (y * w).softmax(0))(a) ** 2).sum())(b),
    "jacfwd vmap jacfwd": lambda T, F, a, b: F.jacfwd(lambda y: F.vmap(F.jacfwd(lambda z: (z * y).softmax(0)))(a))(b),
    "jacrev vmap jacrev": lambda T, F, a, b: F.jacrev(lambda y: F.vmap(F.jacrev(lambda z: (z * y).softmax(0)))(a))(b),
    "hessian of inverse": lambda T, F, a, b: F.hessian(lambda x: T.linalg.inv(x @ x.T).sum() + T.logdet(x @ x.T))(a),
}  # fmt: skip


@needs_torch
@pytest.mark.parametrize("name", ALONE)
def test_one_transformation(name):
    check_same("func", ALONE[name], A, B)


@needs_torch
@pytest.mark.parametrize("name", NESTED)
def test_nested_transformations(name):
    check_same("func", NESTED[name], A, B)


def test_tangents_of_two_levels_are_not_confused():
    """d/dx (x d/dy (x + y)) is 1, not 2: the inner derivative does not see the outer direction."""
    x = fb.tensor(3.0)
    assert (
        func.jvp(
            lambda x: x * func.jvp(lambda y: x + y, (fb.tensor(1.0),), (fb.tensor(1.0),))[1],
            (x,),
            (fb.ones(()),),
        )[1]
        == 1
    )
    assert func.grad(lambda x: x * func.grad(lambda y: x + y)(fb.tensor(1.0)))(x) == 1


def test_the_surrounding_graph_is_kept():
    w = fb.ones(4, dtype=fb.float64, requires_grad=True)
    x = fb.tensor(B)
    g = func.grad(lambda x: (x.sin() * w * w).sum())(x)
    assert g.requires_grad
    np.testing.assert_allclose(fb.autograd.grad(g.sum(), w)[0].numpy(), 2 * np.cos(B))
    g = func.grad(lambda x: (x**3).sum())(w * x)
    np.testing.assert_allclose(fb.autograd.grad(g.sum(), w)[0].numpy(), 6 * B * B)


def test_results_are_not_recorded_for_nobody():
    x = fb.tensor(B)
    gradient, value = func.grad_and_value(lambda x: (x**3).sum())(x)
    assert not gradient.requires_grad and not value.requires_grad and gradient.grad_fn is None
    inner = func.grad(lambda w: func.grad(lambda x: (x**2 * w).sum())(x).sum())(x)
    assert not inner.requires_grad


def test_no_grad_outside_does_not_matter_and_inside_does():
    x = fb.tensor(B, requires_grad=True)
    with fb.no_grad():
        g = func.grad(lambda x: (x**2).sum())(x)
    assert not g.requires_grad
    np.testing.assert_allclose(g.numpy(), 2 * B)

    def half(x):
        with fb.no_grad():
            shift = x**2
        return (x - shift).sum()

    np.testing.assert_allclose(func.grad(half)(fb.tensor(B)).numpy(), np.ones(4))


def test_vjp_fn_can_be_differentiated_by_cotangents_and_primals():
    x = fb.tensor(B, requires_grad=True)
    u = fb.ones(4, dtype=fb.float64, requires_grad=True)
    _, pull = func.vjp(lambda x: x**2, x)
    (g,) = pull(u)
    du, dx = fb.autograd.grad(g.sum(), (u, x))
    np.testing.assert_allclose(du.numpy(), 2 * B)
    np.testing.assert_allclose(dx.numpy(), np.full(4, 2.0))


def test_linearize_runs_the_function_once():
    calls = []

    def f(x):
        calls.append(1)
        return x.sin()

    x = fb.tensor(B)
    value, push = func.linearize(f, x)
    for v in (fb.ones(4, dtype=fb.float64), x):
        np.testing.assert_allclose(push(v).numpy(), np.cos(B) * v.numpy())
    assert len(calls) == 1 and not value.requires_grad


def test_value_and_grad_has_the_other_order():
    value, gradient = func.value_and_grad(lambda x: (x**2).sum())(fb.tensor(B))
    np.testing.assert_allclose(value.item(), (B**2).sum())
    np.testing.assert_allclose(gradient.numpy(), 2 * B)


def test_linearize_inside_vmap():
    a, b = fb.tensor(A), fb.tensor(B)
    got = func.vmap(lambda w: func.linearize(lambda y: (y * w).softmax(0), b)[1](w))(a)
    rows = [func.jvp(lambda y, w=w: (y * w).softmax(0), (b,), (w,))[1] for w in a]
    np.testing.assert_allclose(got.numpy(), fb.stack(rows).numpy())


def test_levels_end_when_the_function_raises():
    from flambeau.func.levels import active_levels

    def wrong(x):
        raise ZeroDivisionError

    x = fb.ones(3)
    for call in (
        lambda: func.grad(wrong)(x),
        lambda: func.jvp(wrong, (x,), (x,)),
        lambda: func.vjp(wrong, x),
    ):
        with pytest.raises(ZeroDivisionError):
            call()
        assert active_levels() == []


def _square(T, rule):
    class Square(T.autograd.Function):
        generate_vmap_rule = rule

        @staticmethod
        def forward(x):
            return x * x

        @staticmethod
        def setup_context(ctx, inputs, output):
            ctx.save_for_backward(*inputs)
            ctx.save_for_forward(*inputs)

        @staticmethod
        def backward(ctx, grad):
            return 2 * grad * ctx.saved_tensors[0]

        @staticmethod
        def jvp(ctx, tangent):
            return 2 * tangent * ctx.saved_tensors[0]

    return Square.apply


FUNCTIONS = {
    "grad": lambda T, F, a, b: F.grad(lambda x: _square(T, False)(x).sum())(b),
    "grad grad": lambda T, F, a, b: F.grad(
        lambda x: F.grad(lambda y: _square(T, False)(y).sin().sum())(x).sum()
    )(b),
    "jvp grad": lambda T, F, a, b: F.jvp(F.grad(lambda y: _square(T, False)(y).sin().sum()), (b,), (b,)),
    "jacrev": lambda T, F, a, b: F.jacrev(_square(T, True))(b),
    "jacfwd": lambda T, F, a, b: F.jacfwd(_square(T, True))(b),
    "hessian": lambda T, F, a, b: F.hessian(lambda x: _square(T, True)(x).sin().sum())(b),
}


@needs_torch
@pytest.mark.parametrize("name", FUNCTIONS)
def test_custom_functions(name):
    check_same("func", FUNCTIONS[name], A, B)


def test_tangents_of_tangents_through_a_custom_function():
    """PyTorch gives zeros here: the tensors that its jvp finds saved have no tangents themselves."""
    x = fb.tensor(B)
    value, tangent = func.jvp(
        lambda x: func.jvp(_square(fb, False), (x,), (x.sin(),))[1], (x,), (fb.ones_like(x),)
    )
    np.testing.assert_allclose(value.numpy(), 2 * B * np.sin(B))
    np.testing.assert_allclose(tangent.numpy(), 2 * np.sin(B) + 2 * B * np.cos(B))


def test_a_function_with_ctx_keeps_its_output_for_each_level():
    class Exp(fb.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            y = fb.tensor(np.exp(x.detach().numpy()))
            ctx.save_for_forward(y)
            return y

        @staticmethod
        def jvp(ctx, tangent):
            return ctx.saved_tensors[0] * tangent

    x, one = fb.tensor(B), fb.ones(4, dtype=fb.float64)
    second = func.jvp(lambda x: func.jvp(Exp.apply, (x,), (one,))[1], (x,), (one,))
    np.testing.assert_allclose(second[1].numpy(), np.exp(B))
