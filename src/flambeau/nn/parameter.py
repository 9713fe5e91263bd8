"""Parameter: a Tensor that a Module finds and registers by itself when it is assigned as an attribute."""

import flambeau as fb

from .. import Tensor, _core


class Parameter(Tensor):
    """Parameter(data=None, requires_grad=True)

    A leaf tensor sharing the memory of `data` (an empty tensor when None). Assigned to an attribute of a
    Module it appears in `Module.parameters()`. Results of operations on a Parameter are plain Tensors.
    Raises TypeError when `data` is no Tensor, RuntimeError when `requires_grad` and the dtype is not floating.
    """

    _face = Tensor  # the class of results

    def __new__(cls, data=None, requires_grad=True):
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
