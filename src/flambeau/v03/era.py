"""What shared code makes by itself in a program of 0.3: Variables as parameters, plain tensors as buffers, models of
0.3's layers, random numbers in 0.3's stream, and the random images of its torchvision."""

import contextlib
import importlib

from ..nn import parameter as modules
from ..random import set_stream
from ..vision import defaults as images
from .faces import Parameter, plain


def _module(name):
    return importlib.import_module(f"{__package__}.{name}")


def _load_state_dict(module, state_dict, strict):
    from .nn.state import load_state_dict

    return load_state_dict(module, state_dict, strict)


def enter():
    """From now on parameters, buffers, layers, random numbers and random images are 0.3's, modules load state
    dictionaries as it did and keep the older rules, and their names may have dots. Seeds and states of generators stay.
    Returns what to give to `leave`."""
    return (
        set_stream("0.3"),
        modules.set_defaults(Parameter, plain, dots=True, loads=_load_state_dict, older=True),
        images.set_defaults(
            layers=lambda: _module("nn"),
            draws=lambda: _module("images").draws,
            scaled=lambda tensor: _module("images").scaled(tensor),
        ),
    )


def leave(before=("today", (), ())):
    """Undoes `enter`; without its result, all of it is today's. Returns what to give to another `leave`."""
    stream, of_modules, of_images = before
    return set_stream(stream), modules.set_defaults(*of_modules), images.set_defaults(*of_images)


@contextlib.contextmanager
def entered():
    """`enter` for the length of a with block."""
    before = enter()
    try:
        yield
    finally:
        leave(before)
