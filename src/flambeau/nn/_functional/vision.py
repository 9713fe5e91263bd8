"""Rearranging channels and space."""

from .primitives import op


def unfold(input, kernel_size, dilation=1, padding=0, stride=1):
    """The sliding blocks of images (N, C, H, W) or (C, H, W) as columns: (N, C kH kW, L) or (C kH kW, L); see
    `flambeau.im2col`."""
    return op.im2col(input, kernel_size, dilation, padding, stride)


def fold(input, output_size, kernel_size, dilation=1, padding=0, stride=1):
    """The sum of the columns (N, C kH kW, L) in their places: (N, C, *output_size); see `flambeau.col2im`."""
    return op.col2im(input, output_size, kernel_size, dilation, padding, stride)


def pixel_shuffle(input, upscale_factor):
    """(*, C r^2, H, W) -> (*, C, H r, W r) (Shi et al., 2016)"""
    r = upscale_factor
    *lead, channels, height, width = _image_shape("pixel_shuffle", input)
    if r <= 0:
        raise RuntimeError(f"pixel_shuffle expects a positive upscale_factor, but got {r}")
    if channels % (r * r):
        raise RuntimeError(
            "pixel_shuffle expects its input's 'channel' dimension to be divisible by the square of upscale_factor, "
            f"but input.size(-3)={channels} is not divisible by {r * r}"
        )
    n = len(lead)
    split = input.reshape(*lead, channels // (r * r), r, r, height, width)
    moved = split.permute(*range(n), n, n + 3, n + 1, n + 4, n + 2)
    return moved.reshape(*lead, channels // (r * r), height * r, width * r)


def pixel_unshuffle(input, downscale_factor):
    """(*, C, H r, W r) -> (*, C r^2, H, W): undoes `pixel_shuffle`"""
    r = downscale_factor
    *lead, channels, height, width = _image_shape("pixel_unshuffle", input)
    if r <= 0:
        raise RuntimeError(f"pixel_unshuffle expects a positive downscale_factor, but got {r}")
    if height % r or width % r:
        raise RuntimeError(
            "pixel_unshuffle expects height and width to be divisible by downscale_factor, "
            f"but got {height} and {width} with {r}"
        )
    n = len(lead)
    split = input.reshape(*lead, channels, height // r, r, width // r, r)
    moved = split.permute(*range(n), n, n + 2, n + 4, n + 1, n + 3)
    return moved.reshape(*lead, channels * r * r, height // r, width // r)


def channel_shuffle(input, groups):
    """Split the channels of (N, C, *) into `groups` and interleave them (Zhang et al., 2018)."""
    if input.dim() < 3:
        raise RuntimeError(
            f"channel_shuffle expects input with > 2 dims, but got input with sizes {list(input.shape)}"
        )
    n, channels, *space = input.shape
    if groups <= 0 or channels % groups:
        raise RuntimeError(
            f"channel_shuffle(): number of channels {channels} must be divisible by a positive groups, got {groups}"
        )
    split = input.reshape(n, groups, channels // groups, *space)
    return split.transpose(1, 2).reshape(n, channels, *space)


def _image_shape(name, input):
    if input.dim() < 3:
        raise RuntimeError(
            f"{name} expects input to have at least 3 dimensions, but got input with {input.dim()} dimension(s)"
        )
    return tuple(input.shape)
