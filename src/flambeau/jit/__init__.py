"""What models say to TorchScript: marks and questions. There is no compiler: programs run as Python.

Models written to be compiled as well carry these along. `script` and `trace`, which would compile, do not exist.
"""

from typing import Final

__all__ = ["Final", "annotate", "export", "ignore", "is_scripting", "is_tracing", "unused"]


def is_scripting():
    """is_scripting() -> bool: False: what runs is Python."""
    return False


def is_tracing():
    """is_tracing() -> bool: False: no calls are being recorded for a compiler."""
    return False


def export(fn):
    """export(fn) -> fn: marks a method that a compiler should take along."""
    return fn


def unused(fn):
    """unused(fn) -> fn: marks a method that a compiler should leave out."""
    return fn


def ignore(drop=False, **kwargs):
    """ignore(fn) -> fn, or ignore(drop=False) -> a decorator: marks a method that a compiler should leave to Python."""
    return drop if callable(drop) else export


def annotate(the_type, the_value):
    """annotate(the_type, the_value) -> the_value: says its type to a compiler."""
    return the_value
