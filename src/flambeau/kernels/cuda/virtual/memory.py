"""The memory of virtual devices: allocations, a pool that keeps freed ones for reuse, pinned host memory."""

import threading

import numpy as np

from ..devices import STATISTICS

ROUND = 512  # an allocation is a multiple of so many bytes
FRESH = 0xCB  # the bytes of memory that was never used: no zeros, and far from any sensible number


class OutOfMemoryError(MemoryError):
    """An allocation that does not fit into a device's memory."""


class Pool:
    """The memory of one device, of `total` bytes. Freed blocks are kept, and handed out again with their contents."""

    def __init__(self, index, total):
        self.index, self.total, self.limit = index, total, total
        self.lock = threading.RLock()  # an allocation may be freed by the garbage collector within another
        self.blocks = {}  # size -> free blocks
        self.allocated = self.reserved = self.peak_allocated = self.peak_reserved = 0

    def take(self, size):
        """A block of `size` bytes. OutOfMemoryError when it does not fit, also after giving back what is free."""
        with self.lock:
            free = self.blocks.get(size)
            block = free.pop() if free else self._new(size)
            self.allocated += size
            self.peak_allocated = max(self.peak_allocated, self.allocated)
            return block

    def _new(self, size):
        if self.reserved + size > self.limit:
            self.empty()
        if self.reserved + size > self.limit:
            raise OutOfMemoryError(
                f"CUDA out of memory. Tried to allocate {size / 2**20:.2f} MiB. GPU {self.index} has a total capacity "
                f"of {self.limit / 2**20:.2f} MiB, of which {(self.limit - self.reserved) / 2**20:.2f} MiB is free."
            )
        self.reserved += size
        self.peak_reserved = max(self.peak_reserved, self.reserved)
        return np.full(size, FRESH, np.uint8)

    def give_back(self, block):
        """Keeps a block for reuse."""
        with self.lock:
            self.allocated -= block.size
            self.blocks.setdefault(block.size, []).append(block)

    def empty(self):
        """Forgets the free blocks."""
        with self.lock:
            self.reserved -= sum(size * len(free) for size, free in self.blocks.items())
            self.blocks.clear()

    def statistics(self):
        """`devices.STATISTICS`"""
        return {name: getattr(self, name) for name in STATISTICS}

    def reset_peaks(self):
        """The peaks start anew from what is in use."""
        self.peak_allocated, self.peak_reserved = self.allocated, self.reserved


class Memory:
    """An allocation of a pool; freed with its last array."""

    __slots__ = ("pool", "nbytes", "buffer", "ptr", "writer", "readers", "__weakref__")

    def __init__(self, pool, nbytes):
        self.pool, self.nbytes = pool, nbytes
        self.writer, self.readers = None, {}  # the last work on it, for `order.py`
        self.buffer = pool.take(-(-nbytes // ROUND) * ROUND)
        self.ptr = self.buffer.__array_interface__["data"][0]

    @property
    def size(self):
        """Bytes, more than `nbytes` by what was rounded up."""
        return self.buffer.size

    @property
    def device_id(self):
        """The index of the device."""
        return self.pool.index

    def __del__(self):
        if hasattr(self, "buffer"):
            self.pool.give_back(self.buffer)


class _Pinned(bytearray):
    """Host memory that counts as pinned."""


def pinned(shape, dtype):
    """A NumPy array of pinned host memory."""
    dtype = np.dtype(dtype)
    count = int(np.prod(shape, dtype=np.int64))
    return np.frombuffer(_Pinned(max(count * dtype.itemsize, 1)), dtype, count).reshape(shape)


def is_pinned(array):
    """Whether the memory of a NumPy array is pinned."""
    while isinstance(array, np.ndarray):
        array = array.base
    return isinstance(array.obj if isinstance(array, memoryview) else array, _Pinned)
