"""The type of tensors that 0.3 makes when none is named: `torch.Tensor`, which `set_default_tensor_type` rebinds."""

import sys
from typing import Any

from .. import settings, storage
from .faces import type_name


def tensor_class():
    """The class that torch.Tensor is now."""
    return sys.modules[__package__].Tensor


def set_default_tensor_type(t):
    """set_default_tensor_type(t): torch.Tensor and torch.Storage are from now on those of a typed class, or of its
    name; today's parts of the library take its dtype and device as their defaults."""
    from .conversions import typed_class

    cls = typed_class(t)
    if cls._dtype.kind == "f":
        settings.set_default_tensor_type(type_name(cls))
    package: Any = sys.modules[__package__]
    package.Tensor = cls
    storages = storage.CUDA_TYPES if cls.is_cuda else storage.TYPES
    package.Storage = storages[cls.__name__.replace("Tensor", "Storage")]


