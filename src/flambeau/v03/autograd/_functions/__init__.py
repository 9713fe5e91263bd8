"""`torch.autograd._functions` of 0.2 and 0.3: the Functions behind the operations of Variables, which programs imported
although they were private."""

from . import basic_ops, blas, compare, initializers, linalg, pointwise, reduce, stochastic, tensor, utils
from .tensor import *
from .tensor import __all__ as _of_tensor

__all__ = [
    "basic_ops", "blas", "compare", "initializers", "linalg", "pointwise", "reduce", "stochastic", "tensor", "utils",
    *_of_tensor,
]  # fmt: skip
