"""What tracing gives: `ScriptFunction` and `ScriptModule`, which run a recorded graph."""

import copy
import functools
import io

from ..nn import Module
from .graph import Graph, Value, mapped
from .program import Program, place_of, with_constants


class ScriptFunction:
    """A traced function: call it like the function it was made of. `graph`, `code`; `save(f)` writes it to a file."""

    def __init__(self, graph: Graph, function=None):
        self._program = Program(graph)
        self.name = graph.name
        if function is not None:
            functools.update_wrapper(self, function, updated=())

    def __call__(self, *args, **kwargs):
        return self._program(*args, **kwargs)

    @property
    def graph(self):
        """The recorded graph."""
        return self._program.graph

    @property
    def code(self):
        """The Python source of what runs."""
        return self._program.code

    inlined_graph = graph

    def save(self, f, _extra_files=None):
        """save(f): writes the function to a path or a file object; `flambeau.jit.load` reads it."""
        from .files import save_function

        save_function(self, f, _extra_files)

    def __deepcopy__(self, memo):
        return self

    def __reduce_ex__(self, protocol):
        return _from_bytes, (_bytes_of(self),)

    def __repr__(self):
        return f"<flambeau.jit.ScriptFunction {self.name}>"


class ScriptModule(Module):
    """A traced module: it has the parameters, buffers and submodules of the module it was made of, and shares them.

    Its methods run recorded graphs: `forward`, and with `trace_module` others. Submodules can be looked at, not called.
    """

    def __init__(self):
        super().__init__()
        self.__dict__["_programs"] = {}
        self.__dict__["original_name"] = type(self).__name__

    # ---- making

    @classmethod
    def _mirror(cls, module, memo=None):
        """A ScriptModule with the tables of a module: both see each other's changes."""
        memo = {} if memo is None else memo
        if id(module) in memo:
            return memo[id(module)]
        made = memo[id(module)] = ScriptModule()
        for table in ("_parameters", "_buffers", "_non_persistent_buffers_set"):
            made.__dict__[table] = module.__dict__[table]
        made.__dict__["original_name"] = getattr(module, "original_name", type(module).__name__)
        made.training = module.training
        for name, child in module._modules.items():
            made._modules[name] = None if child is None else cls._mirror(child, memo)
        return made

    def _add(self, name, graph):
        """A method that runs a graph."""
        self._programs[name] = Program(graph, self)
        if name != "forward":
            self.__dict__[name] = functools.partial(_run, self, name)
        return self

    # ---- running

    def forward(self, *args, **kwargs):
        """Runs the recorded graph."""
        program = self._programs.get("forward")
        if program is None:
            raise NotImplementedError(
                f"{self.original_name}: this part of a traced module has no graph of its own; call the whole, or trace "
                "the part"
            )
        return program(*args, **kwargs)

    @property
    def graph(self):
        """The recorded graph of `forward`."""
        return self._program().graph

    inlined_graph = graph

    @property
    def code(self):
        """The Python source of what `forward` runs."""
        return self._program().code

    def _program(self):
        if "forward" not in self._programs:
            raise AttributeError(
                f"{self.original_name}: there is no graph of forward; trace the module for one"
            )
        return self._programs["forward"]

    def save(self, f, _extra_files=None):
        """save(f): writes graphs, parameters and buffers to a path or a file object; `flambeau.jit.load` reads it."""
        from .files import save_module

        save_module(self, f, _extra_files)

    def _get_name(self):
        return self.original_name

    def extra_repr(self):
        """The name of the class that was traced."""
        return f"original_name={self.original_name}"

    def __reduce_ex__(self, protocol):
        return _from_bytes, (_bytes_of(self),)

    def __deepcopy__(self, memo):
        made = _empty_copy(self, memo, {})
        memo[id(self)] = made
        return made


def _bytes_of(program):
    """What `save` writes."""
    buffer = io.BytesIO()
    program.save(buffer)
    return buffer.getvalue()


def _from_bytes(data):
    """The program in what `save` wrote: how pickle makes one."""
    from .files import load

    return load(io.BytesIO(data))


def _run(module, name, *args, **kwargs):
    return module._programs[name](*args, **kwargs)


def _empty_copy(module, memo, seen):
    """A copy of a ScriptModule and of all below it."""
    if id(module) in seen:
        return seen[id(module)]
    made = seen[id(module)] = ScriptModule()
    for table in ("_parameters", "_buffers", "_non_persistent_buffers_set"):
        made.__dict__[table] = copy.deepcopy(module.__dict__[table], memo)
    made.__dict__["original_name"], made.training = module.original_name, module.training
    for name, child in module._modules.items():
        made._modules[name] = None if child is None else _empty_copy(child, memo, seen)
    for name, program in module._programs.items():
        made._add(name, program.graph)
    return made


def freeze(mod, preserved_attrs=None, optimize_numerics=True):
    """freeze(module) -> ScriptModule whose parameters are constants of the graph

    What follows from constants alone is computed once. The module must be traced and in evaluation mode
    (RuntimeError otherwise). Changes of the parameters of `module` do not reach the result.
    preserved_attrs: names of methods to keep besides `forward`. optimize_numerics has no effect.
    """
    if not isinstance(mod, ScriptModule):
        raise RuntimeError(f"freeze: a traced module is needed, not {type(mod).__name__}; trace it first")
    if mod.training:
        raise RuntimeError("freeze: the module is in training mode; call eval() and trace it before freezing")
    made = ScriptModule()
    made.__dict__["original_name"] = mod.original_name
    made.training = False
    for name in ("forward", *(preserved_attrs or ())):
        if name not in mod._programs:
            raise AttributeError(f"freeze: the module has no traced method {name!r}")
        graph = with_constants(_copied(mod._programs[name].graph), mod)
        for path in graph.parameters:
            _put(made, mod, path)
        made._add(name, graph)
    return made


def optimize_for_inference(mod, other_methods=None):
    """optimize_for_inference(module) -> frozen module: constants are computed, results that nobody uses are not."""
    return (
        freeze(mod.eval() if mod.training else mod, other_methods) if isinstance(mod, ScriptModule) else mod
    )


def _copied(graph):
    """A graph that may be changed without the other one."""
    made = copy.copy(graph)
    made.nodes = [copy.copy(node) for node in graph.nodes]
    memo: dict = {}

    def fresh(value):
        if value not in memo:
            memo[value] = copy.copy(value)
        return memo[value]

    def leaf(item):
        return fresh(item) if isinstance(item, Value) else item.map(fresh) if hasattr(item, "show") else item

    for node in made.nodes:
        node.args, node.kwargs = mapped(node.args, leaf), mapped(node.kwargs, leaf)
        node.outputs = [fresh(v) for v in node.outputs]
        node.origin = {fresh(k): fresh(v) for k, v in node.origin.items()}
    made.inputs = [fresh(v) for v in graph.inputs]
    made.constants = [fresh(v) for v in graph.constants]
    made.parameters = {path: fresh(v) for path, v in graph.parameters.items()}
    made.arguments, made.keywords = mapped(graph.arguments, leaf), mapped(graph.keywords, leaf)
    made.result = mapped(graph.result, leaf)
    return made


def _put(target, source, path):
    """Gives target the parameter or buffer at a path of source."""
    table, name = place_of(source, path)
    owner = target
    *parents, _ = path.split(".")
    for part in parents:
        if part not in owner._modules:
            owner._modules[part] = ScriptModule()
        owner = owner._modules[part]
    kind = owner._parameters if path in dict(source.named_parameters()) else owner._buffers
    kind[name] = table[name]
