"""torch.jit of 0.3: functions and modules that are traced at their first call, and run the trace from then on.

    @torch.jit.compile
    def f(x, y): ...

A trace is made for each combination of types, sizes and flags of the Variables and of the other arguments, so that
branches on these are right. Gradients are recorded while a trace runs, so they and those of higher order work whatever
`nderivs` says. Traces are run as they are: `optimize` has no effect.
"""

import functools
import inspect

from .. import _core
from ..jit.graph import mapped
from ..jit.program import Program, without_dead_code
from ..jit.tracing import trace_call
from ..nn import Module
from .faces import Variable, type_name
from .traces import Trace

__all__ = [
    "HOLE",
    "Placeholder",
    "TraceForKey",
    "TracedModule",
    "VOLATILE",
    "compile",
    "trace",
    "vars_key",
    "verify",
]


class Placeholder:
    """What stands for a Variable in the key of a trace."""

    def __init__(self, s):
        self.s = s

    def __repr__(self):
        return self.s

    __str__ = __repr__


HOLE = Placeholder("HOLE")
VOLATILE = Placeholder("VOLATILE")


def _placeholders(item):
    """Arguments with HOLE or VOLATILE in the place of Variables, as something that can be a key."""

    def leaf(value):
        if isinstance(value, Variable):
            return VOLATILE if value.volatile else HOLE
        return value

    return _hashable(mapped(item, leaf))


def _hashable(item):
    if isinstance(item, (list, tuple)):
        return (type(item), *map(_hashable, item))
    if isinstance(item, dict):
        return (dict, *((k, _hashable(item[k])) for k in sorted(item)))
    if isinstance(item, slice):
        return slice, item.start, item.stop, item.step
    return (type(item), item) if isinstance(item, (bool, int, float)) else item


def _variables(item):
    found = []
    mapped(item, lambda value: found.append(value) if isinstance(value, Variable) else None)
    return found


def vars_key(vars):
    """vars_key(vars) -> tuple of (type, sizes, requires_grad, volatile) of each Variable: what a trace depends on."""
    return tuple(
        (type_name(type(v.data)), tuple(_core.array_of(v).shape), v.requires_grad, v.volatile) for v in vars
    )


class TraceForKey:
    """What a function does with arguments of one key: the trace, once there is one.

    fn: the function; key: of its arguments; module: whose parameters the trace looks up (None: there is none).
    """

    def __init__(self, fn, key, nderivs=1, optimize=True, module=None):
        self.fn, self.key, self.nderivs, self.optimize, self.module = fn, key, nderivs, optimize, module
        self.program = None

    def add_trace(self, args, kwargs):
        """Runs the function and records it; its result."""
        graph, out = trace_call(self.fn, args, kwargs, module=self.module)
        self.program = Program(without_dead_code(graph), self.module)
        return out

    def maybe_closure(self):
        """The recorded program; None before the first run."""
        return self.program


class _Cache:
    """The traces of a function or of a module, by the keys of arguments."""

    def __init__(self, fn, nderivs, optimize, module=None):
        self.fn, self.nderivs, self.optimize, self.module = fn, nderivs, optimize, module
        self.traces: dict = {}
        self.hits = self.misses = 0

    def __reduce__(self):
        """Copies and files of a module have no traces."""
        return type(None), ()

    def key(self, args, kwargs):
        found = _variables((args, kwargs))
        if self.module is not None:
            found += list(self.module.parameters())
            kwargs = {**kwargs, "_training": tuple(m.training for m in self.module.modules())}
        ids = [id(v) for v in found]
        same = tuple(map(ids.index, ids))  # which of them are one Variable
        return _placeholders((args, kwargs)), vars_key(found), same

    def run(self, args, kwargs):
        key = self.key(args, kwargs)
        found = self.traces.get(key)
        if found is not None:
            self.hits += 1
            return found.program(*args, **kwargs)
        self.misses += 1
        made = TraceForKey(self.fn, key, self.nderivs, self.optimize, self.module)
        out = made.add_trace(args, kwargs)
        self.traces[key] = made
        return out

    def has_trace_for(self, *args, **kwargs):
        """Whether a call with such arguments runs a trace."""
        return self.key(args, kwargs) in self.traces

    def clear_cache(self):
        """Forgets all traces."""
        self.traces.clear()


class _CompiledFunction:
    """A function that runs its traces. hits, misses: how many calls found one; has_trace_for(*args), clear_cache()."""

    def __init__(self, fn, nderivs, optimize):
        self._cache = _Cache(fn, nderivs, optimize)
        functools.update_wrapper(self, fn)

    def __call__(self, *args, **kwargs):
        return self._cache.run(args, kwargs)

    def __get__(self, instance, owner):
        return self if instance is None else functools.partial(self, instance)

    hits = property(lambda self: self._cache.hits)
    misses = property(lambda self: self._cache.misses)

    def has_trace_for(self, *args, **kwargs):
        """Whether a call with such arguments runs a trace."""
        return self._cache.has_trace_for(*args, **kwargs)

    def clear_cache(self):
        """Forgets all traces."""
        self._cache.clear_cache()


def compile(arg=None, nderivs=1, optimize=True, enabled=True):
    """compile(arg=None, nderivs=1, optimize=True, enabled=True) -> function, or class of modules; without arg, a
    decorator

    Makes a function, or the forward of a class of modules, be traced at its first call with arguments of a kind, and
    run the trace at the following ones. Such a function, and each such module, counts `hits` and `misses` and has
    `has_trace_for(*args)` and `clear_cache()`. enabled=False gives arg back as it is. TypeError for other arguments.
    """
    if arg is None:
        return lambda arg: compile(arg, nderivs, optimize, enabled)
    if not enabled:
        return arg
    if inspect.isclass(arg):
        if not issubclass(arg, Module):
            raise TypeError(f"compile: a class of modules is needed, and {arg.__name__} is none")
        return _compiled_class(arg, nderivs, optimize)
    if isinstance(arg, Module) or not callable(arg):
        raise TypeError(
            f"compile: a function or a class of modules is needed, not an object of class {type(arg).__name__}"
        )
    return _CompiledFunction(arg, nderivs, optimize)


def _compiled_class(cls, nderivs, optimize):
    """The class itself with another forward, so that `super(Class, self)` in it means the same."""
    forward = cls.forward

    def cache(self):
        if self.__dict__.get("_jit_cache") is None:
            self.__dict__["_jit_cache"] = _Cache(functools.partial(forward, self), nderivs, optimize, self)
        return self.__dict__["_jit_cache"]

    @functools.wraps(forward)
    def compiled(self, *args, **kwargs):
        if _core.current_tracer() is not None:
            return forward(self, *args, **kwargs)
        return cache(self).run(args, kwargs)

    cls.forward = compiled
    cls._uncompiled_forward = forward
    cls.hits = property(lambda self: cache(self).hits)
    cls.misses = property(lambda self: cache(self).misses)
    cls.has_trace_for = lambda self, *args, **kwargs: cache(self).has_trace_for(*args, **kwargs)
    cls.clear_cache = lambda self: cache(self).clear_cache()
    return cls


class TracedModule(Module):
    """TracedModule(inner, nderivs=0): forward gives the trace of a call of `inner` and its result."""

    def __init__(self, inner, nderivs=0):
        super().__init__()
        self.inner, self.nderivs = inner, nderivs

    def forward(self, *args, **kwargs):
        """(trace, result of inner)"""
        return _traced(self.inner, args, kwargs)


def _traced(f, args, kwargs):
    module = f if isinstance(f, Module) else None
    graph, out = trace_call(f, args, kwargs, module=module, keep=True)
    return Trace(graph, module), out


def trace(f, args=(), kwargs=None, nderivs=0):
    """trace(f, args=(), kwargs=None, nderivs=0) -> (trace, out): what f(*args, **kwargs) does and what it gives

    f: a function or a module. args: a tuple, or a single Variable. `trace.graph()` is for tools; see `traces.py`.
    """
    if isinstance(args, Variable):
        args = (args,)
    return _traced(f, tuple(args), {} if kwargs is None else kwargs)


def verify(model, args, loss_fn=None, devices=None):
    """verify(model, args, loss_fn=torch.sum, devices=None): RuntimeError unless a module of a compiled class gives with
    its trace what it gives without: results, and the gradients of loss_fn(result) for the parameters and inputs

    Runs the model four times; random numbers are the same in each. Buffers and gradients are as before afterwards.
    """
    from . import get_rng_state, set_rng_state

    if not hasattr(type(model), "_uncompiled_forward"):
        raise TypeError(
            f"Cannot verify an uncompiled module: decorate {type(model).__name__} with torch.jit.compile first"
        )
    args = (args,) if isinstance(args, Variable) else tuple(args)
    loss_fn = (lambda x: x.sum()) if loss_fn is None else loss_fn
    state, kept = get_rng_state(), {name: b.clone() for name, b in model.named_buffers()}

    def outcome(run):
        set_rng_state(state)
        for name, b in model.named_buffers():
            b.copy_(kept[name])
        out = run(*args)
        outs = _variables(out)
        leaves = [v for v in (*model.parameters(), *args) if isinstance(v, Variable) and v.requires_grad]
        total = loss_fn(*outs)
        from .autograd import grad

        grads = grad(total, leaves, allow_unused=True) if leaves else ()
        return outs, grads

    try:
        plain = outcome(functools.partial(type(model)._uncompiled_forward, model))
        outcome(model)
        traced = outcome(model)
    finally:
        set_rng_state(state)
        for name, b in model.named_buffers():
            b.copy_(kept[name])
    for what, found, wanted in zip(("result", "gradient"), traced, plain, strict=True):
        for i, (a, b) in enumerate(zip(found, wanted, strict=True)):
            if (a is None) != (b is None) or (a is not None and not _close(a, b)):
                raise RuntimeError(
                    f"verify: {what} {i} of the compiled {type(model).__name__} differs from the original's"
                )


def _close(a, b):
    a, b = a.data, b.data
    return a.size() == b.size() and (a.double() - b.double()).abs().max() <= 1e-5 * (
        1 + b.double().abs().max()
    )
