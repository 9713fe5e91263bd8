"""Walking a recorded graph and writing each of its nodes as ONNX nodes."""

from ..jit.graph import CONSTANT, PARAMETER, Dim, Graph, Node, Value
from ..tensor import Tensor
from . import registry
from .builder import Builder
from .custom import Context
from .errors import UnsupportedOperatorError
from .operators.shape import moved


class Walk:
    """Fills a builder. fold: whether what follows from parameters alone is computed here."""

    def __init__(self, graph: Graph, builder: Builder, fold=True):
        self.graph, self.g, self.fold = graph, builder, fold
        self.known_at: dict[Value, int] = {}  # constant values -> the version of their storage then

    def run(self, input_names):
        """The names of the results."""
        g = self.g
        for value, name in zip(self.graph.inputs, input_names, strict=True):
            g.define(value, name)
        for node in self.graph.nodes:
            self.visit(node)
        g.scope = ""
        return [g.value(self.seen(v)) for v in self.graph.outputs]

    # ------------------------------------------------------------------ values that need no inputs

    def seen(self, value):
        """A value that is about to be used: parameters and constants get their names."""
        g = self.g
        value = g.find(value)
        if value in g.names:
            return value
        if value.kind == PARAMETER:
            name = g.tensor_constant(value.sample, value.path)
            g.parameters[name] = value.path
            g.define(value, name)
            if self.fold:
                self._know(value, value.sample)
        elif value.kind == CONSTANT and isinstance(value.tensor, Tensor):
            g.define(value, g.tensor_constant(value.tensor))
            self._know(value, value.tensor)
        return value

    def _know(self, value, tensor):
        self.g.constant[value] = tensor
        storage = self.g.storage(value)
        self.known_at[value] = 0 if storage is None else storage.version

    def is_constant(self, value):
        """Whether a value, as it is now, follows from parameters and constants."""
        value = self.seen(value)
        if value not in self.known_at:
            return False
        storage = self.g.storage(value)
        return storage is None or storage.version == self.known_at[value]

    def _is_foldable(self, node):
        if node.random or node.target.kind == "python":
            return False
        return all(self.is_constant(v) for v in self._inputs(node))

    def _inputs(self, node):
        """The values that the result of a node depends on; where only a size of one is asked, when that may vary."""
        if node.name in _SHAPE_ONLY and not self.g.dynamic:
            return []
        return _direct(node.args, self.g.dynamic) + _direct(node.kwargs, self.g.dynamic)

    # ------------------------------------------------------------------ nodes

    def visit(self, node: Node):
        """Writes a node."""
        g = self.g
        g.scope = node.scope
        for value in node.used():
            self.seen(value)
        if any(v.dtype.is_complex for v in _tensors(node.outputs)):
            raise self.unsupported(node)
        if self._is_foldable(node):
            for value in _tensors(node.outputs):
                g.define(value, g.tensor_constant(value.sample), node.changes)
                self._know(value, value.sample)
            return
        names = self.convert(node)
        if names is NotImplemented:
            self.inline(node)
            return
        names = (names,) if isinstance(names, str) else tuple(names)
        for value, name in zip(_tensors(node.outputs), names, strict=True):
            g.define(value, name, node.changes)

    def convert(self, node: Node):
        """The names of the results; NotImplemented where the inner calls say what a node does."""
        g, target = self.g, node.target
        if target.kind == "python":
            symbolic = getattr(target.callable, "symbolic", None)
            return NotImplemented if symbolic is None else Context(g, node).call(symbolic, node.args)
        if target.kind in ("op", "bound"):
            custom = registry.CUSTOM.get(target.name.strip("_"))
            if custom is not None and node.bound is not None:
                return Context(g, node).call(custom, node.bound)
            found = registry.OPS.get(target.name) or registry.OPS.get(target.name.rstrip("_"))
            if node.bound is None:
                return NotImplemented
            self.visit_inner(node)
            g.scope = node.scope
            names = NotImplemented if found is None else found(g, node, *map(self._present, node.bound))
            if names is NotImplemented and len(_tensors(node.outputs)) == 1 and not node.changes:
                names = moved(g, node, *node.bound)
            if names is NotImplemented:
                raise self.unsupported(node)
            return names
        found = registry.CALLS.get(target.name) or registry.CALLS.get(target.name.rstrip("_"))
        if found is None:
            return NotImplemented
        return found(g, node, *map(self._present, node.args), **node.kwargs)

    def visit_inner(self, node: Node):
        """Writes the calls inside a node."""
        self.g.inner += 1
        for inner in node.inner:
            self.visit(inner)
        self.g.inner -= 1

    def _present(self, item):
        return self.seen(item) if isinstance(item, Value) and item.kind in (PARAMETER, CONSTANT) else item

    def inline(self, node: Node):
        """Writes the calls that a node consists of."""
        g = self.g
        self.visit_inner(node)
        for value in _tensors(node.outputs):
            if value not in node.before:
                raise self.unsupported(node)
            g.same[value] = node.before[value]

    def unsupported(self, node):
        """The error for an op without a counterpart."""
        where = f"at {node.scope}" if node.scope else "in the model's own forward"
        sizes = " for sizes that vary" if self.g.dynamic else ""
        return UnsupportedOperatorError(
            f"onnx.export: {node.name.strip('_')} {where} has no counterpart in ONNX opset {self.g.opset}{sizes} that "
            "this library knows; write the model without it, or register one with register_custom_op_symbolic"
        )


_SHAPE_ONLY = {
    "zeros_like",
    "ones_like",
    "empty_like",
    "full_like",
    "new_zeros",
    "new_ones",
    "new_empty",
    "new_full",
}


def _tensors(outputs):
    """The outputs that are tensors."""
    return [v for v in outputs if v.kind != CONSTANT]


def _direct(item, with_sizes):
    """The values among arguments; with_sizes: also those whose sizes are asked for."""
    if isinstance(item, Value):
        return [item]
    if isinstance(item, Dim):
        return list(item.values()) if with_sizes else []
    if isinstance(item, (list, tuple)):
        return [v for part in item for v in _direct(part, with_sizes)]
    if isinstance(item, dict):
        return _direct(list(item.values()), with_sizes)
    if isinstance(item, slice):
        return _direct([item.start, item.stop, item.step], with_sizes)
    return []
