"""How batches cross from a worker: in blocks of shared memory, which the worker uses again when both sides are done.

The worker writes a batch into blocks and sends a message with what is small and with where the rest lies; a new block's
descriptor goes along once. The main process maps each block once and makes arrays over it. When the last of them dies
the block's number goes back to the worker with the next task.
"""

import collections
import io
import os
import pickle
import struct
import threading
import weakref
from multiprocessing.reduction import ForkingPickler, recv_handle, send_handle

import numpy as np

from ... import _core, shared
from ..._core.shared import Mapping, Window
from ...dtype import ALL
from ...memory_format import is_dense
from ...multiprocessing.reductions import reduce_class, reduce_tensor
from ...storage import flat_bytes

SMALL = 4096  # bytes: smaller tensors travel in the message
_IDLE = 16  # blocks without use that a worker keeps
_COUNTS = struct.Struct("<HH")


def block_size(nbytes):
    """The size of the block for so many bytes: the next of 4, 5, 6, 7 times a power of two, in whole pages."""
    step = max(4096, 1 << max(0, nbytes.bit_length() - 3))
    return -(-nbytes // step) * step


# ---- in the worker


class Block(Mapping):
    """Shared memory for one array of a batch. `users`: the array in this process and the messages that name it."""

    def __new__(cls, descriptor, size, number):
        return super().__new__(cls, descriptor, size)

    def __init__(self, descriptor, size, number):
        self.number = number
        self.users = 0


class _Use(Window):
    """The buffer of an array of this process over a block."""

    def __init__(self, block, pool):
        self.pool = pool
        block.users += 1

    def __del__(self):
        self.pool.leave(self.mapping)


class Pool:
    """The blocks of a worker, and the writer of its messages."""

    def __init__(self):
        self.blocks = {}  # by number
        self.idle = []  # those without users, the last used last
        self.made = []  # (block, descriptor) that the main process does not know yet
        self.forgotten = []  # numbers that it is to forget
        self.count = 0

    def new_array(self, shape, dtype):
        """An array in a block; None when it would be small."""
        nbytes = int(np.prod(shape)) * dtype.itemsize
        if nbytes <= SMALL:
            return None
        return np.ndarray(shape, dtype, buffer=_Use(self.take(nbytes), self))

    def take(self, nbytes):
        """A block without users of at least nbytes, and not twice as many."""
        size = block_size(nbytes)
        fitting = [b for b in self.idle if size <= b.size <= 2 * size]
        if fitting:
            block = min(fitting, key=lambda b: b.size)
            self.idle.remove(block)
            return block
        if len(self.idle) > _IDLE:
            self.forget(self.idle.pop(0).number)
        descriptor = shared.anonymous_file(size)
        block = self.blocks[self.count] = Block(descriptor, size, self.count)
        self.count += 1
        self.made.append((block, descriptor))
        return block

    def leave(self, block):
        """One user less."""
        block.users -= 1
        if block.users == 0 and block.number in self.blocks:
            self.idle.append(block)

    def forget(self, number):
        """A block whose memory is not used again."""
        self.blocks.pop(number, None)
        self.forgotten.append(number)

    def give_back(self, numbers):
        """What the main process has finished with; `~number`: it keeps the block for good."""
        for number in numbers:
            if number < 0:
                self.forget(~number)
            elif number in self.blocks:
                self.leave(self.blocks[number])

    def send(self, connection, message):
        """Sends an object, with the tensors and arrays in it in blocks."""
        file = io.BytesIO()
        writer = _Writer(file, self)
        try:
            writer.dump(message)
        except BaseException:
            for block in writer.named.values():
                self.leave(block)
            raise
        made, forgotten = self.made, self.forgotten
        self.made, self.forgotten = [], []
        numbers = [n for block, _ in made for n in (block.number, block.size)]
        head = struct.pack(
            f"<HH{len(numbers) + len(forgotten)}q", len(made), len(forgotten), *numbers, *forgotten
        )
        connection.send_bytes(head + file.getbuffer())
        for _, descriptor in made:
            send_handle(connection, descriptor, None)
            os.close(descriptor)


class _Writer(ForkingPickler):
    """The pickler of a message."""

    def __init__(self, file, pool):
        super().__init__(file, 5)
        self.pool = pool
        self.named = {}  # blocks that the message names; each counts as a user once
        self.copies = {}  # id of an array's owner -> (block, owner): its copy in a block

    def reducer_override(self, value):
        if isinstance(value, _core.TensorBase) and isinstance(_core.array_of(value), np.ndarray):
            if value.requires_grad and not value.is_leaf:
                return reduce_tensor(value)  # says why not
            return _tensor, (type(value), *self.place(_core.array_of(value)), value.requires_grad)
        if type(value) is np.ndarray and _core.code_of(value.dtype) >= 0 and value.nbytes > SMALL:
            return _open, self.place(value)
        return reduce_class(value) if isinstance(value, type) else NotImplemented

    def place(self, array):
        """Where the reader finds an array: bytes, or the number of a block, its length and the layout in it."""
        code = _core.code_of(array.dtype)
        owner, use = array, shared.mapping_of(array)
        while isinstance(owner.base, np.ndarray):
            owner = owner.base
        if isinstance(use, _Use) and use.mapping.number in self.pool.blocks:
            block, start, nbytes = use.mapping, use.mapping.address, owner.nbytes
        elif array.nbytes <= SMALL and id(owner) not in self.copies:
            return array.tobytes(), 0, code, array.shape, None, 0
        elif id(owner) in self.copies or (is_dense(owner) and owner.nbytes <= 2 * array.nbytes):
            memory = flat_bytes(owner)
            block = self.copied(memory, owner)
            start, nbytes = memory.ctypes.data, memory.nbytes
        else:
            array = np.ascontiguousarray(array)
            block = self.copied(flat_bytes(array), array)
            start, nbytes = array.ctypes.data, array.nbytes
        if block.number not in self.named:
            self.named[block.number] = block
            block.users += 1
        return block.number, nbytes, code, array.shape, array.strides, array.ctypes.data - start

    def copied(self, memory, owner):
        """The block with a copy of the memory of an owner, one for each owner in a message."""
        if id(owner) not in self.copies:
            block = self.pool.take(memory.nbytes)
            np.ndarray(memory.shape, np.uint8, buffer=block)[...] = memory
            self.copies[id(owner)] = block, owner
        return self.copies[id(owner)][0]


# ---- in the main process


class _Lease(Window):
    """The buffer of arrays over a block of a worker."""

    def __init__(self, mapping, number, freed):
        self.number = number
        self.freed = freed
        self.kept = False
        _leases.add(self)

    def __del__(self):
        if not self.kept:
            self.freed.append(self.number)


_leases: weakref.WeakSet = weakref.WeakSet()


def _keep_all():
    """A forked child sees what the worker would write next: the blocks in use now are not used again."""
    for lease in list(_leases):
        if not lease.kept:
            lease.kept = True
            lease.freed.append(~lease.number)


os.register_at_fork(before=_keep_all)

_reading = threading.local()  # .blocks and .arrays of the message that this thread reads


class Blocks:
    """The blocks of a worker as the main process has them."""

    def __init__(self):
        self.mappings = {}
        self.freed: collections.deque = collections.deque()  # appended to by finalizers

    def take_freed(self):
        """The numbers for the worker's `give_back`."""
        numbers = []
        while self.freed:
            numbers.append(self.freed.popleft())
        return numbers

    def receive(self, connection):
        """The next message of the worker, still as bytes: for `read`."""
        message = connection.recv_bytes()
        made, forgotten = _COUNTS.unpack_from(message)
        count = 2 * made + forgotten
        numbers = struct.unpack_from(f"<{count}q", message, _COUNTS.size)
        for number, size in zip(numbers[: 2 * made : 2], numbers[1 : 2 * made : 2], strict=True):
            descriptor = recv_handle(connection)
            try:
                self.mappings[number] = Mapping(descriptor, size)
            finally:
                os.close(descriptor)
        for number in numbers[2 * made :]:
            self.mappings.pop(number, None)
        return memoryview(message)[_COUNTS.size + 8 * count :]

    def read(self, message):
        """The object of a message."""
        _reading.blocks, _reading.arrays = self, {}
        try:
            return pickle.loads(message)
        finally:
            del _reading.blocks, _reading.arrays


def _open(number, nbytes, code, shape, strides, offset):
    """The array that `_Writer.place` described."""
    dtype = ALL[code].numpy
    if strides is None:
        array = _core.empty_array(shape, dtype)
        if array.size:
            array.reshape(-1).view(np.uint8)[...] = np.frombuffer(number, np.uint8)
        return array
    whole = _reading.arrays.get(number)
    if whole is None:
        lease = _Lease(_reading.blocks.mappings[number], number, _reading.blocks.freed)
        first = np.ndarray(shape, dtype, buffer=lease) if offset == 0 else None
        if first is not None and first.nbytes == nbytes and first.strides == strides:
            whole = _reading.arrays[number] = first
            return first
        whole = _reading.arrays[number] = np.ndarray((nbytes // dtype.itemsize,), dtype, buffer=lease)
    return shared.view_of(whole, dtype, shape, strides, offset)


def _tensor(cls, number, nbytes, code, shape, strides, offset, requires_grad):
    array = _open(number, nbytes, code, shape, strides, offset)
    t = _core.TensorBase.__new__(cls)
    _core.init_tensor(t, array, requires_grad)
    if strides is not None:
        first = _reading.arrays.setdefault(("tensor", number), t)
        if first is not t:
            _core.share_version(t, first)
    return t
