"""What images go through before a model with published weights sees them."""

from .._images import is_tensor
from . import functional as F
from ._args import InterpolationMode
from ._base import Transform

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)


class ImageClassification(Transform):
    """ImageClassification(*, crop_size, resize_size=256, mean, std, interpolation=BILINEAR, antialias=True)

    The shorter side resized, the middle, as a normalised float tensor.
    """

    _shown = ("crop_size", "resize_size", "mean", "std", "interpolation")

    def __init__(
        self, *, crop_size, resize_size=256, mean=IMAGENET_MEAN, std=IMAGENET_STD,
        interpolation=InterpolationMode.BILINEAR, antialias=True,
    ):  # fmt: skip
        super().__init__()
        self.crop_size, self.resize_size = [crop_size], [resize_size]
        self.mean, self.std = list(mean), list(std)
        self.interpolation, self.antialias = interpolation, antialias

    def forward(self, img):
        """The tensor [..., C, crop_size, crop_size] of an image."""
        img = F.resize(img, self.resize_size, self.interpolation, antialias=self.antialias)
        img = F.center_crop(img, self.crop_size)
        if not is_tensor(img):
            img = F.pil_to_tensor(img)
        return F.normalize(F.convert_image_dtype(img), self.mean, self.std)
