"""The functions behind the transforms, for PIL images and for tensors [..., C, H, W].

A function gives what it gets: an image for an image, a tensor for a tensor. Sizes are (height, width), positions of
points (x, y), angles degrees.
"""

import importlib
import numbers
import sys
from typing import Any

import numpy as np

import flambeau as fb

from ...nn.parameter import as_buffer
from .._images import is_pil, is_tensor, pil_image
from ..defaults import current
from . import _tensor
from ._args import (
    InterpolationMode,
    check_padding,
    check_padding_mode,
    inverse_affine,
    mode_of,
    older,
    pair,
    perspective_coefficients,
    resized,
    two,
)

_NEAREST, _BILINEAR = InterpolationMode.NEAREST, InterpolationMode.BILINEAR
_I16 = "I;16" if sys.byteorder == "little" else "I;16B"


def _kind(img) -> Any:
    """The module of functions for the kind of an image. TypeError for what is none."""
    if is_tensor(img):
        return _tensor
    if is_pil(img):
        return importlib.import_module("._pil", __package__)
    raise TypeError(f"img should be PIL Image or torch Tensor. Got {type(img)}")


def get_dimensions(img):
    """get_dimensions(img) -> [channels, height, width]."""
    return _kind(img).get_dimensions(img)


def get_image_size(img):
    """get_image_size(img) -> [width, height]."""
    return get_dimensions(img)[:0:-1]


def get_image_num_channels(img):
    """get_image_num_channels(img) -> the number of channels."""
    return get_dimensions(img)[0]


# -------------------------------------------------------------------------------------------- conversion


def to_tensor(pic):
    """to_tensor(pic) -> Tensor [C, H, W] of a PIL image, or of an array [H, W, C] or [H, W].

    Bytes become floats in [0, 1]; elements of other types keep their values. TypeError, ValueError.
    """
    if is_pil(pic):
        dtypes = {"I": np.int32, _I16: np.int16, "F": np.float32}
        array = np.array(pic, dtypes.get(pic.mode, np.uint8), copy=True)
        if pic.mode == "1":
            array *= 255
    elif isinstance(pic, np.ndarray):
        array = pic
    else:
        raise TypeError(f"pic should be PIL Image or ndarray. Got {type(pic)}")
    if array.ndim not in (2, 3):
        raise ValueError(f"pic should be 2/3 dimensional. Got {array.ndim} dimensions.")
    tensor = _channels_first(array)
    if array is pic and current.scaled is not None:
        return as_buffer(current.scaled(tensor))
    return as_buffer(tensor.to(fb.get_default_dtype()).div(255) if array.dtype == np.uint8 else tensor)


def _channels_first(array):
    array = array[:, :, None] if array.ndim == 2 else array
    return fb.from_numpy(np.ascontiguousarray(array.transpose(2, 0, 1)))


def pil_to_tensor(pic):
    """pil_to_tensor(pic) -> Tensor [C, H, W] of a PIL image, with its values and type. TypeError for others."""
    if not is_pil(pic):
        raise TypeError(f"pic should be PIL Image. Got {type(pic)}")
    return as_buffer(_channels_first(np.array(pic, copy=True)))


_MODES = {  # channels -> the mode of bytes by default, and others that are possible
    1: ("L", ()),
    2: ("LA", ()),
    3: ("RGB", ("YCbCr", "HSV", "LAB")),
    4: ("RGBA", ("CMYK", "RGBX")),
}
_GRAY_MODES = {"uint8": "L", "int16": _I16, "uint16": _I16, "int32": "I", "float32": "F"}


def to_pil_image(pic, mode=None):
    """to_pil_image(pic, mode=None) -> PIL image of a tensor [C, H, W] or [H, W], or an array [H, W, C] or [H, W].

    Floats of a tensor in [0, 1] become bytes, unless mode is "F". mode: one of Pillow's; by default L, LA, RGB or RGBA
    for 1 to 4 channels of bytes, I;16, I and F for one channel of int16, int32 and float32. TypeError, ValueError.
    """
    if not is_tensor(pic) and not isinstance(pic, np.ndarray):
        raise TypeError(f"pic should be Tensor or ndarray. Got {type(pic)}.")
    if pic.ndim not in (2, 3):
        raise ValueError(f"pic should be 2/3 dimensional. Got {pic.ndim} dimensions.")
    if is_tensor(pic):
        array = _array_of_tensor(pic.detach(), mode)
    else:
        array = pic[:, :, None] if pic.ndim == 2 else pic
    channels = array.shape[2]
    if channels not in _MODES:
        raise ValueError(f"pic should not have > 4 channels. Got {channels} channels.")
    mode = _pil_mode(array, channels, mode)
    if array.dtype == np.int16:
        array = array.view(np.uint16)
    size = (array.shape[1], array.shape[0])
    return pil_image().frombytes(mode, size, np.ascontiguousarray(array).tobytes())


def _array_of_tensor(pic, mode):
    pic = pic[None] if pic.dim() == 2 else pic
    if pic.dtype.is_floating_point and mode != "F":
        pic = pic.mul(255).to(fb.uint8)
    return pic.cpu().numpy().transpose(1, 2, 0)


def _pil_mode(array, channels, mode):
    if channels == 1 and array.dtype.name in _GRAY_MODES:
        expected = _GRAY_MODES[array.dtype.name]
        if mode not in (None, expected):
            raise ValueError(
                f"Incorrect mode ({mode}) supplied for input type {array.dtype}. Should be {expected}"
            )
        return expected
    if array.dtype != np.uint8:
        raise TypeError(f"Input type {array.dtype} is not supported")
    default, others = _MODES[channels]
    if mode not in (None, default, *others):
        raise ValueError(f"Only modes {[default, *others]} are supported for {channels}D inputs")
    return mode or default


def convert_image_dtype(image, dtype=None):
    """convert_image_dtype(image, dtype=float32) -> tensor of that dtype, with its values scaled to its range: [0, 1] of
    floats, from 0 to the largest integer. RuntimeError where a float dtype is not precise enough for the integers."""
    if not is_tensor(image):
        raise TypeError("Input img should be Tensor Image")
    return _tensor.convert_image_dtype(image, fb.float32 if dtype is None else dtype)


def normalize(tensor, mean, std, inplace=False):
    """normalize(tensor, mean, std, inplace=False) -> (tensor - mean) / std, a number of each per channel.

    TypeError unless the tensor is of floats; ValueError for a std of 0.
    """
    if not is_tensor(tensor):
        raise TypeError(f"img should be Tensor Image. Got {type(tensor)}")
    return _tensor.normalize(tensor, mean, std, inplace)


# ---------------------------------------------------------------------------------------------- geometry


def resize(img, size, interpolation=_BILINEAR, max_size=None, antialias=True):
    """resize(img, size, interpolation=BILINEAR, max_size=None, antialias=True) -> img of another size

    size: (height, width), or the shorter side; the longer one is then at most max_size. antialias: for tensors, whether
    the kernel widens when the image shrinks; that of PIL images always does. TypeError, ValueError.
    """
    mode = mode_of(interpolation)
    kind = _kind(img)
    if isinstance(size, (list, tuple)):
        if len(size) not in (1, 2):
            raise ValueError(
                f"Size must be an int or a 1 or 2 element tuple/list, not a {len(size)} element tuple/list"
            )
        if max_size is not None and len(size) != 1:
            raise ValueError(
                "max_size should only be passed if size specifies the length of the smaller edge, i.e. size should be "
                "an int or a sequence of length 1"
            )
    else:
        if not isinstance(size, numbers.Integral):
            raise TypeError(f"Size should be int or sequence. Got {type(size)}")
        size = [size]
    old = tuple(kind.get_dimensions(img)[1:])
    new = resized(old, size, max_size)
    return img if new == old else kind.resize(img, new, mode, antialias)


def pad(img, padding, fill=0, padding_mode="constant"):
    """pad(img, padding, fill=0, padding_mode="constant") -> larger img

    padding: a number, [left and right, top and bottom] or [left, top, right, bottom]. padding_mode: "constant" (fill: a
    number, or for PIL images one per band), "edge", "reflect", "symmetric". TypeError, ValueError.
    """
    check_padding(padding)
    if not isinstance(fill, (numbers.Number, str, tuple, list)):
        raise TypeError(f"Got inappropriate fill arg: {fill!r}")
    check_padding_mode(padding_mode)
    return _kind(img).pad(img, padding, fill, padding_mode)


def crop(img, top, left, height, width):
    """crop(img, top, left, height, width) -> that part of img; zeros where it lies outside."""
    return _kind(img).crop(img, top, left, height, width)


def center_crop(img, output_size):
    """center_crop(img, output_size) -> the middle of img; zeros around it where img is smaller."""
    height, width = pair(output_size)
    _, h, w = get_dimensions(img)
    if width > w or height > h:
        before, above = max((width - w) // 2, 0), max((height - h) // 2, 0)
        after, below = max((width - w + 1) // 2, 0), max((height - h + 1) // 2, 0)
        img = pad(img, [before, above, after, below])
        _, h, w = get_dimensions(img)
        if (height, width) == (h, w):
            return img
    return crop(img, round((h - height) / 2.0), round((w - width) / 2.0), height, width)


def resized_crop(img, top, left, height, width, size, interpolation=_BILINEAR, antialias=True):
    """resized_crop(img, top, left, height, width, size, interpolation=BILINEAR, antialias=True) -> a part, resized."""
    return resize(crop(img, top, left, height, width), size, interpolation, antialias=antialias)


def hflip(img):
    """hflip(img) -> img with left and right exchanged."""
    return _kind(img).hflip(img)


def vflip(img):
    """vflip(img) -> img with top and bottom exchanged."""
    return _kind(img).vflip(img)


def five_crop(img, size):
    """five_crop(img, size) -> the four corners (upper left, upper right, lower left, lower right) and the middle.

    ValueError when size is larger than img.
    """
    height, width = pair(size)
    _, h, w = get_dimensions(img)
    if width > w or height > h:
        raise ValueError(f"Requested crop size {size} is bigger than input size {(h, w)}")
    corners = [(0, 0), (0, w - width), (h - height, 0), (h - height, w - width)]
    return (*(crop(img, *corner, height, width) for corner in corners), center_crop(img, [height, width]))


def ten_crop(img, size, vertical_flip=False):
    """ten_crop(img, size, vertical_flip=False) -> the five crops of img, and those of its mirror image."""
    flipped = vflip(img) if vertical_flip else hflip(img)
    return five_crop(img, size) + five_crop(flipped, size)


def _number(name, value):
    if not isinstance(value, (int, float)):
        raise TypeError(f"Argument {name} should be int or float")


def rotate(img, angle, interpolation=_NEAREST, expand=False, center=None, fill=None, resample=None):
    """rotate(img, angle, interpolation=NEAREST, expand=False, center=None, fill=None) -> img turned counterclockwise

    expand: to a size that holds all of it. center: (x, y), by default the middle. fill: what is outside of img, a
    number or one per channel. resample: the older name of interpolation. TypeError, ValueError.
    """
    mode = mode_of(older(resample, interpolation))
    _number("angle", angle)
    if center is not None and not isinstance(center, (list, tuple)):
        raise TypeError("Argument center should be a sequence")
    kind = _kind(img)
    if kind is not _tensor:
        return kind.rotate(img, angle, mode, expand, center, fill)
    matrix = inverse_affine(_from_middle(img, center), -angle, [0.0, 0.0], 1.0, [0.0, 0.0])
    return kind.rotate(img, matrix, mode, expand, fill)


def _from_middle(img, center):
    """(x, y) counted from the middle of a tensor image."""
    if center is None:
        return [0.0, 0.0]
    _, h, w = get_dimensions(img)
    return [float(center[0] - w * 0.5), float(center[1] - h * 0.5)]


def affine(
    img, angle, translate, scale, shear, interpolation=_NEAREST, fill=None, center=None, resample=None, fillcolor=None
):  # fmt: skip
    """affine(img, angle, translate, scale, shear, interpolation=NEAREST, fill=None, center=None) -> img

    Turned clockwise by angle, moved by translate (x, y) in pixels, scaled and sheared by degrees (x, or x and y) about
    its center. resample and fillcolor: older names of interpolation and fill. TypeError, ValueError.
    """
    mode = mode_of(older(resample, interpolation))
    fill = older(fillcolor, fill)
    _number("angle", angle)
    if not isinstance(translate, (list, tuple)):
        raise TypeError("Argument translate should be a sequence")
    if len(translate) != 2:
        raise ValueError("Argument translate should be a sequence of length 2")
    if scale <= 0.0:
        raise ValueError("Argument scale should be positive")
    if not isinstance(shear, (numbers.Number, list, tuple)):
        raise TypeError("Shear should be either a single value or a sequence of two values")
    if isinstance(shear, numbers.Number):
        shear = [shear, 0.0]
    elif len(shear) == 1:
        shear = [shear[0], shear[0]]
    if len(shear) != 2:
        raise ValueError(f"Shear should be a sequence containing two values. Got {shear}")
    if center is not None and not isinstance(center, (list, tuple)):
        raise TypeError("Argument center should be a sequence")
    kind = _kind(img)
    if kind is _tensor:
        middle = _from_middle(img, center)
    else:
        middle = [img.size[0] * 0.5, img.size[1] * 0.5] if center is None else center
    return kind.affine(img, inverse_affine(middle, angle, translate, scale, shear), mode, fill)


def perspective(img, startpoints, endpoints, interpolation=_BILINEAR, fill=None):
    """perspective(img, startpoints, endpoints, interpolation=BILINEAR, fill=None) -> img in another perspective

    Four corners [x, y] of img, and where they go: top left, top right, bottom right, bottom left. ValueError.
    """
    mode = mode_of(interpolation)
    return _kind(img).perspective(img, perspective_coefficients(startpoints, endpoints), mode, fill)


def elastic_transform(img, displacement, interpolation=_BILINEAR, fill=None):
    """elastic_transform(img, displacement, interpolation=BILINEAR, fill=None) -> img

    Every pixel comes from its place moved by displacement [1, H, W, 2] (x, y), in halves of the width and height.
    """
    mode = mode_of(interpolation)
    if not is_tensor(displacement):
        raise TypeError("Argument displacement should be a Tensor")
    _, h, w = get_dimensions(img)
    if tuple(displacement.shape) != (1, h, w, 2):
        raise ValueError(
            f"Argument displacement shape should be (1, {h}, {w}, 2), but given {tuple(displacement.shape)}"
        )
    return _as_tensor(_tensor.elastic_transform, img, displacement, mode, fill)


def _as_tensor(function, img, *args):
    """What a function of tensors makes of an image of any kind."""
    if _kind(img) is _tensor:
        return function(img, *args)
    return to_pil_image(function(pil_to_tensor(img), *args), mode=img.mode)


def gaussian_blur(img, kernel_size, sigma=None):
    """gaussian_blur(img, kernel_size, sigma=None) -> img blurred

    kernel_size: odd, or [x, y]. sigma: standard deviation in pixels, or [x, y]; by default 0.15 kernel_size + 0.35. The
    image is reflected at its borders. TypeError, ValueError.
    """
    kernel_size = two("kernel_size", kernel_size, numbers.Integral)
    if any(k % 2 == 0 or k < 0 for k in kernel_size):
        raise ValueError(f"kernel_size should have odd and positive integers. Got {kernel_size}")
    sigma = [0.15 * k + 0.35 for k in kernel_size] if sigma is None else two("sigma", sigma, numbers.Real)
    if any(s <= 0 for s in sigma):
        raise ValueError(f"sigma should have positive values. Got {sigma}")
    return _as_tensor(_tensor.gaussian_blur, img, kernel_size, [float(s) for s in sigma])


def erase(img, i, j, h, w, v, inplace=False):
    """erase(img, i, j, h, w, v, inplace=False) -> tensor whose h rows from i and w columns from j have the value v."""
    if not is_tensor(img):
        raise TypeError("img should be Tensor Image")
    return _tensor.erase(img, i, j, h, w, v, inplace)


# ------------------------------------------------------------------------------------------------ colours


def _factor(name, value):
    if value < 0:
        raise ValueError(f"{name} ({value}) is not non-negative.")


def adjust_brightness(img, brightness_factor):
    """adjust_brightness(img, brightness_factor) -> img: 0 black, 1 as it was, 2 twice as bright."""
    _factor("brightness_factor", brightness_factor)
    return _kind(img).adjust_brightness(img, brightness_factor)


def adjust_contrast(img, contrast_factor):
    """adjust_contrast(img, contrast_factor) -> img: 0 the mean grey, 1 as it was, 2 twice the contrast."""
    _factor("contrast_factor", contrast_factor)
    return _kind(img).adjust_contrast(img, contrast_factor)


def adjust_saturation(img, saturation_factor):
    """adjust_saturation(img, saturation_factor) -> img: 0 grey, 1 as it was, 2 twice the saturation."""
    _factor("saturation_factor", saturation_factor)
    return _kind(img).adjust_saturation(img, saturation_factor)


def adjust_hue(img, hue_factor):
    """adjust_hue(img, hue_factor) -> img with its hue turned by hue_factor, -0.5 to 0.5, of the circle."""
    if not -0.5 <= hue_factor <= 0.5:
        raise ValueError(f"hue_factor ({hue_factor}) is not in [-0.5, 0.5].")
    return _kind(img).adjust_hue(img, hue_factor)


def adjust_gamma(img, gamma, gain=1):
    """adjust_gamma(img, gamma, gain=1) -> gain img^gamma, with white as 1. ValueError for a negative gamma."""
    if gamma < 0:
        raise ValueError("Gamma should be a non-negative real number")
    return _kind(img).adjust_gamma(img, gamma, gain)


def adjust_sharpness(img, sharpness_factor):
    """adjust_sharpness(img, sharpness_factor) -> img: 0 smoothed, 1 as it was, 2 twice as sharp."""
    _factor("sharpness_factor", sharpness_factor)
    return _kind(img).adjust_sharpness(img, sharpness_factor)


def rgb_to_grayscale(img, num_output_channels=1):
    """rgb_to_grayscale(img, num_output_channels=1) -> the luminance of img, as 1 channel or 3 equal ones."""
    if num_output_channels not in (1, 3):
        raise ValueError("num_output_channels should be either 1 or 3")
    return _kind(img).rgb_to_grayscale(img, num_output_channels)


def to_grayscale(img, num_output_channels=1):
    """to_grayscale(img, num_output_channels=1): rgb_to_grayscale for PIL images only."""
    if not is_pil(img):
        raise TypeError("Input should be PIL Image")
    return rgb_to_grayscale(img, num_output_channels)


def invert(img):
    """invert(img) -> the negative of img."""
    return _kind(img).invert(img)


def posterize(img, bits):
    """posterize(img, bits) -> img with only the highest bits, 0 to 8, of its bytes."""
    if not 0 <= bits <= 8:
        raise ValueError(f"The number if bits should be between 0 and 8. Got {bits}")
    return _kind(img).posterize(img, bits)


def solarize(img, threshold):
    """solarize(img, threshold) -> img whose pixels from the threshold on are inverted."""
    return _kind(img).solarize(img, threshold)


def autocontrast(img):
    """autocontrast(img) -> img, every channel of which goes from black to white."""
    return _kind(img).autocontrast(img)


def equalize(img):
    """equalize(img) -> img, every channel of which has an even histogram. Bytes only."""
    return _kind(img).equalize(img)
