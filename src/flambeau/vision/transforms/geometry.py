"""Transforms of size, part and form."""

import numbers
from collections.abc import Sequence

import flambeau as fb

from .._images import is_tensor
from . import functional as F
from ._args import InterpolationMode, check_padding, check_padding_mode, mode_of, older, pair, two
from ._base import Transform
from .draws import draws

_NEAREST, _BILINEAR = InterpolationMode.NEAREST, InterpolationMode.BILINEAR


class Resize(Transform):
    """Resize(size, interpolation=BILINEAR, max_size=None, antialias=True): size is (height, width), or the shorter
    side, with the longer one at most max_size. See functional.resize."""

    _shown = ("size", "interpolation", "max_size", "antialias")

    def __init__(self, size, interpolation=_BILINEAR, max_size=None, antialias=True):
        super().__init__()
        if not isinstance(size, (int, Sequence)) or isinstance(size, str):
            raise TypeError(f"Size should be int or sequence. Got {type(size)}")
        if isinstance(size, Sequence) and len(size) not in (1, 2):
            raise ValueError("If size is a sequence, it should have 1 or 2 values")
        self.size, self.max_size, self.antialias = size, max_size, antialias
        self.interpolation = mode_of(interpolation)

    def forward(self, img):
        """The resized image."""
        return F.resize(img, self.size, self.interpolation, self.max_size, self.antialias)


class Scale(Resize):
    """Scale(size, interpolation=BILINEAR): the name of Resize in torchvision 0.1."""


class CenterCrop(Transform):
    """CenterCrop(size): the middle of an image; zeros around it where it is smaller."""

    _shown = ("size",)

    def __init__(self, size):
        super().__init__()
        self.size = pair(size)

    def forward(self, img):
        """The middle."""
        return F.center_crop(img, self.size)


class Pad(Transform):
    """Pad(padding, fill=0, padding_mode="constant"): see functional.pad."""

    _shown = ("padding", "fill", "padding_mode")

    def __init__(self, padding, fill=0, padding_mode="constant"):
        super().__init__()
        check_padding(padding)
        if not isinstance(fill, (numbers.Number, str, tuple, list)):
            raise TypeError("Got inappropriate fill arg")
        check_padding_mode(padding_mode)
        self.padding, self.fill, self.padding_mode = padding, fill, padding_mode

    def forward(self, img):
        """The larger image."""
        return F.pad(img, self.padding, self.fill, self.padding_mode)


class FiveCrop(Transform):
    """FiveCrop(size): the corners and the middle, a tuple of five images."""

    _shown = ("size",)

    def __init__(self, size):
        super().__init__()
        self.size = pair(size)

    def forward(self, img):
        """(upper left, upper right, lower left, lower right, middle)."""
        return F.five_crop(img, self.size)


class TenCrop(Transform):
    """TenCrop(size, vertical_flip=False): the five crops of an image and of its mirror image, a tuple of ten."""

    _shown = ("size", "vertical_flip")

    def __init__(self, size, vertical_flip=False):
        super().__init__()
        self.size, self.vertical_flip = pair(size), vertical_flip

    def forward(self, img):
        """The ten images."""
        return F.ten_crop(img, self.size, self.vertical_flip)


class RandomCrop(Transform):
    """RandomCrop(size, padding=None, pad_if_needed=False, fill=0, padding_mode="constant"): a part of the padded image.

    pad_if_needed: pads an image that is smaller than size; else ValueError. See functional.pad.
    """

    _shown = ("size", "padding")

    def __init__(self, size, padding=None, pad_if_needed=False, fill=0, padding_mode="constant"):
        super().__init__()
        self.size = pair(size)
        self.padding, self.pad_if_needed = padding, pad_if_needed
        self.fill, self.padding_mode = fill, padding_mode

    @staticmethod
    def get_params(img, output_size):
        """get_params(img, output_size) -> (top, left, height, width): drawn."""
        _, h, w = F.get_dimensions(img)
        height, width = output_size
        if h < height or w < width:
            raise ValueError(f"Required crop size {(height, width)} is larger than input image size {(h, w)}")
        if (h, w) == (height, width):
            return 0, 0, h, w
        draw = draws()
        return draw.integer(0, h - height + 1), draw.integer(0, w - width + 1), height, width

    def forward(self, img):
        """The part."""
        if self.padding is not None:
            img = F.pad(img, self.padding, self.fill, self.padding_mode)
        _, height, width = F.get_dimensions(img)
        if self.pad_if_needed and width < self.size[1]:
            img = F.pad(img, [self.size[1] - width, 0], self.fill, self.padding_mode)
        if self.pad_if_needed and height < self.size[0]:
            img = F.pad(img, [0, self.size[0] - height], self.fill, self.padding_mode)
        return F.crop(img, *self.get_params(img, self.size))


class RandomHorizontalFlip(Transform):
    """RandomHorizontalFlip(p=0.5): left and right exchanged with probability p."""

    _shown = ("p",)

    def __init__(self, p=0.5):
        super().__init__()
        self.p = p

    def forward(self, img):
        """The image, flipped or not."""
        return F.hflip(img) if draws().chance() < self.p else img


class RandomVerticalFlip(Transform):
    """RandomVerticalFlip(p=0.5): top and bottom exchanged with probability p."""

    _shown = ("p",)

    def __init__(self, p=0.5):
        super().__init__()
        self.p = p

    def forward(self, img):
        """The image, flipped or not."""
        return F.vflip(img) if draws().chance() < self.p else img


class RandomResizedCrop(Transform):
    """RandomResizedCrop(size, scale=(0.08, 1.0), ratio=(3/4, 4/3), interpolation=BILINEAR, antialias=True)

    A part of the image, resized to size (C. Szegedy et al., 2014, arXiv:1409.4842). scale: its part of the area; ratio:
    of its width to its height.
    """

    _shown = ("size", "scale", "ratio", "interpolation", "antialias")

    def __init__(
        self, size, scale=(0.08, 1.0), ratio=(3.0 / 4.0, 4.0 / 3.0), interpolation=_BILINEAR, antialias=True
    ):  # fmt: skip
        super().__init__()
        self.size = pair(size)
        for name, interval in (("Scale", scale), ("Ratio", ratio)):
            if not isinstance(interval, Sequence):
                raise TypeError(f"{name} should be a sequence")
        self.scale, self.ratio, self.antialias = scale, ratio, antialias
        self.interpolation = mode_of(interpolation)

    @staticmethod
    def get_params(img, scale, ratio):
        """get_params(img, scale, ratio) -> (top, left, height, width): drawn; see Draws.part."""
        _, h, w = F.get_dimensions(img)
        return draws().part(h, w, scale, ratio)

    def forward(self, img):
        """The part, resized."""
        top, left, height, width = self.get_params(img, self.scale, self.ratio)
        return F.resized_crop(img, top, left, height, width, self.size, self.interpolation, self.antialias)


class RandomSizedCrop(RandomResizedCrop):
    """RandomSizedCrop(size, interpolation=BILINEAR): the name of RandomResizedCrop in torchvision 0.1."""

    def __init__(self, size, *args, **options):
        if args and not isinstance(args[0], Sequence):
            options["interpolation"], args = args[0], args[1:]
        super().__init__(size, *args, **options)


def _interval(name, value, lengths=(2,)):
    """A number as (-number, number), a sequence of one of these lengths as floats. TypeError, ValueError."""
    if isinstance(value, numbers.Real):
        if value < 0:
            raise ValueError(f"If {name} is a single number, it must be positive.")
        return [-float(value), float(value)]
    return [float(d) for d in _pair_of(name, value, lengths)]


def _pair_of(name, value, lengths=(2,)):
    """The sequence itself. TypeError, ValueError unless it has one of these lengths."""
    message = f"{name} should be a sequence of length {' or '.join(map(str, lengths))}."
    if not isinstance(value, Sequence):
        raise TypeError(message)
    if len(value) not in lengths:
        raise ValueError(message)
    return value


def _fill_for(img, fill):
    """The value outside of an image: for a tensor one per channel."""
    if not is_tensor(img):
        return fill
    if isinstance(fill, numbers.Real):
        return [float(fill)] * F.get_dimensions(img)[0]
    return [float(f) for f in fill]


def _checked_fill(fill):
    if fill is None:
        return 0
    if not isinstance(fill, (Sequence, numbers.Number)):
        raise TypeError("Fill should be either a sequence or a number.")
    return fill


class RandomRotation(Transform):
    """RandomRotation(degrees, interpolation=NEAREST, expand=False, center=None, fill=0)

    By an angle drawn from degrees, (low, high) or a number for (-number, number). See functional.rotate; resample is
    the older name of interpolation.
    """

    _shown = ("degrees", "interpolation", "expand", "fill")

    def __init__(self, degrees, interpolation=_NEAREST, expand=False, center=None, fill=0, resample=None):
        super().__init__()
        self.degrees = _interval("degrees", degrees)
        if center is not None:
            _pair_of("center", center)
        self.interpolation = mode_of(older(resample, interpolation))
        self.expand, self.center, self.fill = expand, center, _checked_fill(fill)

    @staticmethod
    def get_params(degrees):
        """get_params(degrees) -> angle: drawn."""
        return draws().angle(*degrees)

    def forward(self, img):
        """The turned image."""
        angle = self.get_params(self.degrees)
        return F.rotate(img, angle, self.interpolation, self.expand, self.center, _fill_for(img, self.fill))


class RandomAffine(Transform):
    """RandomAffine(degrees, translate=None, scale=None, shear=None, interpolation=NEAREST, fill=0, center=None)

    Angle, translation, scale and shear are drawn: degrees (low, high) or a number; translate: the largest parts of
    width and height; scale (low, high); shear in degrees: a number or (low, high) along x, four numbers for x and y.
    See functional.affine; resample and fillcolor are older names of interpolation and fill.
    """

    _shown = ("degrees", "translate", "scale", "shear", "interpolation", "fill", "center")

    def __init__(
        self, degrees, translate=None, scale=None, shear=None, interpolation=_NEAREST, fill=0, center=None,
        resample=None, fillcolor=None,
    ):  # fmt: skip
        super().__init__()
        self.degrees = _interval("degrees", degrees)
        if translate is not None and not all(0.0 <= t <= 1.0 for t in _pair_of("translate", translate)):
            raise ValueError("translation values should be between 0 and 1")
        if scale is not None and not all(s > 0 for s in _pair_of("scale", scale)):
            raise ValueError("scale values should be positive")
        self.shear = None if shear is None else _interval("shear", shear, (2, 4))
        if center is not None:
            _pair_of("center", center)
        self.translate, self.scale, self.center = translate, scale, center
        self.interpolation = mode_of(older(resample, interpolation))
        self.fill = _checked_fill(older(fillcolor, fill))

    @staticmethod
    def get_params(degrees, translate, scale_ranges, shears, img_size):
        """get_params(degrees, translate, scale_ranges, shears, img_size) -> (angle, (x, y), scale, (x, y)): drawn.

        img_size: [width, height]; translations are whole pixels.
        """
        uniform = draws().uniform
        angle = uniform(*degrees)
        translations = (0, 0)
        if translate is not None:
            dx, dy = float(translate[0] * img_size[0]), float(translate[1] * img_size[1])
            translations = (round(uniform(-dx, dx)), round(uniform(-dy, dy)))
        scale = uniform(*scale_ranges) if scale_ranges is not None else 1.0
        shear_x = shear_y = 0.0
        if shears is not None:
            shear_x = uniform(shears[0], shears[1])
            if len(shears) == 4:
                shear_y = uniform(shears[2], shears[3])
        return angle, translations, scale, (shear_x, shear_y)

    def forward(self, img):
        """The transformed image."""
        size = F.get_image_size(img)
        angle, translate, scale, shear = self.get_params(
            self.degrees, self.translate, self.scale, self.shear, size
        )
        fill = _fill_for(img, self.fill)
        return F.affine(img, angle, translate, scale, shear, self.interpolation, fill, self.center)


class RandomPerspective(Transform):
    """RandomPerspective(distortion_scale=0.5, p=0.5, interpolation=BILINEAR, fill=0): with probability p the corners
    move inwards, by up to distortion_scale / 2 of the width and height."""

    _shown = ("p",)

    def __init__(self, distortion_scale=0.5, p=0.5, interpolation=_BILINEAR, fill=0):
        super().__init__()
        self.p, self.distortion_scale = p, distortion_scale
        self.interpolation, self.fill = mode_of(interpolation), _checked_fill(fill)

    @staticmethod
    def get_params(width, height, distortion_scale):
        """get_params(width, height, distortion_scale) -> (startpoints, endpoints): the corners, and where they go."""
        dx, dy = int(distortion_scale * (width // 2)), int(distortion_scale * (height // 2))
        left, right = (0, dx + 1), (width - dx - 1, width)
        top, bottom = (0, dy + 1), (height - dy - 1, height)
        corners = [(left, top), (right, top), (right, bottom), (left, bottom)]
        draw = draws()
        endpoints = [[draw.integer(*x), draw.integer(*y)] for x, y in corners]
        return [[0, 0], [width - 1, 0], [width - 1, height - 1], [0, height - 1]], endpoints

    def forward(self, img):
        """The image, in another perspective or not."""
        fill = _fill_for(img, self.fill)
        _, height, width = F.get_dimensions(img)
        if draws().chance() >= self.p:
            return img
        startpoints, endpoints = self.get_params(width, height, self.distortion_scale)
        return F.perspective(img, startpoints, endpoints, self.interpolation, fill)


class ElasticTransform(Transform):
    """ElasticTransform(alpha=50.0, sigma=5.0, interpolation=BILINEAR, fill=0): pixels move by smooth noise (P. Simard
    et al., 2003). alpha: how far, in pixels; sigma: how smoothly; numbers or (x, y)."""

    _shown = ("alpha", "sigma", "interpolation", "fill")

    def __init__(self, alpha=50.0, sigma=5.0, interpolation=_BILINEAR, fill=0):
        super().__init__()
        self.alpha = [float(a) for a in two("alpha", alpha, numbers.Real)]
        self.sigma = [float(s) for s in two("sigma", sigma, numbers.Real)]
        self.interpolation, self.fill = mode_of(interpolation), _checked_fill(fill)

    @staticmethod
    def get_params(alpha, sigma, size):
        """get_params(alpha, sigma, size) -> displacement [1, H, W, 2] for an image of size [H, W]: drawn."""
        moves = []
        for i in range(2):
            noise = fb.rand((1, 1, *size)) * 2 - 1
            if sigma[i] > 0.0:
                kernel = int(8 * sigma[i] + 1)
                noise = F.gaussian_blur(noise, kernel + (kernel % 2 == 0), sigma)
            moves.append(noise * alpha[i] / size[1 - i])
        return fb.cat(moves, 1).permute(0, 2, 3, 1)

    def forward(self, img):
        """The distorted image."""
        displacement = self.get_params(self.alpha, self.sigma, F.get_dimensions(img)[1:])
        return F.elastic_transform(img, displacement, self.interpolation, _fill_for(img, self.fill))
