"""The checksum of zip archives, for every instruction set, against zlib's."""

import ctypes
import errno
import os
import zlib

import numpy as np
import pytest


def crc32(fb, data, value=0):
    fb.c.fb_crc32.restype = ctypes.c_uint32
    memory = np.frombuffer(data, np.uint8)
    pointer = ctypes.c_void_p(memory.ctypes.data)
    return fb.c.fb_crc32(ctypes.c_uint32(value), pointer, ctypes.c_int64(len(data)))


def test_known_value(fb):
    assert crc32(fb, b"123456789") == 0xCBF43926  # the check value of the catalogues of CRCs
    assert crc32(fb, b"") == 0


@pytest.mark.parametrize("offset", [0, 1, 7])
def test_every_length(fb, offset):
    data = np.random.default_rng(offset).bytes(600)
    for n in range(len(data) - offset):
        part = data[offset : offset + n]
        assert crc32(fb, part) == zlib.crc32(part), n


def test_in_parts(fb):
    data = np.random.default_rng(1).bytes(100_003)
    value = 0
    for at in range(0, len(data), 4_099):
        value = crc32(fb, data[at : at + 4_099], value)
    assert value == zlib.crc32(data) == crc32(fb, data)


@pytest.mark.skipif(not hasattr(os, "pread"), reason="there is no reading at offsets on Windows")
@pytest.mark.parametrize("size", [0, 1, 1000, 1 << 20, (1 << 20) + 1, 5_000_000])
def test_reading_files(fb, tmp_path, size):
    content = np.random.default_rng(size).bytes(size + 10)
    (tmp_path / "file").write_bytes(content)
    memory, crc = np.zeros(size, np.uint8), ctypes.c_uint32()
    with open(tmp_path / "file", "rb") as file:
        descriptor = file.fileno()

        def read(offset):
            place = ctypes.c_void_p(memory.ctypes.data)
            n = ctypes.c_int64(size)
            return fb.c.fb_read(descriptor, ctypes.c_int64(offset), place, n, ctypes.byref(crc))

        assert read(7) == 0
        assert memory.tobytes() == content[7:-3] and crc.value == zlib.crc32(content[7:-3])
        assert read(11) == (0 if size == 0 else -1)
    if size:
        assert read(0) == errno.EBADF
