"""Parameter: a Tensor that a Module finds and registers by itself when it is assigned as an attribute."""

from collections.abc import Callable

import flambeau as fb

from .. import Tensor, _core


class _Defaults:
    """What modules make of tensors: the class of parameters (None: Parameter), and a function of new buffers."""

    parameter: type | None = None
    buffer: Callable[[Tensor], Tensor] | None = None


_defaults = _Defaults()


def set_defaults(parameter=None, buffer=None):
    """set_defaults(parameter=None, buffer=None) -> what was set before, as a tuple

    Process-wide: Parameter(...) makes an instance of `parameter`, a subclass, and Module.register_buffer puts new plain
    Tensors through the function `buffer`. None: as they are.
    """
    before = _defaults.parameter, _defaults.buffer
    _defaults.parameter, _defaults.buffer = parameter, buffer
    return before


def as_buffer(tensor):
    """A tensor as Module.register_buffer keeps it."""
    return tensor if _defaults.buffer is None or type(tensor) is not Tensor else _defaults.buffer(tensor)


class Parameter(Tensor):
    """Parameter(data=None, requires_grad=True)

    A leaf tensor sharing the memory of `data` (an empty tensor when None). Assigned to an attribute of a
    Module it appears in `Module.parameters()`. Results of operations on a Parameter are plain Tensors.
    Raises TypeError when `data` is no Tensor, RuntimeError when `requires_grad` and the dtype is not floating.
    """

    _face = Tensor  # the class of results

    def __new__(cls, data=None, requires_grad=True):
        if cls is Parameter and _defaults.parameter is not None:
            return _defaults.parameter(data, requires_grad)
        if data is None:
            data = fb.empty(0)
        elif not isinstance(data, Tensor):
            raise TypeError(
                f"Parameter(): data must be a Tensor, got {type(data).__name__}; convert it with flambeau.tensor(...)"
            )
        return Tensor._make_subclass(cls, data, requires_grad)

    def __init__(self, data=None, requires_grad=True):
        """All is done in __new__: a Parameter is a view of `data`, not a fresh tensor."""

    def __repr__(self):
        return "Parameter containing:\n" + super().__repr__()

    def __deepcopy__(self, memo):
        if id(self) in memo:
            return memo[id(self)]
        copied = type(self)(self.data.clone(), self.requires_grad)
        memo[id(self)] = copied
        return copied

    def __reduce_ex__(self, protocol):
        return _rebuild_parameter, (type(self), self.data, self.requires_grad), self.__dict__ or None


def _rebuild_parameter(cls, data, requires_grad):
    return cls(data, requires_grad)


_core.set_parameter_type(Parameter)
