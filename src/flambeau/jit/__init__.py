"""Recorded programs: `trace` runs a function or module once and gives a graph that can be run, shown and saved.

`script` and the marks that go with it leave programs as they are: they run as Python (`docs/jit.md`).
"""

import contextlib
from typing import Any, Final

from .. import _core

__all__ = [
    "Attribute", "CompilationUnit", "Error", "Final", "ScriptFunction", "ScriptModule", "ScriptWarning",
    "TopLevelTracedModule", "TracedModule", "TracerWarning", "annotate", "enable_onednn_fusion", "export", "fork",
    "freeze", "fuser", "ignore", "interface", "is_scripting", "is_tracing", "isinstance",
    "last_executed_optimized_graph", "load", "onednn_fusion_enabled", "optimize_for_inference", "optimized_execution",
    "run_frozen_optimizations", "save", "script", "script_if_tracing", "script_method", "set_fusion_strategy",
    "strict_fusion", "trace", "trace_module",
    "unused", "wait",
]  # fmt: skip

_HOMES = {
    **dict.fromkeys(["ScriptFunction", "ScriptModule", "TopLevelTracedModule", "TracedModule", "freeze",
                     "optimize_for_inference"], "modules"),
    "TracerWarning": "tracing",
    "trace": "traced",
    "trace_module": "traced",
    "load": "files",
    "save": "files",
    "script": "scripting",
}  # fmt: skip
_python_isinstance = isinstance


def __getattr__(name):
    """The parts that need the tracer are imported on first use: models that only carry marks pay nothing."""
    if name not in _HOMES:
        raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
    import importlib

    home = importlib.import_module(f"{__name__}.{_HOMES[name]}")
    value = getattr(home, "ScriptModule" if name.endswith("TracedModule") else name)
    globals()[name] = value
    return value


def __dir__():
    return sorted({*globals(), *__all__})


class Error(RuntimeError):
    """What a program that TorchScript runs raises; nothing here does."""


class ScriptWarning(Warning):
    """The category of TorchScript's warnings about scripts; nothing here warns so."""


# ------------------------------------------------------------------------------------------ questions and marks


def is_scripting():
    """is_scripting() -> bool: False: what runs is Python."""
    return False


def is_tracing():
    """is_tracing() -> bool: whether a tracer records what this thread does."""
    return _core.current_tracer() is not None


def export(fn):
    """export(fn) -> fn: marks a method that a compiler should take along."""
    return fn


def unused(fn):
    """unused(fn) -> fn: marks a method that a compiler should leave out."""
    return fn


def ignore(drop=False, **kwargs):
    """ignore(fn) -> fn, or ignore(drop=False) -> a decorator: marks a method that a compiler should leave to Python."""
    return drop if callable(drop) else export


def interface(obj):
    """interface(cls) -> cls: marks a class whose methods a compiler should look up at run time."""
    return obj


def script_method(fn):
    """script_method(fn) -> fn: marks a method of a ScriptModule, as it was written before `script` took modules."""
    return fn


def script_if_tracing(fn):
    """script_if_tracing(fn) -> fn: the calls of fn in a trace are recorded like all others, with their branches."""
    return fn


def annotate(the_type, the_value):
    """annotate(the_type, the_value) -> the_value: says its type to a compiler."""
    return the_value


class Attribute:
    """Attribute(value, type): a value with its type for a compiler; a module that is assigned one gets the value."""

    def __new__(cls, value, type):
        return value


def isinstance(obj, target_type):
    """isinstance(obj, target_type) -> bool, also for types such as List[int], Dict[str, Tensor], Optional[Tensor]."""
    import types
    import typing

    origin, args = typing.get_origin(target_type), typing.get_args(target_type)
    if _python_isinstance(target_type, tuple) or origin in (typing.Union, types.UnionType):
        return any(isinstance(obj, t) for t in args or target_type)
    if target_type is Any:
        return True
    if origin is None:
        return obj is None if target_type in (None, type(None)) else _python_isinstance(obj, target_type)
    if not _python_isinstance(obj, origin):
        return False
    if origin is dict:
        return all(isinstance(k, args[0]) and isinstance(v, args[1]) for k, v in obj.items())
    if origin is tuple and Ellipsis not in args:
        return len(obj) == len(args) and all(isinstance(v, t) for v, t in zip(obj, args, strict=True))
    return all(isinstance(v, args[0]) for v in obj)


# ------------------------------------------------------------------------------------------ switches of a compiler


@contextlib.contextmanager
def optimized_execution(should_optimize):
    """optimized_execution(bool): has no effect; for scripts that switch TorchScript's optimisations off."""
    yield


@contextlib.contextmanager
def fuser(name):
    """fuser(name): has no effect; for scripts that choose how TorchScript fuses operations."""
    yield


strict_fusion = contextlib.nullcontext


def set_fusion_strategy(strategy):
    """set_fusion_strategy(strategy) -> []: has no effect; there is no compiler that fuses."""
    return []


def enable_onednn_fusion(enabled):
    """enable_onednn_fusion(bool): has no effect."""


def onednn_fusion_enabled():
    """onednn_fusion_enabled() -> False."""
    return False


def run_frozen_optimizations(mod, optimize_numerics=True, preserved_methods=None):
    """run_frozen_optimizations(module): `freeze` has done what there is to do."""


def last_executed_optimized_graph():
    """last_executed_optimized_graph(): RuntimeError: graphs are run as they were recorded."""
    raise RuntimeError(
        "last_executed_optimized_graph: graphs are run as they were recorded; see `module.graph`"
    )


class Future:
    """The result of `fork`: wait(), done(), value()."""

    def __init__(self, result):
        self._result = result

    def wait(self):
        """The result."""
        return self._result

    value = wait

    def done(self):
        """True: `fork` ran the function at once."""
        return True

    def then(self, callback):
        """A Future of callback(self)."""
        return Future(callback(self))


def fork(func, *args, **kwargs):
    """fork(func, *args) -> Future: calls func at once: a task of its own is what TorchScript's runtime makes of it."""
    return Future(func(*args, **kwargs))


def wait(future):
    """wait(future) -> the result of a forked call."""
    return future.wait()


class CompilationUnit:
    """CompilationUnit(source): functions defined by text; `unit.name(...)` calls one. The text is run as Python."""

    def __init__(self, lang=None, _frames_up=0):
        self._scope: dict[str, Any] = {}
        if lang is not None:
            self.define(lang)

    def define(self, lang, rcb=None, _frames_up=0):
        """Defines the functions of a text, which knows `torch`, `Tensor` and `typing`'s List, Dict, Optional, ..."""
        import textwrap
        import typing

        import flambeau as fb

        known = {
            name: getattr(typing, name)
            for name in ("Dict", "List", "NamedTuple", "Optional", "Tuple", "Union")
        }
        self._scope.update({"torch": fb, "Tensor": fb.Tensor, **known})
        exec(textwrap.dedent(lang), self._scope)

    def __getattr__(self, name):
        if name.startswith("__") or not callable(self.__dict__.get("_scope", {}).get(name)):
            raise AttributeError(f"CompilationUnit has no function {name!r}")
        return self._scope[name]
