"""`torch.cuda.nvtx` of 0.3: ranges and marks for NVIDIA's profilers. RuntimeError without a GPU."""

from ...cuda.nvtx import mark, range_pop, range_push

lib = None  # NVIDIA's library by ctypes, which 0.3 loaded: it is CuPy that has it here

__all__ = ["lib", "mark", "range_pop", "range_push"]
