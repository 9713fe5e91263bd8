"""opt_einsum: Flambeau contracts the operands of einsum from left to right."""

enabled = False
strategy = None


def is_available():
    """is_available() -> bool: False."""
    return False
