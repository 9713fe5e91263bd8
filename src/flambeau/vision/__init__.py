"""Data sets, transforms and models for images, with torchvision's names: `flambeau run` calls it `torchvision`."""

import importlib
from typing import TYPE_CHECKING

from .. import __version__

if TYPE_CHECKING:
    from .digits import Digits, load_digits

_SUBMODULES = ("datasets", "digits", "models", "ops", "transforms", "utils")
_DIGITS = ("Digits", "load_digits")
_backend = "PIL"


def __getattr__(name):
    if name in _SUBMODULES:
        return importlib.import_module(f"{__name__}.{name}")
    if name in _DIGITS:
        return getattr(importlib.import_module(f"{__name__}.digits"), name)
    raise AttributeError(f"module '{__name__}' has no attribute '{name}'")


def __dir__():
    return sorted({*globals(), *_SUBMODULES, *_DIGITS})


def get_image_backend():
    """get_image_backend() -> "PIL", the package that reads images."""
    return _backend


def set_image_backend(backend):
    """set_image_backend(backend): "PIL"; ValueError for others, which are not supported."""
    if backend != _backend:
        raise ValueError(f"Invalid backend '{backend}'. Options are '{_backend}'")
