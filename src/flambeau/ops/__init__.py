"""The operations. One class per differentiable op, found by grepping its public name; see `op.py` for what a class says.

Importing this package registers them all; `FUNCTIONS` and `METHODS` are what the public namespace and Tensor get.
"""

from . import activation, compare, complex, convert, create, elementary, index, join, part, pointwise, random, shape, conv, dropout, einsum, embedding, linalg, matrix, norm, pad, pool, loss, reduce, scan, select, softmax, sort  # noqa: F401
from .op import FUNCTIONS, METHODS, Binary, Op, Pointwise, Unary, composite

__all__ = ["FUNCTIONS", "METHODS", "Binary", "Op", "Pointwise", "Unary", "composite"]
