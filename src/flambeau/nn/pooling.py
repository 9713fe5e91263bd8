"""Pooling layers."""

from . import functional as F
from .module import Module


def _single(value):
    return (value,) if isinstance(value, int) else tuple(value)


class _MaxPoolNd(Module):
    _function: str

    def __init__(
        self, kernel_size, stride=None, padding=0, dilation=1, return_indices=False, ceil_mode=False
    ):
        super().__init__()
        self.kernel_size = kernel_size
        self.stride = kernel_size if stride is None else stride
        self.padding = padding
        self.dilation = dilation
        self.return_indices = return_indices
        self.ceil_mode = ceil_mode

    def forward(self, input):
        return getattr(F, self._function)(
            input,
            self.kernel_size,
            self.stride,
            self.padding,
            self.dilation,
            ceil_mode=self.ceil_mode,
            return_indices=self.return_indices,
        )

    def extra_repr(self):
        return (
            f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}, "
            f"dilation={self.dilation}, ceil_mode={self.ceil_mode}"
        )


class MaxPool1d(_MaxPoolNd):
    """MaxPool1d(kernel_size, stride=kernel_size, padding=0, dilation=1, return_indices=False, ceil_mode=False)

    The maximum of each window of (N, C, L) or (C, L); return_indices: also where in L it was.
    """

    _function = "max_pool1d"


class MaxPool2d(_MaxPoolNd):
    """MaxPool2d(kernel_size, ...): as MaxPool1d, for (N, C, H, W); indices count in the flattened H x W."""

    _function = "max_pool2d"


class MaxPool3d(_MaxPoolNd):
    """MaxPool3d(kernel_size, ...): as MaxPool1d, for (N, C, D, H, W)."""

    _function = "max_pool3d"


class _AvgPoolNd(Module):
    _function: str
    divisor_override = None  # of layers in files from before the option

    def __init__(
        self,
        kernel_size,
        stride=None,
        padding=0,
        ceil_mode=False,
        count_include_pad=True,
        divisor_override=None,
    ):
        super().__init__()
        self.kernel_size = kernel_size
        self.stride = kernel_size if stride is None else stride
        self.padding = padding
        self.ceil_mode = ceil_mode
        self.count_include_pad = count_include_pad
        self.divisor_override = divisor_override

    def forward(self, input):
        return getattr(F, self._function)(
            input,
            self.kernel_size,
            self.stride,
            self.padding,
            self.ceil_mode,
            self.count_include_pad,
            self.divisor_override,
        )

    def extra_repr(self):
        return f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"


class AvgPool1d(_AvgPoolNd):
    """AvgPool1d(kernel_size, stride=kernel_size, padding=0, ceil_mode=False, count_include_pad=True)

    The mean of each window of (N, C, L) or (C, L).
    """

    def __init__(self, kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True):
        stride = kernel_size if stride is None else stride
        super().__init__(
            _single(kernel_size), _single(stride), _single(padding), ceil_mode, count_include_pad
        )
        del self.divisor_override  # only in two and three dimensions

    def forward(self, input):
        return F.avg_pool1d(
            input, self.kernel_size, self.stride, self.padding, self.ceil_mode, self.count_include_pad
        )


class AvgPool2d(_AvgPoolNd):
    """AvgPool2d(kernel_size, ..., divisor_override=None): as AvgPool1d, for (N, C, H, W) or (C, H, W)."""

    _function = "avg_pool2d"


class AvgPool3d(_AvgPoolNd):
    """AvgPool3d(kernel_size, ..., divisor_override=None): as AvgPool1d, for (N, C, D, H, W)."""

    _function = "avg_pool3d"


class _AdaptivePool(Module):
    _function: str

    def __init__(self, output_size):
        super().__init__()
        self.output_size = output_size

    def forward(self, input):
        return getattr(F, self._function)(input, self.output_size)

    def extra_repr(self):
        return f"output_size={self.output_size}"


class _AdaptiveAvgPoolNd(_AdaptivePool):
    """Base of the three, for isinstance."""


class AdaptiveAvgPool1d(_AdaptiveAvgPoolNd):
    """AdaptiveAvgPool1d(output_size): means of `output_size` windows that cover L of (N, C, L)."""

    _function = "adaptive_avg_pool1d"


class AdaptiveAvgPool2d(_AdaptiveAvgPoolNd):
    """AdaptiveAvgPool2d(output_size): as AdaptiveAvgPool1d, for (N, C, H, W); None keeps a size."""

    _function = "adaptive_avg_pool2d"


class AdaptiveAvgPool3d(_AdaptiveAvgPoolNd):
    """AdaptiveAvgPool3d(output_size): as AdaptiveAvgPool1d, for (N, C, D, H, W); None keeps a size."""

    _function = "adaptive_avg_pool3d"


class _AdaptiveMaxPoolNd(_AdaptivePool):
    def __init__(self, output_size, return_indices=False):
        super().__init__(output_size)
        self.return_indices = return_indices

    def forward(self, input):
        return getattr(F, self._function)(input, self.output_size, self.return_indices)


class AdaptiveMaxPool1d(_AdaptiveMaxPoolNd):
    """AdaptiveMaxPool1d(output_size, return_indices=False): maxima of windows that cover L of (N, C, L)."""

    _function = "adaptive_max_pool1d"


class AdaptiveMaxPool2d(_AdaptiveMaxPoolNd):
    """AdaptiveMaxPool2d(output_size, return_indices=False): as AdaptiveMaxPool1d, for (N, C, H, W)."""

    _function = "adaptive_max_pool2d"


class AdaptiveMaxPool3d(_AdaptiveMaxPoolNd):
    """AdaptiveMaxPool3d(output_size, return_indices=False): as AdaptiveMaxPool1d, for (N, C, D, H, W)."""

    _function = "adaptive_max_pool3d"


class _LPPoolNd(Module):
    _function: str

    def __init__(self, norm_type, kernel_size, stride=None, ceil_mode=False):
        super().__init__()
        self.norm_type = norm_type
        self.kernel_size = kernel_size
        self.stride = stride
        self.ceil_mode = ceil_mode

    def forward(self, input):
        function = getattr(F, self._function)
        return function(input, float(self.norm_type), self.kernel_size, self.stride, self.ceil_mode)

    def extra_repr(self):
        return (
            f"norm_type={self.norm_type}, kernel_size={self.kernel_size}, stride={self.stride}, "
            f"ceil_mode={self.ceil_mode}"
        )


class LPPool1d(_LPPoolNd):
    """LPPool1d(norm_type, kernel_size, stride=kernel_size, ceil_mode=False)

    (sum of x^p)^(1/p), p = norm_type, over each window of (N, C, L) or (C, L).
    """

    _function = "lp_pool1d"


class LPPool2d(_LPPoolNd):
    """LPPool2d(norm_type, kernel_size, ...): as LPPool1d, for (N, C, H, W) or (C, H, W)."""

    _function = "lp_pool2d"


class LPPool3d(_LPPoolNd):
    """LPPool3d(norm_type, kernel_size, ...): as LPPool1d, for (N, C, D, H, W) or (C, D, H, W)."""

    _function = "lp_pool3d"


class _MaxUnpoolNd(Module):
    _function: str
    _dims: int

    def __init__(self, kernel_size, stride=None, padding=0):
        super().__init__()
        self.kernel_size = self._all(kernel_size)
        self.stride = self._all(kernel_size if stride is None else stride)
        self.padding = self._all(padding)

    def _all(self, value):
        return (value,) * self._dims if isinstance(value, int) else tuple(value)

    def forward(self, input, indices, output_size=None):
        function = getattr(F, self._function)
        return function(input, indices, self.kernel_size, self.stride, self.padding, output_size)

    def extra_repr(self):
        return f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"


class MaxUnpool1d(_MaxUnpoolNd):
    """MaxUnpool1d(kernel_size, stride=kernel_size, padding=0): the maxima of MaxPool1d back where they were

    (input, indices, output_size=None): what MaxPool1d with return_indices gave, (N, C, L) or (C, L), and which of the
    lengths that are pooled to L is meant -> the maxima in their places, zeros elsewhere.
    """

    _function, _dims = "max_unpool1d", 1


class MaxUnpool2d(_MaxUnpoolNd):
    """MaxUnpool2d(kernel_size, ...): as MaxUnpool1d, for (N, C, H, W) or (C, H, W)."""

    _function, _dims = "max_unpool2d", 2


class MaxUnpool3d(_MaxUnpoolNd):
    """MaxUnpool3d(kernel_size, ...): as MaxUnpool1d, for (N, C, D, H, W) or (C, D, H, W)."""

    _function, _dims = "max_unpool3d", 3


class _FractionalMaxPoolNd(Module):
    _function: str
    _dims: int

    def __init__(
        self, kernel_size, output_size=None, output_ratio=None, return_indices=False, _random_samples=None
    ):
        super().__init__()
        name = type(self).__name__
        self.kernel_size = self._all(kernel_size)
        self.return_indices = return_indices
        self.register_buffer("_random_samples", _random_samples)
        self.output_size = None if output_size is None else self._all(output_size)
        self.output_ratio = None if output_ratio is None else self._all(output_ratio)
        if output_size is None and output_ratio is None:
            raise ValueError(f"{name} requires specifying either an output size, or a pooling ratio")
        if output_size is not None and output_ratio is not None:
            raise ValueError("only one of output_size and output_ratio may be specified")
        if self.output_ratio is not None and not all(0 < r < 1 for r in self.output_ratio):
            raise ValueError(f"output_ratio must be between 0 and 1 (got {output_ratio})")

    def _all(self, value):
        return (value,) * self._dims if isinstance(value, (int, float)) else tuple(value)

    def forward(self, input):
        function = getattr(F, self._function)
        sizes = self.output_size, self.output_ratio
        return function(input, self.kernel_size, *sizes, self.return_indices, self._random_samples)


class FractionalMaxPool2d(_FractionalMaxPoolNd):
    """FractionalMaxPool2d(kernel_size, output_size=None, output_ratio=None, return_indices=False)

    The maxima of output_size (or output_ratio times the input's size) windows of (N, C, H, W) or (C, H, W) at
    pseudorandom distances (Graham, Fractional max-pooling, 2014).
    """

    _function, _dims = "fractional_max_pool2d", 2


class FractionalMaxPool3d(_FractionalMaxPoolNd):
    """FractionalMaxPool3d(kernel_size, ...): as FractionalMaxPool2d, for (N, C, D, H, W) or (C, D, H, W)."""

    _function, _dims = "fractional_max_pool3d", 3
