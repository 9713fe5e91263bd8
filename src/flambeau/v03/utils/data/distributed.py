"""`torch.utils.data.distributed` of 0.3."""

from ....utils.data import DistributedSampler

__all__ = ["DistributedSampler"]
