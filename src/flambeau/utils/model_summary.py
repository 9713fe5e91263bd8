"""The layers of a model as a table: shapes, parameters, multiply-adds and memory of one forward pass."""

import contextlib
import inspect
import sys
from dataclasses import dataclass, field

import flambeau as fb
from flambeau import Tensor
from flambeau.random import fork_rng, used_gpus

from .multiply_adds import multiply_adds

COLUMNS = {
    "input_size": "Input shape",
    "output_size": "Output shape",
    "num_params": "Parameters",
    "params_percent": "Share",
    "kernel_size": "Kernel",
    "mult_adds": "Multiply-adds",
    "trainable": "Trainable",
}
ROW_SETTINGS = ("depth", "var_names", "ascii_only")


@dataclass
class Layer:
    """One call of a module, or (where `called` is false) a module that the forward pass did not call.

    num_params and trainable_params count the parameters of the module and those below it, each once; mult_adds those of
    the call and of the calls inside it. again: an earlier call of the same module has been counted. input_size and
    output_size are shapes, or lists of them; output_bytes the memory that the call itself has taken for its output.
    """

    name: str
    module: fb.nn.Module
    depth: int
    called: bool = True
    again: bool = False
    input_size: object = None
    output_size: object = None
    mult_adds: int = 0
    output_bytes: int = 0
    num_params: int = 0
    trainable_params: int = 0
    own_params: int = 0
    own_mult_adds: int = 0
    children: list["Layer"] = field(default_factory=list)

    @property
    def class_name(self):
        """The name of the module's class."""
        return type(self.module).__name__

    @property
    def kernel_size(self):
        """The module's kernel, None for one without."""
        return getattr(self.module, "kernel_size", None)

    def walk(self):
        """This layer and all inside it, in the order of their calls."""
        yield self
        for child in self.children:
            yield from child.walk()


class ModelSummary:
    """What `summary` returns; its str is the table.

    layers: the first Layer, whose `children` are the others; summary_list: all of them in order. total_params,
    trainable_params and non_trainable_params count numbers, each parameter of the model once. total_mult_adds: of the
    forward pass. total_input, total_output_bytes, total_param_bytes: bytes of the inputs, of the outputs of all layers
    (views and in-place results take none), and of the parameters.
    """

    def __init__(self, layers, model, input_bytes, options):
        self.layers = layers
        self.summary_list = list(layers.walk())
        parameters = list(model.parameters())
        self.total_params = sum(p.numel() for p in parameters)
        self.trainable_params = sum(p.numel() for p in parameters if p.requires_grad)
        self.total_param_bytes = sum(p.nbytes for p in parameters)
        self.total_mult_adds = layers.mult_adds
        self.total_input = input_bytes
        self.total_output_bytes = sum(layer.output_bytes for layer in self.summary_list)
        self._options = options

    @property
    def non_trainable_params(self):
        """The parameters that do not require grad."""
        return self.total_params - self.trainable_params

    def __repr__(self):
        return str(self)

    def __str__(self):
        options = self._options
        names, width = options["col_names"], options["col_width"]
        rows = [(self._label(layer, lines), self._cells(layer, names)) for layer, lines in self._shown()]
        first = max(len(label) for label, _ in [("Layer", ()), *rows])
        line = ("-" if "ascii_only" in options["row_settings"] else "─") * (first + len(names) * (width + 2))
        table = [_row("Layer", [COLUMNS[name] for name in names], first, width), line]
        table += [_row(label, cells, first, width) for label, cells in rows]
        return "\n".join([*table, line, *self._totals(), line])

    def _shown(self):
        """(layer, the lines before its name) of the rows down to the depth."""
        ascii_only = "ascii_only" in self._options["row_settings"]
        bar, tee, corner = ("|  ", "+- ", "+- ") if ascii_only else ("│  ", "├─ ", "└─ ")

        def below(layer, lines):
            shown = self._children(layer)
            for i, child in enumerate(shown):
                last = i == len(shown) - 1
                yield child, lines + (corner if last else tee)
                yield from below(child, lines + ("   " if last else bar))

        yield self.layers, ""
        yield from below(self.layers, "")

    def _children(self, layer):
        return layer.children if layer.depth < self._options["depth"] else []

    def _label(self, layer, lines):
        settings = self._options["row_settings"]
        label = f"{layer.name} ({layer.class_name})" if layer.name and "var_names" in settings else layer.class_name
        return f"{lines}{label}" + (f": {layer.depth}" if "depth" in settings else "")

    def _cells(self, layer, names):
        shows_children = bool(self._children(layer))
        return [self._cell(layer, name, shows_children) for name in names]

    def _cell(self, layer, name, shows_children):
        if name in ("input_size", "output_size"):
            return _shape_text(getattr(layer, name))
        if name == "kernel_size":
            return "--" if layer.kernel_size is None else _shape_text(layer.kernel_size)
        if name == "mult_adds":
            count = layer.own_mult_adds if shows_children else layer.mult_adds
            return f"{count:,}" if count else "--"
        if name == "trainable":
            if not layer.num_params:
                return "--"
            trained = layer.trainable_params
            return "yes" if trained == layer.num_params else "partly" if trained else "no"
        count = layer.own_params if shows_children else layer.num_params
        if not count:
            return "--"
        if layer.again:
            return "(again)"
        if name == "params_percent":
            return f"{100 * count / self.total_params:.2f}%"
        return f"{count:,}"

    def _totals(self):
        lines = [
            ("Parameters", f"{self.total_params:,}"),
            ("Trainable", f"{self.trainable_params:,}"),
            ("Not trainable", f"{self.non_trainable_params:,}"),
        ]
        if self._options["ran"]:
            lines.append(("Multiply-adds", f"{self.total_mult_adds:,}"))
            lines.append(("Memory of inputs", _bytes_text(self.total_input)))
            lines.append(("Memory of activations", _bytes_text(self.total_output_bytes)))
        lines.append(("Memory of parameters", _bytes_text(self.total_param_bytes)))
        return [f"{name + ':':<24}{value:>20}" for name, value in lines]


def _row(label, cells, first, width):
    cells = [cell if len(cell) <= width else cell[: width - 2] + ".." for cell in cells]
    return (label.ljust(first) + "".join(f"  {cell:<{width}}" for cell in cells)).rstrip()


def _shape_text(shape):
    if shape is None:
        return "--"
    if isinstance(shape, list):
        return ", ".join(_shape_text(s) for s in shape)
    return f"({', '.join(str(n) for n in shape)})" if isinstance(shape, tuple) else str(shape)


def _bytes_text(count):
    for unit in ("bytes", "KB", "MB", "GB"):
        if count < 1000 or unit == "GB":
            return f"{count:,} bytes" if unit == "bytes" else f"{count:,.2f} {unit}"
        count /= 1000


# -------------------------------------------------------- running the model


def _tensors(value):
    """All tensors in nested tuples, lists, dictionaries."""
    if isinstance(value, Tensor):
        return [value]
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, (list, tuple)):
        return [t for item in value for t in _tensors(item)]
    return []


def _shapes(value):
    """The shape of the tensor in `value`, or the list of shapes of several; None without tensors."""
    shapes = [tuple(t.shape) for t in _tensors(value)]
    return shapes[0] if len(shapes) == 1 else shapes or None


def _memory(t):
    return t.untyped_storage().data_ptr()


class _Recorder:
    """Hooks on all modules of a model that make a Layer of each call."""

    def __init__(self, model):
        self.paths = {module: name for name, module in model.named_modules()}
        self.seen: set = set()
        self.open: list[Layer] = []
        self.first = None

    @contextlib.contextmanager
    def hooks(self):
        """with recorder.hooks(): the modules have the hooks."""
        handles = []
        try:
            for module in self.paths:
                handles.append(module.register_forward_pre_hook(self.begin, prepend=True, with_kwargs=True))
                handles.append(module.register_forward_hook(self.end, with_kwargs=True))
            yield self
        finally:
            for handle in handles:
                handle.remove()

    def begin(self, module, args, kwargs):
        path, parent = self.paths[module], self.open[-1] if self.open else None
        name = path.removeprefix(self.paths[parent.module] + ".") if parent else path
        layer = Layer(name, module, len(self.open), again=module in self.seen)
        self.seen.add(module)
        if parent:
            parent.children.append(layer)
        else:
            self.first = layer
        self.open.append(layer)

    def end(self, module, args, kwargs, output):
        layer = self.open.pop()
        given = list(inspect.signature(module.forward).bind(*args, **kwargs).arguments.values())
        layer.input_size, layer.output_size = _shapes((args, kwargs)), _shapes(output)
        layer.own_mult_adds = multiply_adds(module, given, output)
        if not layer.children:
            old = {_memory(t) for t in _tensors((args, kwargs))}
            layer.output_bytes = sum(t.nbytes for t in _tensors(output) if _memory(t) not in old)


def _add_uncalled(layer, called):
    """Layers for the modules that the call of `layer` did not reach, where they are registered."""
    for child in layer.children:
        _add_uncalled(child, called)
    for name, module in _uncalled(layer.module, called):
        called.add(module)
        layer.children.append(Layer(name, module, layer.depth + 1, called=False))
        _add_uncalled(layer.children[-1], called)


def _uncalled(module, called, prefix=""):
    """(name, module) of the topmost modules below `module` in which nothing was called. A list of modules that were
    called by themselves is none of them."""
    for name, child in module._modules.items():
        if child is None or child in called:
            continue
        if called.isdisjoint(child.modules()):
            yield prefix + name, child
        else:
            yield from _uncalled(child, called, f"{prefix}{name}.")


def _count(layer):
    """Fill in the sums of a layer, from those inside it up."""
    for child in layer.children:
        _count(child)
    parameters = list(layer.module.parameters())
    layer.num_params = sum(p.numel() for p in parameters)
    layer.trainable_params = sum(p.numel() for p in parameters if p.requires_grad)
    inside = {id(p) for child in layer.children for p in child.module.parameters()}
    layer.own_params = sum(p.numel() for p in parameters if id(p) not in inside)
    layer.mult_adds = layer.own_mult_adds + sum(child.mult_adds for child in layer.children)


@contextlib.contextmanager
def _left_as_it_was(model, mode):
    """The model in a mode; afterwards its modules have their modes and its buffers their values again."""
    modes = [(module, module.training) for module in model.modules()]
    buffers = [(module._buffers, name, b, b.clone()) for module in model.modules()
               for name, b in module._buffers.items() if b is not None]  # fmt: skip
    if mode != "same":
        model.train(mode == "train")
    try:
        yield
    finally:
        for module, training in modes:
            module.training = training
        with fb.no_grad():
            for table, name, buffer, before in buffers:
                table[name] = buffer
                if not fb.equal(buffer, before):
                    buffer.copy_(before)


def _is_shape(size):
    return isinstance(size, (list, tuple)) and all(isinstance(n, int) for n in size)


def _inputs(model, input_size, batch_dim, device, dtypes):
    """A random tensor for each shape (zeros where the dtype is not floating point)."""
    sizes = [input_size] if _is_shape(input_size) else list(input_size)
    for size in sizes:
        if not _is_shape(size) or any(n <= 0 for n in size):
            raise ValueError(f"summary(): input_size must be a shape or a list of shapes, got {input_size}")
    dtypes = [None] * len(sizes) if dtypes is None else list(dtypes)
    if len(dtypes) != len(sizes):
        raise ValueError(f"summary(): {len(sizes)} inputs but {len(dtypes)} dtypes")
    reference = next(iter(model.parameters()), None)
    if device is None and reference is not None:
        device = reference.device
    tensors = []
    for size, dtype in zip(sizes, dtypes, strict=True):
        size = list(size)
        if batch_dim is not None:
            size.insert(batch_dim, 1)
        if dtype is None and reference is not None and reference.is_floating_point():
            dtype = reference.dtype
        made = fb.rand(size)
        tensors.append(made.to(device=device, dtype=made.dtype if dtype is None else dtype))
    return tensors


def _arguments(input_data):
    """(args, kwargs) of the call from what was given as input_data."""
    if isinstance(input_data, dict):
        return [], input_data
    if isinstance(input_data, (list, tuple)):
        return list(input_data), {}
    return [input_data], {}


def summary(model, input_size=None, input_data=None, batch_dim=None, col_names=None, col_width=25, depth=3, device=None,
            dtypes=None, mode="eval", row_settings=None, verbose=None, **kwargs):  # fmt: skip
    """summary(model, input_size=None, input_data=None, batch_dim=None, col_names=None, col_width=25, depth=3,
    device=None, dtypes=None, mode="eval", row_settings=None, verbose=None, **kwargs) -> ModelSummary

    Runs the model once, without gradients, and lists its layers with shapes, parameters and multiply-adds (see
    `flambeau.utils.multiply_adds`), then the totals and the memory. The model is left as it was: modes, buffers, hooks;
    so is the random stream. The arguments have the names of torchinfo's.

    input_size: the shape of the input, or a list of shapes; input_data: the input itself, a list or tuple of
    positional arguments or a dictionary of named ones. Without both the model is not run. batch_dim: where a batch of
    1 is put into the shapes. dtypes: of the inputs, by default the parameters'; device likewise. kwargs: further
    arguments of forward. mode: "eval", "train" or "same". col_names: of "input_size", "output_size", "num_params",
    "params_percent", "kernel_size", "mult_adds", "trainable"; col_width: of their columns. depth: how many levels of
    modules are shown. row_settings: of "var_names" (names of attributes, the default), "depth", "ascii_only".
    verbose: 1 prints the table, 0 does not; by default it is printed unless Python is interactive, which shows the
    result itself.

    Raises ValueError for such an argument that is none of these, RuntimeError when the forward pass fails, which names
    the layers that were run.
    """
    if mode not in ("eval", "train", "same"):
        raise ValueError(f'summary(): mode must be "eval", "train" or "same", got {mode!r}')
    if input_size is not None and input_data is not None:
        raise ValueError("summary(): give input_size or input_data, not both")
    runs = input_size is not None or input_data is not None
    if col_names is None:
        col_names = ("output_size", "num_params", "mult_adds") if runs else ("num_params",)
    row_settings = ("var_names",) if row_settings is None else tuple(row_settings)
    for what, given, known in (("col_names", col_names, COLUMNS), ("row_settings", row_settings, ROW_SETTINGS)):
        wrong = [name for name in given if name not in known]
        if wrong:
            raise ValueError(f"summary(): unknown {what} {wrong}; known are {list(known)}")
    recorder, input_bytes = _Recorder(model), 0
    if runs:
        with fork_rng(used_gpus()), _left_as_it_was(model, mode):
            if input_data is None:
                args, named = _inputs(model, input_size, batch_dim, device, dtypes), {}
            else:
                args, named = _arguments(input_data)
            input_bytes = sum(t.nbytes for t in _tensors((args, named)))
            _run(model, recorder, args, {**named, **kwargs})
    layers = recorder.first or Layer("", model, 0, called=False)
    _add_uncalled(layers, set(recorder.seen) | {model})
    _count(layers)
    options = dict(col_names=tuple(col_names), col_width=col_width, depth=depth, row_settings=row_settings, ran=runs)
    result = ModelSummary(layers, model, input_bytes, options)
    if verbose or (verbose is None and not hasattr(sys, "ps1")):
        print(result)
    return result


def _run(model, recorder, args, kwargs):
    with recorder.hooks(), fb.no_grad():
        try:
            model(*args, **kwargs)
        except Exception as error:
            done = [layer.class_name for layer in recorder.first.walk() if layer.output_size] if recorder.first else []
            raise RuntimeError(
                f"summary(): the forward pass of {type(model).__name__} failed with {type(error).__name__}: {error}. "
                f"Layers that were run: {done}"
            ) from error
