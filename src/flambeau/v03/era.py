"""What shared code makes by itself in a program of 0.3: Variables as parameters, plain tensors as buffers."""

import contextlib

from ..nn import parameter as shared
from .faces import Parameter, plain


def enter():
    """From now on parameters and buffers are 0.3's, and names may have dots. Returns what to give to `leave`."""
    return shared.set_defaults(Parameter, plain, dots=True)


def leave(before=(None, None, False)):
    """Undoes `enter`; without its result, parameters and buffers are today's."""
    shared.set_defaults(*before)


@contextlib.contextmanager
def entered():
    """`enter` for the length of a with block."""
    before = enter()
    try:
        yield
    finally:
        leave(before)
