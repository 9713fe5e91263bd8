"""The state of the virtual devices: their memory, their streams, and which of them are current in a thread."""

import threading
import weakref

from .memory import Pool
from .order import Order
from .queues import Stream

MEMORY = 16 * 2**30  # bytes of a device, as far as the host has them


class _Current(threading.local):
    index = 0

    def __init__(self):
        self.streams = {}  # index -> the current stream, where it is not the default one
        self.blas = {}  # index -> what stands for the context of cuBLAS


class Machine:
    """A number of devices in host memory."""

    def __init__(self, count):
        self.pools = [Pool(index, MEMORY) for index in range(count)]
        self.defaults = [Stream(self, index, ptr=0) for index in range(count)]
        self.streams = [weakref.WeakSet([stream]) for stream in self.defaults]
        self.thread = _Current()
        self.order = None  # once there are streams beside the default ones

    def new_stream(self, index, priority):
        """Another stream of a device."""
        self.order = self.order or Order()
        stream = Stream(self, index, priority)
        self.streams[index].add(stream)
        return stream

    def renew_locks(self):
        """For a forked process: a lock that another thread held at the fork would never be released in it."""
        for pool in self.pools:
            pool.lock = threading.RLock()

    def current_stream(self, index):
        """The stream that this thread's work on a device goes to."""
        return self.thread.streams.get(index) or self.defaults[index]


_machines = [Machine(0)]


def machine():
    """The machine whose devices are in use."""
    return _machines[-1]


def start(count):
    """Replaces the machine by a new one."""
    _machines[:] = [Machine(count)]
    return machine()
