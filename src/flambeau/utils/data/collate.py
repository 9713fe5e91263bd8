"""Making a batch of a list of samples."""

import collections.abc
import copy
import re
from collections.abc import Callable
from typing import Any

import numpy as np

import flambeau as fb

from ... import _core

_NOT_NUMBERS = re.compile(r"[SaUO]")
_FORMAT = "default_collate: batch must contain tensors, numpy arrays, numbers, dicts or lists; found {}"

new_array: Callable | None = None
"""In a worker: new_array(shape, dtype) -> array in memory that the main process maps, or None for a small one."""


def default_convert(data):
    """default_convert(data) -> the same structure, with NumPy arrays as tensors; what it does not know is left."""
    if isinstance(data, fb.Tensor):
        return data
    if type(data).__module__ == "numpy" and isinstance(data, (np.ndarray, np.generic)):
        if _NOT_NUMBERS.search(data.dtype.str):
            return data
        return fb.as_tensor(data)
    if isinstance(data, collections.abc.Mapping):
        return _mapping_like(data, {key: default_convert(value) for key, value in data.items()})
    if _is_namedtuple(data):
        return type(data)(*(default_convert(d) for d in data))
    if isinstance(data, tuple):
        return [default_convert(d) for d in data]
    if isinstance(data, collections.abc.Sequence) and not isinstance(data, (str, bytes)):
        return _sequence_like(data, [default_convert(d) for d in data])
    return data


def _is_namedtuple(data):
    return isinstance(data, tuple) and hasattr(data, "_fields")


def _mapping_like(model, values):
    """The values in a mapping of the class of the model, or in a dict when that cannot be made."""
    try:
        if isinstance(model, collections.abc.MutableMapping):
            made = copy.copy(model)
            made.update(values)
            return made
        return type(model)(values)
    except TypeError:
        return values


def _sequence_like(model, values):
    """The values in a sequence of the class of the model, or in a list when that cannot be made."""
    try:
        if isinstance(model, collections.abc.MutableSequence):
            made = copy.copy(model)
            for i, value in enumerate(values):
                made[i] = value
            return made
        return type(model)(values)
    except TypeError:
        return values


def stacked(tensors):
    """The tensors of a batch along a new dimension 0; in a worker, in shared memory."""
    if new_array is None or any(t.requires_grad for t in tensors):
        return fb.stack(tensors, 0)
    arrays = [_core.array_of(t) for t in tensors]
    first = arrays[0]
    if any(a.shape != first.shape or a.dtype != first.dtype for a in arrays):
        return fb.stack(tensors, 0)  # promotes, or says what does not fit
    out = new_array((len(arrays), *first.shape), first.dtype)
    return fb.stack(tensors, 0) if out is None else _core.make(np.stack(arrays, out=out), type(tensors[0]))


def collate(batch, *, collate_fn_map=None):
    """collate(samples, *, collate_fn_map=None) -> batch, as default_collate, which see.

    collate_fn_map: class -> function(samples, *, collate_fn_map) for further or other classes.
    """
    first = batch[0]
    kind = type(first)
    functions = default_collate_fn_map if collate_fn_map is None else collate_fn_map
    if kind in functions:
        return functions[kind](batch, collate_fn_map=functions)
    for cls, function in functions.items():
        if isinstance(first, cls):
            return function(batch, collate_fn_map=functions)
    if isinstance(first, collections.abc.Mapping):
        named = {key: collate([d[key] for d in batch], collate_fn_map=functions) for key in first}
        return _mapping_like(first, named)
    if _is_namedtuple(first):
        return kind(*(collate(column, collate_fn_map=functions) for column in zip(*batch, strict=False)))
    if isinstance(first, collections.abc.Sequence):
        if any(len(sample) != len(first) for sample in batch):
            raise RuntimeError("each element in list of batch should be of equal size")
        columns = [collate(column, collate_fn_map=functions) for column in zip(*batch, strict=True)]
        return columns if isinstance(first, tuple) else _sequence_like(first, columns)
    raise TypeError(_FORMAT.format(kind))


def collate_tensor_fn(batch, *, collate_fn_map=None):
    """The tensors of a batch, stacked."""
    return stacked(list(batch))


def collate_numpy_array_fn(batch, *, collate_fn_map=None):
    """The arrays of a batch as one tensor."""
    if _NOT_NUMBERS.search(batch[0].dtype.str):
        raise TypeError(_FORMAT.format(batch[0].dtype))
    return collate([fb.as_tensor(b) for b in batch], collate_fn_map=collate_fn_map)


def collate_numpy_scalar_fn(batch, *, collate_fn_map=None):
    """The NumPy scalars of a batch as one tensor."""
    return fb.as_tensor(np.array(batch) if len({type(b) for b in batch}) == 1 else batch)


def collate_float_fn(batch, *, collate_fn_map=None):
    """The floats of a batch as a float64 tensor."""
    return fb.tensor(batch, dtype=fb.float64)


def collate_int_fn(batch, *, collate_fn_map=None):
    """The ints (or bools) of a batch as a tensor."""
    return fb.tensor(batch)


def collate_str_fn(batch, *, collate_fn_map=None):
    """The strings of a batch as they are."""
    return batch


default_collate_fn_map: dict[Any, Callable] = {
    fb.Tensor: collate_tensor_fn,
    np.ndarray: collate_numpy_array_fn,
    (np.bool_, np.number, np.object_): collate_numpy_scalar_fn,
    float: collate_float_fn,
    int: collate_int_fn,
    str: collate_str_fn,
    bytes: collate_str_fn,
}


def default_collate(batch):
    """default_collate(samples) -> batch: of each tensor in the samples, one with a new dimension 0.

    Tensors and arrays are stacked; numbers become a tensor (floats of float64, ints of int64), strings a list.
    Mappings, named tuples and sequences are kept and collated part by part (tuples give lists). TypeError for what is
    none of these, RuntimeError for samples of different lengths or shapes.
    """
    return collate(batch, collate_fn_map=default_collate_fn_map)


def pin_memory(data, device=None):
    """pin_memory(data) -> data with its tensors in pinned memory; as it is where there is no GPU.

    Tensors are looked for in mappings, named tuples and sequences; other objects are asked by their own pin_memory().
    """
    return _pinned(data) if fb.cuda.is_available() else data


def _pinned(data):
    if isinstance(data, (str, bytes)):
        return data
    if isinstance(data, collections.abc.Mapping):
        kind: Any = type(data)
        return kind({key: _pinned(value) for key, value in data.items()})
    if isinstance(data, tuple) and hasattr(data, "_fields"):
        return type(data)(*map(_pinned, data))
    if isinstance(data, (list, tuple)):
        return type(data)(map(_pinned, data))
    return data.pin_memory() if hasattr(data, "pin_memory") else data


pin_memory_batch = pin_memory
