"""CUDA GPUs, through CuPy (`pip install flambeau[cuda13]`) or virtual ones (`FLAMBEAU_VIRTUAL_CUDA=2`).

Tensors get to a GPU with `x.to("cuda")`, `x.cuda()` or `device="cuda"` in factories. An op runs on the GPU of its
tensors, whichever is the current one, in the current stream of that GPU.
"""

import importlib

from . import random, streams
from ._cudart import CudaError, DeferredCudaCallError, check_error, cudart, cudaStatus
from ._devices import backend as _backend
from ._devices import devices as _devices
from ._devices import index_of as _index_of
from ._devices import is_forked as _is_in_bad_fork
from ._devices import is_started as is_initialized
from ._devices import resolve as _resolve
from ._devices import unusable as _unusable
from ._devices import usable as _usable
from .memory import (
    OutOfMemoryError,
    empty_cache,
    max_memory_allocated,
    max_memory_cached,
    max_memory_reserved,
    mem_get_info,
    memory_allocated,
    memory_cached,
    memory_reserved,
    memory_stats,
    memory_stats_as_nested_dict,
    memory_summary,
    reset_accumulated_memory_stats,
    reset_max_memory_allocated,
    reset_max_memory_cached,
    reset_peak_memory_stats,
    set_per_process_memory_fraction,
)
from .random import (
    get_rng_state,
    get_rng_state_all,
    initial_seed,
    manual_seed,
    manual_seed_all,
    seed,
    seed_all,
    set_rng_state,
    set_rng_state_all,
)
from .streams import (
    Event,
    ExternalStream,
    Stream,
    StreamContext,
    current_stream,
    default_stream,
    set_stream,
    stream,
)

has_half = True  # kernels of half precision
has_magma = False


def __getattr__(name):
    from ..typed import CUDA_TYPES

    if name in ("amp", "comm", "nccl", "nvtx", "profiler", "sparse"):
        return importlib.import_module(f"{__name__}.{name}")
    if name == "default_generators":
        return random.default_generators()
    if name.endswith("Storage"):
        from ..storage import CUDA_TYPES
    if name not in CUDA_TYPES:
        raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
    return CUDA_TYPES[name]


def init():
    """init(): prepares the GPUs, which their first use does otherwise. RuntimeError without one."""
    _backend()


_lazy_init = init  # by which programs call it

def is_available():
    """is_available() -> bool: whether tensors can be placed on a GPU."""
    return _unusable() is None


def is_bf16_supported(including_emulation=True):
    """is_bf16_supported() -> bool: whether tensors of bfloat16 can be on the GPU: wherever there is one."""
    return is_available()


def device_count():
    """device_count() -> int: the number of GPUs that can be used; 0 when there is none."""
    return _usable()[0]


def current_device():
    """current_device() -> int: the index of the GPU that "cuda" without an index means in this thread."""
    return _resolve(None).index


def set_device(device):
    """set_device(device): makes a GPU the current one of this thread; nothing for a negative index."""
    if isinstance(device, int) and device < 0:
        return
    _devices().use(_index_of(device))


class device:
    """device(device): a context in which a GPU is the current one. None and negative indices change nothing."""

    def __init__(self, device):
        self.idx = -1 if device is None or (isinstance(device, int) and device < 0) else _index_of(device)
        self._outer = []

    def __enter__(self):
        if self.idx >= 0:
            self._outer.append(_devices().current())
            _devices().use(self.idx)
        return self

    def __exit__(self, *error):
        if self.idx >= 0:
            _devices().use(self._outer.pop())


class device_of(device):
    """device_of(tensor): a context in which the GPU of a tensor or storage is the current one; nothing for the CPU."""

    def __init__(self, obj):
        super().__init__(obj.get_device() if obj.is_cuda else -1)


def get_device_properties(device=None):
    """get_device_properties(device=None) -> what a GPU (default: the current one) is: name, major, minor, total_memory
    in bytes, multi_processor_count, ..."""
    return _devices().properties(_index_of(device))


def get_device_name(device=None):
    """get_device_name(device=None) -> str: the name of a GPU (default: the current one)."""
    return get_device_properties(device).name


def get_device_capability(device=None):
    """get_device_capability(device=None) -> (major, minor) of a GPU's compute capability (default: the current one)."""
    found = get_device_properties(device)
    return found.major, found.minor


def get_arch_list():
    """get_arch_list() -> list: empty; kernels are compiled for the GPU that is there."""
    return []


def current_blas_handle():
    """current_blas_handle() -> int: the cublasHandle_t of the current GPU in this thread; on virtual devices a number
    that stands for it."""
    return _devices().blas_handle(_index_of(None))


def can_device_access_peer(device, peer_device):
    """can_device_access_peer(device, peer_device) -> bool: whether a GPU reads another's memory without the host.

    Copies between GPUs work in either case.
    """
    return _devices().can_access_peer(_index_of(device), _index_of(peer_device))


def synchronize(device=None):
    """synchronize(device=None): waits until a GPU (default: the current one) has done all its work."""
    _devices().synchronize(_index_of(device))
    _backend().release()


def ipc_collect():
    """ipc_collect(): nothing; memory of GPUs is not shared between processes."""


def _sleep(cycles):
    """Queues work of so many cycles in the current stream, for tests of streams."""
    _devices().sleep(cycles)
