"""The names of 0.3's graph: the `grad_fn` of x + 2 is AddBackward0, of x + y AddBackward1, of x.mm(y) MmBackward.

A node is today's until a program asks a Variable for it; then it becomes one of a subclass of the same layout that has
0.3's name, and shows no numbers among its `next_functions`.
"""

from functools import cache
from typing import Any

from ... import _core

_Node: Any = _core.Node

# today's name -> 0.3's, where it is another
_RENAMED = {
    "Convolution": "ConvNd", "NativeBatchNorm": "BatchNorm", "LinalgVectorNorm": "Norm", "ToCopy": "Type",
    "Relu": "Threshold", "Contiguous": "Clone", "Arranged": "Clone",
    "ConstantPadNd": "ConstantPad", "PreluKernel": "Prelu", "Logsigmoid": "LogSigmoid", "Recurrent": "CudnnRnn",
    **{f"MaxPool{n}DWithIndices": f"MaxPool{n}D" for n in (1, 2, 3)},
}  # fmt: skip

# 0.3 numbered the forms that a function has. (number of those where the second argument is a number, is a tensor)
_SECOND = dict.fromkeys("Add Sub Mul Div Remainder Fmod Lerp".split(), (0, 1))
_THIRD = dict.fromkeys("MaskedFill IndexFill".split(), (0, 1))
# (number where all elements are reduced, where a dimension is)
_REDUCED = {**dict.fromkeys("Sum Std Var Norm".split(), (0, 1)),
            **dict.fromkeys("Mean Prod Max Min Median".split(), (1, 0))}  # fmt: skip
_FIRST = frozenset("Unsqueeze Transpose Squeeze Threshold Elu Hardtanh LeakyRelu Rrelu Fill Bernoulli".split())


def _number(name, tensors, n_outputs, ndim):
    """The number behind the name, or nothing."""
    if name == "Pow":
        return {0b01: 0, 0b11: 1, 0b10: 2}[tensors & 0b11]
    if name in _SECOND:
        return _SECOND[name][tensors & 0b11 == 0b11]
    if name in _THIRD:
        return _THIRD[name][tensors >> 2 & 1]
    if name in _REDUCED:
        return _REDUCED[name][n_outputs > 1 or ndim != 0]
    return 0 if name in _FIRST else ""


@cache
def _named(node_type: Any, *kind):
    todays = node_type.__name__.removesuffix("Backward0")
    name = _RENAMED.get(todays, todays)
    members = {"_shows_numbers": False, "next_functions": property(_next_functions), "__module__": "torch.autograd"}
    return type(f"{name}Backward{_number(name, *kind)}", (node_type,), members)


def named(node):
    """The node of an op as 0.3 showed it; the nodes of Functions, of leaves, and None as they are."""
    node_type: Any = type(node)
    if node_type.__name__.endswith("Backward0") and node_type.__base__ is _Node:
        node.__class__ = _named(node_type, *_core.node_arguments(node))
    return node


def _next_functions(node):
    return tuple((named(function), nr) for function, nr in _Node.next_functions.__get__(node))
