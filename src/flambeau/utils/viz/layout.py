"""Places the nodes of an acyclic graph in rows, in the way of Sugiyama, Tagawa and Toda (1981).

1. `rows`: each node goes one row above the highest of those that it leads to, so that every edge points down.
2. `bend`: where an edge passes through rows, each row gets a bend of no width. All edges of a node share their bends.
3. `order`: within the rows, nodes are sorted by the barycentre of their neighbours, down and up, to have few crossings,
   and neighbours are exchanged where that undoes some.
4. `columns`: coordinates are the weighted least squares fit to those of the neighbours that keeps order and distances,
   sweep after sweep (`spread` solves it for a row).
"""

from bisect import bisect_left, bisect_right
from dataclasses import dataclass, field
from typing import NamedTuple

GAP_X, GAP_Y, PORT_GAP = 22.0, 38.0, 13.0
MAX_BENDS = 50_000
SWEEPS, EXCHANGES = 12, 6
LINE, FEATHER = (
    50.0,
    1e-4,
)  # how much more a part of a line pulls than a fork does, and how little a light node


@dataclass(slots=True)
class Layout:
    """x, y: the centres of the nodes; width, height: of the whole, whose corner is (0, 0); curves: the edges."""

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
    net = bend(len(sizes), edges, rows(len(sizes), edges))
    lines = order(net)
    widths = [w for w, _ in sizes] + [0.0] * (len(net.row) - len(sizes))
    light = set(light)
    x = columns(net, lines, widths, [s in light for s in net.source])
    left = min(x[v] - w / 2 for v, w in enumerate(widths))
    x = [value - left for value in x]
    width = max(x[v] + w / 2 for v, w in enumerate(widths))
    tops, bottoms = _heights(net, lines, sizes, x)
    centre = [(tops[net.row[v]] + bottoms[net.row[v]]) / 2 for v in range(net.n)]
    curves = _curves(net, sizes, edges, light, x, centre, tops, bottoms)
    return Layout(x[: net.n], centre, width, bottoms[-1], curves)


def rows(n, edges):
    """The row of each node, 0 at the top."""
    after: list[list[int]] = [[] for _ in range(n)]
    before: list[list[int]] = [[] for _ in range(n)]
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


@dataclass(slots=True)
class Net:
    """The graph with bends in its long edges: its n nodes come first, the bends after them.

    row, below, above: the row of each, and its neighbours in the next and the previous row. source: the node that each
    belongs to. carrier: per edge, the node or bend from which it arrives at its target.
    """

    n: int
    row: list[int]
    below: list[list[int]]
    above: list[list[int]]
    source: list[int]
    carrier: list[int]


def bend(n, edges, row):
    """bend(n, edges, row) -> Net"""
    longest = [0] * n
    for a, b in edges:
        longest[a] = max(longest[a], row[b] - row[a])
    if sum(max(0, span - 1) for span in longest) > MAX_BENDS:
        raise ValueError(
            "the graph has too many long edges to be laid out; draw less of it with a smaller max_nodes"
        )
    net = Net(n, list(row), [[] for _ in range(n)], [[] for _ in range(n)], list(range(n)), [])
    chains = []
    for a in range(n):
        chain = [a]
        for r in range(row[a] + 1, row[a] + longest[a]):
            new = len(net.row)
            net.row.append(r)
            net.source.append(a)
            net.below.append([])
            net.above.append([chain[-1]])
            net.below[chain[-1]].append(new)
            chain.append(new)
        chains.append(chain)
    for a, b in edges:
        u = chains[a][row[b] - row[a] - 1]
        net.below[u].append(b)
        net.above[b].append(u)
        net.carrier.append(u)
    return net


def order(net):
    """The rows as lists of nodes from left to right."""
    lines = _first_order(net)
    best, fewest, stale = [list(line) for line in lines], crossings(lines, net.below), 0
    for sweep in range(SWEEPS):
        if not fewest or stale == 4:
            break
        down = sweep % 2 == 1
        neighbours = net.above if down else net.below
        for i in range(1, len(lines)) if down else range(len(lines) - 2, -1, -1):
            _sort(lines[i], lines[i - 1 if down else i + 1], neighbours)
        n = crossings(lines, net.below)
        stale += 1
        if n < fewest:
            best, fewest, stale = [list(line) for line in lines], n, 0
    if fewest:
        _exchange(best, net)
    return best


def _exchange(lines, net):
    """Exchanges neighbours in a row while that undoes crossings."""
    place = [0] * len(net.row)
    for line in lines:
        for i, v in enumerate(line):
            place[v] = i

    def lies_wrong(u, v):
        """Whether the edges of u and v cross more often with u left of v than the other way round."""
        gain = 0
        for neighbours in (net.above, net.below):
            left = sorted(place[w] for w in neighbours[u])
            right = sorted(place[w] for w in neighbours[v])
            gain += sum(bisect_left(right, p) - (len(right) - bisect_right(right, p)) for p in left)
        return gain > 0

    for _ in range(EXCHANGES):
        changed = False
        for line in lines:
            for i in range(len(line) - 1):
                u, v = line[i], line[i + 1]
                if lies_wrong(u, v):
                    line[i], line[i + 1] = v, u
                    place[u], place[v] = i + 1, i
                    changed = True
        if not changed:
            break


def _first_order(net):
    """Depth first from the ends upwards, inputs in the order of the arguments."""
    lines: list[list[int]] = [[] for _ in range(max(net.row) + 1)]
    seen = [False] * len(net.row)
    stack = [v for v in reversed(range(net.n)) if not net.below[v]]
    while stack:
        v = stack.pop()
        if not seen[v]:
            seen[v] = True
            lines[net.row[v]].append(v)
            stack += reversed(net.above[v])
    return lines


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


def columns(net, lines, widths, light):
    """The x of each node: rows are fitted to their neighbours, downwards, upwards and last to both sides."""
    leads = [sum(not light[v] for v in nodes) for nodes in net.below]
    follows = [sum(not light[u] for u in nodes) for nodes in net.above]

    def pull(a, b):
        """How strongly the edge from a to b tries to be vertical: most where it is part of a longer line."""
        if a >= net.n and b >= net.n:
            return LINE
        if light[a] or light[b]:
            return FEATHER
        return LINE if leads[a] == follows[b] == 1 else 1.0

    gaps = [
        [(widths[a] + widths[b]) / 2 + GAP_X for a, b in zip(line, line[1:], strict=False)] for line in lines
    ]
    x = [0.0] * len(widths)
    for line, row_gaps in zip(lines, gaps, strict=True):
        start = -sum(row_gaps) / 2
        for v, gap in zip(line, [*row_gaps, 0.0], strict=True):
            x[v] = start
            start += gap
    up = [[(u, pull(v, u)) for u in nodes] for v, nodes in enumerate(net.below)]
    down = [[(u, pull(u, v)) for u in nodes] for v, nodes in enumerate(net.above)]
    both = [a + b for a, b in zip(up, down, strict=True)]
    every = range(len(lines))
    for neighbours, numbers in [(up, every[::-1]), (down, every)] * 4 + [
        (both, every[::-1]),
        (both, every),
    ] * 4:
        for i in numbers:
            targets, weights = [], []
            for v in lines[i]:
                total = sum(w for _, w in neighbours[v])
                targets.append(sum(x[u] * w for u, w in neighbours[v]) / total if total else x[v])
                weights.append(total or 0.01)
            for v, place in zip(lines[i], spread(targets, weights, gaps[i]), strict=True):
                x[v] = place
    return x


def _heights(net, lines, sizes, x):
    """The y of the tops and bottoms of the rows; where edges go far to the side, rows are further apart."""
    tops, bottoms, y = [], [], 0.0
    for line in lines:
        tops.append(y)
        y += max((sizes[v][1] for v in line if v < net.n), default=0.0)
        bottoms.append(y)
        reach = max((abs(x[u] - x[v]) for u in line for v in net.below[u]), default=0.0)
        y += GAP_Y + min(50.0, reach / 12)
    return tops, bottoms


def _curves(net, sizes, edges, light, x, centre, tops, bottoms):
    def start(u) -> tuple[float, float, float]:
        top = centre[u] + sizes[u][1] / 2 if u < net.n else tops[net.row[u]]
        return x[u], top, bottoms[net.row[u]]

    curves = []
    for v in range(net.n, len(x)):
        at = tops[net.row[v]]
        curves.append(Curve(*start(net.above[v][0]), x[v], at, at, net.source[v], None))
    arriving: list[list[int]] = [[] for _ in range(net.n)]
    for e, (_, b) in enumerate(edges):
        arriving[b].append(e)
    for v in range(net.n):
        arriving[v].sort(key=lambda e: x[net.carrier[e]])
        wanted = [x[net.carrier[e]] for e in arriving[v]]
        weights = [FEATHER if edges[e][0] in light else 1.0 for e in arriving[v]]
        top = centre[v] - sizes[v][1] / 2
        for e, port in zip(arriving[v], _ports(wanted, weights, x[v], sizes[v][0] / 2 - 10), strict=True):
            curves.append(Curve(*start(net.carrier[e]), port, tops[net.row[v]], top, edges[e][0], e))
    return curves


def _ports(wanted, weights, middle, half):
    """Where edges arrive at a box, near to where they come from: at most half away from its middle."""
    n = len(wanted)
    gap = min(PORT_GAP, 2 * half / max(1, n - 1))
    low, high = middle - half, middle + half
    places = spread([min(max(w, low), high) for w in wanted], weights, [gap] * (n - 1))
    return [min(max(p, low + gap * i), high - gap * (n - 1 - i)) for i, p in enumerate(places)]
