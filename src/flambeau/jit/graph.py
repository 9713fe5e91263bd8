"""The graph that tracing records: calls of ops with the values that go in and come out, as a straight line of nodes.

A `Value` is a tensor at one moment: an input, a parameter or buffer of the traced module, a constant, or the result of
a node. Arguments of nodes are Python values in which Values stand for tensors and `Dim`s for sizes that follow from the
sizes of tensors. What `Graph.__str__` shows is for reading; `code.py` makes the Python function that is run.
"""

from collections.abc import Callable, Iterator
from typing import Any

from ..func.trees import flatten

INPUT, PARAMETER, CONSTANT, RESULT = "input", "parameter", "constant", "result"


class Value:
    """One tensor of a graph.

    kind: INPUT, PARAMETER (of the module, at the dotted `path`), CONSTANT (`tensor` holds it) or RESULT (of `node`).
    shape, dtype: those of the traced run. place: (storage, offset, strides, size of the storage)
    in elements: where in memory it lay.
    fresh: of a constant: the graph changes it in place, so that each run needs a copy.
    """

    __slots__ = ("dtype", "fresh", "kind", "name", "node", "path", "place", "sample", "shape", "tensor")

    def __init__(self, kind, name, shape=(), dtype=None, path=None, tensor=None, place=None):
        self.kind, self.name, self.shape, self.dtype = kind, name, tuple(shape), dtype
        self.path, self.tensor, self.place = path, tensor, place
        self.node: Node | None = None
        self.fresh = False
        self.sample: Any = None  # for exporters: a copy of what it was in the traced run

    def __repr__(self):
        return f"%{self.name}"

    def typed(self):
        """'%x : Float(2, 3)', as graphs show it."""
        kind = self.dtype.title if self.dtype is not None else "Tensor"
        return f"%{self.name} : {kind}({', '.join(map(str, self.shape))})"


class Dim:
    """A size that follows from the inputs': `size` of a value, or arithmetic with such. `hint`: in the traced run."""

    __slots__ = ("args", "hint", "kind")

    def __init__(self, kind, args, hint):
        self.kind, self.args, self.hint = kind, args, hint

    def values(self) -> Iterator[Value]:
        """The values whose sizes are asked for."""
        for a in self.args:
            if isinstance(a, Value):
                yield a
            elif isinstance(a, Dim):
                yield from a.values()

    def show(self, name: Callable[[Value], str]) -> str:
        """The Python expression, with the text that `name` gives for each value."""
        if self.kind == "size":
            return f"{name(self.args[0])}.size({self.args[1]})"
        parts = [a.show(name) if isinstance(a, Dim) else str(a) for a in self.args]
        return f"({parts[0]} {self.kind} {parts[1]})"

    def map(self, function):
        """The same with function of each value in its place."""
        args = [a.map(function) if isinstance(a, Dim) else function(a) if isinstance(a, Value) else a
                for a in self.args]  # fmt: skip
        return Dim(self.kind, tuple(args), self.hint)

    def __repr__(self):
        return self.show(repr)


class Target:
    """What a node calls. kind: "op" (an OpFunction), "bound" (one, by the arguments of its forward), "function" (of the
    namespace `module`), "method" (of the first argument), "getitem", "setitem", or "python" (the apply of an
    autograd.Function, `callable`)."""

    __slots__ = ("callable", "kind", "module", "name")

    def __init__(self, kind, name, callable=None, module=None):
        self.kind, self.name, self.callable, self.module = kind, name, callable, module

    def __repr__(self):
        return f"{'python' if self.kind == 'python' else 'aten'}::{self.name}"


class Node:
    """One call: target, args and kwargs; the flat list `outputs` of the values of its result, of structure `tree`.

    bound: the arguments of the op's forward, which `prepare` made of args; None when prepare gave the result itself.
    inner: the calls that prepare, or a composed function, made. Exporters look at these, a run only at args.
    scope: the dotted path of the module whose forward made the call. no_grad: gradients were switched off around it.
    changes: whether it changes a tensor in place. random: whether it draws random numbers.
    before: for outputs that are a tensor seen before, which value that was. origin: the same, where it is an argument.
    """

    __slots__ = ("args", "before", "bound", "changes", "given", "inner", "kwargs", "no_grad", "origin", "outputs",
                 "random",
                 "scope", "target", "tree")  # fmt: skip

    def __init__(self, target, args, kwargs, scope=""):
        self.target, self.args, self.kwargs, self.scope = target, args, kwargs, scope
        self.bound: tuple | None = None
        self.inner: list[Node] = []
        self.outputs: list[Value] = []
        self.tree: Any = None
        self.no_grad = self.changes = self.random = False
        self.before: dict[Value, Value] = {}
        self.origin: dict[Value, Value] = {}
        self.given: dict[
            int, Value
        ] = {}  # while the call is made: id of a tensor among the arguments -> its value

    @property
    def name(self):
        """The name of what is called."""
        return self.target.name

    def used(self) -> Iterator[Value]:
        """The values that go in, also those whose sizes are asked for."""
        yield from values_in((self.args, self.kwargs))

    def __repr__(self):
        shown = [show(a, repr) for a in self.args]
        shown += [f"{k}={show(v, repr)}" for k, v in self.kwargs.items()]
        scope = f", scope: {self.scope}" if self.scope else ""
        outputs = ", ".join(v.typed() for v in self.outputs)
        return f"{outputs or '()'} = {self.target!r}({', '.join(shown)}){scope}"


class Graph:
    """Nodes in the order of the traced run. `result` is what the traced function returned, with Values for tensors;
    `arguments` the structure of its positional arguments, in the same way."""

    def __init__(self, name="forward"):
        self.name = name
        self.inputs: list[Value] = []
        self.parameters: dict[str, Value] = {}
        self.constants: list[Value] = []
        self.nodes: list[Node] = []
        self.arguments: Any = ()
        self.keywords: dict[str, Any] = {}
        self.result: Any = None
        self.argument_names: list[str] = []

    @property
    def outputs(self):
        """The values that the result consists of."""
        return [leaf for leaf in flatten(self.result)[0] if isinstance(leaf, Value)]

    def trim(self):
        """Forgets what a run does not need: inner calls, and the parameters and constants that only they use."""
        for node in self.nodes:
            node.inner, node.bound, node.before = [], None, {}
        used = {v for node in self.nodes for v in node.used()} | set(values_in(self.result))
        self.constants = [v for v in self.constants if v in used]
        self.parameters = {path: v for path, v in self.parameters.items() if v in used}

    def __str__(self):
        heads = ", ".join(v.typed() for v in [*self.inputs, *self.parameters.values()])
        lines = [f"graph({heads}):"]
        for v in self.constants:
            lines.append(f"  {v.typed()} = prim::Constant()")
        lines += [f"  {node!r}" for node in self.nodes]
        lines.append(f"  return ({', '.join(map(repr, self.outputs))})")
        return "\n".join(lines) + "\n"

    __repr__ = __str__


def values_in(item) -> Iterator[Value]:
    """The Values in nested arguments."""
    if isinstance(item, Value):
        yield item
    elif isinstance(item, Dim):
        yield from item.values()
    elif isinstance(item, (list, tuple)):
        for part in item:
            yield from values_in(part)
    elif isinstance(item, dict):
        for part in item.values():
            yield from values_in(part)
    elif isinstance(item, slice):
        yield from values_in((item.start, item.stop, item.step))


def mapped(item, function):
    """Nested arguments with function(leaf) in the place of each leaf; containers keep their class."""
    if isinstance(item, tuple):
        parts = [mapped(part, function) for part in item]
        if hasattr(item, "_fields"):
            return type(item)(*parts)
        return tuple(parts)
    if isinstance(item, list):
        return [mapped(part, function) for part in item]
    if isinstance(item, dict):
        return {key: mapped(part, function) for key, part in item.items()}
    if isinstance(item, slice):
        return slice(*[mapped(part, function) for part in (item.start, item.stop, item.step)])
    return function(item)


def show(item, name) -> str:
    """Nested arguments as Python source; name(value) is the text of a Value."""
    if isinstance(item, Value):
        return name(item)
    if isinstance(item, Dim):
        return item.show(name)
    if isinstance(item, tuple):
        parts = [show(part, name) for part in item]
        return f"({parts[0]},)" if len(parts) == 1 else f"({', '.join(parts)})"
    if isinstance(item, list):
        return f"[{', '.join(show(part, name) for part in item)}]"
    if isinstance(item, dict):
        return f"{{{', '.join(f'{key!r}: {show(part, name)}' for key, part in item.items())}}}"
    if isinstance(item, slice):
        return f"slice({', '.join(show(part, name) for part in (item.start, item.stop, item.step))})"
    if isinstance(item, float) and (item != item or item in (float("inf"), float("-inf"))):
        return f'float("{item}")'
    if item is Ellipsis:
        return "..."
    return repr(item)
