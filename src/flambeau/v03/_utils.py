"""`torch._utils` of 0.3: helpers that programs imported although they were private."""

import importlib
import itertools

import numpy as np

from .. import _core
from .faces import plain


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


def _range(*args):
    """Python's range."""
    return range(*args)


