"""The Python function that a graph means: its source, for reading and for running.

The text that `ScriptModule.code` shows is what runs, but for two things: a running graph takes its parameters from one
dictionary, and forgets each tensor after its last use.
"""

from typing import Any

import flambeau as fb

from ..tensor import Tensor
from .graph import CONSTANT, PARAMETER, RESULT, Dim, Graph, Node, Value, mapped, show, values_in

_LITERAL = (Value, Dim, int, float, complex, str, bytes, type(None), type(Ellipsis))


_NAMESPACES = {"flambeau": "torch", "flambeau.v03": "torch", "flambeau.nn.functional": "torch.nn.functional"}


def source(graph: Graph, runs=False) -> str:
    """The source of the function. runs: the form that is compiled, with what it needs under short names."""
    return _Writer(graph, runs).text()


class _Writer:
    def __init__(self, graph, runs):
        self.graph, self.runs = graph, runs
        self.lines: list[str] = []
        self.objects: list = []  # arguments that are no numbers, strings, ...: a running graph takes them from a list
        self.no_grad = False

    def name(self, value):
        """The text of a value."""
        if value.kind == PARAMETER:
            return f"_p[{value.path!r}]" if self.runs else attribute(value.path)
        if value.kind == CONSTANT:
            if not isinstance(value.tensor, Tensor):
                return repr(value.tensor)
            if value.fresh:
                return value.name
            return f"_c[{value.name!r}]" if self.runs else f"CONSTANTS.{value.name}"
        return value.name

    def show(self, item):
        return show(mapped(item, self._leaf), self.name)

    def _leaf(self, leaf):
        """Constants that repr does not show as source, as something that it does."""
        text = _constant(leaf)
        if text is None and self.runs and not isinstance(leaf, _LITERAL):
            self.objects.append(leaf)
            text = f"_o[{len(self.objects) - 1}]"
        return leaf if text is None else _Text(text)

    def text(self):
        graph = self.graph
        self._arguments()
        for value in graph.constants:
            if value.fresh:
                home = f"_c[{value.name!r}]" if self.runs else f"CONSTANTS.{value.name}"
                self.line(f"{value.name} = {home}.clone()")
        last = _last_uses(graph) if self.runs else {}
        for at, node in enumerate(graph.nodes):
            self.node(node, last.get(at, ()))
        self.no_grad = False
        self.line(f"return {self.show(graph.result)}")
        return "\n".join(self.lines) + "\n"

    def line(self, text):
        self.lines.append(f"    {'    ' if self.no_grad else ''}{text}")

    def _arguments(self):
        graph = self.graph
        names = [*graph.argument_names, *graph.keywords]
        first = "_p, _c" if self.runs else "self"
        self.lines.append(f"def {graph.name}({', '.join([first, *names])}):")
        given = zip(names, [*graph.arguments, *graph.keywords.values()], strict=True)
        taken = [
            (value.name, path)
            for name, item in given
            for value, path in _paths(item, name)
            if value.name != path
        ]
        if taken:  # at once: a value may have the name of another argument
            self.line(f"{', '.join(n for n, _ in taken)} = {', '.join(p for _, p in taken)}")

    def node(self, node, last):
        if node.no_grad and not self.no_grad:
            self.no_grad = False
            self.line("with torch.no_grad():")
        self.no_grad = node.no_grad
        call = self._call(node)
        if node.target.kind == "setitem":
            self.line(call)
            self.line(f"{node.outputs[0].name} = {self.show(node.args[0])}")
        else:
            names = iter(node.outputs)
            pattern = _pattern(node.tree, names)
            self.line(f"{pattern} = {call}" if node.outputs else call)
            for value in names:  # changed in place, and not part of the result
                self.line(f"{value.name} = {self.name(node.origin[value])}")
        if last:
            self.line(f"del {', '.join(v.name for v in last)}")

    def _call(self, node: Node) -> str:
        kind, name = node.target.kind, node.target.name
        args = [self.show(a) for a in node.args]
        if kind == "getitem":
            return f"{args[0]}[{self._key(node.args[1])}]"
        if kind == "setitem":
            return f"{args[0]}[{self._key(node.args[1])}] = {args[2]}"
        given = ", ".join([*args, *(f"{k}={self.show(v)}" for k, v in node.kwargs.items())])
        if kind == "op":
            return f"{f'_ops[{name!r}]' if self.runs else _public(name)}({given})"
        if kind == "bound":
            return f"_run(_ops[{name!r}], {given})" if self.runs else f"{_public(name)}.forward({given})"
        if kind == "method":
            rest = ", ".join([*args[1:], *(f"{k}={self.show(v)}" for k, v in node.kwargs.items())])
            return f"{args[0]}.{name}({rest})"
        if kind == "python":
            return f"_python[{name!r}].apply({given})" if self.runs else f"{name}.apply({given})"
        older = self.runs and node.target.module == "flambeau.v03"
        return f"{'_v03' if older else _NAMESPACES[node.target.module]}.{name}({given})"

    def _key(self, key):
        parts = key if isinstance(key, tuple) else (key,)
        return ", ".join(self._slice(k) for k in parts) if parts else "()"

    def _slice(self, k):
        if not isinstance(k, slice):
            return self.show(k)
        ends = ["" if v is None else self.show(v) for v in (k.start, k.stop, k.step)]
        return f"{ends[0]}:{ends[1]}" + (f":{ends[2]}" if ends[2] else "")


class _Text:
    """Source as the value of repr."""

    def __init__(self, text):
        self.text = text

    def __repr__(self):
        return self.text


def _constant(leaf):
    """The source of a dtype, device, ...; None for what repr shows."""
    if isinstance(leaf, fb.dtype):
        return f"torch.{leaf.name}"
    if isinstance(leaf, fb.device):
        return f"torch.device({str(leaf)!r})"
    if isinstance(leaf, (fb.layout, fb.memory_format)):
        return f"torch.{leaf!r}".replace("torch.torch.", "torch.")
    return None


def _public(name):
    return f"ops.{name}" if name.startswith("_") else f"torch.{name}"


def attribute(path):
    """The source of a parameter: 'features.0.weight' is self.features[0].weight."""
    text = "self"
    for part in path.split("."):
        text += f".{part}" if part.isidentifier() else f"[{part}]" if part.isdigit() else f"[{part!r}]"
    return text


def _paths(item, path):
    """(value, source that takes it out of the arguments) of the inputs in an argument."""
    if isinstance(item, Value):
        yield item, path
    elif isinstance(item, dict):
        for key, part in item.items():
            yield from _paths(part, f"{path}[{key!r}]")
    elif isinstance(item, (list, tuple)):
        for i, part in enumerate(item):
            yield from _paths(part, f"{path}[{i}]")


def _pattern(tree, names):
    """What the result of a call is assigned to."""
    if tree is None or tree.kind is None:
        return next(names).name
    parts = [_pattern(child, names) for child in tree.children]
    return f"({', '.join(parts)}{',' if len(parts) == 1 else ''})"


def _last_uses(graph) -> dict[int, list[Value]]:
    """After which nodes which values are not needed any more."""
    kept = set(values_in(graph.result))
    last: dict[Value, int] = {}
    for at, node in enumerate(graph.nodes):
        for value in (*node.outputs, *node.used(), *node.origin.values()):
            if value.kind == RESULT or (value.kind == "input" and value.name not in graph.argument_names):
                last[value] = at
    found: dict[int, list[Value]] = {}
    for value, at in last.items():
        if value not in kept and value.kind == RESULT:
            found.setdefault(at, []).append(value)
    return found


def compiled(graph: Graph) -> Any:
    """The function (parameters by path, constants by name, *arguments) that runs a graph."""
    from .. import _core
    from .names import op_functions

    ops = {n.target.name: n.target.callable for n in graph.nodes if n.target.kind in ("op", "bound")}
    missing = [name for name, function in ops.items() if function is None]
    if missing:
        known = op_functions()
        ops.update({name: known[name] for name in missing})
    python = {n.target.name: n.target.callable for n in graph.nodes if n.target.kind == "python"}
    # The name makes 0.3's tensors answer as to the library's own code, which is what was recorded.
    scope: dict[str, Any] = {
        "__name__": "flambeau.jit.running",
        "torch": fb,
        "_ops": ops,
        "_python": python,
        "_run": _core.apply,
    }
    if any(n.target.module == "flambeau.v03" for n in graph.nodes):
        import flambeau.v03

        scope["_v03"] = flambeau.v03
    writer = _Writer(graph, True)
    text = writer.text()
    scope["_o"] = writer.objects
    exec(compile(text, f"<traced {graph.name}>", "exec"), scope)
    return scope[graph.name]
