"""Streams and events of virtual devices: queues of work, done in order.

A kernel runs in the thread that launches it, after all that its stream holds before it. What may stay in a queue, while
the host goes on, are copies from and to pinned memory, waits for events and `sleep`: they take as long as they would on
a GPU, and are done by whoever needs the stream next. So a program that reads a copy before it waits for it reads
what was there before.
"""

import threading
import time
from collections import deque
from collections.abc import Callable
from itertools import count

COPY_LATENCY = 1e-5  # seconds
COPY_BANDWIDTH = 1e10  # bytes per second
CLOCK = 1e9  # cycles per second

_numbers = count(1)


class Stream:
    """A queue of one device."""

    def __init__(self, machine, index, priority=0, ptr=None):
        self.machine, self.index, self.priority = machine, index, priority
        self.ptr = 0x1000 * next(_numbers) if ptr is None else ptr
        self.name = index, self.ptr
        self.lock = threading.RLock()
        self._pending: deque[tuple[float, Callable]] = deque()  # when it was queued, task
        self._idle_since = time.monotonic()  # when the last task ended

    def submit(self, task):
        """Queues a task: task(start, wait) -> when it ended, or None if it has not ended yet and `wait` is false."""
        with self.lock:
            self._pending.append((time.monotonic(), task))

    def advance(self, wait, until=None):
        """Does what is queued, in order, until nothing is left or `until()` is true. Without `wait` only what has
        ended by now. Returns whether it came so far."""
        with self.lock:
            while self._pending and not (until is not None and until()):
                queued, task = self._pending[0]
                ended = task(max(queued, self._idle_since), wait)
                if ended is None:
                    return False
                self._pending.popleft()
                self._idle_since = ended
            return True

    def launch(self, function, args, kwargs, reads=(), writes=()):
        """Calls a function, which uses some memory, after all that is queued."""
        self.note(reads, writes)
        with self.lock:
            if self._pending:
                self.advance(wait=True)
            return function(*args, **kwargs)

    def note(self, reads=(), writes=()):
        """Says that work on some memory is queued."""
        if self.machine.order is not None:
            self.machine.order.work(self, reads, writes)

    def synchronize(self):
        """Does all that is queued, before the host goes on."""
        if self._pending:
            self.advance(wait=True)
        self._told_host()

    def _told_host(self):
        if self.machine.order is not None:
            self.machine.order.learn(None, self.machine.order.now(self))

    @property
    def done(self):
        """Whether nothing is left."""
        done = self.advance(wait=False)
        if done:
            self._told_host()
        return done

    def wait_event(self, event):
        """What comes after waits for the last recording of the event."""
        recording = event.recording
        if recording is None:
            return
        if self.machine.order is not None:
            self.machine.order.learn(self, recording.clock)

        def task(start, wait):
            if wait:
                recording.wait()
            return max(start, recording.time) if recording.happened() else None

        self.submit(task)

    def copy(self, move, nbytes, reads=(), writes=()):
        """Queues move(), a copy of so many bytes between the device and pinned memory."""
        self.note(reads, writes)

        def task(start, wait):
            if not _elapsed(start + COPY_LATENCY + nbytes / COPY_BANDWIDTH, wait):
                return None
            move()
            return start + COPY_LATENCY + nbytes / COPY_BANDWIDTH

        self.submit(task)

    def sleep(self, cycles):
        """Queues a kernel that takes so many cycles."""
        self.submit(lambda start, wait: start + cycles / CLOCK if _elapsed(start + cycles / CLOCK, wait) else None)


def _elapsed(moment, wait):
    """Whether a moment is over; waits for it where asked."""
    left = moment - time.monotonic()
    if left > 0 and wait:
        time.sleep(left)
    return left <= 0 or wait


class _Recording:
    """One recording of an event, in the queue of a stream."""

    def __init__(self, stream):
        self.stream, self.time = stream, None
        self.clock = {} if stream.machine.order is None else stream.machine.order.now(stream)

    def __call__(self, start, wait):
        self.time = start
        return start

    def happened(self):
        """Whether the stream has come so far."""
        if self.time is None:
            self._try(wait=False)
        if self.time is not None:
            self._told_host()
        return self.time is not None

    def wait(self):
        """Until the stream has come so far."""
        while self.time is None:
            self._try(wait=True)
        self._told_host()

    def _told_host(self):
        if self.stream.machine.order is not None:
            self.stream.machine.order.learn(None, self.clock)

    def _try(self, wait):
        """Another thread, which holds the stream, may wait for one that this thread holds: no wait without an end."""
        if self.stream.lock.acquire(timeout=0.001):
            try:
                self.stream.advance(wait, until=lambda: self.time is not None)
            finally:
                self.stream.lock.release()


class Event:
    """A mark in the queue of a stream, which can be set again."""

    def __init__(self, timed=False):
        self.timed, self.recording = timed, None

    @property
    def ptr(self):
        """A number that names it; 0 before it was recorded."""
        return 0 if self.recording is None else id(self)

    def record(self, stream):
        """Marks the work that the stream has now."""
        self.recording = _Recording(stream)
        stream.submit(self.recording)

    @property
    def done(self):
        """Whether all before the mark is done; so it is of an event that was never recorded."""
        return self.recording is None or self.recording.happened()

    def synchronize(self):
        """Waits until all before the mark is done."""
        if self.recording is not None:
            self.recording.wait()
