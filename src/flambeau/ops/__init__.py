"""The operations. One class per differentiable op, found by grepping its public name; see `op.py` for what a class says.

Importing this package registers them all; `FUNCTIONS` and `METHODS` are what the public namespace and Tensor get.
"""

from . import create, pointwise  # noqa: F401
from .op import FUNCTIONS, METHODS, Binary, Op, Pointwise, Unary, composite

__all__ = ["FUNCTIONS", "METHODS", "Binary", "Op", "Pointwise", "Unary", "composite"]
