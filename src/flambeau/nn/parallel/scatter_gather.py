"""Cutting inputs into parts for several devices, and joining outputs."""

from ...cuda import comm
from ...tensor import Tensor

__all__ = ["gather", "scatter", "scatter_kwargs"]

def scatter(inputs, target_gpus, dim=0):
    """scatter(inputs, target_gpus, dim=0) -> list: for each device the inputs with its parts of the tensors in them.

    Tensors in tuples, lists and dictionaries are cut along dim; other values go to all.
    """
    if isinstance(inputs, Tensor):
        return list(comm.scatter(inputs, target_gpus, dim=dim))
    if isinstance(inputs, (tuple, list)) and inputs:
        columns = [scatter(value, target_gpus, dim) for value in inputs]
        return [_like(inputs, row) for row in zip(*columns, strict=False)]
    if isinstance(inputs, dict) and inputs:
        columns = [scatter(value, target_gpus, dim) for value in inputs.values()]
        return [type(inputs)(zip(inputs, row, strict=True)) for row in zip(*columns, strict=False)]
    return [inputs for _ in target_gpus]


def scatter_kwargs(inputs, kwargs, target_gpus, dim=0):
    """scatter_kwargs(inputs, kwargs, target_gpus, dim=0) -> (list of tuples, list of dictionaries), one per device."""
    parts = scatter(inputs, target_gpus, dim) if inputs else []
    named = scatter(kwargs, target_gpus, dim) if kwargs else []
    n = max(len(parts), len(named))
    return parts + [()] * (n - len(parts)), named + [{}] * (n - len(named))


def gather(outputs, target_device, dim=0):
    """gather(outputs, target_device, dim=0) -> the outputs of all devices as one, joined along dim on target_device.

    Outputs are tensors, or tuples, lists and dictionaries of such, all alike. Those without dimensions become the
    elements of one.
    """
    first = outputs[0]
    if first is None:
        return None
    if isinstance(first, Tensor):
        return comm.gather(outputs, dim, target_device)
    if isinstance(first, dict):
        return type(first)((k, gather([o[k] for o in outputs], target_device, dim)) for k in first)
    return _like(first, [gather(column, target_device, dim) for column in zip(*outputs, strict=True)])


def _like(sequence, values):
    """The values in a tuple or list as `sequence` is one; a named tuple keeps its names."""
    return type(sequence)(*values) if hasattr(sequence, "_fields") else type(sequence)(values)
