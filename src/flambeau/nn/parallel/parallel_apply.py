"""Modules at the same time, each in a thread."""

import threading

from ... import cuda
from ...autograd.grad_mode import is_grad_enabled, set_grad_enabled
from ...ops import autocast
from ...tensor import Tensor

__all__ = ["get_a_var", "parallel_apply"]


def get_a_var(obj):
    """get_a_var(obj) -> the first tensor in nested sequences and dictionaries, or None."""
    if isinstance(obj, Tensor):
        return obj
    values = obj.values() if isinstance(obj, dict) else obj if isinstance(obj, (list, tuple)) else ()
    return next((v for v in map(get_a_var, values) if v is not None), None)


def _device_of(inputs):
    """The index of the GPU that the first tensor is on; None for the CPU."""
    found = get_a_var(inputs)
    return found.get_device() if found is not None and found.is_cuda else None


def _index(device):
    """A device as the index of a GPU; None for the CPU (-1), and where none is named."""
    return None if device is None or device == -1 else cuda._resolve(device).index


def parallel_apply(modules, inputs, kwargs_tup=None, devices=None):
    """parallel_apply(modules, inputs, kwargs_tup=None, devices=None) -> list of modules[i](*inputs[i], **kwargs_tup[i])

    Each in a thread of its own, on the device devices[i], or else on that of the first tensor among its inputs, in the
    stream that is current there for the caller. Raises the first error that one raises.
    """
    kwargs_tup = [{}] * len(modules) if kwargs_tup is None else kwargs_tup
    devices = list(map(_device_of, inputs)) if devices is None else [_index(d) for d in devices]
    streams = [cuda.current_stream(d) if d is not None else None for d in devices]
    results: list = [None] * len(modules)
    errors: list = [None] * len(modules)
    recording, casting = is_grad_enabled(), autocast.current()

    def apply(i, module, args, kwargs, device, stream):
        try:
            with (
                cuda.device(device), cuda.stream(stream), set_grad_enabled(recording), autocast.as_with(casting)
            ):  # fmt: skip
                results[i] = module(*(args if isinstance(args, (tuple, list)) else (args,)), **kwargs)
        except Exception as error:  # of the caller's thread: raised there
            errors[i] = error

    calls = zip(range(len(modules)), modules, inputs, kwargs_tup, devices, streams, strict=True)
    threads = [threading.Thread(target=apply, args=call) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for error in errors:
        if error is not None:
            raise error
    return results
