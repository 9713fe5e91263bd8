"""The older paths of 0.3's modules: `torch.nn.modules.conv.Conv2d`, `torch.nn.modules.utils._pair`, ..."""

import sys

from ....nn import modules as todays
from ....nn.modules import utils
from ...families import family
from .. import LAYERS, containers, criterions, recurrent
from .._reduction import assert_no_grad

_FAMILIES = ("activation", "batchnorm", "container", "conv", "distance", "dropout", "instancenorm", "linear", "loss",
             "module", "normalization", "padding", "pixelshuffle", "pooling", "rnn", "sparse",
             "upsampling")  # fmt: skip
_MORE: dict[str, dict] = {  # names that today's families do not have
    "container": {"Container": containers.Container},
    "loss": {
        "_Loss": criterions._Loss,
        "_WeightedLoss": criterions._WeightedLoss,
        "_assert_no_grad": assert_no_grad,
    },
    "rnn": {"RNNCellBase": recurrent.RNNCellBase, "PackedSequence": recurrent.PackedSequence},
}

sys.modules[f"{__name__}.utils"] = utils
for _name in _FAMILIES:
    _todays = getattr(todays, _name)
    _differing = {n: v for n, v in LAYERS.items() if n in vars(_todays)}
    globals()[_name] = family(f"{__name__}.{_name}", {**_differing, **_MORE.get(_name, {})}, _todays)


def __getattr__(name):
    from ... import nn

    return getattr(nn, name)
