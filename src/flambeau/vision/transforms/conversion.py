"""Transforms between images, arrays and tensors, and of the values of tensors."""

from collections.abc import Sequence

import flambeau as fb

from .._images import is_tensor
from . import functional as F
from ._base import Transform
from .draws import draws


class ToTensor:
    """ToTensor(): a PIL image, or an array [H, W, C], as a float tensor [C, H, W]; bytes become numbers in [0, 1]."""

    def __call__(self, pic):
        return F.to_tensor(pic)

    def __repr__(self):
        return f"{type(self).__name__}()"


class PILToTensor:
    """PILToTensor(): a PIL image as a tensor [C, H, W] of the same values and type."""

    def __call__(self, pic):
        return F.pil_to_tensor(pic)

    def __repr__(self):
        return f"{type(self).__name__}()"


class ToPILImage:
    """ToPILImage(mode=None): a tensor [C, H, W] or an array [H, W, C] as a PIL image; see functional.to_pil_image."""

    def __init__(self, mode=None):
        self.mode = mode

    def __call__(self, pic):
        return F.to_pil_image(pic, self.mode)

    def __repr__(self):
        return f"{type(self).__name__}({'' if self.mode is None else f'mode={self.mode}'})"


class ConvertImageDtype(Transform):
    """ConvertImageDtype(dtype): values scaled to the range of another dtype; see functional.convert_image_dtype."""

    def __init__(self, dtype):
        super().__init__()
        self.dtype = dtype

    def forward(self, image):
        """The tensor of that dtype."""
        return F.convert_image_dtype(image, self.dtype)


class Normalize(Transform):
    """Normalize(mean, std, inplace=False): (x - mean) / std of a float tensor, a number of each per channel."""

    _shown = ("mean", "std")

    def __init__(self, mean, std, inplace=False):
        super().__init__()
        self.mean, self.std, self.inplace = mean, std, inplace

    def forward(self, tensor):
        """The normalised tensor."""
        return F.normalize(tensor, self.mean, self.std, self.inplace)


class LinearTransformation(Transform):
    """LinearTransformation(transformation_matrix, mean_vector=None): (x - mean) matrix of the flattened tensor x.

    With D = C * H * W, the matrix is [D, D] and the mean [D]; for whitening, the matrix is that of the data. ValueError
    when they do not fit.
    """

    _shown = ("transformation_matrix", "mean_vector")

    def __init__(self, transformation_matrix, mean_vector=None):
        super().__init__()
        rows, columns = transformation_matrix.shape
        if rows != columns:
            raise ValueError(
                f"transformation_matrix should be square. Got {[rows, columns]} rectangular matrix."
            )
        if mean_vector is not None and mean_vector.shape[0] != rows:
            raise ValueError(
                f"mean_vector should have the same length {mean_vector.shape[0]} as any one of the dimensions of the "
                f"transformation_matrix [{rows} x {columns}]"
            )
        self.transformation_matrix, self.mean_vector = transformation_matrix, mean_vector

    def forward(self, tensor):
        """A tensor of the same shape."""
        shape = tensor.shape
        size = shape[-3] * shape[-2] * shape[-1]
        if size != self.transformation_matrix.shape[0]:
            raise ValueError(
                "Input tensor and transformation matrix have incompatible shape."
                f"[{shape[-3]} x {shape[-2]} x {shape[-1]}] != {self.transformation_matrix.shape[0]}"
            )
        flat = tensor.reshape(-1, size)
        if self.mean_vector is not None:
            flat = flat - self.mean_vector
        return fb.mm(flat, self.transformation_matrix).reshape(shape)


class RandomErasing(Transform):
    """RandomErasing(p=0.5, scale=(0.02, 0.33), ratio=(0.3, 3.3), value=0, inplace=False): with probability p a
    rectangle of a tensor gets the value (Z. Zhong et al., 2017, arXiv:1708.04896).

    scale: its part of the area; ratio: of its height to its width; value: a number, one per channel, or "random" for
    normal noise. TypeError, ValueError.
    """

    _shown = ("p", "scale", "ratio", "value", "inplace")

    def __init__(self, p=0.5, scale=(0.02, 0.33), ratio=(0.3, 3.3), value=0, inplace=False):
        super().__init__()
        if not isinstance(value, (int, float, str, tuple, list)):
            raise TypeError("Argument value should be either a number or str or a sequence")
        if isinstance(value, str) and value != "random":
            raise ValueError("If value is str, it should be 'random'")
        for name, interval in (("scale", scale), ("ratio", ratio)):
            if not isinstance(interval, Sequence):
                raise TypeError(f"{name.capitalize()} should be a sequence")
        if scale[0] < 0 or scale[1] > 1:
            raise ValueError("Scale should be between 0 and 1")
        if p < 0 or p > 1:
            raise ValueError("Random erasing probability should be between 0 and 1")
        self.p, self.scale, self.ratio, self.value, self.inplace = p, scale, ratio, value, inplace

    @staticmethod
    def get_params(img, scale, ratio, value=None):
        """get_params(img, scale, ratio, value=None) -> (top, left, height, width, value): drawn. value: a list, or None
        for noise. The whole image itself when no rectangle of ten fits."""
        draw = draws()
        c, h, w = img.shape[-3:]
        for _ in range(10):
            area = h * w * draw.uniform(scale[0], scale[1])
            aspect = draw.log_uniform(*ratio)
            height, width = round((area * aspect) ** 0.5), round((area / aspect) ** 0.5)
            if not (height < h and width < w):
                continue
            if value is None:
                v = fb.empty((c, height, width), dtype=fb.float32).normal_()
            else:
                v = fb.tensor(value)[:, None, None]
            return draw.integer(0, h - height + 1), draw.integer(0, w - width + 1), height, width, v
        return 0, 0, h, w, img

    def forward(self, img):
        """The tensor, erased or not."""
        if not is_tensor(img):
            raise TypeError("img should be Tensor Image")
        if draws().chance() >= self.p:
            return img
        if self.value == "random":
            value = None
        else:
            value = list(self.value) if isinstance(self.value, (tuple, list)) else [float(self.value)]
            if len(value) not in (1, img.shape[-3]):
                raise ValueError(
                    "If value is a sequence, it should have either a single value or "
                    f"{img.shape[-3]} (number of input channels)"
                )
        i, j, h, w, v = self.get_params(img, self.scale, self.ratio, value)
        return F.erase(img, i, j, h, w, v, self.inplace)
