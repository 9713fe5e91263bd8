"""Gaussian process regression (Rasmussen and Williams, 2006, algorithm 2.1), its kernel fitted by gradients.

    python examples/gaussian_process.py

Length scale, variance and noise maximise the likelihood of the points; the gradients pass through the Cholesky
decomposition. The program prints them and the predictions.
"""

import math

import flambeau as torch
from flambeau import nn, optim
from flambeau.nn import functional as F


class GaussianProcess(nn.Module):
    """With a squared-exponential kernel; x (n,), y (n,)."""

    def __init__(self, x, y):
        super().__init__()
        self.x, self.y = x, y
        self.raw = nn.ParameterDict({n: torch.zeros((), dtype=x.dtype) for n in ("length", "variance", "noise")})

    def positive(self, name):
        """A hyperparameter: the softplus of what is optimised."""
        return F.softplus(self.raw[name])

    def kernel(self, a, b):
        """The covariances (len(a), len(b)) of the function at a and at b."""
        distance = (a[:, None] - b) / self.positive("length")
        return self.positive("variance") * torch.exp(-0.5 * distance**2)

    def factor(self):
        """The Cholesky factor of the points' covariance, and the covariance's solution for y."""
        noise = (self.positive("noise") + 1e-6) * torch.eye(len(self.x), dtype=self.x.dtype)
        lower = torch.linalg.cholesky(self.kernel(self.x, self.x) + noise)
        return lower, torch.cholesky_solve(self.y[:, None], lower)[:, 0]

    def forward(self):
        """The negative logarithm of the likelihood of y."""
        lower, solution = self.factor()
        return 0.5 * self.y @ solution + lower.diagonal().log().sum() + 0.5 * len(self.y) * math.log(2 * math.pi)

    @torch.no_grad()
    def predict(self, x):
        """Mean and standard deviation of the function at x."""
        lower, solution = self.factor()
        between = self.kernel(self.x, x)
        half = torch.linalg.solve_triangular(lower, between, upper=False)
        variance = self.positive("variance") - (half**2).sum(0)
        return between.T @ solution, variance.clamp(min=0).sqrt()


def run(points=30, noise=0.1, steps=20, seed=0):
    """Fits sin(6 x) from noisy values; returns the process and the likelihoods."""
    torch.manual_seed(seed)
    x = torch.linspace(0, 1, points, dtype=torch.float64)
    process = GaussianProcess(x, torch.sin(6 * x) + noise * torch.randn(points, dtype=torch.float64))
    optimizer = optim.LBFGS(process.parameters(), max_iter=steps, line_search_fn="strong_wolfe")
    losses = []

    def closure():
        optimizer.zero_grad()
        loss = process()
        loss.backward()
        losses.append(loss.item())
        return loss

    optimizer.step(closure)
    return process, losses


def main():
    """The program."""
    process, losses = run()
    print(f"negative log likelihood: {losses[0]:.2f} before, {min(losses):.2f} after fitting")
    print(", ".join(f"{name} {process.positive(name).item():.3f}" for name in process.raw))
    x = torch.linspace(0, 1, 6, dtype=torch.float64)
    for at, mean, deviation in zip(x, *process.predict(x), strict=True):
        print(f"f({at.item():.1f}) = {mean.item():6.3f} +- {2 * deviation.item():.3f}, sin {math.sin(6 * at):6.3f}")


if __name__ == "__main__":
    main()
