"""Devices whose memory is the host's."""

import os

from ..devices import Devices, Properties
from . import arrays, memory
from .functions import library
from .machine import start
from .queues import Event


class VirtualDevices(Devices):
    """Devices whose memory is the host's."""

    library = library
    array_type = arrays.ndarray
    out_of_memory = memory.OutOfMemoryError

    def __init__(self, count):
        self._machine = start(count)

    # ---- devices

    def count(self):
        return len(self._machine.pools)

    def current(self):
        return self._machine.thread.index

    def use(self, index):
        self._machine.thread.index = index

    def properties(self, index):
        processors = os.cpu_count() or 1
        return Properties("Flambeau virtual GPU", 7, 5, self._machine.pools[index].total, processors)

    def can_access_peer(self, index, other):
        return index != other

    def versions(self):
        return {"driver": None, "runtime": None}

    def after_fork(self):
        self._machine.renew_locks()

    # ---- memory

    def index_of(self, array):
        return array._memory.device_id

    def allocation_of(self, array):
        return array._memory

    def whole(self, array):
        owner = array._memory
        count = owner.nbytes // array.itemsize
        return arrays.ndarray((count,), array.dtype, arrays.MemoryPointer(owner, 0))

    def from_host(self, array, lazily=False):
        if not (lazily and memory.is_pinned(array)):
            return library.asarray(array)
        there = arrays.like(array)
        stream = self.current_stream(self.current())
        stream.copy(lambda: there._host.__setitem__(..., array), array.nbytes, writes=[there._memory])
        return there

    def to_host(self, array, into=None):
        if into is None:
            return array.get()
        stream = self.current_stream(self.index_of(array))
        stream.copy(lambda: into.__setitem__(..., array._host), array.nbytes, reads=[array._memory])
        return into

    def across(self, array, index):
        host = array.get()
        with self.on(index):
            return library.asarray(host)

    def pinned(self, shape, dtype):
        return memory.pinned(shape, dtype)

    def is_pinned(self, array):
        return memory.is_pinned(array)

    def statistics(self, index):
        return self._machine.pools[index].statistics()

    def reset_peaks(self, index):
        self._machine.pools[index].reset_peaks()

    def memory_info(self, index):
        pool = self._machine.pools[index]
        return pool.total - pool.reserved, pool.total

    def limit_memory(self, index, nbytes):
        self._machine.pools[index].limit = nbytes

    def empty_cache(self):
        for pool in self._machine.pools:
            pool.empty()

    # ---- streams

    def stream(self, index, priority=0):
        return self._machine.new_stream(index, priority)

    def default_stream(self, index):
        return self._machine.defaults[index]

    def current_stream(self, index):
        return self._machine.current_stream(index)

    def use_stream(self, index, stream):
        self._machine.thread.streams[index] = stream

    def event(self, timed=False, blocking=False, interprocess=False):
        return Event(timed)

    def elapsed(self, start, end):
        return 1000 * (end.recording.time - start.recording.time)

    def synchronize(self, index):
        for stream in list(self._machine.streams[index]):
            stream.synchronize()

    def sleep(self, cycles):
        self.current_stream(self.current()).sleep(cycles)

    def blas_handle(self, index):
        return id(self._machine.thread.blas.setdefault(index, object()))
