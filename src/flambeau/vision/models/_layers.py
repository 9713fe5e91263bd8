"""`from . import _layers as nn`: the layers of the process-wide default, looked up when a model is made.

Today's `nn`; in a program of PyTorch 0.3 its own, whose classes `isinstance` asks for there.
"""

from typing import Any

import flambeau as fb

from ...nn.module import Module
from ..defaults import current

__all__ = ["Module", "last_pool"]


def last_pool(size, window=None):
    """last_pool(size, window=None) -> the pooling before the classifier, a module

    To the given size. In a program of PyTorch 0.3 as its models had it: by a window of a fixed size, or None.
    """
    if current.layers is None:
        return fb.nn.AdaptiveAvgPool2d(size)
    return None if window is None else current.layers().AvgPool2d(window, stride=1)


def __getattr__(name: str) -> Any:
    return getattr(fb.nn if current.layers is None else current.layers(), name)
