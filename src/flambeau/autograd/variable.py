"""`Variable(tensor)`: since 0.4 a tensor is its own Variable."""

import warnings

from .. import _core


class _VariableMeta(type):
    def __instancecheck__(cls, instance):
        return isinstance(instance, _core.TensorBase)


class Variable(metaclass=_VariableMeta):
    """Variable(data, requires_grad=False, volatile=False) -> Tensor over the same memory.

    isinstance(t, Variable) holds for every tensor. `volatile` has no effect since 0.4: it warns and names the remedy.
    """

    def __new__(cls, data=None, requires_grad=False, volatile=None):
        if volatile is not None:
            warnings.warn(
                "volatile was removed (Variable.volatile is always False): compute under `with torch.no_grad():` "
                "instead, or use `import flambeau.v03 as torch` for the behaviour of 0.3.",
                UserWarning,
                stacklevel=2,
            )
        if not isinstance(data, _core.TensorBase):
            raise TypeError(f"Variable data has to be a tensor, but got {type(data).__name__}")
        return data.detach().requires_grad_(requires_grad)
