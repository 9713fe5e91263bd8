"""Views: the same memory in another shape, order or extent.

A view shares memory and version counter with its base; in-place changes of either show in both, and in the history of
both (`autograd/inplace.py`). Joining and copying ops are in `join.py` and `convert.py`, views of parts in
`part.py`, indexing in `index.py`.
"""

import math

from .. import _core
from ..dtype import dtype as DType
from ..dtype import plain_dtype
from ._args import check_tensor, ints, normalize_dim, normalize_dims
from .op import METHODS, Op, composite

TensorBase = _core.TensorBase


class Alias(Op, name="_alias", view=True):
    """alias(input) -> Tensor: a view of all of input."""

    @staticmethod
    def forward(ctx, x):
        return x[...]

    @staticmethod
    def backward(ctx, grad):
        return grad


_core.set_operator("alias", Alias.function)


# ---- shapes


def _sizes(values, name, argument="size"):
    """The ints of a call that needs at least one argument."""
    if not values:
        raise TypeError(f'{name}() missing 1 required positional arguments: "{argument}"')
    return ints(values, name, argument)


def infer_size(shape, count):
    """shape with its -1, if there is one, replaced by what makes it hold `count` elements."""
    known, unknown = 1, None
    for i, size in enumerate(shape):
        if size == -1:
            if unknown is not None:
                raise RuntimeError("only one dimension can be inferred")
            unknown = i
        elif size < 0:
            raise RuntimeError(f"invalid shape dimension {size}")
        else:
            known *= size
    if unknown is None:
        if known == count:
            return shape
    elif known and count % known == 0:
        return (*shape[:unknown], count // known, *shape[unknown + 1 :])
    elif not known and not count:
        raise RuntimeError(
            f"cannot reshape tensor of 0 elements into shape {list(shape)} because the unspecified "
            "dimension size -1 can be "
            "any value and is ambiguous"
        )
    raise RuntimeError(f"shape '{list(shape)}' is invalid for input of size {count}")


class View(Op, name="_view", view=True, quick="reshape"):
    """view(*shape) -> Tensor with another shape (one size may be -1: inferred), sharing memory with this one.

    RuntimeError when the strides do not allow it without a copy (use reshape), or the number of elements differs.
    `view(dtype)`: the memory seen as elements of another dtype; where its size differs, the last dimension changes.
    """

    @staticmethod
    def prepare(input, *size, dtype=None):
        if len(size) == 1 and isinstance(plain_dtype(size[0]), DType):
            (dtype,) = size
        if dtype is not None:
            return ViewDtype.function(input, dtype)
        return input, infer_size(_sizes(size, "view"), input.numel())

    @staticmethod
    def forward(ctx, x, shape):
        ctx.shape = x.shape
        return ctx.k.view(x, shape)

    @staticmethod
    def backward(ctx, grad):
        return grad.reshape(ctx.shape)


METHODS["view"] = View.function


class ViewDtype(Op, name="_view_dtype", view=True):
    """view(dtype): the same bytes as elements of another dtype."""

    @staticmethod
    def prepare(input, dtype):
        dtype = plain_dtype(dtype)
        if not isinstance(dtype, DType):
            raise TypeError(f"view(): argument 'dtype' must be torch.dtype, not {type(dtype).__name__}")
        old, new = input.element_size(), dtype.itemsize
        if old != new:
            names = f"to view {input.dtype.title} as {dtype.title} (different element sizes)"
            if input.ndim == 0:
                raise RuntimeError(f"self.dim() cannot be 0 {names}")
            if input.stride(-1) != 1:
                raise RuntimeError(f"self.stride(-1) must be 1 {names}, but got {input.stride(-1)}")
            if new > old:
                ratio = new // old
                if input.size(-1) % ratio:
                    raise RuntimeError(
                        f"self.size(-1) must be divisible by {ratio} {names}, but got {input.size(-1)}"
                    )
                for i, stride in enumerate(input.stride()[:-1]):
                    if stride % ratio:
                        raise RuntimeError(
                            f"self.stride({i}) must be divisible by {ratio} {names}, but got {stride}"
                        )
                if input.storage_offset() % ratio:
                    raise RuntimeError(
                        f"self.storage_offset() must be divisible by {ratio} {names}, but got {input.storage_offset()}"
                    )
        return input, dtype

    @staticmethod
    def forward(ctx, x, dtype):
        return x.view(dtype.numpy)


@composite("view_as", name="_view_as")
def view_as(input, other):
    """view_as(other) -> Tensor: view(other.size())."""
    check_tensor(input, "view_as")
    check_tensor(other, "view_as", "other", 2)
    return View.function(input, other.shape)


class Reshape(Op, name="reshape", methods=("reshape",), view=True, quick="reshape"):
    """reshape(input, *shape) -> Tensor with the elements of input in another shape; one size may be -1 (inferred).

    A view where the strides allow it, else a copy. RuntimeError when the number of elements differs.
    """

    @staticmethod
    def prepare(input, *shape):
        check_tensor(input, "reshape")
        return input, infer_size(_sizes(shape, "reshape", "shape"), input.numel())

    @staticmethod
    def forward(ctx, x, shape):
        ctx.shape = x.shape
        return x.reshape(shape)

    @staticmethod
    def backward(ctx, grad):
        return grad.reshape(ctx.shape)


@composite("reshape_as", name="_reshape_as")
def reshape_as(input, other):
    """reshape_as(other) -> Tensor: reshape(other.size())."""
    check_tensor(input, "reshape_as")
    check_tensor(other, "reshape_as", "other", 2)
    return Reshape.function(input, other.shape)


@composite("flatten")
def flatten(input, start_dim=0, end_dim=-1):
    """flatten(input, start_dim=0, end_dim=-1) -> Tensor with the dims from start to end made one; a view if
    possible."""
    check_tensor(input, "flatten")
    first, last = normalize_dim(start_dim, input.ndim), normalize_dim(end_dim, input.ndim)
    if first > last:
        raise RuntimeError("flatten() has invalid args: start_dim cannot come after end_dim")
    shape = tuple(input.shape)
    if input.ndim == 0:
        return Reshape.function(input, 1)
    if first == last:
        return input
    return Reshape.function(input, (*shape[:first], math.prod(shape[first : last + 1]), *shape[last + 1 :]))


@composite("unflatten")
def unflatten(input, dim, sizes):
    """unflatten(input, dim, sizes) -> Tensor with one dim seen as several, whose product it is (one may be -1)."""
    check_tensor(input, "unflatten")
    d = normalize_dim(dim, input.ndim)
    sizes = ints((sizes,), "unflatten", "sizes")
    if not sizes:
        raise RuntimeError("unflatten: sizes must be non-empty")
    shape = tuple(input.shape)
    if not shape:
        raise RuntimeError("unflatten: a tensor without dimensions has no dim to unflatten; use reshape()")
    try:
        sizes = infer_size(sizes, shape[d])
    except RuntimeError:
        if -1 not in sizes:
            raise RuntimeError(
                f"unflatten: Provided sizes {list(sizes)} don't multiply up to the size of dim {dim} "
                f"({shape[d]}) in the input "
                "tensor"
            ) from None
        raise
    return View.function(input, (*shape[:d], *sizes, *shape[d + 1 :]))


@composite("ravel")
def ravel(input):
    """ravel(input) -> 1-D Tensor of the elements in row-major order; a view when input is contiguous."""
    return Reshape.function(input, -1)


# ---- order of dimensions


class Permute(Op, name="permute", methods=("permute",), view=True, quick="permute"):
    """permute(input, dims) -> Tensor: a view whose dimension i is dimension dims[i] of input."""

    @staticmethod
    def prepare(input, *dims):
        check_tensor(input, "permute")
        dims = _sizes(dims, "permute", "dims")
        n = input.ndim
        if len(dims) != n:
            raise RuntimeError(
                "permute(sparse_coo): number of dimensions in the tensor input does not match the length of "
                "the desired "
                f"ordering of dimensions i.e. input.dim() = {n} is not equal to len(dims) = {len(dims)}"
            )
        normal = tuple([normalize_dim(d, n) for d in dims])
        if len(set(normal)) != n:
            raise RuntimeError("permute(): duplicate dims are not allowed.")
        return input, normal

    @staticmethod
    def forward(ctx, x, dims):
        ctx.dims = dims
        return x.transpose(dims)

    @staticmethod
    def backward(ctx, grad):
        inverse = [0] * len(ctx.dims)
        for i, d in enumerate(ctx.dims):
            inverse[d] = i
        return Permute.apply(grad, tuple(inverse))


class Transpose(Op, name="transpose", methods=("transpose", "swapaxes", "swapdims"), aliases=("swapaxes", "swapdims"),
                view=True, quick="transpose"):  # fmt: skip
    """transpose(input, dim0, dim1) -> Tensor: a view with two dimensions exchanged."""

    @staticmethod
    def prepare(input, dim0, dim1):
        check_tensor(input, "transpose")
        return input, normalize_dim(dim0, input.ndim), normalize_dim(dim1, input.ndim)

    @staticmethod
    def forward(ctx, x, dim0, dim1):
        ctx.dims = dim0, dim1
        return x.swapaxes(dim0, dim1) if x.ndim else x[...]

    @staticmethod
    def backward(ctx, grad):
        return Transpose.apply(grad, *ctx.dims)


class T(Op, name="t", methods=("t",), view=True, quick="t"):
    """t(input) -> Tensor: a view of a tensor of at most 2 dimensions with its dimensions exchanged."""

    @staticmethod
    def prepare(input):
        check_tensor(input, "t")
        if input.ndim > 2:
            raise RuntimeError(f"t() expects a tensor with <= 2 dimensions, but self is {input.ndim}D")
        return (input,)

    @staticmethod
    def forward(ctx, x):
        return x.transpose()

    @staticmethod
    def backward(ctx, grad):
        return T.apply(grad)


def _reversed(x):
    """All dimensions in reverse order."""
    return Permute.apply(x, tuple(range(x.ndim - 1, -1, -1)))


def _matrix_transposed(x):
    """The last two dimensions exchanged."""
    if x.ndim == 1:
        raise RuntimeError(
            f"tensor.mT is only supported on matrices or batches of matrices. Got {x.ndim}-D tensor."
        )
    return Transpose.function(x, -2, -1) if x.ndim else x


def _adjoint(x):
    """adjoint(input) -> Tensor: the last two dimensions exchanged, and conjugated."""
    check_tensor(x, "adjoint")
    return _matrix_transposed(x).conj()


def _conjugate_transposed(x):
    """The conjugate transpose of a matrix."""
    if x.ndim not in (0, 2):
        raise RuntimeError(
            "tensor.H is only supported on matrices (2-D tensors). Got {}-D tensor.{}".format(
                x.ndim, " For batches of matrices, consider using tensor.mH" if x.ndim > 2 else ""
            )
        )
    return _adjoint(x)


METHODS.update(
    T=property(_reversed),
    mT=property(_matrix_transposed),
    mH=property(_adjoint),
    H=property(_conjugate_transposed),
)
composite("adjoint", name="adjoint")(_adjoint)


@composite("movedim", "moveaxis", aliases=("moveaxis",))
def movedim(input, source, destination):
    """movedim(input, source, destination) -> Tensor: a view with dims moved to new places, the others in their
    order."""
    check_tensor(input, "movedim")
    given = [(d,) if hasattr(d, "__index__") else tuple(d) for d in (source, destination)]
    if len(given[0]) != len(given[1]):
        raise RuntimeError(
            f"movedim: Invalid source or destination dims: source ({list(given[0])} dims) should contain "
            "the same number of "
            f"dims as destination ({list(given[1])} dims)"
        )
    normal = []
    for dims, what in zip(given, ("source", "destination"), strict=True):
        normal.append([normalize_dim(d, input.ndim) for d in dims])
        if len(set(normal[-1])) != len(normal[-1]):
            raise RuntimeError(f"movedim: repeated dim in `{what}` ({list(dims)})")
    if input.ndim == 0:
        return Alias.function(input)
    order = [d for d in range(input.ndim) if d not in normal[0]]
    for to, d in sorted(zip(normal[1], normal[0], strict=True)):
        order.insert(to, d)
    return Permute.apply(input, tuple(order))


# ---- repeating without a copy


def expanded_shape(have, want):
    """The sizes of expand(want), whose -1 keep what is there."""
    lead = len(want) - len(have)
    if lead < 0:
        raise RuntimeError(
            f"expand(Tensor{{{list(have)}}}, size={list(want)}): the number of sizes provided ({len(want)}) must be "
            f"greater or equal to the number of dimensions in the tensor ({len(have)})"
        )
    shape = []
    for i in reversed(range(len(want))):
        size = want[i]
        old = have[i - lead] if i >= lead else 1
        if size == -1 and i < lead:
            raise RuntimeError(
                f"The expanded size of the tensor ({size}) isn't allowed in a leading, non-existing dimension {i}"
            )
        if size != -1 and size != old and (old != 1 or size < 0):
            raise RuntimeError(
                f"The expanded size of the tensor ({size}) must match the existing size ({old}) at "
                f"non-singleton dimension {i}.  "
                f"Target sizes: {list(want)}.  Tensor sizes: {list(have)}"
            )
        shape.append(old if size == -1 else size)
    return tuple(reversed(shape))


class Expand(Op, name="_expand", view=True, quick="expand"):
    """expand(*sizes) -> Tensor: a view with dimensions of size 1 repeated to a larger size, and new ones in front.

    -1 keeps a size. Elements along expanded dimensions share memory: clone() before writing.
    """

    @staticmethod
    def prepare(input, *sizes, implicit=False):
        return input, expanded_shape(input.shape, _sizes(sizes, "expand"))

    @staticmethod
    def forward(ctx, x, shape):
        return ctx.k.broadcast(x, shape)

    @staticmethod
    def backward(ctx, grad):
        return grad


METHODS["expand"] = Expand.function


@composite("expand_as", name="_expand_as")
def expand_as(input, other):
    """expand_as(other) -> Tensor: expand(other.size())."""
    check_tensor(input, "expand_as")
    check_tensor(other, "expand_as", "other", 2)
    return Expand.function(input, other.shape)


@composite("broadcast_to")
def broadcast_to(input, size):
    """broadcast_to(input, size) -> Tensor: a view of input expanded to size."""
    check_tensor(input, "broadcast_to")
    return Expand.function(input, size)


broadcast_sizes = _core.broadcast_shapes


@composite()
def broadcast_shapes(*shapes):
    """broadcast_shapes(*shapes) -> Size: the shape that tensors of these shapes are broadcast to. RuntimeError
    if none."""
    from ..size import Size

    given = [(s,) if hasattr(s, "__index__") else tuple(s) for s in shapes]
    try:
        return Size(broadcast_sizes(*given))
    except RuntimeError as error:
        raise RuntimeError(
            f"Shape mismatch: objects cannot be broadcast to a single shape: "
            f"{', '.join(str(s) for s in given)} ({error})"
        ) from None


@composite()
def broadcast_tensors(*tensors):
    """broadcast_tensors(*tensors) -> tuple of Tensors: views of the tensors expanded to their common shape."""
    in_list = len(tensors) == 1 and isinstance(tensors[0], (tuple, list))
    given = list(tensors[0] if in_list else tensors)
    for i, t in enumerate(given):
        check_tensor(t, "broadcast_tensors", f"tensors[{i}]")
    shape = broadcast_sizes(*[t.shape for t in given])
    return tuple(Expand.function(t, shape) for t in given)


# ---- dimensions of size 1


class Squeeze(Op, name="squeeze", methods=("squeeze",), view=True, quick="squeeze"):
    """squeeze(input, dim=None) -> Tensor: a view without dimensions of size 1: all of them, or those of `dim`
    (an int or several) that have size 1."""

    @staticmethod
    def prepare(input, dim=None, *more):
        check_tensor(input, "squeeze")
        dim = (dim, *more) if more else dim
        shape = input.shape
        dims = () if dim == () else normalize_dims(dim, len(shape), "squeeze")
        return input, tuple([d for d in dims if shape and shape[d] == 1])

    @staticmethod
    def forward(ctx, x, dims):
        ctx.dims = dims
        return x.squeeze(dims) if dims else x[...]

    @staticmethod
    def backward(ctx, grad):
        for d in sorted(ctx.dims):
            grad = Unsqueeze.apply(grad, d)
        return grad


class Unsqueeze(Op, name="unsqueeze", methods=("unsqueeze",), view=True, quick="unsqueeze"):
    """unsqueeze(input, dim) -> Tensor: a view with a new dimension of size 1 at dim."""

    @staticmethod
    def prepare(input, dim):
        check_tensor(input, "unsqueeze")
        return input, normalize_dim(dim, input.ndim + 1)

    @staticmethod
    def forward(ctx, x, dim):
        ctx.dim = dim
        step = x.shape[dim] * x.strides[dim] if dim < x.ndim else x.itemsize
        return ctx.k.strided(
            x, (*x.shape[:dim], 1, *x.shape[dim:]), (*x.strides[:dim], step, *x.strides[dim:]), 0
        )

    @staticmethod
    def backward(ctx, grad):
        return Squeeze.apply(grad, (ctx.dim,))


def _reshaped_in_place(name, op):
    """An in-place form that gives the tensor itself another shape, and the history of a view of that shape."""

    def method(self, *args, **kwargs):
        recorded = self.requires_grad and _core.is_grad_enabled()
        if recorded and self.is_leaf:
            raise RuntimeError(
                f"{name}: a leaf Variable that requires grad is being used in an in-place operation; use {name[:-1]}()"
            )
        view = op(self if recorded else self.detach(), *args, **kwargs)
        node = view.grad_fn if recorded else None
        _core.set_array(self, _core.array_of(view))
        if node is not None:
            _core.set_history(self, node)
        return self

    method.__name__ = method.__qualname__ = name
    method.__doc__ = f"{name}(...) -> self, in the shape of {name[:-1]}(...)."
    METHODS[name] = method


for _name, _op in (("squeeze_", Squeeze), ("unsqueeze_", Unsqueeze), ("transpose_", Transpose), ("t_", T)):
    _reshaped_in_place(_name, _op.function)
METHODS["swapaxes_"] = METHODS["swapdims_"] = METHODS["transpose_"]


@composite()
def atleast_1d(*tensors):
    """atleast_1d(*tensors) -> Tensor or tuple of Tensors: 0-dim ones as views of shape (1,)."""
    return _at_least("atleast_1d", tensors, lambda t: t.reshape(1) if t.ndim == 0 else t)


@composite()
def atleast_2d(*tensors):
    """atleast_2d(*tensors) -> Tensor or tuple of Tensors: those with fewer dimensions as views (1, n)."""
    return _at_least("atleast_2d", tensors, lambda t: t.reshape(1, -1) if t.ndim < 2 else t)


@composite()
def atleast_3d(*tensors):
    """atleast_3d(*tensors) -> Tensor or tuple of Tensors: those with fewer dimensions as views (1, n, 1) or
    (m, n, 1)."""
    return _at_least(
        "atleast_3d", tensors, lambda t: t.reshape(1, -1, 1) if t.ndim < 2 else t.unsqueeze(-1) if t.ndim == 2 else t
    )


def _at_least(name, tensors, function):
    if len(tensors) == 1:
        if isinstance(tensors[0], TensorBase):
            return function(tensors[0])
        tensors = tensors[0] if isinstance(tensors[0], (tuple, list)) else tensors
    for at, t in enumerate(tensors):
        check_tensor(t, name, "tensors", at + 1)
    return tuple([function(t) for t in tensors])
