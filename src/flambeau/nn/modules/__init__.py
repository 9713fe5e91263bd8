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
    "instancenorm": batchnorm,
    "linear": linear,
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

setattr(activation, "MultiheadAttention", multihead.MultiheadAttention)  # noqa: B010 (older code imports it from there)

__all__ = [n for n, v in globals().items() if isinstance(v, type) and not n.startswith("_")]
