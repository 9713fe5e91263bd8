"""`draw`: walks the graph behind tensors and notes what is to be shown of it, as plain data."""

import math
from collections import deque
from collections.abc import Mapping
from typing import Any

import numpy as np

from ... import _core
from ...dtype import ALL, from_numpy_dtype
from ...layout import strided
from ...nn import Parameter
from ...ops.op import Pointwise
from .graph import Edge, Graph, Node, Saved, TensorType


def draw(tensors, params=None, *, max_nodes=2000, show_saved=False, show_attrs=False, max_attr_chars=50):
    """draw(tensors, params=None, *, max_nodes=2000, show_saved=False, show_attrs=False, max_attr_chars=50) -> Graph

    The autograd graph behind a tensor, a sequence of tensors or a dict of named ones.

    params: a Module, or a dict of named tensors (`dict(model.named_parameters())`), which names the leaves.
    max_nodes: of a larger graph, the operations and leaves nearest to the outputs; one box stands for the others.
    show_saved: also draws the tensors that are kept for backward. show_attrs: also what the operations note of
    their arguments, each cut after max_attr_chars characters.

    The Graph is plain data. It may be made after `backward`, which frees what the operations kept: they say so.
    TypeError when tensors or params are something else, ValueError when max_nodes is not positive.
    """
    roots = _roots(tensors)
    if max_nodes < 1:
        raise ValueError(f"draw: max_nodes must be positive, got {max_nodes}")
    reader = _Reader(_names(params), max_attr_chars if show_attrs else 0)
    reader.walk(roots, max_nodes)
    return reader.graph(roots, max_nodes, show_saved)


def make_dot(var, params=None, show_attrs=False, show_saved=False, max_attr_chars=50):
    """make_dot(var, params=None, show_attrs=False, show_saved=False, max_attr_chars=50)

    `draw` under the name and with the arguments of the torchviz package: a `graphviz.Digraph` where the Python package
    graphviz is installed, else a Graph.
    """
    from .dot import digraph

    graph = draw(var, params, show_saved=show_saved, show_attrs=show_attrs, max_attr_chars=max_attr_chars)
    made = digraph(graph)
    return graph if made is None else made


def _roots(tensors) -> list[tuple[str, Any]]:
    """The named tensors to start from."""
    if isinstance(tensors, _core.TensorBase):
        return [("output", tensors)]
    if isinstance(tensors, Mapping):
        roots = [(str(name), t) for name, t in tensors.items()]
    elif isinstance(tensors, (list, tuple)):
        roots = [(f"output {i}", t) for i, t in enumerate(tensors)]
    else:
        raise TypeError(
            f"draw: expected a Tensor, or a sequence or dict of them, got {type(tensors).__name__}"
        )
    for name, t in roots:
        if not isinstance(t, _core.TensorBase):
            raise TypeError(f"draw: {name} must be a Tensor, got {type(t).__name__}")
    if not roots:
        raise ValueError("draw: there is no tensor to start from")
    return roots


def _names(params) -> list[tuple[str, Any]]:
    if params is None:
        return []
    if hasattr(params, "named_parameters"):
        return [*params.named_parameters(), *params.named_buffers()]
    if not isinstance(params, Mapping):
        raise TypeError(
            f"draw: params must be a Module or a dict of named tensors, got {type(params).__name__}"
        )
    for name, t in params.items():
        if not isinstance(t, _core.TensorBase):
            raise TypeError(f"draw: params[{name!r}] must be a Tensor, got {type(t).__name__}")
    return [(str(name), t) for name, t in params.items()]


# The kind of an operation follows from the module that is its home, unless it is pointwise or a view.
FAMILIES = {
    "reduction": "distance loss loss_ctc reduce scan segment softmax stats",
    "matrix": "decomposition einsum fft ldl linalg lowrank matrix matrix_functions signal solve",
    "network": "conv embedding grid norm patches pool resample rnn",
    "random": "dropout random random_distributions random_fill",
    "pointwise": "activation bessel compare complex elementary pointwise special",
    "shape": "convert create index inplace join memory pad part select shape sort sparse",
}
_DTYPES = {t.numpy for t in ALL}
REDUCTIONS = {"kthvalue", "max", "median", "min", "mode", "nanmedian"}  # at home in sort.py
_FAMILY_OF_MODULE = {module: kind for kind, modules in FAMILIES.items() for module in modules.split()}


def kind_of(node):
    """kind_of(grad_fn) -> str: the kind of an operation, one of `style.KINDS`."""
    if isinstance(node, _core.CopySlices):
        return "inplace"
    op = getattr(type(node), "op_class", None)
    if op is None:
        return "function"
    if _is_view(op):
        return "shape"
    if issubclass(op, Pointwise):
        return "pointwise"
    if op.name in REDUCTIONS:
        return "reduction"
    return _FAMILY_OF_MODULE.get(op.__module__.rpartition(".")[2], "other")


def _is_view(op):
    return op.function is not None and op.function.view


def _name(node):
    """What name() gives, also where a user's Function has set an attribute of that name."""
    return type(node).__name__


def _title(node):
    """`MulBackward0` is shown as Mul."""
    name = _name(node)
    return name.removesuffix("0").removesuffix("Backward") or name


def _is_leaf(node):
    return isinstance(node, _core.AccumulateGrad)


def _raw(value) -> Any:
    """The array of a tensor or an array; None for anything else, which is not counted as memory."""
    if isinstance(value, _core.TensorBase):
        return _core.array_of(value if value.layout is strided else value._value)
    is_array = hasattr(value, "nbytes") and hasattr(value, "strides") and not isinstance(value, np.generic)
    return value if is_array else None


def _type(array):
    dtype = array.dtype
    name = from_numpy_dtype(dtype).name if dtype in _DTYPES else str(dtype)
    return TensorType(tuple(array.shape), name, array.nbytes)


def _of_tensor(tensor):
    return _type(_raw(tensor))._replace(shape=tuple(tensor.shape))  # a sparse tensor's array has its values


def _owner(array: Any) -> Any:
    """The array that stands for the memory."""
    while type(array.base) is type(array):
        array = array.base
    return array


def _flat(values):
    """The values, and those in lists and tuples."""
    for v in values:
        if isinstance(v, (list, tuple)):
            yield from v
        else:
            yield v


class _Reader:
    """One walk over a graph. It holds nodes and tensors while it lasts; the Graph that it makes does not."""

    def __init__(self, names, attr_chars):
        self.attr_chars = attr_chars
        self.leaf_names: dict[int, str] = {}
        self.result_names: dict[tuple[int, int], list[str]] = {}  # of tensors that were computed
        self.named_leaves = [tensor for _, tensor in names if tensor.grad_fn is None]
        for name, tensor in names:
            if tensor.grad_fn is not None:
                self.result_names.setdefault((id(tensor.grad_fn), tensor.output_nr), []).append(name)
            elif id(tensor) in self.leaf_names:
                self.leaf_names[id(tensor)] += f" = {name}"
            else:
                self.leaf_names[id(tensor)] = name
        self.nodes: dict[int, Any] = {}  # id -> node, from the outputs on; at most max_nodes of them
        self.inputs: dict[int, list] = {}  # id -> [(id of a node, output number)]
        self.size = 0
        self.leaf_memory: set[int] = set()
        self.memory: dict[int, int] = {}  # id of the owner of memory -> bytes, of what is kept for backward

    def walk(self, roots, max_nodes):
        """Breadth first, so that a part of the graph is the part nearest to the outputs."""
        seen: dict[int, Any] = {}
        waiting: deque = deque()

        def reach(node):
            if id(node) not in seen:
                seen[id(node)] = node
                waiting.append(node)

        for _, tensor in roots:
            if (node := _node_of(tensor)) is not None:
                reach(node)
        while waiting:
            node = waiting.popleft()
            targets = [(n, nr) for n, nr in node.next_functions if n is not None]
            for target, _ in targets:
                reach(target)
            if len(self.nodes) < max_nodes:
                self.nodes[id(node)] = node
                self.inputs[id(node)] = [(id(n), nr) for n, nr in targets]
        self.size = len(seen)
        leaves = [n.variable for n in self.nodes.values() if _is_leaf(n)]
        for array in map(_raw, leaves + self.named_leaves):
            self.leaf_memory.add(id(_owner(array)))

    def graph(self, roots, max_nodes, show_saved):
        """What was found, as plain data."""
        position = {key: i for i, key in enumerate(self.nodes)}
        nodes = [self.leaf(n) if _is_leaf(n) else self.operation(n) for n in self.nodes.values()]
        edges = [
            Edge(position[source], position[key], nr)
            for key, inputs in self.inputs.items()
            for source, nr in inputs
            if source in position
        ]
        left_out, more = self.size - len(nodes), len(nodes)
        if left_out:
            cut = [p for key, p in position.items() if any(s not in position for s, _ in self.inputs[key])]
            edges += [Edge(more, p) for p in cut]
            nodes.append(Node("more", f"{left_out:,} more nodes", notes=(f"beyond max_nodes={max_nodes:,}",)))
        if show_saved:
            self.add_saved(nodes, edges)
        for name, tensor in roots:
            if (node := _node_of(tensor)) is not None:
                source = position.get(id(node), more)
                edges.append(Edge(source, len(nodes), tensor.output_nr if source != more else 0))
            nodes.append(_output(name, tensor))
        return Graph(tuple(nodes), tuple(edges), self.size, left_out, sum(self.memory.values()))

    def leaf(self, accumulator):
        tensor = accumulator.variable
        kind = "parameter" if isinstance(tensor, Parameter) else "input"
        name = self.leaf_names.get(id(tensor), "")
        return Node(kind, name or kind, name or _name(accumulator), (_of_tensor(tensor),))

    def operation(self, node):
        notes = []
        if isinstance(node, _core.CopySlices):
            notes.append(f"{_title(node.part)} in place on a view {tuple(node.view_shape)}")
        op = getattr(type(node), "op_class", None)
        if op is not None and _is_view(op):
            notes.append("view")
        outputs = tuple(t and _sized(*t) for t in _core.output_types(node))
        for nr in range(len(outputs)):
            for name in self.result_names.get((id(node), nr), ()):
                notes.append(f"= {name}" if len(outputs) == 1 else f"output {nr} = {name}")
        notes += self.attributes(node)
        saved, freed = self.saved(node)
        nbytes = sum(s.type.nbytes for s in saved if not s.is_leaf)
        return Node(kind_of(node), _title(node), _name(node), outputs, tuple(notes), saved, nbytes, freed)

    def attributes(self, node):
        """What forward noted on the node that is no tensor."""
        if not self.attr_chars:
            return []
        values = getattr(node, "__dict__", {}).items()
        texts = [f"{name} = {v!r}" for name, v in values if all(_raw(item) is None for item in _flat([v]))]
        return [t if len(t) <= self.attr_chars else t[: self.attr_chars] + "..." for t in texts]

    def saved(self, node):
        saved = []
        for array, tensor, is_output in _kept(node):
            owner = _owner(array)
            is_leaf = id(owner) in self.leaf_memory
            if not is_leaf:
                self.memory[id(owner)] = owner.nbytes
            saved.append(Saved(_type(array), self.leaf_names.get(id(tensor), ""), is_leaf, is_output))
        return tuple(saved), _core.kept_values(_keeper(node)) is None

    def add_saved(self, nodes, edges):
        """Boxes of what is kept: above the operations that read it, below the one that made it."""
        boxes: dict[tuple[int, bool], int] = {}
        for p, node in enumerate(self.nodes.values()):
            if _is_leaf(node):
                continue
            for (array, _, _), saved in zip(_kept(node), nodes[p].saved, strict=True):
                if saved.is_leaf:
                    continue
                key = id(array), saved.is_output
                if key not in boxes:
                    boxes[key] = len(nodes)
                    title = saved.name or ("saved output" if saved.is_output else "saved")
                    nodes.append(Node("saved", title, outputs=(saved.type,)))
                edges.append(Edge(p, boxes[key]) if saved.is_output else Edge(boxes[key], p))


def _node_of(tensor):
    """Where the gradient of tensor goes; None when it requires none."""
    node = tensor.grad_fn
    return _core.gradient_node(tensor) if node is None else node


def _keeper(node):
    """The node that keeps what backward needs: for a change of a view that of the op that made it."""
    return node.part if isinstance(node, _core.CopySlices) else node


def _kept(node):
    """Each array that the node keeps, once: (array, the tensor or None, whether it is an output)."""
    node = _keeper(node)
    attributes = _flat(getattr(node, "__dict__", {}).values())
    found: dict[int, tuple] = {}
    for value, is_output in (*(_core.kept_values(node) or ()), *((v, False) for v in attributes)):
        array = _raw(value)
        if array is not None:
            found.setdefault(id(array), (array, value if value is not array else None, is_output))
    return list(found.values())


def _sized(shape, dtype):
    return TensorType(tuple(shape), dtype.name, math.prod(shape) * dtype.itemsize)


def _output(name, tensor):
    notes = []
    if not tensor.requires_grad:
        notes.append("requires no gradient")
    if tensor._is_view():
        notes.append("view")
    return Node("output", name, outputs=(_of_tensor(tensor),), notes=tuple(notes))
