"""Views of parts of a tensor: slices, splits, diagonals, windows, any strides; real and complex views of one memory."""

import math
import operator

from .. import _core
from ..kernels.base.shape import overlaps, strided
from ._args import check_tensor, ints, normalize_dim
from .op import FUNCTIONS, METHODS, Op, composite
from .shape import Reshape

TensorBase = _core.TensorBase


def along(dim, key):
    """The index that applies `key` to one dimension."""
    return (slice(None),) * dim + (key,)


class Slice(Op, name="_slice", view=True):
    """The view input[key] of a key of ints, slices with a positive step, None and Ellipsis."""

    @staticmethod
    def forward(ctx, x, key):
        ctx.key, ctx.shape = key, x.shape
        view = _core.basic_index(x, key)
        return x[key] if view is None else view

    @staticmethod
    def backward(ctx, grad):
        return Place.function(grad, ctx.shape, ctx.key)


class Select(Slice, name="_select", view=True):
    """select(input, dim, index) -> Tensor: the view of one slice along dim, without that dimension."""

    @staticmethod
    def prepare(input, dim, index):
        check_tensor(input, "select")
        if input.ndim == 0:
            raise IndexError("select() cannot be applied to a 0-dim tensor.")
        d, i = normalize_dim(dim, input.ndim), operator.index(index)
        size = input.shape[d]
        if not -size <= i < size:
            raise IndexError(
                f"select(): index {i} out of range for tensor of size {list(input.shape)} at dimension {d}"
            )
        return input, along(d, i) + (...,)


METHODS["select"] = FUNCTIONS["select"] = Select.function


_core.set_operator("slice", Slice.function)


class Place(Op, name="_place", tangent="linear"):
    """Zeros of a shape with input at a basic key: what the gradient of a slice is."""

    @staticmethod
    def forward(ctx, x, shape, key):
        ctx.key = key
        return ctx.k.place(x, shape, key)

    @staticmethod
    def backward(ctx, grad):
        return Slice.apply(grad, ctx.key)


@composite("narrow")
def narrow(input, dim, start, length):
    """narrow(input, dim, start, length) -> Tensor: the view of `length` slices along dim from start."""
    check_tensor(input, "narrow")
    if input.ndim == 0:
        raise RuntimeError("narrow() cannot be applied to a 0-dim tensor.")
    d = normalize_dim(dim, input.ndim)
    start, length, size = operator.index(start), operator.index(length), input.shape[d]
    if length < 0:
        raise RuntimeError("narrow(): length must be non-negative.")
    if not -size <= start <= size:
        raise IndexError(
            f"start out of range (expected to be in range of [{-size}, {size}], but got {start})"
        )
    start += size if start < 0 else 0
    if start + length > size:
        raise RuntimeError(f"start ({start}) + length ({length}) exceeds dimension size ({size}).")
    return Slice.apply(input, along(d, slice(start, start + length)))


@composite("narrow_copy")
def narrow_copy(input, dim, start, length):
    """narrow_copy(input, dim, start, length) -> Tensor: a copy of what narrow gives."""
    return narrow(input, dim, start, length).clone()


class Split(Op, name="_split", view=True):
    """The views of consecutive parts along dim; their gradients joined."""

    @staticmethod
    def forward(ctx, x, sizes, dim):
        ctx.dim = dim
        parts, at = [], 0
        for n in sizes:
            parts.append(x[along(dim, slice(at, at + n))])
            at += n
        return tuple(parts)

    @staticmethod
    def backward(ctx, *grads):
        return FUNCTIONS["cat"](grads, ctx.dim)


@composite("split")
def split(tensor, split_size_or_sections, dim=0):
    """split(tensor, split_size_or_sections, dim=0) -> tuple of Tensors: views of consecutive parts along dim, of a size
    (the last may be smaller) or of the sizes in a list."""
    check_tensor(tensor, "split")
    if not hasattr(split_size_or_sections, "__index__"):
        return split_with_sizes(tensor, split_size_or_sections, dim)
    if tensor.ndim == 0:
        raise RuntimeError("split expects at least a 1-dimensional tensor")
    d, n = normalize_dim(dim, tensor.ndim), operator.index(split_size_or_sections)
    size = tensor.shape[d]
    if n < 0:
        raise RuntimeError(f"split expects split_size be non-negative, but got split_size={n}")
    if n == 0 and size:
        raise RuntimeError(
            f"split_size can only be 0 if dimension size is 0, but got dimension size of {size}"
        )
    sizes = [min(n, size - at) for at in range(0, size, n)] if size else [0]
    return Split.apply(tensor, tuple(sizes), d)


@composite("split_with_sizes")
def split_with_sizes(input, split_sizes, dim=0):
    """split_with_sizes(input, split_sizes, dim=0) -> tuple of Tensors: views of consecutive parts of these sizes."""
    check_tensor(input, "split_with_sizes")
    if input.ndim == 0:
        raise RuntimeError("split_with_sizes expects at least a 1-dimensional tensor")
    d, sizes = normalize_dim(dim, input.ndim), ints((split_sizes,), "split_with_sizes", "split_sizes")
    if min(sizes, default=0) < 0:
        raise RuntimeError(
            f"split_with_sizes expects split_sizes have only non-negative entries, but got split_sizes={list(sizes)}"
        )
    if sum(sizes) != input.shape[d]:
        raise RuntimeError(
            f"split_with_sizes expects split_sizes to sum exactly to {input.shape[d]} (input tensor's size "
            f"at dimension {dim}), "
            f"but got split_sizes={list(sizes)}"
        )
    return Split.apply(input, sizes, d)


@composite("chunk")
def chunk(input, chunks, dim=0):
    """chunk(input, chunks, dim=0) -> tuple of Tensors: views of at most `chunks` parts of equal size (the last
    may be smaller)."""
    check_tensor(input, "chunk")
    if input.ndim == 0:
        raise RuntimeError("chunk expects at least a 1-dimensional tensor")
    if chunks <= 0:
        raise RuntimeError(f"chunk expects `chunks` to be greater than 0, got: {chunks}")
    d = normalize_dim(dim, input.ndim)
    size = input.shape[d]
    if size == 0:
        return Split.apply(input, (0,) * chunks, d)
    return split(input, -(-size // chunks), d)


@composite("tensor_split")
def tensor_split(input, indices_or_sections, dim=0):
    """tensor_split(input, indices_or_sections, dim=0) -> tuple of Tensors: views of parts along dim: of n
    parts whose sizes differ by at most 1, or cut at the given indices."""
    check_tensor(input, "tensor_split")
    if input.ndim == 0:
        raise RuntimeError(
            "tensor_split expected at least a 1-dimensional tensor, but got a tensor with 0 dims"
        )
    d = normalize_dim(dim, input.ndim)
    size = input.shape[d]
    if isinstance(indices_or_sections, TensorBase):
        indices_or_sections = indices_or_sections.tolist()
    if isinstance(indices_or_sections, int):
        n = indices_or_sections
        if n <= 0:
            raise RuntimeError(f"number of sections must be larger than 0, got {n}")
        cuts = [i * (size // n) + min(i, size % n) for i in range(1, n)]
    else:
        cuts = [slice(None, operator.index(i)).indices(size)[1] for i in indices_or_sections]
    return tuple(
        Slice.apply(input, along(d, slice(a, max(a, b))))
        for a, b in zip([0, *cuts], [*cuts, size], strict=True)
    )


def _split_along(name, dim_of, least):
    def function(input, indices_or_sections):
        check_tensor(input, name)
        if input.ndim < least:
            raise RuntimeError(f"torch.{name} requires a tensor with at least {least} dimension, but got a tensor with "
                               f"{input.ndim} dimensions!")  # fmt: skip
        d = dim_of(input)
        if isinstance(indices_or_sections, int) and (
            indices_or_sections < 1 or input.shape[d] % indices_or_sections
        ):
            raise RuntimeError(
                f"torch.{name} attempted to split along dimension {d}, but the size of the dimension "
                f"{input.shape[d]} is not "
                f"divisible by the split_size {indices_or_sections}!"
            )
        return tensor_split(input, indices_or_sections, d)

    function.__name__ = function.__qualname__ = name
    function.__doc__ = (
        f"{name}(input, indices_or_sections) -> tuple of Tensors: tensor_split along a fixed dimension."
    )
    return composite(name)(function)


hsplit = _split_along("hsplit", lambda t: 0 if t.ndim == 1 else 1, 1)
vsplit = _split_along("vsplit", lambda t: 0, 2)
dsplit = _split_along("dsplit", lambda t: 2, 3)


class Unbind(Op, name="unbind", methods=("unbind",), view=True):
    """unbind(input, dim=0) -> tuple of Tensors: the views of all slices along dim, without that dimension."""

    @staticmethod
    def prepare(input, dim=0):
        check_tensor(input, "unbind")
        if input.ndim == 0:
            raise IndexError("Dimension specified as 0 but tensor has no dimensions")
        return input, normalize_dim(dim, input.ndim)

    @staticmethod
    def forward(ctx, x, dim):
        ctx.dim = dim
        return tuple([x[along(dim, i) + (...,)] for i in range(x.shape[dim])])

    @staticmethod
    def backward(ctx, *grads):
        return FUNCTIONS["stack"](grads, ctx.dim)


# ---- other geometry


def layout(array, relative_to=None):
    """(shape, byte strides, byte offset from another array's first element, dtype) of an array."""
    offset = 0 if relative_to is None else _address(array) - _address(relative_to)
    return array.shape, array.strides, offset, array.dtype


def _address(array):
    return _core.make(array).data_ptr()


class Relayout(Op, name="_relayout", tangent="linear"):
    """What is seen through the layout `target` of memory into which input was written through the layout `source`."""

    @staticmethod
    def forward(ctx, x, source, target):
        ctx.source, ctx.target = source, target
        return ctx.k.relayout(x, source, target)

    @staticmethod
    def backward(ctx, grad):
        return Relayout.apply(grad, ctx.target, ctx.source)


class AsStrided(Op, name="as_strided", methods=("as_strided",), view=True):
    """as_strided(input, size, stride, storage_offset=None) -> Tensor: a view of the storage of input with
    these sizes and strides (in elements), from an offset in the storage (default: that of input).

    RuntimeError when the elements would lie outside of the storage. Elements that share memory get the sum of
    gradients.
    """

    @staticmethod
    def prepare(input, size, stride, storage_offset=None):
        from ..tensor import storage_array

        check_tensor(input, "as_strided")
        size, stride = ints((size,), "as_strided", "size"), ints((stride,), "as_strided", "stride")
        if len(size) != len(stride):
            raise RuntimeError(
                f"mismatch in length of strides and shape: {len(stride)} strides, {len(size)} sizes"
            )
        if min((*size, *stride, 0)) < 0:
            raise RuntimeError(
                f"as_strided: Negative strides or sizes are not supported, got strides {list(stride)}"
            )
        owner, item = storage_array(input), input.element_size()
        start = input.storage_offset()
        offset = start if storage_offset is None else operator.index(storage_offset)
        if offset < 0:
            raise RuntimeError(f"Tensor: invalid storage offset {offset}")
        end = 0 if 0 in size else 1 + offset + sum((n - 1) * s for n, s in zip(size, stride, strict=True))
        if end * item > owner.nbytes:
            raise RuntimeError(
                f"setStorage: sizes {list(size)}, strides {list(stride)}, storage offset {offset}, and "
                f"itemsize {item} requiring "
                f"a storage size of {end * item} are out of bounds for storage of size {owner.nbytes}"
            )
        steps = tuple([s * item for s in stride])
        return input, strided(_core.array_of(input), size, steps, (offset - start) * item)

    @staticmethod
    def forward(ctx, x, view):
        ctx.source, ctx.target = layout(x), layout(view, x)
        return view

    @staticmethod
    def backward(ctx, grad):
        grad = Relayout.apply(grad, ctx.target, ctx.source)
        if overlaps(ctx.source):  # elements of the input that share memory share the gradient equally
            grad = grad / Relayout.apply(FUNCTIONS["ones_like"](grad), ctx.source, ctx.source)
        return grad


class Diagonal(Op, name="diagonal", methods=("diagonal",), view=True):
    """diagonal(input, offset=0, dim1=0, dim2=1) -> Tensor: the view of a diagonal of the planes of two dims,
    as last dim.

    offset > 0: above the main diagonal, < 0: below it.
    """

    @staticmethod
    def prepare(input, offset=0, dim1=0, dim2=1):
        check_tensor(input, "diagonal")
        d1, d2 = normalize_dim(dim1, input.ndim), normalize_dim(dim2, input.ndim)
        if d1 == d2:
            raise RuntimeError(f"diagonal dimensions cannot be identical {dim1}, {dim2}")
        return input, operator.index(offset), d1, d2

    @staticmethod
    def forward(ctx, x, offset, dim1, dim2):
        ctx.shape, ctx.at = x.shape, (offset, dim1, dim2)
        return ctx.k.diagonal(x, offset, dim1, dim2)

    @staticmethod
    def backward(ctx, grad):
        return PlaceDiagonal.function(grad, ctx.shape, *ctx.at)


class PlaceDiagonal(Op, name="_place_diagonal", tangent="linear"):
    """Zeros of a shape with input on a diagonal: what the gradient of diagonal is."""

    @staticmethod
    def forward(ctx, x, shape, offset, dim1, dim2):
        ctx.at = offset, dim1, dim2
        return ctx.k.place_diagonal(x, shape, offset, dim1, dim2)

    @staticmethod
    def backward(ctx, grad):
        return Diagonal.apply(grad, *ctx.at)


@composite("diag_embed")
def diag_embed(input, offset=0, dim1=-2, dim2=-1):
    """diag_embed(input, offset=0, dim1=-2, dim2=-1) -> Tensor: zeros with the last dim of input on a diagonal
    of the planes of two new dims."""
    check_tensor(input, "diag_embed")
    n = input.ndim + 1
    d1, d2 = normalize_dim(dim1, n), normalize_dim(dim2, n)
    if d1 == d2:
        raise RuntimeError(f"diagonal dimensions cannot be identical {dim1}, {dim2}")
    shape = list(input.shape[:-1])
    for d in sorted((d1, d2)):
        shape.insert(d, input.shape[-1] + abs(offset))
    return PlaceDiagonal.function(input, tuple(shape), offset, d1, d2)


@composite("diag")
def diag(input, diagonal=0):
    """diag(input, diagonal=0) -> Tensor: a matrix with a 1-D input on a diagonal, or a copy of a diagonal of a
    matrix."""
    check_tensor(input, "diag")
    if input.ndim == 1:
        return diag_embed(input, diagonal)
    if input.ndim == 2:
        return Diagonal.function(input, diagonal).clone()
    raise RuntimeError(f"diag(): Supports 1D or 2D tensors. Got {input.ndim}D")


@composite("diagflat")
def diagflat(input, offset=0):
    """diagflat(input, offset=0) -> 2-D Tensor with the elements of input on a diagonal."""
    return diag_embed(Reshape.function(input, -1), offset)


class Unfold(Op, name="_unfold", view=True):
    """unfold(dimension, size, step) -> Tensor: the view of all windows of `size` along a dimension, `step` apart.

    That dimension then counts the windows; their elements are a new last dimension.
    """

    @staticmethod
    def prepare(input, dimension, size, step):
        check_tensor(input, "unfold")
        d, size, step = normalize_dim(dimension, input.ndim), operator.index(size), operator.index(step)
        have = input.shape[d] if input.ndim else 1
        if size < 0:
            raise RuntimeError(f"size is {size} but must be >= 0")
        if size > have:
            raise RuntimeError(f"maximum size for tensor at dimension {d} is {have} but size is {size}")
        if step <= 0:
            raise RuntimeError(f"step is {step} but must be > 0")
        return input, d, size, step

    @staticmethod
    def forward(ctx, x, dim, size, step):
        if ctx.recording:
            # the layouts of a row-major input: the gradient does not depend on where the elements are
            rows = tuple([math.prod(x.shape[d + 1 :]) * x.itemsize for d in range(x.ndim)])
            shape, steps = window_layout(x.shape, rows, dim, size, step)
            ctx.source, ctx.target = (x.shape, rows, 0, x.dtype), (shape, steps, 0, x.dtype)
        shape, steps = window_layout(x.shape, x.strides, dim, size, step)
        return strided(x, shape, steps, 0)

    @staticmethod
    def backward(ctx, grad):
        return Relayout.apply(grad, ctx.target, ctx.source)


def window_layout(shape, strides, axis, size, step):
    """Shape and strides of all windows of `size` elements along an axis; the elements of a window are the last axis."""
    if not shape:
        return (size,), (0,)
    count = (shape[axis] - size) // step + 1
    return (
        (*shape[:axis], count, *shape[axis + 1 :], size),
        (*strides[:axis], strides[axis] * step, *strides[axis + 1 :], strides[axis]),
    )


METHODS["unfold"] = Unfold.function


class ViewAsReal(Op, name="view_as_real", view=True):
    """view_as_real(input) -> real Tensor: the view of a complex tensor with a last dimension (real part,
    imaginary part)."""

    @staticmethod
    def prepare(input):
        check_tensor(input, "view_as_real")
        if not input.is_complex():
            raise RuntimeError("view_as_real is only supported for complex tensors")
        return (input,)

    @staticmethod
    def forward(ctx, x):
        real = x.real
        return strided(real, (*x.shape, 2), (*x.strides, real.itemsize), 0)

    @staticmethod
    def backward(ctx, grad):
        return ViewAsComplex.function(grad.contiguous())


class ViewAsComplex(Op, name="view_as_complex", view=True):
    """view_as_complex(input) -> complex Tensor: the view of a real tensor whose last dimension holds (real,
    imaginary)."""

    @staticmethod
    def prepare(input):
        check_tensor(input, "view_as_complex")
        if input.dtype.name not in ("float32", "float64"):
            raise RuntimeError(f"view_as_complex is only supported for half, float and double tensors, but "
                               "got a tensor of scalar "
                               f"type: {input.dtype.title}")  # fmt: skip
        if input.ndim == 0:
            raise RuntimeError("Input tensor must have one or more dimensions")
        if input.shape[-1] != 2:
            raise RuntimeError("Tensor must have a last dimension of size 2")
        if input.stride(-1) != 1:
            raise RuntimeError("Tensor must have a last dimension with stride 1")
        if any(s % 2 and n > 1 for s, n in zip(input.stride()[:-1], input.shape[:-1], strict=True)):
            raise RuntimeError("Tensor must have a stride divisible by 2 for all but last dimension")
        return (input,)

    @staticmethod
    def forward(ctx, x):
        return x.view("c8" if x.itemsize == 4 else "c16")[..., 0]

    @staticmethod
    def backward(ctx, grad):
        return ViewAsReal.function(grad)
