"""Processes forked or spawned after the library has computed, from the main thread and from others."""

import threading

import pytest

import flambeau as fb
from flambeau import multiprocessing as mp
from flambeau import nn
from flambeau.utils.data import DataLoader, TensorDataset

pytestmark = pytest.mark.filterwarnings("ignore:.*use of fork.*:DeprecationWarning")


def work():
    """Forward and backward, large enough for the thread pool and OpenBLAS."""
    fb.manual_seed(0)
    model = nn.Sequential(nn.Linear(300, 300), nn.Tanh(), nn.Linear(300, 10))
    loss = model(fb.ones(200, 300)).square().sum()
    loss.backward()
    return loss.item(), model[0].weight.grad.sum().item()


def answer(queue):
    queue.put(work())


def ask_child(method):
    context = mp.get_context(method)
    queue = context.SimpleQueue()
    process = context.Process(target=answer, args=(queue,))
    process.start()
    result = queue.get()
    process.join()
    return result


def in_thread(function, *args):
    """What a function returns in another thread."""
    results = []
    thread = threading.Thread(target=lambda: results.append(function(*args)))
    thread.start()
    thread.join()
    return results[0]


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_a_child_computes_after_its_parent(method):
    expected = work()
    assert ask_child(method) == expected
    assert work() == expected


def test_a_child_forked_in_a_thread():
    expected = work()
    assert in_thread(ask_child, "fork") == expected
    assert in_thread(work) == expected


def test_a_thread_in_a_child():
    def threaded(queue):
        queue.put(in_thread(work))

    expected = work()
    queue = mp.get_context("fork").SimpleQueue()
    process = mp.get_context("fork").Process(target=threaded, args=(queue,))
    process.start()
    assert queue.get() == expected
    process.join()


def test_a_fork_while_another_thread_computes():
    expected = work()
    stop = threading.Event()

    def busy():
        while not stop.is_set():
            work()

    thread = threading.Thread(target=busy)
    thread.start()
    try:
        for _ in range(5):
            assert ask_child("fork") == pytest.approx(expected)
    finally:
        stop.set()
        thread.join()


class Computing(TensorDataset):
    def __getitem__(self, index):
        (x,) = super().__getitem__(index)
        w = fb.full((64, 64), 0.01, requires_grad=True)
        (x @ w).sum().backward()
        return w.grad


def test_workers_compute_after_the_main_process():
    work()
    loader = DataLoader(Computing(fb.ones(4, 128, 64)), batch_size=2, num_workers=2)
    for _ in range(2):
        assert [g.shape == (2, 64, 64) and g.min() == g.max() == 128 for g in loader] == [True, True]


def test_a_loader_in_a_thread():
    def total():
        loader = DataLoader(TensorDataset(fb.ones(64, 2000)), batch_size=8, num_workers=2)
        return sum(x.sum().item() for (x,) in loader)

    work()
    assert in_thread(total) == 128000
