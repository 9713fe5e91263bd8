"""`torch.cuda.streams` of 0.3: streams and events of a GPU. Making one without a GPU raises RuntimeError."""

import contextlib

from ...cuda import _backend, _resolve

__all__ = ["Event", "Stream", "current_stream", "stream"]


class Stream:
    """Stream(device=-1, priority=0): work on a GPU that is done in order, beside other streams."""

    def __init__(self, device=-1, priority=0):
        self.device = _resolve(None if device == -1 else device).index
        with _backend().cupy.cuda.Device(self.device):
            self._stream = _backend().cupy.cuda.Stream(non_blocking=True)

    @classmethod
    def _around(cls, stream):
        found = cls.__new__(cls)
        found.device, found._stream = _resolve(None).index, stream
        return found

    @property
    def cuda_stream(self):
        """The address of CUDA's stream."""
        return self._stream.ptr

    def synchronize(self):
        """synchronize(): waits until all its work is done."""
        self._stream.synchronize()

    def query(self):
        """query() -> bool: whether all its work is done."""
        return self._stream.done

    def wait_event(self, event):
        """wait_event(event): what comes after waits for the event."""
        self._stream.wait_event(event._event)

    def wait_stream(self, stream):
        """wait_stream(stream): what comes after waits for the work that the other one has now."""
        self.wait_event(stream.record_event())

    def record_event(self, event=None):
        """record_event(event=None) -> an event that happens when the work so far is done."""
        event = Event() if event is None else event
        event.record(self)
        return event

    def __eq__(self, other):
        return isinstance(other, Stream) and (self.device, self.cuda_stream) == (other.device, other.cuda_stream)

    def __hash__(self):
        return hash((self.device, self.cuda_stream))

    def __repr__(self):
        return f"<torch.cuda.Stream device={self.device} cuda_stream={self.cuda_stream:#x}>"


class Event:
    """Event(enable_timing=False, blocking=False, interprocess=False): a mark in the work of a stream."""

    def __init__(self, enable_timing=False, blocking=False, interprocess=False):
        _resolve(None)
        self._event = _backend().cupy.cuda.Event(blocking, not enable_timing, interprocess)

    def record(self, stream=None):
        """record(stream=None): it happens when the work that the stream (the current one) has now is done."""
        self._event.record((current_stream() if stream is None else stream)._stream)

    def wait(self, stream=None):
        """wait(stream=None): what comes after in the stream (the current one) waits for it."""
        (current_stream() if stream is None else stream).wait_event(self)

    def query(self):
        """query() -> bool: whether it has happened."""
        return self._event.done

    def elapsed_time(self, end_event):
        """elapsed_time(end_event) -> milliseconds from this event to another."""
        return _backend().cupy.cuda.get_elapsed_time(self._event, end_event._event)

    def synchronize(self):
        """synchronize(): waits until it has happened."""
        self._event.synchronize()


def current_stream():
    """current_stream() -> the Stream that work goes to."""
    return Stream._around(_backend().cupy.cuda.get_current_stream())


@contextlib.contextmanager
def stream(stream):
    """with stream(s): work goes to the Stream s; None changes nothing."""
    if stream is None:
        yield
        return
    with _backend().cupy.cuda.Device(stream.device), stream._stream:
        yield
