"""Manipulation functions of the array API standard, and its linear algebra outside `linalg`."""

import builtins

import flambeau as fb

from ._array import as_int64, faced
from ._dtypes import as_arrays, axes_of, check_array

__all__ = [
    "broadcast_arrays", "broadcast_to", "concat", "expand_dims", "flip", "matmul", "matrix_transpose",
    "moveaxis", "permute_dims", "repeat", "reshape", "roll", "squeeze", "stack", "tensordot", "tile",
    "unstack", "vecdot",
]  # fmt: skip


def broadcast_arrays(*arrays):
    """broadcast_arrays(*arrays) -> list of views of one common shape."""
    check_array("broadcast_arrays", *arrays)
    return list(fb.broadcast_tensors(*arrays))


def broadcast_to(x, /, shape):
    """broadcast_to(x, shape) -> view of x, stretched to the shape."""
    return fb.broadcast_to(x, tuple(shape))


def concat(arrays, /, *, axis=0):
    """concat(arrays, axis=0) -> Tensor: the arrays one after another along axis; flattened first when it is None."""
    arrays = as_arrays("concat", *arrays)
    if axis is None:
        arrays, axis = [x.reshape(-1) for x in arrays], 0
    (axis,) = axes_of("concat", arrays[0], axis)
    if len({x.ndim for x in arrays}) > 1:
        raise ValueError(
            f"concat(): the Tensors must have one number of dimensions, got {[x.ndim for x in arrays]}"
        )
    return fb.cat(arrays, axis)


def expand_dims(x, /, axis=0):
    """expand_dims(x, axis=0) -> view of x with a dimension of size 1 at axis (an int, or a tuple of them)."""
    check_array("expand_dims", x)
    axes = axis if isinstance(axis, tuple) else (axis,)
    ndim = x.ndim + len(axes)
    for a in axes:
        if not -ndim <= a < ndim:
            raise IndexError(f"expand_dims(): axis {a} is out of range for a result of {ndim} dimensions")
    places = {a % ndim for a in axes}
    if len(places) != len(axes):
        raise ValueError(f"expand_dims(): axes must differ, got {axis}")
    for a in sorted(places):
        x = x.unsqueeze(a)
    return x


def flip(x, /, *, axis=None):
    """flip(x, axis=None) -> Tensor with the elements in reverse order along axis (all of them)."""
    axes = axes_of("flip", x, axis)
    return fb.flip(x, axes) if axes else x.clone()


def matmul(x1, x2, /):
    """matmul(x1, x2) -> Tensor: the matrix product; leading dimensions are broadcast, vectors allowed."""
    check_array("matmul", x1, x2)
    return fb.matmul(*as_arrays("matmul", x1, x2))


def matrix_transpose(x, /):
    """matrix_transpose(x) -> view of x with its last two dimensions exchanged."""
    check_array("matrix_transpose", x)
    if x.ndim < 2:
        raise ValueError(f"matrix_transpose(): expected 2 or more dimensions, got {x.ndim}")
    return x.transpose(-2, -1)


def moveaxis(x, source, destination, /):
    """moveaxis(x, source, destination) -> view of x with dimensions moved."""
    check_array("moveaxis", x)
    return fb.movedim(x, source, destination)


def permute_dims(x, /, axes):
    """permute_dims(x, axes) -> view of x with its dimensions in another order."""
    check_array("permute_dims", x)
    return x.permute(tuple(axes))


def repeat(x, repeats, /, *, axis=None):
    """repeat(x, repeats, axis=None) -> Tensor: each element (or slice along axis) `repeats` times."""
    check_array("repeat", x)
    if isinstance(repeats, fb.Tensor):
        repeats = as_int64(repeats)
        if repeats.numel() == 1:
            repeats = int(repeats)
    return fb.repeat_interleave(x, repeats, dim=axis)


def reshape(x, /, shape, *, copy=None):
    """reshape(x, shape, copy=None) -> Tensor of another shape, a view where it can be. ValueError when copy=False and a
    copy is needed."""
    check_array("reshape", x)
    if copy is False:
        try:
            return x.view(tuple(shape))
        except RuntimeError as error:
            raise ValueError(f"reshape(): {error}") from None
    result = x.reshape(tuple(shape))
    return result.clone() if copy else result


def roll(x, /, shift, *, axis=None):
    """roll(x, shift, axis=None) -> Tensor: elements moved along axis, around the end; flattened when it is None."""
    check_array("roll", x)
    if isinstance(axis, tuple) and isinstance(shift, int):
        shift = (shift,) * len(axis)
    return fb.roll(x, shift, axis)


def squeeze(x, /, axis):
    """squeeze(x, axis) -> view of x without the dimensions at axis. ValueError unless their sizes are 1."""
    axes = axes_of("squeeze", x, axis)
    sizes = [x.shape[a] for a in axes]
    if builtins.any(n != 1 for n in sizes):
        raise ValueError(
            f"squeeze(): only dimensions of size 1 can be removed, got sizes {sizes} at axis {axis}"
        )
    return fb.squeeze(x, axes)


def stack(arrays, /, *, axis=0):
    """stack(arrays, axis=0) -> Tensor: arrays of one shape along a new dimension."""
    return fb.stack(as_arrays("stack", *arrays), axis)


def tensordot(x1, x2, /, *, axes=2):
    """tensordot(x1, x2, axes=2) -> Tensor: sums of products over the last `axes` dimensions of x1 and the first of x2,
    or over the pairs in (axes of x1, axes of x2)."""
    check_array("tensordot", x1, x2)
    x1, x2 = as_arrays("tensordot", x1, x2)
    return fb.tensordot(x1, x2, axes if isinstance(axes, int) else tuple([list(a) for a in axes]))


def tile(x, repetitions, /):
    """tile(x, repetitions) -> Tensor: x repeated as a whole along each dimension."""
    check_array("tile", x)
    return fb.tile(x, tuple(repetitions))


def unstack(x, /, *, axis=0):
    """unstack(x, axis=0) -> tuple of the slices of x along axis."""
    (axis,) = axes_of("unstack", x, axis)
    return tuple(fb.unbind(x, axis))


def vecdot(x1, x2, /, *, axis=-1):
    """vecdot(x1, x2, axis=-1) -> Tensor: the sum of conj(x1) x2 along axis, other dimensions broadcast. axis < 0."""
    check_array("vecdot", x1, x2)
    x1, x2 = as_arrays("vecdot", x1, x2)
    for x in (x1, x2):
        axes_of("vecdot", x, axis)
    if x1.shape[axis] != x2.shape[axis]:
        raise ValueError(
            f"vecdot(): sizes along axis {axis} must agree, got {x1.shape[axis]} and {x2.shape[axis]}"
        )
    x1, x2 = x1.movedim(axis, -1), x2.movedim(axis, -1)
    return fb.matmul(fb.conj(x1).unsqueeze(-2), x2.unsqueeze(-1)).squeeze(-1).squeeze(-1)


faced(__all__, globals())
