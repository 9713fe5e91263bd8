"""Sampling images and volumes at the points of a grid (Jaderberg et al., 2015)."""

import itertools
import math
from typing import Any

from ._args import check_tensor
from .op import FUNCTIONS, composite

_BILINEAR, _NEAREST, _BICUBIC = range(3)  # interpolation modes
_ZEROS, _BORDER, _REFLECTION = range(3)  # padding modes: what lies outside of the input
_A = -0.75  # of cubic convolution (Keys, 1981)


@composite()
def grid_sampler(input, grid, interpolation_mode, padding_mode, align_corners):
    """grid_sampler(input, grid, interpolation_mode, padding_mode, align_corners) -> Tensor

    What nn.functional.grid_sample computes: input (N, C, H, W) at the points grid (N, H_out, W_out, 2), pairs (x, y)
    -> (N, C, H_out, W_out); likewise input (N, C, D, H, W) at triples (x, y, z). The coordinates -1 and 1 are the
    centres of the first and last elements with align_corners, else their outer edges. interpolation_mode: 0 linear, 1
    nearest, 2 cubic (of images); padding_mode, outside of the input: 0 zeros, 1 the border, 2 reflection. Both are
    floats of one dtype. Raises RuntimeError for shapes that do not fit.
    """
    _check(input, grid, interpolation_mode)
    n = input.ndim - 2
    size, spots = tuple(input.shape[2:]), tuple(grid.shape[1:-1])
    along = [
        _taps(grid[..., n - 1 - d], size[d], interpolation_mode, padding_mode, align_corners) for d in range(n)
    ]
    flat = input.reshape(*input.shape[:2], math.prod(size))
    out = input.new_zeros(*input.shape[:2], *spots)
    for taps in itertools.product(*along):
        place: Any = 0
        weight: Any = 1.0
        inside: Any = True
        for (index, factor), length in zip(taps, size, strict=True):
            inside = inside & (index >= 0) & (index < length)
            place = place * length + index.clamp(0, length - 1)
            weight = weight * factor
        where = place.reshape(place.shape[0], 1, math.prod(spots)).expand(-1, input.shape[1], -1)
        value = flat.gather(2, where).reshape(out.shape) * weight.unsqueeze(1)
        out = out + FUNCTIONS["where"](inside.unsqueeze(1), value, 0.0)
    return out


@composite()
def grid_sampler_2d(input, grid, interpolation_mode, padding_mode, align_corners):
    """grid_sampler_2d(input, grid, interpolation_mode, padding_mode, align_corners): grid_sampler of images."""
    return _of_rank(4, "grid_sampler_2d", input, grid, interpolation_mode, padding_mode, align_corners)


@composite()
def grid_sampler_3d(input, grid, interpolation_mode, padding_mode, align_corners):
    """grid_sampler_3d(input, grid, interpolation_mode, padding_mode, align_corners): grid_sampler of volumes."""
    return _of_rank(5, "grid_sampler_3d", input, grid, interpolation_mode, padding_mode, align_corners)


def _of_rank(rank, name, input, *rest):
    check_tensor(input, name)
    if input.ndim != rank:
        raise RuntimeError(f"{name}(): expected {rank}D input, but got input with sizes {list(input.shape)}")
    return grid_sampler(input, *rest)


def _taps(x, size, interpolation_mode, padding_mode, align_corners):
    """For each element along a dimension that counts at the coordinates x: its index (int64) and its weight."""
    x = (x + 1) / 2 * (size - 1) if align_corners else ((x + 1) * size - 1) / 2
    if interpolation_mode == _BICUBIC:
        start = x.detach().floor()
        at = x - start
        taps = zip((-1, 0, 1, 2), (_outer(at + 1), _inner(at), _inner(1 - at), _outer(2 - at)), strict=True)
        return [(_index(_inside(start + k, size, padding_mode, align_corners)), w) for k, w in taps]
    x = _inside(x, size, padding_mode, align_corners)
    if interpolation_mode == _NEAREST:
        return [(_index(x.round()), x.new_ones(x.shape))]
    start = x.detach().floor()
    return [(_index(start), start + 1 - x), (_index(start + 1), x - start)]


def _index(x):
    """Whole numbers as int64; what is far outside or NaN as -1."""
    x = x.detach()
    return FUNCTIONS["where"](abs(x) < 2**30, x, -1.0).long()


def _inner(t):
    """The weight of an element at a distance t of at most 1."""
    return ((_A + 2) * t - (_A + 3)) * t * t + 1


def _outer(t):
    """The weight of an element at a distance t between 1 and 2."""
    return ((_A * t - 5 * _A) * t + 8 * _A) * t - 4 * _A


def _inside(x, size, padding_mode, align_corners):
    """Coordinates moved into the input, unless the padding is with zeros. What is moved to an end has no gradient."""
    if padding_mode == _ZEROS:
        return x
    if padding_mode == _REFLECTION:
        low, span = (0, size - 1) if align_corners else (-0.5, size)
        if not span:
            return x.new_zeros(x.shape)
        distance = abs(x - low)
        turns = (distance.detach() / span).floor()
        rest = distance - turns * span
        x = low + FUNCTIONS["where"](turns % 2 == 0, rest, span - rest)
    where = FUNCTIONS["where"]
    return where(x > 0, where(x < size - 1, x, float(size - 1)), 0.0)


def _check(input, grid, interpolation_mode):
    check_tensor(input, "grid_sampler")
    check_tensor(grid, "grid_sampler", "grid", 2)
    sizes = f"input with sizes {list(input.shape)} and grid with sizes {list(grid.shape)}"
    if input.ndim not in (4, 5) or grid.ndim != input.ndim:
        raise RuntimeError(
            "grid_sampler(): expected 4D or 5D input and grid with same number of dimensions, but got " + sizes
        )
    if input.shape[0] != grid.shape[0]:
        raise RuntimeError("grid_sampler(): expected grid and input to have same batch size, but got " + sizes)
    if grid.shape[-1] != input.ndim - 2:
        raise RuntimeError(
            f"grid_sampler(): expected grid to have size {input.ndim - 2} in last dimension, but got grid with sizes "
            f"{list(grid.shape)}"
        )
    if 0 in input.shape[2:]:
        raise RuntimeError(
            "grid_sampler(): expected input to have non-empty spatial dimensions, but input has sizes "
            f"{list(input.shape)} with dimension {input.shape.index(0, 2)} being empty"
        )
    if input.dtype.category != "float":
        raise NotImplementedError(
            f"\"grid_sampler\" not implemented for '{input.dtype.title}': convert with .to(dtype) first"
        )
    if input.dtype is not grid.dtype:
        raise RuntimeError(
            f"grid_sampler(): expected input and grid of one dtype, got {input.dtype.title} and {grid.dtype.title}"
        )
    if interpolation_mode == _BICUBIC and input.ndim != 4:
        raise RuntimeError("grid_sampler(): bicubic interpolation only supports 4D input")
