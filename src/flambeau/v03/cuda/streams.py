"""`torch.cuda.streams` of 0.3: streams and events of a GPU. Making one without a GPU raises RuntimeError."""

import contextlib
import ctypes

from ...cuda import streams as todays

__all__ = ["Event", "EventHandle", "Stream", "current_stream", "stream"]


class EventHandle(ctypes.Structure):
    """The name of an event for other processes, CUDA's cudaIpcEventHandle_t: 64 bytes. `bytes(handle)` has them."""

    IPC_HANDLE_SIZE = 64
    _fields_ = [("reserved", ctypes.c_ubyte * IPC_HANDLE_SIZE)]


class Event(todays.Event):
    """Event(enable_timing=False, blocking=False, interprocess=False): a mark in the work of a stream."""

    def ipc_handle(self):
        """ipc_handle() -> EventHandle of an event made with interprocess=True. RuntimeError on virtual devices."""
        return EventHandle.from_buffer_copy(super().ipc_handle())


class Stream(todays.Stream):
    """Stream(device=-1, priority=0): work on a GPU (-1: the current one), done in order, beside other streams."""

    def __init__(self, device=-1, priority=0):
        super().__init__(None if device == -1 else device, priority)

    @property
    def device(self):
        """The index of its GPU."""
        return self._index

    def record_event(self, event=None):
        """record_event(event=None) -> Event: which happens when the work so far is done; a new one unless given."""
        return super().record_event(Event() if event is None else event)

    __hash__ = todays.Stream.__hash__


def current_stream():
    """current_stream() -> the Stream that work on the current GPU goes to."""
    now = todays.current_stream()
    return Stream._around(now._index, now._stream)


@contextlib.contextmanager
def stream(stream):
    """with stream(s): work goes to the Stream s; None changes nothing."""
    with todays.StreamContext(stream):
        yield
