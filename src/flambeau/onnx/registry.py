"""Which function writes which op as ONNX nodes.

    @op("relu")
    def relu(g, node, input):                 # the arguments of the op's forward
        return g.op("Relu", g.value(input))

    @call("lstm")
    def lstm(g, node, input, hx, *rest): ...  # those of a composed function, as it was called

A function returns the name of the output, or a tuple of names for several. NotImplemented from a `call` leaves it to
the ops that the function consists of.
"""

from typing import Any

OPS: dict[str, Any] = {}
CALLS: dict[str, Any] = {}
CUSTOM: dict[str, Any] = {}  # what register_custom_op_symbolic was given


def op(*names):
    """Registers a function for ops of these names, and for their in-place forms."""

    def register(function):
        for name in names:
            OPS[name] = function
        return function

    return register


def call(*names):
    """Registers a function for composed functions, factories and indexing."""

    def register(function):
        for name in names:
            CALLS[name] = function
        return function

    return register


def load():
    """Imports all of them."""
    from .operators import index, layers, matrix, pointwise, reduce, rnn, shape  # noqa: F401
