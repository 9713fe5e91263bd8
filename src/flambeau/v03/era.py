"""What shared code makes by itself in a program of 0.3: Variables as parameters, plain tensors as buffers, models of
0.3's layers, and random numbers in 0.3's stream."""

import contextlib
import importlib

from ..nn import parameter as shared
from ..random import set_stream
from .faces import Parameter, plain


def _layers():
    return importlib.import_module(f"{__package__}.nn")


def enter():
    """From now on parameters, buffers, layers and random numbers are 0.3's, and names in modules may have dots. Seeds
    and states of generators stay. Returns what to give to `leave`."""
    return set_stream("0.3"), shared.set_defaults(Parameter, plain, _layers, dots=True)


def leave(before=("today", (None, None, None, False))):
    """Undoes `enter`; without its result, parameters, buffers, layers, names and random numbers are today's."""
    stream, defaults = before
    set_stream(stream)
    shared.set_defaults(*defaults)


@contextlib.contextmanager
def entered():
    """`enter` for the length of a with block."""
    before = enter()
    try:
        yield
    finally:
        leave(before)
