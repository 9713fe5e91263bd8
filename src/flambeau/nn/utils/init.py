"""Modules without initial values."""

import inspect

from ...random import fork_rng, used_gpus
from ..module import Module


def skip_init(module_cls, *args, **kwargs):
    """skip_init(module_cls, *args, **kwargs) -> module_cls(*args, **kwargs) whose parameters and buffers have no
    particular values; the random stream stays where it was.

    Raises RuntimeError for a class that is no Module, or whose constructor takes no `device`.
    """
    if not issubclass(module_cls, Module):
        raise RuntimeError(f"Expected a Module; got {module_cls}")
    if "device" not in inspect.signature(module_cls).parameters:
        raise RuntimeError("Module must support a 'device' arg to skip initialization")
    device = kwargs.pop("device", "cpu")
    with fork_rng(used_gpus()):
        module = module_cls(*args, device="cpu", **kwargs)
    return module.to_empty(device=device)
