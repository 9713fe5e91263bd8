"""The number of threads that kernels use."""

from . import _core


def get_num_threads():
    """get_num_threads() -> int: threads that a large CPU kernel uses."""
    return _core.num_threads()


def set_num_threads(n):
    """set_num_threads(n): large CPU kernels use at most n threads; results do not depend on it."""
    if not isinstance(n, int) or n < 1:
        raise RuntimeError(f"set_num_threads expects a positive integer, got {n!r}")
    _core.set_num_threads(n)
