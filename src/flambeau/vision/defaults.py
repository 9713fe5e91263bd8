"""What `vision` takes from a process-wide default, as `nn` takes the class of parameters (`nn/parameter.py`)."""

from collections.abc import Callable
from typing import Any


class _Defaults:
    """Each None: as today."""

    layers: Callable[[], Any] | None = None
    draws: Callable[[], Any] | None = None
    scaled: Callable[[Any], Any] | None = None


current = _Defaults()


def set_defaults(layers=None, draws=None, scaled=None):
    """set_defaults(layers=None, draws=None, scaled=None) -> what was set before, as a tuple

    Process-wide. `layers()` gives the package whose layers models are made of (None: `nn`), `draws()` the
    `transforms.draws.Draws` that transforms ask for random numbers (None: that class), and `scaled(tensor)` what
    ToTensor makes of the elements of a NumPy array (None: bytes are divided by 255).
    """
    before = current.layers, current.draws, current.scaled
    current.layers, current.draws, current.scaled = layers, draws, scaled
    return before
