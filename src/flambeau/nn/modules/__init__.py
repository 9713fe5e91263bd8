"""The older paths: `nn.modules.<family>` is the module `nn.<family>`, and every layer is in `nn.modules` as well."""

import sys

from .. import (
    activation,
    adaptive,
    batchnorm,
    containers,
    conv,
    distance,
    dropout,
    flatten,
    lazy,
    linear,
    loss,
    module,
    multihead,
    normalization,
    padding,
    pooling,
    rnn,
    sparse,
    transformer,
    upsampling,
    vision,
)
from .._functional import linear_cross_entropy
from . import utils

_FAMILIES = {
    "activation": activation,
    "adaptive": adaptive,
    "batchnorm": batchnorm,
    "channelshuffle": vision,
    "container": containers,
    "conv": conv,
    "distance": distance,
    "dropout": dropout,
    "flatten": flatten,
    "fold": vision,
    "instancenorm": batchnorm,
    "lazy": lazy,
    "linear": linear,
    "linear_cross_entropy": linear_cross_entropy,
    "linear_cross_entropy_options": linear_cross_entropy,
    "loss": loss,
    "module": module,
    "multihead": multihead,
    "normalization": normalization,
    "padding": padding,
    "pixelshuffle": vision,
    "pooling": pooling,
    "rnn": rnn,
    "sparse": sparse,
    "transformer": transformer,
    "upsampling": upsampling,
}

for _name, _family in _FAMILIES.items():
    sys.modules[f"{__name__}.{_name}"] = _family
    globals()[_name] = _family
    globals().update(
        {n: v for n, v in vars(_family).items() if isinstance(v, type) and v.__module__ == _family.__name__}
    )

for _layer in list(vars(lazy).values()):  # each beside the layer that it becomes
    if getattr(_layer, "cls_to_become", None) is not None:
        setattr(sys.modules[_layer.cls_to_become.__module__], _layer.__name__, _layer)
setattr(batchnorm, "_LazyNormBase", lazy._LazyNormBase)  # noqa: B010
setattr(conv, "_LazyConvXdMixin", lazy._LazyConvXdMixin)  # noqa: B010
setattr(activation, "MultiheadAttention", multihead.MultiheadAttention)  # noqa: B010 (older code imports it from there)

__all__ = [n for n, v in globals().items() if isinstance(v, type) and not n.startswith("_")]
