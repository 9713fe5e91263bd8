"""`trace` and `trace_module`: running a function or module once and keeping what it did."""

import contextlib
import warnings

import flambeau as fb

from ..func.trees import flatten, tree_map
from ..nn import Module
from ..tensor import Tensor
from .modules import ScriptFunction, ScriptModule
from .program import has_random, without_dead_code
from .tracing import TracerWarning, trace_call


def trace(func, example_inputs=None, optimize=None, check_trace=True, check_inputs=None, check_tolerance=1e-5,
          strict=True, _force_outplace=False, _module_class=None, _compilation_unit=None, example_kwarg_inputs=None,
          _store_inputs=True):  # fmt: skip
    """trace(func, example_inputs, check_trace=True, check_inputs=None, check_tolerance=1e-5, strict=True) ->
    ScriptFunction, or ScriptModule for a module

    Runs func once and records the operations on tensors; the result repeats them on other inputs of the same kind.
    Sizes taken from the inputs follow the inputs; Python values, `if` and loops stay as they were in this run, and a
    TracerWarning says so where a tensor became a Python value.

    example_inputs: a tuple of arguments, or a single tensor; tensors may be nested in lists, tuples and dicts.
    example_kwarg_inputs: keyword arguments in their place. check_trace: runs func and the graph once more and warns
    (TracerWarning) where they differ by more than check_tolerance, and where random numbers are drawn; check_inputs:
    a list of other example_inputs to compare on. strict=False allows results in dicts. RuntimeError when func returns
    what is no tensor, and nothing that depends on the inputs.
    """
    if example_inputs is None and example_kwarg_inputs is None:
        raise RuntimeError("trace: example_inputs or example_kwarg_inputs are needed")
    if example_inputs is not None and example_kwarg_inputs is not None:
        raise RuntimeError("trace: give example_inputs or example_kwarg_inputs, not both")
    if isinstance(func, (ScriptFunction, ScriptModule)) and getattr(func, "_programs", True):
        return func
    options = dict(
        check_trace=check_trace, check_inputs=check_inputs, check_tolerance=check_tolerance, strict=strict
    )
    module, method = _as_method(func)
    if module is not None:
        given = example_kwarg_inputs if example_inputs is None else example_inputs
        return _trace_module(module, {method: given}, example_inputs is None, **options)
    args, kwargs = _arguments(example_inputs, example_kwarg_inputs)
    graph = _traced(func, args, kwargs, None, strict)
    made = ScriptFunction(graph, func)
    if check_trace:
        _check(func, made, [(args, kwargs), *_others(check_inputs)], check_tolerance, graph)
    return made


def trace_module(mod, inputs, optimize=None, check_trace=True, check_inputs=None, check_tolerance=1e-5, strict=True,
                 _force_outplace=False, _module_class=None, _compilation_unit=None, example_inputs_is_kwarg=False,
                 _store_inputs=True):  # fmt: skip
    """trace_module(module, {"forward": example_inputs, ...}) -> ScriptModule with those methods, as `trace`.

    check_inputs: a list of further such dicts.
    """
    if not isinstance(mod, Module):
        raise AttributeError(f"expected torch.nn.Module as the first argument, not {type(mod).__name__}")
    if not isinstance(inputs, dict):
        raise AttributeError(
            f"expected a dictionary of (method_name, input) pairs, not {type(inputs).__name__}"
        )
    return _trace_module(
        mod, inputs, example_inputs_is_kwarg, check_trace, check_inputs, check_tolerance, strict
    )


def _trace_module(module, inputs, by_keyword, check_trace, check_inputs, check_tolerance, strict):
    made = ScriptModule._mirror(module)
    for method, given in inputs.items():
        args, kwargs = _arguments(None, given) if by_keyword else _arguments(given, None)
        function = getattr(module, method)
        call = module if method == "forward" else function
        graph = _traced(call, args, kwargs, module, strict, function)
        graph.name = method
        made._add(method, graph)
        if check_trace:
            others = [c[method] if isinstance(c, dict) and method in c else c for c in check_inputs or ()]
            run = made if method == "forward" else getattr(made, method)
            runs = [(args, kwargs), *_others(others)]
            _check(call, run, runs, check_tolerance, graph, lambda: _kept_state(module))
    return made


def _as_method(func):
    """(module, name of the method) of a module or a bound method of one; (None, None) of other functions."""
    if isinstance(func, Module):
        return func, "forward"
    owner = getattr(func, "__self__", None)
    return (owner, func.__name__) if isinstance(owner, Module) else (None, None)


def _arguments(example_inputs, example_kwarg_inputs):
    if example_kwarg_inputs is not None:
        return (), dict(example_kwarg_inputs)
    if isinstance(example_inputs, (Tensor, dict)):
        example_inputs = (example_inputs,)
    return tuple(example_inputs), {}


def _others(check_inputs):
    return [_arguments(given, None) for given in check_inputs or ()]


def _traced(call, args, kwargs, module, strict, named=None):
    from .names import argument_names

    fresh = tree_map(_copied, args), tree_map(_copied, kwargs)
    names = argument_names(call if named is None else named, len(args))
    graph, result = trace_call(call, *fresh, module=module, names=names)
    leaves = flatten(result)[0]
    if not any(isinstance(leaf, Tensor) for leaf in leaves):
        raise RuntimeError(
            f"trace: the traced function returned {type(result).__name__}: only functions that return tensors, or "
            "containers of tensors, can be traced"
        )
    if strict and isinstance(result, dict):
        raise RuntimeError(
            "trace: the traced function returned a dict, whose keys will be those of this run for all inputs: return "
            "a tuple, or pass strict=False if that is right"
        )
    return without_dead_code(graph)


def _copied(value):
    """An input that a traced function may change: a leaf stays a leaf."""
    if not isinstance(value, Tensor):
        return value
    made = value.detach().clone()
    return made.requires_grad_() if value.requires_grad else made


@contextlib.contextmanager
def _kept_state(module):
    """Buffers have their values back afterwards."""
    kept = [(t, t.detach().clone()) for t in module.buffers()]
    try:
        yield
    finally:
        with fb.no_grad():
            for tensor, value in kept:
                tensor.copy_(value)


def _check(function, traced, runs, tolerance, graph, kept_state=contextlib.nullcontext):
    """Warns where a function and its graph give other results. kept_state: around each run."""
    state = fb.get_rng_state()
    drawn = has_random(graph)
    try:
        for args, kwargs in runs:
            state_of_run = fb.get_rng_state()
            with kept_state():
                expected = function(*tree_map(_copied, args), **tree_map(_copied, kwargs))
            fb.set_rng_state(state_of_run)
            with kept_state():
                found = traced(*tree_map(_copied, args), **tree_map(_copied, kwargs))
            _compare(expected, found, tolerance)
    finally:
        fb.set_rng_state(state)
    if drawn:
        warnings.warn(
            f"Trace had nondeterministic nodes: {', '.join(drawn)}. Each run draws other random numbers; call eval() "
            "on the model before tracing if that is not what is meant.",
            TracerWarning,
            stacklevel=4,
        )


def _compare(expected, found, tolerance):
    pairs = zip(flatten(expected)[0], flatten(found)[0], strict=False)
    for number, (a, b) in enumerate(pairs, 1):
        if not isinstance(a, Tensor):
            continue
        close = a.shape == b.shape and a.dtype is b.dtype and _close(a.detach(), b.detach(), tolerance)
        if not close:
            detail = (
                f"shapes {list(a.shape)} and {list(b.shape)}" if a.shape != b.shape else _difference(a, b)
            )
            warnings.warn(
                f"Output nr {number}. of the traced function does not match the corresponding output of the Python "
                f"function: {detail}",
                TracerWarning,
                stacklevel=5,
            )


def _close(a, b, tolerance):
    if a.is_floating_point() or a.is_complex():
        return bool(fb.allclose(a, b, rtol=tolerance, atol=tolerance, equal_nan=True))
    return bool(fb.equal(a, b))


def _difference(a, b):
    gap = (
        (a.detach().double() - b.detach().double()).abs().max() if not a.is_complex() else (a - b).abs().max()
    )
    return f"they differ by up to {gap.item():.3g}"
