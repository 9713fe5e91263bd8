"""A graph as lines of text."""

from .style import KINDS, details, headline, title


def tree(graph):
    """tree(graph) -> str: from the outputs upwards, a node above its inputs.

    The last input that is an operation goes on in the same column, the others branch off. What was shown before is
    referred to by its number.
    """
    inputs: list[list[int]] = [[] for _ in graph.nodes]
    for source, target, _ in graph.edges:
        if graph.nodes[target].kind == "saved":  # an output that is kept: shown with the node that made it
            source, target = target, source
        if source not in inputs[target]:
            inputs[target].append(source)
    uses = [0] * len(graph.nodes)
    for sources in inputs:
        for s in sources:
            uses[s] += 1
    lines = [headline(graph)]
    numbers: dict[int, int] = {}
    ends = [i for i, n in enumerate(graph.nodes) if not uses[i]]
    for end in ends:
        stack = [(end, "", "")]
        while stack:
            i, prefix, branch = stack.pop()
            node = graph.nodes[i]
            if i in numbers:
                lines.append(f"{prefix}{branch}{title(node)} [{numbers[i]}], see above")
                continue
            mark = ""
            if uses[i] > 1:
                numbers[i] = len(set(numbers.values())) + 1
                mark = f" [{numbers[i]}]"
            kind = "" if node.kind in ("output", "more") else f" ({KINDS[node.kind].legend})"
            facts = ", ".join(details(node))
            lines.append(f"{prefix}{branch}{title(node)}{mark}{kind}" + (f": {facts}" if facts else ""))
            if branch:
                prefix += "│  " if branch[0] == "├" else "   "
            sources = sorted(inputs[i], key=lambda s: bool(inputs[s]))  # leaves first
            goes_on = sources and inputs[sources[-1]]
            for k in range(len(sources) - 1, -1, -1):
                last = k == len(sources) - 1
                if last and goes_on:
                    stack.append((sources[k], prefix, ""))
                else:
                    stack.append((sources[k], prefix, "└─ " if last else "├─ "))
    return "\n".join(lines)
