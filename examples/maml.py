"""MAML (Finn et al., 2017): initial weights from which one step of gradient descent fits a sine wave.

    python examples/maml.py --steps 500

The loss after one step is differentiated through that step; `vmap` does it for all tasks at once.
"""

import argparse
import math

import flambeau as torch
from flambeau import nn, optim
from flambeau.func import functional_call, grad, vmap


def waves(tasks, points=10):
    """Inputs and values (tasks, points, 1) of sine waves of random amplitude and phase, twice: to adapt, to test."""
    amplitude = 0.1 + 4.9 * torch.rand(tasks, 1, 1)
    phase = math.pi * torch.rand(tasks, 1, 1)
    inputs = [10 * torch.rand(tasks, points, 1) - 5 for _ in range(2)]
    return [(x, amplitude * torch.sin(x + phase)) for x in inputs]


def adapted_loss(model, weights, batch, rate=0.01):
    """The mean loss over tasks, after one step from `weights` for each of them."""

    def loss(weights, x, y):
        return ((functional_call(model, weights, (x,)) - y) ** 2).mean()

    def of_task(x, y, x_test, y_test):
        gradients = grad(loss)(weights, x, y)
        stepped = {name: w - rate * gradients[name] for name, w in weights.items()}
        return loss(stepped, x_test, y_test)

    (x, y), (x_test, y_test) = batch
    return vmap(of_task)(x, y, x_test, y_test).mean()


def run(steps=500, tasks=25, seed=0):
    """Trains; returns the model and the losses after adaptation."""
    torch.manual_seed(seed)
    model = nn.Sequential(nn.Linear(1, 40), nn.ReLU(), nn.Linear(40, 40), nn.ReLU(), nn.Linear(40, 1))
    optimizer = optim.Adam(model.parameters(), lr=1e-2)
    losses = []
    for _ in range(steps):
        loss = adapted_loss(model, dict(model.named_parameters()), waves(tasks))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return model, losses


def main():
    """The program."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--steps", type=int, default=500)
    _, losses = run(parser.parse_args().steps)
    print(f"loss after one step: {losses[0]:.2f} at the beginning, {sum(losses[-20:]) / 20:.2f} at the end")


if __name__ == "__main__":
    main()
