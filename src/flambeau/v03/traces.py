"""What tools of 0.3 saw of a trace: its graph, with nodes, values and types.

    trace, out = torch.jit.trace(model, args)
    torch.onnx._optimize_trace(trace)                   # from here on the nodes are ONNX's
    for node in trace.graph().nodes():
        node.kind(), node.scopeName(), [v.uniqueName() for v in node.inputs()], node["kernel_shape"]

Inputs of a graph are those of the model, then its parameters and buffers in the order of its state_dict.
"""

import inspect

import numpy as np

from ..jit.graph import CONSTANT, values_in
from ..jit.program import live_nodes
from ..onnx import registry
from ..onnx.builder import Builder
from ..onnx.walk import Walk
from ..tensor import Tensor
from .faces import plain

# What older versions of ONNX had as attributes where later ones have inputs.
_ATTRIBUTES = {"Clip": ("min", "max"), "Expand": ("shape",), "Pad": ("pads", "value"), "Reshape": ("shape",),
               "Resize": ("roi", "scales", "sizes"), "Slice": ("starts", "ends", "axes", "steps"),
               "Tile": ("repeats",), "TopK": ("k",)}  # fmt: skip
_OPSET = 11


class Type:
    """The type of a value. shape, dtype: None when they are not known."""

    def __init__(self, shape=None, dtype=None):
        self.shape, self.dtype = shape, dtype

    def kind(self):
        """'TensorType'; 'DynamicType' when shape and element type are not known."""
        return "DynamicType" if self.dtype is None else "TensorType"

    def sizes(self):
        """The sizes, a list."""
        return [int(n) for n in self.shape]

    def scalarType(self):
        """'Float', 'Long', ..."""
        return self.dtype.title

    def __repr__(self):
        return "Dynamic" if self.dtype is None else f"{self.dtype.title}({', '.join(map(str, self.sizes()))})"


class Value:
    """A tensor of a graph: number `unique()`, of the node `node()`."""

    def __init__(self, number, type, node):
        self._number, self._type, self._node = number, type, node

    def unique(self):
        """The number."""
        return self._number

    def uniqueName(self):
        """The number as a string."""
        return str(self._number)

    def type(self):
        """The Type."""
        return self._type

    def node(self):
        """The node that makes it; of inputs of the graph one of the kind 'Param'."""
        return self._node

    def __repr__(self):
        return f"%{self._number} : {self._type!r}"


class Node:
    """A call in a graph: what is called, attributes, values that go in and that come out."""

    def __init__(self, kind, inputs=(), attributes=None, scope=""):
        self._kind, self._inputs, self._scope = kind, list(inputs), scope
        self._attributes = {} if attributes is None else attributes
        self._outputs: list[Value] = []

    def kind(self):
        """The name of what is called: 'Conv'."""
        return self._kind

    def inputs(self):
        """Iterator of the values that go in."""
        return iter(self._inputs)

    def outputs(self):
        """Iterator of the values that come out."""
        return iter(self._outputs)

    def output(self):
        """The only value that comes out."""
        (value,) = self._outputs
        return value

    def scopeName(self):
        """The module whose forward made the call: 'Net/Conv2d[conv1]'."""
        return self._scope

    def hasAttributes(self):
        """Whether there are attributes."""
        return bool(self._attributes)

    def hasAttribute(self, name):
        """Whether there is an attribute of that name."""
        return name in self._attributes

    def attributeNames(self):
        """The names of the attributes, a list."""
        return list(self._attributes)

    def kindOf(self, name):
        """What an attribute is: 'i' an int, 'f' a float, 's' a str, 't' a tensor, 'is', 'fs', 'ss' lists of such."""
        value = self[name]
        several = isinstance(value, list)
        item = (value[0] if value else 0) if several else value
        kinds = {int: "i", float: "f", str: "s"}
        return kinds.get(type(item), "t") + ("s" if several else "")

    def __getitem__(self, name):
        if name not in self._attributes:
            raise IndexError(f"the node {self._kind} has no attribute '{name}', only {self.attributeNames()}")
        return self._attributes[name]

    def __repr__(self):
        shown = ", ".join(
            f"{name}={'<Tensor>' if isinstance(v, Tensor) else v}" for name, v in self._attributes.items()
        )
        outputs = ", ".join(map(repr, self._outputs))
        inputs = ", ".join(f"%{v.uniqueName()}" for v in self._inputs)
        scope = f", scope: {self._scope}" if self._scope else ""
        return f"{outputs} = {self._kind}{f'[{shown}]' if shown else ''}({inputs}){scope}"


class Graph:
    """The nodes of a trace in their order. Numbers of values begin at 1."""

    def __init__(self):
        self._param = Node("Param")
        self._nodes: list[Node] = []
        self._outputs: list[Value] = []
        self._count = 0

    def inputs(self):
        """Iterator of the values that the model gets, and of its parameters and buffers."""
        return self._param.outputs()

    def nodes(self):
        """Iterator of the nodes."""
        return iter(self._nodes)

    def outputs(self):
        """Iterator of the values that the model returns."""
        return iter(self._outputs)

    def add(self, node, types):
        """Adds a node, or more inputs; its new values, of the given types."""
        if node is not self._param:
            self._nodes.append(node)
        made = [Value(self._count + i + 1, type, node) for i, type in enumerate(types)]
        self._count += len(made)
        node._outputs += made
        return made

    def __str__(self):
        heads = "\n      ".join(map(repr, self.inputs()))
        lines = "".join(f"  {node!r}\n" for node in self._nodes)
        return f"graph({heads}) {{\n{lines}  return ({', '.join(f'%{v.uniqueName()}' for v in self._outputs)})\n}}\n"

    __repr__ = __str__


class Trace:
    """What a function did with tensors: `graph()`; printed, the same. module: whose parameters it used, or None."""

    def __init__(self, recorded, module=None):
        self._recorded = recorded
        self._scopes = {} if module is None else _scopes(module)
        self._parameters = {} if module is None else {
            path: Type(tuple(t.size()), t.dtype) for path, t in module.state_dict(keep_vars=True).items()
        }  # fmt: skip
        self._graph = _as_recorded(self)

    def graph(self):
        """The graph."""
        return self._graph

    def __str__(self):
        return str(self._graph)

    __repr__ = __str__

    def _begin(self):
        """A new graph with its inputs; the values of the recorded graph's inputs, and those of parameters by path."""
        graph, recorded = Graph(), self._recorded
        inputs = graph.add(graph._param, map(_type, recorded.inputs))
        types = {**self._parameters, **{path: _type(v) for path, v in recorded.parameters.items()}}
        parameters = dict(zip(types, graph.add(graph._param, types.values()), strict=True))
        return graph, dict(zip(recorded.inputs, inputs, strict=True)), parameters

    def _scope(self, path):
        return self._scopes.get(path, "")


def _type(value):
    return Type(value.shape, value.dtype)


def _scopes(module):
    """path of each module -> the classes and names on the way to it: 'Net/Sequential[features]/Conv2d[0]'."""
    found = {"": type(module).__name__}
    for path, inner in module.named_modules():
        if path:
            parent, _, name = path.rpartition(".")
            found[path] = f"{found[parent]}/{type(inner).__name__}[{name}]"
    return found


def _as_recorded(trace):
    """The graph of the calls that were made."""
    recorded = trace._recorded
    graph, values, parameters = trace._begin()
    values.update((v, parameters[path]) for path, v in recorded.parameters.items())

    def value(v):
        if v not in values:
            (values[v],) = graph.add(Node("Constant", attributes={"value": _attribute(v.tensor)}), [_type(v)])
        return values[v]

    for call in live_nodes(recorded):
        inputs = [value(v) for v in _values(call)]
        node = Node(call.name.strip("_"), inputs, _arguments(call), trace._scope(call.scope))
        results = [v for v in call.outputs if v.kind != CONSTANT]
        values.update(zip(results, graph.add(node, map(_type, results)), strict=True))
    graph._outputs = [value(v) for v in recorded.outputs]
    return graph


def _values(call):
    """The tensors among the arguments of a call; those of which only sizes are asked are none."""
    return [v for a in (*call.args, *call.kwargs.values()) if not _is_number(a) for v in values_in(a)]


def _is_number(argument):
    parts = argument if isinstance(argument, (list, tuple)) else [argument]
    return all(isinstance(part, (bool, int, float, str)) or hasattr(part, "hint") for part in parts)


def _arguments(call):
    """The arguments of a call that are numbers, by their names."""
    try:
        names = list(inspect.signature(call.target.callable).parameters)
    except (TypeError, ValueError):
        names = []
    names += [f"argument_{i}" for i in range(len(names), len(call.args))]
    given = {**dict(zip(names, call.args, strict=False)), **call.kwargs}
    return {name: _attribute(a) for name, a in given.items() if a != () and _is_number(a)}


def _attribute(item):
    """A number, a list of numbers, or a tensor."""
    if isinstance(item, (list, tuple)):
        return [_attribute(part) for part in item]
    if isinstance(item, Tensor):
        return plain(item)
    if isinstance(item, np.ndarray):
        from .namespace import from_numpy

        return from_numpy(np.array(item))
    item = getattr(item, "hint", item)
    return int(item) if isinstance(item, (bool, np.integer)) else item


def optimize(trace):
    """Puts ONNX's operations in the place of the recorded calls of a trace. UnsupportedOperatorError where one has no
    counterpart."""
    registry.load()
    builder, recorded = Builder(_OPSET), trace._recorded
    names = [f"/input_{i}" for i in range(len(recorded.inputs))]
    results = Walk(recorded, builder).run(names)
    builder.prune(results)
    types = {name: _type(v) for v, (name, _) in builder.names.items()}
    graph, inputs, parameters = trace._begin()
    values = dict(zip(names, inputs.values(), strict=True))
    values.update((name, parameters[path]) for name, path in builder.parameters.items())

    def value(name, scope=""):
        if name not in values:
            array = builder.initializers[name]
            node = Node("Constant", attributes={"value": _attribute(array)}, scope=scope)
            (values[name],) = graph.add(node, [types.get(name, Type())])
        return values[name]

    for kind, given, made, label, attributes, _ in builder.nodes:
        path = label.strip("/").rpartition("/")[0]  # Builder.fresh puts that of the module before the name
        scope = trace._scope(path.replace("/", "."))
        given, more = _older(kind, given, builder)
        attributes = {name: _attribute(a) for name, a in {**attributes, **more}.items()}
        node = Node(kind, [value(name, scope) for name in given if name], attributes, scope)
        values.update(zip(made, graph.add(node, [types.get(name, Type()) for name in made]), strict=True))
    graph._outputs = [value(name) for name in results]
    trace._graph = graph


def _older(kind, given, builder):
    """The inputs of an ONNX node, and those that are known numbers as attributes, where earlier versions had such."""
    names = _ATTRIBUTES.get(kind, ())
    known = [builder.initializers.get(name) for name in given[1:]]
    if not names or any(name and array is None for name, array in zip(given[1:], known, strict=True)):
        return given, {}
    numbers = zip(names, known, strict=False)
    return given[:1], {name: a.tolist() for name, a in numbers if a is not None and a.size}
