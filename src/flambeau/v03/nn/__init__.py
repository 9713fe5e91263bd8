"""`torch.nn` of 0.3: today's modules, which have Variables for parameters, and those that differ."""

from ... import nn as todays
from ...nn.module import Module
from ..faces import Parameter, sees_todays
from . import checked, containers, criterions, functional, init, layers, recurrent, texts, upsampling, utils

LAYERS = dict(criterions.LOSSES)
for _family in (checked, containers, layers, recurrent, upsampling, texts):
    LAYERS.update(_family.LAYERS)
globals().update(LAYERS)

_UNCHANGED = ("CosineSimilarity", "Sequential")

__all__ = ["DataParallel", "Module", "Parameter", "functional", "init", "utils", *LAYERS, *_UNCHANGED]


def __getattr__(name):
    import importlib

    if name in ("_functions", "backends", "modules", "parallel", "parameter"):
        return importlib.import_module(f"{__name__}.{name}")
    if name in ("DataParallel", "data_parallel"):
        from . import parallel

        return getattr(parallel, name)
    known = name in _UNCHANGED or not name.startswith("__") and sees_todays()
    if not known or not hasattr(todays, name):
        raise AttributeError(f"module 'torch.nn' has no attribute '{name}'")
    return getattr(todays, name)


class _Backend:
    """`module._backend`: what 0.3's layers called."""

    def __get__(self, instance, owner):
        from .backends.thnn import backend

        return backend


Module._backend = _Backend()  # type: ignore[attr-defined]
Module._all_buffers = lambda self, memo=None: self.buffers()  # type: ignore[attr-defined]


def __dir__():
    return sorted({*globals(), *__all__})
