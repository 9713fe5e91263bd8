"""`torch.backends` of 0.3."""

from . import cudnn

__all__ = ["cudnn"]
