"""`torch._tensor_str` of 0.3: the options of printing."""

from .printing import _Options as PRINT_OPTS
from .printing import set_printoptions

__all__ = ["PRINT_OPTS", "set_printoptions"]
