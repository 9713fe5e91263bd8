"""`torch.backends.cudnn` of 0.3: the switches. On the CPU they are remembered and have no effect."""

import contextlib

enabled = True
benchmark = False
deterministic = False
fastest = False
verbose = False


def version():
    """version() -> the version of cuDNN as an int, or None without it."""
    return None


def is_acceptable(tensor):
    """is_acceptable(tensor) -> bool: whether cuDNN computes with a tensor: floats on a GPU, with cuDNN at hand."""
    return bool(enabled and tensor.is_cuda and version() is not None)


def set_flags(_enabled, _benchmark, _deterministic, _verbose):
    """Sets the switches; returns their old values."""
    global enabled, benchmark, deterministic, verbose
    before = enabled, benchmark, deterministic, verbose
    enabled, benchmark, deterministic, verbose = _enabled, _benchmark, _deterministic, _verbose
    return before


@contextlib.contextmanager
def flags(enabled=False, benchmark=False, deterministic=False, verbose=False):
    """The switches for the length of a with block."""
    before = set_flags(enabled, benchmark, deterministic, verbose)
    try:
        yield
    finally:
        set_flags(*before)
