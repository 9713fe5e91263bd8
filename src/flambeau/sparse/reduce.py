"""Sums, norms and softmax over the entries of sparse tensors."""

import flambeau as fb

from ..layout import sparse_coo
from ..ops._args import check_tensor, normalize_dim, normalize_dims
from .convert import one_each
from .index import added, block, flat, groups
from .tensor import SparseTensor, implements


@implements("sum")
def sum(input, dim=None, keepdim=False, *, dtype=None):
    """sum(input, dim=None, dtype=None): over all dimensions, a dense scalar; over some, a sparse tensor, or a
    dense one when no sparse dimension is left."""
    check_tensor(input, "sum")
    if not isinstance(input, SparseTensor):
        raise TypeError(f"sparse.sum(): expected a sparse tensor, got the layout {input.layout}; use sum")
    if not isinstance(keepdim, bool):
        raise TypeError(f"sum(): argument 'keepdim' must be bool, not {type(keepdim).__name__}")
    dims = normalize_dims(dim, input.ndim, "sum")
    value, n = input._value, input.sparse_dim()
    if dtype is None and not (input.is_floating_point() or input.is_complex()):
        dtype = fb.int64
    if dtype is not None:
        value = value.to(dtype)
    inner = [d - n + 1 for d in dims if d >= n]
    if inner:
        value = value.sum(inner, keepdim=keepdim)
    outer = [d for d in dims if d < n]
    sizes = [1 if d in dims else s for d, s in enumerate(input.shape) if keepdim or d not in dims]
    if len(outer) == n:
        return value.sum(0).reshape(sizes)
    if not outer:
        return SparseTensor(
            input._index, value, sizes, sparse_coo, input._coalesced and input.layout is sparse_coo
        )
    index = input._index.clone()
    index[outer] = 0
    if not keepdim:
        index = index[[d for d in range(n) if d not in outer]]
    return one_each(SparseTensor(index, value, sizes, sparse_coo))


@implements("any")
def any(input, dim=None, keepdim=False):
    if dim is not None:
        raise NotImplementedError(
            "any(): over a dimension it is not defined for sparse tensors; convert with to_dense() first"
        )
    return one_each(input)._value.any()


@implements("norm", "_norm")
def norm(input, p=2, dim=None, keepdim=False, dtype=None):
    """norm(input, p=2) -> dense scalar: the p-norm of all elements."""
    dims = normalize_dims(dim, input.ndim, "norm")
    if len(dims) != input.ndim:
        raise RuntimeError(
            "norm_sparse currently only supports full reductions, so 'dim' must either be empty or contain "
            "all dimensions of "
            "the input"
        )
    value = one_each(input)._value.reshape(-1)
    if dtype is not None:
        value = value.to(dtype)
    result = value.norm(2 if p in (None, "fro") else p)
    return result.reshape([1] * input.ndim) if keepdim else result


def _softmax(name, input, dim, dtype):
    check_tensor(input, name)
    if not isinstance(input, SparseTensor):
        raise TypeError(f"sparse.{name}(): expected a sparse tensor, got the layout {input.layout}")
    dim = normalize_dim(dim, input.ndim)
    x = one_each(input)
    value = x._value if dtype is None else x._value.to(dtype)
    if not (value.is_floating_point() or value.is_complex()):
        raise NotImplementedError(f"sparse.{name}(): \"{name}\" not implemented for '{value.dtype.title}'")
    n = x.sparse_dim()
    if dim >= n:
        return x._with(getattr(value, name)(dim - n + 1))
    if not x._nnz():
        return x._with(value)
    # entries that differ only in `dim` are one distribution; what has no entry counts as minus infinity
    others = [d for d in range(n) if d != dim]
    sizes, _ = block(x)
    position = flat(x._index[others], [sizes[d] for d in others]) if others else x._index[0] * 0
    order, ordered_group, _ = groups(position)
    group = ordered_group.new_zeros(len(order)).index_copy(0, order, ordered_group)
    count = int(ordered_group[-1]) + 1
    wide = group.reshape(-1, *[1] * (value.ndim - 1)).expand(value.shape)
    fixed = value.detach()
    top = fb.full((count, *value.shape[1:]), float("-inf"), dtype=value.dtype, device=value.device)
    top = top.scatter_reduce(0, wide, fixed, "amax")
    shifted = value - top.index_select(0, group)
    total = added(count, group, shifted.exp())
    if name == "softmax":
        return x._with(shifted.exp() / total.index_select(0, group))
    return x._with(shifted - total.log().index_select(0, group))


def softmax(input, dim, *, dtype=None):
    """softmax(input, dim, dtype=None) -> SparseTensor: softmax over the entries along dim; absent ones count
    as -inf."""
    return _softmax("softmax", input, dim, dtype)


def log_softmax(input, dim, *, dtype=None):
    """log_softmax(input, dim, dtype=None) -> SparseTensor: the logarithm of softmax."""
    return _softmax("log_softmax", input, dim, dtype)
