"""The operations. One class per differentiable op, found by grepping its public name; `op.py` says what a class says.

Importing this package registers them all; `FUNCTIONS` and `METHODS` are what the public namespace and Tensor get.
"""

from . import (
    activation,
    bessel,
    binomial,
    compare,
    complex,
    conv,
    convert,
    create,
    decomposition,
    distance,
    dropout,
    einsum,
    elementary,
    embedding,
    fft,
    index,
    info,
    join,
    lapack_names,
    ldl,
    linalg,
    loss,
    lowrank,
    matrix,
    matrix_functions,
    memory,
    norm,
    older_names,
    pad,
    part,
    pointwise,
    pool,
    random,
    reduce,
    scan,
    select,
    shape,
    signal,
    softmax,
    solve,
    sort,
    sparse,
    special,
    stats,
)
from .op import FUNCTIONS, METHODS, Binary, Op, Pointwise, Unary, composite

__all__ = ["FUNCTIONS", "METHODS", "Binary", "Op", "Pointwise", "Unary", "composite"]
