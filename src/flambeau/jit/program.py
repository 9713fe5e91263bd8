"""A recorded graph as something that is called: `Program`; and what makes a graph smaller before it runs."""

import flambeau as fb

from .code import compiled, source
from .graph import CONSTANT, Graph, Node, Value, mapped, values_in


class Program:
    """Runs a graph, with the parameters that `module` has at the time (None: the graph has none)."""

    def __init__(self, graph: Graph, module=None):
        self.graph = graph
        self._places = [(path, *place_of(module, path)) for path in graph.parameters]
        self._constants = {v.name: v.tensor for v in graph.constants}
        self._function = compiled(graph)

    def __call__(self, *args, **kwargs):
        parameters = {path: table[name] for path, table, name in self._places}
        return self._function(parameters, self._constants, *args, **kwargs)

    @property
    def code(self):
        """The Python source of what is run, with parameters by their names in the module."""
        return source(self.graph)

    def __deepcopy__(self, memo):
        raise TypeError("a Program is copied by the module or function that it belongs to")


def place_of(module, path):
    """(dictionary, key) where a module keeps the parameter or buffer at a dotted path."""
    parent, _, name = path.rpartition(".")
    owner = module.get_submodule(parent)
    return (owner._parameters if name in owner._parameters else owner._buffers), name


# ---------------------------------------------------------------------------------------------------- smaller graphs


def live_nodes(graph: Graph) -> list[Node]:
    """The nodes of whose results something comes, and those that change tensors or draw random numbers."""
    wanted = set(values_in(graph.result))
    nodes = []
    for node in reversed(graph.nodes):
        if (
            node.changes
            or node.random
            or node.target.kind == "python"
            or any(v in wanted for v in node.outputs)
        ):
            nodes.append(node)
            wanted.update(node.used())
    return nodes[::-1]


def without_dead_code(graph: Graph) -> Graph:
    """The graph without nodes of whose results nothing comes; those that change tensors or draw random numbers stay."""
    graph.nodes = live_nodes(graph)
    graph.trim()
    return graph


def with_constants(graph: Graph, module) -> Graph:
    """The graph with parameters as constants, and all that follows from constants alone computed. Parameters that it
    changes stay what they are."""
    changed = {node.origin.get(v) for node in graph.nodes if node.changes for v in node.outputs}
    replaced: dict[Value, Value] = {}
    for path, value in graph.parameters.items():
        if value in changed:
            continue
        table, name = place_of(module, path)
        replaced[value] = _constant(value, table[name].detach().clone())
    _replace(graph, replaced)
    graph.parameters = {path: v for path, v in graph.parameters.items() if v not in replaced}
    graph.constants += replaced.values()
    _fold(graph)
    return without_dead_code(graph)


def _constant(value, tensor):
    return Value(CONSTANT, value.name, value.shape, value.dtype, tensor=tensor)


def _replace(graph, replaced):
    def leaf(item):
        if isinstance(item, Value):
            return replaced.get(item, item)
        return item.map(lambda v: replaced.get(v, v)) if hasattr(item, "show") else item

    for node in graph.nodes:
        node.args, node.kwargs = mapped(node.args, leaf), mapped(node.kwargs, leaf)
        node.origin = {k: replaced.get(v, v) for k, v in node.origin.items()}
    graph.result = mapped(graph.result, leaf)


def _fold(graph):
    """Computes the nodes all of whose inputs are constants, unless what they make is changed."""
    touched = _touched(graph)
    kept: list[Node] = []
    for node in graph.nodes:
        inputs = set(node.used())
        outputs = node.outputs
        constant = all(v.kind == CONSTANT and not v.fresh for v in inputs)
        if not constant or not inputs or node.changes or node.random or node.target.kind == "python" \
                or any(v in touched for v in outputs) or len(outputs) != 1:  # fmt: skip
            kept.append(node)
            continue
        small = Graph("folded")
        small.nodes, small.result, small.constants = [node], outputs[0], list(inputs)
        with fb.no_grad():
            result = Program(small)()
        outputs[0].kind, outputs[0].tensor, outputs[0].node = CONSTANT, result, None
        graph.constants.append(outputs[0])
    graph.nodes = kept


def _touched(graph):
    """The values whose memory some node changes: those, and views of them, as far back as they are made."""
    touched: set[Value] = set()
    places = set()
    for node in graph.nodes:
        if node.changes:
            for v in (*node.outputs, *node.used()):
                places.add(v.place and v.place[0])
    for node in graph.nodes:
        touched |= {v for v in (*node.outputs, *node.used()) if v.place and v.place[0] in places}
    return touched


def has_random(graph):
    """The nodes that draw random numbers, as text."""
    return [f"{n.target!r}{f' in {n.scope}' if n.scope else ''}" for n in graph.nodes if n.random]
