"""Training leaves nothing behind: no reference cycles, no growing graph; backward releases buffers as it goes."""

import ctypes
import gc
import weakref

import pytest

import flambeau as fb
from flambeau import autograd, nn, optim
from flambeau.autograd import Function
from flambeau.nn import functional as F
from tests.csrc.conftest import library_path


def live():
    return sum(issubclass(type(o), (fb.Tensor, fb._core.Node)) for o in gc.get_objects())


# ---- steps: each returns a function that does one


def trained(model, loss):
    optimizer = optim.Adam(model.parameters())

    def step():
        optimizer.zero_grad()
        loss(model).backward()
        optimizer.step()

    return step


def mlp():
    x, y = fb.rand(4, 6), fb.rand(4, 2)
    model = nn.Sequential(nn.Linear(6, 8), nn.Tanh(), nn.Dropout(0.1), nn.Linear(8, 2))
    return trained(model, lambda model: F.mse_loss(model(x), y))


def cnn():
    x, y = fb.rand(2, 1, 8, 8), fb.randint(0, 10, (2,))
    model = nn.Sequential(nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(inplace=True), nn.MaxPool2d(2), nn.Flatten(),
                          nn.Linear(36, 16), nn.LayerNorm(16), nn.GELU(), nn.Linear(16, 10))  # fmt: skip
    return trained(model, lambda model: F.cross_entropy(model(x), y))


def recurrent():
    """A state that is carried from step to step, cut by detach()."""
    cell = nn.Linear(6, 4)
    x, state = fb.rand(5, 2, 2), [fb.zeros(2, 4)]

    def loss(cell):
        h = state[0].detach()
        for t in range(5):
            h = fb.tanh(cell(fb.cat([x[t], h], 1)))
        state[0] = h
        return (h * h).sum()

    return trained(cell, loss)


def attention():
    x = fb.rand(2, 5, 8)
    project = nn.Linear(8, 24)

    def loss(project):
        q, k, v = project(x).chunk(3, -1)
        weights = (
            (q @ k.transpose(-1, -2) / 8**0.5)
            .masked_fill(fb.ones(5, 5).triu(1) > 0, float("-inf"))
            .softmax(-1)
        )
        return (weights @ v).pow(2).mean()

    return trained(project, loss)


def in_place():
    w = fb.rand(3, 3, requires_grad=True)

    def step():
        w.grad = None
        y = w * w
        y[0].mul_(2)
        y.view(9)[2:5].add_(w[0])
        y[1, 1] = w.sum()
        y.t()[2].exp_()
        y.sum().backward()

    return step


def hooks():
    model = nn.Sequential(nn.Linear(3, 3), nn.ReLU(), nn.Linear(3, 1))
    seen = []
    model[0].register_full_backward_hook(lambda module, inputs, outputs: seen.append(len(outputs)))
    model[2].register_forward_hook(lambda module, args, out: out * 2)
    model[0].weight.register_post_accumulate_grad_hook(lambda p: seen.clear())

    def loss(model):
        h = model[0](fb.ones(2, 3))
        h.register_hook(lambda g: g * 2)
        h.retain_grad()
        h.grad_fn.register_hook(lambda inputs, outputs: None)
        h.grad_fn.register_prehook(lambda outputs: None)
        return model[2](model[1](h)).sum()

    return trained(model, loss)


class Scale(Function):
    @staticmethod
    def forward(ctx, x, w):
        y = x * w
        ctx.save_for_backward(x, w, y)
        ctx.other = {"shape": x.shape}
        return y

    @staticmethod
    def backward(ctx, grad):
        x, w, y = ctx.saved_tensors
        return grad * w, (grad * x).sum().reshape(1)


class OldScale(Function):
    def forward(self, x, w):
        self.save_for_backward(x, w)
        return x * w

    def backward(self, grad):
        x, w = self.saved_tensors
        return grad * w, (grad * x).sum().reshape(1)


def functions():
    x, w = fb.rand(3, requires_grad=True), fb.rand(1, requires_grad=True)

    def step():
        x.grad = w.grad = None
        OldScale()(Scale.apply(x, w), w).sum().backward()

    return step


def double_backward():
    x = fb.rand(3, requires_grad=True)

    def step():
        x.grad = None
        (g,) = autograd.grad((Scale.apply(x, x.sum().reshape(1)).exp() + x**3).sum(), x, create_graph=True)
        (g * g).sum().backward()

    return step


def unused_graphs():
    """Graphs that are dropped without a backward, and backward that fails half way."""
    x = fb.rand(3, requires_grad=True)

    def step():
        y = (x * x).exp()
        y.register_hook(lambda g: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            (y * 2).sum().backward()
        del y

    return step


STEPS = [mlp, pytest.param(cnn, marks=pytest.mark.slow), recurrent, attention, in_place, hooks, functions,
         double_backward, unused_graphs]  # fmt: skip


@pytest.mark.parametrize("make", STEPS)
def test_a_thousand_steps_leave_nothing_behind(make):
    """Without the garbage collector there are as many tensors and nodes after them as before."""
    fb.manual_seed(0)
    step = make()
    for _ in range(5):
        step()
    gc.collect()
    gc.disable()
    try:
        before = live()
        for _ in range(1000):
            step()
        assert live() == before
    finally:
        gc.enable()


# ---- memory during backward


class AllocInfo(ctypes.Structure):
    _fields_ = [(name, ctypes.c_uint64) for name in ("live", "cached", "limit", "allocations", "reuses")]


@pytest.fixture
def live_bytes():
    """The bytes that the allocator has handed out now."""
    library = ctypes.CDLL(str(library_path()))
    info = AllocInfo()

    def read():
        library.fb_alloc_stats(ctypes.byref(info))
        return info.live

    return read


LAYERS, ROWS, WIDTH = 50, 2048, 64
ACTIVATION = ROWS * WIDTH * 4


def test_backward_releases_activations_as_it_goes(live_bytes):
    """At no time more is alive than when backward began plus a few gradients; at its end no activation is."""
    model = nn.Sequential(*[layer for _ in range(LAYERS) for layer in (nn.Linear(WIDTH, WIDTH), nn.Tanh())])
    x, seen = fb.rand(ROWS, WIDTH), []
    at_rest = live_bytes()
    h = x
    for layer in model:
        h = layer(h)
        if isinstance(layer, nn.Tanh):
            h.register_hook(lambda g: seen.append(live_bytes()))
    loss = h.sum()
    del h
    start = live_bytes()
    assert start - at_rest >= LAYERS * ACTIVATION  # the graph keeps an activation per layer at least
    loss.backward()
    assert len(seen) == LAYERS
    assert max(seen) <= start + 4 * ACTIVATION
    for k, bytes_then in enumerate(seen):
        assert bytes_then <= start - (k - 5) * ACTIVATION
    assert live_bytes() <= at_rest + 4 * ACTIVATION


def test_saved_tensors_go_when_their_node_has_run():
    x = fb.rand(3, requires_grad=True)
    early, late = x * 2, x * 3
    early_saved, late_saved = weakref.ref(early), weakref.ref(late)
    a = early * early
    alive = []
    a.register_hook(lambda g: alive.append((early_saved() is not None, late_saved() is not None)))
    b = late * late
    loss = (a + 1).sum() + b.sum()
    del early, late, a, b
    loss.backward()
    assert alive == [(True, False)]  # nodes run from the last made to the first
    assert early_saved() is None
