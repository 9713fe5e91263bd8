"""One random call: what is called, with which tensors and other arguments, and how its results are to be compared."""

import operator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

import flambeau as fb

try:
    import torch
except ImportError:
    torch = None

HALVES = ("float16", "bfloat16")


class Input:
    """A tensor argument: values, dtype name and memory layout. Every `make` gives new memory."""

    def __init__(self, values, dtype, layout="plain", constant=False):
        self.values, self.dtype, self.layout = values, dtype, layout
        self.constant = constant  # never asks for a gradient

    @property
    def shape(self):
        return self.values.shape

    def array(self):
        """The values as an array of the layout; bfloat16 as the 16 bits of each element."""
        values = self.values.view(np.uint16) if self.dtype == "bfloat16" else self.values
        if self.layout == "gaps":
            buffer = np.zeros((*values.shape[:-1], values.shape[-1] * 2 + 1), values.dtype)
            buffer[..., 1::2] = values
            return buffer[..., 1::2]
        if self.layout == "channels_last":
            return np.moveaxis(np.moveaxis(values, 1, -1).copy(), -1, 1)
        return np.array(values, order="F" if self.layout == "fortran" else "C")

    def make(self, library):
        if not self.values.size:
            return library.zeros(self.shape, dtype=getattr(library, self.dtype))
        array = self.array()
        if self.layout == "expanded":
            array = array[:1]
        if self.dtype == "bfloat16":
            if library is fb:
                tensor = fb.from_numpy(array.view(fb.bfloat16.numpy))
            else:
                tensor = torch.from_numpy(array.view(np.int16)).view(torch.bfloat16)
        else:
            tensor = library.from_numpy(array)
        if self.layout == "own":
            tensor = tensor.clone()  # memory of the library, which can be resized
        return tensor.expand(self.shape) if self.layout == "expanded" else tensor

    def __repr__(self):
        layout = "" if self.layout == "plain" else " " + self.layout
        shown = f" {self.values.tolist()}" if self.values.size <= 12 else ""
        return f"<{self.dtype}{list(self.shape)}{layout}{shown}>"


@dataclass
class Dtype:
    """A dtype argument by name."""

    name: str

    def make(self, library):
        return getattr(library, self.name)

    def __repr__(self):
        return self.name


@dataclass
class Case:
    """A call. `name` is a dotted name of the library ("linalg.qr", "Tensor.add_") or one of `HELPERS`."""

    name: str
    args: tuple
    kwargs: dict = field(default_factory=dict)
    ulps: float = 32  # allowed error in units of the last place of the largest value of a result
    view: bool = False  # strides and offsets must agree too
    grad: bool = True  # gradients are compared where inputs are float64 or complex128
    mutates: bool = False  # the first argument may change
    invariant: Any = None  # results and arguments of a call -> what is compared instead of the results

    def __repr__(self):
        shown = [repr(a) for a in self.args] + [f"{k}={v!r}" for k, v in self.kwargs.items()]
        return f"{self.name}({', '.join(shown)})"

    def inputs(self):
        found = []
        self.arguments(lambda value: found.append(value) if isinstance(value, Input) else None)
        return found

    def arguments(self, make):
        """args and kwargs with make(value) in place of every Input and Dtype."""
        return _map(self.args, make), _map(self.kwargs, make)


def _map(value, make):
    if isinstance(value, (Input, Dtype)):
        return make(value)
    if isinstance(value, dict):
        return {k: _map(v, make) for k, v in value.items()}
    if isinstance(value, (tuple, list)):
        return type(value)(_map(v, make) for v in value)
    return value


def _setitem(tensor, index, value):
    tensor[index] = value
    return tensor


def _sparse(name, first, *others):
    """A method of the sparse form of `first`; of the others too where it is elementwise."""
    others = [o.to_sparse() if name in ("add", "sub", "mul") else o for o in others]
    return getattr(first.to_sparse(), name)(*others).to_dense()


HELPERS = {
    "sparse": _sparse,
    "getitem": operator.getitem,
    "setitem": _setitem,
    **{f"operator.{name}": getattr(operator, name) for name in dir(operator) if not name.startswith("_")},
}


def function(library, name):
    if name in HELPERS:
        return HELPERS[name]
    found = library
    for part in name.split("."):
        found = getattr(found, part)
    return found
