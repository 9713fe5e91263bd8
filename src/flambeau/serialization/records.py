"""The storages of a file: from persistent ids to storages, each read once, when first asked for."""

import sys

import numpy as np

from .. import _core
from ..dtype import uint8
from ..storage import StorageType
from .rebuild import refused, shown


class StorageId:
    """What a file says of a storage: key, dtype, number of elements, location; view: (key, offset, size) of a part."""

    def __init__(self, pid):
        if not isinstance(pid, tuple) or len(pid) not in (5, 6) or pid[0] != "storage":
            raise refused(f"unknown persistent id {shown(pid)}")
        _, cls, self.key, self.location, self.numel, *view = pid
        if not isinstance(cls, StorageType):
            raise refused(f"a storage of the class {shown(cls)}")
        self.cls, self.dtype = cls, cls._dtype or uint8
        self.view = view[0] if view else None
        if type(self.key) is not str or type(self.location) is not str or not _count(self.numel):
            raise refused(f"unknown persistent id {shown(pid)}")
        if self.view is not None:
            if not isinstance(self.view, tuple) or len(self.view) != 3 or type(self.view[0]) is not str:
                raise refused(f"unknown persistent id {shown(pid)}")
            if not (_count(self.view[1]) and _count(self.view[2]) and sum(self.view[1:]) <= self.numel):
                raise refused(f"a view outside of the storage {self.key}")
        self.nbytes = self.numel * self.dtype.itemsize


def _count(n):
    return isinstance(n, int) and 0 <= n < 2**62


class Storages:
    """The function from persistent ids to storages, moved to where `restore(storage, location)` puts them.

    records: `array(id) -> uint8 array` of the bytes of a storage, and `byteorder`.
    """

    def __init__(self, records, restore):
        self.records, self.restore, self.loaded = records, restore, {}

    def __call__(self, pid):
        wanted = StorageId(pid)
        storage = self.loaded.get(wanted.key)
        if storage is None:
            storage = self.loaded[wanted.key] = self.restore(self._read(wanted), wanted.location)
        elif storage.dtype is not wanted.dtype and wanted.dtype is not uint8:
            storage = wanted.cls(storage.array, wanted.dtype)
        if wanted.view is None:
            return storage
        key, offset, size = wanted.view
        if key not in self.loaded:
            self.loaded[key] = storage[offset : offset + size]
        return self.loaded[key]

    def _read(self, wanted):
        raw = self.records.array(wanted)
        if raw.nbytes != wanted.nbytes:
            raise refused(f"the storage {wanted.key} has {raw.nbytes} bytes instead of {wanted.nbytes}")
        if raw.ctypes.data % wanted.dtype.itemsize:
            raw = _core.copy_of(raw)
        if self.records.byteorder != sys.byteorder:
            swap(raw, wanted.dtype)
        return wanted.cls(raw, wanted.dtype)


def swap(raw, dtype):
    """Turns the bytes of each number in a uint8 array around; in place."""
    size = dtype.itemsize // 2 if dtype.is_complex else dtype.itemsize
    if size > 1:
        words = raw.reshape(-1, size)
        words[...] = np.ascontiguousarray(words[:, ::-1])
