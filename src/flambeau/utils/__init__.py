"""Tools around tensors and models; each submodule is imported on first use."""

import importlib

_SUBMODULES = ("checkpoint", "data", "dlpack", "hooks", "viz")


def __getattr__(name):
    if name in _SUBMODULES:
        return importlib.import_module(f"{__name__}.{name}")
    raise AttributeError(f"module '{__name__}' has no attribute '{name}'")


def __dir__():
    return sorted({*globals(), *_SUBMODULES})
