"""`torch._utils` of 0.3: helpers that programs imported although they were private."""

import importlib
import itertools

import numpy as np

from .. import _core
from .faces import TYPES, plain


def _accumulate(iterable, fn=lambda x, y: x + y):
    """The running totals of an iterable."""
    return itertools.accumulate(iterable, fn)


def _import_dotted_name(name):
    """The object that a dotted name, such as "torch.FloatTensor", means."""
    module, *rest = name.split(".")
    found = importlib.import_module(module)
    for part in rest:
        found = getattr(found, part)
    return found


def _rebuild_tensor(storage, storage_offset, size, stride):
    """The plain tensor over a storage, as it stands in files of 0.1.12 to 0.3."""
    return TYPES[type(storage).__name__.replace("Storage", "Tensor")]().set_(storage, storage_offset, size, stride)


def _take_tensors(tensors, size_limit):
    """The tensors in lists of one type, each of at most size_limit bytes or of one tensor."""
    groups: dict = {}
    for tensor in tensors:
        kind, size = tensor.type(), tensor.numel() * tensor.element_size()
        group, filled = groups.get(kind, ([], 0))
        if group and filled + size > size_limit:
            yield group
            group, filled = [], 0
        groups[kind] = ([*group, tensor], filled + size)
    for group, _ in groups.values():
        yield group


def _flatten_tensors(tensors):
    """One plain tensor of one dimension with the elements of all tensors, which are of one type."""
    arrays = [_core.array_of(t).reshape(-1) for t in tensors]
    return plain(_core.make(np.concatenate(arrays) if len(arrays) > 1 else arrays[0].copy()))


def _unflatten_tensors(flat, tensors):
    """The parts of flat in the sizes of tensors, over its memory."""
    parts, start = [], 0
    for t in tensors:
        count = t.numel()
        parts.append(flat.narrow(0, start, count).view_as(t))
        start += count
    return tuple(parts)


_flatten_dense_tensors, _unflatten_dense_tensors = _flatten_tensors, _unflatten_tensors


def _range(*args):
    """Python's range."""
    return range(*args)


