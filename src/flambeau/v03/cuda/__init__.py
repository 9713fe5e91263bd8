"""`torch.cuda` of 0.3.

Without a GPU `is_available()` is False, seeds are accepted, and what needs a GPU raises RuntimeError with the remedy.
"""

from ... import cuda as todays
from ...cuda import (
    CudaError,
    DeferredCudaCallError,
    _lazy_init,
    _sleep,
    check_error,
    cudart,
    cudaStatus,
    current_blas_handle,
    current_device,
    device,
    device_count,
    device_of,
    empty_cache,
    get_device_capability,
    get_device_name,
    has_half,
    has_magma,
    is_available,
    manual_seed,
    manual_seed_all,
    set_device,
    synchronize,
)
from ...storage import CUDA_TYPES as _STORAGES
from ..faces import CUDA_TYPES, ELEMENTS
from . import comm, nccl, nvtx, profiler, random, sparse, streams
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
globals().update({f"{name}Storage": _STORAGES[f"{name}Storage"] for name in ELEMENTS})


def __getattr__(name):
    if name == "default_generators":
        return todays.default_generators
    raise AttributeError(f"module 'torch.cuda' has no attribute '{name}'")


__all__ = [
    "CudaError", "DeferredCudaCallError", "Event", "Stream", "check_error", "comm", "cudaStatus", "cudart",
    "current_blas_handle", "current_device", "current_stream", "device", "device_count", "device_of", "empty_cache",
    "get_device_capability", "get_device_name", "get_rng_state", "get_rng_state_all", "has_half", "has_magma",
    "initial_seed", "is_available", "manual_seed", "manual_seed_all", "nccl", "nvtx", "profiler", "random", "seed",
    "seed_all", "set_device", "set_rng_state", "set_rng_state_all", "sparse", "stream", "streams", "synchronize",
    *CUDA_TYPES, *(f"{name}Storage" for name in ELEMENTS),
]  # fmt: skip
