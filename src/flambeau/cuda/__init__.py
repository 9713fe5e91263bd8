"""CUDA devices.

This version computes on the CPU only: there is no GPU backend yet, and `is_available()` says so, which is what portable
scripts ask before they use a device.
"""


def is_available():
    """is_available() -> bool: whether tensors can be placed on a GPU."""
    return False


def device_count():
    """device_count() -> int: the number of GPUs that can be used."""
    return 0


def manual_seed(seed):
    """manual_seed(seed): seeds the current GPU's generator; without a GPU, nothing."""


def manual_seed_all(seed):
    """manual_seed_all(seed): seeds the generators of all GPUs; without a GPU, nothing."""


def is_initialized():
    """is_initialized() -> bool: whether a GPU has been used."""
    return False


def synchronize(device=None):
    """synchronize(device=None): waits for a GPU; raises RuntimeError, there is none."""
    raise RuntimeError("No CUDA GPUs are available: this version of flambeau computes on the CPU")


def empty_cache():
    """empty_cache(): returns cached GPU memory; without a GPU, nothing."""
