"""Zip archives of records that are not compressed: a writer that aligns them, and a reader that trusts nothing.

The format: PKWARE's APPNOTE 6.3. Python's `zipfile` reads the directory; records are read straight into arrays.
"""

import mmap
import struct
import zipfile

import numpy as np

from .. import _core
from .._core.native import crc32
from .files import BLOCK, damaged, write_all

ALIGNMENT = 64
LIMIT = _ELSEWHERE = 0xFFFFFFFF  # sizes and offsets from here on are 64-bit numbers in an extra field
_MANY = _MANY_ELSEWHERE = 0xFFFF
_PADDING = 0x4246  # the id of the extra field with which PyTorch pads ("FB")
_CRC_FOLLOWS = 8  # the flag of a record whose checksum comes after it
_DATE = 1 << 5 | 1  # 1 January 1980: equal objects make equal files
_LOCAL = struct.Struct("<4s5H3I2H")
_CENTRAL = struct.Struct("<4s6H3I5H2I")
_END = struct.Struct("<4s4H2IH")
_END64 = struct.Struct("<4sQ2H2I4Q")
_LOCATOR = struct.Struct("<4sIQI")


class ArchiveWriter:
    """Writes records one after another to a file object, which need not seek; `close` writes the directory."""

    def __init__(self, file):
        self.file, self.position, self.directory = file, 0, []

    def _write(self, data):
        write_all(self.file, data)
        self.position += memoryview(data).nbytes

    def add(self, name, data, checked=True):
        """Appends a record; its bytes begin at a multiple of 64. checked=False writes no checksum."""
        name, size, start = name.encode(), memoryview(data).nbytes, self.position
        flags = _CRC_FOLLOWS if checked and size > BLOCK else 0
        crc = crc32(data) if checked and not flags else 0
        self._header(name, size, flags, crc)
        if flags:
            octets = memoryview(data).cast("B")
            for at in range(0, size, BLOCK):  # the bytes are still in the cache when they are written
                block = octets[at : at + BLOCK]
                crc = crc32(block, crc)
                self._write(block)
            self._write(struct.pack("<4sI2Q" if size >= LIMIT else "<4s3I", b"PK\7\x08", crc, size, size))
        else:
            self._write(data)
        self.directory.append((name, crc, size, start, flags))

    def _header(self, name, size, flags, crc):
        """Writes what is before the bytes of a record."""
        version, extra, short = 20, b"", 0 if flags else size
        if size >= LIMIT:
            version, extra, short = 45, struct.pack("<2H2Q", 1, 16, size, size), _ELSEWHERE
        start = self.position + _LOCAL.size + len(name) + len(extra) + 4
        extra += struct.pack("<2H", _PADDING, -start % ALIGNMENT) + bytes(-start % ALIGNMENT)
        fields = version, flags, 0, 0, _DATE, crc, short, short, len(name), len(extra)
        self._write(_LOCAL.pack(b"PK\3\4", *fields) + name + extra)

    def close(self):
        """Writes the directory, without which there is no archive."""
        start = self.position
        for name, crc, size, offset, flags in self.directory:
            wide = [n for n in (size, size, offset) if n >= LIMIT]
            extra = struct.pack(f"<2H{len(wide)}Q", 1, 8 * len(wide), *wide) if wide else b""
            version, size, offset = 45 if wide else 20, _short(size), _short(offset)
            self._write(
                _CENTRAL.pack(b"PK\1\2", version, version, flags, 0, 0, _DATE, crc, size, size, len(name), len(extra),
                              0, 0, 0, 0, offset) + name + extra
            )  # fmt: skip
        count, length = len(self.directory), self.position - start
        if count >= _MANY or start >= LIMIT or length >= LIMIT:
            end = self.position
            self._write(_END64.pack(b"PK\6\6", _END64.size - 12, 45, 45, 0, 0, count, count, length, start))
            self._write(_LOCATOR.pack(b"PK\6\7", 0, end, 1))
        count = count if count < _MANY else _MANY_ELSEWHERE
        self._write(_END.pack(b"PK\5\6", 0, 0, count, count, _short(length), _short(start), 0))


def _short(number):
    """The 32-bit field for a number, which may say that it is elsewhere."""
    return number if number < LIMIT else _ELSEWHERE


class ArchiveReader:
    """The records of an archive by name. Raises RuntimeError for what is no intact archive."""

    def __init__(self, source):
        self.source = source
        try:
            with zipfile.ZipFile(source.file) as archive:
                self.entries = archive.NameToInfo
        except (zipfile.BadZipFile, struct.error, ValueError, IndexError, OverflowError, EOFError,
                NotImplementedError) as error:  # fmt: skip
            raise damaged(source.name, error) from error
        # Records that lie over each other would make a small file large.
        if sum(e.compress_size for e in self.entries.values()) > source.size:
            raise damaged(source.name, "its records are larger than the file")

    def size(self, name):
        """size(name) -> bytes of a record."""
        return self._entry(name).file_size

    def _entry(self, name):
        entry = self.entries.get(name)
        if entry is None:
            raise damaged(self.source.name, f"the record {name} is missing")
        return entry

    def start(self, name):
        """start(name) -> where the bytes of a record begin in the source."""
        entry = self._entry(name)
        if entry.compress_type or entry.flag_bits & 1 or entry.compress_size != entry.file_size:
            raise RuntimeError(
                f"load: {self.source.name}: the record {name} is compressed or encrypted; store it as it is (zip -0)"
            )
        offset = entry.header_offset - self.source.start
        header = self.source.read(offset, _LOCAL.size)
        if header[:4] != b"PK\3\4":
            raise damaged(self.source.name, f"the record {name} has no header")
        return offset + _LOCAL.size + sum(struct.unpack("<2H", header[26:]))

    def read(self, name):
        """read(name) -> the bytes of a record, checked."""
        return self.array(name).tobytes()

    def array(self, name):
        """array(name) -> uint8 array in memory of its own with the bytes of a record, checked."""
        entry, start = self._entry(name), self.start(name)
        self.source.check(start, entry.file_size)
        memory = _core.empty_array((entry.file_size,), np.dtype(np.uint8))
        # PyTorch writes the checksum 0 where it was told to compute none (set_crc32_options).
        if self.source.read_into(start, memory) != entry.CRC and entry.CRC:
            raise damaged(self.source.name, f"the checksum (CRC-32) of the record {name} is wrong")
        return memory

    def mapped(self, name, pages):
        """mapped(name, mmap) -> uint8 array over the pages of the file; not checked."""
        start, size = self.start(name), self.size(name)
        self.source.check(start, size)
        return np.frombuffer(pages, np.uint8, size, start)


def pages_of(source, shared):
    """The pages of a file: private copies when written to, unless shared."""
    if source.size == 0:
        raise source.truncated()
    if not shared:
        return mmap.mmap(source.file.fileno(), 0, access=mmap.ACCESS_COPY)
    with open(source.name, "r+b") as file:
        return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_WRITE)
