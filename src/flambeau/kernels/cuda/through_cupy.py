"""Real GPUs, through CuPy: its arrays, streams, events and memory pool."""

import threading

import numpy as np

from .devices import Devices, Properties


class _Library:
    """CuPy's functions, with those that base kernels need of cupyx."""

    def __init__(self, cupy):
        import cupyx
        import cupyx.scipy.special

        self._cupy = cupy
        self.special, self.errstate = cupyx.scipy.special, cupyx.errstate

    def __getattr__(self, name):
        found = getattr(self._cupy, name)
        setattr(self, name, found)  # looked up once
        return found


class _Counters:
    """Bytes in use of one device."""

    def __init__(self):
        self.lock = threading.RLock()  # the garbage collector may free within an allocation
        self.allocated = self.peak_allocated = self.peak_reserved = 0

    def change(self, nbytes):
        """Counts an allocation, or with a negative number its end."""
        with self.lock:
            self.allocated += nbytes
            self.peak_allocated = max(self.peak_allocated, self.allocated)


def _counted_memory(cupy):
    """The class of allocations that know how many bytes were asked for, and count themselves."""

    class Counted(cupy.cuda.UnownedMemory):  # type: ignore[name-defined]
        def __init__(self, pointer, nbytes, index, counters):
            super().__init__(pointer.ptr, nbytes, pointer, index)
            self.nbytes, self.counters = pointer.mem.size, counters
            counters.change(self.nbytes)

        def __del__(self):
            if hasattr(self, "counters"):
                self.counters.change(-self.nbytes)

    return Counted


class CuPyDevices(Devices):
    """NVIDIA GPUs."""

    def __init__(self, cupy):
        self.cupy, self.cuda = cupy, cupy.cuda
        self.library = _Library(cupy)
        self.array_type = cupy.ndarray
        self.out_of_memory = cupy.cuda.memory.OutOfMemoryError
        self._pool = cupy.get_default_memory_pool()
        self._counters = [_Counters() for _ in range(self.count())]
        self._memory = _counted_memory(cupy)
        cupy.cuda.set_allocator(self._allocate)

    def _allocate(self, nbytes):
        index = self.current()
        counters = self._counters[index]
        pointer = self._pool.malloc(nbytes)
        counters.peak_reserved = max(counters.peak_reserved, self._pool.total_bytes())
        return self.cuda.MemoryPointer(self._memory(pointer, nbytes, index, counters), 0)

    # ---- devices

    def count(self):
        return self.cuda.runtime.getDeviceCount()

    def current(self):
        return self.cuda.runtime.getDevice()

    def use(self, index):
        self.cuda.Device(index).use()

    def properties(self, index):
        found = self.cuda.runtime.getDeviceProperties(index)
        name = found["name"]
        names = {
            "multi_processor_count": "multiProcessorCount",
            "warp_size": "warpSize",
            "max_threads_per_multi_processor": "maxThreadsPerMultiProcessor",
            "shared_memory_per_block": "sharedMemPerBlock",
            "regs_per_multiprocessor": "regsPerMultiprocessor",
            "L2_cache_size": "l2CacheSize",
            "is_integrated": "integrated",
            "is_multi_gpu_board": "isMultiGpuBoard",
        }
        return Properties(
            name.decode() if isinstance(name, bytes) else name, found["major"], found["minor"], found["totalGlobalMem"],
            **{ours: found[theirs] for ours, theirs in names.items() if theirs in found},
        )  # fmt: skip

    def can_access_peer(self, index, other):
        return index != other and bool(self.cuda.runtime.deviceCanAccessPeer(index, other))

    def versions(self):
        return {"driver": self.cuda.runtime.driverGetVersion(), "runtime": self.cuda.runtime.runtimeGetVersion()}

    # ---- memory

    def index_of(self, array):
        return array.device.id

    def allocation_of(self, array):
        return array.data.mem

    def whole(self, array):
        memory = array.data.mem
        return self.cupy.ndarray((memory.size // array.itemsize,), array.dtype, self.cuda.MemoryPointer(memory, 0))

    def from_host(self, array, lazily=False):
        if not (lazily and self.is_pinned(array) and array.flags.c_contiguous):
            return self.cupy.asarray(array)
        there = self.cupy.empty(array.shape, array.dtype)
        there.set(array, stream=self.cuda.get_current_stream())
        return there

    def to_host(self, array, into=None):
        if into is None or not array.flags.c_contiguous:
            host = self.cupy.asnumpy(array)
            if into is None:
                return host
            into[...] = host
            return into
        with self.on(self.index_of(array)):
            return array.get(stream=self.cuda.get_current_stream(), out=into, blocking=False)

    def across(self, array, index):
        source = self.index_of(array)
        with self.on(source):
            if not array.flags.c_contiguous:
                array = array.copy()
            ready = self.cuda.Event(disable_timing=True)
            ready.record(self.current_stream(source))
        with self.on(index):
            self.current_stream(index).wait_event(ready)
            copied = array.copy()  # on the current device
            done = self.cuda.Event(disable_timing=True)
            done.record(self.current_stream(index))
        with self.on(source):
            self.current_stream(source).wait_event(done)
        return copied

    def pinned(self, shape, dtype):
        dtype = np.dtype(dtype)
        count = int(np.prod(shape, dtype=np.int64))
        memory = self.cuda.alloc_pinned_memory(max(count * dtype.itemsize, 1))
        return np.frombuffer(memory, dtype, count).reshape(shape)

    def is_pinned(self, array):
        while isinstance(array, np.ndarray):
            array = array.base
        return isinstance(array.obj if isinstance(array, memoryview) else array, self.cuda.PinnedMemoryPointer)

    def statistics(self, index):
        counters = self._counters[index]
        with self.on(index):
            reserved = self._pool.total_bytes()
        counters.peak_reserved = max(counters.peak_reserved, reserved)
        return {
            "allocated": counters.allocated, "reserved": reserved,
            "peak_allocated": counters.peak_allocated, "peak_reserved": counters.peak_reserved,
        }  # fmt: skip

    def reset_peaks(self, index):
        now = self.statistics(index)
        counters = self._counters[index]
        counters.peak_allocated, counters.peak_reserved = now["allocated"], now["reserved"]

    def memory_info(self, index):
        with self.on(index):
            return self.cuda.runtime.memGetInfo()

    def limit_memory(self, index, nbytes):
        with self.on(index):
            self._pool.set_limit(size=nbytes)

    def empty_cache(self):
        self._pool.free_all_blocks()

    # ---- streams

    def stream(self, index, priority=0):
        with self.on(index):
            return self.cuda.Stream(non_blocking=True, priority=priority or None)

    def default_stream(self, index):
        return self.cuda.Stream.null

    def current_stream(self, index):
        return self.cuda.get_current_stream(index)

    def use_stream(self, index, stream):
        with self.on(index):
            stream.use()

    def event(self, timed=False, blocking=False, interprocess=False):
        return self.cuda.Event(blocking, not timed, interprocess)

    def elapsed(self, start, end):
        return self.cuda.get_elapsed_time(start, end)

    def synchronize(self, index):
        self.cuda.Device(index).synchronize()

    def sleep(self, cycles):
        kernel = self.cupy.RawKernel(_SLEEP, "flambeau_sleep")
        kernel((1,), (1,), (np.int64(cycles),))

    def external_stream(self, ptr, index):
        return self.cuda.ExternalStream(ptr, index)

    def event_handle(self, event):
        return self.cuda.runtime.ipcGetEventHandle(event.ptr)

    def blas_handle(self, index):
        return self.cuda.Device(index).cublas_handle

    # ---- tools

    def annotate(self, what, *message):
        nvtx, profiler = self.cuda.nvtx, self.cuda.profiler
        {"push": nvtx.RangePush, "pop": nvtx.RangePop, "mark": nvtx.Mark,
         "start": profiler.start, "stop": profiler.stop}[what](*message)  # fmt: skip


_SLEEP = """
extern "C" __global__ void flambeau_sleep(long long cycles) {
    long long start = clock64();
    while (clock64() - start < cycles) { }
}
"""
