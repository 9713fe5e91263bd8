"""vmap and gradients: per-sample gradients, Jacobians, vmap inside of what is differentiated, autograd.Function."""

import numpy as np
import pytest

import flambeau as fb
from flambeau import func, nn
from flambeau.autograd import Function, grad
from flambeau.autograd.function import once_differentiable
from flambeau.func import functional_call, stack_module_state, vmap
from flambeau.nn import functional as F


def same(got, wanted, tolerance=1e-5):
    np.testing.assert_allclose(got.detach().numpy(), wanted.detach().numpy(), rtol=tolerance, atol=tolerance)


def per_sample(model, loss, x, y):
    """The gradients of the loss of each sample, by vmap and by a loop."""
    params = {k: v.detach() for k, v in model.named_parameters()}

    def f(p, sample, target):
        return loss(functional_call(model, p, (sample[None],)), target[None])

    rows = [func.grad(f)(params, x[i], y[i]) for i in range(len(x))]
    return vmap(func.grad(f), in_dims=(None, 0, 0))(params, x, y), {
        k: fb.stack([r[k] for r in rows]) for k in params
    }


def mlp():
    return nn.Sequential(
        nn.Linear(6, 8), nn.Tanh(), nn.LayerNorm(8), nn.Linear(8, 4), nn.ReLU(), nn.Linear(4, 3)
    )


def cnn(groups=1):
    return nn.Sequential(
        nn.Conv2d(2, 4, 3, padding=1), nn.GroupNorm(2, 4), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(4, 4, 3, groups=groups), nn.AvgPool2d(2), nn.ConvTranspose2d(4, 2, 2), nn.Flatten(), nn.Linear(8, 3),
    )  # fmt: skip


@pytest.mark.parametrize("model, shape", [(mlp, (6,)), (cnn, (2, 8, 8)), (lambda: cnn(2), (2, 8, 8))])
@pytest.mark.parametrize(
    "loss", [F.cross_entropy, lambda o, t: F.nll_loss(F.log_softmax(o, 1), t, reduction="sum")]
)
def test_per_sample_gradients(model, shape, loss):
    fb.manual_seed(0)
    got, wanted = per_sample(model(), loss, fb.randn(5, *shape), fb.randint(0, 3, (5,)))
    for name in wanted:
        same(got[name], wanted[name])


def test_per_sample_gradients_of_an_embedding():
    fb.manual_seed(0)
    model = nn.Sequential(nn.Embedding(7, 3, padding_idx=0), nn.Flatten(), nn.Linear(12, 2))
    got, wanted = per_sample(model, F.mse_loss, fb.randint(0, 7, (5, 4)), fb.randn(5, 2))
    for name in wanted:
        same(got[name], wanted[name])


def test_gradient_of_a_gradient_inside():
    x = fb.randn(5, dtype=fb.float64)
    same(vmap(func.grad(func.grad(lambda t: t**3)))(x), 6 * x)


def test_derivatives_of_every_order_inside():
    def f(t):
        return (t.sin() * t.sum() + (t * t).cumsum(0).exp() * 0.1).sum()

    x, v = fb.randn(3, 4, dtype=fb.float64), fb.randn(3, 4, dtype=fb.float64)
    hessians = fb.stack([func.hessian(f)(row) for row in x])
    for second in (func.hessian(f), func.jacrev(func.jacrev(f)), func.jacfwd(func.jacfwd(f))):
        same(vmap(second)(x), hessians)
    products = (hessians @ v[..., None])[..., 0]
    same(vmap(lambda a, b: func.jvp(func.grad(f), (a,), (b,))[1])(x, v), products)
    same(func.jvp(vmap(func.grad(f)), (x,), (v,))[1], products)
    same(vmap(lambda a, b: func.vjp(func.grad(f), a)[1](b)[0])(x, v), products)
    gradients = fb.stack([func.grad(f)(row) for row in x])
    same(func.grad(lambda a: (vmap(func.grad(f))(a) * v).sum())(x), products)
    same(func.grad(lambda a: vmap(f)(a).sum())(x), gradients)


def test_vmap_inside_of_what_is_differentiated():
    x, w = fb.randn(5, 3, requires_grad=True), fb.randn(3, requires_grad=True)
    vmap(lambda t, u: (t * u).sin().sum(), in_dims=(0, None))(x, w).sum().backward()
    wanted = (x * w).cos()
    same(x.grad, wanted * w)
    same(w.grad, (wanted * x).sum(0))


def test_in_place_changes_are_recorded():
    x = fb.randn(4, 3, requires_grad=True)

    def f(t):
        out = t * 1
        out[0] *= t[1]
        out.mul_(t).cumsum_(0)
        return out

    def loop(t):
        out = t * 1
        head = out[0] * t[1]
        return (fb.cat([head[None], out[1:]]) * t).cumsum(0)

    got, wanted = vmap(f)(x), fb.stack([loop(row) for row in x])
    same(got, wanted)
    u = fb.randn(4, 3)
    same(grad(got, x, u)[0], grad(wanted, x, u)[0])


# ---- Jacobians: batched gradients over an ordinary graph


def jacobian(f, x):
    x = x.detach().requires_grad_()
    y = f(x)
    return vmap(lambda v: grad(y, x, v, retain_graph=True)[0])(
        fb.eye(y.numel(), dtype=y.dtype).reshape(-1, *y.shape)
    )


FUNCTIONS = {
    "sin": fb.sin, "softmax": lambda t: t.softmax(0), "cumsum": lambda t: t.cumsum(0), "sort": lambda t: t.sort()[0],
    "prod": lambda t: t.prod().reshape(1), "max": lambda t: t.max(0)[0].reshape(1),
    "amax": lambda t: t.amax().reshape(1),
    "norm": lambda t: t.norm().reshape(1), "index": lambda t: t[fb.tensor([0, 2, 2])], "slice": lambda t: t[1:3],
    "cat": lambda t: fb.cat([t, t * 2]), "matmul": lambda t: t.reshape(2, 2) @ t.reshape(2, 2),
    "inverse": lambda t: (t.reshape(2, 2) + 3 * fb.eye(2)).inverse(), "pad": lambda t: F.pad(t, (1, 2)),
    "layer_norm": lambda t: F.layer_norm(t, (4,), t * 2, t), "fft": lambda t: fb.fft.rfft(t).real,
    "group_norm": lambda t: F.group_norm(t.reshape(1, 2, 2), 2, t[:2], t[2:]),
    "batch_norm": lambda t: F.batch_norm(t.reshape(2, 2), None, None, t[:2], t[2:], training=True),
    "conv": lambda t: F.conv1d(t.reshape(1, 1, 4), t[:3].reshape(1, 1, 3), t[3:]), "var": lambda t: t.var().reshape(1),
    "pool": lambda t: F.max_pool1d(t.reshape(1, 4), 2), "where": lambda t: fb.where(t > 0, t, t * t),
    "embedding": lambda t: F.embedding(fb.tensor([1, 0, 1]), t.reshape(2, 2)),
    "gather": lambda t: t.gather(0, fb.tensor([3, 3])),
    "cross_entropy": lambda t: F.cross_entropy(t.reshape(2, 2), fb.tensor([0, 1])).reshape(1),
    "logsumexp": lambda t: t.logsumexp(0),
    "scatter": lambda t: fb.zeros(5).scatter_add(0, fb.tensor([4, 1, 1, 0]), t),
    "einsum": lambda t: fb.einsum("i,j->ij", t, t),
}  # fmt: skip


@pytest.mark.parametrize("name", FUNCTIONS)
def test_jacobians(name):
    fb.manual_seed(1)
    f, x = FUNCTIONS[name], fb.randn(4)
    y = f(x)
    shape = (y.numel(), 4)
    t = x.clone().requires_grad_()
    rows = [grad(f(t).reshape(-1)[i], t)[0] for i in range(y.numel())]
    same(jacobian(f, x).reshape(shape), fb.stack(rows), 1e-4)


def test_jacobians_of_a_batch():
    x = fb.randn(3, 4)

    f = func.jacrev(lambda t: t.softmax(0))
    same(vmap(f)(x), fb.stack([jacobian(lambda t: t.softmax(0), row) for row in x]))


def test_is_grads_batched():
    x, w = fb.randn(3, requires_grad=True), fb.randn(3, requires_grad=True)
    y = x * x * 2
    v = fb.randn(5, 3)
    got = grad(y, (x, w), v, is_grads_batched=True, allow_unused=True)
    same(got[0], v * 4 * x)
    assert got[1] is None
    with pytest.raises(RuntimeError, match="backward through the graph a second time"):
        grad(y, x, v[0])


def test_is_grads_batched_where_backward_looks_at_elements():
    class Half(Function):
        @staticmethod
        def forward(ctx, x):
            return x * 2

        @staticmethod
        def backward(ctx, g):
            return g * 2 if float(g.sum()) > 0 else g * 0

    x = fb.ones(2, requires_grad=True)
    v = fb.tensor([[1.0, 1.0], [-1.0, -1.0]])
    same(grad(Half.apply(x), x, v, is_grads_batched=True)[0], fb.tensor([[2.0, 2.0], [0.0, 0.0]]))


# ---- ensembles


def test_ensemble():
    fb.manual_seed(0)
    models = [mlp() for _ in range(4)]
    params, buffers = stack_module_state(models)
    x = fb.randn(7, 6)
    run = vmap(lambda p, b, t: functional_call(models[0], (p, b), (t,)), in_dims=(0, 0, None))
    same(run(params, buffers, x), fb.stack([m(x) for m in models]))


def test_running_statistics_need_a_batch():
    model = nn.BatchNorm1d(3)
    with pytest.raises(
        ValueError, match="running_mean or running_var, which will be updated in place, were not batched"
    ):
        vmap(model)(fb.randn(2, 4, 3))
    same(vmap(model.eval())(fb.randn(2, 4, 3) * 0), fb.zeros(2, 4, 3))


def test_batched_running_statistics():
    x, mean, var = fb.randn(2, 5, 3), fb.zeros(2, 3), fb.ones(2, 3)
    got = vmap(lambda t, m, v: F.batch_norm(t, m, v, training=True))(x, mean, var)
    for i in range(2):
        m, v = fb.zeros(3), fb.ones(3)
        same(got[i], F.batch_norm(x[i], m, v, training=True))
        same(mean[i], m)
        same(var[i], v)


# ---- autograd.Function


class Cube(Function):
    generate_vmap_rule = True

    @staticmethod
    def forward(x, n):
        return x**3, n

    @staticmethod
    def setup_context(ctx, inputs, output):
        ctx.save_for_backward(inputs[0])

    @staticmethod
    def backward(ctx, g, _):
        (x,) = ctx.saved_tensors
        return 3 * x**2 * g, None


def test_generated_rule():
    x = fb.randn(4, 3, requires_grad=True)
    y = vmap(lambda t: Cube.apply(t, 2)[0])(x)
    same(y, x**3)
    same(grad(y.sum(), x)[0], 3 * x**2)
    nested = vmap(vmap(lambda t: Cube.apply(t, 2)[0] * t))(x)
    same(grad(nested.sum(), x)[0], 4 * x**3)


def test_generated_rule_with_an_unbatched_input():
    class Product(Function):
        generate_vmap_rule = True

        @staticmethod
        def forward(a, b):
            return a * b

        @staticmethod
        def setup_context(ctx, inputs, output):
            ctx.save_for_backward(*inputs)

        @staticmethod
        def backward(ctx, g):
            a, b = ctx.saved_tensors
            return g * b, g * a

    x, w = fb.randn(4, 3, requires_grad=True), fb.randn(3, requires_grad=True)
    to_x, to_w = grad(vmap(Product.apply, in_dims=(0, None))(x, w).sum(), (x, w))
    same(to_x, w.expand(4, 3))
    same(to_w, x.sum(0))


def test_once_differentiable():
    class Square(Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x * x

        @staticmethod
        @once_differentiable
        def backward(ctx, g):
            return 2 * ctx.saved_tensors[0] * g

    x, v = fb.randn(3, requires_grad=True), fb.randn(2, 3, requires_grad=True)
    y = Square.apply(x)
    rows = vmap(lambda u: grad(y, x, u, create_graph=True)[0])(v)
    same(rows, 2 * x * v)
    with pytest.raises(RuntimeError, match="differentiate twice"):
        grad(rows.sum(), v)


def test_own_rule():
    seen = []

    class Double(Function):
        @staticmethod
        def forward(x, y):
            return x * 2 + y

        @staticmethod
        def setup_context(ctx, inputs, output):
            pass

        @staticmethod
        def backward(ctx, g):
            return g * 2, g

        @staticmethod
        def vmap(info, in_dims, x, y):
            seen.append((info.batch_size, info.randomness, in_dims, tuple(x.shape)))
            return (x * 2 + y).movedim(0, 1), 1

    x = fb.randn(3, 4)
    same(vmap(Double.apply, in_dims=(0, None), randomness="same")(x, fb.ones(4)), 2 * x + 1)
    assert seen == [(3, "same", (0, None), (3, 4))]


def test_functions_without_a_rule_are_refused():
    class Plain(Function):
        @staticmethod
        def forward(x):
            return x * 2

        @staticmethod
        def setup_context(ctx, inputs, output):
            pass

    class Old(Function):
        @staticmethod
        def forward(ctx, x):
            return x * 2

    class Both(Plain):
        generate_vmap_rule = True

        @staticmethod
        def vmap(info, in_dims, x):
            return x, 0

    for cls, text in ((Plain, "does not have vmap support"), (Old, "must override the setup_context"),
                      (Both, "it has both generate_vmap_rule=True and an overridden vmap")):  # fmt: skip
        with pytest.raises(RuntimeError, match=text):
            vmap(cls.apply)(fb.ones(3))
