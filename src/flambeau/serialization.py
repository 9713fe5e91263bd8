"""Saving and loading.

A file is a zip archive, not compressed: `data.pkl`, the pickled object, in which storages are persistent ids; one entry
`storages/<n>` for the raw bytes of each storage, aligned to 64 bytes; `format`. Tensors that share a storage share it
again after loading.
"""

import collections
import contextlib
import functools
import io
import os
import pickle
import stat
import struct
import sys
import uuid
import zipfile

import numpy as np

from . import _core
from .device import CPU
from .device import device as Device
from .dtype import ALL
from .memory_format import is_dense
from .ops.sparse import rebuild_sparse
from .size import Size
from .storage import Storage
from .tensor import Tensor, storage_array

_FORMAT = b"flambeau 1 " + sys.byteorder.encode()
_ALIGNMENT = 64
_CHUNK = 1 << 24


# ---- plain pickle and copy


def rebuild_tensor(cls, raw, dtype, requires_grad, attributes, device=CPU):
    """The tensor that `Tensor.__reduce_ex__` took apart: raw is its array (bfloat16 as uint16)."""
    array = _core.empty_array(raw.shape, dtype.numpy)
    array[...] = raw.view(dtype.numpy) if dtype.numpy.kind == "V" else raw
    if device != CPU:
        array = _core.array_of(_core.make(array).to(device))
    return _new_tensor(cls, array, requires_grad, attributes)


def _new_tensor(cls, array, requires_grad, attributes):
    t = _core.TensorBase.__new__(cls)
    _core.init_tensor(t, array, requires_grad)
    t.__dict__.update(attributes)
    return t


def _attributes(t):
    return {name: value for name, value in t.__dict__.items() if name != "_backward_hooks"}


# ---- saving


class _StorageId:
    def __init__(self, number, dtype, nbytes, location):
        self.id = ("storage", number, dtype.name, nbytes, location)


def _memory(owner):
    """The bytes that an array owns, in the order of memory, or None when it has gaps."""
    if not is_dense(owner):
        return None
    return owner.ravel(order="K").view(np.uint8)


class _Writer:
    """Collects storages while an object is pickled."""

    def __init__(self):
        self.ids = {}
        self.memories = []
        self.kept = []  # a freed address would be taken for the storage that was there before

    def storage_id(self, owner, dtype, location):
        memory = _memory(owner)
        key = (memory.ctypes.data, memory.nbytes) if memory.nbytes else id(owner)
        if key not in self.ids:
            self.ids[key] = _StorageId(len(self.memories), dtype, memory.nbytes, location)
            self.memories.append(memory)
            self.kept.append(owner)
        return self.ids[key]

    def reduce_tensor(self, t):
        """What rebuilds t: a function and its arguments."""
        location = str(t.device)
        host = t.detach().cpu()
        array, owner = _core.array_of(host), storage_array(host)
        if _memory(owner) is None or any(s < 0 for s in array.strides):
            owner = _core.empty_array(array.shape, array.dtype)
            owner[...] = array
            array = owner
        offset = array.__array_interface__["data"][0] - owner.__array_interface__["data"][0]
        cls = "Tensor" if type(t) is Tensor else "Parameter" if type(t) is _parameter_type() else type(t)
        storage = self.storage_id(owner, t.dtype, location)
        return _rebuild_view, (
            cls, storage, t.dtype.name, tuple(array.shape), tuple(array.strides), offset, t.requires_grad,
            _attributes(t),
        )  # fmt: skip


def _parameter_type():
    module = sys.modules.get("flambeau.nn.parameter")
    return None if module is None else module.Parameter


@functools.cache
def _pickler_class(module):
    class Pickler(module.Pickler):  # type: ignore[name-defined]
        def __init__(self, file, protocol, writer):
            super().__init__(file, protocol)
            self.writer = writer

        def persistent_id(self, obj):
            if isinstance(obj, _StorageId):
                return obj.id
            if isinstance(obj, Storage):
                return self.writer.storage_id(obj.array, obj.dtype, str(obj.device)).id
            return None

        def reducer_override(self, obj):
            if isinstance(obj, Tensor) and type(obj).__reduce_ex__ in _own_reducers():
                return self.writer.reduce_tensor(obj)
            return NotImplemented

    return Pickler


def _own_reducers():
    parameter = _parameter_type()
    return (Tensor.__reduce_ex__,) if parameter is None else (Tensor.__reduce_ex__, parameter.__reduce_ex__)


def save(obj, f, pickle_module=pickle, pickle_protocol=4, _use_new_zipfile_serialization=True):
    """save(obj, f): writes any object that can be pickled, with the tensors in it.

    f: a path, or a file object open for writing bytes. A path is written to a temporary file beside it, which takes
    its place when complete: a crash leaves the old file. Tensors keep requires_grad and what they share, not history
    and grad.
    """
    writer, text = _Writer(), io.BytesIO()
    _pickler_class(pickle_module)(text, pickle_protocol, writer).dump(obj)
    if hasattr(f, "write"):
        _write_archive(f, text.getvalue(), writer.memories)
        return
    with _replacing(os.fsdecode(f)) as file:
        _write_archive(file, text.getvalue(), writer.memories)


def _write_archive(file, text, memories):
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        position = archive.fp.tell  # type: ignore[union-attr]
        archive.writestr("format", _FORMAT)
        archive.writestr("data.pkl", text)
        for number, memory in enumerate(memories):
            entry = zipfile.ZipInfo(f"storages/{number}")
            entry.file_size = memory.nbytes
            large = memory.nbytes > zipfile.ZIP64_LIMIT / 1.05  # has 20 more bytes of header
            header = position() + 30 + len(entry.filename) + 4 + 20 * large
            padding = -header % _ALIGNMENT
            entry.extra = struct.pack("<HH", 0x4246, padding) + bytes(padding)
            with archive.open(entry, "w", force_zip64=large) as out:
                for start in range(0, memory.nbytes, _CHUNK):
                    out.write(memory[start : start + _CHUNK].data)


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


# ---- loading


class _Reader:
    """The storages of an archive, read when first asked for."""

    def __init__(self, archive, map_location):
        self.archive = archive
        self.map_location = map_location
        self.storages = {}
        self.tensors = {}

    def storage(self, pid):
        kind, number, dtype_name, nbytes, location = pid
        if kind != "storage":
            raise pickle.UnpicklingError(f"load: unknown persistent id {kind!r}")
        if number not in self.storages:
            dtype = _dtype_named(dtype_name)
            storage = Storage(self.read(f"storages/{number}", nbytes, dtype), dtype)
            self.storages[number] = self.place(storage, location)
        return self.storages[number]

    def read(self, name, nbytes, dtype):
        if nbytes != self.archive.getinfo(name).file_size or nbytes % dtype.itemsize:
            raise zipfile.BadZipFile(f"{name} has the wrong size")
        array = _core.empty_array((nbytes // dtype.itemsize,), dtype.numpy)
        memory = array.view(np.uint8)
        with self.archive.open(name) as entry:
            start = 0
            while block := entry.read(_CHUNK):
                memory[start : start + len(block)] = np.frombuffer(block, np.uint8)
                start += len(block)
        if start != nbytes:
            raise zipfile.BadZipFile(f"{name} ends early")
        return array

    def place(self, storage, location):
        """The storage on the device that map_location names for its saved location."""
        target = self.map_location
        if isinstance(target, dict):
            target = target.get(location)
        elif callable(target):
            placed = target(storage, location)
            if placed is not None:
                return placed
            target = None
        device = Device(location if target is None else target)
        if device.type == "cpu":
            return storage
        try:
            moved = _core.make(storage.array).to(device)
        except Exception as error:
            raise RuntimeError(
                f"load: the file has tensors on device {location}, which is not available here ({error}). "
                "Load them onto the CPU with load(..., map_location='cpu')."
            ) from error
        return Storage(_core.array_of(moved), storage.dtype)

    def view(self, cls, storage, dtype_name, shape, strides, offset, requires_grad, attributes):
        """A tensor over part of a storage. The bounds are checked: a file must not reach other memory."""
        dtype = _dtype_named(dtype_name)
        if not isinstance(storage, Storage):
            raise pickle.UnpicklingError("load: a tensor without a storage")
        span = dtype.itemsize + sum((n - 1) * s for n, s in zip(shape, strides, strict=True))
        inside = 0 in shape or (offset >= 0 and offset + span <= storage.nbytes())
        if (
            not inside
            or any(v < 0 or v % dtype.itemsize for v in (offset, *strides))
            or any(n < 0 for n in shape)
        ):
            raise pickle.UnpicklingError(
                f"load: a tensor of shape {shape} does not fit its storage of {storage.nbytes()} bytes"
            )
        flat = storage.array.reshape(-1).view(dtype.numpy)
        if isinstance(flat, np.ndarray):
            array = _core.strided_view(flat, shape, strides, 0 if 0 in shape else offset)
        else:
            steps = [s // dtype.itemsize for s in strides]
            array = _core.array_of(_core.make(flat).as_strided(shape, steps, offset // dtype.itemsize))
        if requires_grad and dtype.category not in ("float", "complex"):
            raise pickle.UnpicklingError(f"load: a tensor of {dtype} cannot require a gradient")
        t = _new_tensor(cls, array, bool(requires_grad), attributes)
        first = self.tensors.setdefault(id(storage), t)
        if first is not t:
            _core.share_version(t, first)
        return t


def _rebuild_view(*arguments):
    """Stands for _Reader.view in files."""
    raise pickle.UnpicklingError("this pickle is part of a file of flambeau.save: open it with flambeau.load")


def _dtype_named(name):
    for dtype in ALL:
        if dtype.name == name:
            return dtype
    raise pickle.UnpicklingError(f"load: unknown dtype {name!r}")


_SAFE = {
    ("collections", "OrderedDict"): collections.OrderedDict,
    ("collections", "defaultdict"): collections.defaultdict,
    ("collections", "Counter"): collections.Counter,
    ("flambeau.size", "Size"): Size,
    ("flambeau.device", "device"): Device,
    ("flambeau.dtype", "_by_name"): _dtype_named,
    ("flambeau.ops.sparse", "rebuild_sparse"): rebuild_sparse,
    **{
        ("builtins", t.__name__): t
        for t in (
            int,
            float,
            complex,
            bool,
            str,
            bytes,
            bytearray,
            list,
            tuple,
            dict,
            set,
            frozenset,
            slice,
            range,
        )
    },
}
_user_safe: dict[tuple[str, str], object] = {}


def add_safe_globals(safe_globals):
    """add_safe_globals([class or function, ...]): load(weights_only=True) accepts these too."""
    for item in safe_globals:
        _user_safe[item.__module__, item.__qualname__] = item


def get_safe_globals():
    """get_safe_globals() -> list of what was added by add_safe_globals."""
    return list(_user_safe.values())


def clear_safe_globals():
    """clear_safe_globals(): forgets what was added by add_safe_globals."""
    _user_safe.clear()


def _unpickler_class(module, weights_only, reader):
    class Unpickler(module.Unpickler):  # type: ignore[name-defined]
        def persistent_load(self, pid):
            return reader.storage(pid)

        def find_class(self, module, name):
            if (module, name) == (__name__, "_rebuild_view"):
                return rebuild
            if not weights_only:
                return super().find_class(module, name)
            if (module, name) in _user_safe:
                return _user_safe[module, name]
            safe = _SAFE.get((module, name))
            if safe is None:
                raise pickle.UnpicklingError(
                    f"Weights only load failed: the file uses {module}.{name}, which is not on the list of safe "
                    "classes. If you trust the source of the file, call load(..., weights_only=False), which can run "
                    f"any code in it, or allow the class with flambeau.serialization.add_safe_globals([{name}])."
                )
            # a new function each time: a file could set attributes of what it gets
            return (
                safe
                if safe.__module__ in ("builtins", "collections")
                else lambda *arguments: safe(*arguments)
            )

    def rebuild(cls, *arguments):
        if cls == "Tensor":
            cls = Tensor
        elif cls == "Parameter":
            from .nn.parameter import Parameter as cls
        elif not (isinstance(cls, type) and issubclass(cls, Tensor)):
            raise pickle.UnpicklingError(f"load: {cls!r} is no class of tensors")
        return reader.view(cls, *arguments)

    return Unpickler


def load(f, map_location=None, pickle_module=pickle, *, weights_only=True, mmap=None, **pickle_load_args):
    """load(f, map_location=None, *, weights_only=True) -> what `save` wrote to the path or file object f

    map_location: where tensors go: a device, a dictionary from saved to wanted locations, or a function(storage,
    location). weights_only=True accepts tensors, parameters, numbers, strings and containers; other classes have to be
    allowed (add_safe_globals) or trusted (weights_only=False, which can run code of the file).
    Raises RuntimeError for a file that is damaged or of another format, pickle.UnpicklingError for a class not allowed.
    """
    name = "the file object" if hasattr(f, "read") else os.fsdecode(f)
    if hasattr(f, "read") and not (hasattr(f, "seek") and hasattr(f, "tell")):
        raise AttributeError(
            f"'{type(f).__name__}' object has no attribute 'seek'. You can only load from a file that is seekable. "
            "Please pre-load the data into a buffer like io.BytesIO and try to load from it instead."
        )
    try:
        with zipfile.ZipFile(f if hasattr(f, "read") else name) as archive:
            _check_format(archive, name)
            text = archive.read("data.pkl")
            reader = _Reader(archive, map_location)
            unpickler = _unpickler_class(
                pickle_module, True if weights_only is None else weights_only, reader
            )
            return unpickler(io.BytesIO(text), **pickle_load_args).load()
    except (zipfile.BadZipFile, EOFError, struct.error, zipfile.LargeZipFile) as error:
        raise RuntimeError(
            f"load: {name} is truncated, damaged, or not a file written by flambeau.save ({error})"
        ) from error


def _check_format(archive, name):
    names = archive.namelist()
    if "format" not in names or "data.pkl" not in names:
        raise RuntimeError(f"load: {name} is a zip archive, but not one written by flambeau.save")
    found = archive.read("format")
    if found != _FORMAT:
        raise RuntimeError(
            f"load: {name} has format {found.decode(errors='replace')!r}; this version reads {_FORMAT.decode()!r}"
        )
