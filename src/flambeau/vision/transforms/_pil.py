"""Transforms of PIL images."""

import numpy as np
from PIL import Image, ImageEnhance, ImageOps

from ._args import PIL_NUMBERS, sides

_FLIP_LEFT_RIGHT = Image.Transpose.FLIP_LEFT_RIGHT
_FLIP_TOP_BOTTOM = Image.Transpose.FLIP_TOP_BOTTOM
_AFFINE = Image.Transform.AFFINE
_PERSPECTIVE = Image.Transform.PERSPECTIVE


def get_dimensions(img):
    """[channels, height, width]."""
    width, height = img.size
    return [len(img.getbands()), height, width]


def hflip(img):
    """Left and right exchanged."""
    return img.transpose(_FLIP_LEFT_RIGHT)


def vflip(img):
    """Top and bottom exchanged."""
    return img.transpose(_FLIP_TOP_BOTTOM)


def crop(img, top, left, height, width):
    """A part; zeros outside of the image."""
    return img.crop((left, top, left + width, top + height))


def resize(img, size, mode, antialias=True):
    """To (height, width). Pillow always prevents aliasing."""
    return img.resize(tuple(size[::-1]), PIL_NUMBERS[mode])


def pad(img, padding, fill, mode):
    """With `fill`, or with pixels of the image; a negative padding takes pixels away."""
    left, top, right, bottom = (int(side) for side in sides(padding))
    if min(left, top, right, bottom) < 0:
        width, height = img.size
        img = img.crop((max(-left, 0), max(-top, 0), width - max(-right, 0), height - max(-bottom, 0)))
        left, top, right, bottom = (max(side, 0) for side in (left, top, right, bottom))
    palette = img.getpalette() if img.mode == "P" else None
    if mode == "constant":
        color = _filled(img, fill)
        padded = ImageOps.expand(img, border=(left, top, right, bottom), fill=color)
    else:
        pixels = np.asarray(img)
        widths = [(top, bottom), (left, right)] + [(0, 0)] * (pixels.ndim - 2)
        padded = Image.fromarray(np.pad(pixels, widths, mode))
        if img.mode not in (padded.mode, "P"):
            padded = Image.frombytes(img.mode, padded.size, padded.tobytes())
    if palette is not None:
        padded.putpalette(palette)
    return padded


def _filled(img, fill):
    """A value as Pillow wants it: a number per band."""
    bands = len(img.getbands())
    if fill is None:
        fill = 0
    if isinstance(fill, str):
        return fill
    if isinstance(fill, (list, tuple)):
        if len(fill) == 1:
            fill = list(fill) * bands
        if len(fill) != bands:
            raise ValueError(
                f"The number of elements in 'fill' does not match the number of channels of the image ({len(fill)} != "
                f"{bands})"
            )
        fill = fill[0] if bands == 1 else tuple(fill)
    elif bands > 1:
        fill = (fill,) * bands
    if img.mode != "F":
        fill = tuple(int(x) for x in fill) if isinstance(fill, tuple) else int(fill)
    return fill


def affine(img, matrix, mode, fill):
    """Through the map `matrix` from the result to the image."""
    return img.transform(img.size, _AFFINE, matrix, PIL_NUMBERS[mode], fillcolor=_filled(img, fill))


def rotate(img, angle, mode, expand, center, fill):
    """Counterclockwise by degrees."""
    return img.rotate(angle, PIL_NUMBERS[mode], expand, center, fillcolor=_filled(img, fill))


def perspective(img, coefficients, mode, fill):
    """Through the map of `perspective_coefficients`."""
    return img.transform(
        img.size, _PERSPECTIVE, coefficients, PIL_NUMBERS[mode], fillcolor=_filled(img, fill)
    )


def adjust_brightness(img, factor):
    """Towards black (0)."""
    return ImageEnhance.Brightness(img).enhance(factor)


def adjust_contrast(img, factor):
    """Towards the mean grey."""
    return ImageEnhance.Contrast(img).enhance(factor)


def adjust_saturation(img, factor):
    """Towards the grey image."""
    return ImageEnhance.Color(img).enhance(factor)


def adjust_sharpness(img, factor):
    """Towards the smoothed image."""
    return ImageEnhance.Sharpness(img).enhance(factor)


def adjust_hue(img, factor):
    """Hue turned by factor of the circle."""
    if img.mode in ("1", "L", "I", "F", "I;16"):
        return img
    h, s, v = img.convert("HSV").split()
    turned = (np.asarray(h, np.int32) + int(factor * 255)) & 255
    h = Image.fromarray(turned.astype(np.uint8))
    return Image.merge("HSV", (h, s, v)).convert(img.mode)


def adjust_gamma(img, gamma, gain):
    """255 gain (x / 255)^gamma of every pixel x."""
    table = [int((255 + 1 - 1e-3) * gain * pow(x / 255.0, gamma)) for x in range(256)] * 3
    return img.convert("RGB").point(table).convert(img.mode)


def rgb_to_grayscale(img, num_output_channels):
    """Luminance, as one band or three."""
    gray = img.convert("L")
    return gray if num_output_channels == 1 else Image.merge("RGB", (gray, gray, gray))


def invert(img):
    """The negative."""
    return ImageOps.invert(img)


def posterize(img, bits):
    """The highest bits of every pixel."""
    return ImageOps.posterize(img, bits)


def solarize(img, threshold):
    """Pixels from the threshold on inverted."""
    return ImageOps.solarize(img, threshold)


def autocontrast(img):
    """Every band stretched to the whole range."""
    return ImageOps.autocontrast(img)


def equalize(img):
    """Every band with an even histogram."""
    return ImageOps.equalize(img)
