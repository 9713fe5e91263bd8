"""Where `flambeau.utils.viz` puts boxes and edges."""

import random
from itertools import pairwise

import numpy as np
import pytest
from scipy.optimize import LinearConstraint, minimize

from flambeau.utils.viz import layout as viz_layout
from flambeau.utils.viz.layout import bend, crossings, layout, order, rows, spread


def check(sizes, edges, placed):
    """No two boxes overlap, everything is on the canvas, every edge leads down, and keeps out of the boxes."""
    boxes = [
        (x - w / 2, y - h / 2, x + w / 2, y + h / 2)
        for x, y, (w, h) in zip(placed.x, placed.y, sizes, strict=True)
    ]
    for left, top, right, bottom in boxes:
        assert left >= -1e-6 and right <= placed.width + 1e-6
        assert top >= -1e-6 and bottom <= placed.height + 1e-6
    by_top = sorted(boxes, key=lambda b: b[1])
    for i, a in enumerate(by_top):
        for b in by_top[i + 1 :]:
            if b[1] >= a[3]:
                break
            assert a[2] < b[0] or b[2] < a[0], "two boxes overlap"
    for a, b in edges:
        assert boxes[a][3] < boxes[b][1]
    arrived = [c for c in placed.curves if c.edge is not None]
    assert sorted(c.edge for c in arrived) == list(range(len(edges)))
    for c in arrived:
        box = boxes[edges[c.edge][1]]
        assert c.source == edges[c.edge][0]
        assert box[0] <= c.x2 <= box[2] and c.y4 == pytest.approx(box[1])
    for c in placed.curves:
        assert c.y1 <= c.y2 + 1e-6 and c.y2 < c.y3 <= c.y4 + 1e-6
        for left, top, right, bottom in boxes:
            assert not (top < c.y3 - 1e-6 and c.y2 < bottom - 1e-6), "a curve in the rows of boxes"
            for x, start, end in ((c.x1, c.y1, c.y2), (c.x2, c.y3, c.y4)):
                inside = left + 1e-6 < x < right - 1e-6 and start < bottom - 1e-6 and end > top + 1e-6
                assert not inside, "an edge through a box"


def random_graph(n, seed, reach):
    random.seed(seed)
    edges = set()
    for b in range(1, n):
        for _ in range(random.choice([0, 1, 1, 2, 3])):
            edges.add((max(0, b - random.randint(1, reach)), b))
    sizes = [(random.randint(40, 200), random.randint(20, 90)) for _ in range(n)]
    return sizes, sorted(edges)


@pytest.mark.parametrize("reach", [3, 10, 60])
@pytest.mark.parametrize("seed", range(8))
def test_random_graphs(seed, reach):
    sizes, edges = random_graph(60, seed, reach)
    check(sizes, edges, layout(sizes, edges, light=range(0, 60, 5)))


def test_nothing():
    assert layout([], []).width == 0


def test_one_node():
    placed = layout([(50, 20)], [])
    assert (placed.x, placed.y, placed.width, placed.height) == ([25], [10], 50, 20)


def test_a_cycle_is_refused():
    with pytest.raises(ValueError, match="cycle"):
        layout([(1, 1)] * 2, [(0, 1), (1, 0)])


def test_too_many_long_edges_are_refused(monkeypatch):
    monkeypatch.setattr(viz_layout, "MAX_BENDS", 5)
    chain = [(i, i + 1) for i in range(9)]
    with pytest.raises(ValueError, match="smaller max_nodes"):
        layout([(1, 1)] * 10, [*chain, (0, 9)])


def test_a_chain_is_straight():
    sizes = [(30 + 10 * (i % 3), 20) for i in range(200)]
    placed = layout(sizes, [(i, i + 1) for i in range(199)])
    assert max(placed.x) - min(placed.x) < 1e-6


def test_a_chain_with_parameters_is_straight():
    edges = [(i, i + 1) for i in range(9)] + [(10 + i, i) for i in range(10)]
    placed = layout([(60, 20)] * 20, edges, light=range(10, 20))
    assert max(placed.x[:10]) - min(placed.x[:10]) < 1


def test_rows():
    #    0   1
    #    |  /|
    #    2   |    3 goes right above 4, not to the top
    #    | 3 |
    #    4   5    5 right below 1
    assert rows(6, [(0, 2), (1, 2), (2, 4), (3, 4), (1, 5)]) == [0, 0, 1, 1, 2, 1]


def test_edges_of_a_node_share_their_bends():
    chain = [(i, i + 1) for i in range(9)]
    edges = [*chain, (0, 5), (0, 7), (0, 9)]
    net = bend(10, edges, rows(10, edges))
    assert len(net.row) - 10 == 8  # rows 1 to 8
    assert all(net.row[b] == net.row[a] + 1 for a, nodes in enumerate(net.below) for b in nodes)


def test_crossings():
    lines = [[0, 1, 2], [3, 4, 5]]
    assert crossings(lines, [[3], [4], [5], [], [], []]) == 0
    assert crossings(lines, [[5], [4], [3], [], [], []]) == 3
    assert crossings(lines, [[3, 4], [3, 4], [], [], [], []]) == 1
    assert crossings(lines, [[4], [4], [4], [], [], []]) == 0


def test_a_tree_is_drawn_without_crossings():
    numbers = list(range(63))
    random.Random(0).shuffle(numbers)
    edges = [(numbers[2 * i + k], numbers[i]) for i in range(31) for k in (1, 2)]
    net = bend(63, edges, rows(63, edges))
    assert crossings(order(net), net.below) == 0


@pytest.mark.parametrize("seed", range(4))
def test_ordering_undoes_crossings(seed):
    _, edges = random_graph(60, seed, 10)
    net = bend(60, edges, rows(60, edges))
    before = crossings(viz_layout._first_order(net), net.below)
    assert crossings(order(net), net.below) < 0.8 * before


@pytest.mark.parametrize("seed", range(6))
def test_spread_is_the_least_squares_fit(seed):
    rng = np.random.default_rng(seed)
    n = 6
    targets, weights, gaps = rng.normal(0, 20, n), rng.uniform(0.1, 5, n), rng.uniform(1, 10, n - 1)
    got = np.array(spread(targets, weights, gaps))
    apart = LinearConstraint(np.diff(np.eye(n), axis=0), gaps, np.inf)
    want = minimize(
        lambda x: (weights * (x - targets) ** 2).sum(),
        np.cumsum([0, *gaps]),
        jac=lambda x: 2 * weights * (x - targets),
        constraints=apart,
        method="SLSQP",
        options={"ftol": 1e-12, "maxiter": 500},
    )
    assert all(b - a >= gap - 1e-9 for (a, b), gap in zip(pairwise(got), gaps, strict=True))
    np.testing.assert_allclose(got, want.x, atol=1e-3)


def test_thousands_of_nodes():
    sizes, edges = random_graph(3000, 0, 8)
    placed = layout(sizes, edges)
    assert len(placed.x) == 3000
    assert all(placed.y[a] < placed.y[b] for a, b in edges)
