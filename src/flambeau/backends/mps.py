"""GPUs of Apple: Flambeau does not compute on them."""


def is_available():
    """is_available() -> bool: False."""
    return False


def is_built():
    """is_built() -> bool: False."""
    return False
