"""Reading a pickle without making its tensors or importing its classes: what it refers to, and what it contains."""

import pickle

from ..tensor import Tensor
from .names import CONSTANTS, torch_name
from .rebuild import Rebuilder, _check_geometry, refused
from .records import StorageId
from .unpickler import Machine, SafeRules


class Named:
    """A class or function that was not looked up."""

    def __init__(self, module, name):
        self.module, self.name = module, name

    def __repr__(self):
        return f"{self.module}.{self.name}"


class Opaque:
    """An object of a class that was not looked up, and what the file says of it."""

    def __init__(self, function, arguments):
        self.function, self.arguments, self.state, self.items = function, arguments, None, []

    def __repr__(self):
        return f"<{self.function!r}>"


class TensorInfo:
    """What a file says of a tensor: dtype, shape, stride, offset (elements), requires_grad, its storage."""

    def __init__(self, storage, dtype, shape, stride, offset, requires_grad, kind="Tensor"):
        self.storage, self.dtype, self.shape, self.stride = storage, dtype, shape, stride
        self.offset, self.requires_grad, self.kind = offset, requires_grad, kind


class Describer(Rebuilder):
    """A Rebuilder whose tensors are TensorInfo."""

    def _view(self, storage, dtype, offset, size, stride, requires_grad, metadata=None):
        if not isinstance(storage, StorageId):
            raise refused("a tensor without a storage")
        dtype = dtype or storage.dtype
        _check_geometry(storage.nbytes // dtype.itemsize, offset, size, stride, dtype)
        return TensorInfo(storage, dtype, tuple(size), tuple(stride), offset, bool(requires_grad))

    def parameter(self, data, requires_grad, backward_hooks=None):
        if isinstance(data, TensorInfo):
            data.kind, data.requires_grad = "Parameter", bool(requires_grad)
        return data

    def parameter_with_state(self, data, requires_grad, backward_hooks, state):
        return self.parameter(data, requires_grad)

    def variable(self, data, requires_grad=False, volatile=False):
        return data

    def from_type(self, function, cls, arguments, state):
        return function(*arguments)

    def sparse(self, layout, data):
        parts = [part for part in data if isinstance(part, TensorInfo)]
        for part in parts:
            part.kind = layout.name
        return parts


class ScanRules(SafeRules):
    """Rules that call and import nothing; `names` are the globals, `storages` the storages that were met."""

    def __init__(self):
        self.names, self.storages = [], {}
        super().__init__(CONSTANTS, Describer().functions(), {}, {}, self._storage, _nothing, _nothing)
        self.known = {*self.globals}

    def _storage(self, pid):
        if isinstance(pid, tuple) and pid and pid[0] == "module":
            return pid[1] if len(pid) > 1 else None
        found = StorageId(pid)
        self.storages.setdefault(found.key, found)
        return found

    def find(self, module, name):
        self.names.append((module, name))
        found = self.globals.get(torch_name(module, name))
        return Named(module, name) if found is None or found is Tensor else found

    def call(self, function, arguments):
        try:
            return super().call(function, arguments)
        except (pickle.UnpicklingError, TypeError, ValueError, RuntimeError, AttributeError):
            return Opaque(function, arguments)

    def new(self, cls, arguments, keywords):
        return self.call(cls, arguments if isinstance(arguments, tuple) else (arguments,))

    def build(self, target, state):
        if isinstance(target, Opaque):
            target.state = state
        elif isinstance(target, dict) and isinstance(state, dict):
            super().build(target, state)

    def extend(self, target, items):
        if isinstance(target, Opaque):
            target.items.extend(items)

    def set_items(self, target, items):
        if isinstance(target, Opaque):
            target.items.extend(zip(items[::2], items[1::2], strict=True))


def _nothing(*arguments):
    return None


def scan(source, offset=0, encoding="utf-8"):
    """scan(source, offset) -> (object of plain values, TensorInfo, Named and Opaque; ScanRules; offset of the end)."""
    rules = ScanRules()
    machine = Machine(source, offset, rules, encoding)
    return machine.load(), rules, machine.end
