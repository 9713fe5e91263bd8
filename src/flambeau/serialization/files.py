"""Files: opening what `save` and `load` are given, atomic replacement, reading at offsets."""

import contextlib
import errno
import io
import os
import stat
import uuid

import numpy as np

from .._core import native

BLOCK = 1 << 20  # bytes that are read and checked at a time: they stay in the cache


class Source:
    """Random access to an open binary file, from its current position to its end; `size` is in bytes.

    descriptor: the system's number of the file, where its bytes are those that the system reads.
    """

    def __init__(self, file, name, descriptor=None):
        self.file, self.name, self.descriptor = file, name, descriptor
        self.start = file.tell()
        self.size = file.seek(0, os.SEEK_END) - self.start
        self._read_into = getattr(file, "readinto", None)
        file.seek(self.start)

    def read(self, offset, count):
        """read(offset, count) -> bytes; RuntimeError when the file ends before."""
        self.check(offset, count)
        self.file.seek(self.start + offset)
        found = self.file.read(count)
        while len(found) < count:  # an unbuffered file may give less than was asked for
            more = self.file.read(count - len(found))
            if not more:
                raise self.truncated()
            found += more
        return found

    def read_into(self, offset, memory):
        """Fills a uint8 array with the bytes from offset on, and gives their CRC-32."""
        self.check(offset, len(memory))
        if self.descriptor is not None and os.name == "posix":
            try:
                return native.read_into(self.descriptor, self.start + offset, memory)
            except EOFError:
                raise self.truncated() from None
        self.file.seek(self.start + offset)
        position = checksum = 0
        while position < len(memory):
            block = memory[position : position + BLOCK]
            if self._read_into is None:
                found = np.frombuffer(self.file.read(len(block)), np.uint8)
                count = len(found)
                block[:count] = found
            else:
                count = self._read_into(block.data)
            if not count:
                raise self.truncated()
            checksum = native.crc32(block[:count], checksum)
            position += count
        return checksum

    def check(self, offset, count):
        """RuntimeError unless `count` bytes begin at the offset."""
        if offset < 0 or count < 0 or offset + count > self.size:
            raise self.truncated()

    def truncated(self):
        """The error for a file that ends too early."""
        return damaged(self.name, "it ends early")


def damaged(name, detail):
    """The error for a file whose content is not what its format says."""
    return RuntimeError(f"load: {name} is truncated, damaged, or not a file written by save ({detail})")


def is_path(f):
    """Whether f names a file; otherwise it has to be a file object."""
    return isinstance(f, (str, bytes, os.PathLike))


@contextlib.contextmanager
def opened(f):
    """The Source of a path or of a file object; one that cannot seek is read into memory."""
    if is_path(f):
        with open(f, "rb", buffering=0) as file:
            yield Source(file, os.fsdecode(f), file.fileno())
        return
    if not hasattr(f, "read"):
        raise TypeError(f"load: expected a path or a file object open for reading, got {type(f).__name__}")
    seekable = hasattr(f, "seek") and hasattr(f, "tell") and getattr(f, "seekable", lambda: True)()
    if isinstance(f, io.TextIOBase):
        raise TypeError("load: the file object gives text; open it in binary mode ('rb')")
    yield Source(f if seekable else io.BytesIO(f.read()), "the file object")


def write_all(file, data):
    """Writes all of a buffer; an unbuffered file may take a part of it at a time."""
    left = memoryview(data).cast("B")
    while left.nbytes:
        written = file.write(left)
        if written is None or written == left.nbytes:
            return
        left = left[written:]


@contextlib.contextmanager
def writing(f, zipped=True):
    """The file object to write to for a path or a file object; a path is replaced when all was written. A folder that
    does not exist is a RuntimeError; a FileNotFoundError for a file that is not `zipped`, as in PyTorch."""
    if is_path(f):
        if not zipped and not os.path.isdir(os.path.dirname(os.path.realpath(f))):
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), os.fsdecode(f))
        with _replacing(os.fsdecode(f)) as file:
            yield file
        return
    if not hasattr(f, "write"):
        raise TypeError(f"save: expected a path or a file object open for writing, got {type(f).__name__}")
    yield f


@contextlib.contextmanager
def _replacing(path):
    """A file that takes the place of `path` when all was written; devices and pipes are written directly."""
    path = os.path.realpath(path)
    folder = os.path.dirname(path)
    if not os.path.isdir(folder):
        raise RuntimeError(f"Parent directory {folder} does not exist.")
    if os.path.exists(path) and not stat.S_ISREG(os.stat(path).st_mode):
        with open(path, "wb") as file:
            yield file
        return
    temporary = os.path.join(folder, f".{os.path.basename(path)}.{uuid.uuid4().hex}.tmp")
    try:
        with open(temporary, "xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        if os.path.exists(path):
            os.chmod(temporary, stat.S_IMODE(os.stat(path).st_mode))
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary)
        raise
