"""`torch.distributions` of 0.3. Parameters are plain tensors or Variables; samples are what the parameters are.

A policy's loss of 2017: `m = Categorical(probs); action = m.sample(); loss = -m.log_prob(action) * reward`.
"""

import math

from . import methods, namespace
from .defaults import tensor_class

__all__ = ["Bernoulli", "Categorical", "Distribution", "Normal"]


class Distribution:
    """Base class of distributions."""

    def sample(self):
        """One sample for each set of parameters."""
        raise NotImplementedError(f"{type(self).__name__} has to define sample()")

    def sample_n(self, n):
        """n samples for each set of parameters, in a new first dimension."""
        raise NotImplementedError(f"{type(self).__name__} has to define sample_n(n)")

    def log_prob(self, value):
        """The logarithm of the probability (or density) of value."""
        raise NotImplementedError(f"{type(self).__name__} has to define log_prob(value)")


class Bernoulli(Distribution):
    """Bernoulli(probs): 1 with probability probs, else 0"""

    def __init__(self, probs):
        self.probs = probs

    def sample(self):
        return self.probs.bernoulli()

    def sample_n(self, n):
        return self.probs.expand(n, *self.probs.size()).bernoulli()

    def log_prob(self, value):
        both = namespace.stack([1 - self.probs, self.probs]).log()
        return both.gather(0, value.unsqueeze(0).long()).squeeze(0)


class Categorical(Distribution):
    """Categorical(probs): class i with probability probs[..., i]; probs of one or two dimensions, in any scale"""

    def __init__(self, probs):
        if probs.dim() not in (1, 2):
            raise ValueError(f"Categorical: probs must have 1 or 2 dimensions, got {probs.dim()}")
        self.probs = probs

    def sample(self):
        drawn = self.probs.multinomial(1, True)
        return drawn if self.probs.dim() == 1 else drawn.squeeze(-1)

    def sample_n(self, n):
        drawn = self.probs.multinomial(n, True)
        return drawn.unsqueeze(1) if self.probs.dim() == 1 else drawn.t()

    def log_prob(self, value):
        p = self.probs / self.probs.sum(-1, True).expand_as(self.probs)
        if self.probs.dim() == 1:
            return p.gather(-1, value.view(-1)).view_as(value).log()
        return p.gather(-1, value.unsqueeze(-1)).squeeze(-1).log()


class Normal(Distribution):
    """Normal(mean, std): tensors, Variables or numbers"""

    def __init__(self, mean, std):
        self.mean, self.std = mean, std

    def sample(self):
        return self._draw(self.mean, self.std)

    def sample_n(self, n):
        def rows(value):
            if isinstance(value, (int, float)):
                return tensor_class()([value]).expand(n, 1)
            return value.expand(n, *value.size())

        return self._draw(rows(self.mean), rows(self.std))

    @staticmethod
    def _draw(mean, std):
        if isinstance(mean, (int, float)) and isinstance(std, (int, float)):
            return tensor_class()(1).normal_(mean, std)
        return methods.FUNCTIONS["normal"](mean, std)

    def log_prob(self, value):
        log_std = math.log(self.std) if isinstance(self.std, (int, float)) else self.std.log()
        return -((value - self.mean) ** 2) / (2 * self.std**2) - log_std - math.log(math.sqrt(2 * math.pi))
