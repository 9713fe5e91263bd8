"""`torch.cuda.nvtx` of 0.3: ranges and marks for NVIDIA's profilers. RuntimeError without a GPU."""

from ...cuda.nvtx import mark, range_pop, range_push

__all__ = ["mark", "range_pop", "range_push"]
