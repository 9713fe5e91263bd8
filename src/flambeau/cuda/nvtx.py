"""Ranges and marks for NVIDIA's profilers; nothing records them on virtual devices. RuntimeError without a GPU."""

import contextlib
import threading

from ._devices import devices

__all__ = ["mark", "range", "range_pop", "range_push"]


class _Open(threading.local):
    depth = 0


_open = _Open()


def range_push(msg):
    """range_push(msg) -> int: begins a range within those that are open; returns how many those are."""
    devices().annotate("push", msg)
    _open.depth += 1
    return _open.depth - 1


def range_pop():
    """range_pop() -> int: ends the last range that was begun; returns how many stay open."""
    devices().annotate("pop")
    _open.depth -= 1
    return _open.depth


def mark(msg):
    """mark(msg): marks a moment."""
    devices().annotate("mark", msg)


@contextlib.contextmanager
def range(msg, *args, **kwargs):
    """with range(msg): a range for the length of the block; msg is formatted with the other arguments."""
    range_push(msg.format(*args, **kwargs))
    try:
        yield
    finally:
        range_pop()
