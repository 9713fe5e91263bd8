"""`export`: a model as an ONNX file."""

import contextlib
import os
from typing import Any

from ..jit.modules import ScriptModule
from ..jit.tracing import trace_call
from ..nn import Module
from ..tensor import Tensor
from ..version import __version__
from . import protobuf, registry
from .builder import Builder, element_of
from .errors import OnnxExporterError

DEFAULT_OPSET, LOWEST, HIGHEST = 17, 11, 21
_IR = {11: 6, 12: 7, 13: 7, 14: 7, 15: 8, 16: 8, 17: 8, 18: 8, 19: 9, 20: 9, 21: 10}


class ONNXProgram:
    """An exported model: `save(path)` writes the file, `model_bytes` is its content."""

    def __init__(self, data, graph, input_names, output_names):
        self.model_bytes, self.graph = data, graph
        self.input_names, self.output_names = input_names, output_names

    def save(self, destination, **options):
        """save(path): writes the file; a file object is written to as well."""
        if hasattr(destination, "write"):
            destination.write(self.model_bytes)
            return
        with open(os.fspath(destination), "wb") as file:
            file.write(self.model_bytes)

    def __repr__(self):
        return f"ONNXProgram(inputs={self.input_names}, outputs={self.output_names}, {len(self.model_bytes)} bytes)"


def export(model, args=(), f=None, export_params=True, verbose=False, training=None, input_names=None,
           output_names=None, operator_export_type=None, opset_version=None, do_constant_folding=True,
           dynamic_axes=None, keep_initializers_as_inputs=None, custom_opsets=None,
           export_modules_as_functions=False, autograd_inlining=True, *, kwargs=None, dynamo=False, external_data=False,
           dynamic_shapes=None, custom_translation_table=None, report=False, optimize=True, verify=False, profile=False,
           dump_exported_program=False, artifacts_dir=".", fallback=False):  # fmt: skip
    """export(model, args, f=None, export_params=True, verbose=False, training=TrainingMode.EVAL, input_names=None,
    output_names=None, opset_version=17, do_constant_folding=True, dynamic_axes=None,
    keep_initializers_as_inputs=False) -> ONNXProgram

    Runs model(*args) once, records what it does and writes that as ONNX to f, a path or a file object.

    model: a module, a traced module or a function. args: a tuple of arguments, or one tensor; a dict at the end holds
    keyword arguments, as `kwargs` does. Tensors among them are the inputs of the graph.
    export_params: whether the file has the parameters; without, they are further inputs. verbose prints the graph.
    training: TrainingMode.EVAL (the default) exports in evaluation mode, PRESERVE in the mode the model is in, TRAINING
    in training mode; the model is as before afterwards. input_names, output_names: for inputs and outputs in order.
    opset_version: 11 to 21. do_constant_folding: what follows from parameters alone is computed now.
    dynamic_axes: {"name": {axis: "name of the size"}} or {"name": [axes]}: sizes of inputs and outputs that may vary;
    dynamic_shapes: the same for inputs by their argument's name. keep_initializers_as_inputs: lists parameters among
    the inputs too. The other arguments belong to exporters of PyTorch, and have no effect.

    UnsupportedOperatorError names an op without counterpart and the module that calls it; ValueError for other opsets.
    """
    opset = DEFAULT_OPSET if opset_version is None else opset_version
    if not LOWEST <= opset <= HIGHEST:
        raise ValueError(f"onnx.export: opset_version must be from {LOWEST} to {HIGHEST}, got {opset}")
    args, named = _arguments(args, kwargs)
    registry.load()
    with _mode(model, training):
        graph = _recorded(model, args, named)
    if verbose:
        print(graph)
    axes = _dynamic(graph, dynamic_axes, dynamic_shapes)
    builder = Builder(opset, dynamic=bool(axes))
    inputs = _names([v.name for v in graph.inputs], input_names, "input_names")
    from .walk import Walk

    found = Walk(graph, builder, do_constant_folding and export_params).run(inputs)
    outputs = _names(
        [f"output_{i}" if len(found) > 1 else "output" for i in range(len(found))],
        output_names,
        "output_names",
    )
    _rename(builder, found, outputs, inputs)
    builder.prune(outputs)
    data = _model(
        graph, builder, inputs, outputs, axes, export_params, keep_initializers_as_inputs, custom_opsets
    )
    program = ONNXProgram(data, graph, inputs, outputs)
    if f is not None:
        program.save(f)
    return program


def _arguments(args, kwargs):
    """Positional and keyword arguments."""
    args = (args,) if isinstance(args, Tensor) else tuple(args)
    named = dict(kwargs or {})
    if args and isinstance(args[-1], dict) and not named and all(isinstance(k, str) for k in args[-1]):
        *rest, last = args
        return tuple(rest), last
    return args, named


@contextlib.contextmanager
def _mode(model, training):
    """The model in the mode in which it is exported; its modules are in theirs afterwards."""
    if not isinstance(model, Module) or getattr(training, "name", None) == "PRESERVE":
        yield
        return
    modes = [(m, m.training) for m in model.modules()]
    model.train(bool(getattr(training, "value", training)))
    try:
        yield
    finally:
        for module, mode in modes:
            module.training = mode


def _recorded(model, args, kwargs):
    """The graph of a call; its values remember the tensors of the run. Buffers have their values back afterwards."""
    import flambeau as fb

    module = model if isinstance(model, Module) else getattr(model, "__self__", None)
    module = module if isinstance(module, Module) else None
    if (
        isinstance(model, ScriptModule)
        and getattr(model, "_programs", None)
        and "forward" not in model._programs
    ):
        raise OnnxExporterError("onnx.export: the traced module has no forward")
    buffers = [] if module is None else [(t, t._version, t.detach().clone()) for t in module.buffers()]
    from ..jit.names import argument_names
    from ..jit.traced import _copied

    names = argument_names(getattr(model, "forward", model), len(args))
    with fb.no_grad():
        copies = [_copied_inside(a, _copied) for a in args]
        graph, _ = trace_call(model, copies, {k: _copied_inside(v, _copied) for k, v in kwargs.items()},
                              module=module, names=names, keep=True)  # fmt: skip
        for tensor, version, value in buffers:
            if tensor._version != version:
                tensor.copy_(value)
    _check_parameters(graph, module)
    if not graph.outputs:
        raise OnnxExporterError("onnx.export: the model returns no tensors")
    return graph


def _check_parameters(graph, module):
    """OnnxExporterError when a parameter was changed in the run: the file would have it changed once already."""
    trained = {} if module is None else dict(module.named_parameters())
    homes = {v.place[0]: path for path, v in graph.parameters.items() if v.place and path in trained}

    def visit(nodes):
        for node in nodes:
            for value in node.outputs if node.changes else ():
                if value.place and value.place[0] in homes:
                    raise OnnxExporterError(
                        f"onnx.export: the model changes its parameter {homes[value.place[0]]} when it is run; make it "
                        "a buffer, or change it elsewhere"
                    )
            visit(node.inner)

    visit(graph.nodes)


def _copied_inside(item, copied):
    from ..func.trees import tree_map

    return tree_map(copied, item)


def _names(own, given, what):
    """Names: those that were given first."""
    given = list(given or ())
    names = given[: len(own)] + own[len(given) :]
    if len(set(names)) != len(names):
        raise ValueError(f"onnx.export: {what} must be different from each other, got {names}")
    return names


def _dynamic(graph, dynamic_axes, dynamic_shapes):
    """{name: {axis: name of the size}}"""
    found: dict[str, dict[int, str]] = {}
    for name, axes in (dynamic_axes or {}).items():
        items = (
            axes.items()
            if isinstance(axes, dict)
            else [(a, f"{name}_dynamic_axes_{i + 1}") for i, a in enumerate(axes)]
        )
        found[name] = {int(a): str(size) for a, size in items}
    if dynamic_shapes:
        if not isinstance(dynamic_shapes, dict):
            dynamic_shapes = dict(zip([v.name for v in graph.inputs], dynamic_shapes, strict=False))
        for name, axes in dynamic_shapes.items():
            sizes = dict(axes if isinstance(axes, dict) else enumerate(axes or ()))
            found[name] = {
                int(a): getattr(s, "__name__", None) or str(s) for a, s in sizes.items() if s is not None
            }
    return {name: axes for name, axes in found.items() if axes}


def _rename(builder, found, wanted, inputs):
    """Gives the results their names: where a node makes them the node's output is called so, others are copied."""
    made = {name for n in builder.nodes for name in n[2]}
    names: dict[str, str] = {}
    for name, new in zip(found, wanted, strict=True):
        if name in made and name not in names and name not in inputs:
            names[name] = new
        else:
            builder.nodes.append(("Identity", [name], [new], builder.fresh("result"), {}, ""))
    builder.nodes = [
        (op, [names.get(i, i) for i in given], [names.get(o, o) for o in out], label, attributes, domain)
        for op, given, out, label, attributes, domain in builder.nodes
    ]


def _model(graph, builder, inputs, outputs, axes, export_params, as_inputs, custom_opsets):
    """The bytes of the file."""
    initializers: list[list] = []
    more: list[bytes] = []
    for name, array in builder.initializers.items():
        element = builder.elements.get(name)
        parameter = name in builder.parameters
        if export_params or not parameter:
            initializers.append(protobuf.tensor(name, array, element))
        if parameter and (as_inputs or not export_params):
            code = protobuf.ELEMENTS[array.dtype.name] if element is None else element
            more.append(protobuf.value_info(name, code, array.shape))
    nodes = [protobuf.node(op, given, out, label, attributes, domain)
             for op, given, out, label, attributes, domain in builder.nodes]  # fmt: skip
    ins = [protobuf.value_info(name, element_of(v.dtype), _dims(v, axes.get(name)))
           for v, name in zip(graph.inputs, inputs, strict=True)]  # fmt: skip
    outs = [protobuf.value_info(name, element_of(v.dtype), _dims(v, axes.get(name), bool(axes)))
            for v, name in zip(graph.outputs, outputs, strict=True)]  # fmt: skip
    data = protobuf.graph(graph.name, nodes, initializers, ins + more, outs)
    size = sum(memoryview(part).nbytes for part in data)
    if size > protobuf.LARGEST:
        raise OnnxExporterError(
            f"onnx.export: the model takes {size} bytes, and a file of ONNX holds {protobuf.LARGEST}; export with "
            "export_params=False and store the state_dict"
        )
    opsets: dict[str, Any] = {"": builder.opset}
    opsets.update({domain: (custom_opsets or {}).get(domain, 1) for domain in sorted(builder.domains)})
    return b"".join(protobuf.model(data, _IR[builder.opset], opsets, "flambeau", __version__))


def _dims(value, axes, others_vary=False):
    """The sizes of an input or output; None for those of an output that follow from sizes that vary."""
    rank = len(value.shape)
    named = {a % rank: size for a, size in (axes or {}).items()} if rank else {}
    return [named.get(i, None if others_vary and axes is None else int(n)) for i, n in enumerate(value.shape)]
