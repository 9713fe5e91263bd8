"""Samples as Functions of 0.2, which 0.3 replaced by `torch.distributions`: making one raises RuntimeError."""

from ..stochastic_function import StochasticFunction


class Multinomial(StochasticFunction):
    """Samples of a categorical distribution: use `torch.distributions.Categorical`."""


class Bernoulli(StochasticFunction):
    """Samples of a Bernoulli distribution: use `torch.distributions.Bernoulli`."""


class Normal(StochasticFunction):
    """Samples of a normal distribution: use `torch.distributions.Normal`."""


__all__ = ["Bernoulli", "Multinomial", "Normal"]
