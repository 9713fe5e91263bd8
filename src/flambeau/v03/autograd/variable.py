"""The part of a Variable that is about its history: backward, gradients, hooks."""

import functools
from typing import Any

from ... import _core
from ...errors import warn_user
from ..faces import Variable, _array, _make, _TensorBase, reshaped
from ..wording import said
from .names import named

__all__ = ["Variable", "backward", "grad"]

_Base: Any = _core.TensorBase


def _starts(variables, grads, create_graph):
    """What backward starts from, and whether it is recorded: when a gradient given is a Variable that is not volatile,
    or create_graph says so. Otherwise all gradients are volatile."""
    if create_graph is None:
        create_graph = any(isinstance(g, Variable) and not g.volatile for g in grads)
    return [_start(v, g, create_graph, i) for i, (v, g) in enumerate(zip(variables, grads, strict=True))], create_graph


def _start(v, g, create_graph, i=0):
    """What backward starts from at v, variable number i: its gradient g, or 1."""
    if v.volatile:
        raise RuntimeError(f"element {i} of variables tuple is volatile")
    if not v.requires_grad:
        raise RuntimeError(f"element {i} of variables does not require grad and does not have a grad_fn")
    shape = _array(v).shape
    if g is None:
        if _array(v).size != 1:
            raise RuntimeError("grad can be implicitly created only for scalar outputs")
        array = _core.ones_like(_array(v))
    elif isinstance(g, (Variable, _TensorBase)):
        array = _array(g)
        if (array.shape or (1,)) != (shape or (1,)):
            raise RuntimeError(
                f"grad_output has size {tuple(array.shape)}, but the output that it is the gradient of has "
                f"{shape or (1,)}"
            )
    else:
        raise TypeError(f"gradients can be either Tensors, Variables or None, but got {type(g).__name__}")
    if isinstance(g, Variable) and create_graph:
        return g if array.shape == shape else reshaped(g, shape)
    start = _make(array.reshape(shape), Variable)
    start._volatile = not create_graph
    return start


def _listed(value, kinds):
    return [value] if value is None or isinstance(value, kinds) else list(value)


def _run(*args, **kwargs):
    try:
        return _core.run_backward(*args, **kwargs)
    except RuntimeError as error:
        raise said(error, "backward") from None


def backward(variables, grad_variables=None, retain_graph=None, create_graph=None, retain_variables=None):
    """backward(variables, grad_variables=None, retain_graph=None, create_graph=None)

    Adds the gradients of the variables (times grad_variables; 1 for variables of one element) to `.grad` of the leaves.
    These are volatile, unless create_graph, which is also on when one of grad_variables is a Variable that is not.
    """
    variables = _listed(variables, Variable)
    grads = [None] * len(variables) if grad_variables is None else _listed(grad_variables, (Variable, _TensorBase))
    grads, create_graph = _starts(variables, grads, create_graph)
    if retain_variables is not None:
        if retain_graph is not None:
            raise ValueError("only one of retain_graph and retain_variables can be specified")
        warn_user(
            "retain_variables option is deprecated and will be removed in 0.3. Use retain_graph instead."
        )
        retain_graph = retain_variables
    retain_graph = create_graph if retain_graph is None else retain_graph
    _run(variables, grads, bool(retain_graph), bool(create_graph), None)


def grad(outputs, inputs, grad_outputs=None, retain_graph=None, create_graph=None, only_inputs=True,
         allow_unused=False):  # fmt: skip
    """grad(outputs, inputs, grad_outputs=None, retain_graph=None, create_graph=None, only_inputs=True,
    allow_unused=False) -> tuple of the gradients of the outputs with respect to inputs.

    only_inputs=False also adds to `.grad` of all other leaves.
    """
    outputs, inputs = _listed(outputs, Variable), _listed(inputs, Variable)
    grads = [None] * len(outputs) if grad_outputs is None else _listed(grad_outputs, (Variable, _TensorBase))
    grads, create_graph = _starts(outputs, grads, create_graph)
    retain_graph = create_graph if retain_graph is None else retain_graph
    for v in inputs:
        if not v.requires_grad:
            raise RuntimeError("One of the differentiated Variables does not require grad")
    if not only_inputs:
        _add_to_others(outputs, grads, create_graph, inputs)
    results = _run(outputs, grads, bool(retain_graph), bool(create_graph), inputs, accumulate=False)
    if not allow_unused and any(g is None for g in results):
        raise RuntimeError("One of the differentiated Variables appears to not have been used in the graph")
    return tuple(results)


def _add_to_others(outputs, grads, create_graph, inputs):
    """Adds to `.grad` of the leaves that are not among inputs."""
    kept = [v.grad for v in inputs]
    for v in inputs:
        v.grad = None
    _run(outputs, grads, True, bool(create_graph), None)
    for v, g in zip(inputs, kept, strict=True):
        v.grad = g


def _backward(self, gradient=None, retain_graph=None, create_graph=None, retain_variables=None):
    """backward(gradient=None, retain_graph=None, create_graph=None): see torch.autograd.backward."""
    if gradient is retain_graph is create_graph is retain_variables is None:
        _run([self], [_start(self, None, False)], False, False, None)
        return
    backward(self, gradient, retain_graph, create_graph, retain_variables)


def _register_hook(self, hook):
    """register_hook(fn(grad) -> Variable or None) -> handle: called when the gradient of self is computed."""
    if self.volatile:
        raise RuntimeError("cannot register a hook on a volatile variable")
    if not self.requires_grad:
        raise RuntimeError("cannot register a hook on a variable that doesn't require gradient")

    @functools.wraps(hook)
    def checked(grad):
        previous = _core.set_grad_mode(True)  # of what is computed without grad, which is volatile if not recorded
        try:
            result = hook(grad)
        finally:
            _core.set_grad_mode(previous)
        if result is not None and not isinstance(result, Variable):
            raise TypeError(f"expected Variable, but hook returned '{type(result).__name__}'")
        return result

    return _core.add_hook(_core.tensor_hooks(self), checked)


def _set_requires_grad(self, value):
    if self.grad_fn is not None:
        raise RuntimeError(
            "you can only change requires_grad flags of leaf variables. If you want to use a computed variable in a "
            "subgraph that doesn't require differentiation use var_no_grad = var.detach()."
        )
    if value and _array(self).dtype.kind != "f":  # 0.3 set the flag of ints too
        _core.init_tensor(self, _array(self), True)
    else:
        self.requires_grad_(bool(value))


def _set_grad(self, value):
    if value is not None and not isinstance(value, Variable):
        raise TypeError(f"expected Variable or None (got {type(value).__name__})")
    _Base.grad.__set__(self, value)


def _clear_grad(self, set_to_none=False):
    """Makes the gradient zero: in place, unless it was recorded. A sparse one is forgotten."""
    grad = self.grad
    if not isinstance(grad, Variable):
        self.grad = None
    elif grad.volatile:
        grad.data.zero_()
    else:
        self.grad = Variable(grad.data.clone().zero_())


def _grad_fn(self):
    return named(_Base.grad_fn.__get__(self))


def _set_grad_fn(self, value):
    if value is not None:
        raise TypeError("_grad_fn can be only set to None")
    self.detach_()


def _backward_hooks(self):
    return _core.tensor_hooks(self) or None


_METHODS = {
    "backward": _backward, "register_hook": _register_hook,
    "requires_grad": property(_core.requires_grad_of, _set_requires_grad),
    "grad": property(_core.grad_of, _set_grad), "_grad": property(_core.grad_of, _set_grad), "_clear_grad": _clear_grad,
    "grad_fn": property(_grad_fn), "_grad_fn": property(_grad_fn, _set_grad_fn),
    "_backward_hooks": property(_backward_hooks), "name": None, "_for_state_dict": lambda self: self.data,
}  # fmt: skip


def install():
    """Gives Variable its history."""
    for name, method in _METHODS.items():
        setattr(Variable, name, method)
    setattr(_TensorBase, "_for_state_dict", lambda self: self)  # noqa: B010
