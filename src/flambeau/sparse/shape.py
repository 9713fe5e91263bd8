"""Transposing, selecting, joining: changes of the coordinates."""

import operator

import flambeau as fb

from ..layout import sparse_coo, sparse_csc, sparse_csr
from ..ops._args import ints, normalize_dim, normalize_dims
from .convert import coordinates, one_each
from .tensor import SparseTensor, implements, refuse


@implements("permute")
def permute(input, *dims):
    """permute(*dims): sparse dimensions among themselves and dense ones among themselves."""
    given = ints(dims, "permute", "dims")
    order = normalize_dims(given, input.ndim, "permute")
    if len(order) != input.ndim:
        raise RuntimeError(
            f"permute(sparse_coo): number of dimensions in the tensor input does not match the length of the "
            f"desired ordering "
            f"of dimensions i.e. input.dim() = {input.ndim} is not equal to len(dims) = {len(order)}"
        )
    n = input.sparse_dim()
    if any(d >= n for d in order[:n]):
        raise RuntimeError("permute: transpositions between sparse and dense dimensions are not allowed.")
    size = [input.shape[d] for d in order]
    value = input._value
    if list(order[n:]) != list(range(n, input.ndim)):
        value = value.permute(0, *[d - n + 1 for d in order[n:]])
    if list(order[:n]) == list(range(n)):
        return SparseTensor(input._index, value, size, input.layout, input._coalesced)
    layout = {sparse_csr: sparse_csc, sparse_csc: sparse_csr}.get(input.layout, sparse_coo)
    new = SparseTensor(input._index[list(order[:n])], value, size, layout)
    new._compressed = input._compressed
    return new


@implements("transpose", "swapaxes", "swapdims")
def transpose(input, dim0, dim1):
    """transpose(dim0, dim1): both sparse or both dense dimensions."""
    order = list(range(input.ndim))
    a, b = normalize_dim(dim0, input.ndim), normalize_dim(dim1, input.ndim)
    if input.ndim:
        order[a], order[b] = b, a
    return permute(input, order)


@implements("t")
def t(input):
    """t(): the transpose of a matrix; a vector as it is."""
    if input.ndim > 2 or input.sparse_dim() > 2:
        raise RuntimeError(
            f"t() expects a tensor with <= 2 sparse and 0 dense dimensions, but self has the size {list(input.shape)}"
        )
    return transpose(input, 0, 1) if input.ndim == 2 else input


@implements("mT")
def mT(input):
    return transpose(input, -2, -1)


@implements("mH", "adjoint")
def mH(input):
    return mT(input).conj()


implements("T")(t)
implements("H")(mH)


def _in_place(name, function):
    def method(input, *args):
        input._check_inplace(name)
        result = function(input, *args)
        input._become(result)
        input.layout = result.layout
        return input

    method.__name__ = name
    implements(name)(method)


for _name, _function in (
    ("t_", t),
    ("transpose_", transpose),
    ("swapaxes_", transpose),
    ("swapdims_", transpose),
):
    _in_place(_name, _function)


@implements("unsqueeze")
def unsqueeze(input, dim):
    """unsqueeze(dim): a new dimension of size 1, sparse unless it lies behind the first dense one."""
    d = normalize_dim(dim, input.ndim + 1)
    n = input.sparse_dim()
    size = [*input.shape[:d], 1, *input.shape[d:]]
    x = coordinates(input)
    if d > n:
        return SparseTensor(x._index, x._value.unsqueeze(d - n + 1), size, sparse_coo, x._coalesced)
    index = fb.cat((x._index[:d], x._index.new_zeros(1, x._nnz()), x._index[d:]))
    return SparseTensor(index, x._value, size, sparse_coo, x._coalesced)


@implements("select")
def select(input, dim, index):
    """select(dim, index): sparse, or dense when no sparse dimension is left."""
    d = normalize_dim(dim, input.ndim)
    i, size = operator.index(index), input.shape[d]
    if not -size <= i < size:
        raise IndexError(
            f"select(): index {i} out of range for tensor of size {list(input.shape)} at dimension {d}"
        )
    i %= size
    x, n = coordinates(input), input.sparse_dim()
    left = [*input.shape[:d], *input.shape[d + 1 :]]
    if d >= n:
        return SparseTensor(x._index, x._value.select(d - n + 1, i), left, sparse_coo, x._coalesced)
    kept = (x._index[d] == i).nonzero().reshape(-1)
    value = x._value.index_select(0, kept)
    if n == 1:
        return value.sum(0, dtype=value.dtype) if value.dtype is not fb.bool else value.any(0)
    index = x._index[[k for k in range(n) if k != d]][:, kept]
    return SparseTensor(index, value, left, sparse_coo, x._coalesced)


@implements("narrow", "narrow_copy")
def narrow(input, dim, start, length):
    """narrow(dim, start, length): the part of a dimension."""
    d = normalize_dim(dim, input.ndim)
    size = input.shape[d]
    start = start + size if start < 0 else start
    if length < 0 or start < 0 or start + length > size:
        raise RuntimeError(f"start ({start}) + length ({length}) exceeds dimension size ({size}).")
    x, n = coordinates(input), input.sparse_dim()
    left = [*input.shape[:d], length, *input.shape[d + 1 :]]
    if d >= n:
        return SparseTensor(
            x._index, x._value.narrow(d - n + 1, start, length), left, sparse_coo, x._coalesced
        )
    kept = ((x._index[d] >= start) & (x._index[d] < start + length)).nonzero().reshape(-1)
    index = x._index[:, kept]
    index[d] -= start
    return SparseTensor(index, x._value.index_select(0, kept), left, sparse_coo, x._coalesced)


@implements("index_select")
def index_select(input, dim, index):
    """index_select(dim, index): the chosen places of a dimension, in the order of index."""
    d = normalize_dim(dim, input.ndim)
    size = input.shape[d]
    if not isinstance(index, fb.Tensor) or index.ndim > 1 or index.dtype not in (fb.int64, fb.int32):
        raise RuntimeError("index_select() index must be 1-D and of dtype int64 or int32")
    index = index.reshape(-1).to(fb.int64)
    if len(index) and (int(index.min()) < -size or int(index.max()) >= size):
        raise IndexError(
            f"index_select(): index contains values out of range for dimension {d} of size {size}"
        )
    index = index % size if size else index
    x, n = coordinates(input), input.sparse_dim()
    left = [*input.shape[:d], len(index), *input.shape[d + 1 :]]
    if d >= n:
        return SparseTensor(x._index, x._value.index_select(d - n + 1, index), left, sparse_coo, x._coalesced)
    hits = (index.unsqueeze(1) == x._index[d].unsqueeze(0)).nonzero()  # (place in index, entry)
    place, entry = hits[:, 0], hits[:, 1]
    coordinate = x._index[:, entry]
    coordinate[d] = place
    return SparseTensor(coordinate, x._value.index_select(0, entry), left, sparse_coo)


@implements("getitem")
def getitem(input, key):
    """input[key] with ints, full slices, slices of step 1, None, Ellipsis and one index tensor or list."""
    keys = list(key) if isinstance(key, tuple) else [key]
    if any(k is Ellipsis for k in keys):
        at = next(i for i, k in enumerate(keys) if k is Ellipsis)
        used = sum(k is not None and k is not Ellipsis for k in keys)
        keys[at : at + 1] = [slice(None)] * (input.ndim - used)
    if sum(k is not None for k in keys) > input.ndim:
        raise IndexError(f"too many indices for tensor of dimension {input.ndim}")
    out, d = input, 0
    for k in keys:
        if not isinstance(out, SparseTensor):
            out = out[(slice(None),) * d + (k,)]
            d += not hasattr(k, "__index__") or isinstance(k, fb.Tensor)
        elif k is None:
            out, d = unsqueeze(out, d), d + 1
        elif isinstance(k, slice):
            start, stop, step = k.indices(out.shape[d])
            if step != 1:
                raise refuse("[] with a step", input.layout)
            if (start, stop) != (0, out.shape[d]):
                out = narrow(out, d, start, max(stop - start, 0))
            d += 1
        elif isinstance(k, (list, fb.Tensor)) and not (isinstance(k, fb.Tensor) and k.ndim == 0):
            k = fb.tensor(k) if isinstance(k, list) else k
            if sum(isinstance(other, (list, fb.Tensor)) for other in keys) > 1 or k.ndim != 1:
                raise refuse("[] with several index tensors", input.layout)
            out, d = index_select(out, d, k.nonzero().reshape(-1) if k.dtype is fb.bool else k), d + 1
        else:
            out = select(out, d, k)
    return out


@implements("unbind")
def unbind(input, dim=0):
    """unbind(dim=0) -> tuple of the parts along a dimension."""
    return tuple([select(input, dim, i) for i in range(input.shape[normalize_dim(dim, input.ndim)])])


def _listed(name, tensors):
    if isinstance(tensors, fb.Tensor):
        raise TypeError(f"{name}(): argument 'tensors' (position 1) must be tuple of Tensors, not Tensor")
    return list(tensors)


@implements("cat", "concat", "concatenate", mixed=True)
def cat(tensors, dim=0):
    """cat(tensors, dim=0): sparse tensors joined along a dimension."""
    tensors = _listed("cat", tensors)
    for i, other in enumerate(tensors):
        if not isinstance(other, SparseTensor):
            raise RuntimeError(
                f"Concatenating sparse tensors, but a dense tensor was found at position {i}; convert with "
                f"to_sparse() or "
                "to_dense() first."
            )
    first = tensors[0]
    d, n = normalize_dim(dim, first.ndim), first.sparse_dim()
    for i, other in enumerate(tensors):
        expected = [s for k, s in enumerate(first.shape) if k != d]
        if [s for k, s in enumerate(other.shape) if k != d] != expected:
            raise RuntimeError(
                f"All tensors must have the same shape: {list(first.shape)} (except in the concatenating "
                f"dimension), but found "
                f"shape: {list(other.shape)} at position {i}"
            )
        if other.sparse_dim() != n:
            raise RuntimeError(
                f"All tensors must have the same sparse_dim and dense_dim: {n}, {first.dense_dim()}, but "
                f"tensor at position {i} "
                f"has {other.sparse_dim()}, {other.dense_dim()}"
            )
    dtype = first.dtype
    for other in tensors[1:]:
        dtype = fb.promote_types(dtype, other.dtype)
    parts = [coordinates(x) for x in tensors]
    total = sum(x.shape[d] for x in parts)
    size = [*first.shape[:d], total, *first.shape[d + 1 :]]
    indices, values, start = [], [], 0
    for x in parts:
        index, value = x._index, x._value.to(dtype)
        if d < n:
            index = index.clone()
            index[d] += start
        else:
            k = d - n
            zeros = [fb.zeros(x._nnz(), *x.shape[n:d], m, *x.shape[d + 1 :], dtype=dtype, device=x.device)
                     for m in (start, total - start - x.shape[d])]  # fmt: skip
            value = fb.cat((zeros[0], value, zeros[1]), k + 1)
        indices.append(index)
        values.append(value)
        start += x.shape[d]
    coalesced = d == 0 and n > 0 and all(x._coalesced for x in parts)
    return SparseTensor(fb.cat(indices, 1), fb.cat(values), size, sparse_coo, coalesced)


@implements("stack", mixed=True)
def stack(tensors, dim=0):
    """stack(tensors, dim=0): sparse tensors of one size along a new dimension."""
    tensors = _listed("stack", tensors)
    for other in tensors:
        if not isinstance(other, SparseTensor):
            raise refuse("stack of sparse and dense tensors")
        if other.shape != tensors[0].shape:
            raise RuntimeError(
                f"stack expects each tensor to be equal size, but got {list(tensors[0].shape)} and {list(other.shape)}"
            )
    d = normalize_dim(dim, tensors[0].ndim + 1)
    return cat([unsqueeze(x, d) for x in tensors], d)


@implements("equal", mixed=True)
def equal(input, other):
    """equal(other) -> bool: the same size and, absent entries being zero, the same elements."""
    if not isinstance(input, SparseTensor) or not isinstance(other, SparseTensor):
        raise refuse("equal of a sparse and a dense tensor")
    if input.shape != other.shape:
        return False
    a, b = one_each(input), one_each(other)
    if a.sparse_dim() == b.sparse_dim() and a._index.shape == b._index.shape and a._index.equal(b._index):
        return bool(a._value.equal(b._value))
    return a.to_dense().equal(b.to_dense())
