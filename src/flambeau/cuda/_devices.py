"""What all modules of this package start from: the devices, and a device argument as an index."""

from ..device import device as Device
from ..kernels.cuda.backend import backend, is_forked, is_started, unusable, usable


def devices():
    """The GPUs. RuntimeError when there are none."""
    return backend().devices


def resolve(device):
    """A device, a string, an index or None (the current one) as a device with an index. ValueError for the CPU."""
    device = Device("cuda" if device is None else device)
    if device.type != "cuda":
        raise ValueError(f"Expected a cuda device, but got: {device}")
    return backend().resolve(device)


def index_of(device):
    """The index of a device argument, as `resolve` reads it."""
    return resolve(device).index


__all__ = ["backend", "devices", "index_of", "is_forked", "is_started", "resolve", "unusable", "usable"]
