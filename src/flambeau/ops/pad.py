"""Padding of the last dimensions: with a constant, or with elements of the tensor itself."""

import operator

import numpy as np

from .. import _core
from ..memory_format import in_format, like_images, suggested
from ._args import check_tensor
from .convert import element
from .op import Op, composite


class ConstantPadNd(Op, name="constant_pad_nd"):
    """constant_pad_nd(input, pad, value=0) -> Tensor: `pad` in its constant mode."""

    @staticmethod
    def prepare(input, pad, value=0):
        check_tensor(input, "constant_pad_nd")
        value = element(value, input.dtype, "constant_pad_nd")
        before, after = _sides(_amounts(pad), input.ndim)
        for dim, (b, n, a) in enumerate(zip(before, input.shape, after, strict=True)):
            if b + n + a < 0 or -b > n or -a > n:
                raise RuntimeError(
                    f"The input size {n}, plus negative padding {b} and {a} resulted in a negative output size, "
                    "which is "
                    f"invalid. Check dimension {dim} of your input."
                )
        return input, before, after, value

    @staticmethod
    def forward(ctx, input, before, after, value):
        ctx.sides = before, after
        return in_format(ctx.k.constant_pad(input, before, after, value), suggested(input))

    @staticmethod
    def backward(ctx, grad):
        before, after = ctx.sides
        return ConstantPadNd.apply(grad, tuple(-b for b in before), tuple(-a for a in after), 0)


def _amounts(pad):
    if not isinstance(pad, (tuple, list)):
        raise TypeError(f"pad(): argument 'pad' (position 2) must be tuple of ints, not {type(pad).__name__}")
    try:
        amounts = [operator.index(p) for p in pad]
    except TypeError:
        position, bad = next(
            (i, p) for i, p in enumerate(pad) if not isinstance(p, (int, np.integer))
        )
        raise TypeError(
            "pad(): argument 'pad' (position 2) must be tuple of ints, but found element of type "
            f"{type(bad).__name__} at "
            f"pos {position}"
        ) from None
    if len(amounts) % 2:
        raise RuntimeError("Padding length must be divisible by 2")
    return amounts


def _sides(amounts, ndim):
    """The elements to add before and after, per dimension; amounts are pairs from the last dimension on."""
    if len(amounts) > 2 * ndim:
        raise RuntimeError(
            "Padding length should be less than or equal to two times the input dimension but got padding length "
            f"{len(amounts)} and input of dimension {ndim}"
        )
    lead = (0,) * (ndim - len(amounts) // 2)
    return (*lead, *amounts[-2::-2]), (*lead, *amounts[::-2])


@composite()
def pad(input, pad, mode="constant", value=None):
    """pad(input, pad, mode='constant', value=0) -> Tensor

    pad: pairs of the numbers of elements to add before and after, for the last dimension, then the one before
    it, and so on; negative numbers crop. mode: 'constant' (any dimensions, with `value`), 'reflect' (mirrored
    at the edge elements), 'replicate' (the edge elements again) or 'circular' (the other end); these three pad
    the last 1, 2 or 3 dimensions of tensors with one or two more. Raises RuntimeError for amounts that do not
    fit the sizes.
    (*) -> (*), with other sizes of the last dimensions.
    """
    check_tensor(input, "pad")
    if mode == "constant":
        return ConstantPadNd.function(input, pad, 0 if value is None else value)
    if mode not in _POSITIONS:
        raise NotImplementedError(f"Unrecognised padding mode {mode}")
    if value is not None and value != 0:
        raise RuntimeError(f'Padding mode "{mode}" doesn\'t take in value argument')
    amounts = _amounts(pad)
    n = len(amounts) // 2
    before, after = _sides(amounts, input.ndim)
    if not 1 <= n <= 3 or input.ndim not in (n + 1, n + 2):
        raise NotImplementedError(
            f"Padding size {len(amounts)} is not supported for {input.ndim}D input tensor."
        )
    if mode != "circular" and 0 in input.shape[input.ndim == n + 2 :]:
        raise RuntimeError(
            f"Expected {n + 1}D or {n + 2}D (batch mode) tensor with possibly 0 batch size and other non-zero "
            "dimensions "
            f"for input, but got: {list(input.shape)}"
        )
    for dim in reversed(range(input.ndim - n, input.ndim)):
        _check_amounts(mode, tuple(input.shape), dim, before[dim], after[dim])
    padded = input
    for dim in range(input.ndim - n, input.ndim):
        if before[dim] or after[dim]:
            b, size, a = before[dim], padded.shape[dim], after[dim]
            if mode == "circular" and min(b, a) < 0:  # what cropping leaves goes round
                padded = padded.narrow(dim, max(-b, 0), size + min(b, 0) + min(a, 0))
                b, size, a = max(b, 0), padded.shape[dim], max(a, 0)
            positions = _POSITIONS[mode](np.arange(-b, size + a), size)
            padded = padded.index_select(dim, _core.make(positions).to(input.device))
    return padded if mode == "circular" else like_images(padded, input)


def _check_amounts(mode, shape, dim, before, after):
    size = shape[dim]
    if mode == "reflect" and max(before, after) >= size:
        raise RuntimeError(
            f"Argument #{2 * (len(shape) - dim) + 2}: Padding size should be less than the corresponding input "
            "dimension, but "
            f"got: padding ({before}, {after}) at dimension {dim} of input {list(shape)}"
        )
    if mode == "circular" and max(before, after) > size + min(before, 0) + min(after, 0):
        raise RuntimeError("Padding value causes wrapping around more than once.")
    if before + size + after < (0 if mode == "circular" else 1):
        letter = "WHD"[len(shape) - 1 - dim]
        raise RuntimeError(
            f"input ({letter}: {size}) is too small. Calculated output {letter}: {before + size + after}"
        )


# Per mode: the elements of a dimension of `size` that stand at the positions p, which may lie outside.
_POSITIONS = {
    "reflect": lambda p, size: (size - 1) - abs((size - 1) - abs(p)),
    "replicate": lambda p, size: p.clip(0, size - 1),
    "circular": lambda p, size: p % size,
}
