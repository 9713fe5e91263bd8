"""`torch.utils.backcompat` of 0.3 as a module of its own name."""

from ..backcompat import Warning, broadcast_warning, keepdim_warning

__all__ = ["Warning", "broadcast_warning", "keepdim_warning"]
