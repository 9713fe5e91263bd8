"""Cutting inputs into parts for several devices, and joining outputs."""

from ...cuda import comm
from ...faces import Variable, _TensorBase

__all__ = ["gather", "scatter", "scatter_kwargs"]

def scatter(inputs, target_gpus, dim=0):
    """scatter(inputs, target_gpus, dim=0) -> list: for each device the inputs with its parts of the Variables in them.

    Variables in tuples, lists and dictionaries are cut along dim; other values go to all. TypeError for plain tensors.
    """
    if isinstance(inputs, Variable):
        return list(comm.scatter(inputs, target_gpus, dim=dim))
    if isinstance(inputs, _TensorBase):
        raise TypeError(f"scatter: Tensors not supported, got a {inputs.type()}; wrap it in a Variable")
    if isinstance(inputs, (tuple, list)) and inputs:
        columns = [scatter(value, target_gpus, dim) for value in inputs]
        return [type(inputs)(row) for row in zip(*columns, strict=False)]
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

    Outputs are Variables, or tuples, lists and dictionaries of such, all alike.
    """
    first = outputs[0]
    if first is None:
        return None
    if isinstance(first, Variable):
        return comm.gather(outputs, dim, target_device)
    if isinstance(first, dict):
        return type(first)((k, gather([o[k] for o in outputs], target_device, dim)) for k in first)
    return type(first)(gather(column, target_device, dim) for column in zip(*outputs, strict=True))
