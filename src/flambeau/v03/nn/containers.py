"""`Container`, which 0.3 still had, `ModuleList`, which shows each of its modules, and `ParameterList`, which takes
Parameters only."""

import warnings

from ... import nn as todays
from ...nn.containers import _position
from ...nn.module import Module


class Container(Module):
    """Container(**modules): the older base class of modules; use Module."""

    def __init__(self, **kwargs):
        super().__init__()
        warnings.warn(
            "nn.Container is deprecated. All of it's functionality is now implemented in nn.Module. Subclass that "
            "instead.",
            stacklevel=2,
        )
        for name, module in kwargs.items():
            self.add_module(name, module)


class ModuleList(todays.ModuleList):
    __doc__ = todays.ModuleList.__doc__
    __repr__ = Module.__repr__


class ParameterList(todays.ParameterList):
    """ParameterList(parameters=None): a list of Parameters. TypeError for anything else."""

    def __setitem__(self, index, parameter):
        self.register_parameter(str(_position(index, len(self))), parameter)

    def __len__(self):
        return len(self._parameters)

    def append(self, parameter):
        """Adds a Parameter at the end. Returns self."""
        self.register_parameter(str(len(self)), parameter)
        return self

    def extra_repr(self):
        return ""


LAYERS: dict[str, type] = {c.__name__: c for c in (Container, ModuleList, ParameterList)}
