"""The CPU as a device, in the names of `torch.cpu`. Its operations are done when they return."""

import contextlib

from . import amp

__all__ = [
    "Stream", "amp", "current_device", "current_stream", "device_count", "is_available", "is_initialized", "set_device",
    "stream", "synchronize",
]  # fmt: skip


class Stream:
    """Stream(): the order in which operations run, which for the CPU is that of their calls."""

    def wait_stream(self, stream):
        """wait_stream(stream): nothing is to be waited for."""


def is_available():
    """is_available() -> bool: True."""
    return True


def is_initialized():
    """is_initialized() -> bool: True."""
    return True


def device_count():
    """device_count() -> int: 1."""
    return 1


def current_device():
    """current_device() -> str: "cpu"."""
    return "cpu"


def set_device(device):
    """set_device(device): nothing, as there is one."""


def synchronize(device=None):
    """synchronize(device=None): nothing is to be waited for."""


_stream = Stream()


def current_stream(device=None):
    """current_stream(device=None) -> Stream: the only one."""
    return _stream


def stream(stream):
    """stream(stream): a context of no effect."""
    return contextlib.nullcontext()
