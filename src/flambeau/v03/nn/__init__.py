"""`torch.nn` of 0.3: today's modules, which have Variables for parameters, and those that differ."""

from ... import nn as todays
from ...nn.module import Module
from ..faces import Parameter, sees_todays
from . import criterions, functional, init, layers, recurrent, texts, upsampling, utils
from .containers import Container

globals().update(layers.LAYERS)
globals().update(criterions.LOSSES)
globals().update(recurrent.LAYERS)
globals().update(upsampling.LAYERS)
globals().update(texts.LAYERS)

_UNCHANGED = (
    "AdaptiveAvgPool1d AdaptiveAvgPool2d AdaptiveAvgPool3d AdaptiveMaxPool1d AdaptiveMaxPool2d AdaptiveMaxPool3d "
    "ConstantPad1d ConstantPad2d ConstantPad3d CosineSimilarity CrossMapLRN2d EmbeddingBag FractionalMaxPool2d GLU "
    "Hardshrink LPPool1d LPPool2d LogSigmoid MaxUnpool1d MaxUnpool2d MaxUnpool3d ModuleList ParameterList RNNBase "
    "ReflectionPad1d ReflectionPad2d ReplicationPad1d ReplicationPad2d ReplicationPad3d Sequential Sigmoid Softmax2d "
    "Softplus Softshrink Softsign Tanh Tanhshrink ZeroPad2d".split()
)  # what is today's

__all__ = ["Container", "DataParallel", "Module", "Parameter", "functional", "init", "utils"]
__all__ += [*layers.LAYERS, *criterions.LOSSES, *recurrent.LAYERS, *upsampling.LAYERS, *texts.LAYERS]
__all__ += _UNCHANGED


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


def __dir__():
    return sorted({*globals(), *__all__})
