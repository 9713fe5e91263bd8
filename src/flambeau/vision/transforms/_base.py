"""What all transforms are."""

from enum import Enum

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
