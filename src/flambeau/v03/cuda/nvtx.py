"""`torch.cuda.nvtx` of 0.3: ranges and marks for NVIDIA's profilers. RuntimeError without a GPU."""

from ...cuda import _backend

__all__ = ["mark", "range_pop", "range_push"]


def range_push(msg):
    """range_push(msg): begins a range within those that are open."""
    _backend().cupy.cuda.nvtx.RangePush(msg)


def range_pop():
    """range_pop(): ends the last range that was begun."""
    _backend().cupy.cuda.nvtx.RangePop()


def mark(msg):
    """mark(msg): marks a moment."""
    _backend().cupy.cuda.nvtx.Mark(msg)
