"""`script`: programs run as Python here, so a scripted function or module is the thing itself, looked at beforehand."""

import ast
import copy
import functools
import inspect
import io
import textwrap
from typing import Any

from ..nn import Module
from .modules import ScriptFunction, ScriptModule


class ScriptedFunction(ScriptFunction):
    """A function that `script` has looked at: it runs as Python. `code` is its source; it has no graph."""

    def __init__(self, function, source):
        self._function, self._source = function, source
        self.name = function.__name__
        functools.update_wrapper(self, function, updated=())

    def __call__(self, *args, **kwargs):
        return self._function(*args, **kwargs)

    @property
    def graph(self):
        """There is none: AttributeError."""
        raise AttributeError(
            f"{self.name} was scripted and runs as Python: only traced functions have a graph"
        )

    inlined_graph = graph

    @property
    def code(self):
        """The source."""
        return self._source

    def save(self, f, _extra_files=None):
        """RuntimeError: a function is code, which a file of this library does not hold."""
        raise RuntimeError(
            f"save: {self.name} was scripted and runs as Python, which cannot be saved; trace it: "
            "jit.trace(function, example_inputs).save(f)"
        )

    def __reduce_ex__(self, protocol):
        return self._function.__qualname__


def source_of(obj):
    """The source of a function or of the forward of a module's class; OSError or SyntaxError tell why there is none."""
    try:
        text = textwrap.dedent(inspect.getsource(obj))
    except (OSError, TypeError) as error:
        raise OSError(
            f"Can't get source for {obj!r}: script needs the text of the function, which must be in a file"
        ) from error
    ast.parse(text)
    return text


def script(obj, optimize=None, _frames_up=0, _rcb=None, example_inputs=None):
    """script(obj) -> a function or module that does what obj does

    There is no compiler: obj goes on running as Python, with Python's meaning, and `is_scripting()` is False. A
    function becomes a ScriptFunction, whose `code` is its source. A module gets the members of a ScriptModule that need
    no graph: `code`, `save`. Classes (of data, enums, interfaces) come back as they are. OSError when a function has no
    source; SyntaxError when it does not parse.
    """
    if isinstance(obj, (ScriptFunction, ScriptModule)):
        return obj
    if isinstance(obj, Module):
        return _scripted_module(obj)
    if inspect.isclass(obj):
        if issubclass(obj, Module):
            raise RuntimeError(
                f"Type '{obj.__name__}' cannot be compiled since it inherits from nn.Module, consider passing an "
                "instance instead"
            )
        return obj
    if isinstance(obj, functools.partial) or not (inspect.isfunction(obj) or inspect.ismethod(obj)):
        if callable(obj):
            return obj
        raise TypeError(f"script: a function, a module or a class is needed, not {type(obj).__name__}")
    return ScriptedFunction(obj, source_of(obj))


def _scripted_module(module):
    """The same parameters and submodules in an object whose class is that of the module and a scripted one."""
    cls = type(module)
    if not issubclass(cls, Scripted):
        source_of(cls.forward)
        return _as(_scripted_class(cls), module)  # type: ignore[arg-type]
    return module


def _as(cls, module):
    """An object of another class with the members of a module."""
    made = cls.__new__(cls)
    made.__dict__.update(module.__dict__)
    return made


def _unscripted(module):
    return _as(type(module)._plain, module)


class Scripted(ScriptModule):
    """What a scripted module has besides its own members."""

    _plain: Any  # the class of the module

    def save(self, f, _extra_files=None):
        """save(f): writes the module by pickle; reading it needs its class. `flambeau.jit.load` reads it."""
        import flambeau as fb

        from .files import _write

        plain = _unscripted(self)
        buffer = io.BytesIO()
        fb.save(plain, buffer)
        _write(f, dict(kind="script", graphs={}), None, _extra_files, {"module.pkl": buffer.getvalue()})

    @property
    def code(self):
        """The source of forward."""
        return source_of(type(self)._plain.forward)

    @property
    def original_name(self):
        """The name of the class."""
        return type(self)._plain.__name__


@functools.cache
def _scripted_class(cls: Any) -> Any:
    """A class of modules like cls that are ScriptModules: cls comes first, so that its methods are run."""
    members = {name: Scripted.__dict__[name] for name in ("save", "code", "original_name")}
    own = {
        **members, "_plain": cls, "__module__": cls.__module__, "__qualname__": cls.__qualname__,
        "__doc__": cls.__doc__,
        "_get_name": cls._get_name, "extra_repr": cls.extra_repr, "__deepcopy__": _deepcopy, "__reduce_ex__": _reduced,
        "_programs": {},
    }  # fmt: skip
    return type(cls.__name__, (cls, Scripted), own)


def _deepcopy(self, memo):
    return _scripted_module(copy.deepcopy(_unscripted(self), memo))


def _reduced(self, protocol):
    return script, (_unscripted(self),)


def load_scripted(data, map_location):
    """The scripted module in the bytes that `save` pickled."""
    import flambeau as fb

    return script(fb.load(io.BytesIO(data), map_location=map_location, weights_only=False))
