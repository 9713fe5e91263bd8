"""Dropout layers: active in training mode, the identity in evaluation mode."""

from . import functional as F
from .module import Module


class _DropoutNd(Module):
    _function: str

    def __init__(self, p=0.5, inplace=False):
        super().__init__()
        if p < 0 or p > 1:
            raise ValueError(f"dropout probability has to be between 0 and 1, but got {p}")
        self.p = p
        self.inplace = inplace

    def forward(self, input):
        return getattr(F, self._function)(input, self.p, self.training, self.inplace)

    def extra_repr(self):
        return f"p={self.p}, inplace={self.inplace}"


class Dropout(_DropoutNd):
    """Dropout(p=0.5): zero elements with probability p, scale the others by 1 / (1 - p); (*) -> (*)"""

    _function = "dropout"


class Dropout1d(_DropoutNd):
    """Dropout1d(p=0.5): zero whole channels of (N, C, L) or (C, L)."""

    _function = "dropout1d"


class Dropout2d(_DropoutNd):
    """Dropout2d(p=0.5): zero whole channels of (N, C, H, W)."""

    _function = "dropout2d"


class Dropout3d(_DropoutNd):
    """Dropout3d(p=0.5): zero whole channels of (N, C, D, H, W)."""

    _function = "dropout3d"


class AlphaDropout(_DropoutNd):
    """AlphaDropout(p=0.5): dropout that keeps mean and variance after selu (Klambauer et al., 2017).

    (*) -> (*).
    """

    _function = "alpha_dropout"


class FeatureAlphaDropout(_DropoutNd):
    """FeatureAlphaDropout(p=0.5): AlphaDropout of whole channels; (N, C, *) -> (N, C, *)"""

    _function = "feature_alpha_dropout"
