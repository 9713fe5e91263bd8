"""MKL: Flambeau computes with OpenBLAS instead."""


def is_available():
    """is_available() -> bool: False."""
    return False
