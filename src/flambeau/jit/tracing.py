"""The tracer: records what a function does with tensors, while it runs, as a `Graph`.

The core hands every call of an op to the tracer of its thread (`_core/trace.pxi`), which makes the call and notes it.
Tensors are known by identity; one that the tracer has not seen is a parameter of the traced module, shares memory with
a known one (`x.data`, `x.detach()`), or is a constant. What no op does - sizes, factories, a tensor that becomes a
Python number - goes through attributes of `Tensor` and of the namespaces that are replaced while the tracer is on
(`watching.py`).
"""

import contextlib
import keyword
import sys
import warnings
from typing import Any

import numpy as np

from .. import _core
from ..func.trees import flatten
from ..interpreters import Shell
from ..ops import index as _index
from ..tensor import Tensor, storage_array
from .graph import CONSTANT, INPUT, PARAMETER, RESULT, Graph, Node, Target, Value, mapped
from .names import DROPOUTS, argument_names, is_random
from .sizes import SizeInt, TracedSize
from .watching import watched


class TracerWarning(Warning):
    """Something in a trace may make it wrong for other inputs than the traced ones."""

    @staticmethod
    def ignore_lib_warnings():
        """Does nothing: the library's own code causes no such warnings."""


_array = _core.array_of
_TAKEN = {"v", "self", "torch", "ops", "float", "slice", "_p", "_c"}
_BASE: Any = _core.TensorBase
_PLAIN_SHAPE = _BASE.shape


class Tracer:
    """Records one run. `module`: whose parameters and buffers appear by their paths; None for a function.
    keep: whether values remember the tensors of this run (`Value.sample`), as exporters want."""

    def __init__(self, module=None, name="forward", keep=False):
        self.graph = Graph(name)
        self.module = module
        self.keep = keep
        self.nodes = self.graph.nodes  # where the next node goes
        self.depth = 0  # of calls inside recorded calls
        self.scopes: list[str] = [""]
        self.known: dict[int, tuple[Any, Value]] = {}  # id of a tensor -> the tensor, its value
        self.storages: dict[
            int, list[tuple[Any, Value]]
        ] = {}  # id of an owning array -> tensors in it, oldest first
        self.hidden: dict[Value, Node] = {}  # values of inner calls -> the node of the graph that they are in
        self.homes: dict | None = None  # id of an owning array -> the parameter in it
        self.owners: list = []  # of constants: arrays that must not be given to others
        self.names: dict[str, int] = {}
        self.grad_was_on = _core.is_grad_enabled()
        self.paths = {} if module is None else _paths(module)
        self.tensors = {} if module is None else _members(module)

    # ------------------------------------------------------------------ values

    def name(self, hint):
        """A name that no other value has."""
        hint = hint if hint.isidentifier() and not keyword.iskeyword(hint) else "v"
        count = self.names.get(hint, 0)
        self.names[hint] = count + 1
        made = hint if count == 0 and hint not in _TAKEN else f"{hint}_{count}"
        return made if made == hint or made not in self.names else self.name(made)

    def know(self, tensor, value):
        """tensor is value from now on."""
        if self.keep:
            with self.paused():
                sample = tensor.detach()  # of a parameter no copy: models are large
                value.sample = sample if value.kind == PARAMETER and tensor.requires_grad else sample.clone()
        self.known[id(tensor)] = tensor, value
        owner = _owner(tensor)
        if owner is not None:
            value.place = _place(tensor, owner)
            self.storages.setdefault(id(owner), []).append((tensor, value))
            self.owners.append(owner)
        return value

    def make(self, kind, hint, tensor, path=None, kept=None):
        """A new value for a tensor."""
        shape = _PLAIN_SHAPE.__get__(tensor)
        return self.know(tensor, Value(kind, self.name(hint), shape, tensor.dtype, path, kept))

    def value(self, tensor):
        """The value of a tensor that goes into a call."""
        found = self.known.get(id(tensor))
        if found is not None:
            if not self.depth and found[1] in self.hidden:
                self._bring_out(self.hidden[found[1]])
            return found[1]
        path = self.tensors.get(id(tensor))
        if path is not None:
            value = self.make(PARAMETER, f"self_{path.replace('.', '_')}", tensor, path=path)
            self.graph.parameters[path] = value
            return value
        return self.alias(tensor) or self.constant(tensor)

    def _bring_out(self, outer):
        """Makes the inner calls of a node ones of the graph: something keeps a tensor that they made."""
        for node in outer.inner:
            if node.changes or node.random:
                raise RuntimeError(
                    f"trace: a tensor that was made inside {outer.name} is used after it, and {node.name} in "
                    "there cannot be done twice: return the tensor as a result"
                )
        at = self.nodes.index(outer)
        self.nodes[at:at] = outer.inner
        self.hidden = {v: node for v, node in self.hidden.items() if node is not outer}

    def alias(self, tensor):
        """The value of an unknown tensor that lies in the memory of a known one; None when it does not."""
        owner = _owner(tensor)
        others = [] if owner is None else self.storages.get(id(owner), [])
        if not others:
            parameter = None if owner is None else self._parameter_in(owner)
            if parameter is None:
                return None
            self.value(parameter)
            return self.alias(tensor)
        place = _place(tensor, owner)
        for other, value in reversed(others):
            if value.place == place and value.shape == tuple(_PLAIN_SHAPE.__get__(tensor)):
                if other.dtype is tensor.dtype:
                    return self.derived(tensor, Target("method", "detach"), (value,))
                return self.derived(tensor, Target("method", "view"), (value, tensor.dtype))
        other, value = others[0]
        shape = tuple(_PLAIN_SHAPE.__get__(tensor))
        plain = self.derived(None, Target("method", "detach"), (value,))
        if other.dtype is not tensor.dtype:
            plain = self.derived(None, Target("method", "view"), (plain, tensor.dtype))
        return self.derived(
            tensor, Target("function", "as_strided", module="flambeau"), (plain, shape, place[2], place[1])
        )

    def _parameter_in(self, owner):
        """The parameter or buffer of the module that lies in some memory; None when none does."""
        if self.homes is None:
            found = [] if self.module is None else [*self.module.parameters(), *self.module.buffers()]
            self.homes = {id(_owner(t)): t for t in found if _owner(t) is not None}
        return self.homes.get(id(owner))

    def derived(self, tensor, target, args):
        """A node that no op recorded, which makes a tensor (None: one that nobody else has) of known values."""
        node = Node(target, args, {}, self.scopes[-1])
        if tensor is None:
            dtype = args[0].dtype if target.name == "detach" else args[1]
            value = Value(RESULT, self.name(target.name), args[0].shape, dtype)
            if self.keep:
                sample = args[0].sample
                value.sample = sample if target.name == "detach" else sample.view(dtype)
        else:
            value = self.make(RESULT, target.name, tensor)
        value.node, node.outputs, node.tree = node, [value], flatten(0)[1]
        self.nodes.append(node)
        return value

    def constant(self, tensor):
        """The value of a tensor that was there before, or came from nowhere."""
        if tensor.requires_grad:
            if not tensor.is_leaf:
                raise RuntimeError(
                    f"jit.trace: a tensor of shape {list(tensor.shape)} that requires grad was computed by something "
                    "that the tracer does not see. Detach it, or make it an argument or a parameter of the module."
                )
            kept = tensor
        else:
            with self.paused():
                kept = tensor.clone()
        value = self.make(CONSTANT, "c", tensor, kept=kept)
        self.graph.constants.append(value)
        return value

    # ------------------------------------------------------------------ recording

    def begin(self, target, args, kwargs):
        """A node for a call that is about to be made."""
        node = Node(target, self.encoded(args), self.encoded(kwargs), self.scopes[-1])
        tensors = [t for t in flatten((args, kwargs))[0] if isinstance(t, Tensor)]
        node.given = {id(t): self.known[id(t)][1] for t in tensors if id(t) in self.known}
        node.no_grad = self.grad_was_on and not _core.is_grad_enabled()
        return node

    def encoded(self, item):
        """Arguments with values in the place of tensors."""
        return mapped(item, self._leaf)

    def _leaf(self, item):
        if isinstance(item, Tensor):
            return self.value(item)
        return item.dim if isinstance(item, SizeInt) else item

    @contextlib.contextmanager
    def inside(self, node):
        """The nodes that are recorded meanwhile are inner ones of `node`."""
        before, self.nodes = self.nodes, node.inner
        self.depth += 1
        try:
            yield
        finally:
            self.nodes = before
            self.depth -= 1

    def end(self, node, result, changed=()):
        """Notes the result of a call, and which tensors it changed in place."""
        leaves, node.tree = flatten(result)
        if _core.interpreter_of(leaves) is not None:
            return self._without_array(node, result)
        for tensor in changed:
            if not any(leaf is tensor for leaf in leaves):
                leaves = [*leaves, tensor]
            self._mark_changed(tensor)
        node.changes = bool(changed)
        for leaf in leaves:
            if not isinstance(leaf, Tensor):
                node.outputs.append(Value(CONSTANT, self.name("none"), tensor=leaf))
                continue
            before = self.known.get(id(leaf))
            value = self.make(RESULT, node.target.name.strip("_"), leaf)
            value.node = node
            if before is not None:
                node.before[value] = before[1]
            if id(leaf) in node.given:
                node.origin[value] = node.given[id(leaf)]
            node.outputs.append(value)
        node.given = {}
        self.nodes.append(node)
        if not self.depth:
            self.hidden.update((v, node) for inner in node.inner for v in inner.outputs if v not in node.outputs)
        return result

    def _without_array(self, node, result):
        """A result that is sparse: fine as a constant, as what it consists of is recorded with the ops on it."""
        if all(v.kind in (CONSTANT, PARAMETER) for v in node.used()):
            return result
        raise RuntimeError(
            f"trace: {node.name} made a sparse tensor of what depends on the inputs, which a graph cannot hold: make "
            "it outside of the traced function"
        )

    def _mark_changed(self, tensor):
        owner = _owner(tensor)
        for _, value in self.storages.get(id(owner), ()) if owner is not None else ():
            value.fresh = value.fresh or value.kind == CONSTANT

    @contextlib.contextmanager
    def paused(self):
        """Nothing is recorded meanwhile."""
        before = _core.pause_tracer(True)
        try:
            yield
        finally:
            _core.pause_tracer(before)

    # ------------------------------------------------------------------ what the core hands over

    def call(self, function, args, kwargs):
        """A call of an op by its name."""
        if _core.interpreter_of(args, tuple(kwargs.values())) is not None:
            return _core.run_call(function, args, kwargs)
        node = self.begin(Target("op", function.name, function), args, kwargs)
        node.random = is_random(function.name)
        rest = dict(kwargs)
        out = rest.pop("out", None) if function.takes_out else None
        with self.inside(node):
            bound = _core.bound_call(function, args, rest)
            if type(bound) is tuple:
                node.bound = self.encoded(bound)
            result = _core.run_bound(function, bound, out)
        changed = args[:1] if function.inplace else ()
        if out is not None:
            changed = tuple(out) if isinstance(out, (list, tuple)) else (out,)
        return self.end(node, result, changed)

    def apply(self, function, args):
        """A call of an op with the arguments of its forward."""
        node = self.begin(Target("bound", function.name, function), args, {})
        node.random = is_random(function.name)
        node.bound = node.args
        with self.inside(node):
            result = _core.run_bound(function, args)
        return self.end(node, result, args[:1] if function.inplace else ())

    def getitem(self, x, key):
        """x[key]."""
        if _core.interpreter_of((x, key)) is not None:
            return _index.getitem(x, key)
        node = self.begin(Target("getitem", "getitem"), (x, key), {})
        with self.inside(node):
            result = _index.getitem(x, key)
        return self.end(node, result)

    def setitem(self, x, key, value):
        """x[key] = value."""
        if _core.interpreter_of((x, key, value)) is not None:
            _index.setitem(x, key, value)
            return
        node = self.begin(Target("setitem", "setitem"), (x, key, value), {})
        with self.inside(node):
            _index.setitem(x, key, value)
        self.end(node, x, (x,))

    def function(self, cls, *rest):
        """The forward of an autograd.Function."""
        args = rest[3]
        node = self.begin(Target("python", cls.__name__, cls), args, {})
        changed = [(t, t._version) for t in args if isinstance(t, Tensor)]
        with self.inside(node):
            result = _core.run_function(cls, *rest)
        return self.end(node, result, [t for t, version in changed if t._version != version])

    def composed(self, target, function, args, kwargs, changed=()):
        """A call of a function that is made of others, or of none, recorded as one."""
        node = self.begin(target, args, kwargs)
        node.random = is_random(target.name)
        with self.inside(node):
            result = function(*args, **kwargs)
        if target.name in DROPOUTS:
            if not node.inner:
                return result  # in evaluation
            node.random = any(n.random for n in node.inner)
        if not any(isinstance(leaf, Tensor) for leaf in flatten(result)[0]):
            return result
        if target.name.endswith("_") and not changed:
            changed = args[:1]
        return self.end(node, result, changed)

    @contextlib.contextmanager
    def scope(self, module):
        """Calls are made by a module meanwhile."""
        self.scopes.append(self.paths.get(id(module), self.scopes[-1]))
        try:
            yield
        finally:
            self.scopes.pop()

    # ------------------------------------------------------------------ what is asked of tensors

    def size_of(self, tensor):
        """The shape of a tensor as the traced function sees it."""
        shape = _PLAIN_SHAPE.__get__(tensor)
        known = None if self.depth else self.known.get(id(tensor))
        if known is None or known[1].kind == CONSTANT or known[1].kind == PARAMETER:
            return shape
        value = known[1]
        return TracedSize([_size_int(value, i, n) for i, n in enumerate(shape)])

    def warn_number(self, tensor, what):
        """Warns that a traced tensor becomes a Python value: called from the method of the tensor that does it."""
        caller = sys._getframe(2)
        own = (caller.f_globals.get("__name__") or "").partition(".")[0] == "flambeau"
        if own or self.depth or id(tensor) not in self.known:
            return
        warnings.warn(
            f"Converting a tensor to {what} might cause the trace to be incorrect: Python values are not recorded, so "
            "this one will be a constant of the graph, also for other inputs.",
            TracerWarning,
            stacklevel=3,
        )


def _size_int(value, i, n):
    from .graph import Dim

    return SizeInt(n, Dim("size", (value, i), n))


def _owner(tensor):
    """What stands for the memory of a tensor: the array that owns it, or an object of the device's library. None where
    it has no elements."""
    array = _array(tensor)
    if isinstance(array, Shell) or not array.size:
        return None
    if type(array) is np.ndarray:
        return storage_array(tensor)
    return _core.backend_for(tensor).memory_of(array)


def _place(tensor, owner):
    """(storage, offset, strides, size of the storage) in elements."""
    array = _array(tensor)
    item = array.itemsize
    on_cpu = type(array) is np.ndarray
    base = owner.__array_interface__["data"][0] if on_cpu else 0
    offset = (_BASE.data_ptr(tensor) - base) // item
    return id(owner), offset, tuple(s // item for s in array.strides), owner.size if on_cpu else -1


def _paths(module):
    return {id(m): path for path, m in module.named_modules()}


def _members(module):
    """id -> dotted path of the parameters and buffers of a module."""
    return {id(t): path for path, t in (*module.named_buffers(), *module.named_parameters())}


def trace_call(function, args, kwargs=None, *, module=None, names=None, keep=False):
    """trace_call(function, args) -> (graph, what the function returned)

    Runs function(*args, **kwargs) and records it. Tensors in args, also in nested containers, are the inputs.
    names: of the positional arguments (default: those of the function).
    """
    kwargs = {} if kwargs is None else kwargs
    name = getattr(function, "__name__", "forward")
    tracer = Tracer(module, name if name.isidentifier() else "forward", keep)
    graph = tracer.graph
    graph.argument_names = names = list(names) if names is not None else argument_names(function, len(args))

    def declared(item, hint):
        def leaf(value):
            if not isinstance(value, Tensor):
                return value
            if _core.interpreter_of((value,)) is not None:
                raise RuntimeError(
                    f"trace: the argument {hint} is a {type(value).__name__}, which cannot be an input of a graph: "
                    "pass ordinary tensors, or use it inside the function as a constant"
                )
            if id(value) in tracer.known:
                return tracer.known[id(value)][1]
            made = tracer.make(INPUT, hint, value)
            graph.inputs.append(made)
            return made

        return mapped(item, leaf)

    graph.arguments = tuple(declared(a, name) for a, name in zip(args, names, strict=True))
    graph.keywords = {key: declared(a, key) for key, a in kwargs.items()}
    before = _core.set_tracer(tracer)
    try:
        with watched():
            result = function(*args, **kwargs)
            graph.result = tracer.encoded(result)
    finally:
        _core.set_tracer(before)
    if not keep:
        graph.trim()
    return graph, result
