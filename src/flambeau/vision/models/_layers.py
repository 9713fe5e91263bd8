"""`from . import _layers as nn`: the layers of the process-wide default, looked up when a model is made.

Today's `nn`; in a program of PyTorch 0.3 its own, whose classes `isinstance` asks for there.
"""

from typing import Any

import flambeau as fb

from ...nn.module import Module
from ..defaults import current

__all__ = ["Module"]


def __getattr__(name: str) -> Any:
    return getattr(fb.nn if current.layers is None else current.layers(), name)
