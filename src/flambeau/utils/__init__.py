"""Tools around tensors and models; each is imported on first use."""

import importlib

_SUBMODULES = ("checkpoint", "data", "dlpack", "hooks", "model_summary", "multiply_adds", "viz")
_NAMES = {"ModelSummary": "model_summary", "summary": "model_summary"}


def __getattr__(name):
    if name in _SUBMODULES:
        return importlib.import_module(f"{__name__}.{name}")
    if name in _NAMES:
        return getattr(importlib.import_module(f"{__name__}.{_NAMES[name]}"), name)
    raise AttributeError(f"module '{__name__}' has no attribute '{name}'")


def __dir__():
    return sorted({*globals(), *_SUBMODULES, *_NAMES})
