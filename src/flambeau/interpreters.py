"""Tensors without an array of their own, which answer for themselves the ops that they meet.

Sparse tensors consist of several tensors; the tensors of `func.vmap` and of forward-mode differentiation stand for
another tensor and say what an op on that means. The core hands a call to the argument with the highest `_level`
(`_core.register_interpreter`): the innermost transformation comes first. Ordinary tensors pay nothing for it.
"""

from . import _core
from .size import Size
from .tensor import Tensor


class ElementsNeeded(NotImplementedError):
    """A function asked a tensor without an array of its own for its elements."""


class Shell:
    """What the core finds in place of an array: shape and dtype. Anything else raises ElementsNeeded with `why`."""

    __slots__ = ("dtype", "itemsize", "ndim", "shape", "size", "why")

    def __init__(self, shape, dtype, why):
        self.shape, self.dtype, self.why = tuple(shape), dtype, why
        self.ndim, self.itemsize, self.size = len(shape), dtype.itemsize, shape.numel()

    def refuse(self):
        raise ElementsNeeded(self.why)

    def __array__(self, dtype=None, copy=None):
        self.refuse()

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return self.refuse()


class Wrapped(Tensor):
    """A tensor that stands for `_value` inside a transformation of level `_level`; 1 is the outermost.

    A subclass defines `_interpret(function, args, kwargs, prepared)`, which gives the result of an op, and
    `_interpret_function(cls, forward, args)`, which gives that of an `autograd.Function`; and, for backward passes in
    which tensors of the class take part, `_gradients(outputs, inputs, grad_outputs, retain_graph, create_graph)`, the
    tuple of gradients (None: not reached), and `_accumulate` with the same arguments (inputs None: all leaves), which
    adds them to `.grad`.
    """

    _face = Tensor
    _why = "the elements of this tensor cannot be looked at inside a transformation"

    def __init__(self, value, level, shape=None):
        self._value, self._level = value, level
        shape = Size(value.shape if shape is None else shape)
        _core.init_tensor(self, Shell(shape, _core.array_of(value).dtype, self._why))

    device = property(lambda self: self._value.device)
    layout = property(lambda self: self._value.layout)
    requires_grad = property(lambda self: self._value.requires_grad)
    grad_fn = property(lambda self: self._value.grad_fn)
    is_leaf = property(lambda self: self._value.is_leaf)

    def _with(self, value):
        """A tensor that stands for another value in the same way."""
        new = type(self).__new__(type(self))
        new.__dict__.update(self.__dict__, _value=value)
        _core.init_tensor(new, Shell(self.shape, _core.array_of(value).dtype, self._why))
        return new

    def _mapped(self, function):
        """The same with function applied to what it stands for, and to whatever belongs to that."""
        return self._with(function(self._value))

    def _together(self, function, *tensors):
        """function of what some tensors stand for at this level, which is linear in all of them together."""
        raise TypeError(f"{type(self).__name__} defines no _together")

    def _interpret(self, function, args, kwargs, prepared):
        raise TypeError(f"{type(self).__name__} defines no _interpret, which {function.name} needs")

    def _interpret_whole(self, function, args, kwargs):
        """The result of a composed function that looks at elements itself (`ops.op.whole`)."""
        return function.__wrapped__(*args, **kwargs)

    def _copy_of(self, t):
        """A copy of t, of this level or a lower one, to which tensors of this kind may be written."""
        return t.clone() if isinstance(t, Wrapped) and t._level == self._level else copy_for(t, self._value)

    def _mask_index(self, function=None):
        """What a mask is as a part of an index, or of the arguments of a function: the tensor it stands for."""
        return self._value

    def _interpret_function(self, cls, forward, args):
        raise TypeError(f"{type(self).__name__} defines no _interpret_function, which {cls.__name__} needs")


def call(function, args, kwargs, prepared):
    """Runs what was called with a Wrapped tensor again, on other arguments."""
    return _core.apply(function, *args) if prepared else function(*args, **kwargs)


def copy_for(t, *others):
    """A copy of t to which the other tensors may be written: inside a transformation, one that stands for as much."""
    owner = _core.interpreter_of(t, others)
    return t.clone() if owner is None or owner._level < 1 else owner._copy_of(t)


def underlying(t):
    """The ordinary tensor that t stands for inside transformations; t itself outside."""
    while isinstance(t, Wrapped):
        t = t._value
    return t


def any_true(mask):
    """Whether a truth value, or any element of a tensor of them, is true: for checks of arguments. Inside
    transformations it is any element of the tensor behind it."""
    return bool(underlying(mask).any()) if isinstance(mask, Tensor) else bool(mask)
