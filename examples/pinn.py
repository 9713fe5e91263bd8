"""A network that solves a differential equation (Raissi et al., 2019): u'' = -pi^2 sin(pi x), u(0) = u(1) = 0.

    python examples/pinn.py

The loss contains second derivatives of the network's output by its input; L-BFGS makes it small. The solution is
sin(pi x).
"""

import math

import flambeau as torch
from flambeau import nn, optim


def derivative(y, x):
    """dy/dx, element by element, itself differentiable."""
    return torch.autograd.grad(y.sum(), x, create_graph=True)[0]


def residual(network, x):
    """How far the network is from the equation at x (n, 1), which requires grad."""
    second = derivative(derivative(network(x), x), x)
    return second + math.pi**2 * torch.sin(math.pi * x)


def run(steps=100, points=40, seed=0):
    """Trains; returns the network and the losses."""
    torch.manual_seed(seed)
    network = nn.Sequential(nn.Linear(1, 20), nn.Tanh(), nn.Linear(20, 20), nn.Tanh(), nn.Linear(20, 1))
    x = torch.linspace(0, 1, points).view(-1, 1).requires_grad_()
    ends = torch.tensor([[0.0], [1.0]])
    optimizer = optim.LBFGS(network.parameters(), max_iter=steps, line_search_fn="strong_wolfe")
    losses = []

    def closure():
        optimizer.zero_grad()
        loss = residual(network, x).square().mean() + 10 * network(ends).square().mean()
        loss.backward()
        losses.append(loss.item())
        return loss

    optimizer.step(closure)
    return network, losses


@torch.no_grad()
def error(network):
    """The largest difference from the solution."""
    x = torch.linspace(0, 1, 101).view(-1, 1)
    return (network(x) - torch.sin(math.pi * x)).abs().max().item()


def main():
    """The program."""
    network, losses = run()
    print(f"loss {losses[0]:.3g} before, {losses[-1]:.3g} after; largest error of the solution {error(network):.2g}")


if __name__ == "__main__":
    main()
