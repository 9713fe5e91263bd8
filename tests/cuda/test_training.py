"""Whole training steps: losses and weights on the device equal the CPU's."""

import argparse
import json

import numpy as np
import pytest

import flambeau as fb
from flambeau import nn, optim
from flambeau.nn import functional as F


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 4, 3, padding=1, bias=False)  # whose gradient, with a norm behind it, is noise
        self.norm = nn.BatchNorm2d(4)
        self.depthwise = nn.Conv2d(4, 4, 3, stride=2, groups=4, bias=False)
        self.out = nn.Linear(4 * 3 * 3, 3)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.norm(self.conv(x))), 2, stride=1)
        return self.out(F.gelu(self.depthwise(x)).flatten(1))


OPTIMISERS = {
    "SGD": lambda p: optim.SGD(p, lr=0.1),
    "momentum": lambda p: optim.SGD(p, lr=0.1, momentum=0.9, nesterov=True, weight_decay=0.01),
    "Adam": lambda p: optim.Adam(p, lr=0.01),
    "AMSGrad": lambda p: optim.Adam(p, lr=0.01, amsgrad=True, weight_decay=0.01),
    "AdamW": lambda p: optim.AdamW(p, lr=0.01),
    "RMSprop": lambda p: optim.RMSprop(p, lr=0.01, momentum=0.9, centered=True),
    "Adagrad": lambda p: optim.Adagrad(p, lr=0.01),
    "Adamax": lambda p: optim.Adamax(p, lr=0.01),
    "NAdam": lambda p: optim.NAdam(p, lr=0.01),
    "RAdam": lambda p: optim.RAdam(p, lr=0.01),
    "Rprop": lambda p: optim.Rprop(p, lr=0.01),
    "Adadelta": lambda p: optim.Adadelta(p),
    "ASGD": lambda p: optim.ASGD(p, lr=0.01),
}


def train(device, optimiser, steps=3):
    fb.manual_seed(0)
    images, labels = fb.randn(6, 1, 8, 8, dtype=fb.float64), fb.randint(3, (6,))
    model = Net().double().to(device)
    images, labels = images.to(device), labels.to(device)
    optimizer = OPTIMISERS[optimiser](model.parameters())
    losses = []
    for _ in range(steps):
        optimizer.zero_grad()
        loss = F.cross_entropy(model(images), labels)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        losses.append(loss.item())
    model.eval()
    return losses, model(images), model, optimizer


@pytest.mark.parametrize("optimiser", OPTIMISERS)
def test_training_equals_the_cpu(gpu, optimiser):
    losses, logits, model, _ = train("cpu", optimiser)
    losses_there, logits_there, there, _ = train("cuda:1", optimiser)
    np.testing.assert_allclose(losses_there, losses, 1e-10)
    np.testing.assert_allclose(logits_there.detach().cpu().numpy(), logits.detach().numpy(), 1e-8, 1e-10)
    for (name, a), b in zip(model.state_dict().items(), there.state_dict().values(), strict=True):
        assert b.device == fb.device("cuda:1"), name
        np.testing.assert_allclose(b.cpu().numpy(), a.numpy(), 1e-8, 1e-10, err_msg=name)


@pytest.mark.parametrize("optimiser", OPTIMISERS)
def test_parameters_on_several_devices(gpu, optimiser):
    params = [nn.Parameter(fb.ones(3, device=device)) for device in ("cuda:0", "cpu", "cuda:1")]
    optimizer = OPTIMISERS[optimiser](params)
    for _ in range(2):
        for p in params:
            p.grad = fb.full_like(p, 0.5)
        optimizer.step()
    assert params[0].tolist() == params[1].tolist() == params[2].tolist() != [1, 1, 1]


def test_the_state_of_an_optimiser_goes_on_from_a_file(gpu, tmp_path):
    _, _, model, optimizer = train("cuda:1", "Adam")
    fb.save({"model": model.state_dict(), "optimizer": optimizer.state_dict()}, tmp_path / "c")
    saved = fb.load(tmp_path / "c", map_location="cuda:0")
    other = Net().double().cuda(0)
    other.load_state_dict(saved["model"])
    again = optim.Adam(other.parameters(), lr=0.01)
    again.load_state_dict(saved["optimizer"])
    for m, o in ((model, optimizer), (other, again)):
        for p in m.parameters():
            p.grad = fb.ones_like(p)
        o.step()
    for a, b in zip(model.parameters(), other.parameters(), strict=True):
        assert b.device == fb.device("cuda:0")
        np.testing.assert_allclose(b.detach().cpu().numpy(), a.detach().cpu().numpy(), 1e-12)


def test_the_demo(gpu, tmp_path, monkeypatch, capsys):
    """The whole command; what it does in a fresh process is done here too."""
    from flambeau.cli import demo

    monkeypatch.setattr(demo, "evaluate_afresh", demo.evaluate)
    parser = argparse.ArgumentParser()
    demo.add_arguments(parser)
    out = tmp_path / "demo"
    assert demo.run(parser.parse_args(["--device", "cuda", "--epochs", "1", "--out", str(out)])) == 0
    text = capsys.readouterr().out
    assert "device cuda" in text and "found the same accuracy" in text and (out / "model.pt").exists()
    assert demo.run(parser.parse_args(["--device", "cuda", "--evaluate", str(out / "model.pt")])) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["correct"] / found["total"] > 0.8
