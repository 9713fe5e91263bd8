"""The format of 0.2 to 1.5: pickles one after another, then the storages.

The pickles: a magic number, the protocol version, the sizes of the machine's ints, the object, the keys of the storages
in order. Each storage: the number of elements as int64, then the elements, which PyTorch has always written
little-endian, on big-endian machines too (before 1.6 with the number in their own order).
"""

import inspect
import pickle
import struct
import sys

import numpy as np

from .. import _core
from ..memory_format import is_dense
from ..storage import ByteStorage
from ..tensor import storage_array
from . import options
from .files import damaged, write_all
from .locations import location_tag
from .pickling import Collector, pickled
from .rebuild import refused, shown
from .records import swap
from .scanning import scan
from .unpickler import Machine, SafeRules

MAGIC_NUMBER = 0x1950A86A20F9469CFC6C
PROTOCOL_VERSION = 1001
SHORT_SIZE, INT_SIZE, LONG_SIZE = 2, 4, 4
_SYSTEM = dict(
    protocol_version=PROTOCOL_VERSION,
    little_endian=sys.byteorder == "little",
    type_sizes=dict(short=SHORT_SIZE, int=INT_SIZE, long=LONG_SIZE),
)


class _Collector(Collector):
    """Also notes the source of modules, which load compares with that of the class it finds."""

    bytes_type = ByteStorage  # PyTorch cannot read untyped ones in this format

    def __init__(self):
        super().__init__(extra=(None,))
        self.classes = set()

    def restart(self):
        super().restart()
        self.classes.clear()

    def pid_of_storage(self, storage):
        """A part of the memory of a tensor, or of another storage, is saved as such: they share it when loaded."""
        array = storage.cpu().array
        owner = storage_array(_core.make(array))
        size = array.dtype.itemsize
        offset = array.ctypes.data - owner.ctypes.data
        if owner.nbytes == array.nbytes or not array.nbytes or not is_dense(owner) or offset % size:
            return super().pid_of_storage(storage)
        whole = self.storage(owner, storage.dtype, location_tag(storage))
        if whole.dtype is not storage.dtype:
            return super().pid_of_storage(storage)
        part = f"{whole.key}:{offset // size}:{len(storage)}", offset // size, len(storage)
        return (*whole.pid, part)

    def container(self, cls):
        module = sys.modules.get("flambeau.nn.module")
        if module is None or cls in self.classes or not issubclass(cls, module.Module):
            return None
        self.classes.add(cls)
        source = source_of(cls)
        return None if source is None else ("module", cls, *source)


def source_of(cls):
    """(file, text) of the definition of a user's class; None for one of this library, or when it is not found."""
    if cls.__module__.partition(".")[0] == "flambeau":
        return None
    try:
        return inspect.getsourcefile(cls), "".join(inspect.getsourcelines(cls)[0])
    except (OSError, TypeError, IndexError):
        return None


def write(file, obj, pickle_module, protocol):
    """Writes an object to a file object."""
    collector = _Collector()
    text = pickled(obj, collector, pickle_module, protocol)
    storages = sorted(collector.storages, key=lambda storage: storage.key)
    for header in (MAGIC_NUMBER, PROTOCOL_VERSION, _SYSTEM):
        write_all(file, pickle.dumps(header, protocol))
    write_all(file, text)
    write_all(file, pickle.dumps([storage.key for storage in storages], protocol))
    for storage in storages:
        write_all(file, struct.pack("<q", storage.numel))
        memory = storage.memory
        if sys.byteorder == "big":
            memory = memory.copy()
            swap(memory, storage.dtype)
        write_all(file, memory)


def plain(source, offset):
    """plain(source, offset) -> (object of numbers, strings and containers, offset of the end of its pickle)."""
    machine = Machine(source, offset, SafeRules({}, {}, {}, {}, _no_storage, lambda n: None, _no_storage))
    return machine.load(), machine.end


def _no_storage(*arguments):
    raise refused("a storage where there can be none")


def is_sequence(source):
    """Whether the source begins as this format does."""
    try:
        return plain(source, 0)[0] == MAGIC_NUMBER
    except (pickle.UnpicklingError, RuntimeError):
        return False


class SequenceRecords:
    """The pickle (`text`) and the storages of a file of this format; `end`: the offset after the last."""

    byteorder = sys.byteorder

    def __init__(self, source, encoding):
        self.source = source
        _, offset = plain(source, 0)
        version, offset = plain(source, offset)
        if version != PROTOCOL_VERSION:
            raise RuntimeError(f"Invalid protocol version: {shown(version)}")
        _, offset = plain(source, offset)
        self.object, self.rules, end = scan(source, offset, encoding)
        self.text = source.read(offset, end - offset)
        keys, offset = plain(source, end)
        if not isinstance(keys, list) or not all(type(key) is str for key in keys):
            raise damaged(source.name, "it has no list of storages")
        self.places = {}
        self.end = self._index(keys, offset)

    def _index(self, keys, offset):
        for key in keys:
            found = self.rules.storages.get(key)
            if found is None:
                raise damaged(self.source.name, f"nothing refers to the storage {key:.40}")
            raw = self.source.read(offset, 8)
            if found.numel not in (struct.unpack("<q", raw)[0], struct.unpack(">q", raw)[0]):
                raise damaged(self.source.name, f"the storage {key} has another size than was said")
            self.places[key] = offset + 8
            offset += 8 + found.nbytes
            if offset > self.source.size:
                raise self.source.truncated()
        return offset

    def array(self, wanted):
        """The bytes of a storage."""
        found = self.rules.storages.get(wanted.key)
        if wanted.key not in self.places or found is None or found.nbytes != wanted.nbytes:
            raise damaged(self.source.name, f"the storage {wanted.key:.40} is missing")
        memory = _core.empty_array((wanted.nbytes,), np.dtype(np.uint8))
        self.source.read_into(self.places[wanted.key], memory)
        if options.load_byteorder() != sys.byteorder:
            swap(memory, wanted.dtype)
        return memory
