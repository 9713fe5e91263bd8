"""CUDA GPUs, through CuPy: `pip install flambeau[cuda13]`.

Tensors get to a GPU with `x.to("cuda")`, `x.cuda()` or `device="cuda"` in factories. Random numbers are drawn by the
CPU's generator and copied, so a seed gives the same numbers on every device.
"""

import importlib

from ..device import device as _Device


def __getattr__(name):
    from ..typed import CUDA_TYPES

    if name in ("amp", "sparse"):
        return importlib.import_module(f"{__name__}.{name}")
    if name not in CUDA_TYPES:
        raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
    return CUDA_TYPES[name]


def _unusable():
    from ..kernels.cuda.backend import unusable

    return unusable()


def _backend():
    from ..kernels.cuda.backend import backend

    return backend()


def _resolve(device):
    """A device, a string, an index or None (the current one) as a device with an index."""
    device = _Device("cuda" if device is None else device)
    if device.type != "cuda":
        raise ValueError(f"Expected a cuda device, but got: {device}")
    return _backend().resolve(device)


def is_available():
    """is_available() -> bool: whether tensors can be placed on a GPU."""
    return _unusable() is None


def is_initialized():
    """is_initialized() -> bool: whether a GPU has been used."""
    from ..kernels.cuda.backend import backend

    return backend.cache_info().currsize > 0


def device_count():
    """device_count() -> int: the number of GPUs that can be used; 0 when there is none."""
    return 0 if _unusable() else _backend().cupy.cuda.runtime.getDeviceCount()


def current_device():
    """current_device() -> int: the index of the GPU that "cuda" without an index means in this thread."""
    return _resolve(None).index


def set_device(device):
    """set_device(device): makes a GPU the current one of this thread; nothing for a negative index."""
    if isinstance(device, int) and device < 0:
        return
    _backend().on(_resolve(device)).use()


class device:
    """device(device): a context in which a GPU is the current one. None and negative indices change nothing."""

    def __init__(self, device):
        self._wanted = None if device is None or (isinstance(device, int) and device < 0) else _resolve(device)
        self._context = None

    def __enter__(self):
        if self._wanted is not None:
            self._context = _backend().on(self._wanted)
            self._context.__enter__()
        return self

    def __exit__(self, *error):
        if self._context is not None:
            self._context.__exit__(*error)


def get_device_name(device=None):
    """get_device_name(device=None) -> str: the name of a GPU (default: the current one)."""
    name = _backend().cupy.cuda.runtime.getDeviceProperties(_resolve(device).index)["name"]
    return name.decode() if isinstance(name, bytes) else name


def synchronize(device=None):
    """synchronize(device=None): waits until a GPU (default: the current one) has done all its work."""
    _backend().on(_resolve(device)).synchronize()


def empty_cache():
    """empty_cache(): gives memory that the pool of CuPy keeps for reuse back to the driver, if a GPU was used."""
    if is_initialized():
        _backend().cupy.get_default_memory_pool().free_all_blocks()


def memory_allocated(device=None):
    """memory_allocated(device=None) -> int: bytes of a GPU that arrays use; 0 before a first use."""
    if not is_initialized():
        return 0
    with _backend().on(_resolve(device)):
        return _backend().cupy.get_default_memory_pool().used_bytes()


def memory_reserved(device=None):
    """memory_reserved(device=None) -> int: bytes of a GPU that the pool holds, in use or not; 0 before a first use."""
    if not is_initialized():
        return 0
    with _backend().on(_resolve(device)):
        return _backend().cupy.get_default_memory_pool().total_bytes()


def manual_seed(seed):
    """manual_seed(seed): accepted so that scripts run, and without effect: numbers on a GPU are drawn by the CPU's
    generator, which `flambeau.manual_seed` seeds."""
    int(seed)


def manual_seed_all(seed):
    """manual_seed_all(seed): as manual_seed."""
    manual_seed(seed)
