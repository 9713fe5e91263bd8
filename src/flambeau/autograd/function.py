"""User-defined differentiable functions: `Function`, in today's static form and in the instance form of 2017."""

import functools
from typing import Any

from .. import _core


class _FreeName:
    def __set_name__(self, owner, name):
        self.name = name

    def __get__(self, instance, owner):
        raise AttributeError(f"'{owner.__name__}' object has no attribute '{self.name}'")


class _FreeNames:
    """Leaves to users the names that mean something on the nodes of ops: `ctx.k = 3` is an attribute like any other."""

    k = _FreeName()
    needs = _FreeName()
    recording = _FreeName()
    saved = _FreeName()


_saved: Any = _core.Node.saved.__get__


class _Context(_FreeNames, _core.Node):
    """What a Function's methods get as ctx besides the node that it is: what was saved, and what its jvp needs."""

    _forward_saved = ()
    _in_jvp = False
    _materialises = True

    def save_for_forward(self, *tensors):
        """Keeps tensors for jvp, where they are `saved_tensors`."""
        self._forward_saved = tensors

    def set_materialize_grads(self, value):
        """With False, absent gradients and tangents arrive as None instead of as zeros."""
        self._materialises = bool(value)
        super().set_materialize_grads(value)

    @property
    def saved_tensors(self):
        """What forward saved for backward; in jvp, what it saved for that. RuntimeError when a saved tensor was changed
        in place or the buffers were freed."""
        return self._forward_saved if self._in_jvp else _saved(self)

    saved_variables = property(_saved, doc="0.3's name of saved_tensors.")

    def _run_jvp(self, jvp, tangents):
        self._in_jvp = True
        try:
            return jvp(self, *tangents)
        finally:
            self._in_jvp = False


class Function(_Context):
    """A differentiable operation in tensors, given by its forward and backward.

    Today's form: static methods, called as `F.apply(x)`; `ctx` is the node.

        class Square(Function):
            @staticmethod
            def forward(ctx, x):
                ctx.save_for_backward(x)
                return x * x

            @staticmethod
            def backward(ctx, grad):
                (x,) = ctx.saved_tensors
                return 2 * x * grad

    With `setup_context(ctx, inputs, output)` defined, forward takes no ctx. In the older form, methods take `self` and
    an instance is called: `F()(x)`; `self` is the node. forward runs unrecorded; backward returns one gradient per
    argument of forward (None for those without; further None are ignored).
    """

    _strict = True
    _node_type: Any = None
    _traceable = False

    @staticmethod
    def forward(ctx, *args, **kwargs):
        """Computes the result from tensors and other arguments."""
        raise NotImplementedError("You must implement the forward function for custom autograd.Function.")

    @staticmethod
    def backward(ctx, *grad_outputs):
        """Computes the gradients of the arguments of forward from those of its results."""
        raise NotImplementedError(
            "You must implement either the backward or vjp method for your custom autograd.Function "
            "to use it with backward mode AD."
        )

    vjp = backward
    generate_vmap_rule = (
        False  # True: inside vmap, forward and backward run on tensors that stand for a batch
    )

    @staticmethod
    def vmap(info, in_dims, *args):
        """vmap(info, in_dims, *args) -> (outputs, out_dims): forward of a whole batch inside `func.vmap`.

        args are those of forward with the batch at in_dims (None: not batched); info has batch_size and randomness.
        """
        raise NotImplementedError(
            "To use autograd.Function with vmap, you must either override the vmap static method or set "
            "generate_vmap_rule=True."
        )

    @staticmethod
    def jvp(ctx, *grad_inputs):
        """Computes the tangents of the results from those of the arguments of forward: for forward mode."""
        raise NotImplementedError(
            "You must implement the jvp function for custom autograd.Function to use it with forward mode AD."
        )

    @staticmethod
    def setup_context(ctx, inputs, output):
        """Saves what backward needs, when forward takes no ctx."""
        raise NotImplementedError("setup_context is not implemented.")

    @classmethod
    def apply(cls, *args, **kwargs):
        """Runs forward and records the call."""
        forward = functools.partial(cls.forward, **kwargs) if kwargs else cls.forward
        return cls._run(forward, args)[0]

    @classmethod
    def _new_node(cls):
        if cls._node_type is None or cls._node_type.function is not cls:
            members = {"function": cls, "_function_attributes": True, "__getattr__": _class_attribute}
            cls._node_type = type(f"{cls.__name__}Backward", (_Context,), members)
        return cls._node_type()

    @classmethod
    def _context(cls, forward, args, result):
        """The ctx of a call whose result is known: what forward keeps in it, for jvp."""
        node = cls._new_node()
        previous = _core.set_grad_mode(False)
        try:
            if cls.setup_context is not Function.setup_context:
                cls.setup_context(node, tuple(args), result)
                return node
            again = forward(node, *args)
        finally:
            _core.set_grad_mode(previous)
        pairs = zip(again, result, strict=True) if isinstance(again, (tuple, list)) else [(again, result)]
        known = {id(a): r for a, r in pairs}
        node._forward_saved = tuple([known.get(id(t), t) for t in node._forward_saved])
        return node

    @classmethod
    def _run(cls, forward, args):
        """(the result of a recorded call of forward, its ctx)"""
        node = cls._new_node()
        backward = cls.backward if cls.vjp is Function.vjp else cls.vjp
        if Function.backward is not cls.backward is not backward:
            backward = _ambiguous
        setup = None if cls.setup_context is Function.setup_context else cls.setup_context
        return _core.apply_function(cls, node, forward, backward, tuple(args), setup), node

    def __call__(self, *args):
        """The instance form: `self` is the node, backward is not recorded."""
        cls = type(self)
        return _core.apply_function(cls, self, cls.forward, once_differentiable(cls.backward), args)


FunctionCtx = _core.Node  # what annotations call ctx


class InplaceFunction(Function):
    """A Function of the instance form with an option `inplace`, of which its forward makes what it likes."""

    def __init__(self, inplace=False):
        super().__init__()
        self.inplace = inplace


def _class_attribute(node, name):
    """Attributes of the Function class are seen through ctx, as methods and constants of the class."""
    if name.startswith("__"):
        raise AttributeError(name)
    try:
        return getattr(node.function, name)
    except AttributeError:
        raise AttributeError(f"'{type(node).__name__}' object has no attribute '{name}'") from None


def _ambiguous(node, *grads):
    raise RuntimeError(
        f"{node.name()}: Implementing both 'backward' and 'vjp' for a custom Function is not allowed. You should only "
        "implement one of them."
    )


class _NotTwice(_core.Node):
    """Stands behind gradients that cannot be differentiated again."""

    _strict = False


def _refuse(node, *grads):
    raise RuntimeError("trying to differentiate twice a function that was marked with @once_differentiable")


def once_differentiable(backward):
    """Decorator: this backward works on detached tensors; differentiating its results raises RuntimeError."""

    @functools.wraps(backward)
    def wrapper(ctx, *grads):
        recording = _core.is_grad_enabled()
        previous = _core.set_grad_mode(False)
        try:
            outputs = backward(ctx, *grads)
        finally:
            _core.set_grad_mode(previous)
        if not recording or not any(isinstance(g, _core.TensorBase) and g.requires_grad for g in grads):
            return outputs
        single = not isinstance(outputs, tuple)
        marked = [_mark(o, grads) for o in ((outputs,) if single else outputs)]
        return marked[0] if single else tuple(marked)

    return wrapper


def _mark(output, grads):
    if not isinstance(output, _core.TensorBase):
        return output
    if _core.interpreter_of(output, *grads) is not None:
        from ..interpreters import Wrapped, underlying

        grads = [underlying(g) for g in grads]
        if isinstance(output, Wrapped):
            return output._mapped(lambda value: _mark(value, grads))
    node = _NotTwice()
    return _core.apply_function(_NotTwice, node, lambda ctx, o, *g: o.detach(), _refuse, (output, *grads))
