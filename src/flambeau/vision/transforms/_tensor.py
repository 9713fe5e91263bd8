"""Transforms of tensors [..., C, H, W]. Integers are computed in float32 and rounded."""

import functools

import numpy as np

import flambeau as fb

from ...nn import functional as F
from ._args import InterpolationMode, sides

_NEAREST, _EXACT = InterpolationMode.NEAREST, InterpolationMode.NEAREST_EXACT
_BILINEAR, _BICUBIC = InterpolationMode.BILINEAR, InterpolationMode.BICUBIC


def get_dimensions(img):
    """[channels, height, width]."""
    _check(img)
    return [1 if img.dim() == 2 else img.shape[-3], *img.shape[-2:]]


def _check(img):
    if img.dim() < 2:
        raise TypeError(f"Tensor is not a torch image: it has shape {tuple(img.shape)}, [..., H, W] expected")


def _check_channels(img, *permitted):
    channels = get_dimensions(img)[0]
    if channels not in permitted:
        raise TypeError(
            f"Input image tensor permitted channel values are {list(permitted)}, but found {channels}"
        )


def bound_of(dtype):
    """The value of white: 1 for floats, the largest integer of the dtype."""
    if dtype.is_floating_point:
        return 1.0
    return 1 if dtype is fb.bool else fb.iinfo(dtype).max


def _in_floats(function):
    """Decorator of a function of a float image: other dtypes go through float32, and are rounded (and clamped)."""

    @functools.wraps(function)
    def call(img, *args):
        if img.dtype.is_floating_point:
            return function(img, *args)
        if img.dtype is fb.bool:
            return function(img.float(), *args).round().to(fb.bool)
        info = fb.iinfo(img.dtype)
        return function(img.float(), *args).round().clamp(info.min, info.max).to(img.dtype)

    return call


# ---------------------------------------------------------------------------------------------- geometry


def hflip(img):
    """Left and right exchanged."""
    _check(img)
    return img.flip(-1)


def vflip(img):
    """Top and bottom exchanged."""
    _check(img)
    return img.flip(-2)


def crop(img, top, left, height, width):
    """A part; zeros outside of the image."""
    _, h, w = get_dimensions(img)
    bottom, right = top + height, left + width
    part = img[..., max(top, 0) : max(bottom, 0), max(left, 0) : max(right, 0)]
    if left >= 0 and top >= 0 and right <= w and bottom <= h:
        return part
    above = min(max(-top, 0), height)
    before = min(max(-left, 0), width)
    return F.pad(part, [before, width - before - part.shape[-1], above, height - above - part.shape[-2]])


def pad(img, padding, fill, mode):
    """With the number `fill`, or with pixels of the image; a negative padding takes pixels away."""
    _check(img)
    left, top, right, bottom = (int(side) for side in sides(padding))
    if mode == "constant":
        if isinstance(fill, (list, tuple)):
            if len(fill) != 1:
                raise ValueError(f"pad: fill of a tensor must be one number, got {fill}")
            fill = fill[0]
        return F.pad(img, [left, right, top, bottom], value=fill or 0)
    for dim, before, after in ((-1, left, right), (-2, top, bottom)):
        index = np.arange(img.shape[dim])[max(-before, 0) : img.shape[dim] - max(-after, 0)]
        index = np.pad(index, (max(before, 0), max(after, 0)), mode)
        img = img.index_select(dim, fb.as_tensor(index, device=img.device))
    return img


def _through(img, rows, columns):
    """rows img columns^T: every image through a matrix of rows (new height x height) and of columns."""

    def like(matrix):
        return fb.as_tensor(matrix, dtype=img.dtype, device=img.device)

    return like(rows) @ img @ like(columns).mT


def resize(img, size, mode, antialias=True):
    """To (height, width)."""
    if mode not in (_NEAREST, _EXACT, _BILINEAR, _BICUBIC):
        raise ValueError(f"This interpolation mode is unsupported with Tensor input: {mode.value}")
    smooth = mode in (_BILINEAR, _BICUBIC)
    return _in_floats(_interpolated)(img, size, mode.value, False if smooth else None, smooth and bool(antialias))


def _interpolated(img, size, mode, align_corners, antialias):
    planes = img.reshape(-1, 1, *img.shape[-2:])
    out = F.interpolate(planes, tuple(size), mode=mode, align_corners=align_corners, antialias=antialias)
    return out.reshape(*img.shape[:-2], *size)


def _sampled(img, grid, mode, fill):
    """The image at the positions of a grid [1, H', W', 2], where -1 and 1 are its borders; `fill` outside."""
    if mode not in (_NEAREST, _BILINEAR):
        raise ValueError(f"This interpolation mode is unsupported with Tensor input: {mode.value}")
    shape = img.shape
    img = img.reshape(-1, *([1] * (3 - img.dim())), *shape[-3:])
    grid = grid.to(img.dtype).expand(img.shape[0], *grid.shape[1:])
    options = dict(mode=mode.value, padding_mode="zeros", align_corners=False)
    out = F.grid_sample(img, grid, **options)
    if fill is not None:
        inside = F.grid_sample(fb.ones_like(img[:, :1]), grid, **options)
        color = fb.as_tensor(fill, dtype=img.dtype, device=img.device).reshape(1, -1, 1, 1)
        if mode is _NEAREST:
            out = fb.where(inside < 0.5, color, out)
        else:
            out = out * inside + (1.0 - inside) * color
    return out.reshape(*shape[:-2], *out.shape[-2:])


def _fill_of(img, fill):
    """A value per channel, or None for nothing but zeros."""
    if fill is None:
        return None
    channels = get_dimensions(img)[0]
    values = list(fill) if isinstance(fill, (list, tuple)) else [fill]
    if len(values) not in (1, channels):
        raise ValueError(
            "The number of elements in 'fill' cannot broadcast to match the number of channels of the image "
            f"({len(values)} != {channels})"
        )
    return values


def _base_grid(width, height, shift_x, shift_y):
    """[H * W, 3] of (x, y, 1) at the centres of pixels, counted from (shift_x, shift_y)."""
    x = np.arange(width) + 0.5 + shift_x
    y = np.arange(height) + 0.5 + shift_y
    xs, ys = np.meshgrid(x, y)
    return np.stack([xs, ys, np.ones_like(xs)], -1).reshape(-1, 3).astype(np.float32)


def _on_grid(img, positions, size, mode, fill):
    grid = fb.as_tensor(positions.astype(np.float32).reshape(1, *size, 2), device=img.device)
    return _in_floats(_sampled)(img, grid, mode, _fill_of(img, fill))


def affine(img, matrix, mode, fill, size=None):
    """Through the map `matrix` from the result to the image, both with their origin in the middle."""
    _, h, w = get_dimensions(img)
    oh, ow = size or (h, w)
    theta = np.array(matrix, np.float32).reshape(2, 3).T / np.array([0.5 * w, 0.5 * h], np.float32)
    return _on_grid(img, _base_grid(ow, oh, -0.5 * ow, -0.5 * oh) @ theta, (oh, ow), mode, fill)


def rotated_size(matrix, width, height):
    """(height, width) of the smallest image that holds all of the rotated one."""
    corners = 0.5 * np.array([[-width, -height], [-width, height], [width, height], [width, -height]])
    turned = (corners @ np.array(matrix, np.float64).reshape(2, 3)[:, :2].T).astype(np.float32)
    turned = turned + np.array([matrix[2] + 0.5 * width, matrix[5] + 0.5 * height], np.float32)
    tolerance = np.float32(1e-4)  # what rounding errors may not add
    high = np.ceil(np.trunc(turned.max(0) / tolerance) * tolerance)
    low = np.floor(np.trunc(turned.min(0) / tolerance) * tolerance)
    return int(high[1] - low[1]), int(high[0] - low[0])


def rotate(img, matrix, mode, expand, fill):
    """Through a map of rotation; expand: to a size that holds all."""
    _, h, w = get_dimensions(img)
    return affine(img, matrix, mode, fill, rotated_size(matrix, w, h) if expand else None)


def perspective(img, coefficients, mode, fill):
    """Through the map of `perspective_coefficients`."""
    _, h, w = get_dimensions(img)
    c = np.array(coefficients, np.float32)
    base = _base_grid(w, h, 0, 0)
    numerator = base @ (c[:6].reshape(2, 3).T / np.array([0.5 * w, 0.5 * h], np.float32))
    denominator = base @ np.array([c[6], c[7], 1], np.float32)
    return _on_grid(img, numerator / denominator[:, None] - 1.0, (h, w), mode, fill)


def elastic_transform(img, displacement, mode, fill):
    """Every pixel from its place moved by displacement [1, H, W, 2], in halves of the image's width and height."""
    _, h, w = get_dimensions(img)
    x, y = (np.linspace((1 - n) / n, (n - 1) / n, n, dtype=np.float32) for n in (w, h))
    identity = np.stack(np.meshgrid(x, y), -1)[None]
    grid = fb.as_tensor(identity, device=img.device) + displacement.to(img.device)
    return _in_floats(_sampled)(img, grid, mode, _fill_of(img, fill))


def _blur_matrix(length, size, sigma):
    """The matrix [length, length] of a Gaussian of `size` pixels along a line that is reflected at its ends."""
    x = np.linspace(-(size - 1) * 0.5, (size - 1) * 0.5, size)
    kernel = np.exp(-0.5 * (x / sigma) ** 2)
    kernel /= kernel.sum()
    index = np.pad(np.arange(length), size // 2, "reflect")
    matrix = np.zeros((length, length))
    for k in range(size):
        np.add.at(matrix, (np.arange(length), index[k : k + length]), kernel[k])
    return matrix


def gaussian_blur(img, kernel_size, sigma):
    """kernel_size and sigma: (x, y)."""
    _, h, w = get_dimensions(img)
    for size, kernel in ((w, kernel_size[0]), (h, kernel_size[1])):
        if kernel // 2 >= size:
            raise RuntimeError(
                f"gaussian_blur: a kernel of {kernel} pixels needs more than {size} pixels to reflect"
            )
    rows = _blur_matrix(h, kernel_size[1], sigma[1])
    columns = _blur_matrix(w, kernel_size[0], sigma[0])
    return _in_floats(_through)(img, rows, columns)


# ------------------------------------------------------------------------------------------------ colours


def _blend(img, other, ratio):
    """ratio img + (1 - ratio) other, within the range of the dtype."""
    mixed = float(ratio) * img + (1.0 - float(ratio)) * other
    return mixed.clamp(0, bound_of(img.dtype)).to(img.dtype)


def rgb_to_grayscale(img, num_output_channels=1):
    """0.2989 R + 0.587 G + 0.114 B (the luminance of ITU-R BT.601), as one channel or three."""
    _check_channels(img, 1, 3)
    if img.shape[-3] == 3:
        r, g, b = img.unbind(-3)
        img = (0.2989 * r + 0.587 * g + 0.114 * b).to(img.dtype).unsqueeze(-3)
    else:
        img = img.clone()
    return img.expand(*img.shape[:-3], 3, *img.shape[-2:]) if num_output_channels == 3 else img


def adjust_brightness(img, factor):
    """Towards black (0)."""
    _check_channels(img, 1, 3)
    return _blend(img, 0, factor)


def adjust_contrast(img, factor):
    """Towards the mean grey."""
    _check_channels(img, 1, 3)
    gray = rgb_to_grayscale(img)
    mean = gray.to(img.dtype if img.dtype.is_floating_point else fb.float32).mean((-3, -2, -1), keepdim=True)
    return _blend(img, mean, factor)


def adjust_saturation(img, factor):
    """Towards the grey image."""
    _check_channels(img, 1, 3)
    return img if img.shape[-3] == 1 else _blend(img, rgb_to_grayscale(img), factor)


def convert_image_dtype(img, dtype):
    """From the range of its dtype to that of another."""
    old = img.dtype
    if old is dtype:
        return img
    if old.is_floating_point:
        if dtype.is_floating_point:
            return img.to(dtype)
        if (old is fb.float32 and dtype in (fb.int32, fb.int64)) or (old is fb.float64 and dtype is fb.int64):
            raise RuntimeError(f"The cast from {old} to {dtype} cannot be performed safely.")
        return img.mul(bound_of(dtype) + 1.0 - 1e-3).to(dtype)  # so that 1 becomes the largest integer
    if dtype.is_floating_point:
        return img.to(dtype) / bound_of(old)
    if bound_of(old) > bound_of(dtype):
        return img.div((bound_of(old) + 1) // (bound_of(dtype) + 1), rounding_mode="floor").to(dtype)
    return img.to(dtype) * ((bound_of(dtype) + 1) // (bound_of(old) + 1))


def _rgb_to_hsv(img):
    """Hue, saturation and value in [0, 1] (A. R. Smith, 1978)."""
    r, g, b = img.unbind(-3)
    value, low = img.amax(-3), img.amin(-3)
    gray = value == low
    chroma = value - low
    ones = fb.ones_like(value)
    saturation = chroma / fb.where(gray, ones, value)
    divisor = fb.where(gray, ones, chroma)
    from_r, from_g, from_b = ((value - c) / divisor for c in (r, g, b))
    of_r = (value == r) * (from_b - from_g)
    of_g = ((value == g) & (value != r)) * (2.0 + from_r - from_b)
    of_b = ((value != g) & (value != r)) * (4.0 + from_g - from_r)
    hue = fb.fmod((of_r + of_g + of_b) / 6.0 + 1.0, 1.0)
    return hue, saturation, value


def _hsv_to_rgb(hue, saturation, value):
    sector = fb.floor(hue * 6.0)
    fraction = hue * 6.0 - sector
    sector = sector.to(fb.int32) % 6
    p = (value * (1.0 - saturation)).clamp(0, 1)
    q = (value * (1.0 - saturation * fraction)).clamp(0, 1)
    t = (value * (1.0 - saturation * (1.0 - fraction))).clamp(0, 1)
    channels = []
    for choices in ((value, q, p, p, t, value), (t, value, value, q, p, p), (p, p, t, value, value, q)):
        channel = fb.zeros_like(value)
        for i, choice in enumerate(choices):
            channel = fb.where(sector == i, choice, channel)
        channels.append(channel)
    return fb.stack(channels, -3)


def adjust_hue(img, factor):
    """Hue turned by factor of the circle."""
    _check_channels(img, 1, 3)
    if img.shape[-3] == 1:
        return img
    x = img if img.dtype.is_floating_point else convert_image_dtype(img, fb.float32)
    hue, saturation, value = _rgb_to_hsv(x)
    return convert_image_dtype(_hsv_to_rgb((hue + factor) % 1.0, saturation, value), img.dtype)


def adjust_gamma(img, gamma, gain):
    """gain x^gamma of every pixel x in [0, 1]."""
    x = img if img.dtype.is_floating_point else convert_image_dtype(img, fb.float32)
    return convert_image_dtype((gain * x**gamma).clamp(0, 1), img.dtype)


def invert(img):
    """The negative."""
    _check(img)
    _check_channels(img, 1, 3)
    return bound_of(img.dtype) - img


def _check_bytes(img):
    if img.dtype is not fb.uint8:
        raise TypeError(f"Only torch.uint8 image tensors are supported, but found {img.dtype}")


def posterize(img, bits):
    """The highest bits of every pixel."""
    _check_channels(img, 1, 3)
    _check_bytes(img)
    return img & (256 - 2 ** (8 - bits))


def solarize(img, threshold):
    """Pixels from the threshold on inverted."""
    _check_channels(img, 1, 3)
    if threshold > bound_of(img.dtype):
        raise TypeError("Threshold should be less than bound of img.")
    return fb.where(img >= threshold, invert(img), img)


def _smoothed(img):
    """The mean of every inner pixel and its neighbours, in which it counts five times."""
    h, w = img.shape[-2:]
    total = 4.0 * img[..., 1:-1, 1:-1]
    for i in range(3):
        for j in range(3):
            total = total + img[..., i : h - 2 + i, j : w - 2 + j]
    return total / 13.0


def adjust_sharpness(img, factor):
    """Towards the smoothed image."""
    _check_channels(img, 1, 3)
    if min(img.shape[-2:]) <= 2:
        return img
    smooth = img.clone()
    smooth[..., 1:-1, 1:-1] = _in_floats(_smoothed)(img)
    return _blend(img, smooth, factor)


def autocontrast(img):
    """Every channel stretched to the whole range."""
    _check_channels(img, 1, 3)
    bound = bound_of(img.dtype)
    x = img if img.dtype.is_floating_point else img.float()
    low, high = x.amin((-2, -1), keepdim=True), x.amax((-2, -1), keepdim=True)
    scale = bound / (high - low)
    flat = ~fb.isfinite(scale)
    low, scale = fb.where(flat, 0.0, low), fb.where(flat, 1.0, scale)
    return ((x - low) * scale).clamp(0, bound).to(img.dtype)


def _equalized(channel):
    """One channel with an even histogram: a table of its cumulative histogram."""
    histogram = fb.bincount(channel.reshape(-1).to(fb.int64), minlength=256)
    occupied = histogram[histogram != 0]
    step = int(occupied[:-1].sum()) // 255
    if step == 0:
        return channel
    below = fb.cumsum(histogram, 0) - histogram
    table = fb.div(below + step // 2, step, rounding_mode="floor").clamp(0, 255).to(fb.uint8)
    return table[channel.to(fb.int64)]


def equalize(img):
    """Every channel with an even histogram."""
    _check_channels(img, 1, 3)
    _check_bytes(img)
    channels = img.reshape(-1, *img.shape[-2:]).unbind(0)
    return fb.stack([_equalized(c) for c in channels], 0).reshape(img.shape)


def normalize(img, mean, std, inplace):
    """(x - mean) / std, a number of each per channel."""
    if not img.dtype.is_floating_point:
        raise TypeError(f"Input tensor should be a float tensor. Got {img.dtype}.")
    if img.dim() < 3:
        raise ValueError(
            f"Expected tensor to be a tensor image of size (..., C, H, W). Got tensor.size() = {tuple(img.shape)}"
        )
    mean, std = (fb.as_tensor(v, dtype=img.dtype, device=img.device) for v in (mean, std))
    if (std == 0).any():
        raise ValueError(
            f"std evaluated to zero after conversion to {img.dtype}, leading to division by zero."
        )
    mean, std = (v.reshape(-1, 1, 1) if v.dim() == 1 else v for v in (mean, std))
    return img.sub_(mean).div_(std) if inplace else (img - mean) / std


def erase(img, i, j, h, w, v, inplace):
    """The rectangle of h rows from i and w columns from j gets the value v."""
    if not inplace:
        img = img.clone()
    img[..., i : i + h, j : j + w] = v
    return img
