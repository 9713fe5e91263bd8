"""im2col and col2im: the sliding blocks of images as columns, and back. Each is the other's gradient."""

import math
import operator

from ..kernels.base.patches import sliding_blocks
from ._args import check_tensor
from .op import Op


class Im2Col(Op, name="im2col"):
    """im2col(input, kernel_size, dilation=1, padding=0, stride=1) -> Tensor

    What nn.functional.unfold computes: the sliding blocks of a batch of images as the columns of matrices. input
    (N, C, H, W) or (C, H, W) of any dtype -> (N, C kH kW, L) or (C kH kW, L), where L is the number of blocks: the
    product over both dimensions of (size + 2 padding - dilation (kernel_size - 1) - 1) // stride + 1. kernel_size,
    dilation, padding and stride: an int or a pair; padding is with zeros. Raises RuntimeError where no block fits.
    """

    @staticmethod
    def prepare(input, kernel_size, dilation=1, padding=0, stride=1):
        check_tensor(input, "im2col")
        window = _window("im2col", 2, kernel_size, dilation, padding, stride)
        if input.ndim not in (3, 4) or 0 in input.shape[input.ndim - 3 :]:
            raise RuntimeError(
                "Expected 3D or 4D (batch mode) tensor with possibly 0 batch size and other non-zero dimensions for "
                f"input, but got: {list(input.shape)}"
            )
        size = tuple(input.shape[-2:])
        blocks = sliding_blocks(size, *window)
        if min(blocks) < 1:
            kernel_size, dilation, padding, _ = window
            raise RuntimeError(
                f"Given input with spatial size {size}, kernel_size={kernel_size}, dilation={dilation}, "
                f"padding={padding}, calculated shape of the array of sliding blocks as {blocks}, but its components "
                "must be at least one."
            )
        return input, *window

    @staticmethod
    def forward(ctx, input, kernel_size, dilation, padding, stride):
        ctx.options = input.shape[-2:], kernel_size, dilation, padding, stride
        return ctx.k.im2col(input, kernel_size, dilation, padding, stride)

    @staticmethod
    def backward(ctx, grad):
        return Col2Im.apply(grad, *ctx.options)


class Col2Im(Op, name="col2im"):
    """col2im(input, output_size, kernel_size, dilation=1, padding=0, stride=1) -> Tensor

    What nn.functional.fold computes: the columns are laid where im2col takes them from, and where blocks overlap, they
    add up. input (N, C kH kW, L) or (C kH kW, L) of any dtype -> (N, C, *output_size) or (C, *output_size). L must be
    the number of blocks of an image of output_size (see im2col). All but input: an int or a pair.
    """

    @staticmethod
    def prepare(input, output_size, kernel_size, dilation=1, padding=0, stride=1):
        check_tensor(input, "col2im")
        output_size = _pair("col2im", "output_size", 2, output_size)
        window = _window("col2im", 3, kernel_size, dilation, padding, stride)
        _check_columns(input, output_size, window)
        return input, output_size, *window

    @staticmethod
    def forward(ctx, input, output_size, kernel_size, dilation, padding, stride):
        ctx.options = kernel_size, dilation, padding, stride
        return ctx.k.col2im(input, output_size, kernel_size, dilation, padding, stride)

    @staticmethod
    def backward(ctx, grad):
        return Im2Col.apply(grad, *ctx.options)


# ---- arguments


def _pair(name, argument, position, value):
    """Two ints from an int or a sequence of two."""
    values = value if isinstance(value, (tuple, list)) else (value,) * 2
    for i, v in enumerate(values):
        if isinstance(v, bool) or not hasattr(v, "__index__"):
            raise TypeError(
                f"{name}(): argument '{argument}' (position {position}) must be tuple of ints, but found element of "
                f"type {type(v).__name__} at pos {i}"
            )
    if len(values) != 2:
        raise RuntimeError(f"It is expected {argument} equals to 2, but got size {len(values)}")
    return operator.index(values[0]), operator.index(values[1])


def _window(name, position, kernel_size, dilation, padding, stride):
    """The four, of which the first is at a position among the arguments, as pairs, checked."""
    arguments = dict(kernel_size=kernel_size, dilation=dilation, padding=padding, stride=stride)
    pairs = [_pair(name, argument, i, v) for i, (argument, v) in enumerate(arguments.items(), position)]
    shown = {"kernel_size": ("kernel size", "kernel"), "padding": ("padding", "pad")}
    for argument, (height, width) in zip(arguments, pairs, strict=True):
        words, prefix = shown.get(argument, (argument, argument))
        if min(height, width) < (0 if argument == "padding" else 1):
            bound = "non-negative" if argument == "padding" else "greater than zero"
            raise RuntimeError(
                f"{words} should be {bound}, but got {prefix}_height: {height} {prefix}_width: {width}"
            )
    return tuple(pairs)


def _check_columns(input, output_size, window):
    kernel_size, dilation, padding, stride = window
    if input.ndim not in (2, 3) or 0 in input.shape[input.ndim - 2 :]:
        raise RuntimeError(
            "Expected 2D or 3D (batch mode) tensor for input with possibly 0 batch size and non-zero dimensions for "
            f"input, but got: {list(input.shape)}"
        )
    rows, columns = input.shape[-2:]
    if rows % math.prod(kernel_size):
        raise RuntimeError(
            "Expected size of input's dimension 1 to be divisible by the product of kernel_size, but got "
            f"input.size(1)={rows} and kernel_size={kernel_size}."
        )
    blocks = sliding_blocks(output_size, *window)
    given = f"Given output_size={output_size}, kernel_size={kernel_size}, dilation={dilation}, padding={padding}, "
    if math.prod(blocks) != columns:
        raise RuntimeError(
            f"{given}stride={stride}, expected size of input's dimension 2 to match the calculated number of sliding "
            f"blocks {blocks[0]} * {blocks[1]} = {math.prod(blocks)}, but got input.size(2)={columns}."
        )
    if min(blocks) < 1:
        raise RuntimeError(
            f"{given}stride={stride}, calculated shape of the array of sliding blocks as {blocks}, which is too small "
            "(non-positive)"
        )
    if min(output_size) < 1:
        raise RuntimeError(f"Expected output spatial size to be positive, but got: output_size={output_size}.")
