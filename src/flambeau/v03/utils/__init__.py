"""`torch.utils` of 0.3."""

import importlib

from . import backcompat

_SUBMODULES = ("data", "dlpack", "ffi", "hooks", "model_zoo", "serialization", "trainer")

__all__ = ["backcompat", *_SUBMODULES]


def __getattr__(name):
    if name in _SUBMODULES:
        return importlib.import_module(f"{__name__}.{name}")
    raise AttributeError(f"module 'torch.utils' has no attribute '{name}'")
