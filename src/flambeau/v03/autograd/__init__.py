"""`torch.autograd` of 0.3."""

from ..faces import Variable
from . import function, gradcheck, variable
from .function import Function, NestedIOFunction
from .variable import backward, grad

variable.install()

__all__ = ["Function", "NestedIOFunction", "Variable", "backward", "function", "grad", "gradcheck", "variable"]
