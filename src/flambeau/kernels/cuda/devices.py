"""What Flambeau asks of GPUs: memory, copies, streams, events, the current device.

Two implementations: `through_cupy.CuPyDevices`, and `virtual.VirtualDevices` in host memory. Kernels are launched by
the functions of `library` and the operators of `array_type`, which carry NumPy's names; they run on the current device,
in the order of its current stream. `backend.py`, `flambeau.cuda` and nothing else use this interface.
"""

import abc
import contextlib
from dataclasses import dataclass
from typing import Any, Protocol

STATISTICS = ("allocated", "reserved", "peak_allocated", "peak_reserved")


@dataclass(frozen=True)
class Properties:
    """What a GPU is: memory in bytes, compute capability `major.minor`."""

    name: str
    major: int
    minor: int
    total_memory: int
    multi_processor_count: int
    warp_size: int = 32
    max_threads_per_multi_processor: int = 2048
    shared_memory_per_block: int = 49152
    regs_per_multiprocessor: int = 65536
    L2_cache_size: int = 0
    is_integrated: int = 0
    is_multi_gpu_board: int = 0

    def __repr__(self):
        return (
            f"_CudaDeviceProperties(name='{self.name}', major={self.major}, minor={self.minor}, "
            f"total_memory={self.total_memory // 2**20}MB, multi_processor_count={self.multi_processor_count})"
        )


class Stream(Protocol):
    """A queue of work on one GPU. `ptr`: a number that names it (0: the default stream); `done`: nothing is left."""

    ptr: int
    done: bool

    def synchronize(self):
        """Waits until nothing is left."""

    def wait_event(self, event):
        """What comes after waits for the event."""


class Event(Protocol):
    """A mark in the work of a stream. `ptr` names it; `done`: all before the mark is done, or it was never recorded."""

    ptr: int
    done: bool

    def record(self, stream):
        """Marks the work that the stream has now."""

    def synchronize(self):
        """Waits until it is done."""


class Devices(abc.ABC):
    """The GPUs that can be used, numbered from 0, and the library of their arrays."""

    library: Any  # functions of arrays, by NumPy's names
    array_type: type
    out_of_memory: type[BaseException]

    # ---- devices

    @abc.abstractmethod
    def count(self) -> int:
        """How many there are."""

    @abc.abstractmethod
    def current(self) -> int:
        """The index of this thread's current device, where arrays are made and kernels run."""

    @abc.abstractmethod
    def use(self, index):
        """Makes a device the current one of this thread."""

    @contextlib.contextmanager
    def on(self, index):
        """A context in which a device is the current one."""
        before = self.current()
        if before != index:
            self.use(index)
        try:
            yield
        finally:
            if self.current() != before:
                self.use(before)

    @abc.abstractmethod
    def properties(self, index) -> Properties:
        """What a device is."""

    @abc.abstractmethod
    def can_access_peer(self, index, other) -> bool:
        """Whether a device may copy from the memory of another without the host."""

    @abc.abstractmethod
    def versions(self) -> dict[str, int | None]:
        """The versions of "driver" and "runtime", as CUDA counts them (12040 for 12.4); None where there is none."""

    # ---- memory

    @abc.abstractmethod
    def index_of(self, array) -> int:
        """The device that an array is on."""

    @abc.abstractmethod
    def allocation_of(self, array) -> Any:
        """What stands for the allocation that an array lies in: one object for all of its views."""

    @abc.abstractmethod
    def whole(self, array) -> Any:
        """The whole allocation of an array as an array of its dtype in one dimension."""

    @abc.abstractmethod
    def from_host(self, array, lazily=False) -> Any:
        """A copy of a NumPy array on the current device. `lazily`: if its memory is pinned, the copy is queued in the
        current stream, and the host goes on."""

    @abc.abstractmethod
    def to_host(self, array, into=None) -> Any:
        """A copy in host memory. `into`: a pinned NumPy array that gets it, queued in the current stream of the
        array's device."""

    @abc.abstractmethod
    def across(self, array, index) -> Any:
        """A copy on another device, made when the current streams of both have come so far."""

    @abc.abstractmethod
    def pinned(self, shape, dtype) -> Any:
        """A NumPy array of uninitialised host memory that is pinned."""

    @abc.abstractmethod
    def is_pinned(self, array) -> bool:
        """Whether the memory of a NumPy array is pinned."""

    @abc.abstractmethod
    def statistics(self, index) -> dict[str, int]:
        """Bytes of a device by STATISTICS: what arrays use, what the pool holds, and the most of both so far."""

    @abc.abstractmethod
    def reset_peaks(self, index):
        """The peaks of `statistics` start anew."""

    @abc.abstractmethod
    def memory_info(self, index) -> tuple[int, int]:
        """(free, total) bytes of a device."""

    @abc.abstractmethod
    def limit_memory(self, index, nbytes):
        """The pool of a device takes no more than nbytes from now on."""

    @abc.abstractmethod
    def empty_cache(self):
        """Gives the memory that the pools hold for reuse back."""

    # ---- streams

    @abc.abstractmethod
    def stream(self, index, priority=0) -> Stream:
        """A new Stream of a device."""

    @abc.abstractmethod
    def default_stream(self, index) -> Stream:
        """The Stream of a device that is the current one at first."""

    @abc.abstractmethod
    def current_stream(self, index) -> Stream:
        """The Stream that this thread's work on a device goes to."""

    @abc.abstractmethod
    def use_stream(self, index, stream):
        """Makes a Stream of a device the current one of this thread there."""

    @abc.abstractmethod
    def event(self, timed=False, blocking=False, interprocess=False) -> Event:
        """A new Event. timed: `elapsed` may be asked."""

    @abc.abstractmethod
    def elapsed(self, start, end) -> float:
        """Milliseconds between two timed events."""

    @abc.abstractmethod
    def synchronize(self, index):
        """Waits until all streams of a device have nothing left."""

    @abc.abstractmethod
    def sleep(self, cycles):
        """Queues a kernel that takes so many cycles of the device's clock in the current stream."""

    def external_stream(self, ptr, index):
        """The Stream of a device that another library made. RuntimeError where there is no other library."""
        raise RuntimeError(f"ExternalStream: {type(self).__name__} has no streams of other libraries")

    def event_handle(self, event) -> bytes:
        """CUDA's name of an interprocess event for other processes, 64 bytes. RuntimeError where there is none."""
        raise RuntimeError(f"ipc_handle: events of {type(self).__name__} are not shared between processes")

    @abc.abstractmethod
    def blas_handle(self, index) -> int:
        """The number that names the context of cuBLAS for a device in this thread."""

    def after_fork(self):
        """In a process forked from one that uses the devices: it frees its copies of arrays, and does nothing else."""
        return None

    # ---- tools: nothing records without NVIDIA's libraries

    def annotate(self, what, *message):
        """For NVIDIA's profilers: "push" begins a range with a message, "pop" ends the last one, "mark" marks a moment,
        "start" and "stop" say what is recorded."""
        return None
