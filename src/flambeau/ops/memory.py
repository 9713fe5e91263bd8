"""Tensors given by where their elements lie: strides, files, diagonals written in place; and copies of views."""

import inspect
import itertools
import operator

from .. import _core
from ..dtype import as_dtype, int64
from ..interpreters import any_true
from ..storage import mapped
from ._args import check_number, check_strided, check_tensor, ints, normalize_dim
from .create import _finish, _options, full, ordered, size_of
from .op import FUNCTIONS, METHODS, composite, whole
from .part import AsStrided, along
from .select import ScatterReduce, _replaced, nonzero
from .shape import Alias, Expand, Reshape, View

# ---- factories


@composite()
def empty_strided(size, stride, *, dtype=None, layout=None, device=None, requires_grad=False, pin_memory=False):
    """empty_strided(size, stride, *, dtype=None, device=None, requires_grad=False) -> uninitialised Tensor with these
    strides (in elements)."""
    check_strided("empty_strided", dtype, device, layout)
    size, stride = size_of((size,), "empty_strided"), ints((stride,), "empty_strided", "stride")
    if len(size) != len(stride):
        raise RuntimeError(
            f"dimensionality of sizes ({len(size)}) must match dimensionality of strides ({len(stride)})"
        )
    if min((*size, *stride, 0)) < 0:
        raise RuntimeError(f"empty_strided: negative sizes or strides: sizes={list(size)}, strides={list(stride)}")
    dtype = as_dtype(dtype)
    span = 0 if 0 in size else 1 + sum((n - 1) * s for n, s in zip(size, stride, strict=True))
    memory = _core.empty_array((span,), dtype.numpy)
    array = _core.strided_view(memory, size, tuple([s * dtype.itemsize for s in stride]), 0)
    return _finish(array, device, requires_grad)


@composite("new_empty_strided", name="_new_empty_strided")
def new_empty_strided(self, size, stride, *, dtype=None, device=None, requires_grad=False, layout=None,
                      pin_memory=False):  # fmt: skip
    """x.new_empty_strided(size, stride) -> like empty_strided, with the dtype and device of x."""
    check_strided("new_empty_strided", dtype, device, layout)
    return empty_strided(size, stride, requires_grad=requires_grad, **_options(self, dtype, device))


@composite()
def empty_permuted(size, physical_layout, *, dtype=None, layout=None, device=None, requires_grad=False,
                   pin_memory=False):  # fmt: skip
    """empty_permuted(size, physical_layout) -> uninitialised Tensor whose dims lie in memory in the given order

    physical_layout: the dims from the one with the largest stride to the one with the smallest.
    """
    check_strided("empty_permuted", dtype, device, layout)
    size, order = size_of((size,), "empty_permuted"), ints((physical_layout,), "empty_permuted", "physical_layout")
    if len(size) != len(order):
        raise RuntimeError(
            "Number of dimensions in size does not match the length of the physical_layout; i.e. len(size) = "
            f"{len(size)} is not equal to len(physical_layout) = {len(order)}"
        )
    order = tuple([normalize_dim(d, len(size)) for d in order])
    if len(set(order)) != len(order):
        raise RuntimeError("Duplicate dim not allowed")
    return _finish(ordered(size, as_dtype(dtype), order), device, requires_grad)


@composite()
def from_file(filename, shared=False, size=0, *, dtype=None, layout=None, device=None, requires_grad=False,
              pin_memory=False):  # fmt: skip
    """from_file(filename, shared=False, size=0, *, dtype=None) -> 1-D Tensor over the first elements of a file

    shared=True: changes are written to the file, which is made or grown to `size` elements. RuntimeError when the file
    is missing or too small otherwise.
    """
    check_strided("from_file", dtype, device, layout)
    array = mapped(filename, bool(shared), operator.index(size), as_dtype(dtype))
    return _finish(array, device, requires_grad)


# ---- the tensor itself over its memory in another way


@composite("as_strided_")
def as_strided_(input, size, stride, storage_offset=None):
    """as_strided_(input, size, stride, storage_offset=None) -> input, itself as as_strided would show it."""
    check_tensor(input, "as_strided_")
    if input.requires_grad and _core.is_grad_enabled():
        raise RuntimeError(
            "as_strided_: cannot change the shape of a tensor that requires grad in place; use as_strided()"
        )
    _core.set_array(input, _core.array_of(AsStrided.function(input.detach(), size, stride, storage_offset)))
    return input


@composite("as_strided_scatter")
def as_strided_scatter(input, src, size, stride, storage_offset=None):
    """as_strided_scatter(input, src, size, stride, storage_offset=None) -> Tensor: a copy of input with src as its
    view as_strided(size, stride, storage_offset)."""
    check_tensor(input, "as_strided_scatter")
    check_tensor(src, "as_strided_scatter", "src", 2)
    return _replaced(
        input.contiguous(), src, lambda t: t.as_strided(size, stride, storage_offset), "as_strided_scatter"
    )


@composite("resize_as", name="_resize_as_copy")
def resize_as(input, other):
    """resize_as(other) -> Tensor: the elements in the shape of other, of the same number of elements (deprecated: use
    reshape_as)."""
    check_tensor(other, "resize_as", "other", 2)
    return Reshape.function(input, other.shape)


@composite("fill_diagonal_", name="_fill_diagonal_")
def fill_diagonal_(input, fill_value, wrap=False):
    """fill_diagonal_(fill_value, wrap=False) -> self with a number on its main diagonal (i, i, ...)

    2 dims, or more of one size. wrap: in a matrix with more rows than columns the diagonal begins anew after each
    block of columns + 1 rows.
    """
    check_tensor(input, "fill_diagonal_")
    fill_value = check_number(fill_value, "fill_diagonal_", "fill_value", 1)
    if input.ndim < 2:
        raise RuntimeError("dimensions must larger than 1")
    if input.ndim > 2 and len(set(input.shape)) > 1:
        raise RuntimeError("all dimensions of input must be of equal length")
    rows, columns = input.shape[0], input.shape[1]
    starts = range(0, rows, columns + 1) if wrap and input.ndim == 2 and columns else (0,)
    for start in starts:
        block = input.narrow(0, start, min(columns, rows - start)) if input.ndim == 2 else input
        diagonal = block
        while diagonal.ndim > 1:
            diagonal = diagonal.diagonal(0, 0, diagonal.ndim - 1)
        diagonal.fill_(fill_value)
    return input


@composite("nonzero_static")
@whole
def nonzero_static(input, *, size, fill_value=-1):
    """nonzero_static(input, *, size, fill_value=-1) -> int64 Tensor (size, input.ndim): the first rows of nonzero,
    followed by rows of fill_value."""
    check_tensor(input, "nonzero_static")
    size = operator.index(size)
    if size < 0:
        raise RuntimeError("nonzero_static: 'size' must be an non-negative integer")
    found = nonzero(input)[:size]
    rest = full((size - found.shape[0], input.ndim), operator.index(fill_value), dtype=int64, device=input.device)
    return FUNCTIONS["cat"]([found, rest], 0)


# ---- reductions of slices into slices


def _index_reduce_arguments(input, dim, index, source, reduce):
    check_tensor(input, "index_reduce_")
    check_tensor(index, "index_reduce_", "index", 3)
    check_tensor(source, "index_reduce_", "source", 4)
    if reduce not in ("prod", "mean", "amax", "amin"):
        raise RuntimeError(
            f"index_reduce(): Expected reduce to be one of prod, mean, amax or amin but got {reduce}."
        )
    if index.ndim > 1 or index.dtype.name not in ("int32", "int64"):
        raise IndexError(
            f"index_reduce_(): Index is supposed to be a vector of ints, got {index.dtype} of {index.ndim} dims"
        )
    if source.dtype is not input.dtype:
        raise RuntimeError("index_reduce_(): self and source expected to have the same dtype")
    d = normalize_dim(dim, input.ndim)
    have, want = list(source.shape) or [1], list(input.shape) or [1]
    if len(have) != len(want) or index.numel() != have[d]:
        raise RuntimeError(
            f"index_reduce_(): Number of indices ({index.numel()}) should be equal to source.size(dim): "
            f"({have[d] if d < len(have) else 0}), for dim: {d}"
        )
    want[d] = have[d]
    if have != want:
        raise RuntimeError(
            f"index_reduce_(): source of shape {list(source.shape)} does not fit input of shape {list(input.shape)}"
        )
    size = input.shape[d] if input.ndim else 1
    if any_true((index < 0) | (index >= size)):
        raise IndexError(f"index_reduce_(): an index is out of bounds for dimension {d} with size {size}")
    column = Reshape.function(index, (-1, *(1,) * (len(have) - 1 - d)))
    return d, Reshape.function(Expand.function(column, have), tuple(source.shape)), source, reduce


@composite("index_reduce")
def index_reduce(input, dim, index, source, reduce, *, include_self=True):
    """index_reduce(input, dim, index, source, reduce, *, include_self=True) -> Tensor: the slices of source along dim
    combined with those of input that a 1-D index names, by "prod", "mean", "amax" or "amin"."""
    arguments = _index_reduce_arguments(input, dim, index, source, reduce)
    return ScatterReduce.function(input, *arguments, include_self=include_self)


@composite("index_reduce_", name="_index_reduce_")
def index_reduce_(input, dim, index, source, reduce, *, include_self=True):
    """index_reduce_(dim, index, source, reduce, *, include_self=True) -> self: see index_reduce."""
    arguments = _index_reduce_arguments(input, dim, index, source, reduce)
    return METHODS["scatter_reduce_"](input, *arguments, include_self=include_self)


# ---- copies of views


def _copied(name, view):
    def function(input, *args, **kwargs):
        check_tensor(input, name)
        seen = view(input, *args, **kwargs)
        return tuple([v.clone() for v in seen]) if isinstance(seen, (tuple, list)) else seen.clone()

    function.__name__ = function.__qualname__ = name
    function.__doc__ = f"{name}(input, ...) -> copies of what {name.removesuffix('_copy')} gives."
    composite()(function)


def _slice(input, dim=0, start=None, end=None, step=1):
    return input[along(normalize_dim(dim, input.ndim), slice(start, end, step))]


_VIEWS = {
    "alias": Alias.function, "detach": lambda x: x[...], "expand": Expand.function, "slice": _slice,
    "unfold": METHODS["unfold"], "view": View.function,
    **{
        n: FUNCTIONS[n]
        for n in ("as_strided", "diagonal", "permute", "select", "split", "split_with_sizes", "squeeze", "t",
                  "transpose", "unbind", "unsqueeze", "view_as_complex", "view_as_real")
    },
}  # fmt: skip
for _name, _view in _VIEWS.items():
    _copied(f"{_name}_copy", _view)


def _unsafe(name):
    split = FUNCTIONS[name]
    signature = inspect.signature(split)

    def function(*args, **kwargs):
        bound = signature.bind(*args, **kwargs)
        bound.apply_defaults()
        input, sizes, dim = bound.arguments.values()
        check_tensor(input, f"unsafe_{name}")
        ends = list(itertools.accumulate(part.shape[dim] for part in split(input.detach(), sizes, dim)))
        return FUNCTIONS["tensor_split"](input, ends[:-1], dim)

    function.__name__ = function.__qualname__ = f"unsafe_{name}"
    function.__doc__ = f"unsafe_{name}(input, ...) -> tuple of Tensors: like {name}; the views may be changed in place."
    function.__signature__ = signature  # type: ignore[attr-defined]
    composite(function.__name__)(function)


for _name in ("chunk", "split", "split_with_sizes"):
    _unsafe(_name)
FUNCTIONS["resize_as_"] = METHODS["resize_as_"]
