"""Sparse tensors: coordinates and values (COO), compressed rows and columns (CSR, CSC).

`flambeau.sparse_coo_tensor`, `sparse_csr_tensor` and `Tensor.to_sparse` make them; operators, `sum`, `mm`,
`softmax`, ... work on them, with gradients for the values and for dense operands. `tensor.py` says how they are built.
"""

from . import convert, pointwise, shape  # each registers its operations
from .construct import check_sparse_tensor_invariants, spdiags
from .matmul import addmm, mm, sampled_addmm
from .reduce import log_softmax, softmax, sum
from .tensor import SparseTensor, as_sparse_gradcheck, install
from .typed import TYPED, SparseTensorType

install()
globals().update(TYPED)

__all__ = [
    "SparseTensor",
    "SparseTensorType",
    "addmm",
    "as_sparse_gradcheck",
    "check_sparse_tensor_invariants",
    "convert",
    "log_softmax",
    "mm",
    "pointwise",
    "sampled_addmm",
    "shape",
    "softmax",
    "spdiags",
    "sum",
    *TYPED,
]
