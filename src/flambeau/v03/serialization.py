"""`torch.serialization` of 0.3: files of plain tensors and Variables."""

import functools
import importlib
import pickle
import struct
from tempfile import mkdtemp  # noqa: F401  (0.3 has it here)

from .. import _core, nn, serialization
from ..serialization import (
    SourceChangeWarning,
    default_restore_location,
    location_tag,
    names,
    normalize_storage_type,
    register_package,
    storage_to_tensor_type,
)
from ..serialization.rebuild import Face
from ..serialization.sequence import MAGIC_NUMBER, PROTOCOL_VERSION  # noqa: F401
from .faces import Parameter, Variable, _TensorBase, plain

__all__ = ["SourceChangeWarning", "default_restore_location", "load", "location_tag", "normalize_storage_type",
           "register_package", "save", "storage_to_tensor_type"]  # fmt: skip

# What files of 0.3 say of themselves: sizes in bytes on the machine that wrote them, and of its older format.
DEFAULT_PROTOCOL = 2
SHORT_SIZE, INT_SIZE, LONG_SIZE = (struct.calcsize(f"={code}") for code in "hil")
STORAGE_KEY_SEPARATOR = ","


class _Face(Face):
    """Tensors in a file are plain tensors; those that require grad, which 0.3 did not have, are Variables."""

    parameter_class = Parameter

    def named(self, module, name):
        for home in (module, "torch.nn" if module.startswith("torch.nn.modules.") else module):
            try:
                place = importlib.import_module(f"{__package__}{home[5:]}")
                return functools.reduce(getattr, name.split("."), place)
            except (ImportError, AttributeError):
                continue  # it is not 0.3's own
        return super().named(module, name)

    def tensor(self, array, requires_grad=False):
        made = _core.make(array, _TensorBase)
        return Variable(made, requires_grad=True) if requires_grad else made

    def parameter(self, data, requires_grad=True):
        return Parameter(plain(data), requires_grad)

    def variable(self, data, requires_grad=False, volatile=False):
        return Variable(plain(data), requires_grad=requires_grad, volatile=volatile)


def save(obj, f, pickle_module=pickle, pickle_protocol=2):
    """save(obj, f, pickle_module=pickle, pickle_protocol=2): writes an object to a path or file, in the format of 0.2
    to 1.5. FileNotFoundError, as from `open`, when the folder does not exist."""
    serialization.save(obj, f, pickle_module, pickle_protocol, _use_new_zipfile_serialization=False)


def load(f, map_location=None, pickle_module=pickle):
    """load(f, map_location=None, pickle_module=pickle) -> what `save` wrote, here or in any PyTorch. Any object: only
    for files you trust."""
    return serialization.load(f, map_location, pickle_module, weights_only=False, _face=_Face())


def _reduce_for_file(self, collector):
    """What a file has of a plain tensor: its place in its storage."""
    return collector.function("_rebuild_tensor"), collector.geometry(self)


def _parameter_in_file(data, requires_grad):
    """Stands for the class of parameters in a pickle until PyTorch's names are put in."""
    return Parameter(data, requires_grad)


def _reduce_variable(self, collector):
    """What a file has of a Variable: the call that makes it. Attributes of subclasses go as they do in any pickle."""
    if type(self) not in (Variable, Parameter):
        return self.__reduce_ex__(2)
    if type(self) is Parameter:
        return _parameter_in_file, (self.data, self.requires_grad)
    return collector.function("Variable"), (self.data, self.requires_grad, self.volatile)


_TensorBase._reduce_for_file = _reduce_for_file
Variable._reduce_for_file = _reduce_variable


def _torch_name(module, name):
    """PyTorch's name of a class of this package."""
    if name == "_parameter_in_file":
        return "torch.nn.parameter", "Parameter"
    package = module.partition(f"{__package__}.")[2]
    if package == "namespace" or module == __package__:
        return "torch", name
    if package.startswith("legacy."):
        return f"torch.{'.'.join(package.split('.')[:2])}.{name}", name
    if package == "optim":
        return f"torch.optim.{'sparse_adam' if name == 'SparseAdam' else name.lower()}", name
    if package.startswith("nn.") and isinstance(getattr(nn, name, None), type):
        return names.torch_name(getattr(nn, name).__module__, name)
    return (f"torch.{package}", name) if package.startswith(("nn.", "optim.", "utils.", "autograd.")) else None


names.FURTHER.append(_torch_name)
