"""Files of traced functions and modules: a zip archive of the graphs as JSON and the tensors as plain bytes.

    program.json    format, kind ("function" or "module"), the table of tensors, modules and graphs
    tensors/0, ...  the elements of each tensor in row-major order
    extra/NAME      what was given as _extra_files

The format is this library's own: TorchScript's files hold programs of another kind, and are neither written nor read.
Reading one runs no code of the file: it names ops, and what it says is checked. A scripted module, which has no graph,
is kept by pickle in `module.pkl`; reading that imports and runs what the file names, as `flambeau.load` does.
"""

import io
import json
import os
import zipfile
from collections import namedtuple
from typing import Any

import numpy as np

import flambeau as fb

from .. import _core
from ..func.trees import Tree
from ..tensor import Tensor
from .graph import CONSTANT, Dim, Graph, Node, Target, Value

FORMAT, VERSION = "flambeau.jit", 1
_NAMED = (
    (fb.dtype, "dtype"),
    (fb.device, "device"),
    (fb.layout, "layout"),
    (fb.memory_format, "memory_format"),
)


class _Tensors:
    """The tensors of a file that is written: each once, by its number."""

    def __init__(self):
        self.numbers: dict[int, int] = {}
        self.kept: list = []

    def number(self, tensor):
        if tensor is None:
            return None
        if id(tensor) not in self.numbers:
            self.numbers[id(tensor)] = len(self.kept)
            self.kept.append(tensor)
        return self.numbers[id(tensor)]

    def table(self):
        return [dict(dtype=t.dtype.name, shape=list(t.shape), requires_grad=t.requires_grad,
                     parameter=isinstance(t, fb.nn.Parameter)) for t in self.kept]  # fmt: skip

    def bytes_of(self, tensor):
        return np.ascontiguousarray(_core.array_of(tensor.detach().cpu())).tobytes()


# ---------------------------------------------------------------------------------------------------- writing


def save_function(function, f, extra_files=None):
    """Writes a ScriptFunction."""
    tensors = _Tensors()
    content = dict(kind="function", graphs={"forward": _Writer(function.graph, tensors).content()})
    _write(f, content, tensors, extra_files)


def save_module(module, f, extra_files=None):
    """Writes a ScriptModule."""
    tensors = _Tensors()
    modules = [_module(path, m, tensors) for path, m in module.named_modules(remove_duplicate=False)]
    graphs = {name: _Writer(p.graph, tensors).content() for name, p in module._programs.items()}
    _write(f, dict(kind="module", modules=modules, graphs=graphs), tensors, extra_files)


def _module(path, m, tensors):
    return dict(
        path=path, name=m.original_name, training=m.training, hidden=sorted(m._non_persistent_buffers_set),
        parameters={k: tensors.number(v) for k, v in m._parameters.items()},
        buffers={k: tensors.number(v) for k, v in m._buffers.items()},
    )  # fmt: skip


def _write(f, content, tensors, extra_files, more=None):
    content = dict(format=FORMAT, version=VERSION, tensors=tensors.table() if tensors else [], **content)
    text = json.dumps(content)  # before anything is written
    target = os.fspath(f) if isinstance(f, (str, os.PathLike)) else f
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("program.json", text)
        for number, tensor in enumerate(tensors.kept if tensors else ()):
            archive.writestr(f"tensors/{number}", tensors.bytes_of(tensor))
        for name, data in (more or {}).items():
            archive.writestr(name, data)
        for name, data in (extra_files or {}).items():
            archive.writestr(f"extra/{name}", data)


class _Writer:
    """A graph as what JSON has."""

    def __init__(self, graph: Graph, tensors):
        self.graph, self.tensors = graph, tensors
        self.values: dict[Value, int] = {}
        self.table: list[dict] = []

    def content(self):
        graph = self.graph
        return dict(
            name=graph.name, argument_names=graph.argument_names,
            inputs=[self.value(v) for v in graph.inputs],
            parameters={path: self.value(v) for path, v in graph.parameters.items()},
            constants=[self.value(v) for v in graph.constants],
            arguments=self.item(graph.arguments), keywords=self.item(graph.keywords),
            nodes=[self.node(n) for n in graph.nodes], result=self.item(graph.result), values=self.table,
        )  # fmt: skip

    def value(self, v):
        if v not in self.values:
            self.values[v] = len(self.table)
            entry: dict = dict(kind=v.kind, name=v.name, shape=list(map(int, v.shape)))
            self.table.append(entry)
            if v.dtype is not None:
                entry["dtype"] = v.dtype.name
            if v.path is not None:
                entry["path"] = v.path
            if v.fresh:
                entry["fresh"] = True
            if v.kind == CONSTANT:
                entry["tensor"] = self.tensors.number(v.tensor) if isinstance(v.tensor, Tensor) else None
                if not isinstance(v.tensor, Tensor):
                    entry["constant"] = self.item(v.tensor)
        return self.values[v]

    def node(self, n: Node):
        if n.target.kind == "python":
            raise RuntimeError(
                f"save: the graph calls the autograd.Function {n.target.name}, which is code that a file cannot hold; "
                "save the state_dict of the module instead"
            )
        return dict(
            kind=n.target.kind, name=n.target.name, module=n.target.module, args=self.item(n.args),
            kwargs=self.item(n.kwargs), outputs=[self.value(v) for v in n.outputs], tree=_shape_of(n.tree),
            scope=n.scope, no_grad=n.no_grad, changes=n.changes, random=n.random,
            origin=[[self.value(a), self.value(b)] for a, b in n.origin.items()],
        )  # fmt: skip

    def item(self, item) -> Any:
        if isinstance(item, Value):
            return {"value": self.value(item)}
        if isinstance(item, Dim):
            return {"dim": [item.kind, item.hint, *map(self.item, item.args)]}
        if item is None or isinstance(item, (bool, str)):
            return item
        if isinstance(item, int):
            return int(item)
        if isinstance(item, float):
            return {"float": repr(float(item))} if item != item or abs(item) == float("inf") else float(item)
        if isinstance(item, complex):
            return {"complex": [item.real, item.imag]}
        if isinstance(item, tuple) and hasattr(item, "_fields"):
            return {"named": [type(item).__name__, list(item._fields), *map(self.item, item)]}
        if isinstance(item, tuple):
            return {"tuple": [self.item(v) for v in item]}
        if isinstance(item, list):
            return [self.item(v) for v in item]
        if isinstance(item, dict):
            return {"dict": [[self.item(k), self.item(v)] for k, v in item.items()]}
        if isinstance(item, slice):
            return {"slice": [self.item(v) for v in (item.start, item.stop, item.step)]}
        if item is Ellipsis:
            return {"ellipsis": True}
        if isinstance(item, np.generic):
            return self.item(item.item())
        for cls, word in _NAMED:
            if isinstance(item, cls):
                return {word: str(item).replace("torch.", "")}
        raise RuntimeError(
            f"save: an argument of the graph is a {type(item).__name__}, which a file cannot hold: pass numbers, "
            "strings, dtypes or tensors"
        )


def _shape_of(tree):
    """The structure of a result: None for a tensor, a list for a container."""
    return None if tree is None or tree.kind is None else [_shape_of(c) for c in tree.children]


# ---------------------------------------------------------------------------------------------------- reading


def load(f, map_location=None, _extra_files=None, _restore_shapes=False):
    """load(f, map_location=None) -> ScriptFunction or ScriptModule that `save` wrote to a path or a file object

    map_location: a device for all tensors. _extra_files: a dict whose keys are filled in from the file.
    RuntimeError for other files, among them those of TorchScript, whose programs this library does not run.
    """
    source = io.BytesIO(f.read()) if hasattr(f, "read") and not hasattr(f, "seek") else f
    try:
        archive = zipfile.ZipFile(source)
        content = json.loads(archive.read("program.json"))
        if content["format"] != FORMAT:
            raise KeyError(content["format"])
    except (zipfile.BadZipFile, KeyError, ValueError) as error:
        raise RuntimeError(
            "jit.load: this is no file of flambeau.jit.save; TorchScript files are not read: load the weights with "
            "flambeau.load and trace the model again"
        ) from error
    if content["version"] > VERSION:
        raise RuntimeError(
            f"jit.load: the file has version {content['version']} of the format, this library reads up to {VERSION}"
        )
    with archive:
        for name in _extra_files or ():
            _extra_files[name] = archive.read(f"extra/{name}")
        if content["kind"] == "script":
            from .scripting import load_scripted

            return load_scripted(archive.read("module.pkl"), map_location)
        tensors = [_tensor(entry, archive.read(f"tensors/{i}"), map_location)
                   for i, entry in enumerate(content["tensors"])]  # fmt: skip
    from .modules import ScriptFunction, ScriptModule

    graphs = {name: _Reader(g, tensors).graph() for name, g in content["graphs"].items()}
    if content["kind"] == "function":
        return ScriptFunction(graphs["forward"])
    modules: dict[str, Any] = {}
    for entry in content["modules"]:
        made = modules[entry["path"]] = ScriptModule()
        made.__dict__["original_name"], made.training = entry["name"], entry["training"]
        for table in ("parameters", "buffers"):
            made.__dict__[f"_{table}"].update(
                {k: None if n is None else tensors[n] for k, n in entry[table].items()}
            )
        made._non_persistent_buffers_set.update(entry["hidden"])
        if entry["path"]:
            parent, _, name = entry["path"].rpartition(".")
            modules[parent]._modules[name] = made
    for name, graph in graphs.items():
        modules[""]._add(name, graph)
    return modules[""]


def _tensor(entry, data, map_location):
    dtype = getattr(fb, entry["dtype"])
    count = int(np.prod(entry["shape"], dtype=np.int64))
    if len(data) != count * dtype.itemsize:
        raise RuntimeError(
            f"jit.load: a tensor of shape {entry['shape']} needs {count * dtype.itemsize} bytes, and the file has "
            f"{len(data)}"
        )
    made = fb.empty(entry["shape"], dtype=dtype)
    _core.array_of(made)[...] = np.frombuffer(data, dtype.numpy).reshape(entry["shape"])
    if map_location is not None:
        made = made.to(map_location)
    if entry["parameter"]:
        return fb.nn.Parameter(made, requires_grad=entry["requires_grad"])
    return made.requires_grad_(entry["requires_grad"]) if entry["requires_grad"] else made


class _Reader:
    """A graph from what JSON has."""

    def __init__(self, content, tensors):
        self.content, self.tensors = content, tensors
        self.values = [self.made(entry) for entry in content["values"]]

    def made(self, entry):
        dtype = getattr(fb, entry["dtype"]) if "dtype" in entry else None
        value = Value(entry["kind"], entry["name"], entry["shape"], dtype, entry.get("path"))
        if not value.name.isidentifier():
            raise RuntimeError(f"jit.load: {value.name!r} is no name of a value")
        value.fresh = entry.get("fresh", False)
        if value.kind == CONSTANT:
            number = entry["tensor"]
            value.tensor = self.item(entry["constant"]) if number is None else self.tensors[number]
        return value

    def graph(self):
        c = self.content
        names = [c["name"], *c["argument_names"], *self.item(c["keywords"])]
        if not all(n.isidentifier() for n in names):
            raise RuntimeError(f"jit.load: {names} are no names of a function and its arguments")
        graph = Graph(c["name"])
        graph.argument_names = c["argument_names"]
        graph.inputs = [self.values[i] for i in c["inputs"]]
        graph.parameters = {path: self.values[i] for path, i in c["parameters"].items()}
        graph.constants = [self.values[i] for i in c["constants"]]
        graph.arguments, graph.keywords = self.item(c["arguments"]), self.item(c["keywords"])
        graph.nodes = [self.node(n) for n in c["nodes"]]
        graph.result = self.item(c["result"])
        return graph

    def node(self, n):
        _check_target(n)
        node = Node(
            Target(n["kind"], n["name"], None, n["module"]), self.item(n["args"]), self.item(n["kwargs"])
        )
        if not all(isinstance(key, str) and key.isidentifier() for key in node.kwargs):
            raise RuntimeError(f"jit.load: {list(node.kwargs)} holds what is no name of an argument")
        node.outputs = [self.values[i] for i in n["outputs"]]
        for value in node.outputs:
            value.node = node
        node.tree, node.scope = _tree(n["tree"]), n["scope"]
        node.no_grad, node.changes, node.random = n["no_grad"], n["changes"], n["random"]
        node.origin = {self.values[a]: self.values[b] for a, b in n["origin"]}
        return node

    def item(self, item) -> Any:
        if isinstance(item, list):
            return [self.item(v) for v in item]
        if not isinstance(item, dict):
            return item
        ((word, content),) = item.items()
        if word == "value":
            return self.values[content]
        if word == "dim":
            kind, hint, *args = content
            if kind not in ("size", "+", "-", "*", "//", "%"):
                raise RuntimeError(f"jit.load: {kind!r} is no operation on sizes")
            args = tuple(map(self.item, args))
            if not all(isinstance(a, (Value, Dim, int)) for a in args):
                raise RuntimeError(f"jit.load: {args} are no sizes")
            return Dim(kind, args, hint)
        if word == "tuple":
            return tuple(self.item(v) for v in content)
        if word == "named":
            name, fields, *parts = content
            return namedtuple(name, fields)(*map(self.item, parts))
        if word == "dict":
            return {self.item(k): self.item(v) for k, v in content}
        if word == "slice":
            return slice(*map(self.item, content))
        if word == "float":
            return float(content)
        if word == "complex":
            return complex(*content)
        if word == "ellipsis":
            return Ellipsis
        if word == "device":
            return fb.device(content)
        for cls, name in _NAMED:
            if word == name and isinstance(getattr(fb, content, None), cls):
                return getattr(fb, content)
        raise RuntimeError(f"jit.load: unknown kind of argument {word!r}")


def _tree(shape):
    return Tree() if shape is None else Tree(tuple, None, [_tree(s) for s in shape])


def _check_target(n):
    """Refuses calls of what is no operation on tensors."""
    from ..ops.op import FUNCTIONS, METHODS
    from .names import COMPOSED_LAYERS, RANDOM_FACTORIES, SETTERS, op_functions

    kind, name = n["kind"], n["name"]
    functions = {
        "flambeau": FUNCTIONS,
        "flambeau.v03": RANDOM_FACTORIES,
        "flambeau.nn.functional": COMPOSED_LAYERS,
    }
    known = {
        "op": lambda: name in op_functions(), "bound": lambda: name in op_functions(),
        "function": lambda: name in functions.get(n["module"], ()),
        "method": lambda: name in METHODS or name in SETTERS or name in ("detach", "view"),
        "getitem": lambda: True, "setitem": lambda: True,
    }  # fmt: skip
    if kind not in known or not known[kind]():
        raise RuntimeError(f"jit.load: this library has no {kind} {name!r}, which the graph calls")


def save(m, f, _extra_files=None):
    """save(m, f): writes a traced function or module to a path or a file object; `load` reads it."""
    if not hasattr(m, "save"):
        raise RuntimeError(
            f"jit.save: a traced or scripted module is needed, not {type(m).__name__}; trace it first"
        )
    m.save(f, _extra_files=_extra_files)
