"""Large graphs and several threads: no recursion, no quadratic time, nothing lost."""

import sys
import threading
import time

import pytest

import flambeau as fb
from flambeau import autograd
from flambeau.autograd import Function


def leaf(values):
    return fb.tensor(values, dtype=fb.float64, requires_grad=True)


# ---- graphs


class Same(Function):
    @staticmethod
    def forward(ctx, x):
        return x * 1

    @staticmethod
    def backward(ctx, grad):
        return grad


def chain(n):
    x = y = leaf([1.0])
    for _ in range(n):
        y = y * 1.0
    return x, y


def functions(n):
    x = y = leaf([1.0])
    for _ in range(n):
        y = Same.apply(y)
    return x, y


def in_place(n):
    x = leaf([1.0, 1.0])
    y = x * 1
    for _ in range(n // 4):
        y[:1].mul_(1.0)
    return x, y.sum()


def wide(n):
    x = leaf([1.0])
    return x, fb.stack([x * 1.0 for _ in range(n)]).sum() / n


def ladder(n):
    """Every node is reached by two paths: 2^n paths in all."""
    x = y = leaf([1.0])
    for _ in range(n):
        y = y * 0.5 + y * 0.5
    return x, y


GRAPHS = [chain, functions, in_place, wide, ladder]


def seconds(make, n):
    """The processor time of backward, of grad and of freeing a graph of n nodes; the gradients are right."""
    x, y = make(n)
    start = time.process_time()
    (g,) = autograd.grad(y, x, retain_graph=True)
    y.backward()
    del y
    took = time.process_time() - start
    assert g.tolist()[0] == pytest.approx(1.0) and x.grad.tolist()[0] == pytest.approx(1.0)
    return took


@pytest.mark.parametrize("make", GRAPHS, ids=lambda f: f.__name__)
def test_time_grows_with_the_number_of_nodes(make):
    """Ten times the nodes take about ten times as long, not a hundred times."""
    seconds(make, 100)
    small = min(seconds(make, 1_000) for _ in range(3))
    large = min(seconds(make, 10_000) for _ in range(2))
    assert large < 40 * small + 0.05


def test_graphs_deeper_than_the_stack():
    limit = sys.getrecursionlimit()
    for make in (chain, functions, ladder):
        assert seconds(make, 20 * limit) < 30


@pytest.mark.slow
@pytest.mark.parametrize(
    "make,n", [(chain, 1_000_000), (ladder, 300_000), (wide, 100_000), (functions, 200_000)]
)
def test_very_large_graphs(make, n):
    assert seconds(make, n) < 60


def test_second_derivatives_of_a_deep_graph():
    x = leaf([1.0])
    y = x * x
    for _ in range(5_000):
        y = y * 1.0
    (g,) = autograd.grad(y, x, create_graph=True)
    (h,) = autograd.grad(g, x)
    assert g.tolist() == [2.0] and h.tolist() == [2.0]


def test_a_graph_of_many_roots_and_inputs():
    leaves = [leaf([1.0]) for _ in range(3_000)]
    grads = autograd.grad([x * i for i, x in enumerate(leaves)], leaves)
    assert [g.item() for g in grads] == list(range(3_000))


# ---- threads


@pytest.fixture
def switching():
    """Threads change places as often as possible."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(interval)


def at_once(work, n=4):
    """Runs work() in n threads that start together; errors are raised here."""
    barrier, errors = threading.Barrier(n), []

    def run():
        barrier.wait()
        try:
            work()
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=run) for _ in range(n)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    if errors:
        raise errors[0]


@pytest.mark.parametrize("size", [3, 500_000])
def test_threads_add_to_the_same_leaf(switching, size):
    """Large additions run without the GIL: none may be lost."""
    x = fb.ones(size, dtype=fb.float64, requires_grad=True)

    def work():
        for _ in range(10):
            (x * 2).sum().backward()

    at_once(work)
    assert x.grad.min().item() == x.grad.max().item() == 80.0


def test_threads_walk_the_same_graph(switching):
    x = fb.ones(1000, dtype=fb.float64, requires_grad=True)
    y = (x * 2).exp().log()
    for _ in range(20):
        y = y * 1.0 + 0
    loss = y.sum()

    def work():
        for _ in range(5):
            loss.backward(retain_graph=True)
            (g,) = autograd.grad(loss, x, retain_graph=True)
            assert g.tolist() == pytest.approx([2.0] * 1000)

    at_once(work)
    assert x.grad.tolist() == pytest.approx([40.0] * 1000)


def test_threads_with_graphs_of_their_own(switching):
    results = []

    def work():
        x = leaf([1.0, 2.0])
        for _ in range(50):
            x.grad = None
            Same.apply(x * x).sum().backward()
        results.append(x.grad.tolist())

    at_once(work)
    assert results == [[2.0, 4.0]] * 4


def test_passes_in_hooks_of_several_threads(switching):
    """Each thread's pass runs others inside, over the graph that all share."""
    x = leaf([3.0])
    y = x * x
    inner = []
    nested = threading.local()

    def hook(grad):
        if not getattr(nested, "inside", False):
            nested.inside = True
            inner.append(autograd.grad(y, x, retain_graph=True)[0].item())
            nested.inside = False

    y.register_hook(hook)
    loss = y * 1
    at_once(lambda: loss.backward(retain_graph=True))
    assert inner == [6.0] * 4 and x.grad.tolist() == [24.0]


def test_an_error_in_one_thread_leaves_the_others_alone(switching):
    x = leaf([1.0])
    y = x * 2
    failing = threading.local()

    def hook(grad):
        if getattr(failing, "now", False):
            raise ValueError("mine")

    y.register_hook(hook)
    loss = y * 3
    outcomes = []

    def work():
        failing.now = len(outcomes) % 2 == 0
        outcomes.append(None)
        try:
            loss.backward(retain_graph=True)
            outcomes.append("done")
        except ValueError:
            outcomes.append("failed")

    at_once(work, 6)
    assert x.grad is None or x.grad.item() == 6.0 * outcomes.count("done")
