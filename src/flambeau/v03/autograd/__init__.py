"""`torch.autograd` of 0.3."""

import importlib

from ..faces import Variable
from . import function, gradcheck, variable
from .function import Function, NestedIOFunction
from .stochastic_function import StochasticFunction
from .variable import backward, grad

variable.install()

__all__ = [
    "Function", "NestedIOFunction", "StochasticFunction", "Variable", "backward", "function", "grad", "gradcheck",
    "variable",
]  # fmt: skip


def __getattr__(name):
    if name not in ("_functions", "profiler"):
        raise AttributeError(f"module 'torch.autograd' has no attribute '{name}'")
    return importlib.import_module(f"{__name__}.{name}")
