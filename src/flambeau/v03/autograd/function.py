"""`torch.autograd.Function` of 0.3: static methods with ctx, and instances that are called.

forward works on plain tensors, of which it saves some; its results are Variables outside. The static backward gets
Variables, and may be differentiated itself; an instance's backward gets plain tensors.
"""

import functools
from collections import OrderedDict
from typing import Any

from ... import _core
from ...autograd.function import _FreeNames
from ..faces import Variable, _TensorBase, lifted, type_name

__all__ = ["Function", "InplaceFunction", "NestedIOFunction", "once_differentiable", "traceable"]

_Node: Any = _core.Node
_saved: Any = _Node.saved.__get__


class _ContextMethods(_FreeNames, _Node):
    """What ctx, or the instance, offers beside the attributes that users set."""

    _strict = True

    def save_for_backward(self, *tensors):
        """Keeps inputs or outputs for backward."""
        self.__dict__["_kept"] = tensors

    def mark_dirty(self, *tensors):
        """Says which inputs forward changed in place."""
        self.__dict__["_changed"] = tensors

    def mark_non_differentiable(self, *tensors):
        """Says which outputs have no gradient."""
        self.__dict__["_constant"] = tensors

    def mark_shared_storage(self, *pairs):
        """Says which inputs and outputs share memory; found without it."""

    @property
    def saved_tensors(self):
        """What forward saved, as plain tensors. RuntimeError when one was changed since."""
        return tuple(v.data if isinstance(v, Variable) else v for v in _saved(self))

    @property
    def saved_variables(self):
        """What forward saved, as Variables with their history."""
        return _saved(self)

    @property
    def previous_functions(self):
        """next_functions, by its name before 0.2."""
        return self.next_functions


class BackwardCFunction(_ContextMethods):
    """The ctx of a static Function."""

    _is_legacy = False


class FunctionMeta(type(_Node)):  # type: ignore[misc]
    """The class of Functions: each has a class of ctx objects."""

    def __init__(cls, name, bases, members):
        super().__init__(name, bases, members)
        cls._backward_cls = None


def _context_class(cls):
    if cls.__dict__.get("_backward_cls") is None:
        cls._backward_cls = type(f"{cls.__name__}Backward", (BackwardCFunction,), {"_forward_cls": cls})
    return cls._backward_cls


class Function(_ContextMethods, metaclass=FunctionMeta):
    """A differentiable operation of the user's.

    Static: forward(ctx, *args) and backward(ctx, *grads) are static methods, called as `F.apply(*args)`. Plain tensors
    among args are constants.
    Instances: forward(self, *args) and backward(self, *grads), called as `F(...)(*args)`, once per instance.
    """

    is_traceable = False

    @staticmethod
    def forward(ctx, *args, **kwargs):
        """Computes the results from plain tensors and other arguments."""
        raise NotImplementedError(f"{ctx.__class__.__name__}: a Function must define forward")

    @staticmethod
    def backward(ctx, *grad_outputs):
        """Computes the gradients of the arguments of forward."""
        raise NotImplementedError(f"{ctx.__class__.__name__}: a Function must define backward")

    @classmethod
    def apply(cls, *args):
        """Runs the static form."""
        node = _context_class(cls)()
        return _run(cls, node, functools.partial(cls.forward, node), cls.backward, args)

    def __call__(self, *args):
        return self._do_forward(*args)

    def _do_forward(self, *args):
        for a in args:
            if isinstance(a, _TensorBase):
                raise TypeError(
                    f"{type(self).__name__}: expected a Variable argument, but got {type(a).__name__}; wrap it as "
                    "Variable(tensor)"
                )
        return _run(type(self), self, self.forward, _instance_backward, args)


def _instance_backward(node, *grads):
    return _unrecorded(node.backward, grads)


def _unrecorded(backward, grads):
    """The results of a backward that works on plain tensors, as Variables: volatile when a gradient is, and such that
    differentiating them raises when one requires grad."""
    outputs = backward(*[g.data if isinstance(g, Variable) else g for g in grads])
    given = [g for g in grads if isinstance(g, Variable)]
    if any(g.volatile for g in given):
        return _each(outputs, lambda o: Variable(o, volatile=True))
    if any(g.requires_grad for g in given):
        return _each(outputs, lambda o: _Refusing.apply(o, *grads))
    return _each(outputs, Variable)


def _as_gradient(value):
    if not isinstance(value, Variable):
        raise RuntimeError(f"expected Variable or None (got {type_name(type(value))})")
    return lifted(value)


def _run(cls, node, forward, backward, args):
    """Calls forward on plain tensors and records the call."""
    known = {}  # id of a plain tensor -> the Variable around it

    def outside(value):
        """The Variable of a plain tensor that forward handed out."""
        if not isinstance(value, _TensorBase):
            return value
        if id(value) not in known:
            known[id(value)] = Variable(value)
        return known[id(value)]

    def run(node, *args):
        plain = []
        for a in args:
            plain.append(a.data if isinstance(a, Variable) else a)
            if isinstance(a, Variable):
                known[id(a.data)] = a
        previous = _core.set_grad_mode(True)  # of Variables that forward makes
        try:
            results = forward(*plain)
        finally:
            _core.set_grad_mode(previous)
        single = not isinstance(results, tuple)
        results = tuple(outside(_checked(r, i, cls)) for i, r in enumerate((results,) if single else results))
        for name, method in _NOTES:
            values = node.__dict__.pop(name, None)
            if values is not None:
                _check_known(name, values, known)
                method(node, *[outside(v) for v in values])
        return results[0] if single else results

    def run_backward(node, *grads):
        previous = _core.set_grad_mode(True)  # what is computed with volatile gradients is not recorded anyway
        try:
            results = _each(backward(node, *grads), _as_gradient, (Variable, _TensorBase))
        finally:
            _core.set_grad_mode(previous)
        for i, (a, g) in enumerate(zip(args, results if isinstance(results, tuple) else (results,), strict=False)):
            if g is not None and not isinstance(a, Variable):
                raise RuntimeError(
                    f"function {type(node).__name__} returned a gradient different from None at position {i + 1}, but "
                    "the corresponding forward input was not a Variable"
                )
        return results

    return _core.apply_function(cls, node, run, run_backward, args)


def _checked(result, i, cls):
    """What forward returned. TypeError when it is no tensor."""
    if not isinstance(result, (_TensorBase, Variable)):
        raise TypeError(
            f"{cls.__name__}.forward: expected Variable or tensor (got {type(result).__name__}) for return value {i}"
        )
    return result


def _check_known(name, values, known):
    """TypeError or RuntimeError for what is no input or output of forward."""
    method = {"_kept": "save_for_backward", "_changed": "mark_dirty", "_constant": "mark_non_differentiable"}[name]
    for i, value in enumerate(values):
        if value is None and name == "_kept":
            continue
        if not isinstance(value, (_TensorBase, Variable)):
            kind = type(value).__name__
            raise TypeError(f"{method} can only save tensors, but argument {i} is of type {kind}"
                            if name == "_kept" else f"{method} can only accept tensors, but argument {i} is a {kind}")
        if isinstance(value, _TensorBase) and id(value) not in known:
            raise RuntimeError(_UNKNOWN[name].format(i))


_UNKNOWN = {
    "_kept": "save_for_backward can only save input or output tensors, but argument {} doesn't satisfy this condition",
    "_changed": "mark_dirty only accepts input tensors, but argument {} isn't one",
    "_constant": "mark_non_differentiable only accepts output tensors, but argument {} isn't one",
}
_NOTES = (
    ("_kept", _Node.save_for_backward),
    ("_changed", _Node.mark_dirty),
    ("_constant", _Node.mark_non_differentiable),
)


class InplaceFunction(Function):
    """A Function of the instance form that may work in place."""

    def __init__(self, inplace=False):
        super().__init__()
        self.inplace = inplace


def once_differentiable(backward):
    """Decorator of a static backward: it works on plain tensors, and cannot be differentiated again."""

    @functools.wraps(backward)
    def wrapper(ctx, *grads):
        return _unrecorded(functools.partial(backward, ctx), grads)

    return wrapper


def _each(outputs, wrap, kind=_TensorBase):
    """Outputs, one or a tuple, with those of a kind wrapped."""
    if not isinstance(outputs, tuple):
        return wrap(outputs) if isinstance(outputs, kind) else outputs
    return tuple(wrap(o) if isinstance(o, kind) else o for o in outputs)


class _Refusing(Function):
    """Stands behind a gradient that cannot be differentiated."""

    @staticmethod
    def apply(output, *grads):
        return _run(_Refusing, _context_class(_Refusing)(), lambda *plain: output, _Refusing.backward, grads)

    @staticmethod
    def backward(ctx, *grads):
        raise RuntimeError("trying to differentiate twice a function that was marked with @once_differentiable")


def traceable(fn_cls):
    """Marks a Function class as traceable by the JIT of 0.3."""
    fn_cls.is_traceable = True
    return fn_cls


# ------------------------------------------------------------------------------- nested inputs and outputs


def _iter_variables(value):
    """The Variables in nested lists, tuples and dicts."""
    found: list = []
    _flat(value, found)
    return (v for v in found if isinstance(v, Variable))


def _iter_tensors(value):
    """The plain tensors in nested lists, tuples and dicts, also those in Variables."""
    found: list = []
    _flat(value, found)
    return (v.data if isinstance(v, Variable) else v for v in found)


def _flat(value, found):
    """The structure of value with its Variables numbered, which are put into found."""
    if isinstance(value, (list, tuple)):
        return type(value)([_flat(v, found) for v in value])
    if isinstance(value, dict):
        return OrderedDict((k, _flat(v, found)) for k, v in value.items())
    if isinstance(value, (Variable, _TensorBase)):
        found.append(value)
        return _Place(len(found) - 1)
    return value


class _Place:
    def __init__(self, number):
        self.number = number


def _filled(structure, values):
    if isinstance(structure, _Place):
        return values[structure.number]
    if isinstance(structure, (list, tuple)):
        return type(structure)([_filled(s, values) for s in structure])
    if isinstance(structure, dict):
        return OrderedDict((k, _filled(s, values)) for k, s in structure.items())
    return structure


class NestedIOFunction(Function):
    """A Function of the instance form whose arguments and results are nested in lists, tuples and dicts.

    Subclasses define forward_extended(*args) and backward_extended(*grads), of plain tensors in that nesting.
    """

    def _do_forward(self, *input):
        found: list = []
        self._inputs = _flat(input, found)
        results = super()._do_forward(*found)
        return _filled(self._outputs, results if isinstance(results, tuple) else (results,))

    def forward(self, *args):  # type: ignore[override]
        found: list = []
        self._outputs = _flat(self.forward_extended(*_filled(self._inputs, args)), found)
        return tuple(found)

    def backward(self, *grads):  # type: ignore[override]
        found: list = []
        _flat(self.backward_extended(*_filled_tuple(self._outputs, grads)), found)
        return tuple(found)

    def forward_extended(self, *input):
        raise NotImplementedError(f"{type(self).__name__}: a NestedIOFunction must define forward_extended")

    def backward_extended(self, *grad_output):
        raise NotImplementedError(f"{type(self).__name__}: a NestedIOFunction must define backward_extended")


def _filled_tuple(structure, values):
    filled = _filled(structure, values)
    return filled if isinstance(filled, tuple) else (filled,)
