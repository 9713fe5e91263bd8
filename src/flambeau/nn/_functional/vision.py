"""Rearranging channels and space, and sampling images at the points of a grid."""

import math
import warnings

import flambeau as fb
from flambeau.memory_format import like_images

from .primitives import op

_MODES = {"bilinear": 0, "nearest": 1, "bicubic": 2}
_PADDINGS = {"zeros": 0, "border": 1, "reflection": 2}


def grid_sample(input, grid, mode="bilinear", padding_mode="zeros", align_corners=None):
    """Images (N, C, H, W) at the points (N, H_out, W_out, 2) of a grid, pairs (x, y) in -1..1 -> (N, C, H_out, W_out)

    Also volumes (N, C, D, H, W) at triples. mode: "bilinear", "nearest", "bicubic"; padding_mode: "zeros", "border",
    "reflection". align_corners: -1 and 1 are the centres of the corner elements instead of their outer edges. See
    `flambeau.grid_sampler`.
    """
    for what, value, known in (("mode", mode, _MODES), ("padding_mode", padding_mode, _PADDINGS)):
        if value not in known:
            raise ValueError(
                f"nn.functional.grid_sample(): expected {what} to be one of {', '.join(map(repr, known))}, but got: "
                f"'{value}'"
            )
    align_corners = _aligned(align_corners)
    return op.grid_sampler(input, grid, _MODES[mode], _PADDINGS[padding_mode], align_corners)


def affine_grid(theta, size, align_corners=None):
    """The grid for `grid_sample` of affine maps theta (N, 2, 3) and an output of size (N, C, H, W): (N, H, W, 2)

    The point of the output element at (x, y) is theta (x, y, 1). Also theta (N, 3, 4) and size (N, C, D, H, W).
    """
    size = tuple(size)
    if not theta.is_floating_point():
        raise ValueError(f"Expected theta to have floating point type, but got {theta.dtype}")
    if len(size) not in (4, 5):
        raise NotImplementedError(
            "affine_grid only supports 4D and 5D sizes, for 2D and 3D affine transforms, respectively. Got size "
            f"{size}."
        )
    n = len(size) - 2
    if theta.dim() != 3 or tuple(theta.shape[1:]) != (n, n + 1):
        raise ValueError(
            f"Expected a batch of {n}D affine matrices of shape Nx{n}x{n + 1} for size {size}. Got {theta.shape}."
        )
    if theta.shape[0] != size[0]:
        raise RuntimeError(f"affine_grid: expected a matrix for each of {size[0]} images, got {theta.shape[0]}")
    if min(size) < 1:
        raise ValueError(f"Expected non-zero, positive output size. Got {size}")
    align_corners = _aligned(align_corners)
    along = []
    for length in size[2:]:
        steps = fb.arange(length, dtype=theta.dtype, device=theta.device) * 2 - (length - 1)
        along.append(steps / (max(length - 1, 1) if align_corners else length))
    points = [*reversed(fb.meshgrid(*along, indexing="ij")), theta.new_ones(size[2:])]
    flat = fb.stack(points, -1).reshape(1, math.prod(size[2:]), n + 1)
    return (flat @ theta.transpose(1, 2)).reshape(size[0], *size[2:], n)


def _aligned(align_corners):
    """The default False, with a warning."""
    if align_corners is None:
        warnings.warn(
            "Default grid_sample and affine_grid behavior has changed to align_corners=False since 1.3.0. Please "
            "specify align_corners=True if the old behavior is desired. See the documentation of grid_sample for "
            "details.",
            UserWarning,
            stacklevel=3,
        )
    return bool(align_corners)


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
    shuffled = moved.reshape(*lead, channels // (r * r), height * r, width * r)
    return like_images(shuffled, input)


def pixel_unshuffle(input, downscale_factor):
    """(*, C, H r, W r) -> (*, C r^2, H, W): undoes `pixel_shuffle`"""
    r = downscale_factor
    *lead, channels, height, width = _image_shape("pixel_unshuffle", input)
    if r <= 0:
        raise RuntimeError(f"pixel_unshuffle expects a positive downscale_factor, but got {r}")
    for what, size, dim in (("height", height, -2), ("width", width, -1)):
        if size % r:
            raise RuntimeError(
                f"pixel_unshuffle expects {what} to be divisible by downscale_factor, but input.size({dim})={size} is "
                f"not divisible by {r}"
            )
    n = len(lead)
    split = input.reshape(*lead, channels, height // r, r, width // r, r)
    moved = split.permute(*range(n), n, n + 2, n + 4, n + 1, n + 3)
    return like_images(moved.reshape(*lead, channels * r * r, height // r, width // r), input)


def channel_shuffle(input, groups):
    """Split the channels of (N, C, *) into `groups` and interleave them (Zhang et al., 2018)."""
    if input.dim() < 3:
        raise RuntimeError(
            f"channel_shuffle expects input with > 2 dims, but got input with sizes {list(input.shape)}"
        )
    n, channels, *space = input.shape
    if groups <= 0:
        raise RuntimeError(f"Number of groups to divide channels in must be positive. Value of groups:{groups}")
    if channels % groups:
        raise RuntimeError(
            f"Number of channels must be divisible by groups. Got {channels} channels and {groups} groups."
        )
    split = input.reshape(n, groups, channels // groups, *space)
    return like_images(split.transpose(1, 2).reshape(n, channels, *space), input)


def _image_shape(name, input):
    if input.dim() < 3:
        raise RuntimeError(
            f"{name} expects input to have at least 3 dimensions, but got input with {input.dim()} dimension(s)"
        )
    return tuple(input.shape)
