"""Padding layers."""

from . import functional as F
from .module import Module


class _Pad(Module):
    """Pads the last `_dims` dimensions; padding: a number, or (before, after) of each, last dimension first."""

    _dims: int
    _mode: str

    def __init__(self, padding):
        super().__init__()
        self.padding = (padding,) * (2 * self._dims) if isinstance(padding, int) else tuple(padding)

    def forward(self, input):
        return F.pad(input, self.padding, self._mode)

    def extra_repr(self):
        return f"{self.padding}"


class _ConstantPadNd(_Pad):
    def __init__(self, padding, value):
        super().__init__(padding)
        self.value = value

    def forward(self, input):
        return F.pad(input, self.padding, "constant", self.value)

    def extra_repr(self):
        return f"padding={self.padding}, value={self.value}"


class ConstantPad1d(_ConstantPadNd):
    """ConstantPad1d(padding, value): pads (N, C, L) with `value`"""

    _dims = 1


class ZeroPad1d(ConstantPad1d):
    """ZeroPad1d(padding): pads (N, C, L) with zeros"""

    def __init__(self, padding):
        super().__init__(padding, 0.0)

    def extra_repr(self):
        return f"{self.padding}"


class ConstantPad2d(_ConstantPadNd):
    """ConstantPad2d(padding, value): pads (N, C, H, W) with `value`"""

    _dims = 2


class ZeroPad2d(ConstantPad2d):
    """ZeroPad2d(padding): pads (N, C, H, W) with zeros"""

    def __init__(self, padding):
        super().__init__(padding, 0.0)

    def extra_repr(self):
        return f"{self.padding}"


class ConstantPad3d(_ConstantPadNd):
    """ConstantPad3d(padding, value): pads (N, C, D, H, W) with `value`"""

    _dims = 3


class ZeroPad3d(ConstantPad3d):
    """ZeroPad3d(padding): pads (N, C, D, H, W) with zeros"""

    def __init__(self, padding):
        super().__init__(padding, 0.0)

    def extra_repr(self):
        return f"{self.padding}"


class _ReflectionPadNd(_Pad):
    _mode = "reflect"


class ReflectionPad1d(_ReflectionPadNd):
    """ReflectionPad1d(padding): pads (N, C, L) with its reflection at the border"""

    _dims = 1


class ReflectionPad2d(_ReflectionPadNd):
    """ReflectionPad2d(padding): pads (N, C, H, W) with its reflection at the border"""

    _dims = 2


class ReflectionPad3d(_ReflectionPadNd):
    """ReflectionPad3d(padding): pads (N, C, D, H, W) with its reflection at the border"""

    _dims = 3


class _ReplicationPadNd(_Pad):
    _mode = "replicate"


class ReplicationPad1d(_ReplicationPadNd):
    """ReplicationPad1d(padding): pads (N, C, L) with its border"""

    _dims = 1


class ReplicationPad2d(_ReplicationPadNd):
    """ReplicationPad2d(padding): pads (N, C, H, W) with its border"""

    _dims = 2


class ReplicationPad3d(_ReplicationPadNd):
    """ReplicationPad3d(padding): pads (N, C, D, H, W) with its border"""

    _dims = 3


class _CircularPadNd(_Pad):
    _mode = "circular"

    def forward(self, input):
        n = self._dims
        if input.dim() not in (n + 1, n + 2):
            raise ValueError(f"expected {n + 1}D or {n + 2}D input (got {input.dim()}D input)")
        return super().forward(input)


class CircularPad1d(_CircularPadNd):
    """CircularPad1d(padding): pads (N, C, L) with its other end"""

    _dims = 1


class CircularPad2d(_CircularPadNd):
    """CircularPad2d(padding): pads (N, C, H, W) with its other end"""

    _dims = 2


class CircularPad3d(_CircularPadNd):
    """CircularPad3d(padding): pads (N, C, D, H, W) with its other end"""

    _dims = 3
