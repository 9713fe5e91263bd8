"""A stand-in for CuPy over virtual devices: what `through_cupy` uses of it, with CuPy's names and arguments.

It shows that the code for CuPy runs, not that CuPy does what is expected of it: its names and arguments were read in
CuPy's sources.
"""

import contextlib
import os
import sys
import types

from flambeau.kernels.cuda import backend, virtual
from flambeau.kernels.cuda.virtual import arrays, memory, queues
from flambeau.kernels.cuda.virtual.functions import library
from flambeau.kernels.cuda.virtual.machine import machine, start


def _now():
    return machine().thread.index


# ---- cupy.cuda


class Device:
    def __init__(self, id):
        self.id = id

    @property
    def cublas_handle(self):
        return 4096 + self.id

    def use(self):
        machine().thread.index = self.id

    def synchronize(self):
        for stream in list(machine().streams[self.id]):
            stream.synchronize()


class Stream(queues.Stream):
    null: "Stream"

    def __init__(self, null=False, non_blocking=False, ptds=False, priority=None):
        assert non_blocking and not null and not ptds
        super().__init__(machine(), _now(), priority or 0)
        machine().streams[self.index].add(self)

    def use(self):
        machine().thread.streams[_now()] = self
        return self


class _Null:
    """The default stream of whichever device is the current one."""

    ptr = 0

    def use(self):
        machine().thread.streams.pop(_now(), None)

    def __getattr__(self, name):
        return getattr(machine().defaults[_now()], name)


class Event(queues.Event):
    def __init__(self, block=False, disable_timing=False, interprocess=False):
        super().__init__(not disable_timing)

    def record(self, stream=None):
        stream = get_current_stream() if stream is None else stream
        super().record(machine().defaults[_now()] if stream is Stream.null else stream)


def get_current_stream(device_id=-1):
    return machine().thread.streams.get(_now() if device_id < 0 else device_id) or Stream.null


def get_elapsed_time(start_event, end_event):
    return 1000 * (end_event.recording.time - start_event.recording.time)


class UnownedMemory:
    def __init__(self, ptr, size, owner, device_id=-1):
        self.ptr, self.size, self._owner, self.device_id = ptr, size, owner, device_id
        self.buffer, self.writer, self.readers = owner.mem.buffer, None, {}
        arrays._by_buffer[id(self.buffer)] = self


class Pool:
    def malloc(self, size):
        return arrays.MemoryPointer(memory.Memory(machine().pools[_now()], size), 0)

    def total_bytes(self):
        return machine().pools[_now()].reserved

    def free_all_blocks(self):
        for pool in machine().pools:
            pool.empty()

    def set_limit(self, size=None, fraction=None):
        machine().pools[_now()].limit = size


_allocators = [Pool().malloc]


def set_allocator(allocator):
    _allocators.append(allocator)


def _runtime():
    def properties(index):
        return {"name": b"stand-in", "major": 9, "minor": 0, "totalGlobalMem": machine().pools[index].total,
                "multiProcessorCount": 132, "warpSize": 32, "l2CacheSize": 1 << 20}  # fmt: skip

    def memory_info():
        pool = machine().pools[_now()]
        return pool.total - pool.reserved, pool.total

    return types.SimpleNamespace(
        getDeviceCount=lambda: len(machine().pools),
        getDevice=_now,
        getDeviceProperties=properties,
        deviceCanAccessPeer=lambda device, peer: int(device != peer),
        memGetInfo=memory_info,
        driverGetVersion=lambda: 13000,
        runtimeGetVersion=lambda: 13000,
        ipcGetEventHandle=lambda event: event.to_bytes(64, "little"),
    )


class RawKernel:
    def __init__(self, code, name):
        assert name in code

    def __call__(self, grid, block, args):
        machine().current_stream(_now()).sleep(int(args[0]))


# ---- arrays: what CuPy's have and the virtual ones do not


def _set(self, arr, stream=None):
    assert arr.flags.c_contiguous and stream is not None
    (stream if stream.ptr else machine().defaults[_now()]).copy(lambda: self._host.__setitem__(..., arr), arr.nbytes)


def _get(self, stream=None, order="C", out=None, blocking=True):
    if blocking:
        return self._settled.copy(order)
    (stream if stream.ptr else machine().defaults[_now()]).copy(lambda: out.__setitem__(..., self._host), out.nbytes)
    return out


def _copy(self, order="C"):
    """On the current device, wherever self is."""
    machine().current_stream(_now()).synchronize()
    return arrays.wrap(self._host.copy(order))


def modules(log):
    """The modules by the names under which they are imported; `log` gets what profilers would."""
    nvtx = types.SimpleNamespace(**{n: lambda *a, n=n: log.append((n, *a)) for n in ("RangePush", "RangePop", "Mark")})
    profiler = types.SimpleNamespace(start=lambda: log.append("start"), stop=lambda: log.append("stop"))
    cuda = types.SimpleNamespace(
        runtime=_runtime(), Device=Device, Stream=Stream, Event=Event, get_current_stream=get_current_stream,
        get_elapsed_time=get_elapsed_time, MemoryPointer=arrays.MemoryPointer, UnownedMemory=UnownedMemory,
        set_allocator=set_allocator, memory=types.SimpleNamespace(OutOfMemoryError=memory.OutOfMemoryError),
        alloc_pinned_memory=memory._Pinned, PinnedMemoryPointer=memory._Pinned, nvtx=nvtx, profiler=profiler,
    )  # fmt: skip
    cupy, cupyx, scipy, special = (types.ModuleType(n) for n in ("cupy", "cupyx", "cupyx.scipy", "cupyx.scipy.special"))
    functions = dict(vars(library))
    vars(special).update(vars(functions.pop("special")))
    cupyx.errstate = functions.pop("errstate")
    cupyx.scipy, scipy.special = scipy, special
    vars(cupy).update(functions, cuda=cuda, RawKernel=RawKernel, get_default_memory_pool=Pool)
    return {m.__name__: m for m in (cupy, cupyx, scipy, special)}


@contextlib.contextmanager
def installed(count=2):
    """A context in which `import cupy` gives the stand-in, and after which Flambeau has never used CUDA. Gives what
    profilers get."""
    log = []
    made = modules(log)
    before = {name: sys.modules.get(name) for name in made}
    wanted, allocate = os.environ.pop(virtual.VARIABLE, None), arrays.allocate
    start(count)
    Stream.null = _Null()
    extra = {"device": property(lambda self: Device(self._memory.device_id)), "set": _set, "get": _get, "copy": _copy}
    kept = {name: arrays.ndarray.__dict__.get(name) for name in extra}
    for name, value in extra.items():
        setattr(arrays.ndarray, name, value)
    arrays.allocate = lambda nbytes: _allocators[-1](nbytes).mem
    backend.forget()
    sys.modules.update(made)
    try:
        yield log
    finally:
        backend.forget()
        arrays.allocate = allocate
        del _allocators[1:]
        for name, value in kept.items():
            if value is None:
                delattr(arrays.ndarray, name)
            else:
                setattr(arrays.ndarray, name, value)
        for name, module in before.items():
            if module is None:
                del sys.modules[name]
            else:
                sys.modules[name] = module
        if wanted is not None:
            os.environ[virtual.VARIABLE] = wanted
