"""`torch.nn.parallel` of 0.3: one module on several devices. A device is the index of a GPU, or -1 for the CPU."""

import threading

from ...nn.module import Module
from .. import cuda
from ..cuda import comm
from ..faces import Variable, _TensorBase

__all__ = ["DataParallel", "data_parallel", "gather", "parallel_apply", "replicate", "scatter", "scatter_kwargs"]


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


def replicate(network, devices):
    """replicate(network, devices) -> list of copies of a module, whose parameters are copies on each device.

    The gradients of the copies arrive at the parameters of network.
    """
    return [_replica(network, device, {}) for device in devices]


def _replica(module, device, made):
    if module not in made:
        copy = made[module] = module.__new__(type(module))
        copy.__dict__.update(module.__dict__)
        for kind in ("_parameters", "_buffers"):
            values = {k: None if v is None else comm.placed(v, device) for k, v in module.__dict__[kind].items()}
            copy.__dict__[kind] = type(module.__dict__[kind])(values)
        children = {k: None if m is None else _replica(m, device, made) for k, m in module._modules.items()}
        copy.__dict__["_modules"] = type(module._modules)(children)
    return made[module]


def parallel_apply(modules, inputs, kwargs_tup=None, devices=None):
    """parallel_apply(modules, inputs, kwargs_tup=None, devices=None) -> list of modules[i](*inputs[i], **kwargs_tup[i])

    Each in a thread of its own, on the device devices[i] where given. Raises the first error that one raises.
    """
    kwargs_tup = [{}] * len(modules) if kwargs_tup is None else kwargs_tup
    devices = [-1] * len(modules) if devices is None else devices
    results: list = [None] * len(modules)
    errors: list = [None] * len(modules)

    def apply(i, module, args, kwargs, device):
        try:
            with cuda.device(device):
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


class DataParallel(Module):
    """DataParallel(module, device_ids=None, output_device=None, dim=0): runs module on the GPUs device_ids (all).

    Inputs are cut along dim, and the outputs joined on output_device (the first). Without a GPU it calls module itself.
    """

    def __init__(self, module, device_ids=None, output_device=None, dim=0):
        super().__init__()
        self.module = module
        self.dim = dim
        if not cuda.is_available():
            self.device_ids = []
            return
        self.device_ids = list(range(cuda.device_count())) if device_ids is None else list(device_ids)
        self.output_device = self.device_ids[0] if output_device is None else output_device
        if len(self.device_ids) == 1:
            self.module.cuda(self.device_ids[0])

    def forward(self, *inputs, **kwargs):
        if not self.device_ids:
            return self.module(*inputs, **kwargs)
        return data_parallel(self.module, inputs, self.device_ids, self.output_device, self.dim, kwargs)


def data_parallel(module, inputs, device_ids=None, output_device=None, dim=0, module_kwargs=None):
    """data_parallel(module, inputs, device_ids=None, output_device=None, dim=0, module_kwargs=None) -> outputs

    module(*inputs, **module_kwargs) on the GPUs device_ids (all), as DataParallel does it.
    """
    inputs = inputs if isinstance(inputs, tuple) else (inputs,)
    if device_ids is None:
        device_ids = list(range(cuda.device_count()))
    if not device_ids:
        return module(*inputs, **(module_kwargs or {}))
    parts, kwargs = scatter_kwargs(inputs, module_kwargs, device_ids, dim)
    if len(device_ids) == 1:
        return module(*parts[0], **kwargs[0]) if parts else module()
    used = device_ids[: len(parts)]
    outputs = parallel_apply(replicate(module, used), parts, kwargs, used)
    return gather(outputs, device_ids[0] if output_device is None else output_device, dim)
