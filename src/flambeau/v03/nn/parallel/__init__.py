"""`torch.nn.parallel` of 0.3: one module on several devices. A device is the index of a GPU, or -1 for the CPU."""

import importlib

from ....nn.parallel import DataParallel, data_parallel, parallel_apply, replicate
from ...families import family
from .distributed import DistributedDataParallel
from .scatter_gather import gather, scatter, scatter_kwargs

__all__ = [
    "DataParallel", "DistributedDataParallel", "data_parallel", "gather", "parallel_apply", "replicate", "scatter",
    "scatter_kwargs",
]  # fmt: skip

for _name in ("data_parallel", "parallel_apply", "replicate"):
    family(f"{__name__}.{_name}", {}, importlib.import_module(f"flambeau.nn.parallel.{_name}"))
