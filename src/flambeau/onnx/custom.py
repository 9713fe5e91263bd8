"""Symbolic functions of programs: what an `autograd.Function`, or an op that a program registers, is in ONNX.

class Scale(Function):
    @staticmethod
    def symbolic(g, x, factor):
        return g.op("custom::Scale", x, factor_f=factor)
"""

import re

import numpy as np

from ..jit.graph import Value
from ..tensor import Tensor
from .registry import CUSTOM

ATTRIBUTE = re.compile("^(.+)_([ifstgz])$")  # name and kind of an attribute: axis_i, alpha_f, mode_s, value_t


class Symbol(str):
    """The name of a value of the ONNX graph, with the shape and dtype that it had in the recorded run."""

    shape: tuple
    dtype: object

    def __new__(cls, name, shape=None, dtype=None):
        self = str.__new__(cls, name)
        self.shape, self.dtype = shape, dtype
        return self

    def type(self):
        """Itself: `sizes()` and `dim()` are asked of the type of a value."""
        return self

    def sizes(self):
        """The sizes in the recorded run; None where they are not known."""
        return None if self.shape is None else list(self.shape)

    def dim(self):
        """The number of dimensions."""
        return None if self.shape is None else len(self.shape)


class Context:
    """The first argument of a symbolic function: `g.op("Name", *inputs, attribute_i=1)` adds a node."""

    def __init__(self, builder, node):
        self.builder, self.node = builder, node
        self.opset = builder.opset

    def op(self, name, /, *inputs, outputs=1, **attributes):
        """Adds a node; its output, or a tuple of them. Names of attributes end in _i, _f, _s or _t (tensor);
        `domain::Name` names an op outside the standard."""
        domain, _, name = name.rpartition("::")
        domain = "" if domain in ("", "onnx", "aten") else domain
        given = {}
        for key, value in attributes.items():
            match = ATTRIBUTE.match(key)
            if match is None:
                raise ValueError(f"op: the attribute {key!r} of {name} does not end in _i, _f, _s or _t")
            given[match.group(1)] = _attribute(value, match.group(2))
        made = self.builder.op(
            name, *[self._input(i) for i in inputs], outputs=outputs, domain=domain, **given
        )
        return Symbol(made) if outputs == 1 else tuple(map(Symbol, made))

    def _input(self, item):
        if isinstance(item, Tensor):
            return self.builder.tensor_constant(item)
        return item

    def call(self, function, args):
        """The names that a symbolic function gives for the arguments of a node."""
        symbols = [
            Symbol(self.builder.value(a), a.shape, a.dtype) if isinstance(a, Value) else a for a in args
        ]
        found = function(self, *symbols)
        return found if isinstance(found, str) else tuple(found)


def _attribute(value, kind):
    if kind == "f":
        return [float(v) for v in value] if isinstance(value, (list, tuple)) else float(value)
    if kind == "i":
        return [int(v) for v in value] if isinstance(value, (list, tuple)) else int(value)
    if kind == "t":
        return np.asarray(value.detach().numpy() if isinstance(value, Tensor) else value)
    return value


def register_custom_op_symbolic(symbolic_name, symbolic_fn, opset_version=None):
    """register_custom_op_symbolic("aten::name", symbolic_fn, opset_version): from now on exports write the op of that
    name as symbolic_fn(g, *arguments) says. The opset is not looked at."""
    CUSTOM[symbolic_name.rpartition("::")[2]] = symbolic_fn


def unregister_custom_op_symbolic(symbolic_name, opset_version=None):
    """unregister_custom_op_symbolic("aten::name", opset_version): takes that back."""
    CUSTOM.pop(symbolic_name.rpartition("::")[2], None)
