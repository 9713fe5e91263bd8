"""Picking and writing elements by index tensors and masks, under names: gather, scatter, index_select, masked_fill, ...

`x[key]` is in `index.py`. An index is an int64 (or int32) tensor; ops that write give a changed copy, and
their `_` forms change the tensor itself.
"""

import math

from .. import _core
from ..interpreters import Wrapped, copy_for
from ._args import check_tensor, normalize_dim, unsupported
from .convert import element
from .index import Index
from .op import FUNCTIONS, Op, composite
from .part import Place, Slice
from .pointwise import conj
from .shape import Expand, Reshape, broadcast_sizes

TensorBase, _array = _core.TensorBase, _core.array_of


def _check_index(index, name, argument="index"):
    if not isinstance(index, TensorBase):
        raise TypeError(f"{name}(): argument '{argument}' must be Tensor, not {type(index).__name__}")
    if index.dtype.name not in ("int64", "int32"):
        raise RuntimeError(f"{name}(): Expected dtype int32/int64 for index, got {index.dtype.name}")


def _check_vector(index, name):
    _check_index(index, name)
    if index.ndim > 1:
        raise IndexError(
            f"{name}(): Index is supposed to be a vector, but got a tensor of shape {list(index.shape)}"
        )


def _same_dtype(input, src, name):
    if src.dtype is not input.dtype:
        raise RuntimeError(
            f"{name}(): Expected self.dtype to be equal to src.dtype, got {input.dtype.name} and {src.dtype.name}"
        )


def _zeros(shape, like):
    return FUNCTIONS["zeros"](tuple(shape), dtype=like.dtype, device=like.device)


# ---- slices along one dimension


class IndexSelect(Op, name="index_select", tangent="linear", methods=("index_select",)):
    """index_select(input, dim, index, *, out=None) -> Tensor: the slices of input along dim that a 1-D index
    names; a copy."""

    @staticmethod
    def prepare(input, dim, index):
        check_tensor(input, "index_select")
        _check_vector(index, "index_select")
        return input, normalize_dim(dim, input.ndim), index

    @staticmethod
    def forward(ctx, x, dim, index):
        ctx.shape, ctx.dim = x.shape, dim
        ctx.save_for_backward(index)
        return ctx.k.index_select(x, dim, index)

    @staticmethod
    def backward(ctx, grad):
        (index,) = ctx.saved
        return IndexAdd.apply(_zeros(ctx.shape, grad), ctx.dim, index, grad, 1)


def _check_slices(name, input, dim, index, src):
    """Checks src against the slices of input that index names; the dim counted from the front."""
    check_tensor(input, name)
    _check_vector(index, name)
    if not isinstance(src, TensorBase):
        raise TypeError(f"{name}(): argument 'source' must be Tensor, not {type(src).__name__}")
    _same_dtype(input, src, name)
    d = normalize_dim(dim, input.ndim)
    want = [1] if input.ndim == 0 else list(input.shape)
    want[d] = index.numel()
    have = list(src.shape) or [1]
    if have != want:
        parts_differ = src.ndim != input.ndim or have[d] != want[d]
        raise (IndexError if name == "index_copy" and parts_differ else RuntimeError)(
            f"{name}(): source of shape {list(src.shape)} does not fit {index.numel()} slices along dim {d} "
            "of a tensor of shape "
            f"{list(input.shape)}: expected {want}"
        )
    return d


class IndexAdd(Op, name="index_add", tangent="linear", methods=("index_add", "index_add_")):
    """index_add(input, dim, index, source, *, alpha=1) -> Tensor: alpha times the slices of source along dim
    added to those of input that a 1-D index names; repeated indices add up. For ints alpha is truncated."""

    @staticmethod
    def prepare(input, dim, index, source, *, alpha=1):
        d = _check_slices("index_add", input, dim, index, source)
        if input.dtype.category == "int" and isinstance(alpha, (int, float)):
            alpha = int(alpha) if input.dtype.is_signed else int(alpha) % 2 ** (8 * input.dtype.itemsize)
        return input, d, index, source, alpha

    @staticmethod
    def forward(ctx, x, dim, index, source, alpha):
        ctx.dim, ctx.alpha, ctx.shape = dim, alpha, source.shape
        ctx.save_for_backward(index)
        return ctx.k.index_add(x, dim, index, source, alpha)

    @staticmethod
    def backward(ctx, grad):
        (index,) = ctx.saved
        of_source = IndexSelect.apply(grad, ctx.dim, index) if ctx.needs(3) else None
        if of_source is not None:
            of_source = Reshape.function(of_source, ctx.shape)
            of_source = of_source if ctx.alpha == 1 else of_source * ctx.alpha
        return grad, None, None, of_source


class IndexCopy(Op, name="index_copy", tangent="linear", methods=("index_copy", "index_copy_")):
    """index_copy(input, dim, index, source) -> Tensor: the slices of source along dim in place of those of
    input that a 1-D index names."""

    @staticmethod
    def prepare(input, dim, index, source):
        return input, _check_slices("index_copy", input, dim, index, source), index, source

    @staticmethod
    def forward(ctx, x, dim, index, source):
        ctx.dim, ctx.shape = dim, source.shape
        ctx.save_for_backward(index)
        return ctx.k.index_copy(x, dim, index, source)

    @staticmethod
    def backward(ctx, grad):
        (index,) = ctx.saved
        of_source = (
            Reshape.function(IndexSelect.apply(grad, ctx.dim, index), ctx.shape) if ctx.needs(3) else None
        )
        return IndexFill.apply(grad, ctx.dim, index, 0) if ctx.needs(0) else None, None, None, of_source


class IndexFill(Op, name="index_fill", methods=("index_fill", "index_fill_")):
    """index_fill(input, dim, index, value) -> Tensor: value (a number or 0-dim tensor) in the slices along dim
    that a 1-D index names."""

    @staticmethod
    def prepare(input, dim, index, value):
        check_tensor(input, "index_fill")
        _check_vector(index, "index_fill")
        if isinstance(value, TensorBase) and value.is_complex() and not input.is_complex():
            raise RuntimeError(
                "index_fill_(): Converting complex Scalar to non-complex type is not supported"
            )
        return input, normalize_dim(dim, input.ndim), index, element(value, input.dtype, "index_fill_")

    @staticmethod
    def forward(ctx, x, dim, index, value):
        ctx.dim = dim
        ctx.save_for_backward(index)
        return ctx.k.index_fill(x, dim, index, value)

    @staticmethod
    def backward(ctx, grad):
        (index,) = ctx.saved
        rest = IndexFill.apply(grad, ctx.dim, index, 0)
        return rest, None, None, (grad - rest).sum() if ctx.needs(3) else None


# ---- elements along one dimension


class Gather(Op, name="gather", tangent="linear", methods=("gather",)):
    """gather(input, dim, index, *, sparse_grad=False, out=None) -> Tensor of the shape of index

    out[i][j][k] = input[index[i][j][k]][j][k] for dim 0, and so on. index has as many dimensions as input and
    is no larger, but along dim. RuntimeError for an index out of range. sparse_grad is accepted; gradients are dense.
    """

    @staticmethod
    def prepare(input, dim, index, *, sparse_grad=False):
        check_tensor(input, "gather")
        _check_index(index, "gather")
        return input, normalize_dim(dim, input.ndim), index

    @staticmethod
    def forward(ctx, x, dim, index):
        ctx.shape, ctx.dim = x.shape, dim
        ctx.save_for_backward(index)
        return ctx.k.gather(x, dim, index)

    @staticmethod
    def backward(ctx, grad):
        (index,) = ctx.saved
        return ScatterAdd.apply(_zeros(ctx.shape, grad), ctx.dim, index, grad)


def _gathered(grad, dim, index, shape):
    """The gradient of scatter's src, of which only the part that index covers was used."""
    grad = Gather.apply(grad, dim, index)
    if tuple(grad.shape) == tuple(shape):
        return grad
    if not shape:
        return grad.sum()
    return Place.function(grad, shape, tuple([slice(n) for n in grad.shape]))


def _check_scatter(name, input, dim, index, src):
    check_tensor(input, name)
    _check_index(index, name)
    if isinstance(src, TensorBase):
        _same_dtype(input, src, name)
    else:
        src = element(src, input.dtype, name)
    return input, normalize_dim(dim, input.ndim), index, src


class Scatter(Op, name="scatter", methods=("scatter", "scatter_")):
    """scatter(input, dim, index, src, *, reduce=None) -> Tensor: elements of src written over those of input at index

    out[index[i][j][k]][j][k] = src[i][j][k] for dim 0, and so on. src is a tensor no smaller than index, or a
    number (also `value=`). Of repeated positions one stays. reduce="add" or "multiply" combines with what is there.
    """

    @staticmethod
    def prepare(input, dim, index, src=None, *, value=None, reduce=None):
        input, dim, index, src = _check_scatter("scatter", input, dim, index, value if src is None else src)
        if reduce not in (None, "add", "multiply"):
            raise RuntimeError("reduce argument must be either add or multiply.")
        return input, dim, index, src, reduce

    @staticmethod
    def forward(ctx, x, dim, index, src, reduce):
        ctx.dim, ctx.shape, ctx.reduce = dim, getattr(src, "shape", ()), reduce
        ctx.save_for_backward(index)
        if reduce == "add":
            return ctx.k.scatter_add(x, dim, index, src)
        if reduce == "multiply":
            return ctx.k.scatter_reduce(x, dim, index, src, "prod", True)
        return ctx.k.scatter(x, dim, index, src)

    @staticmethod
    def backward(ctx, grad):
        if ctx.reduce == "multiply":
            raise RuntimeError(
                "the derivative for 'scatter' with reduce='multiply' is not implemented; use scatter_reduce"
            )
        (index,) = ctx.saved
        of_input = grad if ctx.reduce else Scatter.apply(grad, ctx.dim, index, 0, None)
        return of_input, None, None, _gathered(grad, ctx.dim, index, ctx.shape) if ctx.needs(3) else None


class ScatterAdd(Op, name="scatter_add", tangent="linear", methods=("scatter_add", "scatter_add_")):
    """scatter_add(input, dim, index, src) -> Tensor: as scatter, but src is added; repeated positions sum up."""

    @staticmethod
    def prepare(input, dim, index, src):
        check_tensor(src, "scatter_add", "src", 4)
        return _check_scatter("scatter_add", input, dim, index, src)

    @staticmethod
    def forward(ctx, x, dim, index, src):
        ctx.dim, ctx.shape = dim, src.shape
        ctx.save_for_backward(index)
        return ctx.k.scatter_add(x, dim, index, src)

    @staticmethod
    def backward(ctx, grad):
        (index,) = ctx.saved
        return grad, None, None, _gathered(grad, ctx.dim, index, ctx.shape) if ctx.needs(3) else None


class ScatterReduce(Op, name="scatter_reduce", methods=("scatter_reduce", "scatter_reduce_")):
    """scatter_reduce(input, dim, index, src, reduce, *, include_self=True) -> Tensor: src combined at index by
    "sum", "prod", "mean", "amax" or "amin" with what is there (unless not include_self).

    The gradient of amax and amin goes in equal parts to all elements that are the extreme.
    """

    @staticmethod
    def prepare(input, dim, index, src, reduce, *, include_self=True):
        if reduce not in ("sum", "prod", "mean", "amax", "amin"):
            raise RuntimeError(f"reduce argument must be either sum, prod, mean, amax or amin, got {reduce}")
        if reduce in ("amax", "amin") and isinstance(input, _core.TensorBase) and input.is_complex():
            raise unsupported(f"scatter_reduce {reduce}", input.dtype)
        return *_check_scatter("scatter_reduce", input, dim, index, src), reduce, include_self

    @staticmethod
    def forward(ctx, x, dim, index, src, reduce, include_self):
        out = ctx.k.scatter_reduce(x, dim, index, src, reduce, include_self)
        ctx.dim, ctx.shape, ctx.reduce, ctx.include_self = dim, src.shape, reduce, include_self
        ctx.save_for_backward(x, index, src, out)
        return out

    @staticmethod
    def backward(ctx, grad):
        x, index, src, out = ctx.saved
        dim, reduce = ctx.dim, ctx.reduce
        src = src if src.shape == index.shape else Slice.apply(src, tuple([slice(n) for n in index.shape]))
        hit = Scatter.apply(_zeros(x.shape, x), dim, index, 1, None)  # 1 where something was written
        stays = hit * 0 + 1 if ctx.include_self else 1 - hit
        at = lambda t: Gather.apply(t, dim, index)  # noqa: E731
        if reduce == "sum":
            of_x, of_src = grad * stays, at(grad)
        elif reduce == "mean":
            count = ScatterAdd.apply(stays, dim, index, src * 0 + 1)
            of_x, of_src = grad * stays / count, at(grad / count)
        elif reduce in ("amax", "amin"):
            is_x, is_src = (x == out).to(x.dtype) * stays, (src == at(out)).to(x.dtype)
            share = grad / ScatterAdd.apply(is_x, dim, index, is_src)
            of_x, of_src = share * is_x, at(share) * is_src
        else:
            of_x, of_src = _prod_gradients(grad, x, src, index, dim, stays, at)
        if tuple(of_src.shape) != tuple(ctx.shape):
            of_src = Place.function(of_src, ctx.shape, tuple([slice(n) for n in of_src.shape]))
        return of_x, None, None, of_src


def _prod_gradients(grad, x, src, index, dim, stays, at):
    """The product of all other factors, for each factor; right for zeros among them."""
    where, one = FUNCTIONS["where"], 1.0
    zero_x, zero_src = (x == 0).to(x.dtype) * stays, (src == 0).to(x.dtype)
    zeros = ScatterAdd.apply(zero_x, dim, index, zero_src)
    kept_x, kept_src = where((zero_x != 0) | (stays == 0), one, x), where(zero_src != 0, one, src)
    rest = ScatterReduce.apply(kept_x, dim, index, kept_src, "prod", True)  # of the factors that are not zero
    none, single = (zeros == 0).to(x.dtype), (zeros == 1).to(x.dtype)
    rest = conj(rest)
    of_x = grad * rest * stays * where(zero_x != 0, single, none / conj(kept_x))
    return of_x, at(grad * rest) * where(zero_src != 0, at(single), at(none) / conj(kept_src))


@composite("take_along_dim")
def take_along_dim(input, indices, dim=None):
    """take_along_dim(input, indices, dim=None) -> Tensor: gather with input and indices broadcast against each
    other but for dim; without dim, of the flattened input. Negative indices count from the end."""
    check_tensor(input, "take_along_dim")
    _check_index(indices, "torch.take_along_dim", "indices")
    if dim is None:
        input, indices, dim = Reshape.function(input, -1), Reshape.function(indices, -1), 0
    if input.ndim != indices.ndim:
        raise RuntimeError(
            "torch.take_along_dim(): input and indices should have the same number of dimensions, but got "
            f"{input.ndim} dimensions for input, and {indices.ndim} dimensions for indices"
        )
    d = normalize_dim(dim, input.ndim)
    size = input.shape[d]
    shape = list(
        broadcast_sizes(
            (*input.shape[:d], 1, *input.shape[d + 1 :]), (*indices.shape[:d], 1, *indices.shape[d + 1 :])
        )
    )
    shape[d] = size
    input = Expand.function(input, shape)
    shape[d] = indices.shape[d]
    indices = Expand.function(indices, shape)
    return Gather.function(input, d, FUNCTIONS["where"](indices < 0, indices + size, indices))


# ---- positions in the flattened tensor


class Take(Op, name="take", tangent="linear", methods=("take",)):
    """take(input, index) -> Tensor of the shape of index: elements of the flattened input. Negative indices
    count from the end."""

    @staticmethod
    def prepare(input, index):
        check_tensor(input, "take")
        _check_index(index, "take")
        return input, index

    @staticmethod
    def forward(ctx, x, index):
        ctx.shape = x.shape
        ctx.save_for_backward(index)
        return ctx.k.take(x, index)

    @staticmethod
    def backward(ctx, grad):
        (index,) = ctx.saved
        return Put.apply(_zeros(ctx.shape, grad), index, grad, True)


class Put(Op, name="put", tangent="linear", methods=("put", "put_")):
    """put(input, index, source, accumulate=False) -> Tensor: elements of source, as many as index, written (or
    added) to the flattened input at index. Negative indices count from the end."""

    @staticmethod
    def prepare(input, index, source, accumulate=False):
        check_tensor(input, "put")
        _check_index(index, "put_")
        check_tensor(source, "put_", "source", 3)
        if index.numel() != source.numel():
            raise IndexError(
                f"put_(): Expected source and index to have the same number of elements, but got source.numel() = "
                f"{source.numel()}, index.numel() = {index.numel()}"
            )
        _same_dtype(input, source, "put_")
        return input, index, source, accumulate

    @staticmethod
    def forward(ctx, x, index, source, accumulate):
        ctx.accumulate, ctx.shape = accumulate, source.shape
        ctx.save_for_backward(index)
        return ctx.k.put(x, index, source, accumulate)

    @staticmethod
    def backward(ctx, grad):
        (index,) = ctx.saved
        of_source = Reshape.function(Take.apply(grad, index), ctx.shape) if ctx.needs(2) else None
        return (
            grad if ctx.accumulate else Put.apply(grad, index, _zeros(index.shape, grad), False),
            None,
            of_source,
        )


# ---- masks


def _check_mask(mask, name):
    if not isinstance(mask, TensorBase):
        raise TypeError(f"{name}(): argument 'mask' must be Tensor, not {type(mask).__name__}")
    if mask.dtype.name not in ("bool", "uint8"):
        raise RuntimeError(f"{name} only supports boolean masks, but got mask with dtype {mask.dtype.name}")


class MaskedFill(Op, name="masked_fill", methods=("masked_fill", "masked_fill_")):
    """masked_fill(input, mask, value) -> Tensor: value (a number or 0-dim tensor) where mask is true, input elsewhere,
    broadcast against each other."""

    @staticmethod
    def prepare(input, mask, value):
        check_tensor(input, "masked_fill")
        _check_mask(mask, "masked_fill_")
        if isinstance(value, TensorBase) and value.ndim:
            raise RuntimeError(
                f"masked_fill_ only supports a 0-dimensional value tensor, but got tensor with {value.ndim} "
                "dimension(s)."
            )
        narrows = (
            input.dtype.category in ("int", "float") and isinstance(value, TensorBase) and value.is_complex()
        )
        if narrows and bool(value.imag != 0):
            raise RuntimeError(
                f"masked_fill_(): value cannot be converted to type {input.dtype.name} without overflow"
            )
        broadcast_sizes(input.shape, mask.shape)
        return input, mask, element(value, input.dtype, "masked_fill_")

    @staticmethod
    def forward(ctx, x, mask, value):
        ctx.save_for_backward(mask)
        return ctx.k.masked_fill(x, mask, value)

    @staticmethod
    def backward(ctx, grad):
        (mask,) = ctx.saved
        of_value = MaskedFill.apply(grad, mask == 0, 0).sum() if ctx.needs(2) else None
        return MaskedFill.apply(grad, mask, 0) if ctx.needs(0) else None, None, of_value


@composite("masked_select")
def masked_select(input, mask):
    """masked_select(input, mask) -> 1-D Tensor of the elements of input where mask is true, the two broadcast."""
    check_tensor(input, "masked_select")
    _check_mask(mask, "masked_select")
    shape = broadcast_sizes(input.shape, mask.shape)
    if isinstance(mask, Wrapped):
        mask = mask._mask_index("masked_select")
    found = _array(Expand.function(mask, shape))
    with _core.backend_for(mask).on(found):
        where = found.reshape(shape or (1,)).nonzero()
    input = Reshape.function(input, 1) if not shape else Expand.function(input, shape)
    return Index.apply(input, *[_core.make(w) for w in where])


class MaskedScatter(Op, name="masked_scatter", methods=("masked_scatter", "masked_scatter_")):
    """masked_scatter(input, mask, source) -> Tensor: elements of source, in order, where mask is true, input elsewhere.

    mask is broadcast to input. RuntimeError when source has too few elements.
    """

    @staticmethod
    def prepare(input, mask, source):
        check_tensor(input, "masked_scatter")
        _check_mask(mask, "masked_scatter_")
        check_tensor(source, "masked_scatter_", "source", 3)
        _same_dtype(input, source, "masked_scatter")
        broadcast_sizes(input.shape, mask.shape)
        return input, mask, source

    @staticmethod
    def forward(ctx, x, mask, source):
        ctx.shape = source.shape
        ctx.save_for_backward(mask)
        return ctx.k.masked_scatter(x, mask, source)

    @staticmethod
    def backward(ctx, grad):
        (mask,) = ctx.saved
        of_source = None
        if ctx.needs(2):
            taken = masked_select(grad, mask)
            of_source = Reshape.function(
                Place.function(taken, (math.prod(ctx.shape),), (slice(taken.numel()),)), ctx.shape
            )
        return MaskedFill.apply(grad, mask, 0), None, of_source


# ---- where things are


class Nonzero(Op, name="_nonzero"):
    """The indices of elements that are not zero, one a row."""

    @staticmethod
    def forward(ctx, x):
        return ctx.k.nonzero(x)


@composite("nonzero")
def nonzero(input, *, as_tuple=False, out=None):
    """nonzero(input, *, as_tuple=False) -> Tensor or tuple of Tensors: the indices of the elements that are not zero

    int64 (count, input.ndim); with as_tuple, one 1-D tensor per dimension, which index input.
    """
    check_tensor(input, "nonzero")
    found = Nonzero.function(Reshape.function(input, 1) if as_tuple and input.ndim == 0 else input)
    if as_tuple:
        return found.unbind(1)
    if out is not None:
        check_tensor(out, "nonzero", "out", 2)
        out.resize_(found.shape)
        return out.copy_(found)
    return found


@composite("argwhere")
def argwhere(input):
    """argwhere(input) -> int64 Tensor (count, input.ndim) of the indices of elements that are not zero."""
    check_tensor(input, "argwhere")
    return Nonzero.function(input)


# ---- copies with a part replaced


def _replaced(input, src, view_of, name):
    out = copy_for(input, src)
    part = view_of(out)
    if src.shape != part.shape:
        raise RuntimeError(f"{name}: expected src to have a size equal to the slice of self. src size = "
                           f"{list(src.shape)}, slice "
                           f"size = {list(part.shape)}")  # fmt: skip
    part.copy_(src)
    return out


@composite("select_scatter")
def select_scatter(input, src, dim, index):
    """select_scatter(input, src, dim, index) -> Tensor: a copy of input with src as its slice
    input.select(dim, index)."""
    check_tensor(input, "select_scatter")
    check_tensor(src, "select_scatter", "src", 2)
    return _replaced(input, src, lambda t: t.select(dim, index), "select_scatter")


@composite("slice_scatter")
def slice_scatter(input, src, dim=0, start=None, end=None, step=1):
    """slice_scatter(input, src, dim=0, start=None, end=None, step=1) -> Tensor: a copy of input with src as
    those slices."""
    check_tensor(input, "slice_scatter")
    check_tensor(src, "slice_scatter", "src", 2)
    d = normalize_dim(dim, input.ndim)
    return _replaced(
        input, src, lambda t: t[(slice(None),) * d + (slice(start, end, step),)], "slice_scatter"
    )


@composite("diagonal_scatter")
def diagonal_scatter(input, src, offset=0, dim1=0, dim2=1):
    """diagonal_scatter(input, src, offset=0, dim1=0, dim2=1) -> Tensor: a copy of input with src as that diagonal."""
    check_tensor(input, "diagonal_scatter")
    check_tensor(src, "diagonal_scatter", "src", 2)
    return _replaced(input, src, lambda t: t.diagonal(offset, dim1, dim2), "diagonal_scatter")
