"""Taking objects apart for a file: the pickle, with PyTorch's names, and the storages that it refers to."""

import functools
import io
import pickle
import sys
from collections import OrderedDict
from types import FunctionType
from typing import Any

import numpy as np

from .. import _core
from ..device import CPU
from ..dtype import dtype as DType
from ..layout import layout as Layout
from ..memory_format import is_dense
from ..storage import TYPES, Storage
from ..tensor import Tensor, storage_array
from .locations import location_tag
from .names import REBUILDERS, torch_name


def _placeholder(name):
    """Stands for a function of PyTorch in a pickle until names are put in."""

    def function(*arguments):
        raise pickle.UnpicklingError("this pickle is part of a file of flambeau.save: open it with flambeau.load")

    function.__name__ = function.__qualname__ = name
    function.__module__ = __name__
    globals()[name] = function
    return function


_FUNCTIONS = {name: _placeholder(name) for _, name in REBUILDERS}


class _StorageId:
    """A storage in the graph of objects; pickled as its persistent id."""

    def __init__(self, number, dtype, memory, location, owner, of_bytes):
        self.key, self.dtype, self.memory, self.location = str(number), dtype, memory, location
        self.owner = owner  # kept: a freed address would be taken for the storage that was there before
        cls = TYPES.get(f"{dtype.title}Storage")
        whole = cls is not None and memory.nbytes % dtype.itemsize == 0
        self.cls = cls if whole else of_bytes
        self.numel = memory.nbytes // dtype.itemsize if whole else memory.nbytes
        self.pid = ("storage", self.cls, self.key, location, self.numel)
        self.untyped = ("storage", of_bytes, self.key, location, memory.nbytes)


class _Untyped:
    """The same storage, as bytes."""

    def __init__(self, storage):
        self.pid = storage.untyped


def _memory(owner):
    """The bytes that an array owns, in the order of memory, or None when it has gaps."""
    if not is_dense(owner):
        return None
    return owner.ravel(order="K").view(np.uint8)


class Collector:
    """Takes tensors apart while an object is pickled. `extra` is added to persistent ids."""

    bytes_type: Any = Storage  # the class of storages whose dtype has no name of its own, such as uint16

    def __init__(self, extra=()):
        self.ids, self.extra = {}, extra

    def restart(self):
        """Forgets what was collected."""
        self.ids.clear()

    @property
    def storages(self):
        """The storages found, each with `key` and `memory` (uint8 array)."""
        return list(self.ids.values())

    def function(self, name):
        """function("_rebuild_tensor") -> what is pickled as PyTorch's function of this name."""
        return _FUNCTIONS[name]

    def container(self, cls):
        """The persistent id of a class, in formats that have them."""
        return None

    def storage(self, owner, dtype, location):
        memory = _memory(owner)
        key = (memory.ctypes.data, memory.nbytes) if memory.nbytes else id(owner)
        if key not in self.ids:
            self.ids[key] = _StorageId(len(self.ids), dtype, memory, location, owner, self.bytes_type)
        return self.ids[key]

    def of_storage(self, storage):
        """The entry of a storage that is pickled as such."""
        host = storage.cpu()
        array = storage_array(_core.make(host.array))
        if _memory(array) is None or array.nbytes != host.nbytes():
            array = host.array
        return self.storage(array, storage.dtype, location_tag(storage))

    def pid_of_storage(self, storage):
        """The persistent id of a storage that is pickled as such."""
        return self.of_storage(storage).pid + self.extra

    def reduce(self, t):
        """What rebuilds a tensor: a function and its arguments."""
        if t.layout.name != "strided":
            return self._sparse(t)
        storage, *geometry = self.geometry(t)
        is_parameter = type(t) is _parameter_type()
        grad = t.requires_grad and not is_parameter
        arguments: tuple = (storage, *geometry, grad, OrderedDict())
        function = _FUNCTIONS["_rebuild_tensor_v2"]
        if storage.cls is not TYPES.get(f"{t.dtype.title}Storage"):
            arguments = (_Untyped(storage), *arguments[1:], t.dtype)
            function = _FUNCTIONS["_rebuild_tensor_v3"]
        state = {name: value for name, value in t.__dict__.items() if name != "_backward_hooks"}
        return self._wrapped(t, function, arguments, state, is_parameter)

    def geometry(self, t):
        """(storage, offset, size, stride) of a dense tensor, in elements."""
        location = "cpu" if t.device is CPU else location_tag(t.storage())
        host = t.detach().cpu()
        array, owner = _core.array_of(host), storage_array(host)
        if _memory(owner) is None or any(s < 0 or s % array.itemsize for s in array.strides):
            owner = _core.empty_array(array.shape, array.dtype)
            owner[...] = array
            array = owner
        offset = array.__array_interface__["data"][0] - owner.__array_interface__["data"][0]
        storage = self.storage(owner, t.dtype, location)
        if offset % array.itemsize:
            raise RuntimeError("save: a tensor whose elements are not aligned in its storage cannot be saved")
        stride = tuple([n // array.itemsize for n in array.strides])
        return storage, offset // array.itemsize, tuple(array.shape), stride

    def _wrapped(self, t, function, arguments, state, is_parameter):
        """The reduction of the class and attributes around that of the elements."""
        if is_parameter:
            data = _Reduced(function, arguments)
            if state:
                with_state = _FUNCTIONS["_rebuild_parameter_with_state"]
                return with_state, (data, t.requires_grad, OrderedDict(), state)
            return _FUNCTIONS["_rebuild_parameter"], (data, t.requires_grad, OrderedDict())
        if type(t) is Tensor and not state:
            return function, arguments
        return _FUNCTIONS["_rebuild_from_type_v2"], (function, type(t), arguments, state)

    def _sparse(self, t):
        if t.layout.name == "sparse_coo":
            data = t._indices(), t._values(), t.shape, t.is_coalesced()
        elif t.layout.name == "sparse_csr":
            data = t.crow_indices(), t.col_indices(), t.values(), t.shape
        else:
            data = t.ccol_indices(), t.row_indices(), t.values(), t.shape
        detached = tuple(part.detach() if isinstance(part, Tensor) else part for part in data)
        if t.requires_grad:
            position = 1 if len(data) == 4 and t.layout.name == "sparse_coo" else 2
            values = detached[position].requires_grad_()
            detached = (*detached[:position], values, *detached[position + 1 :])
        return _FUNCTIONS["_rebuild_sparse_tensor"], (t.layout, detached)


class _Reduced:
    """A call that is pickled where its result is meant."""

    def __init__(self, function, arguments):
        self.reduction = function, arguments


def _parameter_type():
    module = sys.modules.get("flambeau.nn.parameter")
    return None if module is None else module.Parameter


def _own_reducers():
    """The `__reduce_ex__` of the classes that are taken apart here; others reduce themselves."""
    sparse = sys.modules.get("flambeau.sparse.tensor")
    classes = Tensor, _parameter_type(), None if sparse is None else sparse.SparseTensor
    return {cls.__reduce_ex__ for cls in classes if cls is not None}


@functools.cache
def _pickler_class(base):
    class Pickler(base):  # type: ignore[misc,valid-type]
        """Replaces tensors, storages and the like; `globals_found`: the classes and functions referred to."""

        def __init__(self, file, protocol, collector):
            super().__init__(file, protocol)
            self.collector, self.globals_found = collector, []
            self.own = _own_reducers()

        def persistent_id(self, obj):
            kind = type(obj)
            if kind is _StorageId or kind is _Untyped:
                return obj.pid + self.collector.extra
            if issubclass(kind, Storage):
                return self.collector.pid_of_storage(obj)
            return self.collector.container(obj) if isinstance(obj, type) else None

        def reducer_override(self, obj):
            kind = type(obj)
            if kind is _Reduced:
                return obj.reduction
            if isinstance(obj, Tensor):
                if kind._reduce_for_file is not None:
                    return obj._reduce_for_file(self.collector)
                if kind.__reduce_ex__ in self.own:
                    return self.collector.reduce(obj)
            if kind is Layout:
                return _FUNCTIONS["_get_layout"], (repr(obj),)
            if kind is DType:
                name = "bool_" if obj.name == "bool" else obj.name
                self.globals_found.append((kind.__module__, name))
                return name
            module = getattr(obj, "__module__", None)
            if isinstance(module, str) and module.partition(".")[0] == "flambeau" and hasattr(obj, "__qualname__"):
                self.globals_found.append((module, obj.__qualname__))
            return NotImplemented

    return Pickler


_PythonPickler: Any = pickle._Pickler


class _ByName(_PythonPickler):
    """Python's pickler, slow, which writes each global under the name that it is given."""

    def save_global(self, obj, name=None):
        name = name or getattr(obj, "__qualname__", None) or obj.__name__
        module = pickle.whichmodule(obj, name)  # type: ignore[attr-defined]
        known = torch_name(module, name)
        if known == (module, name):
            super().save_global(obj, name)
            return
        self.write(pickle.GLOBAL + "{}\n{}\n".format(*known).encode())
        self.memoize(obj)

    dispatch = {**_PythonPickler.dispatch, FunctionType: save_global}


def pickled(obj, collector, pickle_module=pickle, protocol=2):
    """pickled(obj, collector) -> bytes: the pickle, under PyTorch's names; the collector has the storages then."""
    text = io.BytesIO()
    pickler = _pickler_class(pickle_module.Pickler)(text, protocol, collector)
    pickler.dump(obj)
    if pickle_module is not pickle:
        return text.getvalue()
    renamed = _renamed(text.getvalue(), protocol, pickler.globals_found)
    if renamed is None:
        text = io.BytesIO()
        collector.restart()
        _pickler_class(_ByName)(text, protocol, collector).dump(obj)
        renamed = text.getvalue()
    return renamed


def _renamed(text, protocol, globals_found):
    """The pickle with PyTorch's names, or None where they cannot be put in.

    Before protocol 4 a global is written once, as two lines without a length. What looks the same but is part of a
    string makes a second occurrence.
    """
    for module, name in {*globals_found}:
        known = torch_name(module, name)
        if known == (module, name):
            continue
        old = f"c{module}\n{name}\n".encode()
        if protocol >= 4 or text.count(old) != 1:
            return None
        text = text.replace(old, "c{}\n{}\n".format(*known).encode())
    return text
