"""Memory shared between processes: segments, moving a tensor's memory into one, handing one to another process.

A shared tensor is a tensor over an array whose memory belongs to a `Segment`. Strategies, as PyTorch calls them:
file_descriptor, where a segment has no name and lives as long as a process has it open; file_system, where it is a file
in /dev/shm that is opened by name and takes no descriptor.
"""

import gc
import itertools
import os
import sys
import tempfile
import threading
import weakref

import numpy as np

from .. import _core
from .._core.shared import Mapping, Window
from ..storage import Storage, flat_bytes
from ..tensor import storage_array
from ..threads import get_num_threads
from . import keeper

STRATEGIES = frozenset(["file_descriptor"] + ["file_system"] * os.path.isdir(keeper.FOLDER))
strategy = "file_descriptor"
_PART = 1 << 22  # bytes that a thread copies at least

_segments: weakref.WeakValueDictionary = weakref.WeakValueDictionary()  # (device, inode) -> Segment


class Segment(Mapping):
    """Segment(descriptor, size): shared memory that can be handed to other processes.

    `place` is None for the strategy file_descriptor; otherwise the address of the keeper and the token of the file.
    """

    def __init__(self, descriptor, size, key, place=None):
        self.descriptor = descriptor
        self.place = place
        self.array = None  # weak: the array over all of the memory
        self.tensor = None  # weak: a tensor over it, with whose version counter others share
        _segments[key] = self
        if place is None:
            weakref.finalize(self, os.close, descriptor)
        else:
            os.close(descriptor)
            weakref.finalize(self, keeper.drop, *place)

    def __new__(cls, descriptor, size, key, place=None):
        return super().__new__(cls, descriptor, size)

    def whole(self, dtype):
        """The array over all of the memory, of the dtype that it was first asked for with."""
        array = None if self.array is None else self.array()
        if array is None:
            array = np.ndarray((self.size // dtype.itemsize,), dtype, buffer=self)
            self.array = weakref.ref(array)
        return array

    def handle(self):
        """What another process opens the segment by, once."""
        if self.place is None:
            address, token = keeper.address(), os.urandom(keeper.TOKEN)
            keeper.request(address, keeper.PARK, token, self.descriptor)
            return address, token, self.size, False
        keeper.request(self.place[0], keeper.SEND, self.place[1])
        return *self.place, self.size, True


def anonymous_file(size):
    """anonymous_file(bytes) -> descriptor of memory without a name."""
    if hasattr(os, "memfd_create"):
        descriptor = os.memfd_create("flambeau", os.MFD_CLOEXEC)
    else:
        descriptor, path = tempfile.mkstemp(prefix="flambeau-")
        os.unlink(path)
    return _sized(descriptor, size)


def _sized(descriptor, size):
    try:
        os.ftruncate(descriptor, size)
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


def _key(descriptor):
    state = os.fstat(descriptor)
    return state.st_dev, state.st_ino


def new_segment(memory):
    """new_segment(array of bytes) -> Segment with a copy of them."""
    size = memory.size
    if strategy == "file_descriptor":
        descriptor = anonymous_file(size)
        _write(descriptor, memory)
        return Segment(descriptor, size, _key(descriptor))
    place = keeper.address(), os.urandom(keeper.TOKEN)
    keeper.request(place[0], keeper.HOLD, place[1])
    path = keeper.path_of(place[1])
    descriptor = _sized(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_CLOEXEC, 0o600), size)
    _write(descriptor, memory)
    return Segment(descriptor, size, _key(descriptor), place)


def _write(descriptor, memory):
    """Copies bytes into a file, on several threads when they are many. The kernel is faster at it than the page faults
    of a copy into a fresh mapping."""
    parts = max(1, min(get_num_threads(), memory.size // _PART))
    bounds = [memory.size * i // parts for i in range(parts + 1)]
    others = [
        threading.Thread(target=_write_part, args=(descriptor, memory[start:end].data, start))
        for start, end in itertools.pairwise(bounds[:-1])
    ]
    for thread in others:
        thread.start()
    _write_part(descriptor, memory[bounds[-2] :].data, bounds[-2])
    for thread in others:
        thread.join()


def _write_part(descriptor, content, start):
    done = 0
    while done < len(content):
        done += os.pwrite(descriptor, content[done:], start + done)


def open_segment(handle):
    """open_segment(handle) -> the Segment that `Segment.handle` stands for; the one that is open here, if it is."""
    address, token, size, named = handle
    if named:
        keeper.request(address, keeper.RECEIVE, token)
        descriptor = os.open(keeper.path_of(token), os.O_RDWR | os.O_CLOEXEC)
        place = address, token
    else:
        descriptor = keeper.request(address, keeper.FETCH, token)
        place = None
    key = _key(descriptor)
    segment = _segments.get(key)
    if segment is None:
        return Segment(descriptor, size, key, place)
    os.close(descriptor)
    if named:
        keeper.drop(address, token)
    return segment


# ---- moving tensors


def mapping_of(array):
    """What the memory of an array belongs to when it is shared (a Segment or Window), or None."""
    while isinstance(array.base, np.ndarray):
        array = array.base
    return array.base if isinstance(array.base, (Mapping, Window)) else None


def is_shared(array):
    """Whether other processes can see changes of an array."""
    return isinstance(array, np.ndarray) and mapping_of(array) is not None


def share(holder):
    """Moves the memory of a tensor or Storage on the CPU into a Segment, unless it is in one, and returns the Segment.

    All tensors and storages over the same memory follow; NumPy arrays over it keep the old memory. None for no memory.
    """
    array = _array_of(holder)
    found = mapping_of(array)
    if isinstance(found, Segment):
        return found
    alone = array.base is None and sys.getrefcount(array) <= _ALONE
    owner = array
    while isinstance(owner.base, np.ndarray):
        owner = owner.base
    memory = flat_bytes(owner)
    if memory.size == 0:
        return None
    holders = [holder] if alone else _holders(owner)
    segment = new_segment(memory)
    whole = segment.whole(owner.dtype)
    start = memory.ctypes.data
    flags = [_is_leaf_with_grad(h) for h in holders]
    for h, flag in zip(holders, flags, strict=True):
        _set_array(h, _moved(_array_of(h), whole, start), flag)
    return segment


def _array_of(holder):
    return holder.array if isinstance(holder, Storage) else _core.array_of(holder)


def _set_array(holder, array, flag):
    if isinstance(holder, Storage):
        holder.array = array
    else:
        _core.init_tensor(holder, array, flag)  # the values are the same: the version does not advance


def _is_leaf_with_grad(holder):
    return not isinstance(holder, Storage) and holder.requires_grad and holder.is_leaf


def _moved(array, whole, start):
    """The array over `whole` that takes the place of one over memory that began at `start`."""
    return view_of(
        whole, array.dtype, array.shape, array.strides, array.ctypes.data - start if array.size else 0
    )


def view_of(whole, dtype, shape, strides, offset):
    """The array of a dtype, shape and byte strides, `offset` bytes from the start of the array `whole`."""
    if dtype != whole.dtype:
        raw = whole.view(np.uint8)
        whole = raw[: raw.size // dtype.itemsize * dtype.itemsize].view(dtype)
    return _core.strided_view(whole, shape, strides, offset)


def _holders(owner):
    """All tensors and storages over the memory of an owner. Arrays know their base, not their views: one must look."""
    found = []
    if gc.get_freeze_count():
        gc.unfreeze()  # what is frozen is not listed
    for candidate in gc.get_objects():
        if issubclass(type(candidate), (_core.TensorBase, Storage)):
            array = _array_of(candidate)
            if not isinstance(array, np.ndarray):
                continue
            while isinstance(array.base, np.ndarray):
                array = array.base
            if array is owner:
                found.append(candidate)
    return found


def _references(holder):
    array = _array_of(holder)
    return sys.getrefcount(array)


_ALONE = _references(_core.make(np.empty(1)))  # of an array that one tensor has, as `share` counts

__all__ = ["Segment", "STRATEGIES", "anonymous_file", "is_shared", "mapping_of", "new_segment", "open_segment", "share",
           "storage_array", "view_of"]  # fmt: skip
