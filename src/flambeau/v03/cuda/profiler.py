"""`torch.cuda.profiler` of 0.3: what NVIDIA's profilers record. RuntimeError without a GPU."""

import contextlib

from ...cuda import _backend

__all__ = ["profile", "start", "stop"]


def start():
    """start(): recording goes on."""
    _backend().cupy.cuda.profiler.start()


def stop():
    """stop(): recording pauses."""
    _backend().cupy.cuda.profiler.stop()


@contextlib.contextmanager
def profile():
    """with profile(): recording for the length of the block."""
    start()
    try:
        yield
    finally:
        stop()
