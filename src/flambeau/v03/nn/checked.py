"""Layers that are today's, but for the plain tensors that 0.3's refused."""

from ... import nn as todays
from .variables import forward_of_variables

_FUNCTIONS = {  # layer -> the function whose refusal it has
    "GLU": "glu", "Hardshrink": "hardshrink", "Softshrink": "softshrink", "CrossMapLRN2d": "cross_map_lrn2d",
    "FractionalMaxPool2d": "fractional_max_pool2d", "LPPool1d": "avg_pool1d", "LPPool2d": "avg_pool2d",
    **{f"Adaptive{kind}Pool{n}d": f"adaptive_{kind.lower()}_pool{n}d" for kind in ("Avg", "Max") for n in (1, 2, 3)},
    **{f"MaxUnpool{n}d": f"max_unpool{n}d" for n in (1, 2, 3)},
    **{f"ConstantPad{n}d": "pad" for n in (1, 2, 3)}, **{f"ReplicationPad{n}d": "pad" for n in (1, 2, 3)},
    **{f"ReflectionPad{n}d": "pad" for n in (1, 2)}, "ZeroPad2d": "pad",
}  # fmt: skip


def _checked(name, function):
    base = getattr(todays, name)
    members = {"__doc__": base.__doc__, "__module__": __name__, **forward_of_variables(base, function)}
    return type(name, (base,), members)


LAYERS = {name: _checked(name, function) for name, function in _FUNCTIONS.items()}
globals().update(LAYERS)
