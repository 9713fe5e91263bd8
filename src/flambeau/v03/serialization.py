"""`torch.serialization` of 0.3: files of plain tensors and Variables."""

import pickle

from .. import _core, serialization
from ..serialization import (
    SourceChangeWarning,
    default_restore_location,
    location_tag,
    normalize_storage_type,
    register_package,
    storage_to_tensor_type,
)
from ..serialization.rebuild import Face
from .faces import Parameter, Variable, _TensorBase, plain

__all__ = ["SourceChangeWarning", "default_restore_location", "load", "location_tag", "normalize_storage_type",
           "register_package", "save", "storage_to_tensor_type"]  # fmt: skip


class _Face(Face):
    """Tensors in a file are plain tensors; those that require grad, which 0.3 did not have, are Variables."""

    parameter_class = Parameter

    def tensor(self, array, requires_grad=False):
        made = _core.make(array, _TensorBase)
        return Variable(made, requires_grad=True) if requires_grad else made

    def parameter(self, data, requires_grad=True):
        return Parameter(plain(data), requires_grad)

    def variable(self, data, requires_grad=False, volatile=False):
        return Variable(plain(data), requires_grad=requires_grad, volatile=volatile)


def save(obj, f, pickle_module=pickle, pickle_protocol=2):
    """save(obj, f, pickle_module=pickle, pickle_protocol=2): writes an object to a path or file, in the format of 0.2
    to 1.5."""
    serialization.save(obj, f, pickle_module, pickle_protocol, _use_new_zipfile_serialization=False)


def load(f, map_location=None, pickle_module=pickle):
    """load(f, map_location=None, pickle_module=pickle) -> what `save` wrote, here or in any PyTorch. Any object: only
    for files you trust."""
    return serialization.load(f, map_location, pickle_module, weights_only=False, _face=_Face())


def _reduce_for_file(self, collector):
    """What a file has of a plain tensor: its place in its storage."""
    return collector.function("_rebuild_tensor"), collector.geometry(self)


_TensorBase._reduce_for_file = _reduce_for_file  # type: ignore[attr-defined]
