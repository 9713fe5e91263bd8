"""Layers whose text differs in 0.3: `print(model)` shows "ReLU(inplace)", "MaxPool2d(kernel_size=(2, 2), ...)"."""

import re

from ... import nn as todays
from ...nn.modules.utils import _ntuple
from . import functional
from .variables import forward_of_variables


def _inplace(layer):
    return ["inplace"] if layer.inplace else []


def _max_pool(count):
    several = _ntuple(count)

    def parts(layer):
        if count == 1:
            values = layer.kernel_size, layer.stride, layer.padding, layer.dilation, layer.ceil_mode
            return [f"{n}={v}" for n, v in zip(("kernel_size", "stride", "padding", "dilation", "ceil_mode"), values,
                                               strict=True)]  # fmt: skip
        shown = [f"kernel_size={several(layer.kernel_size)}", f"stride={several(layer.stride)}"]
        if any(several(layer.padding)):
            shown.append(f"padding={several(layer.padding)}")
        return [*shown, f"dilation={several(layer.dilation)}"]

    return parts


def _avg_pool(layer):
    names = ("kernel_size", "stride", "padding", "ceil_mode", "count_include_pad")
    return [f"{n}={getattr(layer, n)}" for n in names]


def _nothing(layer):
    return []


def _drop(layer):
    return [f"p={layer.p}", *_inplace(layer)]


def _embedding_bag(layer):
    shown = [f"{layer.num_embeddings}", f"{layer.embedding_dim}"]
    shown += [f"max_norm={layer.max_norm}"] if layer.max_norm is not None else []
    shown += [f"norm_type={layer.norm_type}"] if layer.norm_type != 2 else []
    shown += [f"scale_grad_by_freq={layer.scale_grad_by_freq}"] if layer.scale_grad_by_freq else []
    return [*shown, f"mode={layer.mode}"]


_DROPOUTS = ("Dropout", "Dropout2d", "Dropout3d")
_PARTS = {
    "ReLU": _inplace,
    "ReLU6": _inplace,
    "SELU": _inplace,
    "Threshold": lambda layer: [f"threshold={layer.threshold}", f"value={layer.value}", *_inplace(layer)],
    "Hardtanh": lambda layer: [f"min_val={layer.min_val}", f"max_val={layer.max_val}", *_inplace(layer)],
    "ELU": lambda layer: [f"alpha={layer.alpha}", *_inplace(layer)],
    "LeakyReLU": lambda layer: [f"{layer.negative_slope}", *_inplace(layer)],
    "RReLU": lambda layer: [f"{layer.lower}", f"{layer.upper}", *_inplace(layer)],
    "PReLU": lambda layer: [f"num_parameters={layer.num_parameters}"],
    **dict.fromkeys(("Sigmoid", "Tanh", "LogSigmoid", "Softsign", "Tanhshrink"), _nothing),
    "Softmax": _nothing,
    "LogSoftmax": _nothing,
    "Softmin": _nothing,
    **dict.fromkeys(_DROPOUTS, _drop),
    **{f"MaxPool{n}d": _max_pool(n) for n in (1, 2, 3)},
    **{f"AvgPool{n}d": _avg_pool for n in (1, 2, 3)},
    "EmbeddingBag": _embedding_bag,
    "Bilinear": lambda layer: [f"{n}_features={getattr(layer, f'{n}_features')}" for n in ("in1", "in2", "out")],
}

_FUNCTIONS = {"LeakyReLU": "leaky_relu", "LogSoftmax": "log_softmax", "Softmin": "softmax"}  # of other names


def _forward_of_dropout(name):
    function = getattr(functional, name)
    return lambda self, input: function(input, self.p, self.training, self.inplace)


def _shown(name, parts):
    base = getattr(todays, name)
    contents = {
        "extra_repr": lambda self: ", ".join(parts(self)),
        "__repr__": lambda self: f"{self._get_name()}({self.extra_repr()})",
        "__doc__": base.__doc__,
        "__module__": __name__,
    }
    function = _FUNCTIONS.get(name) or re.sub(r"(?<=[a-z])Pool", "_pool", name).lower()
    dropped = name in _DROPOUTS
    forward = {"forward": _forward_of_dropout(function)} if dropped else forward_of_variables(base, function)
    return type(name, (base,), {**contents, **forward})


LAYERS = {name: _shown(name, parts) for name, parts in _PARTS.items()}
globals().update(LAYERS)
