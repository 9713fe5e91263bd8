"""Parameters as one vector and back."""

import flambeau as fb
from flambeau import Tensor


def parameters_to_vector(parameters):
    """All `parameters` flattened into one vector (recorded). TypeError when they are on different devices."""
    parameters = list(parameters)
    _check_devices(parameters)
    return fb.cat([param.reshape(-1) for param in parameters])


def vector_to_parameters(vec, parameters):
    """Let `parameters` be slices of `vec` (sharing its memory), in order.

    Raises TypeError when `vec` is no Tensor or the parameters are on different devices.
    """
    if not isinstance(vec, Tensor):
        raise TypeError(f"expected torch.Tensor, but got: {type(vec).__name__}")
    parameters = list(parameters)
    _check_devices(parameters)
    start = 0
    for param in parameters:
        count = param.numel()
        param.data = vec[start : start + count].view_as(param).data
        start += count


def _check_devices(parameters):
    devices = {str(param.device) for param in parameters}
    if len(devices) > 1:
        raise TypeError(
            "Found two parameters on different devices, this is currently not supported: "
            + ", ".join(sorted(devices))
        )
