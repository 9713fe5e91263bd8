"""What `DistributedDataParallel` can be made to do otherwise: `ddp_comm_hooks`."""

from . import ddp_comm_hooks

__all__ = ["ddp_comm_hooks"]
