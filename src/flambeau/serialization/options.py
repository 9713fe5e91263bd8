"""What is set for all of the process: checksums, byte order of files that do not tell it, mapping of files."""

import enum
import mmap as _mmap
import sys

MAP_PRIVATE = getattr(_mmap, "MAP_PRIVATE", 2)
MAP_SHARED = getattr(_mmap, "MAP_SHARED", 1)


class LoadEndianness(enum.Enum):
    """The byte order of files that do not tell theirs."""

    NATIVE = 1
    LITTLE = 2
    BIG = 3


_settings: dict = {"crc32": True, "endianness": None, "mmap": MAP_PRIVATE}


def get_crc32_options():
    """get_crc32_options() -> bool: whether save computes a checksum of each record."""
    return _settings["crc32"]


def set_crc32_options(compute_crc32):
    """set_crc32_options(bool): False makes save leave out the checksums: faster, but damage goes unnoticed."""
    _settings["crc32"] = bool(compute_crc32)


def get_default_load_endianness():
    """get_default_load_endianness() -> LoadEndianness, or None when none was set: then little."""
    return _settings["endianness"]


def set_default_load_endianness(endianness):
    """set_default_load_endianness(LoadEndianness or None): the byte order of files that do not tell theirs."""
    if endianness is not None and not isinstance(endianness, LoadEndianness):
        raise TypeError("Invalid argument type in function set_default_load_endianness")
    _settings["endianness"] = endianness


def load_byteorder(default="little"):
    """The byte order, "little" or "big", of a file that does not tell it."""
    if _settings["endianness"] is None:
        return default
    names = {LoadEndianness.LITTLE: "little", LoadEndianness.BIG: "big"}
    return names.get(_settings["endianness"], sys.byteorder)


def get_default_mmap_options():
    """get_default_mmap_options() -> int: MAP_PRIVATE or MAP_SHARED."""
    return _settings["mmap"]


class set_default_mmap_options:
    """set_default_mmap_options(flags), or `with set_default_mmap_options(flags):`

    MAP_PRIVATE (the default): what load(mmap=True) returns can be changed without changing the file; MAP_SHARED:
    changes go to the file.
    """

    def __init__(self, flags):
        if flags not in (MAP_PRIVATE, MAP_SHARED):
            raise ValueError(f"Invalid argument in function set_default_mmap_options, got {flags}")
        self.previous = _settings["mmap"]
        _settings["mmap"] = flags

    def __enter__(self):
        return self

    def __exit__(self, *error):
        _settings["mmap"] = self.previous


def is_shared_mmap():
    """Whether changes of mapped tensors go to the file."""
    return _settings["mmap"] == MAP_SHARED
