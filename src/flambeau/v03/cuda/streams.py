"""`torch.cuda.streams` of 0.3: streams and events of a GPU. Making one without a GPU raises RuntimeError."""

import contextlib

from ...cuda import streams as todays

__all__ = ["Event", "Stream", "current_stream", "stream"]


class Stream(todays.Stream):
    """Stream(device=-1, priority=0): work on a GPU (-1: the current one), done in order, beside other streams."""

    def __init__(self, device=-1, priority=0):
        super().__init__(None if device == -1 else device, priority)

    @property
    def device(self):
        """The index of its GPU."""
        return self._index

    __hash__ = todays.Stream.__hash__


Event = todays.Event


def current_stream():
    """current_stream() -> the Stream that work on the current GPU goes to."""
    now = todays.current_stream()
    return Stream._around(now._index, now._stream)


@contextlib.contextmanager
def stream(stream):
    """with stream(s): work goes to the Stream s; None changes nothing."""
    with todays.StreamContext(stream):
        yield
