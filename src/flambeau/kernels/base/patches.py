"""Sliding blocks of images as the columns of matrices, and the sum of such columns back into images.

im2col is what a convolution multiplies its weight with (Chellapilla et al., 2006); col2im is its transpose as a linear
map. kernel_size, dilation, padding and stride are pairs of ints; whatever axes come first are a batch.
"""

from __future__ import annotations

from math import prod

from ._window import pad, taps
from ._xp import Array, array_namespace, widen

Pair = tuple[int, int]


def sliding_blocks(size: Pair, kernel_size: Pair, dilation: Pair, padding: Pair, stride: Pair) -> Pair:
    """The number of blocks down and across an image of size (H, W); not positive where none fits."""
    height, width = (
        (n + 2 * p - d * (k - 1) - 1) // s + 1
        for n, k, d, p, s in zip(size, kernel_size, dilation, padding, stride, strict=True)
    )
    return height, width


def im2col(x: Array, kernel_size: Pair, dilation: Pair, padding: Pair, stride: Pair) -> Array:
    """(*, C, H, W) -> (*, C kH kW, L): column l holds the elements of block l, channel by channel."""
    *batch, channels, height, width = x.shape
    blocks = sliding_blocks((height, width), kernel_size, dilation, padding, stride)
    padded = pad(x, padding, padding)
    columns = array_namespace(x).empty((*batch, channels, prod(kernel_size), *blocks), x.dtype)
    for k, seen in taps(kernel_size, stride, dilation, blocks):
        columns[..., k, :, :] = padded[seen]
    return columns.reshape(*batch, channels * prod(kernel_size), prod(blocks))


def col2im(
    columns: Array, output_size: Pair, kernel_size: Pair, dilation: Pair, padding: Pair, stride: Pair
) -> Array:
    """(*, C kH kW, L) -> (*, C, *output_size): each element is the sum of those that im2col copies from its place."""
    *batch, rows, _ = columns.shape
    blocks = sliding_blocks(output_size, kernel_size, dilation, padding, stride)
    wide = widen(columns).reshape(*batch, rows // prod(kernel_size), prod(kernel_size), *blocks)
    padded = tuple(n + 2 * p for n, p in zip(output_size, padding, strict=True))
    xp = array_namespace(columns)
    image = xp.zeros((*wide.shape[:-3], *padded), wide.dtype)
    for k, seen in taps(kernel_size, stride, dilation, blocks):
        image[seen] += wide[..., k, :, :]
    inner = image[(..., *(slice(p, p + n) for n, p in zip(output_size, padding, strict=True)))]
    return xp.ascontiguousarray(inner.astype(columns.dtype, copy=False))
