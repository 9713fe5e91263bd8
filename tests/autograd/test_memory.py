"""Training leaves nothing behind: no reference cycles, no growing graph."""

import gc

import flambeau as fb
from flambeau import nn, optim
from flambeau.nn import functional as F


def live():
    return sum(issubclass(type(o), (fb.Tensor, fb._core.Node)) for o in gc.get_objects())


def test_training_without_the_garbage_collector():
    fb.manual_seed(0)
    model = nn.Sequential(nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.MaxPool2d(2), nn.Dropout(0.2),
                          nn.Flatten(),
                          nn.Linear(36, 16), nn.LayerNorm(16), nn.GELU(), nn.Linear(16, 10))  # fmt: skip
    optimizer = optim.Adam(model.parameters())
    x, target = fb.rand(4, 1, 8, 8), fb.randint(0, 10, (4,))

    def step():
        optimizer.zero_grad()
        loss = F.cross_entropy(model(x), target)
        loss.backward()
        optimizer.step()

    for _ in range(5):
        step()
    gc.collect()
    gc.disable()
    try:
        before = live()
        for _ in range(100):
            step()
        assert live() == before
    finally:
        gc.enable()


def test_double_backward_and_in_place_views_leave_no_cycle():
    gc.collect()
    gc.disable()
    try:
        before = live()
        for _ in range(20):
            x = fb.rand(3, requires_grad=True)
            y = x * x
            y[0].mul_(2)
            y.view(3, 1).add_(1)
            (g,) = fb.autograd.grad(y.exp().sum(), x, create_graph=True)
            g.sum().backward()
            del x, y, g
        assert live() == before
    finally:
        gc.enable()
