"""oneDNN: Flambeau has kernels of its own instead. The switches are remembered and have no effect."""

from ._switches import changed

enabled = True
deterministic = False
allow_tf32 = True


def is_available():
    """is_available() -> bool: False."""
    return False


def flags(enabled=False, deterministic=False, allow_tf32=True):
    """The switches for the length of a with block."""
    return changed(__name__, {**locals()})
