"""The operations. One class per differentiable op, found by grepping its public name; `op.py` says what a class says.

Importing this package registers them all; `FUNCTIONS` and `METHODS` are what the public namespace and Tensor get.
"""

from . import (
    activation,
    compare,
    complex,
    conv,
    convert,
    create,
    dropout,
    einsum,
    elementary,
    embedding,
    index,
    info,
    join,
    linalg,
    loss,
    matrix,
    norm,
    pad,
    part,
    pointwise,
    pool,
    random,
    reduce,
    scan,
    select,
    shape,
    softmax,
    sort,
)
from .op import FUNCTIONS, METHODS, Binary, Op, Pointwise, Unary, composite

__all__ = ["FUNCTIONS", "METHODS", "Binary", "Op", "Pointwise", "Unary", "composite"]
