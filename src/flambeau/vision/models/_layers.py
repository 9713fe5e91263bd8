"""`from . import _layers as nn`: the layers of the process-wide default, looked up when a model is made.

Today's `nn`; in a program of PyTorch 0.3 its own, whose classes `isinstance` asks for there.
"""

from typing import Any

from ...nn.module import Module
from ...nn.parameter import layers

__all__ = ["Module"]


def __getattr__(name: str) -> Any:
    return getattr(layers(), name)
