"""What programs say to PyTorch's compiler: marks and questions. There is no compiler: programs run as Python."""

__all__ = [
    "allow_in_graph", "assume_constant_result", "compile", "cudagraph_mark_step_begin", "disable", "is_compiling",
    "is_dynamo_compiling", "is_exporting", "list_backends", "reset",
]  # fmt: skip

_MODES = (None, "default", "reduce-overhead", "max-autotune", "max-autotune-no-cudagraphs")


def compile(model=None, *, fullgraph=False, dynamic=None, backend="inductor", mode=None, options=None, disable=False,
            name=None):  # fmt: skip
    """compile(model=None, *, fullgraph=False, dynamic=None, backend="inductor", mode=None, options=None,
    disable=False) -> model, or a decorator where no model is given

    There is no compiler: a function or module comes back as it is and runs as before, so that scripts written for one
    work. All arguments are accepted and have no effect; a backend that is a function is not called. A module keeps the
    names of its parameters (no `_orig_mod.` in its state_dict). RuntimeError for mode together with options, or an
    unknown mode; TypeError for what cannot be called. For graphs that are recorded and saved see `flambeau.jit.trace`.
    """
    if mode is not None and options is not None:
        raise RuntimeError(
            "Either mode or options can be specified, but both can't be specified at the same time."
        )
    if mode not in _MODES:
        raise RuntimeError(
            f"compile: unrecognized mode={mode}, should be one of: {', '.join(map(str, _MODES[1:]))}"
        )
    if not (isinstance(backend, str) or callable(backend)):
        raise TypeError(f"compile: backend must be a string or a function, not {type(backend).__name__}")
    if model is None:
        return lambda function: compile(function, backend=backend)
    if not callable(model):
        raise TypeError(f"compile: expected a function or a module, got {type(model).__name__}")
    return model


def is_compiling():
    """is_compiling() -> bool: False: what runs is Python."""
    return False


def is_dynamo_compiling():
    """is_dynamo_compiling() -> bool: False: what runs is Python."""
    return False


def is_exporting():
    """is_exporting() -> bool: whether `flambeau.onnx` is running the model to record it."""
    from . import jit

    return jit.is_tracing()


def allow_in_graph(fn):
    """allow_in_graph(fn) -> fn: marks a function that a compiler should not look into."""
    return fn


def assume_constant_result(fn):
    """assume_constant_result(fn) -> fn: marks a function whose result a compiler may take for a constant."""
    return fn


def disable(fn=None, recursive=True, *, reason=None):
    """disable(fn) -> fn, or disable() -> a decorator: marks a function that a compiler should leave to Python."""
    return allow_in_graph if fn is None else fn


def list_backends(exclude_tags=()):
    """list_backends() -> []: there is no compiler."""
    return []


def reset():
    """reset(): has no effect; nothing is kept of what `compile` was given."""


def cudagraph_mark_step_begin():
    """cudagraph_mark_step_begin(): has no effect."""
