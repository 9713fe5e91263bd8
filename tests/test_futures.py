"""Futures: values that other threads set."""

import threading

import pytest

from flambeau import futures
from flambeau.futures import Future


def test_a_value():
    future = Future()
    assert not future.done()
    with pytest.raises(RuntimeError, match="not done yet"):
        future.value()
    threading.Timer(0.05, lambda: future.set_result(3)).start()
    assert future.wait() == 3 == future.value() and future.done()
    with pytest.raises(RuntimeError, match="done already"):
        future.set_result(4)


def test_an_error():
    future = Future()
    future.set_exception(ValueError("no"))
    for call in (future.wait, future.value):
        with pytest.raises(ValueError, match="no"):
            call()
    with pytest.raises(TypeError, match="not an Exception"):
        Future().set_exception("no")


def test_callbacks_before_and_after():
    future, seen = Future(), []
    future.add_done_callback(lambda f: seen.append(f.value()))
    doubled = future.then(lambda f: 2 * f.value())
    failed = doubled.then(lambda f: 1 / 0)
    after = failed.then(lambda f: f.value())
    future.set_result(5)
    future.add_done_callback(lambda f: seen.append(-f.value()))
    assert seen == [5, -5] and doubled.wait() == 10
    for bad in (failed, after):
        with pytest.raises(ZeroDivisionError):
            bad.wait()


def test_all_of_several():
    some = [Future() for _ in range(3)]
    together = futures.collect_all(some)
    for i, future in enumerate(reversed(some)):
        assert not together.done()
        future.set_result(i)
    assert together.wait() == some and futures.wait_all(some) == [2, 1, 0]
    assert futures.collect_all([]).wait() == []
