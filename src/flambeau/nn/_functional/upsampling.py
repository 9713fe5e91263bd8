"""Signals, images and volumes at other sizes."""

import math
import warnings
from typing import Any

import flambeau as fb
from flambeau.ops.resample import Resample, taps_of

from .primitives import op

_ALIGNABLE = {"linear": 3, "bilinear": 4, "bicubic": 4, "trilinear": 5}  # with the dimensions of their input
_KERNELS = {"bilinear": "linear", "trilinear": "linear", "bicubic": "cubic"}
_SPACE = ("D", "H", "W")


def interpolate(
    input,
    size=None,
    scale_factor=None,
    mode="nearest",
    align_corners=None,
    recompute_scale_factor=None,
    antialias=False,
):
    """interpolate(input, size=None, scale_factor=None, mode='nearest', align_corners=None,
    recompute_scale_factor=None, antialias=False) -> Tensor: input (N, C, L), (N, C, H, W) or (N, C, D, H, W) resampled

    size: an int or one per dimension; or else scale_factor: a number or one per dimension, for floor(size * factor)
    outputs. mode: 'nearest', 'nearest-exact' (which rounds at the centres of the outputs), 'linear' (3-D input),
    'bilinear' and 'bicubic' (4-D), 'trilinear' (5-D), 'area' (`adaptive_avg_pool`) or 'lanczos' (4-D, antialias).
    align_corners: the centres of the corner elements lie on each other, instead of their outer edges.
    recompute_scale_factor: the step follows from the sizes even when scale_factor says otherwise. antialias (bilinear,
    bicubic): the filter covers all elements of an output. Floating dtypes; uint8 for nearest, bilinear and bicubic.
    """
    if align_corners is not None and mode not in _ALIGNABLE and mode != "lanczos":
        raise ValueError(
            "align_corners option can only be set with the interpolating modes: linear | bilinear | bicubic | trilinear"
        )
    if mode == "lanczos" and align_corners:
        raise ValueError("Lanczos mode does not support align_corners=True")
    shape = tuple(input.shape)  # slices of a Size are slow
    n, space = len(shape) - 2, shape[2:]
    size, scales = _sizes(space, n, size, scale_factor, recompute_scale_factor)
    if antialias and not (mode in ("bilinear", "bicubic", "lanczos") and n == 2):
        raise ValueError(
            "Anti-alias option is restricted to bilinear, bicubic, and lanczos modes and requires a 4-D tensor as input"
        )
    _check_mode(mode, n + 2)
    if mode == "lanczos" and not antialias:
        raise ValueError("Lanczos mode requires antialias=True")
    if mode == "area":
        return getattr(op, f"adaptive_avg_pool{n}d")(input, size)
    _check_input(input, mode, shape, size)
    kernel = _KERNELS.get(mode, mode)
    rounding = _rounding(input, n, size) if mode.startswith("nearest") else "table"
    tables = [
        taps_of(kernel, old, new, factor, bool(align_corners), bool(antialias), rounding)
        for old, new, factor in zip(space, size, scales, strict=True)
    ]
    return Resample.apply(input, tuple(tables))


def _rounding(input, n, size):
    """How PyTorch finds the nearest elements: in a loop for small images and for many channels that lie last."""
    looped = n == 2 and sum(size) <= 128
    if not looped and n > 1 and input.shape[1] > 3:
        looped = input.is_contiguous(memory_format=fb.channels_last if n == 2 else fb.channels_last_3d)
    return "loop" if looped else "table64" if input.dtype is fb.float64 else "table"


def _sizes(space, n, size, scale_factor, recompute_scale_factor):
    """The output's sizes, and the scales that its steps follow from (None: the sizes)."""
    if size is None and scale_factor is None:
        raise ValueError("either size or scale_factor should be defined")
    if size is not None and scale_factor is not None:
        raise ValueError("only one of size or scale_factor should be defined")
    advice = "Please provide input tensor in (N, C, d1, d2, ...,dK) format and"
    if size is not None:
        if recompute_scale_factor:
            raise ValueError("recompute_scale_factor is not meaningful with an explicit size.")
        if isinstance(size, (list, tuple)):
            if len(size) != n:
                raise ValueError(
                    "Input and output must have the same number of spatial dimensions, but got input with spatial "
                    f"dimensions of {list(space)} and output size of {size}. {advice} output size in "
                    "(o1, o2, ...,oK) format."
                )
        else:
            size = (size,) * n
        if not all(hasattr(s, "__index__") for s in size):
            raise TypeError(
                "expected size to be one of int or Tuple[int] or Tuple[int, int] or Tuple[int, int, int], but got size "
                f"with types {[type(s) for s in size]}"
            )
        return [int(s) for s in size], [None] * n
    scales: Any = scale_factor
    if isinstance(scales, (list, tuple)):
        if len(scales) != n:
            raise ValueError(
                "Input and scale_factor must have the same number of spatial dimensions, but got input with spatial "
                f"dimensions of {list(space)} and scale_factor of shape {scales}. {advice} scale_factor in "
                "(s1, s2, ...,sK) format."
            )
    else:
        scales = (scales,) * n
    if not all(isinstance(s, (int, float)) or hasattr(s, "__float__") for s in scales):
        raise TypeError(f"interpolate(): scale_factor must be a number or a tuple of {n} numbers, got {scale_factor!r}")
    scales = [float(s) for s in scales]
    size = [math.floor(float(old) * s) for old, s in zip(space, scales, strict=True)]
    return size, [None] * n if recompute_scale_factor else scales


def _check_mode(mode, dims):
    wanted = _ALIGNABLE.get(mode, dims)
    known = mode in _ALIGNABLE or mode in ("nearest", "nearest-exact", "area") or (mode == "lanczos" and dims == 4)
    if known and dims in (3, 4, 5) and wanted == dims:
        return
    if known and dims in (3, 4, 5) and mode != "bicubic":
        raise NotImplementedError(f"Got {dims}D input, but {mode} mode needs {wanted}D input")
    raise NotImplementedError(
        f"Input Error: Only 3D, 4D and 5D input Tensors supported (got {dims}D) for the modes: nearest | linear | "
        f"bilinear | bicubic | trilinear | lanczos | area | nearest-exact (got {mode})"
    )


def _check_input(input, mode, shape, size):
    n, space = len(shape) - 2, shape[2:]

    def shown(sizes):
        return ", ".join(f"{name}: {s}" for name, s in zip(_SPACE[3 - n :], sizes, strict=True))

    if min(*space, *size) <= 0:
        raise RuntimeError(
            f"Input and output sizes should be greater than 0, but got input ({shown(space)}) "
            f"{'and ' if n == 1 else ''}output ({shown(size)})"
        )
    if shape[1] == 0:
        raise RuntimeError(f"Non-empty {n + 2}D data tensor expected but got a tensor with sizes {list(shape)}")
    bytes_too = mode.startswith("nearest") or n == 2
    if not (input.is_floating_point() or (bytes_too and input.dtype is fb.uint8)):
        raise NotImplementedError(
            f"\"upsample_{mode}{n}d\" not implemented for '{input.dtype.title}': convert with .to(dtype) first"
        )


def _deprecated(name):
    warnings.warn(
        f"`nn.functional.{name}` is deprecated. Use `nn.functional.interpolate` instead.", stacklevel=3
    )


def upsample(input, size=None, scale_factor=None, mode="nearest", align_corners=None):
    """The older name of `interpolate`: (N, C, *) -> (N, C, *)"""
    _deprecated("upsample")
    return interpolate(input, size, scale_factor, mode, align_corners)


def upsample_nearest(input, size=None, scale_factor=None):
    """`interpolate` of (N, C, *) with mode 'nearest'."""
    _deprecated("upsample_nearest")
    return interpolate(input, size, scale_factor, mode="nearest")


def upsample_bilinear(input, size=None, scale_factor=None):
    """`interpolate` of (N, C, H, W) with mode 'bilinear' and align_corners=True."""
    _deprecated("upsample_bilinear")
    return interpolate(input, size, scale_factor, mode="bilinear", align_corners=True)
