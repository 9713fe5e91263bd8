"""The format of 0.1: a tar archive of `storages`, `tensors` and `pickle`, which refers to them by number."""

import struct
import sys
import tarfile

import numpy as np

from .. import _core
from ..storage import Storage, StorageType
from .files import damaged
from .names import CONSTANTS
from .rebuild import refused
from .records import swap
from .unpickler import Machine, SafeRules

_MOST_DIMENSIONS = 64


class _Part:
    """A part of a source, as a source."""

    def __init__(self, source, offset, size):
        source.check(offset, size)
        self.source, self.offset, self.size, self.name = source, offset, size, source.name

    def check(self, offset, count):
        if offset < 0 or count < 0 or offset + count > self.size:
            raise self.truncated()

    def read(self, offset, count):
        self.check(offset, count)
        return self.source.read(self.offset + offset, count)

    def read_into(self, offset, memory):
        self.check(offset, len(memory))
        self.source.read_into(self.offset + offset, memory)

    def truncated(self):
        return self.source.truncated()


def is_tar(source):
    """Whether the source is a tar archive."""
    return source.size >= 1024 and source.read(257, 5) == b"ustar"


def parts(source):
    """parts(source) -> {name: part of the source} of the three members of an archive."""
    found = {}
    try:
        source.file.seek(source.start)
        with tarfile.open(fileobj=source.file, mode="r:") as archive:
            for member in archive:
                if member.name in ("storages", "tensors", "pickle") and member.isreg() and not member.issparse():
                    found[member.name] = _Part(source, member.offset_data - source.start, member.size)
    except (tarfile.TarError, ValueError, EOFError, OverflowError, IndexError, KeyError) as error:
        raise damaged(source.name, error) from error
    if len(found) < 3:
        raise damaged(source.name, "it is a tar archive without the parts of a saved object")
    return found


class TarObjects:
    """The storages and tensors of an archive, by number.

    restore(storage, location) -> where it goes; rebuilder: makes the tensors.
    """

    def __init__(self, source, restore, rebuilder):
        found = parts(source)
        self.restore, self.rebuilder, self.objects = restore, rebuilder, {}
        self.storages, self.tensors, self.pickle = found["storages"], found["tensors"], found["pickle"]
        self._read_storages()
        self._read_tensors()

    def _next(self, part, offset):
        machine = Machine(part, offset, SafeRules(CONSTANTS, {}, {}, {}, _none, lambda n: None, _none))
        return machine.load(), machine.end

    def _counted(self, part, length):
        """The tuples of a part, one after another, each with the offset of what follows it; `send` back its end."""
        count, offset = self._next(part, 0)
        if type(count) is not int:
            raise damaged(part.name, "it does not say how many storages and tensors it has")
        for _ in range(count):
            described, offset = self._next(part, offset)
            if not isinstance(described, tuple) or len(described) != length or type(described[0]) is not int:
                raise damaged(part.name, "the description of a storage or tensor is of an unknown form")
            offset = yield described, offset
        yield None, offset

    def _read_storages(self):
        items = self._counted(self.storages, 3)
        described, offset = next(items)
        while described is not None:
            key, location, cls = described
            if not isinstance(cls, StorageType) or cls._dtype is None or type(location) is not str:
                raise damaged(self.storages.name, "a storage is of an unknown type")
            storage, end = self._storage(offset, cls)
            self.objects[key] = self.restore(storage, location)
            described, offset = items.send(end)
        self._read_views(offset)

    def _storage(self, offset, cls):
        dtype = cls._dtype
        raw = self.storages.read(offset, 8)
        order = "little"
        count, left = struct.unpack("<q", raw)[0], self.storages.size - offset - 8
        if not 0 <= count * dtype.itemsize <= left:  # the first versions wrote as their machine counts
            order, count = "big", struct.unpack(">q", raw)[0]
        if not 0 <= count * dtype.itemsize <= left:
            raise self.storages.truncated()
        memory = _core.empty_array((count * dtype.itemsize,), np.dtype(np.uint8))
        self.storages.read_into(offset + 8, memory)
        if order != sys.byteorder:
            swap(memory, dtype)
        return cls(memory, dtype), offset + 8 + memory.nbytes

    def _read_views(self, offset):
        """Storages that are parts of others: (number, number of the whole, offset, size)."""
        if offset >= self.storages.size:
            return
        views, _ = self._next(self.storages, offset)
        for view in views:
            number, root, start, size = view
            whole = self.objects.get(root) if type(root) is int else None
            if not isinstance(whole, Storage) or not all(type(n) is int and n >= 0 for n in (number, start, size)):
                raise refused("a view of a storage that is not there")
            if start + size > len(whole):
                raise refused("a view outside of its storage")
            self.objects[number] = whole[start : start + size]

    def _read_tensors(self):
        items = self._counted(self.tensors, 3)
        described, offset = next(items)
        while described is not None:
            key, number, _ = described
            geometry, end = self._geometry(offset)
            storage = self.objects.get(number) if type(number) is int else None
            self.objects[key] = self.rebuilder.tensor(storage, *geometry)
            described, offset = items.send(end)

    def _geometry(self, offset):
        """((storage offset, size, stride), offset of the end) of a tensor."""
        raw = self.tensors.read(offset, 8)
        dims, order = struct.unpack("<i", raw[:4])[0], "<"
        if not 0 <= dims <= _MOST_DIMENSIONS or (dims == 0 and raw[4:] != bytes(4)):
            dims, order = struct.unpack(">q", raw)[0], ">"
        if not 0 <= dims <= _MOST_DIMENSIONS:
            raise damaged(self.tensors.name, f"a tensor has {dims} dimensions")
        count = 2 * dims + 1
        numbers = struct.unpack(f"{order}{count}q", self.tensors.read(offset + 8, 8 * count))
        return (numbers[-1], numbers[:dims], numbers[dims:-1]), offset + 8 + 8 * count

    def persistent(self, pid):
        """The storage or tensor with a number, or the class that a tuple begins with."""
        if isinstance(pid, tuple) and pid:
            return pid[0]
        number = int(pid)
        if number not in self.objects:
            raise refused(f"nothing has the number {number}")
        return self.objects[number]


def _none(*arguments):
    raise refused("the description of a storage or tensor is of an unknown form")
