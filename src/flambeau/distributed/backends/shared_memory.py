"""Collectives between the processes of one machine through a piece of shared memory.

Each process has a slot of SLOT bytes there, twice, and a counter that tells the others how far it has come. A
collective is a number of rounds, each for as much as fits into the slots. In round k a process

    waits until all are done with round k - 2, whose slots (k mod 2) it takes,
    puts its data into its slot and sets its counter to 4k + 1,
    may put a result there, too, and then sets it to 4k + 2,
    sets it to 4k + 4 when it has read from the others what it needs.

A process that needs data of another waits for that one's counter only. The slots stay in the processors' caches:
that is why large tensors travel in chunks.
"""

import os
import struct
import tempfile

import numpy as np

from ..._core.counters import LINE, Counters
from ..._core.shared import Mapping
from ..errors import DistBackendError
from ..reduction import combine

SLOT = 1 << 20  # bytes
SMALL = 1 << 14  # bytes up to which every process reduces everything by itself: one wait less
FOLDER = "/dev/shm" if os.path.isdir("/dev/shm") else tempfile.gettempdir()
PLACED, REDUCED, DONE = 1, 2, 4
# what a process is doing: operation, dtype, elements, root; two of them fit beside its counter
_CALL = struct.Struct("16s16sqq")
_SPINS = 4000  # looks at a counter before sleeping: some tens of microseconds
_POLL = 0.1  # seconds between looks at whether a process that is waited for lives


def machine():
    """A text that is the same for processes that can open each other's files in FOLDER."""
    state = os.stat(FOLDER)
    try:
        with open("/proc/sys/kernel/random/boot_id") as file:
            host = file.read().strip()
    except OSError:
        host = os.uname().nodename
    return f"{host}-{state.st_dev}-{state.st_ino}-{os.getuid()}"


def bytes_for(size):
    """The size of the memory that a group of `size` processes shares."""
    return size * (LINE + 2 * SLOT)


def create(size):
    """create(size) -> (path, Mapping): a new file for a group. OSError when there is no room for it."""
    descriptor, path = tempfile.mkstemp(prefix="flambeau-", dir=FOLDER)
    try:
        if hasattr(os, "posix_fallocate"):  # now, as an error, rather than later by a signal
            os.posix_fallocate(descriptor, 0, bytes_for(size))
        else:
            os.ftruncate(descriptor, bytes_for(size))
        return path, Mapping(descriptor, bytes_for(size))
    except OSError:
        os.unlink(path)
        raise
    finally:
        os.close(descriptor)


def attach(path, size):
    """attach(path, size) -> Mapping of the file that another process created. OSError when it cannot be opened."""
    descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    try:
        return Mapping(descriptor, bytes_for(size))
    finally:
        os.close(descriptor)


class SharedMemory:
    """SharedMemory(mapping, rank, size, watch): the backend. watch.check(rank, operation) raises when a process is
    gone or the time is up, which watch.start() begins."""

    def __init__(self, mapping, rank, size, watch):
        self.rank, self.size = rank, size
        self.watch = watch
        crowded = size > (os.cpu_count() or 1)
        self.counters = Counters(mapping, size, 100 if crowded else _SPINS)
        memory = np.ndarray((mapping.size,), np.uint8, buffer=mapping)
        self.lines = [memory[q * LINE : (q + 1) * LINE] for q in range(size)]
        slots = memory[size * LINE :].reshape(2, size, SLOT)
        self.slots = [[slots[b, q] for q in range(size)] for b in range(2)]
        self.round = 0
        self.call = None  # what this process says it is doing, in the first round of a collective
        self.broken = None

    def set_timeout(self, seconds):
        """How long a collective waits for the others from now on."""
        self.watch.seconds = seconds

    def close(self):
        """A thread that still waits for others gets an error."""
        self.watch.ended = True

    # ---- rounds

    def _start(self, operation, array, root=-1, count=None):
        if self.broken is not None:
            raise DistBackendError(f"{operation}: the group cannot be used after an error: {self.broken}")
        self.watch.start()
        self.operation = operation
        dtype = array.dtype.name
        self.call = _CALL.pack(
            operation.encode(), dtype.encode(), array.size if count is None else count, root
        )

    def _begin(self):
        """The memory of all slots in this round."""
        if self.round >= 2:
            for q in range(self.size):
                self._wait(q, 4 * (self.round - 1))
        if self.call is not None:
            at = 16 + _CALL.size * (self.round % 2)
            self.lines[self.rank][at : at + _CALL.size] = np.frombuffer(self.call, np.uint8)
        return self.slots[self.round % 2]

    def _post(self, stage):
        self.counters.set(self.rank, 4 * self.round + stage)

    def _until(self, q, stage):
        self._wait(q, 4 * self.round + stage)
        if self.call is not None and stage == PLACED:
            at = 16 + _CALL.size * (self.round % 2)
            other = self.lines[q][at : at + _CALL.size].tobytes()
            if other != self.call:
                self._fail(f"rank {self.watch.name(q)} called {_shown(other)}, but this process, rank "
                           f"{self.watch.name(self.rank)}, {_shown(self.call)}")  # fmt: skip

    def _end(self):
        self.call = None
        self._post(DONE)
        self.round += 1

    def _fail(self, sentence):
        self.broken = sentence
        raise DistBackendError(sentence)

    def _wait(self, q, value):
        counters = self.counters
        try:
            while not counters.wait(q, value, _POLL):
                try:
                    self.watch.check(q, self.operation)
                except DistBackendError:
                    if counters.get(q) < value:  # else it came, and went
                        raise
        except BaseException as error:  # the slots are in no known state
            self.broken = f"{type(error).__name__}: {error}"
            raise

    # ---- collectives

    def all_reduce(self, array, op):
        self._start("all_reduce", array)
        if array.nbytes <= SMALL:
            self._all_reduce_small(array, op)
            return
        for chunk in _chunks(array, SLOT):
            self._all_reduce_chunk(chunk, op)

    def _all_reduce_small(self, array, op):
        slots = self._begin()
        own = slots[self.rank][: array.nbytes].view(array.dtype)
        own[:] = array
        self._post(PLACED)
        for q in range(self.size):
            self._until(q, PLACED)
        combine(op, [slots[q][: array.nbytes].view(array.dtype) for q in range(self.size)], array)
        self._end()

    def _all_reduce_chunk(self, chunk, op):
        """Each process reduces a part of the chunk and gives it to the others."""
        rank, bounds = self.rank, _bounds(chunk.size, self.size)
        slots = [slot[: chunk.nbytes].view(chunk.dtype) for slot in self._begin()]
        start, end = bounds[rank]
        slots[rank][:start] = chunk[:start]
        slots[rank][end:] = chunk[end:]
        self._post(PLACED)
        self._reduce_part(chunk, slots, op, start, end)
        chunk[start:end] = slots[rank][start:end]
        self._post(REDUCED)
        for q, (start, end) in self._others(bounds):
            self._until(q, REDUCED)
            chunk[start:end] = slots[q][start:end]
        self._end()

    def _reduce_part(self, chunk, slots, op, start, end):
        """slots[rank][start:end] = the elements of all processes, this one's from `chunk`, in the order of ranks."""
        for q in range(self.size):
            self._until(q, PLACED) if q != self.rank else None
        parts = [(chunk if q == self.rank else slots[q])[start:end] for q in range(self.size)]
        combine(op, parts, slots[self.rank][start:end])

    def _others(self, values):
        """(q, values[q]) of all ranks but this one, beginning after it, so that not all read from one at once."""
        return [(q, values[q]) for q in ((self.rank + i) % self.size for i in range(1, self.size))]

    def reduce(self, array, dst, op):
        self._start("reduce", array, dst)
        for chunk in _chunks(array, SLOT):
            slots = [slot[: chunk.nbytes].view(chunk.dtype) for slot in self._begin()]
            start, end = _bounds(chunk.size, self.size)[self.rank]
            slots[self.rank][:start] = chunk[:start]
            slots[self.rank][end:] = chunk[end:]
            self._post(PLACED)
            self._reduce_part(chunk, slots, op, start, end)
            self._post(REDUCED)
            if self.rank == dst:
                for q, (start, end) in enumerate(_bounds(chunk.size, self.size)):
                    self._until(q, REDUCED)
                    chunk[start:end] = slots[q][start:end]
            self._end()

    def broadcast(self, array, src):
        self._start("broadcast", array, src)
        for chunk in _chunks(array.view(np.uint8), SLOT):
            slot = self._begin()[src][: chunk.size]
            if self.rank == src:
                slot[:] = chunk
                self._post(PLACED)
            else:
                self._until(src, PLACED)
                chunk[:] = slot
            self._end()

    def all_gather(self, outs, array):
        self._start("all_gather", array, count=sum(out.size for out in outs))
        self._gather_all(outs, array)

    def _gather_all(self, outs, array):
        memories = [out.view(np.uint8) for out in outs]
        mine = array.view(np.uint8)
        for at in range(0, max([m.size for m in memories] + [1]), SLOT):
            slots = self._begin()
            piece = mine[at : at + SLOT]
            slots[self.rank][: piece.size] = piece
            self._post(PLACED)
            memories[self.rank][at : at + SLOT] = piece
            for q, memory in self._others(memories):
                self._until(q, PLACED)
                piece = memory[at : at + SLOT]
                piece[:] = slots[q][: piece.size]
            self._end()

    def gather(self, outs, array, dst):
        self._start("gather", array, dst)
        mine = array.view(np.uint8)
        for at in range(0, max(mine.size, 1), SLOT):
            slots = self._begin()
            piece = mine[at : at + SLOT]
            slots[self.rank][: piece.size] = piece
            self._post(PLACED)
            if self.rank == dst:
                for q, out in enumerate(outs):
                    self._until(q, PLACED)
                    out.view(np.uint8)[at : at + SLOT] = slots[q][: piece.size]
            self._end()

    def scatter(self, array, parts, src):
        self._start("scatter", array, src)
        mine, step = array.view(np.uint8), SLOT // self.size
        for at in range(0, max(mine.size, 1), step):
            slot = self._begin()[src]
            if self.rank == src:
                for q, part in enumerate(parts):
                    piece = part.view(np.uint8)[at : at + step]
                    slot[q * step : q * step + piece.size] = piece
                self._post(PLACED)
            else:
                self._until(src, PLACED)
            piece = mine[at : at + step]
            piece[:] = slot[self.rank * step : self.rank * step + piece.size]
            self._end()

    def reduce_scatter(self, out, parts, op):
        self._start("reduce_scatter", out)
        item = out.dtype.itemsize
        step = SLOT // self.size // item  # elements of each part in a round
        for at in range(0, max(out.size, 1), step):
            slots = [slot[: SLOT // item * item].view(out.dtype) for slot in self._begin()]
            for q, part in enumerate(parts):
                piece = part[at : at + step]
                slots[self.rank][q * step : q * step + piece.size] = piece
            self._post(PLACED)
            for q in range(self.size):
                self._until(q, PLACED)
            target = out[at : at + step]
            start = self.rank * step
            combine(op, [slot[start : start + target.size] for slot in slots], target)
            self._end()

    def all_to_all(self, outs, parts):
        sizes = np.array([part.nbytes for part in parts], np.int64)
        everyones = np.empty((self.size, self.size), np.int64)
        self._start("all_to_all", parts[0], count=-1)
        self._gather_all(list(everyones), sizes)
        self._check_sizes(outs, everyones[:, self.rank])
        step = SLOT // self.size
        for at in range(0, int(everyones.max()), step):
            slots = self._begin()
            for q, part in enumerate(parts):
                piece = part.view(np.uint8)[at : at + step]
                slots[self.rank][q * step : q * step + piece.size] = piece
            self._post(PLACED)
            for i in range(self.size):
                q = (self.rank + i) % self.size
                self._until(q, PLACED)
                piece = outs[q].view(np.uint8)[at : at + step]
                piece[:] = slots[q][self.rank * step : self.rank * step + piece.size]
            self._end()

    def _check_sizes(self, outs, sent):
        for q, out in enumerate(outs):
            if out.nbytes != sent[q]:
                self._fail(f"all_to_all: rank {self.watch.name(q)} sends {sent[q]} bytes to rank "
                           f"{self.watch.name(self.rank)}, whose output has {out.nbytes}")  # fmt: skip

    def barrier(self):
        self._start("barrier", np.empty(0, np.uint8))
        self._begin()
        self._post(PLACED)
        for q in range(self.size):
            self._until(q, PLACED)
        self._end()


def _chunks(array, size):
    """Consecutive parts of an array of up to `size` bytes; one part at least."""
    step = size // array.itemsize
    return [array[at : at + step] for at in range(0, max(array.size, 1), step)]


def _bounds(count, parts):
    """(start, end) of each of `parts` parts of `count` elements, as equal as can be in steps of a cache line."""
    step = -(-count // parts)
    step = -(-step // 64) * 64
    return [(min(q * step, count), min((q + 1) * step, count)) for q in range(parts)]


def _shown(call):
    operation, dtype, count, root = _CALL.unpack(call)
    name, dtype = operation.rstrip(b"\0").decode(), dtype.rstrip(b"\0").decode()
    of = "" if count < 0 else f" of {count} elements of {dtype}"
    return f"{name}{of}{'' if root < 0 else f' with root {root}'}"
