"""What a tracer sees besides ops: it replaces attributes of `Tensor`, of `Module` and of the namespaces while it is on.

Sizes become `SizeInt`s; functions that are made of ops, and factories, are recorded as one call each, so that they do
again whatever they do with sizes; a tensor that becomes a Python value causes a warning; modules say where in the model
a call was made.
"""

import contextlib
import functools
import sys
from types import FunctionType
from typing import Any

from .. import _core
from ..ops.op import FUNCTIONS, METHODS
from ..tensor import Tensor
from .graph import Target
from .names import COMPOSED_LAYERS, RANDOM_FACTORIES, SETTERS, UNRECORDED

_BASE: Any = _core.TensorBase
_FUNCTIONS = (FunctionType, _core.CastingFunction)  # what is made of ops
_PYTHON_VALUES = {
    "__bool__": "a Python boolean", "__int__": "a Python integer", "__index__": "a Python index",
    "__float__": "a Python float", "__complex__": "a Python complex number", "item": "a Python number",
    "tolist": "a Python list", "numpy": "a NumPy array", "__array__": "a NumPy array",
}  # fmt: skip


_MISSING = object()


_made: dict = {}  # (id of an owner, name) -> what was there, and what replaced it
_depth = [0]  # of traces inside traces: the outermost replaces


@contextlib.contextmanager
def watched():
    """Replaces what a tracer wants to see; puts it back at the end.

    The replacements ask which tracer there is when they are called: a module that imports one meanwhile keeps a
    function that does what the original does.
    """
    changed: list = []
    _depth[0] += 1
    try:
        if _depth[0] == 1:
            for owner, name, make in _wanted():
                own = owner.__dict__.get(name, _MISSING)
                found = _made.get((id(owner), name))
                if found is None or found[0] is not own:
                    found = _made[id(owner), name] = own, make(getattr(owner, name))
                changed.append((owner, name, own))
                setattr(owner, name, found[1])
        yield
    finally:
        _depth[0] -= 1
        for owner, name, own in reversed(changed):
            delattr(owner, name) if own is _MISSING else setattr(owner, name, own)


def _wanted():
    """(owner, name, function of the original that makes its replacement) of all that is replaced. The owners live as
    long as the library."""
    from ..nn import Module, functional
    from ..nn._functional.primitives import op

    yield Tensor, "shape", lambda own: property(_traced_shape)
    yield Tensor, "size", lambda own: _traced_size
    yield Tensor, "numel", lambda own: _traced_numel
    yield Tensor, "nelement", lambda own: _traced_numel
    for name, what in _PYTHON_VALUES.items():
        yield Tensor, name, lambda own, what=what: _warning(own, what)
    for name in SETTERS:
        yield Tensor, name, lambda own, name=name: _changing(name, own)
    for name, method in METHODS.items():
        if type(method) in _FUNCTIONS and name not in UNRECORDED and name not in SETTERS:
            yield Tensor, name, lambda own, name=name: _recording(Target("method", name), own)
    composed = [n for n, f in FUNCTIONS.items() if type(f) in _FUNCTIONS and n not in UNRECORDED]
    for name in composed:
        getattr(op, name)  # which remembers what it finds
    namespace, older = sys.modules["flambeau"], sys.modules.get("flambeau.v03")
    for place, owner, names in (("flambeau", op, composed), ("flambeau", namespace, composed),
                                ("flambeau.v03", older, RANDOM_FACTORIES),
                                ("flambeau.nn.functional", functional, COMPOSED_LAYERS)):  # fmt: skip
        for name in names if owner is not None else ():
            if hasattr(owner, name):
                yield (
                    owner,
                    name,
                    lambda own, name=name, place=place: _recording(Target("function", name, own, place), own),
                )
    yield Module, "__call__", _scoped


@functools.wraps(_BASE.size)
def _traced_size(self, dim=None):
    number = _BASE.size(self, dim)  # with its errors
    tracer = _core.current_tracer()
    if tracer is None:
        return number
    shape = tracer.size_of(self)
    return shape if dim is None else shape[int(dim)]


def _traced_shape(self):
    tracer = _core.current_tracer()
    return _BASE.shape.__get__(self) if tracer is None else tracer.size_of(self)


@functools.wraps(_BASE.numel)
def _traced_numel(self):
    tracer = _core.current_tracer()
    return _BASE.numel(self) if tracer is None else tracer.size_of(self).numel()


def _warning(method, what):
    @functools.wraps(method)
    def convert(self, *args, **kwargs):
        tracer = _core.current_tracer()
        if tracer is not None:
            tracer.warn_number(self, what)
        return method(self, *args, **kwargs)

    return convert


def _recording(target, function):
    @functools.wraps(function)
    def call(*args, **kwargs):
        tracer = _core.current_tracer()
        if tracer is None or tracer.depth or kwargs.get("out") is not None:
            return function(*args, **kwargs)
        return tracer.composed(target, function, args, kwargs)

    return call


def _changing(name, method):
    """A method that changes its tensor without an op."""

    @functools.wraps(method)
    def call(self, *args, **kwargs):
        tracer = _core.current_tracer()
        if tracer is None or tracer.depth:
            return method(self, *args, **kwargs)
        return tracer.composed(Target("method", name), method, (self, *args), kwargs, (self,))

    return call


def _scoped(call):
    @functools.wraps(call)
    def scoped(module, *args, **kwargs):
        tracer = _core.current_tracer()
        if tracer is None:
            return call(module, *args, **kwargs)
        with tracer.scope(module):
            return call(module, *args, **kwargs)

    return scoped
