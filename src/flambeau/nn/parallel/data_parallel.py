"""One module on several devices, each with a part of the batch."""

from ... import cuda
from ..module import Module
from .parallel_apply import parallel_apply
from .replicate import replicate
from .scatter_gather import gather, scatter_kwargs

__all__ = ["DataParallel", "data_parallel"]


class DataParallel(Module):
    """DataParallel(module, device_ids=None, output_device=None, dim=0): runs module on the GPUs device_ids (all).

    Inputs are cut along dim, and the outputs joined on output_device (the first). The gradients arrive, summed, at the
    parameters of module, which has to be on the first GPU, else RuntimeError. Without a GPU it calls module itself.
    """

    def __init__(self, module, device_ids=None, output_device=None, dim=0):
        super().__init__()
        self.module = module
        self.dim = dim
        if not cuda.is_available():
            self.device_ids = []
            return
        self.device_ids = list(range(cuda.device_count())) if device_ids is None else list(map(_index, device_ids))
        self.output_device = self.device_ids[0] if output_device is None else output_device
        if len(self.device_ids) == 1:
            self.module.cuda(self.device_ids[0])

    def forward(self, *inputs, **kwargs):
        if not self.device_ids:
            return self.module(*inputs, **kwargs)
        return data_parallel(self.module, inputs, self.device_ids, self.output_device, self.dim, kwargs)


def _index(device):
    """The index of a GPU that is given as one, or as a device."""
    return device if isinstance(device, int) else cuda._resolve(device).index


def _check_place(module, first):
    """RuntimeError unless parameters and buffers of module are on a device."""
    for t in (*module.parameters(), *module.buffers()):
        if (t.get_device() if t.is_cuda else -1) != first:
            raise RuntimeError(
                f"module must have its parameters and buffers on device {_name(first)} (device_ids[0]) but found one "
                f"of them on device: {_name(t.get_device() if t.is_cuda else -1)}; all tensors must be on devices[0]: "
                "move the module there first"
            )


def _name(index):
    return "cpu" if index == -1 else f"cuda:{index}"


def data_parallel(module, inputs, device_ids=None, output_device=None, dim=0, module_kwargs=None):
    """data_parallel(module, inputs, device_ids=None, output_device=None, dim=0, module_kwargs=None) -> outputs

    module(*inputs, **module_kwargs) on the GPUs device_ids (all), as DataParallel does it.
    """
    inputs = inputs if isinstance(inputs, tuple) else (inputs,)
    device_ids = list(range(cuda.device_count())) if device_ids is None else list(map(_index, device_ids))
    if not device_ids:
        return module(*inputs, **(module_kwargs or {}))
    _check_place(module, device_ids[0])
    parts, kwargs = scatter_kwargs(inputs, module_kwargs, device_ids, dim)
    if len(device_ids) == 1:
        return module(*parts[0], **kwargs[0]) if parts else module()
    used = device_ids[: len(parts)]
    outputs = parallel_apply(replicate(module, used), parts, kwargs, used)
    return gather(outputs, device_ids[0] if output_device is None else output_device, dim)
