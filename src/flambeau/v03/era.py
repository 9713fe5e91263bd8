"""What shared code makes by itself in a program of 0.3: Variables as parameters, plain tensors as buffers, and models
of 0.3's layers."""

import contextlib
import importlib

from ..nn import parameter as shared
from .faces import Parameter, plain


def enter():
    """From now on parameters, buffers and layers are 0.3's, and names in modules may have dots. Returns what to give to
    `leave`."""
    return shared.set_defaults(Parameter, plain, lambda: importlib.import_module(f"{__package__}.nn"), dots=True)


def leave(before=(None, None, None, False)):
    """Undoes `enter`; without its result, parameters, buffers, layers and names are today's."""
    shared.set_defaults(*before)


@contextlib.contextmanager
def entered():
    """`enter` for the length of a with block."""
    before = enter()
    try:
        yield
    finally:
        leave(before)
