"""How nodes look: colours, the lines of text in their boxes, and how wide text is."""

from typing import NamedTuple

INK, GREY, LINE = "#1f2937", "#6b7280", "#8b95a5"


class Look(NamedTuple):
    legend: str
    fill: str
    border: str
    dashed: bool = False


KINDS = {
    "parameter": Look("parameter", "#dbeafe", "#3b82f6"),
    "input": Look("input", "#e0f2f1", "#0f9488"),
    "pointwise": Look("pointwise", "#fef6d8", "#d9a514"),
    "reduction": Look("reduction, loss", "#ffe8d9", "#ee7f35"),
    "matrix": Look("matrix", "#ece9fe", "#8460e8"),
    "network": Look("convolution, pooling, norm", "#fce8f3", "#dd4d98"),
    "shape": Look("shape, view, index", "#eef1f5", "#7c8aa0"),
    "inplace": Look("in-place on a view", "#fde4e4", "#dc3c3c"),
    "random": Look("random", "#d5f5fb", "#1598b5"),
    "function": Look("user Function", "#f0e6d8", "#8a5a22"),
    "other": Look("other", "#ffffff", "#6b7280"),
    "saved": Look("kept for backward", "#fffdf5", "#b9863a", True),
    "more": Look("left out", "#ffffff", "#9aa3b0", True),
    "output": Look("output", "#d9f5e2", "#22a053"),
}

MAX_TITLE = 64


def bytes_text(n):
    """bytes_text(1536) -> "1.5 KB": in units of 1024."""
    if n < 1024:
        return f"{n} B"
    size, units = n / 1024, ["KB", "MB", "GB", "TB"]
    while size >= 999.5 and len(units) > 1:
        size, units = size / 1024, units[1:]
    return f"{size:.0f} {units[0]}" if size >= 99.5 else f"{size:.1f} {units[0]}"


def printable(text):
    """The text without control characters, which SVG and DOT cannot have."""
    return "".join(c if c.isprintable() or c == "\n" else "\ufffd" for c in text)


def line(text):
    """The text as one printable line."""
    return printable(" ".join(text.split()))


def title(node):
    """The first line of a box; a long name loses its middle."""
    text = line(node.title)
    if len(text) > MAX_TITLE:
        half = MAX_TITLE // 2 - 1
        text = f"{text[:half]}...{text[-half:]}"
    return text


def memory(node):
    """What a node keeps for backward, in words; "" for nothing."""
    if node.freed:
        return "freed"
    return f"keeps {bytes_text(node.saved_bytes)}" if node.saved_bytes else ""


def details(node):
    """The further lines of a box."""
    types = [str(t) for t in node.outputs if t is not None]
    if len(types) > 1:
        types = [f"{i}: {t}" for i, t in enumerate(types)]
    if len(types) > 6:
        types = [*types[:5], f"... {len(types)} outputs"]
    lines = types + list(node.notes)
    if node.kind in ("parameter", "input", "saved"):
        lines.append(bytes_text(sum(t.nbytes for t in node.outputs)))
    return [line(text) for text in [*lines, memory(node)] if text]


def tooltip(node):
    """What a pointer over the box shows: the full name, and what is kept."""
    lines = [node.name or node.title]
    for s in node.saved:
        what = s.name or ("the output" if s.is_output else "a leaf" if s.is_leaf else "a tensor")
        lines.append(f"keeps {what}: {s.type}, {bytes_text(s.type.nbytes)}")
    return printable("\n".join(lines))


def headline(graph):
    """One line about the whole graph."""
    operations = sum(n.kind not in ("parameter", "input", "output", "saved", "more") for n in graph.nodes)
    leaves = sum(n.kind in ("parameter", "input") for n in graph.nodes)
    parts = [_count(operations, "operation"), _count(leaves, "leaf", "leaves")]
    if graph.saved_bytes:
        parts.append(f"{bytes_text(graph.saved_bytes)} kept for backward")
    if any(n.freed for n in graph.nodes):
        parts.append("buffers freed" if not graph.saved_bytes else "some buffers freed")
    if graph.left_out:
        parts.append(f"{graph.left_out:,} of {graph.size:,} nodes left out")
    return ", ".join(parts)


def _count(n, one, many=None):
    return f"{n:,} {one if n == 1 else many or one + 's'}"


def legend(graph):
    """The kinds that occur, in the order of KINDS."""
    present = {n.kind for n in graph.nodes}
    return [kind for kind in KINDS if kind in present]


class Arrow(NamedTuple):
    """All edges from one node to another."""

    source: int
    target: int
    label: str
    dashed: bool


def arrows(graph):
    """The edges as they are drawn, each pair of nodes once."""
    parallel: dict[tuple[int, int], list[int]] = {}
    for a, b, nr in graph.edges:
        parallel.setdefault((a, b), []).append(nr)
    drawn = []
    for (a, b), numbers in parallel.items():
        source = graph.nodes[a]
        dashed = "saved" in (source.kind, graph.nodes[b].kind) or source.kind == "more"
        drawn.append(Arrow(a, b, "" if dashed else _edge_label(source, numbers), dashed))
    return drawn


def _edge_label(source, numbers):
    """Which outputs of a node with several an edge is, and how often, when not once."""
    parts = []
    for nr in sorted(set(numbers)):
        which = f"#{nr}" if len(source.outputs) > 1 else ""
        times = f"x{numbers.count(nr)}" if numbers.count(nr) > 1 else ""
        parts.append(" ".join(p for p in (which, times) if p))
    return ", ".join(p for p in parts if p)


def text_width(text, size, bold=False):
    """About how wide a sans-serif font draws text; a little more, as fonts differ."""
    em = 0.0
    for c in text:
        if c in "ijl.,:;|!'":
            em += 0.30
        elif c in "frtI()[]{}-/ ":
            em += 0.38
        elif c in "mwMW@%":
            em += 0.92
        elif c.isupper():
            em += 0.72
        elif ord(c) < 0x2E80:
            em += 0.60
        else:
            em += 1.05  # ideographs
    return em * size * (1.12 if bold else 1.0)
