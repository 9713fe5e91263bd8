"""`torch.nn.parallel` of 0.3, for one device: without GPUs a module runs as it is."""

from ...nn.module import Module
from .. import cuda


class DataParallel(Module):
    """DataParallel(module, device_ids=None, output_device=None, dim=0): runs module on the GPUs device_ids.

    Without a GPU it calls module itself; on one GPU likewise, there.
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
        if len(self.device_ids) > 1:
            raise NotImplementedError("DataParallel: more than one GPU; give device_ids=[0]")
        self.module.cuda(self.device_ids[0])

    def forward(self, *inputs, **kwargs):
        if not self.device_ids:
            return self.module(*inputs, **kwargs)
        device = self.device_ids[0]
        return self.module(*[_to(i, device) for i in inputs], **{k: _to(v, device) for k, v in kwargs.items()})


def _to(value, device):
    if isinstance(value, (tuple, list)):
        return type(value)([_to(v, device) for v in value])
    if isinstance(value, dict):
        return {k: _to(v, device) for k, v in value.items()}
    return value.cuda(device) if hasattr(value, "cuda") else value


def data_parallel(module, inputs, device_ids=None, output_device=None, dim=0, module_kwargs=None):
    """data_parallel(module, inputs, device_ids=None, ...): module(*inputs), as DataParallel does it."""
    inputs = inputs if isinstance(inputs, tuple) else (inputs,)
    return DataParallel(module, device_ids, output_device, dim)(*inputs, **(module_kwargs or {}))
