"""What happens before what on virtual devices, and a warning where a program leaves it open.

Vector clocks (Fidge, 1988; Mattern, 1989): each stream counts its work, and knows how far each other stream has come
for certain when its own next work begins. It learns that by waiting for an event, and from the host, which learns it by
waiting for streams and events. Two pieces of work on one memory, at least one of which writes, must have an order.
"""

import threading

from ....errors import warn_user


class Order:
    """The clocks of the streams of a machine. Nothing is known of memory that was used before it was made."""

    def __init__(self):
        self._lock = threading.RLock()
        self._host = {}  # stream -> how much of its work the host knows to be done
        self._known = {}  # stream -> {stream: how much of its work is done before what comes next}

    def _clock(self, stream):
        return self._known.setdefault(stream.name, {})

    def now(self, stream):
        """What is done when all that a stream has now is done: for an event."""
        with self._lock:
            return dict(self._clock(stream))

    def learn(self, stream, clock):
        """What a stream does from now on comes after the moment of a clock; the host, when stream is None."""
        with self._lock:
            own = self._host if stream is None else self._clock(stream)
            for name, count in clock.items():
                own[name] = max(own.get(name, 0), count)

    def work(self, stream, reads, writes):
        """Counts work of a stream on memory, and warns where it may meet that of another stream."""
        with self._lock:
            self.learn(stream, self._host)
            clock = self._clock(stream)
            clock[stream.name] = count = clock.get(stream.name, 0) + 1
            for memory in reads:
                self._check(stream, memory.writer, "reads", "wrote")
                memory.readers[stream.name] = count
            for memory in writes:
                self._check(stream, memory.writer, "writes", "wrote")
                for reader in memory.readers.items():
                    self._check(stream, reader, "writes", "read")
                memory.writer, memory.readers = (stream.name, count), {}

    def _check(self, stream, other, does, did):
        if other is None or other[0] == stream.name or self._clock(stream).get(other[0], 0) >= other[1]:
            return
        warn_user(
            f"work in stream {_shown(stream.name)} {does} memory that work in stream {_shown(other[0])} {did}, and "
            "does not wait for it: on a GPU the result depends on chance. Use wait_stream, wait_event or synchronize",
            RuntimeWarning,
        )


def _shown(name):
    index, ptr = name
    return f"{ptr:#x} of cuda:{index}"
