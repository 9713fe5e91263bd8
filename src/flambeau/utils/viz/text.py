"""A graph as lines of text."""

from .layout import rows
from .style import KINDS, details, headline, title


def tree(graph):
    """tree(graph) -> str: from the outputs upwards, each node above its inputs.

    The input with the longest history goes on in the same column, the others branch off before it. What was shown
    before is referred to by its number.
    """
    inputs = _inputs(graph)
    uses = [0] * len(inputs)
    for sources in inputs:
        for s in sources:
            uses[s] += 1
    lines = [headline(graph)]
    numbers: dict[int, int] = {}  # of the nodes that are used more than once
    stack = [(end, "", "") for end in reversed(range(len(inputs))) if not uses[end]]
    while stack:
        i, prefix, branch = stack.pop()
        name = f"{prefix}{branch}{title(graph.nodes[i])}"
        if i in numbers:
            lines.append(f"{name} [{numbers[i]}], see above")
            continue
        if uses[i] > 1:
            numbers[i] = len(numbers) + 1
            name += f" [{numbers[i]}]"
        lines.append(name + _facts(graph.nodes[i]))
        if branch:
            prefix += "│  " if branch[0] == "├" else "   "
        for s in reversed(inputs[i]):
            if s != inputs[i][-1]:
                stack.append((s, prefix, "├─ "))
            else:
                stack.append((s, prefix, "" if inputs[s] else "└─ "))
    return "\n".join(lines)


def _inputs(graph):
    """What leads to each node, each once, that with the longest history last."""
    inputs: list[list[int]] = [[] for _ in graph.nodes]
    for source, target, _ in graph.edges:
        if graph.nodes[target].kind == "saved":  # an output that is kept: shown with the node that made it
            source, target = target, source
        if source not in inputs[target]:
            inputs[target].append(source)
    row = rows(len(inputs), [(target, s) for target, sources in enumerate(inputs) for s in sources])
    return [sorted(sources, key=lambda s: (bool(inputs[s]), -row[s])) for sources in inputs]


def _facts(node):
    kind = "" if node.kind in ("output", "more") else f" ({KINDS[node.kind].legend})"
    facts = ", ".join(details(node))
    return kind + (f": {facts}" if facts else "")
