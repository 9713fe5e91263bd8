"""`torch.utils.hooks` of 0.3."""

from ...hooks import RemovableHandle

__all__ = ["RemovableHandle"]
