"""The older paths of 0.3's modules: `torch.nn.modules.conv.Conv2d`, `torch.nn.modules.utils._pair`, ..."""

import sys
import types
from importlib.machinery import ModuleSpec

from ....nn import modules as todays
from ....nn.modules import utils
from .. import criterions, layers, recurrent, upsampling
from ..containers import Container

_FAMILIES = ("activation", "batchnorm", "container", "conv", "distance", "dropout", "instancenorm", "linear", "loss",
             "module", "normalization", "padding", "pixelshuffle", "pooling", "rnn", "sparse",
             "upsampling")  # fmt: skip
_OURS = {"Container": Container, **layers.LAYERS, **criterions.LOSSES, **recurrent.LAYERS, **upsampling.LAYERS}


def _family(name):
    """The module of one family: today's names, with 0.3's classes where they differ."""
    family = types.ModuleType(f"{__name__}.{name}", f"The modules of the family {name}.")
    family.__spec__ = ModuleSpec(family.__name__, None)
    names = {n: _OURS.get(n, v) for n, v in vars(getattr(todays, name)).items() if not n.startswith("__")}
    family.__dict__.update(names)
    if name == "loss":
        family.__dict__.update(_Loss=criterions._Loss, _WeightedLoss=criterions._WeightedLoss)
    sys.modules[family.__name__] = family
    return family


sys.modules[f"{__name__}.utils"] = utils
for _name in _FAMILIES:
    globals()[_name] = _family(_name)


def __getattr__(name):
    from ... import nn

    return getattr(nn, name)
