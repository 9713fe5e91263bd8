"""Transforms of colour and sharpness."""

import numbers
from collections.abc import Sequence

import flambeau as fb

from . import functional as F
from ._args import two
from ._base import Transform
from .draws import draws


class ColorJitter(Transform):
    """ColorJitter(brightness=0, contrast=0, saturation=0, hue=0): changes all four in an order that is drawn.

    A number x means that the factor is drawn from (max(0, 1 - x), 1 + x), for hue from (-x, x) with x at most 0.5; a
    pair is the interval itself. TypeError, ValueError.
    """

    _shown = ("brightness", "contrast", "saturation", "hue")

    def __init__(self, brightness=0, contrast=0, saturation=0, hue=0):
        super().__init__()
        self.brightness = self._interval("brightness", brightness)
        self.contrast = self._interval("contrast", contrast)
        self.saturation = self._interval("saturation", saturation)
        self.hue = self._interval("hue", hue, center=0, bound=(-0.5, 0.5))

    @staticmethod
    def _interval(name, value, center=1, bound=(0, float("inf"))):
        if isinstance(value, numbers.Real):
            if value < 0:
                raise ValueError(f"If {name} is a single number, it must be non negative.")
            value = [center - float(value), center + float(value)]
            if name != "hue":
                value[0] = max(value[0], 0.0)
        elif not isinstance(value, Sequence) or len(value) != 2:
            raise TypeError(f"{name} should be a single number or a list/tuple with length 2.")
        if not bound[0] <= value[0] <= value[1] <= bound[1]:
            raise ValueError(f"{name} values should be between {bound}, but got {list(value)}.")
        return None if value[0] == value[1] == center else (float(value[0]), float(value[1]))

    @staticmethod
    def get_params(brightness, contrast, saturation, hue):
        """get_params(brightness, contrast, saturation, hue) -> (order, four factors or None): drawn.

        Of intervals (low, high) or None. Numbers, as in torchvision 0.2, give a function of an image that makes
        the drawn changes.
        """
        given = (brightness, contrast, saturation, hue)
        if any(isinstance(value, numbers.Real) for value in given):
            return ColorJitter(*given)._drawn()
        order, factors = draws().jitter(given)
        return (fb.tensor(order, dtype=fb.int64), *factors)

    def _drawn(self):
        """A function of an image that makes changes which have been drawn."""
        order, *factors = self.get_params(self.brightness, self.contrast, self.saturation, self.hue)
        functions = (F.adjust_brightness, F.adjust_contrast, F.adjust_saturation, F.adjust_hue)

        def changed(img):
            for i in order.tolist():
                if factors[i] is not None:
                    img = functions[i](img, factors[i])
            return img

        return changed

    def forward(self, img):
        """The changed image."""
        return self._drawn()(img)


class Grayscale(Transform):
    """Grayscale(num_output_channels=1): the luminance, as 1 channel or 3."""

    _shown = ("num_output_channels",)

    def __init__(self, num_output_channels=1):
        super().__init__()
        self.num_output_channels = num_output_channels

    def forward(self, img):
        """The grey image."""
        return F.rgb_to_grayscale(img, self.num_output_channels)


class RandomGrayscale(Transform):
    """RandomGrayscale(p=0.1): grey with probability p, with the number of channels that it had."""

    _shown = ("p",)

    def __init__(self, p=0.1):
        super().__init__()
        self.p = p

    def forward(self, img):
        """The image, grey or not."""
        channels = F.get_dimensions(img)[0]
        return F.rgb_to_grayscale(img, channels) if draws().chance() < self.p else img


class GaussianBlur(Transform):
    """GaussianBlur(kernel_size, sigma=(0.1, 2.0)): sigma is drawn from an interval, or a number. See
    functional.gaussian_blur."""

    _shown = ("kernel_size", "sigma")

    def __init__(self, kernel_size, sigma=(0.1, 2.0)):
        super().__init__()
        self.kernel_size = tuple(two("kernel_size", kernel_size, numbers.Integral))
        if any(k <= 0 or k % 2 == 0 for k in self.kernel_size):
            raise ValueError("Kernel size value should be an odd and positive number.")
        if isinstance(sigma, numbers.Real):
            if sigma <= 0:
                raise ValueError("If sigma is a single number, it must be positive.")
            sigma = (sigma, sigma)
        elif not isinstance(sigma, Sequence) or len(sigma) != 2:
            raise ValueError("sigma should be a single number or a list/tuple with length 2.")
        elif not 0.0 < sigma[0] <= sigma[1]:
            raise ValueError("sigma values should be positive and of the form (min, max).")
        self.sigma = sigma

    @staticmethod
    def get_params(sigma_min, sigma_max):
        """get_params(sigma_min, sigma_max) -> sigma: drawn."""
        return draws().uniform(sigma_min, sigma_max)

    def forward(self, img):
        """The blurred image."""
        sigma = self.get_params(*self.sigma)
        return F.gaussian_blur(img, list(self.kernel_size), [sigma, sigma])


class _Sometimes(Transform):
    """Applies `change` with probability p."""

    def __init__(self, p=0.5):
        super().__init__()
        self.p = p

    def change(self, img):
        """The changed image."""
        raise NotImplementedError

    def forward(self, img):
        """The image, changed or not."""
        return self.change(img) if draws().chance() < self.p else img


class RandomInvert(_Sometimes):
    """RandomInvert(p=0.5): the negative with probability p."""

    _shown = ("p",)

    def change(self, img):
        """The negative."""
        return F.invert(img)


class RandomPosterize(_Sometimes):
    """RandomPosterize(bits, p=0.5): only the highest bits, with probability p."""

    _shown = ("bits", "p")

    def __init__(self, bits, p=0.5):
        super().__init__(p)
        self.bits = bits

    def change(self, img):
        """The highest bits."""
        return F.posterize(img, self.bits)


class RandomSolarize(_Sometimes):
    """RandomSolarize(threshold, p=0.5): pixels from the threshold on inverted, with probability p."""

    _shown = ("threshold", "p")

    def __init__(self, threshold, p=0.5):
        super().__init__(p)
        self.threshold = threshold

    def change(self, img):
        """The solarised image."""
        return F.solarize(img, self.threshold)


class RandomAdjustSharpness(_Sometimes):
    """RandomAdjustSharpness(sharpness_factor, p=0.5): see functional.adjust_sharpness; with probability p."""

    _shown = ("sharpness_factor", "p")

    def __init__(self, sharpness_factor, p=0.5):
        super().__init__(p)
        self.sharpness_factor = sharpness_factor

    def change(self, img):
        """The image with another sharpness."""
        return F.adjust_sharpness(img, self.sharpness_factor)


class RandomAutocontrast(_Sometimes):
    """RandomAutocontrast(p=0.5): every channel from black to white, with probability p."""

    _shown = ("p",)

    def change(self, img):
        """The image with the whole range."""
        return F.autocontrast(img)


class RandomEqualize(_Sometimes):
    """RandomEqualize(p=0.5): every channel with an even histogram, with probability p."""

    _shown = ("p",)

    def change(self, img):
        """The image with an even histogram."""
        return F.equalize(img)
