"""Images side by side, as a tensor or a file, and with boxes drawn on them."""

import importlib
import math
import warnings
from typing import Any

import flambeau as fb

from ..nn import functional as F
from ._images import is_tensor, pil_image
from .transforms.functional import convert_image_dtype, pil_to_tensor, to_pil_image

__all__ = ["draw_bounding_boxes", "make_grid", "save_image"]


@fb.no_grad()
def make_grid(
    tensor, nrow=8, padding=2, normalize=False, value_range=None, scale_each=False, pad_value=0.0, range=None
):  # fmt: skip
    """make_grid(tensor, nrow=8, padding=2, normalize=False, value_range=None, scale_each=False, pad_value=0.0) ->
    Tensor

    One image [C, H', W'] of a batch [B, C, H, W], or of a list of images: nrow of them side by side, with padding
    pixels of pad_value between and around them. Grey images become RGB; a single image comes back without a border.
    normalize: shifts and scales to [0, 1], from value_range (low, high), by default of the smallest and largest value,
    of each image where scale_each. range: the older name of value_range. TypeError.
    """
    if not is_tensor(tensor) and not (isinstance(tensor, (list, tuple)) and all(map(is_tensor, tensor))):
        raise TypeError(f"tensor or list of tensors expected, got {type(tensor)}")
    value_range = range if value_range is None else value_range
    if value_range is not None and not isinstance(value_range, tuple):
        raise TypeError("value_range has to be a tuple (min, max) if specified. min and max are numbers")
    images = _batch(tensor)
    if normalize:
        parts = images.unbind(0) if scale_each else [images]
        images = fb.stack([_normalized(p, value_range) for p in parts], 0).reshape(images.shape)
    count, channels, height, width = images.shape
    if count == 1:
        return images.squeeze(0)
    columns = min(nrow, count)
    rows = math.ceil(count / columns)
    cells = F.pad(images, [padding, 0, padding, 0], value=pad_value)
    empty = rows * columns - count
    if empty:
        cells = fb.cat([cells, fb.full_like(cells[:empty], pad_value)], 0)
    height, width = height + padding, width + padding
    grid = cells.reshape(rows, columns, channels, height, width).permute(2, 0, 3, 1, 4)
    grid = grid.reshape(channels, rows * height, columns * width)
    return F.pad(grid, [0, padding, 0, padding], value=pad_value)


def _batch(tensor):
    """The images as [B, C, H, W], with three channels for one."""
    images = tensor if is_tensor(tensor) else fb.stack(list(tensor), 0)
    if images.dim() == 2:
        images = images.unsqueeze(0)
    if images.dim() == 3:
        images = images.unsqueeze(0)
    return fb.cat([images] * 3, 1) if images.dim() == 4 and images.shape[1] == 1 else images


def _normalized(image, value_range):
    low, high = (image.min().item(), image.max().item()) if value_range is None else value_range
    return (image.clamp(low, high) - low) / max(high - low, 1e-5)


@fb.no_grad()
def save_image(tensor, fp, format=None, **options):
    """save_image(tensor, fp, format=None, **options): the grid of images in a file, a value of 1 as white.

    fp: a path, or a file open for writing, which needs the format ("png", ...). options are make_grid's.
    """
    if isinstance(format, int):  # the third argument of torchvision 0.1 and 0.2
        options, format = {"nrow": format, **options}, None
    grid = make_grid(tensor, **options)
    array = grid.mul(255).add(0.5).clamp(0, 255).permute(1, 2, 0).to("cpu", fb.uint8).contiguous().numpy()
    pil_image().fromarray(array).save(fp, format=format)


_FILLING = 100  # of 255: how much of the color a filled box has
_MARGIN = 1  # pixels around a label


@fb.no_grad()
def draw_bounding_boxes(
    image, boxes, labels=None, colors=None, fill=False, width=1, font=None, font_size=None, label_colors=None,
    label_background_colors=None, fill_labels=False,
):  # fmt: skip
    """draw_bounding_boxes(image, boxes, labels=None, colors=None, fill=False, width=1, font=None, font_size=None,
    label_colors=None, label_background_colors=None, fill_labels=False) -> Tensor [3, H, W]

    A copy of an image [C, H, W], bytes or floats in [0, 1], grey or RGB, with boxes [N, 4] (x1, y1, x2, y2) in pixels
    drawn on it. labels: N strings, None for no label. Colors are names or (red, green, blue) from 0 to 255, one for all
    or a list; by default those of boxes differ, and labels have the color of their box, or are black where
    fill_labels lays label_background_colors (the box's color) under them. fill: fills the boxes, so that the image
    shines through. width: of the lines, in pixels. font: the file of a TrueType font; font_size: in points, 10.
    TypeError, ValueError.
    """
    _check_drawing(image, boxes, labels)
    count = boxes.shape[0]
    if count == 0:
        warnings.warn("boxes doesn't contain any box. No box was drawn", stacklevel=3)
        return image
    colors = _colors(colors, count)
    if label_colors or fill_labels:
        label_colors = _colors(label_colors or "black", count)
    else:
        label_colors = colors
    grounds = _colors(label_background_colors, count) if fill_labels and label_background_colors else colors
    letters = _font(font, font_size)
    dtype = image.dtype
    image = fb.cat([image] * 3, 0) if image.shape[0] == 1 else image
    picture = to_pil_image(convert_image_dtype(image, fb.uint8))
    draw = _pillow("ImageDraw").Draw(picture, "RGBA" if fill else None)
    for i, box in enumerate(boxes.to(fb.int64).tolist()):
        draw.rectangle(box, (*colors[i], _FILLING) if fill else None, colors[i], width)
        if labels is None or labels[i] is None:
            continue
        corner = box[0] + width + _MARGIN, box[1] + width + _MARGIN
        if fill_labels:
            left, top, right, bottom = draw.textbbox(corner, labels[i], letters)
            draw.rectangle((left - _MARGIN, top - _MARGIN, right + _MARGIN, bottom + _MARGIN), grounds[i])
        draw.text(corner, labels[i], label_colors[i], letters)
    return convert_image_dtype(pil_to_tensor(picture), dtype).to(image.device)


def _check_drawing(image, boxes, labels):
    if not is_tensor(image):
        raise TypeError(f"Tensor expected, got {type(image)}")
    if image.dtype is not fb.uint8 and not image.dtype.is_floating_point:
        raise ValueError(f"The image dtype must be uint8 or float, got {image.dtype}")
    if image.dim() != 3:
        raise ValueError("Pass individual images, not batches")
    if image.shape[0] not in (1, 3):
        raise ValueError("Only grayscale and RGB images are supported")
    if boxes.dim() != 2 or boxes.shape[1] != 4:
        raise ValueError(f"boxes must be [N, 4], got {tuple(boxes.shape)}")
    if bool((boxes[:, :2] > boxes[:, 2:]).any()):
        raise ValueError("Boxes need to be in (xmin, ymin, xmax, ymax) format; ops.box_convert converts them")
    if labels is not None and len(labels) != boxes.shape[0]:
        raise ValueError(
            f"Number of boxes ({boxes.shape[0]}) and labels ({len(labels)}) mismatch. Please specify labels for each "
            "box."
        )


def _colors(colors, count):
    """A color (red, green, blue) for each of `count` boxes."""
    if colors is None:  # numbers that lie far apart modulo 255
        return [tuple(i * step % 255 for step in (2**25 - 1, 2**15 - 1, 2**21 - 1)) for i in range(count)]
    if isinstance(colors, list):
        if len(colors) < count:
            raise ValueError(
                f"Number of colors must be equal or larger than the number of objects, but got {len(colors)} < {count}."
            )
    elif not isinstance(colors, (tuple, str)):
        raise ValueError(f"colors must be a tuple or a string, or a list thereof, but got {colors}.")
    elif isinstance(colors, tuple) and len(colors) != 3:
        raise ValueError(f"If passed as tuple, colors should be an RGB triplet, but got {colors}.")
    else:
        colors = [colors] * count
    named = _pillow("ImageColor").getrgb
    return [named(color) if isinstance(color, str) else tuple(color) for color in colors]


def _font(file, size):
    fonts = _pillow("ImageFont")
    if file is not None:
        return fonts.truetype(file, size or 10)
    if size is not None:
        warnings.warn("Argument 'font_size' will be ignored since 'font' is not set.", stacklevel=4)
    return fonts.load_default()


def _pillow(name) -> Any:
    pil_image()  # its error names the extra
    return importlib.import_module(f"PIL.{name}")
