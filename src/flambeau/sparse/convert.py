"""Coalescing, conversions between layouts, to and from dense tensors, parts, masks."""

import math

import flambeau as fb

from ..layout import ALL as LAYOUTS
from ..layout import sparse_coo, sparse_csc, sparse_csr, strided
from ..ops._args import check_options, check_tensor
from .index import added, block, flat, found, groups, pointers, unflat
from .tensor import SparseTensor, implements


@implements("coalesce")
def coalesce(input):
    """coalesce() -> the same tensor with one entry per coordinate, in order; entries of equal coordinates are added."""
    if input.layout is not sparse_coo:
        raise RuntimeError(f"coalesce expected sparse coordinate tensor layout but got {input.layout.title}")
    return input if input._coalesced else _merged(input)


def _merged(input):
    sizes, _ = block(input)
    order, group, first = groups(flat(input._index, sizes))
    value = input._value.index_select(0, order)
    index = input._index.index_select(1, order)
    if not bool(first.all()):
        value = added(int(group[-1]) + 1, group, value)
        index = index[:, first]
    return SparseTensor(index, value, input.shape, sparse_coo, True)


@implements("is_coalesced")
def is_coalesced(input):
    """is_coalesced() -> bool: whether entries are known to be in order, with distinct coordinates."""
    if input.layout is not sparse_coo:
        raise RuntimeError(
            f"is_coalesced expected sparse coordinate tensor layout but got {input.layout.title}"
        )
    return input._coalesced


def coordinates(input):
    """The tensor in the coordinate layout, with the same entries in the same order."""
    if input.layout is sparse_coo:
        return input
    return SparseTensor(input._index, input._value, input.shape, sparse_coo, False)


def one_each(input):
    """The coalesced coordinate form of a tensor of any sparse layout."""
    return coalesce(coordinates(input))


def relaid(result, layout):
    """A coordinate tensor in the given layout."""
    if layout is sparse_csr or layout is sparse_csc:
        return to_compressed(result, layout)
    return result


# ---- the parts


@implements("indices")
def indices(input):
    if input.layout is not sparse_coo:
        raise RuntimeError(f"indices expected sparse coordinate tensor layout but got {input.layout.title}")
    if not input._coalesced:
        raise RuntimeError("Cannot get indices on an uncoalesced tensor, please call .coalesce() first")
    return input._index


@implements("values")
def values(input):
    if input.layout is sparse_coo and not input._coalesced:
        raise RuntimeError("Cannot get values on an uncoalesced tensor, please call .coalesce() first")
    return input._value


@implements("_indices")
def _indices(input):
    if input.layout is not sparse_coo:
        raise RuntimeError(f"_indices expected sparse coordinate tensor layout but got {input.layout.title}")
    return input._index


@implements("_values")
def _values(input):
    return input._value.detach()


def _compressed(layout, which, name, kind):
    def part(input):
        if input.layout is not layout:
            raise RuntimeError(
                f"{name} expected sparse {kind} compressed tensor layout but got {input.layout.title}"
            )
        if input._compressed is None:
            major, minor = input._index if layout is sparse_csr else input._index.flip(0)
            n = input.shape[0 if layout is sparse_csr else 1]
            input._compressed = pointers(major, n), minor
        return input._compressed[which]

    part.__name__ = name
    return implements(name)(part)


crow_indices = _compressed(sparse_csr, 0, "crow_indices", "row")
col_indices = _compressed(sparse_csr, 1, "col_indices", "row")
ccol_indices = _compressed(sparse_csc, 0, "ccol_indices", "column")
row_indices = _compressed(sparse_csc, 1, "row_indices", "column")


# ---- conversions


@implements("to_dense", "_to_dense")
def to_dense(input, dtype=None, *, masked_grad=None):
    """to_dense(dtype=None) -> Tensor of layout strided; gradients reach the entries."""
    sizes, n = block(input)
    value = (
        added(n, flat(input._index, sizes), input._value) if sizes else input._value.sum(0, dtype=input.dtype)
    )
    dense = value.reshape(input.shape)
    return dense if dtype is None else dense.to(dtype)


def layout_of(name, layout):
    if layout is None or layout in LAYOUTS:
        return layout
    raise RuntimeError(f"{name}: unknown layout {layout!r}; known are {', '.join(map(str, LAYOUTS))}")


@implements("to_sparse")
def to_sparse(input, sparse_dim=None, *, layout=None, blocksize=None, dense_dim=None):
    """See `Tensor.to_sparse`."""
    layout = layout_of("to_sparse", layout)
    if isinstance(input, SparseTensor):
        if sparse_dim is not None and sparse_dim != input.sparse_dim():
            raise RuntimeError(
                f"to_sparse: conversion from {input.layout.title} to Sparse with sparse_dim argument "
                "!=self.sparse_dim() is not supported"
            )
        if dense_dim is not None and dense_dim != input.dense_dim():
            raise RuntimeError(
                f"to_sparse: dense_dim {dense_dim} was asked for, the sparse tensor has {input.dense_dim()}; convert "
                "with to_dense() first"
            )
        layout = layout or sparse_coo
        if layout is input.layout:
            return input
        if layout is strided:
            return to_dense(input)
        if layout is sparse_coo:
            return _merged(coordinates(input)) if input.layout is sparse_csc else _as_coalesced(input)
        return to_compressed(input, layout)
    if layout is strided:
        return input
    d = input.ndim - (dense_dim or 0) if sparse_dim is None else sparse_dim
    if not 0 <= d <= input.ndim or (d == 0 and input.ndim):
        raise RuntimeError(
            f"dense_to_sparse: sparse_dim argument must be in [0,{input.ndim}] range, but {d} is given"
        )
    made = _from_dense(input, d)
    return relaid(made, layout)


def _as_coalesced(input):
    made = coordinates(input)
    made = SparseTensor(made._index, made._value, made.shape, sparse_coo, False)
    position = flat(made._index, made.shape[:2])
    made._coalesced = len(position) < 2 or bool((position[1:] > position[:-1]).all())
    return made


def _from_dense(input, d):
    sizes, dense = tuple(input.shape[:d]), tuple(input.shape[d:])
    rows = input.reshape(math.prod(sizes), *dense)
    kept = rows.detach() != 0
    if dense:
        kept = kept.reshape(len(rows), math.prod(dense)).any(1)
    position = kept.nonzero().reshape(-1)
    return SparseTensor(
        unflat(position, sizes), rows.index_select(0, position), input.shape, sparse_coo, True
    )


@implements("to_sparse_coo")
def to_sparse_coo(input):
    return to_sparse(input)


@implements("to_sparse_csr")
def to_sparse_csr(input, dense_dim=None):
    return to_sparse(input, layout=sparse_csr, dense_dim=dense_dim)


@implements("to_sparse_csc")
def to_sparse_csc(input, dense_dim=None):
    return to_sparse(input, layout=sparse_csc, dense_dim=dense_dim)


def to_compressed(input, layout):
    """A sparse matrix, of numbers or of blocks of dense dimensions, in a compressed layout."""
    if input.sparse_dim() != 2:
        raise RuntimeError(
            f"to_{layout.name}: only tensors of two sparse dimensions have the layout {layout}, got sparse_dim "
            f"{input.sparse_dim()} and dense_dim {input.dense_dim()}"
        )
    made = one_each(input)
    index, value = made._index, made._value
    if layout is sparse_csc:
        order = fb.argsort(index[1], stable=True)
        index, value = index[:, order], value.index_select(0, order)
    return SparseTensor(index, value, input.shape, layout)


@implements("_to_copy", "_to", "to")
def to(input, *args, **kwargs):
    """to(dtype or device) -> the tensor with its values converted and its parts moved; self when there is
    nothing to do."""
    kwargs.pop("memory_format", None)
    if isinstance(kwargs.get("other"), SparseTensor):
        kwargs["other"] = kwargs["other"]._value
    value = input._value.to(*[a._value if isinstance(a, SparseTensor) else a for a in args], **kwargs)
    if value is input._value:
        return input
    new = input._with(value)
    if value.device != input._index.device:
        new._index, new._compressed = input._index.to(value.device), None
    return new


@implements("type_as")
def type_as(input, other):
    return to(input, other)


def _conversion(name):
    def convert(input):
        return to(input, getattr(fb, name))

    convert.__name__ = name
    implements(name)(convert)


for _name in ("float", "double", "half", "bfloat16", "int", "long", "short", "bool", "cfloat", "cdouble"):
    _conversion(_name)
implements("byte")(lambda input: to(input, fb.uint8))
implements("char")(lambda input: to(input, fb.int8))


@implements("clone")
def clone(input, *, memory_format=None):
    new = input._with(input._value.clone())
    new._index = input._index.clone()
    new._compressed = None
    return new


@implements("sparse_mask", "_sparse_mask", mixed=True)
def sparse_mask(input, mask):
    """See `Tensor.sparse_mask`."""
    check_tensor(input, "sparse_mask")
    check_tensor(mask, "sparse_mask", "mask", 2)
    if not isinstance(mask, SparseTensor):
        raise NotImplementedError(
            f"sparse_mask(): argument 'mask' must be a sparse tensor, got the layout {mask.layout}"
        )
    if input.shape != mask.shape:
        raise RuntimeError(
            f"sparse_mask(): operands have incompatible sizes; self has size {list(input.shape)} but mask has size "
            f"{list(mask.shape)}"
        )
    sizes, n = block(mask)
    position = flat(mask._index, sizes)
    if not isinstance(input, SparseTensor):
        rows = input.reshape(n, *input.shape[len(sizes) :])
        return mask._with(rows.index_select(0, position))
    source = one_each(input)
    if source.sparse_dim() != mask.sparse_dim():
        raise RuntimeError(
            f"sparse_mask(): self has {source.sparse_dim()} sparse dimensions, mask has {mask.sparse_dim()}"
        )
    there, where = found(position, flat(source._index, sizes))
    if not source._nnz():
        return mask._with(fb.zeros_like(mask._value, dtype=source.dtype))
    value = source._value.index_select(0, where)
    keep = there.reshape(-1, *[1] * (value.ndim - 1))
    return mask._with(fb.where(keep, value, fb.zeros((), dtype=value.dtype, device=value.device)))


@implements("new", "_new")
def new(input, *args, device=None):
    """new(indices, values[, size]) or new(*size) -> sparse tensor of the dtype and device of this one."""
    from .construct import coo, empty

    options = dict(dtype=input.dtype, device=input.device if device is None else device)
    if args and isinstance(args[0], fb.Tensor) and len(args) > 1:
        return coo(*args, **options)
    size = args[0] if len(args) == 1 and not isinstance(args[0], int) else args or (0,)
    return empty(fb.Size(size), len(size), **options)


def _new_zeros(name):
    def method(self, *size, dtype=None, device=None, requires_grad=False, layout=None, pin_memory=False):
        from .construct import empty

        dtype, device = dtype or self.dtype, device or self.device
        if layout is None or layout is sparse_coo:
            size = fb.Size(size[0] if len(size) == 1 and not isinstance(size[0], int) else size)
            return empty(size, len(size), dtype, device, requires_grad)
        check_options(name, layout=layout)
        return fb.zeros(*size, dtype=dtype, device=device, requires_grad=requires_grad, layout=layout)

    method.__name__ = name
    implements(name)(method)


_new_zeros("new_zeros")
_new_zeros("new_empty")
