"""Joining, repeating and rearranging: results are new tensors."""

import operator
from typing import Any

import numpy as np

from .. import _core
from ..interpreters import Wrapped
from ._args import check_strided, check_tensor, ints, normalize_dim, normalize_dims
from .op import FUNCTIONS, METHODS, Op, composite, whole
from .part import Slice, Unbind, along
from .shape import Expand, Permute, Reshape, atleast_1d, atleast_2d, atleast_3d

TensorBase, _array = _core.TensorBase, _core.array_of


def _tensor_list(tensors, name, empty, error=RuntimeError):
    """The tensors given as a sequence, checked."""
    if not isinstance(tensors, (tuple, list)):
        raise TypeError(
            f"{name}(): argument 'tensors' (position 1) must be tuple of Tensors, not {type(tensors).__name__}"
        )
    for i, t in enumerate(tensors):
        if not isinstance(t, TensorBase):
            raise TypeError(f"expected Tensor as element {i} in argument 0, but got {type(t).__name__}")
    if not tensors:
        raise error(empty)
    return list(tensors)


def _of_one_dtype(arrays):
    """The arrays in their common dtype; all of them count, whatever their number of dimensions."""
    first = arrays[0].dtype
    for a in arrays:
        if a.dtype is not first and a.dtype != first:
            break
    else:
        return arrays
    promoted = _core.promote(tuple([a.reshape(-1) if a.ndim == 0 else a for a in arrays]))
    return [p.reshape(a.shape) for p, a in zip(promoted, arrays, strict=True)]


class Cat(Op, name="cat", tangent="linear", aliases=("concat", "concatenate")):
    """cat(tensors, dim=0, *, out=None) -> Tensor: the tensors joined along an existing dimension.

    All sizes but that of dim must agree; 1-D tensors without elements are left out. The dtype is the promoted one.
    """

    @staticmethod
    def prepare(tensors, dim=0):
        tensors = _tensor_list(
            tensors, "cat", "torch.cat(): expected a non-empty list of Tensors", ValueError
        )
        shapes = [_array(t).shape for t in tensors]
        if () in shapes:
            raise RuntimeError(
                f"zero-dimensional tensor (at position {shapes.index(())}) cannot be concatenated"
            )
        counted = [i for i, shape in enumerate(shapes) if shape != (0,)] or [0]
        first = shapes[counted[0]]
        if first == (0,):  # nothing but empty vectors: any dim will do
            return (*tensors, 0)
        d = normalize_dim(dim, len(first))
        for i in counted[1:]:
            if shapes[i] == first:
                continue
            if len(shapes[i]) != len(first):
                raise RuntimeError(
                    f"Tensors must have same number of dimensions: got {len(first)} and {len(shapes[i])}"
                )
            for k, (size, other) in enumerate(zip(first, shapes[i], strict=True)):
                if size != other and k != d:
                    raise RuntimeError(
                        f"Sizes of tensors must match except in dimension {d}. Expected size {size} but got "
                        f"size {other} for "
                        f"tensor number {i} in the list."
                    )
        return (*tensors, d)

    @staticmethod
    def forward(ctx, *arrays_and_dim):
        *arrays, dim = arrays_and_dim
        if ctx.recording:
            ctx.dim, ctx.sizes = dim, [None if a.shape == (0,) else a.shape[dim] for a in arrays]
        arrays = _of_one_dtype(arrays)
        return ctx.k.concatenate([a for a in arrays if a.shape != (0,)] or arrays, dim)

    @staticmethod
    def backward(ctx, grad):
        grads: list[Any] = []
        at = 0
        for i, size in enumerate(ctx.sizes):
            if size is None:
                grads.append(None)
                continue
            grads.append(Slice.apply(grad, along(ctx.dim, slice(at, at + size))) if ctx.needs(i) else None)
            at += size
        return tuple(grads)


class Stack(Op, name="stack", tangent="linear"):
    """stack(tensors, dim=0, *, out=None) -> Tensor: tensors of one shape joined along a new dimension."""

    @staticmethod
    def prepare(tensors, dim=0):
        tensors = _tensor_list(tensors, "stack", "stack expects a non-empty TensorList")
        first = _array(tensors[0]).shape
        for i, t in enumerate(tensors):
            if _array(t).shape != first:
                raise RuntimeError(
                    f"stack expects each tensor to be equal size, but got {list(first)} at entry 0 and "
                    f"{list(t.shape)} at entry {i}"
                )
        return (*tensors, normalize_dim(dim, len(first) + 1))

    @staticmethod
    def forward(ctx, *arrays_and_dim):
        *arrays, dim = arrays_and_dim
        ctx.dim = dim
        return ctx.k.stack(_of_one_dtype(arrays), dim)

    @staticmethod
    def backward(ctx, grad):
        return Unbind.apply(grad, ctx.dim)


def _stacked(name, least, dim_of, *aliases):
    def function(tensors, *, out=None):
        tensors = [least(t) for t in _tensor_list(tensors, name, f"{name} expects a non-empty TensorList")]
        return Cat.function(tensors, dim_of(tensors[0]), **({} if out is None else {"out": out}))

    function.__name__ = function.__qualname__ = name
    function.__doc__ = (
        f"{name}(tensors, *, out=None) -> Tensor: cat along a fixed dimension of the tensors "
        f"made {least.__name__}."
    )
    return composite(aliases=aliases)(function)


hstack = _stacked("hstack", atleast_1d, lambda t: 0 if t.ndim == 1 else 1)
vstack = _stacked("vstack", atleast_2d, lambda t: 0, "row_stack")
dstack = _stacked("dstack", atleast_3d, lambda t: 2)


@composite()
def column_stack(tensors, *, out=None):
    """column_stack(tensors, *, out=None) -> Tensor: hstack of the tensors, of which 0-D and 1-D ones count as
    columns."""
    tensors = _tensor_list(tensors, "column_stack", "column_stack expects a non-empty TensorList")
    return hstack([Reshape.function(t, -1, 1) if t.ndim < 2 else t for t in tensors], out=out)


@composite()
def block_diag(*tensors):
    """block_diag(*tensors) -> 2-D Tensor with the tensors (of at most 2 dims) on the diagonal and zeros elsewhere."""
    for at, t in enumerate(tensors):
        check_tensor(t, "block_diag", "tensors", at)
    blocks = [atleast_2d(t) for t in tensors]
    width = sum(t.shape[1] for t in blocks)
    rows, at = [], 0
    for t in blocks:
        if t.ndim != 2:
            raise RuntimeError(
                f"torch.block_diag: Input tensors must have 2 or fewer dimensions. Input has {t.ndim} dimensions"
            )
        zeros = FUNCTIONS["zeros"]
        left, right = (
            zeros(t.shape[0], at, dtype=t.dtype, device=t.device),
            zeros(t.shape[0], width - at - t.shape[1], dtype=t.dtype, device=t.device),
        )
        rows.append(Cat.function([left, t, right], 1))
        at += t.shape[1]
    return Cat.function(rows, 0)


@composite()
def meshgrid(*tensors, indexing=None):
    """meshgrid(*tensors, indexing="ij") -> tuple of Tensors: views of 1-D tensors along the axes of their grid.

    indexing="xy" exchanges the first two axes.
    """
    in_list = len(tensors) == 1 and isinstance(tensors[0], (tuple, list))
    axes = tensors[0] if in_list else tensors
    axes = _tensor_list(axes, "meshgrid", "meshgrid expects a non-empty TensorList")
    if indexing not in (None, "ij", "xy"):
        raise RuntimeError(f'torch.meshgrid: indexing must be one of "xy" or "ij", but received: {indexing}')
    for t in axes:
        if t.ndim > 1:
            raise RuntimeError(
                f"torch.meshgrid: Expected 0D or 1D tensor in the tensor list but got: {list(t.shape)}"
            )
        if t.dtype is not axes[0].dtype:
            raise RuntimeError("torch.meshgrid expects all tensors to have the same dtype")
    swap = indexing == "xy" and len(axes) > 1
    if swap:
        axes[:2] = axes[1::-1]
    sizes = tuple([t.numel() for t in axes])
    n = len(sizes)
    grids = [
        Expand.function(Reshape.function(t, (1,) * i + (-1,) + (1,) * (n - 1 - i)), sizes)
        for i, t in enumerate(axes)
    ]
    if swap:
        grids[:2] = grids[1::-1]
    return tuple(grids)


@composite()
def cartesian_prod(*tensors):
    """cartesian_prod(*tensors) -> Tensor of all tuples with one element of each 1-D tensor, one a row."""
    for i, t in enumerate(tensors, 1):
        check_tensor(t, "cartesian_prod", "tensors", i)
        if t.ndim != 1:
            raise RuntimeError(f"cartesian_prod(): Expect a 1D vector, but got shape {list(t.shape)}")
    if len(tensors) == 1:
        return tensors[0]
    return Stack.function([Reshape.function(g, -1) for g in meshgrid(*tensors)], 1)


@composite()
def combinations(input, r=2, with_replacement=False):
    """combinations(input, r=2, with_replacement=False) -> Tensor (count, r) of the r-element combinations of a
    1-D tensor."""
    import itertools

    check_tensor(input, "combinations")
    if input.ndim != 1:
        raise RuntimeError("Expect a 1D vector, but got shape " + str(list(input.shape)))
    if r < 0:
        raise RuntimeError(f"combinations(): Expect a non-negative number, but got {r}")
    if r == 0:
        return input[:0]
    choose = itertools.combinations_with_replacement if with_replacement else itertools.combinations
    rows = np.array(list(choose(range(len(input)), r)), np.int64).reshape(-1, r)
    return input[_core.make(rows)]


# ---- repeating


class Repeat(Op, name="_repeat", tangent="linear"):
    """repeat(*repeats) -> Tensor: input repeated along each dimension; further repeats in front add dimensions."""

    @staticmethod
    def prepare(input, *repeats):
        repeats = ints(repeats, "repeat", "repeats")
        if len(repeats) < input.ndim:
            raise RuntimeError(
                "Number of dimensions of repeat dims can not be smaller than number of dimensions of tensor"
            )
        if min(repeats, default=0) < 0:
            raise RuntimeError(f"Trying to create tensor with negative dimension: repeat{repeats}")
        return input, repeats

    @staticmethod
    def forward(ctx, x, repeats):
        ctx.repeats, ctx.shape = repeats, (1,) * (len(repeats) - x.ndim) + x.shape
        return ctx.k.tile(x, repeats)

    @staticmethod
    def backward(ctx, grad):
        if 0 in ctx.repeats:
            return FUNCTIONS["zeros"](ctx.shape, dtype=grad.dtype, device=grad.device)
        pairs = [n for pair in zip(ctx.repeats, ctx.shape, strict=True) for n in pair]
        if not pairs:
            return grad
        return Reshape.function(grad, pairs).sum(tuple(range(0, len(pairs), 2)))


METHODS["repeat"] = Repeat.function


@composite("tile")
def tile(input, *dims):
    """tile(input, dims) -> Tensor: repeat, with missing repeats in front counting as 1."""
    check_tensor(input, "tile")
    dims = ints(dims, "tile", "dims")
    return Repeat.function(input, (1,) * (input.ndim - len(dims)) + dims)


@composite("repeat_interleave")
def repeat_interleave(input, repeats=None, dim=None, *, output_size=None):
    """repeat_interleave(input, repeats, dim=None) -> Tensor: each element (slice along dim) repeated one after
    the other, `repeats` times (an int, or a tensor with one count per slice). Without dim, of the flattened input.

    `repeat_interleave(repeats)` gives the index of each repeated element.
    """
    check_tensor(input, "repeat_interleave")
    if isinstance(input if repeats is None else repeats, Wrapped):
        return whole(repeat_interleave)(input, repeats, dim, output_size=output_size)
    if repeats is None:
        counts = input
        input, dim = FUNCTIONS["arange"](len(counts)), 0
        repeats = counts
    if dim is None:
        input, dim = Reshape.function(input, -1), 0
    d = normalize_dim(dim, input.ndim)
    if input.ndim == 0:
        input = Reshape.function(input, 1)
    size = input.shape[d]
    if isinstance(repeats, (tuple, list)):
        repeats = FUNCTIONS["tensor"](repeats)
    if isinstance(repeats, TensorBase):
        if repeats.dtype.name not in ("int32", "int64"):
            raise RuntimeError("repeats has to be Long or Int tensor")
        if repeats.ndim > 1:
            raise RuntimeError("repeat_interleave only accept 0D or 1D repeat tensor")
        counts = np.atleast_1d(_core.array_of(repeats.cpu()))
        if len(counts) not in (1, size):
            raise RuntimeError(
                f"repeats must have the same size as input along dim, but got repeats.size(0) = {len(counts)} and "
                f"input.size({d}) = {size}"
            )
    else:
        counts = np.array([operator.index(repeats)])
    if (counts < 0).any():
        raise RuntimeError(
            "repeats can not be negative"
            if isinstance(repeats, TensorBase)
            else "Repeats must be non-negative"
        )
    try:
        index = np.repeat(np.arange(size), counts if len(counts) == size else int(counts[0]))
    except (MemoryError, ValueError) as error:
        raise RuntimeError(f"repeat_interleave(): not enough memory for the result: {error}") from None
    if output_size is not None and output_size != len(index):
        raise RuntimeError(
            f"repeat_interleave: Allocated size does not match required size: {output_size}, {len(index)}"
        )
    return FUNCTIONS["index_select"](input, d, _core.make(index).to(input.device))


# ---- rearranging


class Flip(Op, name="flip", tangent="linear", methods=("flip",)):
    """flip(input, dims) -> Tensor: a copy with the order of elements reversed along dims."""

    @staticmethod
    def prepare(input, *dims):
        check_tensor(input, "flip")
        return input, normalize_dims(ints(dims, "flip", "dims"), input.ndim, "flip")

    @staticmethod
    def forward(ctx, x, dims):
        ctx.dims = dims
        return ctx.k.flip(x, dims if x.ndim else ())

    @staticmethod
    def backward(ctx, grad):
        return Flip.apply(grad, ctx.dims)


@composite("fliplr")
def fliplr(input):
    """fliplr(input) -> Tensor: a copy of a tensor of 2 or more dims, reversed along dim 1."""
    check_tensor(input, "fliplr")
    if input.ndim < 2:
        raise RuntimeError("Input must be >= 2-d.")
    return Flip.function(input, 1)


@composite("flipud")
def flipud(input):
    """flipud(input) -> Tensor: a copy reversed along dim 0."""
    check_tensor(input, "flipud")
    if input.ndim < 1:
        raise RuntimeError("Input must be >= 1-d.")
    return Flip.function(input, 0)


class Roll(Op, name="roll", tangent="linear", methods=("roll",)):
    """roll(input, shifts, dims=None) -> Tensor: a copy with elements moved by shifts along dims, cyclically.

    Without dims the flattened input is rolled by one shift.
    """

    @staticmethod
    def prepare(input, shifts, dims=None):
        check_tensor(input, "roll")
        shifts = (
            ints((shifts,), "roll", "shifts")
            if not hasattr(shifts, "__index__")
            else (operator.index(shifts),)
        )
        if not (dims is None or hasattr(dims, "__index__") or isinstance(dims, (tuple, list))):
            raise TypeError(f"roll(): argument 'dims' must be int or tuple of ints, not {type(dims).__name__}")
        if dims is None or (not hasattr(dims, "__index__") and len(dims) == 0):
            if len(shifts) != 1:
                raise RuntimeError(f"shifts and dimensions must align. shifts: {len(shifts)}, dims:0")
            return input, shifts, None
        dims = (dims,) if hasattr(dims, "__index__") else tuple(dims)
        if len(shifts) != len(dims):
            raise RuntimeError(f"shifts and dimensions must align. shifts: {len(shifts)}, dims:{len(dims)}")
        if input.numel() == 0:
            return input, (0,), None
        if input.ndim == 0:
            raise IndexError("Dimension specified as 0 but tensor has no dimensions")
        return input, shifts, tuple([normalize_dim(d, input.ndim) for d in dims])

    @staticmethod
    def forward(ctx, x, shifts, dims):
        ctx.shifts, ctx.dims = shifts, dims
        return ctx.k.roll(x, shifts, dims)

    @staticmethod
    def backward(ctx, grad):
        return Roll.apply(grad, tuple([-s for s in ctx.shifts]), ctx.dims)


@composite("rot90")
def rot90(input, k=1, dims=(0, 1)):
    """rot90(input, k=1, dims=(0, 1)) -> Tensor: a copy turned k times by 90 degrees, from the first to the
    second dim."""
    check_tensor(input, "rot90")
    dims = ints((dims,), "rot90", "dims")
    if len(dims) != 2:
        raise RuntimeError(f"expected total rotation dims == 2, but got dims = {len(dims)}")
    if input.ndim < 2:
        raise RuntimeError(f"expected total dims >= 2, but got total dims = {input.ndim}")
    a, b = [normalize_dim(d, input.ndim) for d in dims]
    if a == b:
        raise RuntimeError(
            f"expected rotation dims to be different, but got dim0 = {dims[0]} and dim1 = {dims[1]}"
        )
    if k % 4 == 0:
        return input.clone()
    if k % 4 == 2:
        return Flip.function(input, (a, b))
    order = list(range(input.ndim))
    order[a], order[b] = b, a
    return Permute.apply(Flip.function(input, b if k % 4 == 1 else a), tuple(order)).clone()


class Tril(Op, name="tril", tangent="linear", methods=("tril", "tril_")):
    """tril(input, diagonal=0, *, out=None) -> Tensor: the elements on and below a diagonal of matrices, zeros
    elsewhere."""

    @staticmethod
    def prepare(input, diagonal=0):
        return _triangle_arguments("tril", input, diagonal)

    @staticmethod
    def forward(ctx, x, diagonal):
        ctx.diagonal = diagonal
        return ctx.k.tril(x, diagonal)

    @staticmethod
    def backward(ctx, grad):
        return Tril.apply(grad, ctx.diagonal)


class Triu(Op, name="triu", tangent="linear", methods=("triu", "triu_")):
    """triu(input, diagonal=0, *, out=None) -> Tensor: the elements on and above a diagonal of matrices, zeros
    elsewhere."""

    @staticmethod
    def prepare(input, diagonal=0):
        return _triangle_arguments("triu", input, diagonal)

    @staticmethod
    def forward(ctx, x, diagonal):
        ctx.diagonal = diagonal
        return ctx.k.triu(x, diagonal)

    @staticmethod
    def backward(ctx, grad):
        return Triu.apply(grad, ctx.diagonal)


def _triangle_arguments(name, input, diagonal):
    check_tensor(input, name)
    if input.ndim < 2:
        raise RuntimeError(f"{name}: input tensor must have at least 2 dimensions")
    return input, operator.index(diagonal)


def _triangle_indices(name, mask):
    def function(row, col, offset=0, *, dtype=None, device=None, layout=None, pin_memory=False):
        check_strided(name, dtype, device, layout)
        rows, columns = np.nonzero(mask(np.ones((row, col), bool), offset))
        return _core.make(np.stack([rows, columns]).astype(np.int64)).to(device=device, dtype=dtype)

    function.__name__ = function.__qualname__ = name
    function.__doc__ = (
        f"{name}(row, col, offset=0) -> Tensor (2, count): indices of that triangle of a matrix, by rows."
    )
    return composite()(function)


tril_indices = _triangle_indices("tril_indices", np.tril)
triu_indices = _triangle_indices("triu_indices", np.triu)
