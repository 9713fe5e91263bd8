"""Cutting inputs into parts for several devices, and joining outputs."""

from ....nn.parallel import scatter_gather as todays
from ....nn.parallel.scatter_gather import gather
from ...faces import Variable, _TensorBase

__all__ = ["gather", "scatter", "scatter_kwargs"]


def _check_variables(value):
    """TypeError for plain tensors in nested sequences and dictionaries."""
    if isinstance(value, _TensorBase):
        raise TypeError(f"scatter: Tensors not supported, got a {value.type()}; wrap it in a Variable")
    if isinstance(value, (tuple, list, dict)) and not isinstance(value, Variable):
        for inner in value.values() if isinstance(value, dict) else value:
            _check_variables(inner)


def scatter(inputs, target_gpus, dim=0):
    """scatter(inputs, target_gpus, dim=0) -> list: for each device the inputs with its parts of the Variables in them.

    Variables in tuples, lists and dictionaries are cut along dim; other values go to all. TypeError for plain tensors.
    """
    _check_variables(inputs)
    return todays.scatter(inputs, target_gpus, dim)


def scatter_kwargs(inputs, kwargs, target_gpus, dim=0):
    """scatter_kwargs(inputs, kwargs, target_gpus, dim=0) -> (list of tuples, list of dictionaries), one per device."""
    _check_variables((inputs, kwargs))
    return todays.scatter_kwargs(inputs, kwargs, target_gpus, dim)
