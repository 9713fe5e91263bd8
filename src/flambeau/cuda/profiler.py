"""What NVIDIA's profilers record."""

import contextlib

from ._devices import devices

__all__ = ["init", "profile", "start", "stop"]


def init(output_file, flags=None, output_mode="key_value"):
    """init(output_file, flags=None, output_mode="key_value"): CUDA has no such function since version 12; RuntimeError
    that names what replaces it."""
    raise RuntimeError(
        "cuda.profiler.init: CUDA 12 removed cudaProfilerInitialize; give the options to the profiler: "
        "nsys profile --capture-range=cudaProfilerApi python script.py"
    )


def start():
    """start(): recording goes on. Without effect on virtual devices."""
    devices().annotate("start")


def stop():
    """stop(): recording pauses."""
    devices().annotate("stop")


@contextlib.contextmanager
def profile():
    """with profile(): recording for the length of the block."""
    start()
    try:
        yield
    finally:
        stop()
