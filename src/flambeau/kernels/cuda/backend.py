"""The arrays of GPUs as the core sees them: where they are, how they get there, and on which device an op runs."""

import collections
import contextlib
import os
import threading

import numpy as np

from ... import _core
from ...device import device as Device
from .. import BASE, Kernels
from ..base._xp import add_library
from . import virtual

_REMEDY = (
    "`pip install flambeau[cuda13]` installs CuPy, which needs an NVIDIA GPU and its driver; "
    f"{virtual.VARIABLE}=2 in the environment gives two virtual ones, in host memory"
)


def usable():
    """(How many GPUs there are, None), or (0, a sentence that says why none can be used, and the remedy)."""
    count = virtual.wanted()
    if count is None:
        try:
            import cupy

            count = cupy.cuda.runtime.getDeviceCount()
        except (ImportError, RuntimeError) as error:  # CuPy's CUDARuntimeError is a RuntimeError
            reason = str(error).splitlines()[0]
            return 0, f"No CUDA GPUs are available ({reason}): {_REMEDY}."
    return count, None if count else f"No CUDA GPUs are available: {_REMEDY}."


def unusable():
    """The sentence that says why no GPU can be used; None when there is one."""
    return usable()[1]


class _State:
    made: "CUDABackend | None" = None  # from the first use of CUDA on
    forked = False  # whether this process is a child of one that had made it
    lock = threading.Lock()


def _in_child():
    _State.lock = threading.Lock()
    if _State.made is not None:
        _State.forked = True
        _State.made.devices.after_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_in_child)


def backend():
    """The backend, made and made known to the core by the first call. RuntimeError when there is no GPU, and in a
    process forked from one that has used CUDA."""
    if _State.forked:
        raise RuntimeError(
            "Cannot re-initialize CUDA in forked subprocess. To use CUDA with multiprocessing, you must use the "
            "'spawn' start method"
        )
    return _State.made or _start()


def _start():
    with _State.lock:
        if _State.made is None:
            reason = unusable()
            if reason is not None:
                raise RuntimeError(reason)
            made = CUDABackend(_devices())
            _core.register_backend(made)
            add_library(made.array_type, made.devices.library)
            _State.made = made
        return _State.made


def _devices():
    count = virtual.wanted()
    if count is not None:
        from .virtual.devices import VirtualDevices

        return VirtualDevices(count)
    import cupy

    from .through_cupy import CuPyDevices

    return CuPyDevices(cupy)


def is_started():
    """Whether this process has used CUDA."""
    return _State.made is not None and not _State.forked


def is_forked():
    """Whether this process cannot use CUDA because the one that it was forked from did."""
    return _State.forked


def forget():
    """As if this process had never used CUDA: for tests, which then use other devices."""
    _State.made, _State.forked = None, False


_DEVICES: dict[int, Device] = {}


def _device(index):
    return _DEVICES.get(index) or _DEVICES.setdefault(index, Device("cuda", index))


class CUDABackend(_core.Backend):
    """Arrays on GPUs, computed by the base kernels.

    A library of GPUs allocates and launches on a current device of each thread: all work here runs with the device of
    its arrays.
    """

    def __init__(self, devices):
        self.devices = devices
        self.array_type = devices.array_type
        self.kernels = Kernels(("base", BASE))
        self._held: collections.deque = collections.deque()  # (event, what stays until it has happened)

    @property
    def device(self):
        """The current device."""
        return _device(self.devices.current())

    def device_of(self, array):
        return _device(self.devices.index_of(array))

    def resolve(self, device):
        """The device with its index: the current one for plain "cuda". RuntimeError when there is no such GPU."""
        if device.index is None:
            return self.device
        count = self.devices.count()
        if device.index >= count:
            raise RuntimeError(f"CUDA error: invalid device ordinal: there is no {device}, only {count} GPUs")
        return _device(device.index)

    def on(self, like):
        """A context in which the GPU of a device or an array is the current one."""
        return self.devices.on(like.index if isinstance(like, Device) else self.devices.index_of(like))

    # ---- arrays

    def zeros(self, shape, dtype, like):
        """Zeros on the GPU of a device or an array."""
        with self.on(like), self.memory_errors():
            return self.devices.library.zeros(tuple(shape), dtype)

    def ones_like(self, array):
        with self.on(array), self.memory_errors():
            return self.devices.library.ones(array.shape, array.dtype)

    def write(self, target, value):
        """target[...] = value, a number or an array of any device."""
        if isinstance(value, (np.ndarray, np.generic)):
            value = self.from_host(np.asarray(value), target)
        elif isinstance(value, self.array_type):
            value = self.place(value, self.device_of(target))
        with self.on(target):
            target[...] = value

    def from_host(self, array, like, lazily=False):
        """A copy of a NumPy array on the GPU of a device or an array. `lazily`: pinned memory is read later."""
        with self.on(like), self.memory_errors():
            made = self.devices.from_host(array, lazily)
            if lazily and self.devices.is_pinned(array):
                self._keep(array)
            return made

    def to_host(self, array, lazily=False, into=None):
        """A copy as NumPy array. `lazily`: in pinned memory, where it arrives later; also in `into`, such an array."""
        if lazily:
            into = self.devices.pinned(array.shape, array.dtype)
        with self.on(array):
            if into is None:
                return self.devices.to_host(array)
            self.devices.to_host(array, into)
            self._keep((array, into))
            return into

    def place(self, array, device, lazily=False):
        """An array of any device on a GPU: a copy, unless it is there. The host waits for one from its own memory, so
        that all streams may use it, unless `lazily`."""
        if isinstance(array, (np.ndarray, np.generic)):
            made = self.from_host(np.asarray(array), device, lazily)
            if not lazily:
                with self.on(device):
                    self.devices.current_stream(device.index).synchronize()
            return made
        index = self.devices.index_of(array)
        if index == device.index:
            return array
        with self.memory_errors():
            return self.devices.across(array, device.index)

    # ---- memory

    def memory_of(self, array):
        return self.devices.allocation_of(array)

    def storage(self, array):
        """The whole allocation of an array in one dimension."""
        return self.devices.whole(array)

    def hold(self, array, stream):
        """Keeps the memory of an array until the work that a stream has now is done."""
        with self.on(array):
            self._keep(array, stream)

    def _keep(self, thing, stream=None):
        """Keeps something until the work that a stream of the current device (its current one) has now is done."""
        self.release()
        event = self.devices.event()
        event.record(self.devices.current_stream(self.devices.current()) if stream is None else stream)
        self._held.append((event, thing))

    def release(self):
        """Lets go of what was kept for work that is done."""
        while self._held and self._held[0][0].done:
            self._held.popleft()

    @contextlib.contextmanager
    def memory_errors(self):
        """Says what the field says when memory does not suffice."""
        try:
            yield
        except self.devices.out_of_memory as error:
            raise out_of_memory(error) from error

    # ---- ops

    def run(self, forward, node, raw):
        """Calls an op's forward on the GPU of its arrays; RuntimeError when they are on several."""
        index = None
        for a in raw:
            if type(a) is self.array_type and (found := self.devices.index_of(a)) != index:
                if index is not None:
                    raise RuntimeError(
                        "Expected all tensors to be on the same device, but found at least two devices, "
                        f"cuda:{index} and cuda:{found}! (arguments are located on different GPUs) "
                        "Move them with .to(device)."
                    )
                index = found
        with self.devices.on(index):
            try:
                result = forward(node, *raw)
            except self.devices.out_of_memory as error:
                raise out_of_memory(error) from error
            if node.recording:
                self._note(node, index)
            return result

    def _note(self, node, index):
        """Keeps the stream of a recorded op, where it is not the default one."""
        stream = self.devices.current_stream(index)
        if stream.ptr:
            node._stream = stream

    def ran(self, node, array):
        """Says that a user's Function was recorded, with an array among its results."""
        self._note(node, self.devices.index_of(array))

    @contextlib.contextmanager
    def as_in_forward(self, node, grads):
        """A context in which the backward of a node runs: on the GPU of its gradients, in the stream of its forward.
        That waits for the caller's stream, and the caller's for it."""
        first = next((g for g in (grads if isinstance(grads, list) else [grads]) if g is not None and g.is_cuda), None)
        if first is None:
            yield
            return
        devices, index = self.devices, first.device.index
        stream = getattr(node, "_stream", None) or devices.default_stream(index)
        outer = devices.current_stream(index)
        with devices.on(index):
            if stream.ptr == outer.ptr:
                yield
                return
            self._wait(stream, outer)
            devices.use_stream(index, stream)
            try:
                yield
            finally:
                devices.use_stream(index, outer)
            self._wait(outer, stream)

    def _wait(self, stream, other):
        """What comes after in a stream waits for the work that another has now."""
        event = self.devices.event()
        event.record(other)
        stream.wait_event(event)


def out_of_memory(error):
    """The field's exception for an allocation that failed."""
    from ...errors import OutOfMemoryError

    return OutOfMemoryError(str(error))
