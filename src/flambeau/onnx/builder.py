"""`Builder`: an ONNX graph that grows node by node while a recorded graph is walked.

A value of the recorded graph has a name in the ONNX graph. ONNX has no memory that several values share, so changes in
place become new values: each storage counts its changes, and a value that was read from it before a change is computed
anew when it is used after (`_again`): elements lie where they lay in the traced run.
"""

from typing import Any

import numpy as np

import flambeau as fb

from .. import _core
from ..jit.graph import CONSTANT, Dim, Value
from . import protobuf
from .errors import UnsupportedOperatorError


class Storage:
    """What happened to memory that values share: its changes, and the value that holds all of it."""

    def __init__(self):
        self.version = 0
        self.root: tuple[Value, str] | None = None  # a value that lay over the whole storage, and its name
        self.writes: list[tuple[Value, str]] = []  # changes since then
        self.flat: tuple[int, str] | None = None  # the elements in a row, and at which version


class Builder:
    """Nodes, initializers and names of an ONNX graph for a given opset."""

    def __init__(self, opset, dynamic=False):
        self.opset, self.dynamic = opset, dynamic
        self.nodes: list[tuple] = []  # (op, inputs, outputs, name, attributes, domain)
        self.initializers: dict[str, Any] = {}  # name -> array
        self.elements: dict[str, int] = {}  # of initializers that NumPy has no type for
        self.parameters: dict[str, str] = {}  # name of an initializer -> path of the parameter
        self.names: dict[Value, tuple[str, int]] = {}  # value -> name, version of its storage
        self.same: dict[Value, Value] = {}  # values that are other ones
        self.constant: dict[Value, Any] = {}  # values known without inputs -> the tensor
        self.storages: dict[Any, Storage] = {}
        self.scope = ""
        self.inner = 0  # how deep inside a composed function the calls are: their sizes are those that it worked out
        self.domains: set[str] = set()
        self._count = 0
        self._cached: dict[tuple, str] = {}

    # ------------------------------------------------------------------------------ nodes

    def fresh(self, hint="v"):
        """A name that nothing has: it begins with a slash, as no name of a program does."""
        self._count += 1
        return f"/{self.scope.replace('.', '/')}{'/' if self.scope else ''}{hint}_{self._count}"

    def op(self, name, /, *inputs, outputs=1, domain="", **attributes) -> Any:
        """Adds a node; the name of its output, or a tuple of names. Inputs are names (None: left out), or numbers."""
        given = ["" if i is None else i if isinstance(i, str) else self.number(i) for i in inputs]
        while given and given[-1] == "":
            given.pop()
        made = [self.fresh(name) for _ in range(outputs)]
        attributes = {key: value for key, value in attributes.items() if value is not None}
        self.nodes.append((name, given, made, self.fresh(f"{name}_node"), attributes, domain))
        if domain:
            self.domains.add(domain)
        return made[0] if outputs == 1 else tuple(made)

    def number(self, value, dtype=np.int64):
        """The name of a constant of NumPy."""
        array = np.asarray(value, dtype)
        key = (array.dtype.str, array.shape, array.tobytes())
        if key not in self._cached:
            name = self._cached[key] = f"/number_{len(self._cached)}"
            self.initializers[name] = array
        return self._cached[key]

    def scalar(self, value, dtype):
        """The name of a number as a 0-dim tensor of a dtype of this library."""
        if dtype is fb.bfloat16:
            return self.tensor_constant(fb.tensor(value, dtype=dtype))
        return self.number(value, dtype.numpy)

    def tensor_constant(self, tensor, name=None):
        """The name of an initializer with the elements of a tensor."""
        array = _core.array_of(tensor.detach().cpu())
        name = self.fresh("constant") if name is None else name
        if tensor.dtype is fb.bfloat16:
            array, self.elements[name] = array.view(np.uint16), protobuf.ELEMENTS["bfloat16"]
        self.initializers[name] = array
        return name

    def cast(self, name, dtype):
        """A Cast node."""
        return self.op("Cast", name, to=element_of(dtype))

    # ------------------------------------------------------------------------------ values

    def find(self, value):
        """The value that stands for another."""
        while value in self.same:
            value = self.same[value]
        return value

    def storage(self, value):
        """The Storage in which a value lay; None when it shares with nothing."""
        return None if value.place is None else self.storages.setdefault(value.place[0], Storage())

    def define(self, value, name, changes=False):
        """name is the value from now on; changes: the node that made it wrote to its storage."""
        storage = self.storage(value)
        if storage is not None and changes:
            storage.version += 1
            if _covers(value):
                storage.root, storage.writes = (value, name), []
            else:
                storage.writes.append((value, name))
        elif storage is not None and storage.root is None and storage.version == 0 and _covers(value):
            storage.root = value, name
        self.names[value] = name, 0 if storage is None else storage.version

    def value(self, value) -> str:
        """The name of a value as it is now."""
        value = self.find(value)
        storage = self.storage(value)
        version = 0 if storage is None else storage.version
        if value not in self.names:
            tensor = self.constant.get(value, value.tensor if value.kind == CONSTANT else None)
            if tensor is None:
                raise RuntimeError(f"onnx.export: {value!r} has no definition")
            self.names[value] = self.tensor_constant(tensor), 0
            if storage is not None and storage.root is None and _covers(value):
                storage.root = value, self.names[value][0]
        name, then = self.names[value]
        if then == version:
            return name
        name = self._again(value, storage)
        self.names[value] = name, version
        return name

    def _again(self, value, storage):
        """A value of a storage that changed since it was computed."""
        if storage.writes:
            other, name = storage.writes[-1]
            if other.place == value.place and other.shape == value.shape:
                return name
        elif storage.root[0].place == value.place and storage.root[0].shape == value.shape:
            return storage.root[1]
        if self.dynamic:
            raise UnsupportedOperatorError(
                f"onnx.export: at {self.scope or 'the model'} a part of a tensor is changed in place, which needs "
                "sizes that are known: export without dynamic_axes, or write it without changes in place"
            )
        flat = self._flat(value, storage)
        return self.op("Reshape", self.op("Gather", flat, self.number(positions(value).reshape(-1))),
                       self.number(value.shape))  # fmt: skip

    def _flat(self, value, storage):
        """The elements of a storage in a row, after its changes."""
        if storage.flat is not None and storage.flat[0] == storage.version:
            return storage.flat[1]
        if storage.root is None:
            raise UnsupportedOperatorError(
                f"onnx.export: at {self.scope or 'the model'} a tensor is changed through a view of memory that the "
                "graph does not hold; pass a clone() of the input"
            )
        root, name = storage.root
        flat = self.op("Reshape", name, self.number([-1]))
        if tuple(root.place[2]) != row_major(root.shape):
            order = np.argsort(positions(root).reshape(-1))
            flat = self.op("Gather", flat, self.number(order))
        for other, written in storage.writes:
            indices = self.number(positions(other).reshape(-1))
            flat = self.op(
                "ScatterElements", flat, indices, self.op("Reshape", written, self.number([-1])), axis=0
            )
        storage.flat = storage.version, flat
        return flat

    def argument(self, item, dtype=None):
        """The name of an argument: of a value (cast to dtype, if that is given), or of a number."""
        if isinstance(item, Value):
            name = self.value(item)
            return name if dtype is None or item.dtype is dtype else self.cast(name, dtype)
        if isinstance(item, Dim):
            name = self.size(item)
            return name if dtype is None or dtype is fb.int64 else self.cast(name, dtype)
        if dtype is None:
            dtype = fb.tensor(item).dtype
        return self.scalar(item, dtype)

    # ------------------------------------------------------------------------------ sizes

    def size(self, item) -> str:
        """The name of a size as a 0-dim int64."""
        if not (isinstance(item, Dim) and self.dynamic):
            return self.number(number_of(item))
        if item.kind == "size":
            value, dim = item.args
            return self.op("Gather", self.op("Shape", self.value(value)), self.number(dim), axis=0)
        a, b = map(self.size, item.args)
        if item.kind == "//":
            return self.op("Div", a, b)
        return self.op({"+": "Add", "-": "Sub", "*": "Mul", "%": "Mod"}[item.kind], a, b)

    def sizes(self, items) -> str:
        """The name of a 1-D int64 tensor of sizes."""
        if not (self.dynamic and any(isinstance(i, Dim) for i in items)):
            return self.number([number_of(i) for i in items])
        parts = [
            self.number([i]) if not isinstance(i, Dim) else self.unsqueeze(self.size(i), 0) for i in items
        ]
        return self.op("Concat", *parts, axis=0)

    def shape_of(self, value) -> str:
        """The name of the shape of a value."""
        return self.op("Shape", self.value(value)) if self.dynamic else self.number(value.shape)

    # ------------------------------------------------------------------------------ what changed between opsets

    def unsqueeze(self, name, *axes):
        """An Unsqueeze node."""
        if self.opset < 13:
            return self.op("Unsqueeze", name, axes=list(axes))
        return self.op("Unsqueeze", name, self.number(list(axes)))

    def squeeze(self, name, *axes):
        """A Squeeze node."""
        if self.opset < 13:
            return self.op("Squeeze", name, axes=list(axes))
        return self.op("Squeeze", name, self.number(list(axes)))

    def reduce(self, kind, name, axes, keepdims):
        """A Reduce... node over axes; None for all."""
        as_input = self.opset >= (13 if kind == "ReduceSum" else 18)
        if axes is None:
            return self.op(kind, name, keepdims=int(keepdims))
        if as_input:
            return self.op(kind, name, self.number(list(axes)), keepdims=int(keepdims))
        return self.op(kind, name, axes=list(axes), keepdims=int(keepdims))

    def split(self, name, sizes, axis):
        """A Split node."""
        if len(sizes) == 1:
            return (name,)
        if self.opset < 13:
            return self.op("Split", name, outputs=len(sizes), split=list(sizes), axis=axis)
        return self.op("Split", name, self.number(list(sizes)), outputs=len(sizes), axis=axis)

    def slice(self, name, starts, ends, axes, steps=None):
        """A Slice node; starts and ends are lists of numbers or sizes."""
        return self.op("Slice", name, self.sizes(starts), self.sizes(ends), self.number(axes),
                       None if steps is None else self.number(steps))  # fmt: skip

    def needs(self, opset, what):
        """UnsupportedOperatorError when the opset is lower than what an op needs."""
        if self.opset < opset:
            raise UnsupportedOperatorError(
                f"onnx.export: {what}, at {self.scope or 'the model'}, needs opset_version {opset} or later, got "
                f"{self.opset}"
            )

    # ------------------------------------------------------------------------------ the end

    def prune(self, outputs):
        """Leaves out what no output needs."""
        wanted, kept = set(outputs), []
        for n in reversed(self.nodes):
            if wanted.intersection(n[2]):
                kept.append(n)
                wanted.update(n[1])
        self.nodes = kept[::-1]
        self.initializers = {k: v for k, v in self.initializers.items() if k in wanted}


def element_of(dtype):
    """The number of a dtype in ONNX."""
    return protobuf.ELEMENTS[dtype.name]


def number_of(item):
    """A number, also of what depends on sizes: that of the traced run."""
    return int(item.hint if isinstance(item, Dim) else item)


def plain(item):
    """Nested arguments with numbers in place of what depends on sizes."""
    from ..jit.graph import mapped

    return mapped(item, lambda leaf: leaf.hint if isinstance(leaf, Dim) else leaf)


def row_major(shape):
    """The strides of elements in a row."""
    strides, step = [], 1
    for n in reversed(shape):
        strides.append(step)
        step *= n
    return tuple(reversed(strides))


def positions(value):
    """Where in its storage each element of a value lay."""
    _, offset, strides, _ = value.place
    at = np.full(value.shape, offset, np.int64)
    for d, (n, step) in enumerate(zip(value.shape, strides, strict=True)):
        at += (np.arange(n) * step).reshape([-1 if i == d else 1 for i in range(len(value.shape))])
    return at


def _covers(value):
    """Whether a value lay over all of its storage."""
    if value.place is None or int(np.prod(value.shape)) != value.place[3] or value.place[1]:
        return False
    return 0 not in [s for s, n in zip(value.place[2], value.shape, strict=True) if n > 1]
