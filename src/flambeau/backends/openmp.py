"""OpenMP: Flambeau has a thread pool of its own instead."""


def is_available():
    """is_available() -> bool: False."""
    return False
