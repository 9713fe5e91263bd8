"""PyTorch's format since 1.6: a zip archive of `data.pkl`, one record for each storage, and what describes them."""

import sys

from .._core.native import crc32
from . import options
from .archive import ALIGNMENT, ArchiveReader, ArchiveWriter, pages_of
from .files import damaged
from .pickling import Collector, pickled

_FOLDER = "archive"
_VERSION = b"3\n"


def write(file, obj, pickle_module, protocol, byteorder=True):
    """Writes an object to a file object. byteorder=False leaves out the record of the byte order."""
    collector = Collector()
    text = pickled(obj, collector, pickle_module, protocol)
    checked = options.get_crc32_options()
    archive, digest = ArchiveWriter(file), crc32(text)

    def add(name, data):
        archive.add(f"{_FOLDER}/{name}", data, checked)

    add("data.pkl", text)
    add(".format_version", b"1")
    add(".storage_alignment", b"%d" % ALIGNMENT)
    if byteorder:
        add("byteorder", sys.byteorder.encode())
    for storage in collector.storages:
        add(f"data/{storage.key}", storage.memory)
        digest = crc32(storage.key.encode(), digest)
    add("version", _VERSION)
    add(".data/serialization_id", b"%040d" % digest)
    archive.close()


class ZipRecords:
    """The pickle (`text`) and the storages of an archive; pages: the mapped file, to use in place."""

    def __init__(self, source, mmap=False):
        self.archive = ArchiveReader(source)
        names = [n for n in self.archive.entries if n == "data.pkl" or n.endswith("/data.pkl")]
        if not names:
            raise RuntimeError(f"load: {source.name} is a zip archive, but not one written by save: no data.pkl")
        self.folder = min(names, key=len)[: -len("data.pkl")]
        if f"{self.folder}constants.pkl" in self.archive.entries:
            raise RuntimeError(f"load: {source.name} is a TorchScript archive, which is not supported")
        self.pages = pages_of(source, options.is_shared_mmap()) if mmap else None
        self.text = self.archive.read(f"{self.folder}data.pkl")
        self.byteorder = self._byteorder()

    def _byteorder(self):
        name = f"{self.folder}byteorder"
        if name not in self.archive.entries:
            return options.load_byteorder()
        found = self.archive.read(name).decode("ascii", "replace")
        if found not in ("little", "big"):
            raise damaged(self.archive.source.name, f"unknown byte order {found!r}")
        return found

    def array(self, wanted):
        """The bytes of a storage."""
        name = f"{self.folder}data/{wanted.key}"
        if self.archive.size(name) != wanted.nbytes:
            raise damaged(
                self.archive.source.name,
                f"the record {name} has {self.archive.size(name)} bytes instead of {wanted.nbytes}",
            )
        if self.pages is not None:
            return self.archive.mapped(name, self.pages)
        return self.archive.array(name)
