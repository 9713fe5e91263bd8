"""`torch._C` of 0.3: what programs took from the compiled module."""

from ..size import Size
from .namespace import FatalError, Generator, default_generator

__all__ = ["FatalError", "Generator", "Size", "default_generator"]
