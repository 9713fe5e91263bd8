"""`torch.cuda` of 0.3.

Without a GPU `is_available()` is False, seeds are accepted, and what needs a GPU raises RuntimeError with the remedy.
"""

from ... import cuda as todays
from ...cuda import (
    current_device,
    device,
    device_count,
    empty_cache,
    get_device_name,
    is_available,
    manual_seed,
    manual_seed_all,
    set_device,
    synchronize,
)
from ..faces import CUDA_TYPES
from . import comm, nvtx, profiler, random, sparse, streams
from .random import (
    get_rng_state,
    get_rng_state_all,
    initial_seed,
    seed,
    seed_all,
    set_rng_state,
    set_rng_state_all,
)
from .streams import Event, Stream, current_stream, stream

globals().update(CUDA_TYPES)
has_half = True  # kernels of half precision
has_magma = False

__all__ = [
    "Event", "Stream", "comm", "current_device", "current_stream", "device", "device_count", "device_of", "empty_cache",
    "get_device_capability", "get_device_name", "get_rng_state", "get_rng_state_all", "has_half", "has_magma",
    "initial_seed", "is_available", "manual_seed", "manual_seed_all", "nvtx", "profiler", "random", "seed", "seed_all",
    "set_device", "set_rng_state", "set_rng_state_all", "sparse", "stream", "streams", "synchronize", *CUDA_TYPES,
]  # fmt: skip


class device_of(device):
    """device_of(tensor): a context in which the GPU of a tensor or storage is the current one; nothing for the CPU."""

    def __init__(self, obj):
        super().__init__(obj.get_device() if obj.is_cuda else -1)


def get_device_capability(device=None):
    """get_device_capability(device=None) -> (major, minor) of a GPU's compute capability (default: the current one)."""
    found = todays._backend().cupy.cuda.runtime.getDeviceProperties(todays._resolve(device).index)
    return found["major"], found["minor"]
