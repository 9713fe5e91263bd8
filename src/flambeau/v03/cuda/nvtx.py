"""`torch.cuda.nvtx` of 0.3: ranges and marks for NVIDIA's profilers. RuntimeError without a GPU.

`lib` is NVIDIA's libnvToolsExt as ctypes opens it (`pip install "nvidia-nvtx-cu12<12.9"` brings it), or None where it
is not installed; the functions here do without it.
"""

from ...cuda.nvtx import mark, range_pop, range_push
from ..libraries import opened

__all__ = ["mark", "range_pop", "range_push"]


def __getattr__(name):
    if name == "lib":
        return opened("nvToolsExt", "nvtx")
    raise AttributeError(f"module 'torch.cuda.nvtx' has no attribute '{name}'")
