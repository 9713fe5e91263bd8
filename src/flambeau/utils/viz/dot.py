"""The graph in the DOT language, and Graphviz where it is installed."""

import shutil
from html import escape
from types import ModuleType

from .style import GREY, INK, KINDS, LINE, arrows, details, headline, legend, title, tooltip


def package() -> ModuleType | None:
    """The Python package graphviz, or None."""
    try:
        import graphviz
    except ImportError:
        return None
    return graphviz


def use(engine) -> bool:
    """Whether to draw with Graphviz. ImportError when it was asked for and is not there."""
    if engine not in (None, "graphviz", "builtin"):
        raise ValueError(f'engine must be "graphviz", "builtin" or None, got {engine!r}')
    if engine == "builtin":
        return False
    there = package() is not None and shutil.which("dot") is not None
    if engine == "graphviz" and not there:
        raise ImportError(
            "Graphviz is not installed: pip install flambeau[viz] brings its Python package, the system's package "
            'manager the program dot; engine="builtin" draws without it'
        )
    return there


def render(graph, format) -> bytes:
    """What Graphviz makes of the graph."""
    import graphviz

    return graphviz.Source(source(graph)).pipe(format=format)


def digraph(graph):
    """The graph as a graphviz.Digraph; None when the package is not installed."""
    graphviz = package()
    return None if graphviz is None else graphviz.Digraph(body=[f"\t{line}\n" for line in statements(graph)])


def source(graph):
    return "digraph {\n" + "".join(f"\t{line}\n" for line in statements(graph)) + "}\n"


def statements(graph):
    """The lines of a DOT file."""
    yield f'graph [label=<{_legend(graph)}>, labelloc=t, labeljust=l, ranksep=0.45, nodesep=0.25, fontname="Helvetica"]'
    yield 'node [shape=box, style="rounded,filled", fontname="Helvetica", fontsize=11, height=0.3]'
    yield f'edge [color="{LINE}", fontcolor="{GREY}", fontname="Helvetica", fontsize=10, arrowsize=0.7]'
    for i, node in enumerate(graph.nodes):
        look = KINDS[node.kind]
        style = 'style="rounded,filled,dashed", ' if look.dashed else ""
        yield (
            f'n{i} [label=<{_label(node)}>, tooltip="{_quoted(tooltip(node))}", {style}'
            f'fillcolor="{look.fill}", color="{look.border}"]'
        )
    for arrow in arrows(graph):
        attributes = [f'label=" {arrow.label}"'] if arrow.label else []
        attributes += ["style=dashed"] if arrow.dashed else []
        yield f"n{arrow.source} -> n{arrow.target}" + (f" [{', '.join(attributes)}]" if attributes else "")


def _quoted(text):
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _label(node):
    lines = [f'<FONT COLOR="{INK}" POINT-SIZE="13"><B>{escape(title(node))}</B></FONT>']
    lines += [f'<FONT COLOR="{GREY}">{escape(line)}</FONT>' for line in details(node)]
    return "<BR/>".join(lines)


def _legend(graph):
    cells = "".join(
        f'<TD BGCOLOR="{KINDS[kind].fill}"><FONT POINT-SIZE="10">{escape(KINDS[kind].legend)}</FONT></TD>'
        for kind in legend(graph)
    )
    return (
        '<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="4">'
        f'<TR><TD ALIGN="LEFT" COLSPAN="{len(legend(graph))}"><B>{escape(headline(graph))}</B></TD></TR>'
        f"<TR>{cells}</TR></TABLE>"
    )
