"""Products with sparse matrices. All are sums over the entries, written in gathers and sums by row: gradients of
the values are products at their coordinates only, those of the dense operand are dense."""

import flambeau as fb

from ..layout import sparse_coo, sparse_csc, sparse_csr
from ..ops._args import check_tensor
from ..ops.autocast import install
from .convert import coordinates, one_each, relaid
from .index import added, groups, pointers
from .tensor import SparseTensor, implements, refuse


def _check_product(a, b):
    check_tensor(a, "mm")
    check_tensor(b, "mm", "mat2", 2)
    if a.ndim != 2 or b.ndim != 2:
        raise RuntimeError(f"mm: expected matrices, got tensors of {a.ndim} and {b.ndim} dimensions")
    if a.shape[1] != b.shape[0]:
        raise RuntimeError(
            f"mat1 and mat2 shapes cannot be multiplied ({a.shape[0]}x{a.shape[1]} and {b.shape[0]}x{b.shape[1]})"
        )
    if a.dtype is not b.dtype:
        raise RuntimeError(f"expected m1 and m2 to have the same dtype, but got: {a.dtype} != {b.dtype}")


def _check_matrix(t):
    if t.dense_dim():
        raise RuntimeError(
            f"mm: expected a matrix of two sparse dimensions, got sparse_dim {t.sparse_dim()} and dense_dim "
            f"{t.dense_dim()}"
        )


@implements("mm", "spmm", "dsmm", mixed=True)
def mm(input, mat2, reduce=None):
    """mm(input, mat2): sparse @ dense and dense @ sparse -> dense; sparse @ sparse -> sparse."""
    _check_product(input, mat2)
    if reduce not in (None, "sum"):
        raise NotImplementedError(f"sparse.mm(): reduce={reduce!r} is not defined; sum is")
    if not isinstance(input, SparseTensor):
        if not isinstance(mat2, SparseTensor):
            return input @ mat2
        _check_matrix(mat2)
        return _times_dense(mat2._index.flip(0), mat2._value, input.t(), mat2.shape[1]).t()
    _check_matrix(input)
    if not isinstance(mat2, SparseTensor):
        return _times_dense(input._index, input._value, mat2, input.shape[0])
    _check_matrix(mat2)
    return _times_sparse(input, mat2)


def _times_dense(index, value, dense, n):
    row, column = index
    return added(n, row, value.unsqueeze(1) * dense.index_select(0, column))


def _times_sparse(a, b):
    """Each entry (i, k) of a meets all entries (k, j) of b."""
    layout, b = a.layout, one_each(b)
    a = coordinates(a)
    row, inner = a._index
    start = pointers(b._index[0], b.shape[0])
    counts = (start[1:] - start[:-1])[inner]
    which = fb.arange(a._nnz(), device=a.device).repeat_interleave(counts)
    before = (counts.cumsum(0) - counts)[which]
    other = fb.arange(len(which), device=a.device) - before + start[inner[which]]
    value = a._value.index_select(0, which) * b._value.index_select(0, other)
    index = fb.stack((row[which], b._index[1][other]))
    return relaid(one_each(SparseTensor(index, value, (a.shape[0], b.shape[1]), sparse_coo)), layout)


@implements("mv", mixed=True)
def mv(input, vec):
    """mv(input, vec): a sparse matrix times a dense vector -> dense."""
    check_tensor(input, "mv")
    check_tensor(vec, "mv", "vec", 2)
    if not isinstance(input, SparseTensor) or isinstance(vec, SparseTensor):
        raise refuse("mv of a sparse vector")
    if input.ndim != 2 or vec.ndim != 1:
        raise RuntimeError(
            f"mv: expected a matrix and a vector, got tensors of {input.ndim} and {vec.ndim} dimensions"
        )
    if input.shape[1] != vec.shape[0]:
        raise RuntimeError(
            f"mv: expected self.size(-1) == vec.size(-1), got {input.shape[1]} and {vec.shape[0]}"
        )
    return mm(input, vec.unsqueeze(1)).squeeze(1)


@implements("bmm", mixed=True)
def bmm(input, mat2):
    """bmm(input, mat2): a batch of sparse matrices (b, n, m) times a dense (b, m, p) -> dense (b, n, p)."""
    check_tensor(input, "bmm")
    check_tensor(mat2, "bmm", "mat2", 2)
    if not isinstance(input, SparseTensor) or isinstance(mat2, SparseTensor):
        raise refuse("bmm of a dense and a sparse tensor")
    if input.ndim != 3 or mat2.ndim != 3 or input.dense_dim():
        raise RuntimeError(
            f"bmm: expected three dimensions, got the sizes {list(input.shape)} and {list(mat2.shape)}"
        )
    b, n, m = input.shape
    if mat2.shape[0] != b or mat2.shape[1] != m:
        raise RuntimeError(f"bmm: the sizes {list(input.shape)} and {list(mat2.shape)} do not fit")
    batch, row, column = input._index
    index = fb.stack((batch * n + row, batch * m + column))
    return _times_dense(index, input._value, mat2.reshape(b * m, -1), b * n).reshape(b, n, mat2.shape[2])


@implements("matmul", "_matmul", mixed=True)
def matmul(input, other):
    """matmul(input, other); the operator `@`: a matrix or vector on either side, at least one sparse."""
    check_tensor(input, "matmul")
    check_tensor(other, "matmul", "other", 2)
    if input.ndim == 2 and other.ndim == 2:
        return mm(input, other)
    if input.ndim == 2 and other.ndim == 1:
        return mv(input, other)
    if input.ndim == 1 and other.ndim == 2 and not isinstance(input, SparseTensor):
        return mm(input.unsqueeze(0), other).squeeze(0)
    if input.ndim == 3 and other.ndim == 3:
        return bmm(input, other)
    raise RuntimeError(
        f"matmul: for sparse tensors only matrices, vectors and batches of equal size are multiplied, got the sizes "
        f"{list(input.shape)} and {list(other.shape)}"
    )


@implements("addmm", "saddmm", mixed=True)
def addmm(input, mat1, mat2, *, beta=1, alpha=1):
    """addmm(input, mat1, mat2, beta=1, alpha=1): beta input + alpha mat1 @ mat2."""
    check_tensor(input, "addmm")
    product = mm(mat1, mat2)
    scaled = product if alpha == 1 else product * alpha
    if isinstance(input, SparseTensor) and not isinstance(product, SparseTensor):
        raise RuntimeError(
            f"addmm: the product is dense, so input must be strided, got the layout {input.layout}"
        )
    if not isinstance(input, SparseTensor):
        input = input.expand(product.shape)
    if beta == 0 and not isinstance(input, SparseTensor):
        return scaled + fb.zeros_like(input) if isinstance(scaled, SparseTensor) else scaled
    return (input if beta == 1 else input * beta) + scaled


@implements("addmm_", mixed=True)
def addmm_(input, mat1, mat2, *, beta=1, alpha=1):
    result = addmm(input, mat1, mat2, beta=beta, alpha=alpha)
    if result.shape != input.shape:
        raise RuntimeError(f"addmm_: the result has the size {list(result.shape)}, self {list(input.shape)}")
    if isinstance(input, SparseTensor):
        input._check_inplace("addmm_")
        return input._become(result)
    return input.copy_(result)


def _kept_rows(sparse, dense):
    """The rows of sparse @ dense that sparse has entries in, and their numbers."""
    if not isinstance(sparse, SparseTensor) or isinstance(dense, SparseTensor):
        raise RuntimeError(
            f"expected a sparse times a dense matrix, got the layouts {sparse.layout} and {dense.layout}; "
            "mm takes other combinations"
        )
    product = mm(sparse, dense)
    order, _, first = groups(sparse._index[0])
    rows = sparse._index[0][order][first]
    return rows, product.index_select(0, rows)


@implements("hspmm", "hsmm", mixed=True)
def hspmm(mat1, mat2):
    """hspmm(mat1, mat2): a sparse times a dense matrix -> sparse with one sparse dimension, the rows that mat1 has."""
    rows, value = _kept_rows(mat1, mat2)
    return SparseTensor(rows.unsqueeze(0), value, (mat1.shape[0], mat2.shape[1]), sparse_coo, True)


@implements("smm", mixed=True)
def smm(input, mat):
    """smm(input, mat): a sparse times a dense matrix -> sparse, with all elements of the rows that input has."""
    rows, value = _kept_rows(input, mat)
    n, m = value.shape
    index = fb.stack((rows.repeat_interleave(m), fb.arange(m, device=rows.device).repeat(n)))
    return SparseTensor(index, value.reshape(-1), (input.shape[0], m), sparse_coo, True)


@implements("sspaddmm", mixed=True)
def sspaddmm(input, mat1, mat2, *, beta=1, alpha=1):
    """sspaddmm(input, mat1, mat2, beta=1, alpha=1) -> sparse: beta input + alpha mat1 @ mat2, mat2 dense."""
    check_tensor(input, "sspaddmm")
    check_tensor(mat1, "sspaddmm", "mat1", 2)
    if not (isinstance(input, SparseTensor) and isinstance(mat1, SparseTensor)):
        raise RuntimeError(
            f"sspaddmm: expected a sparse input and mat1, got the layouts {input.layout} and {mat1.layout}"
        )
    product = smm(mat1, mat2)
    if input.shape != product.shape:
        raise RuntimeError(
            f"sspaddmm: the product has the size {list(product.shape)}, input {list(input.shape)}"
        )
    a, b = coordinates(input), product
    value = fb.cat((a._value if beta == 1 else a._value * beta, b._value if alpha == 1 else b._value * alpha))
    return SparseTensor(fb.cat((a._index, b._index), 1), value, input.shape, sparse_coo)


def sampled_addmm(input, mat1, mat2, *, beta=1.0, alpha=1.0, out=None):
    """sampled_addmm(input, mat1, mat2, *, beta=1.0, alpha=1.0, out=None) -> SparseTensor

    beta input + alpha (mat1 @ mat2) at the coordinates of input (n, p); mat1 (n, m) and mat2 (m, p) are dense.
    The product is computed at these coordinates only.
    """
    if not isinstance(input, SparseTensor) or input.layout not in (sparse_coo, sparse_csr, sparse_csc):
        raise RuntimeError(
            f"sampled_addmm: Expected self to have a sparse layout, but got {getattr(input, 'layout', None)}"
        )
    _check_product(mat1, mat2)
    if tuple(input.shape) != (mat1.shape[0], mat2.shape[1]):
        raise RuntimeError(
            f"sampled_addmm: self.shape must match the product's: got {list(input.shape)}, expected "
            f"{[mat1.shape[0], mat2.shape[1]]}"
        )
    row, column = input._index
    products = (mat1.index_select(0, row) * mat2.t().index_select(0, column)).sum(1)
    value = alpha * products if beta == 0 else input._value * beta + products * alpha
    result = input._with(value)
    return result if out is None else out._become(result)


install("sparse", globals())
