"""What all transforms are, and how they draw random numbers: those of torchvision, in its order."""

from enum import Enum
from typing import Any

import flambeau as fb

from ...nn import Module


class Transform(Module):
    """A module whose representation shows some of its attributes."""

    _shown: tuple[str, ...] = ()

    def __repr__(self):
        shown = ", ".join(f"{name}={_short(getattr(self, name))}" for name in self._shown)
        return f"{type(self).__name__}({shown})"


def _short(value):
    """A value for a representation: the numbers of a tuple with four digits."""
    if isinstance(value, tuple):
        return tuple(round(v, 4) if isinstance(v, float) else v for v in value)
    return value.value if isinstance(value, Enum) else value


def chance() -> float:
    """A number drawn from [0, 1)."""
    return fb.rand(1).item()


def uniform(low, high) -> float:
    """A number drawn from [low, high)."""
    return fb.empty(1).uniform_(float(low), float(high)).item()


def integer(low, high) -> int:
    """An integer drawn from low to high - 1."""
    return fb.randint(int(low), int(high), (1,)).item()


def log_uniform(low, high) -> float:
    """A number whose logarithm is drawn evenly, in float32."""
    bounds: Any = fb.log(fb.tensor([low, high], dtype=fb.float32))
    return fb.exp(fb.empty(1).uniform_(bounds[0].item(), bounds[1].item())).item()
