"""`torch.nn._functions.thnn` of 0.3: the Functions of the neural network library of Lua's Torch."""

from . import activation, auto, normalization, pooling, rnnFusedPointwise, sparse, upsampling
from .activation import *
from .auto import *
from .normalization import *
from .pooling import *
from .sparse import *
from .upsampling import *

__all__ = ["activation", "auto", "normalization", "pooling", "rnnFusedPointwise", "sparse", "upsampling"]
for _part in (activation, auto, normalization, pooling, sparse, upsampling):
    __all__ += _part.__all__
