"""`torch.utils` of 0.3."""

import importlib

from ... import utils as todays
from . import backcompat

_SUBMODULES = ("data", "dlpack", "hooks")

__all__ = ["backcompat", *_SUBMODULES]


def __getattr__(name):
    if name == "data":
        return importlib.import_module("flambeau.utils.data")
    if name in _SUBMODULES:
        return importlib.import_module(f"{__name__}.{name}")
    return getattr(todays, name)
