"""`torch.cuda.nccl` of 0.3."""

from ...cuda.nccl import SUM, all_gather, all_reduce, broadcast, is_available, reduce, reduce_scatter

__all__ = ["SUM", "all_gather", "all_reduce", "broadcast", "is_available", "reduce", "reduce_scatter"]
