"""Images side by side, as a tensor or a file."""

import math

import flambeau as fb

from ..nn import functional as F
from ._images import is_tensor, pil_image

__all__ = ["make_grid", "save_image"]


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
