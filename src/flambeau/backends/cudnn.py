"""cuDNN: Flambeau does not use it. The switches are remembered and have no effect."""

from ._switches import changed

enabled = True
benchmark = False
benchmark_limit = 10
deterministic = False
allow_tf32 = True


def is_available():
    """is_available() -> bool: False."""
    return False


def version():
    """version() -> int | None: None: there is none."""
    return None


def is_acceptable(tensor):
    """is_acceptable(tensor) -> bool: False: cuDNN computes with no tensor."""
    return False


def set_flags(_enabled=None, _benchmark=None, _benchmark_limit=None, _deterministic=None, _allow_tf32=None):
    """Sets the switches that are not None; returns the values that all of them had, as a tuple."""
    given = {
        "enabled": _enabled, "benchmark": _benchmark, "benchmark_limit": _benchmark_limit,
        "deterministic": _deterministic, "allow_tf32": _allow_tf32,
    }  # fmt: skip
    before = tuple(globals()[name] for name in given)
    globals().update({name: value for name, value in given.items() if value is not None})
    return before


def flags(enabled=False, benchmark=False, benchmark_limit=10, deterministic=False, allow_tf32=True):
    """The switches for the length of a with block."""
    return changed(__name__, {**locals()})
