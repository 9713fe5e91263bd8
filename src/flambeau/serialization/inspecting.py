"""What is in a file: names, shapes, dtypes and sizes of its tensors, without reading them."""

import json
import os
import struct
from typing import Any, NamedTuple

from .convert import DTYPES
from .files import damaged, is_path, opened
from .loading import scanned
from .rebuild import shown
from .scanning import Opaque, TensorInfo

_HEADER_LIMIT = 100_000_000  # bytes of a safetensors header, as the format has it
_TABLES = ("_parameters", "_buffers", "_modules")


class Entry(NamedTuple):
    """A tensor in a file. nbytes: of its elements."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    nbytes: int
    kind: str = "Tensor"
    location: str = "cpu"


class Contents(NamedTuple):
    """What `inspect` finds: the format; the tensors; other values as (name, text); names of classes in the file."""

    format: str
    tensors: list[Entry]
    others: list[tuple[str, str]]
    classes: list[str]
    nbytes: int


def inspect(f):
    """inspect(f) -> Contents of a file of `save`, of PyTorch's, or of safetensors; nothing is loaded or run.

    f: a path, or a file object open for reading bytes. RuntimeError or pickle.UnpicklingError for a damaged file.
    """
    if is_path(f) and os.fsdecode(f).endswith(".safetensors"):
        with opened(f) as source:
            return _safetensors(source)
    with opened(f) as source:
        found, rules, format = scanned(source)
        tensors: list[Entry] = []
        others: list[tuple[str, str]] = []
        _walk(found, tensors, others)
        classes = list(dict.fromkeys(f"{m}.{n}" for m, n in rules.names if (m, n) not in rules.known))
        return Contents(format, tensors, others, classes, source.size)


def _walk(found, tensors, others):
    """Lists the tensors in nested containers under dotted names; each container once."""
    left, seen = [("", found)], set()
    while left:
        name, value = left.pop()
        if isinstance(value, TensorInfo):
            tensors.append(_entry(name or "tensor", value))
            continue
        parts = _parts(value)
        if parts is None:
            others.append((name or "value", _short(value)))
        elif id(value) not in seen:
            seen.add(id(value))
            prefix = f"{name}." if name else ""
            left.extend(reversed([(f"{prefix}{part}" if part else name, v) for part, v in parts]))


def _parts(value):
    """The (name, value) pairs of a container; None for what is none."""
    if isinstance(value, dict):
        return [(_short(key) if not isinstance(key, str) else key, v) for key, v in value.items()]
    if isinstance(value, (list, tuple)):
        return [(str(i), v) for i, v in enumerate(value)]
    if not isinstance(value, Opaque):
        return None
    if not isinstance(value.state, dict):
        return [("", value.state)] if isinstance(value.state, (list, tuple)) else [("", x) for x in value.arguments]
    tables = [value.state[name] for name in _TABLES if isinstance(value.state.get(name), dict)]
    if tables:
        return [pair for table in tables for pair in _parts(table)]
    return _parts(value.state)


def _entry(name, info):
    count = info.dtype.itemsize
    for n in info.shape:
        count *= n
    return Entry(name, info.dtype.name, info.shape, count, info.kind, info.storage.location)


def _short(value):
    return repr(value) if isinstance(value, complex) else shown(value)


def _safetensors(source):
    """The header of a safetensors file: its length as uint64, then JSON."""
    (length,) = struct.unpack("<Q", source.read(0, 8))
    if length > min(_HEADER_LIMIT, source.size - 8):
        raise source.truncated()
    try:
        header: dict[str, Any] = json.loads(source.read(8, length))
        metadata = header.pop("__metadata__", {})
        tensors = [_safetensors_entry(name, x) for name, x in header.items()]
    except (ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError) as error:
        raise damaged(source.name, f"its header is no safetensors header: {error}") from error
    others = [(f"metadata {key}", _short(value)) for key, value in metadata.items()]
    return Contents("safetensors", tensors, others, [], source.size)


def _safetensors_entry(name, described):
    start, end = described["data_offsets"]
    dtype = DTYPES.get(described["dtype"], str(described["dtype"]))
    return Entry(name, dtype, tuple(map(int, described["shape"])), int(end - start))
