"""`torch.contrib` of 0.3."""

from . import _graph_vis

__all__ = ["_graph_vis"]
