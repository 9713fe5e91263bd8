"""Places the nodes of an acyclic graph in rows, in the way of Sugiyama, Tagawa and Toda (1981).

1. `rows`: each node goes one row above the highest of those that it leads to, so that every edge points down.
2. `bend`: where an edge passes through rows, each row gets a bend of no width. All edges of a node share their bends.
3. `order`: within the rows, nodes are sorted by the barycentre of their neighbours, down and up, to have few crossings.
4. `columns`: coordinates are the weighted least squares fit to those of the neighbours that keeps order and distances,
   sweep after sweep (`spread` solves it for a row).
"""

from bisect import bisect_right
from dataclasses import dataclass, field
from typing import NamedTuple

GAP_X, GAP_Y, PORT_GAP = 22.0, 38.0, 13.0
MAX_BENDS = 100_000
SWEEPS = 12
FEATHER = 1e-4  # how much less a light node pulls


@dataclass(slots=True)
class Layout:
    """x, y: the centres of the nodes; width, height: of the whole, whose corner is (0, 0); curves: the parts of edges."""

    x: list[float]
    y: list[float]
    width: float
    height: float
    curves: list["Curve"] = field(default_factory=list)


class Curve(NamedTuple):
    """Straight down from (x1, y1) to y2, a curve to (x2, y3), straight down to y4. source: the node that the edge
    comes from; edge: the number of the edge that arrives here, None at a bend."""

    x1: float
    y1: float
    y2: float
    x2: float
    y3: float
    y4: float
    source: int
    edge: int | None


def layout(sizes, edges, light=()):
    """layout(sizes, edges, light=()) -> Layout

    sizes: (width, height) per node; edges: pairs of nodes, each pair once. light: the nodes which keep to the side, so
    that the main lines are straight. ValueError for a graph with a cycle or with too many long edges.
    """
    if not sizes:
        return Layout([], [], 0.0, 0.0)
    level = rows(len(sizes), edges)
    below, above, level, source, carrier = bend(len(sizes), edges, level)
    lines = order(below, above, level)
    widths = [w for w, _ in sizes] + [0.0] * (len(level) - len(sizes))
    light = set(light)
    x = columns(lines, below, above, widths, len(sizes), [s in light for s in source])
    return _finish(sizes, edges, light, lines, below, above, level, source, carrier, x)


def rows(n, edges):
    """The row of each node, 0 at the top."""
    after, before = [[] for _ in range(n)], [[] for _ in range(n)]
    for a, b in edges:
        after[a].append(b)
        before[b].append(a)
    height = [0] * n
    missing = [len(nodes) for nodes in after]
    ready = [v for v in range(n) if not missing[v]]
    for v in ready:
        for u in before[v]:
            height[u] = max(height[u], height[v] + 1)
            missing[u] -= 1
            if not missing[u]:
                ready.append(u)
    if len(ready) < n:
        raise ValueError("layout: the graph has a cycle")
    for v in range(n):
        if before[v] and not after[v]:  # an end goes right under what leads to it
            height[v] = min(height[u] for u in before[v]) - 1
    top = max(height)
    return [top - h for h in height]


def bend(n, edges, level):
    """Gives long edges a bend in each row between: (below, above, level, source, carrier).

    below and above are the neighbours in the next rows; bends are the nodes from n on, and source is the node that
    each belongs to. carrier[e] is the node or bend from which edge e arrives.
    """
    level, source = list(level), list(range(n))
    longest = [0] * n
    for a, b in edges:
        longest[a] = max(longest[a], level[b] - level[a])
    if sum(max(0, span - 1) for span in longest) > MAX_BENDS:
        raise ValueError("layout: the graph has too many long edges to be drawn; draw less of it with a smaller max_nodes")
    below, above = [[] for _ in range(n)], [[] for _ in range(n)]
    chains = []
    for a in range(n):
        chain = [a]
        for row in range(level[a] + 1, level[a] + longest[a]):
            bend = len(level)
            level.append(row)
            source.append(a)
            below.append([])
            above.append([chain[-1]])
            below[chain[-1]].append(bend)
            chain.append(bend)
        chains.append(chain)
    carrier = []
    for a, b in edges:
        u = chains[a][level[b] - level[a] - 1]
        below[u].append(b)
        above[b].append(u)
        carrier.append(u)
    return below, above, level, source, carrier


def order(below, above, level):
    """The rows as lists of nodes from left to right."""
    lines = [[] for _ in range(max(level) + 1)]
    seen = [False] * len(level)
    for end in range(len(level)):
        if below[end] or seen[end]:
            continue
        stack = [end]
        while stack:  # depth first, inputs in the order of the arguments
            v = stack.pop()
            if not seen[v]:
                seen[v] = True
                lines[level[v]].append(v)
                stack += reversed(above[v])
    best, fewest, stale = [list(line) for line in lines], crossings(lines, below), 0
    for sweep in range(SWEEPS):
        if not fewest or stale == 4:
            break
        down = sweep % 2 == 1
        neighbours = above if down else below
        for i in range(1, len(lines)) if down else range(len(lines) - 2, -1, -1):
            _sort(lines[i], lines[i - 1 if down else i + 1], neighbours)
        n = crossings(lines, below)
        stale += 1
        if n < fewest:
            best, fewest, stale = [list(line) for line in lines], n, 0
    return best


def _sort(line, fixed, neighbours):
    """Sorts a row by the barycentre of the neighbours in the fixed row; nodes without any stay where they are."""
    place = {v: i for i, v in enumerate(fixed)}
    weight = {v: sum(place[u] for u in neighbours[v]) / len(neighbours[v]) for v in line if neighbours[v]}
    ordered = iter(sorted(weight, key=weight.__getitem__))
    line[:] = [next(ordered) if v in weight else v for v in line]


def crossings(lines, below):
    """How often two edges between neighbouring rows cross."""
    total = 0
    for upper, lower in zip(lines, lines[1:], strict=False):
        place = {v: i for i, v in enumerate(lower)}
        passed: list[int] = []  # the ends of the edges so far, sorted
        for u in upper:
            ends = sorted(place[v] for v in below[u])
            total += sum(len(passed) - bisect_right(passed, end) for end in ends)
            passed = sorted(passed + ends) if ends else passed
    return total


def spread(targets, weights, gaps):
    """Positions of least weighted squared distance from targets of which each is at least gaps[i] right of position i.

    Pooling of adjacent violators (isotonic regression) on the targets less the gaps before them.
    """
    blocks: list[list[float]] = []  # [mean, weight, count]
    offset, offsets = 0.0, []
    for i, (target, weight) in enumerate(zip(targets, weights, strict=True)):
        offset += gaps[i - 1] if i else 0.0
        offsets.append(offset)
        block = [target - offset, weight, 1]
        while blocks and blocks[-1][0] >= block[0]:
            mean, w, count = blocks.pop()
            total = w + block[1]
            block = [(mean * w + block[0] * block[1]) / total, total, block[2] + count]
        blocks.append(block)
    means = [mean for mean, _, count in blocks for _ in range(int(count))]
    return [m + o for m, o in zip(means, offsets, strict=True)]


def columns(lines, below, above, widths, n, light):
    """The x of each node: rows are fitted to their neighbours, downwards, upwards and last to both sides."""

    def pull(a, b):
        if a >= n and b >= n:
            return 8.0
        if light[a] or light[b]:
            return FEATHER
        return 2.0 if a >= n or b >= n else 1.0

    x = [0.0] * len(widths)
    gaps = [[(widths[a] + widths[b]) / 2 + GAP_X for a, b in zip(line, line[1:], strict=False)] for line in lines]
    for line, row_gaps in zip(lines, gaps, strict=True):
        start = -sum(row_gaps) / 2
        for v, gap in zip(line, [*row_gaps, 0.0], strict=True):
            x[v] = start
            start += gap
    sides = {
        "up": [[(u, pull(u, v)) for u in nodes] for v, nodes in enumerate(below)],
        "down": [[(u, pull(u, v)) for u in nodes] for v, nodes in enumerate(above)],
    }
    sides["both"] = [a + b for a, b in zip(sides["up"], sides["down"], strict=True)]
    every = range(len(lines))
    passes = [("up", every[::-1]), ("down", every)] * 4 + [("both", every[::-1]), ("both", every)] * 4
    for side, numbers in passes:
        neighbours = sides[side]
        for i in numbers:
            targets, weights = [], []
            for v in lines[i]:
                total = sum(w for _, w in neighbours[v])
                targets.append(sum(x[u] * w for u, w in neighbours[v]) / total if total else x[v])
                weights.append(total or 0.01)
            for v, place in zip(lines[i], spread(targets, weights, gaps[i]), strict=True):
                x[v] = place
    return x


def _finish(sizes, edges, light, lines, below, above, level, source, carrier, x):
    """Rows get their heights, edges the points where they leave and arrive."""
    n = len(sizes)
    left = min(x[v] - (sizes[v][0] / 2 if v < n else 0) for v in range(len(x)))
    x = [value - left for value in x]
    width = max(x[v] + (sizes[v][0] / 2 if v < n else 0) for v in range(len(x)))
    tops, bottoms, y = [], [], 0.0
    for line in lines:
        tops.append(y)
        y += max((sizes[v][1] for v in line if v < n), default=0.0)
        bottoms.append(y)
        reach = max((abs(x[u] - x[v]) for u in line for v in below[u]), default=0.0)
        y += GAP_Y + min(50.0, reach / 12)
    centre = [(tops[level[v]] + bottoms[level[v]]) / 2 for v in range(n)]
    curves: list[Curve] = []

    def start(u):
        return x[u], (centre[u] + sizes[u][1] / 2 if u < n else tops[level[u]]), bottoms[level[u]]

    for bend in range(n, len(x)):
        at = tops[level[bend]]
        curves.append(Curve(*start(above[bend][0]), x[bend], at, at, source[bend], None))
    arriving: list[list[int]] = [[] for _ in range(n)]
    for e, (_, b) in enumerate(edges):
        arriving[b].append(e)
    for v in range(n):
        ports = sorted(arriving[v], key=lambda e: x[carrier[e]])
        half = sizes[v][0] / 2 - 10
        gap = min(PORT_GAP, 2 * half / max(1, len(ports) - 1))
        wanted = [min(max(x[carrier[e]], x[v] - half), x[v] + half) for e in ports]
        places = spread(wanted, [FEATHER if edges[e][0] in light else 1.0 for e in ports], [gap] * (len(ports) - 1))
        if places:  # back inside, when spreading has pushed them out
            shift = max(0.0, x[v] - half - places[0]) - max(0.0, places[-1] - x[v] - half)
            places = [p + shift for p in places]
        for e, place in zip(ports, places, strict=True):
            end = place, tops[level[v]], centre[v] - sizes[v][1] / 2
            curves.append(Curve(*start(carrier[e]), *end, edges[e][0], e))
    return Layout(x[:n], centre, width, bottoms[-1], curves)
