"""Classifiers of images that start from the same seed here and in PyTorch follow the same curve of losses, in float32.

ResNet-18 in its form for CIFAR (He et al., 2015, https://arxiv.org/abs/1512.03385: widths 64 to 512, a first
convolution of 3x3, batch norm) is so sensitive that two exact libraries part at the usual learning rates: a rounding
error turns some of a million rectifiers on or off, and the batch's statistics pass that on. At lr=1e-4 PyTorch's own
curves in float32 and float64 are 1e-2 apart after 30 steps. So the curves are compared at a rate at which rounding
errors do not grow, and the first gradients are held against float64.
"""

import numpy as np
import pytest

import flambeau as fb

from .parity import assert_close, one_thread  # noqa: F401

torch = pytest.importorskip("torch")

pytestmark = pytest.mark.usefixtures("one_thread")
STEPS, CLASSES = 100, 10


def images(count, channels, size, noise):
    """(images, classes): a coarse pattern for each class, and noise of a standard deviation."""
    random = np.random.default_rng(0)
    coarse = random.normal(size=(CLASSES, channels, 4, 4))
    patterns = coarse.repeat(size // 4, 2).repeat(size // 4, 3)
    classes = random.integers(0, CLASSES, count)
    further = random.normal(0, noise, (count, channels, size, size))
    return (patterns[classes] + further).astype(np.float32), classes


def mlp(lib):
    nn = lib.nn
    return nn.Sequential(
        nn.Flatten(), nn.Linear(144, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, CLASSES)
    )


def lenet(lib):
    nn = lib.nn
    return nn.Sequential(
        nn.Conv2d(1, 6, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(6, 16, 5), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(400, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU(), nn.Linear(84, CLASSES),
    )  # fmt: skip


def resnet18(lib):
    nn = lib.nn

    class Block(nn.Module):
        def __init__(self, channels, out, stride):
            super().__init__()
            self.conv1, self.bn1 = nn.Conv2d(channels, out, 3, stride, 1, bias=False), nn.BatchNorm2d(out)
            self.conv2, self.bn2 = nn.Conv2d(out, out, 3, 1, 1, bias=False), nn.BatchNorm2d(out)
            self.shortcut = nn.Sequential()
            if stride != 1 or channels != out:
                self.shortcut = nn.Sequential(
                    nn.Conv2d(channels, out, 1, stride, bias=False), nn.BatchNorm2d(out)
                )

        def forward(self, x):
            y = nn.functional.relu(self.bn1(self.conv1(x)))
            return nn.functional.relu(self.bn2(self.conv2(y)) + self.shortcut(x))

    layers, channels = [nn.Conv2d(3, 64, 3, 1, 1, bias=False), nn.BatchNorm2d(64), nn.ReLU()], 64
    for out, stride in ((64, 1), (128, 2), (256, 2), (512, 2)):
        layers += [Block(channels, out, stride), Block(out, out, 1)]
        channels = out
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(512, CLASSES))


def start(lib, make):
    lib.manual_seed(0)
    return make(lib)


def losses(lib, make, optimizer, options, batches):
    """The loss at each step, over the batches again and again."""
    model = start(lib, make)
    step = getattr(lib.optim, optimizer)(model.parameters(), **options)
    found = []
    for i in range(STEPS):
        x, classes = batches[i % len(batches)]
        step.zero_grad()
        loss = lib.nn.functional.cross_entropy(model(lib.from_numpy(x)), lib.from_numpy(classes))
        loss.backward()
        step.step()
        found.append(loss.item())
    return np.array(found)


def assert_same_curve(make, optimizer, options, batches):
    ours = losses(fb, make, optimizer, options, batches)
    theirs = losses(torch, make, optimizer, options, batches)
    np.testing.assert_allclose(ours, theirs, rtol=1e-4)
    assert ours[-1] < 0.8 * ours[0]  # it learns


@pytest.mark.parametrize("make", [mlp, lenet, resnet18])
def test_the_same_start(make):
    """The weights of one seed, bit for bit."""
    ours, theirs = start(fb, make).state_dict(), start(torch, make).state_dict()
    assert list(ours) == list(theirs)
    for key, value in theirs.items():
        assert_close(ours[key], value, rtol=0, atol=0)


SGD = ("SGD", {"lr": 3e-3, "momentum": 0.9, "weight_decay": 5e-4})
ADAM = ("Adam", {"lr": 3e-4})


@pytest.mark.parametrize("make, channels, size", [(mlp, 1, 12), (lenet, 1, 28)], ids=["mlp", "lenet"])
@pytest.mark.parametrize("optimizer, options", [SGD, ADAM], ids=["SGD", "Adam"])
def test_the_same_curve(make, channels, size, optimizer, options):
    x, classes = images(16 * STEPS, channels, size, 1.0)
    batches = list(zip(np.split(x, STEPS), np.split(classes, STEPS), strict=True))
    assert_same_curve(make, optimizer, options, batches)


@pytest.mark.slow  # minutes
@pytest.mark.parametrize(
    "optimizer, options",
    [("SGD", {"lr": 3e-6, "momentum": 0.9, "weight_decay": 5e-4}), ("Adam", {"lr": 3e-7})],
    ids=["SGD", "Adam"],
)
def test_the_same_curve_of_resnet18(optimizer, options):
    assert_same_curve(resnet18, optimizer, options, [images(16, 3, 16, 0.3)])


def gradients(lib, x, classes, double):
    model = start(lib, resnet18)
    x = lib.from_numpy(x)
    if double:
        model, x = model.double(), x.double()
    lib.nn.functional.cross_entropy(model(x), lib.from_numpy(classes)).backward()
    return [p.grad.double().numpy() for p in model.parameters()]


def test_gradients_of_resnet18_are_as_exact_as_pytorchs():
    """In the sum over all parameters, against float64: |g - exact|_2 / |exact|_2."""
    x, classes = images(2, 3, 16, 0.3)
    exact = gradients(torch, x, classes, double=True)

    def error(found):
        wrong = [np.linalg.norm(a - b) / np.linalg.norm(b) for a, b in zip(found, exact, strict=True)]
        return np.sqrt(np.mean(np.square(wrong)))

    ours, theirs = error(gradients(fb, x, classes, False)), error(gradients(torch, x, classes, False))
    assert error(gradients(fb, x, classes, True)) < 1e-12
    assert ours < 3 * theirs
