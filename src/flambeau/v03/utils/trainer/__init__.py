"""`torch.utils.trainer` of 0.3: a training loop with plugins."""

from . import plugins
from .trainer import Trainer

__all__ = ["Trainer", "plugins"]
