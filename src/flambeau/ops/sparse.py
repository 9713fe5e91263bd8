"""The public functions and methods of sparse tensors; `flambeau.sparse`, imported when one is made, does the work.

Methods are those of ordinary tensors: SparseTensor has its own.
"""

from .. import _core
from ..layout import sparse_coo, sparse_csc, sparse_csr, strided
from ..size import Size
from ._args import check_tensor
from .op import Op, composite


class SparseCooTensorWithDimsAndTensors(Op, name="_sparse_values", view=True):
    """The values of a sparse tensor made of a tensor with history."""

    @staticmethod
    def forward(ctx, values):
        return values[...]

    @staticmethod
    def backward(ctx, grad):
        return grad


@composite()
def sparse_coo_tensor(indices, values=None, size=None, *, dtype=None, device=None, pin_memory=False,
                      requires_grad=False, check_invariants=None, is_coalesced=None):  # fmt: skip
    """sparse_coo_tensor(indices, values, size=None, *, dtype=None, device=None, requires_grad=False) -> SparseTensor
    sparse_coo_tensor(size, ...) -> SparseTensor without entries

    Entry i is values[i] at the coordinates indices[:, i]; indices: ints (sparse_dim, nnz), values: (nnz, *dense
    sizes). Equal coordinates add up. size: (*sparse sizes, *dense sizes), by default the smallest that fits.
    Gradients pass to values. Raises RuntimeError when the parts do not fit together or an index is outside of the size.
    """
    from ..sparse.construct import coo

    return coo(indices, values, size, dtype=dtype, device=device, requires_grad=requires_grad,
               check_invariants=check_invariants, is_coalesced=is_coalesced)  # fmt: skip


@composite()
def sparse_compressed_tensor(compressed_indices, plain_indices, values, size=None, *, dtype=None, layout=None,
                             device=None, pin_memory=False, requires_grad=False, check_invariants=None):  # fmt: skip
    """sparse_compressed_tensor(compressed_indices, plain_indices, values, size=None, *, layout) -> SparseTensor

    A matrix in the layout sparse_csr or sparse_csc: the entries of row (column) i are those from
    compressed_indices[i] to compressed_indices[i + 1], in the columns (rows) plain_indices. Gradients pass to
    values. Raises RuntimeError when the parts do not fit together.
    """
    from ..sparse.construct import compressed

    return compressed(compressed_indices, plain_indices, values, size, dtype=dtype, layout=layout, device=device,
                      requires_grad=requires_grad, check_invariants=check_invariants)  # fmt: skip


@composite()
def sparse_csr_tensor(
    crow_indices, col_indices, values, size=None, *, dtype=None, layout=sparse_csr, **options
):
    """sparse_csr_tensor(crow_indices, col_indices, values, size=None, *, dtype=None, device=None, requires_grad=False)
    -> SparseTensor: a matrix by compressed rows; see sparse_compressed_tensor."""
    return sparse_compressed_tensor(
        crow_indices, col_indices, values, size, dtype=dtype, layout=sparse_csr, **options
    )


@composite()
def sparse_csc_tensor(
    ccol_indices, row_indices, values, size=None, *, dtype=None, layout=sparse_csc, **options
):
    """sparse_csc_tensor(ccol_indices, row_indices, values, size=None, *, dtype=None, device=None, requires_grad=False)
    -> SparseTensor: a matrix by compressed columns; see sparse_compressed_tensor."""
    return sparse_compressed_tensor(
        ccol_indices, row_indices, values, size, dtype=dtype, layout=sparse_csc, **options
    )


def rebuild_sparse(layout, parts, size, coalesced):
    """The sparse tensor that pickling took apart; the parts are checked as those of any."""
    *indices, values = parts
    options = dict(requires_grad=values.requires_grad)
    if layout == "sparse_coo":
        return sparse_coo_tensor(*indices, values.detach(), size, is_coalesced=coalesced, **options)
    kind = {"sparse_csr": sparse_csr, "sparse_csc": sparse_csc}[layout]
    return sparse_compressed_tensor(*indices, values.detach(), size, layout=kind, **options)


def empty_sparse(name, shape, dtype, device, requires_grad, layout, sparse_dim=None):
    """A sparse tensor of a layout without entries, which is what zeros and empty make of it; the last dimensions from
    `sparse_dim` (default: none) are dense."""
    from ..sparse.construct import empty

    sparse_dim = len(shape) if sparse_dim is None else sparse_dim
    if layout is not sparse_coo and sparse_dim != 2:
        raise RuntimeError(
            f"{name}(): the layout {layout} is for matrices (two sparse dimensions), but got size {list(shape)}"
        )
    return empty(Size(shape), sparse_dim, dtype, device, requires_grad, layout)


# ---- conversions of ordinary tensors


@composite("to_sparse", name="_to_sparse")
def to_sparse(input, sparse_dim=None, *, layout=None, blocksize=None, dense_dim=None):
    """x.to_sparse(sparse_dim=None, *, layout=None, dense_dim=None) -> SparseTensor: the elements that are not zero

    sparse_dim: how many of the first dimensions have coordinates (default: all but the dense_dim last). layout:
    sparse_coo (default; coalesced), sparse_csr or sparse_csc. Gradients pass through the elements kept.
    """
    from ..sparse.convert import to_sparse

    return to_sparse(input, sparse_dim, layout=layout, dense_dim=dense_dim)


@composite("to_sparse_coo", name="_to_sparse_coo")
def to_sparse_coo(input):
    """x.to_sparse_coo() -> SparseTensor of the layout sparse_coo; see to_sparse."""
    return to_sparse(input)


@composite("to_sparse_csr", name="_to_sparse_csr")
def to_sparse_csr(input, dense_dim=None):
    """x.to_sparse_csr() -> SparseTensor of the layout sparse_csr, of a matrix; see to_sparse."""
    return to_sparse(input, layout=sparse_csr, dense_dim=dense_dim)


@composite("to_sparse_csc", name="_to_sparse_csc")
def to_sparse_csc(input, dense_dim=None):
    """x.to_sparse_csc() -> SparseTensor of the layout sparse_csc, of a matrix; see to_sparse."""
    return to_sparse(input, layout=sparse_csc, dense_dim=dense_dim)


@composite("to_dense", name="_to_dense")
def to_dense(input, dtype=None, *, masked_grad=None):
    """x.to_dense(dtype=None) -> Tensor of the layout strided; x itself when it is one."""
    return input if dtype is None else input.to(dtype)


@composite("sparse_mask", "_sparse_mask", name="_sparse_mask_of")
def sparse_mask(input, mask):
    """x.sparse_mask(mask) -> SparseTensor with the elements of x at the coordinates of the sparse tensor mask."""
    from ..sparse.convert import sparse_mask

    check_tensor(mask, "sparse_mask", "mask", 2)
    return sparse_mask(input, mask)


@composite("sparse_dim", name="_sparse_dim")
def sparse_dim(input):
    """x.sparse_dim() -> int: how many dimensions have coordinates; 0 for an ordinary tensor."""
    return 0


@composite("dense_dim", name="_dense_dim")
def dense_dim(input):
    """x.dense_dim() -> int: how many dimensions have none; all of an ordinary tensor."""
    return input.ndim


def _only_sparse(name, kind="sparse coordinate tensor"):
    def method(self, *args):
        raise RuntimeError(f"{name} expected {kind} layout but got {strided.title}")

    method.__name__ = method.__qualname__ = name
    method.__doc__ = f"x.{name}(): of sparse tensors; RuntimeError for others."
    composite(name, name=f"_{name}")(method)


def _copy_of(part):
    def copy(input):
        check_tensor(input, f"{part}_copy")
        return getattr(input, part)().clone()

    copy.__name__ = copy.__qualname__ = f"{part}_copy"
    copy.__doc__ = f"{part}_copy(input) -> Tensor: a copy of input.{part}(), of a sparse tensor."
    composite()(copy)


for _name in ("indices", "values", "crow_indices", "col_indices", "ccol_indices", "row_indices"):
    _copy_of(_name)
for _name in (
    "coalesce",
    "is_coalesced",
    "indices",
    "_indices",
    "sparse_resize_",
    "sparse_resize_and_clear_",
):
    _only_sparse(_name)
for _name in ("values", "_values", "_nnz"):
    _only_sparse(_name, "sparse tensor")
for _name in ("crow_indices", "col_indices"):
    _only_sparse(_name, "sparse row compressed tensor")
for _name in ("ccol_indices", "row_indices"):
    _only_sparse(_name, "sparse column compressed tensor")


# ---- products


def _product(name, *tensors, **options):
    from ..sparse.tensor import TABLE

    for i, t in enumerate(tensors):
        if not isinstance(t, _core.TensorBase):
            raise TypeError(f"{name}(): argument {i + 1} must be Tensor, not {type(t).__name__}")
    return TABLE[name](*tensors, **options)


@composite(aliases=("dsmm",))
def spmm(input, mat2):
    """spmm(input, mat2) -> Tensor: the product of a sparse and a dense matrix, dense; mm takes both as well."""
    return _product("spmm", input, mat2)


@composite("smm")
def smm(input, mat):
    """smm(input, mat) -> SparseTensor: the product of a sparse and a dense matrix, with the rows in which input has
    entries."""
    return _product("smm", input, mat)


@composite(aliases=("hsmm",))
def hspmm(mat1, mat2, *, out=None):
    """hspmm(mat1, mat2) -> SparseTensor: the product of a sparse and a dense matrix, with one sparse dimension."""
    result = _product("hspmm", mat1, mat2)
    return result if out is None else out._become(result)


@composite("sspaddmm")
def sspaddmm(input, mat1, mat2, *, beta=1, alpha=1, out=None):
    """sspaddmm(input, mat1, mat2, *, beta=1, alpha=1) -> SparseTensor: beta input + alpha mat1 @ mat2, where
    input and mat1 are sparse matrices and mat2 is dense."""
    result = _product("sspaddmm", input, mat1, mat2, beta=beta, alpha=alpha)
    return result if out is None else out._become(result)


@composite()
def saddmm(input, mat1, mat2, *, beta=1, alpha=1, out=None):
    """saddmm(input, mat1, mat2, *, beta=1, alpha=1) -> SparseTensor: another name of sspaddmm."""
    return sspaddmm(input, mat1, mat2, beta=beta, alpha=alpha, out=out)


@composite("resize_as_sparse_")
def resize_as_sparse_(input, the_template):
    """resize_as_sparse_(input, the_template) -> input with the size and the dimensions of another sparse tensor."""
    return _product("resize_as_sparse_", input, the_template)


@composite("spadd", name="_spadd")
def spadd(input, other):
    """x.spadd(other) -> Tensor: another name of add."""
    return input.add(other)
