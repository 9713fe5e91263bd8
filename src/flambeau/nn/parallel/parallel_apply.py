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


def parallel_apply(modules, inputs, kwargs_tup=None, devices=None):
    """parallel_apply(modules, inputs, kwargs_tup=None, devices=None) -> list of modules[i](*inputs[i], **kwargs_tup[i])

    Each in a thread of its own, on the device devices[i] where given. Raises the first error that one raises.
    """
    kwargs_tup = [{}] * len(modules) if kwargs_tup is None else kwargs_tup
    devices = [-1] * len(modules) if devices is None else devices
    results: list = [None] * len(modules)
    errors: list = [None] * len(modules)
    recording, casting = is_grad_enabled(), autocast.current()

    def apply(i, module, args, kwargs, device):
        try:
            with cuda.device(device), set_grad_enabled(recording), autocast.as_with(casting):
                results[i] = module(*(args if isinstance(args, (tuple, list)) else (args,)), **kwargs)
        except Exception as error:  # of the caller's thread: raised there
            errors[i] = error

    calls = zip(range(len(modules)), modules, inputs, kwargs_tup, devices, strict=True)
    threads = [threading.Thread(target=apply, args=call) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for error in errors:
        if error is not None:
            raise error
    return results
