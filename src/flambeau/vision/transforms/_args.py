"""Arguments that many transforms share: how images are resampled, sizes, paddings, maps of the plane."""

import math
import numbers
from collections.abc import Sequence
from enum import Enum

import numpy as np


class InterpolationMode(Enum):
    """How the value between pixels is found. BOX, HAMMING and LANCZOS are for PIL images."""

    NEAREST = "nearest"
    NEAREST_EXACT = "nearest-exact"
    BILINEAR = "bilinear"
    BICUBIC = "bicubic"
    BOX = "box"
    HAMMING = "hamming"
    LANCZOS = "lanczos"


# Pillow's numbers, which stand for the modes too.
PIL_NUMBERS = {
    InterpolationMode.NEAREST: 0, InterpolationMode.LANCZOS: 1, InterpolationMode.BILINEAR: 2,
    InterpolationMode.BICUBIC: 3, InterpolationMode.BOX: 4, InterpolationMode.HAMMING: 5,
    InterpolationMode.NEAREST_EXACT: 0,
}  # fmt: skip
_MODES = {number: mode for mode, number in PIL_NUMBERS.items() if mode is not InterpolationMode.NEAREST_EXACT}


def mode_of(interpolation):
    """The InterpolationMode of a mode or of Pillow's number. TypeError for others."""
    if isinstance(interpolation, InterpolationMode):
        return interpolation
    if isinstance(interpolation, int) and int(interpolation) in _MODES:
        return _MODES[int(interpolation)]
    raise TypeError(
        f"Argument interpolation should be a InterpolationMode or a corresponding Pillow integer constant, got "
        f"{interpolation!r}"
    )


def pair(size, message="Please provide only two dimensions (h, w) for size."):
    """(height, width) of an int, or of a sequence of one or two. ValueError(message), TypeError."""
    if isinstance(size, numbers.Integral):
        return (int(size), int(size))
    if not isinstance(size, Sequence):
        raise TypeError(f"Size should be int or sequence. Got {type(size)}")
    if len(size) == 1:
        return (size[0], size[0])
    if len(size) != 2:
        raise ValueError(message)
    return tuple(size)


def two(name, value, kind):
    """[x, y] of a number of some kind, or of a sequence of one or two. TypeError, ValueError."""
    if isinstance(value, kind):
        return [value, value]
    if not isinstance(value, (list, tuple)):
        raise TypeError(f"{name} should be a number or a sequence of numbers. Got {type(value)}")
    if len(value) == 1:
        return [value[0], value[0]]
    if len(value) != 2:
        raise ValueError(f"If {name} is a sequence its length should be 2. Got {len(value)}")
    return list(value)


def older(value, now):
    """The value of an argument under its older name, when it was given. `resample=False` meant the nearest pixel."""
    return now if value is None else int(value) if isinstance(value, bool) else value


def check_padding(padding):
    """TypeError, ValueError unless padding is a number or a sequence of 1, 2 or 4."""
    if not isinstance(padding, (numbers.Number, tuple, list)):
        raise TypeError(f"Got inappropriate padding arg: {padding!r}")
    if not isinstance(padding, numbers.Number) and len(padding) not in (1, 2, 4):
        raise ValueError(
            f"Padding must be an int or a 1, 2, or 4 element tuple, not a {len(padding)} element tuple"
        )


def sides(padding):
    """(left, top, right, bottom) of a padding: a number for all, [left and right, top and bottom], or all four."""
    check_padding(padding)
    if isinstance(padding, numbers.Number):
        return (padding,) * 4
    if len(padding) == 1:
        return (padding[0],) * 4
    if len(padding) == 2:
        return (*padding, *padding)
    return tuple(padding)


PADDING_MODES = ("constant", "edge", "reflect", "symmetric")


def check_padding_mode(mode):
    """TypeError, ValueError unless mode is one of PADDING_MODES."""
    if not isinstance(mode, str):
        raise TypeError(f"Got inappropriate padding_mode arg: {mode!r}")
    if mode not in PADDING_MODES:
        raise ValueError(f"Padding mode should be either constant, edge, reflect or symmetric, got {mode!r}")


def resized(image_size, size, max_size=None):
    """(height, width) -> (new height, new width): size is both, or the shorter side, of which the longer follows and is
    at most max_size. ValueError."""
    if len(size) == 2:
        return tuple(size)
    h, w = image_size
    short, long = (w, h) if w <= h else (h, w)
    new_short, new_long = size[0], int(size[0] * long / short)
    if max_size is not None:
        if max_size <= size[0]:
            raise ValueError(
                f"max_size = {max_size} must be strictly greater than the requested size for the smaller edge size = "
                f"{size[0]}"
            )
        if new_long > max_size:
            new_short, new_long = int(max_size * new_short / new_long), max_size
    return (new_long, new_short) if w <= h else (new_short, new_long)


# ------------------------------------------------------------------------------------------- maps of the plane


def inverse_affine(center, angle, translate, scale, shear, inverted=True):
    """The six numbers of an affine map, rows of a 2 x 3 matrix: shear, rotation by angle (degrees, clockwise) and scale
    about the center, then translation. inverted: the map from the result to the image, which resampling needs.

    With C the move of the center and T the translation, M = T C R(angle) Sh(shear) scale C^-1.
    """
    rot, sx, sy = math.radians(angle), math.radians(shear[0]), math.radians(shear[1])
    (cx, cy), (tx, ty) = center, translate
    a = math.cos(rot - sy) / math.cos(sy)
    b = -math.cos(rot - sy) * math.tan(sx) / math.cos(sy) - math.sin(rot)
    c = math.sin(rot - sy) / math.cos(sy)
    d = -math.sin(rot - sy) * math.tan(sx) / math.cos(sy) + math.cos(rot)
    if inverted:  # the determinant of R Sh is 1
        m = [value / scale for value in (d, -b, 0.0, -c, a, 0.0)]
        m[2] += m[0] * (-cx - tx) + m[1] * (-cy - ty) + cx
        m[5] += m[3] * (-cx - tx) + m[4] * (-cy - ty) + cy
    else:
        m = [value * scale for value in (a, b, 0.0, c, d, 0.0)]
        m[2] += m[0] * -cx + m[1] * -cy + cx + tx
        m[5] += m[3] * -cx + m[4] * -cy + cy + ty
    return m


def perspective_coefficients(startpoints, endpoints):
    """The eight numbers a..h of x' = (a x + b y + c) / (g x + h y + 1), y' = (d x + e y + f) / (g x + h y + 1), which
    takes the four endpoints to the startpoints. ValueError when there are not four of each."""
    if len(startpoints) != 4 or len(endpoints) != 4:
        raise ValueError(
            f"Please provide exactly four corners, got {len(startpoints)} startpoints and {len(endpoints)} endpoints."
        )
    rows = []
    for (x, y), (u, v) in zip(endpoints, startpoints, strict=True):
        rows.append([x, y, 1, 0, 0, 0, -u * x, -u * y])
        rows.append([0, 0, 0, x, y, 1, -v * x, -v * y])
    target = np.array(startpoints, np.float64).reshape(8)
    solution = np.linalg.lstsq(np.array(rows, np.float64), target, rcond=None)[0]
    return solution.astype(np.float32).tolist()
