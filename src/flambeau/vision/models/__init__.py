"""Models for images, with the names that they and their parameters have in torchvision.

    resnet18(pretrained=False, progress=True, *, weights=None, **options)

A constructor draws the weights as torchvision's does: the same seed gives the same ones. `weights`: a member of the
model's `..._Weights` or its name ("IMAGENET1K_V1", "DEFAULT"); `pretrained=True`: IMAGENET1K_V1. Their file is loaded
when it lies where PyTorch keeps such files ($TORCH_HOME/hub/checkpoints, by default ~/.cache/torch/hub/checkpoints; or
~/.torch/models); FileNotFoundError says what to fetch when it does not.
"""

from . import alexnet as _alexnet_module
from . import densenet as _densenet_module
from . import inception as _inception_module
from . import resnet as _resnet_module
from . import squeezenet as _squeezenet_module
from . import vgg as _vgg_module
from ._weights import Weights, WeightsEnum
from .alexnet import *
from .densenet import *
from .inception import *
from .resnet import *
from .squeezenet import *
from .vgg import *

_CONSTRUCTORS = {
    name: getattr(module, name)
    for module in (
        _alexnet_module, _densenet_module, _inception_module, _resnet_module, _squeezenet_module, _vgg_module,
    )
    for name in module.__all__
    if name.islower()
}  # fmt: skip


def list_models(module=None, include=None, exclude=None):
    """list_models(module=None, include=None, exclude=None) -> names of models, sorted.

    module: only those of one, `models.resnet`; include and exclude: patterns like "resnet*", one or several.
    """
    from fnmatch import fnmatch

    def matching(name, patterns):
        return any(fnmatch(name, p) for p in ([patterns] if isinstance(patterns, str) else patterns))

    names = [n for n, f in _CONSTRUCTORS.items() if module is None or f.__module__ == module.__name__]
    if include is not None:
        names = [n for n in names if matching(n, include)]
    if exclude is not None:
        names = [n for n in names if not matching(n, exclude)]
    return sorted(names)


def get_model_builder(name):
    """get_model_builder(name) -> the constructor of that name. ValueError for an unknown one."""
    if name.lower() not in _CONSTRUCTORS:
        raise ValueError(f"Unknown model {name}")
    return _CONSTRUCTORS[name.lower()]


def get_model(name, **config):
    """get_model(name, **config) -> model: that constructor called with config."""
    return get_model_builder(name)(**config)
