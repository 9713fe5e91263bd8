"""Streams and events: work on a GPU that is done in order, and marks in it.

Work goes to the current stream of its device, which each thread has of its own; at first it is the default one. Streams
do not wait for each other unless they are told to.
"""

from ..device import device as Device
from ._devices import devices, index_of

__all__ = [
    "Event", "ExternalStream", "Stream", "StreamContext", "current_stream", "default_stream", "set_stream", "stream",
]  # fmt: skip


class Stream:
    """Stream(device=None, priority=0): a queue of work on a GPU (the current one), done beside that of other streams.

    A lower priority goes first, where the device knows priorities.
    """

    def __init__(self, device=None, priority=0):
        index = index_of(device)
        self._set(index, devices().stream(index, priority), priority)

    def _set(self, index, stream, priority=0):
        self._index, self._stream, self.priority = index, stream, priority
        self._entered = []

    @classmethod
    def _around(cls, index, stream):
        """The stream of a library, on the device of an index."""
        made = cls.__new__(cls)
        made._set(index, stream)
        return made

    def _here(self):
        """A context with its device as the current one: CUDA has one name for the default streams of all devices."""
        return devices().on(self._index)

    @property
    def device(self):
        """The device of the stream."""
        return Device("cuda", self._index)

    @property
    def device_index(self):
        """The index of its device."""
        return self._index

    device_type = 1

    @property
    def cuda_stream(self):
        """The number by which CUDA names it; 0 for the default stream."""
        return self._stream.ptr

    stream_id = _as_parameter_ = cuda_stream

    def synchronize(self):
        """synchronize(): waits until all its work is done."""
        with self._here():
            self._stream.synchronize()

    def query(self):
        """query() -> bool: whether all its work is done."""
        with self._here():
            return bool(self._stream.done)

    def wait_event(self, event):
        """wait_event(event): what comes after waits for the event; the host does not."""
        with self._here():
            self._stream.wait_event(event._event)

    def wait_stream(self, stream):
        """wait_stream(stream): what comes after waits for the work that the other stream has now."""
        self.wait_event(stream.record_event())

    def record_event(self, event=None):
        """record_event(event=None) -> Event: which happens when the work so far is done; a new one unless given."""
        event = Event() if event is None else event
        event.record(self)
        return event

    def __enter__(self):
        self._entered.append(StreamContext(self))
        self._entered[-1].__enter__()
        return self

    def __exit__(self, *error):
        self._entered.pop().__exit__(*error)

    def __eq__(self, other):
        return isinstance(other, Stream) and (self._index, self.cuda_stream) == (other._index, other.cuda_stream)

    def __hash__(self):
        return hash((self._index, self.cuda_stream))

    def __repr__(self):
        return f"<torch.cuda.Stream device={self.device} cuda_stream={self.cuda_stream:#x}>"


class Event:
    """Event(enable_timing=False, blocking=False, interprocess=False): a mark in the work of a stream.

    enable_timing: elapsed_time may be asked.
    """

    def __init__(self, enable_timing=False, blocking=False, interprocess=False, external=False):
        self._event = devices().event(enable_timing, blocking, interprocess)
        self._timed, self._recorded, self._index = enable_timing, False, None

    @property
    def cuda_event(self):
        """The number by which CUDA names it; 0 before it is recorded."""
        return self._event.ptr

    _as_parameter_ = cuda_event

    @property
    def device(self):
        """The device on which it was recorded; None before."""
        return None if self._index is None else Device("cuda", self._index)

    def record(self, stream=None):
        """record(stream=None): it happens when the work that the stream (the current one) has now is done."""
        stream = current_stream() if stream is None else stream
        with devices().on(stream._index):
            self._event.record(stream._stream)
        self._recorded, self._index = True, stream._index

    def wait(self, stream=None):
        """wait(stream=None): what comes after in the stream (the current one) waits for it."""
        (current_stream() if stream is None else stream).wait_event(self)

    def query(self):
        """query() -> bool: whether it has happened; so it is when it was never recorded."""
        return bool(self._event.done)

    def elapsed_time(self, end_event):
        """elapsed_time(end_event) -> float: milliseconds from this event to another.

        RuntimeError unless both measure time, were recorded, and have happened.
        """
        if not (self._timed and end_event._timed):
            raise RuntimeError("Both events must be created with argument 'enable_timing=True'.")
        if not (self._recorded and end_event._recorded):
            raise RuntimeError("Both events must be recorded before calculating elapsed time.")
        if not (self.query() and end_event.query()):
            raise RuntimeError("Both events must be completed before calculating elapsed time.")
        return devices().elapsed(self._event, end_event._event)

    def synchronize(self):
        """synchronize(): the host waits until it has happened."""
        self._event.synchronize()

    def ipc_handle(self):
        """ipc_handle() -> bytes, 64 of them: CUDA's name for other processes of an event made with interprocess=True.
        RuntimeError on virtual devices."""
        return devices().event_handle(self._event)

    def __repr__(self):
        return f"<torch.cuda.Event {self.cuda_event:#x}>" if self.cuda_event else "<torch.cuda.Event uninitialized>"


class ExternalStream(Stream):
    """ExternalStream(stream_ptr, device=None): a stream that another library made. RuntimeError on virtual devices."""

    def __init__(self, stream_ptr, device=None):
        index = index_of(device)
        self._set(index, devices().external_stream(stream_ptr, index))


class StreamContext:
    """stream(s): a context in which work goes to the Stream s, on the device of s. None changes nothing."""

    def __init__(self, stream):
        self.stream = stream

    def __enter__(self):
        if self.stream is None:
            return self
        self._device, self._outer = devices().current(), current_stream(self.stream._index)
        devices().use(self.stream._index)
        devices().use_stream(self.stream._index, self.stream._stream)
        return self

    def __exit__(self, *error):
        if self.stream is not None:
            devices().use_stream(self._outer._index, self._outer._stream)
            devices().use(self._device)


stream = StreamContext


def current_stream(device=None):
    """current_stream(device=None) -> the Stream that this thread's work on a GPU (the current one) goes to."""
    index = index_of(device)
    return Stream._around(index, devices().current_stream(index))


def default_stream(device=None):
    """default_stream(device=None) -> the Stream of a GPU that work goes to at first."""
    index = index_of(device)
    return Stream._around(index, devices().default_stream(index))


def set_stream(stream):
    """set_stream(stream): work on the device of a Stream goes to it from now on, in this thread; None does nothing."""
    if stream is not None:
        devices().use(stream._index)
        devices().use_stream(stream._index, stream._stream)
