"""autocast, and what it consists of: the state of the calling thread."""

import functools
import warnings

from .. import _core
from ..cuda import is_available as _cuda_is_available
from ..device import device as _Device
from ..dtype import bfloat16, float16, float64
from ..ops import autocast as _casts
from ..tensor import Tensor

__all__ = [
    "autocast", "autocast_decrement_nesting", "autocast_increment_nesting", "clear_autocast_cache", "custom_bwd",
    "custom_fwd", "get_autocast_cpu_dtype", "get_autocast_dtype", "get_autocast_gpu_dtype", "is_autocast_available",
    "is_autocast_cache_enabled", "is_autocast_cpu_enabled", "is_autocast_enabled", "set_autocast_cache_enabled",
    "set_autocast_cpu_dtype", "set_autocast_cpu_enabled", "set_autocast_dtype", "set_autocast_enabled",
    "set_autocast_gpu_dtype",
]  # fmt: skip


def _device_type(device_type):
    if not isinstance(device_type, str):
        raise ValueError(f"Expected `device_type` of type `str`, got: `{type(device_type)}`")
    return _Device(device_type).type


class autocast:
    """autocast(device_type, dtype=None, enabled=True, cache_enabled=None): products in a lower dtype, losses in float32

    A context, and a decorator of functions. Within it, in this thread, matrix products, convolutions, attention and the
    like cast float32 arguments on device_type ("cpu", "cuda") to dtype, bfloat16 or float16; losses, transforms,
    decompositions and others cast lower floats to float32; all else computes in the dtypes that it is given. Gradients
    of float32 parameters are float32. The lists are in `flambeau.ops.autocast`.

    dtype: None is what the surrounding autocast has, or else bfloat16 for "cpu" and float16 for "cuda". enabled=False
    switches casting off. cache_enabled: whether the cast of a weight is kept until the outermost autocast ends (None:
    as before, at first True). Contexts nest.

    Off with a warning: "cuda" without a usable GPU, and dtypes other than bfloat16 and float16.
    """

    def __init__(self, device_type, dtype=None, enabled=True, cache_enabled=None):
        self.device = _device_type(device_type)
        self.fast_dtype = _casts.state.dtypes[self.device] if dtype is None else dtype
        self._cache_enabled = is_autocast_cache_enabled() if cache_enabled is None else cache_enabled
        if enabled and self.device == "cuda" and not _cuda_is_available():
            warnings.warn("CUDA is not available. Disabling autocast.", UserWarning, stacklevel=2)
            enabled = False
        elif enabled and self.fast_dtype not in (bfloat16, float16):
            name = self.device.upper()
            warnings.warn(
                f"In {name} autocast, but the target dtype is not supported. Disabling autocast.\n"
                f"{name} Autocast only supports dtypes of torch.bfloat16, torch.float16 currently.",
                UserWarning,
                stacklevel=2,
            )
            enabled = False
        self._enabled = bool(enabled)
        self._before = []  # what was set at each entry, as one context may be entered several times

    def __enter__(self):
        settings = {self.device: (self._enabled, self.fast_dtype)}, self._cache_enabled
        self._before.append(_casts.begin(settings))
        return self

    def __exit__(self, *exception):
        _casts.end(self._before.pop())

    def __call__(self, function):
        @functools.wraps(function)
        def call(*args, **kwargs):
            with self:
                return function(*args, **kwargs)

        return call


def is_autocast_available(device_type):
    """is_autocast_available(device_type) -> bool: True for "cpu" and "cuda"."""
    return _device_type(device_type) in _casts.RULES


def is_autocast_enabled(device_type="cuda"):
    """is_autocast_enabled(device_type="cuda") -> bool: whether autocast is on for a device in this thread."""
    return _casts.state.enabled[_device_type(device_type)]


def set_autocast_enabled(device_type, enabled=None):
    """set_autocast_enabled(device_type, enabled), or set_autocast_enabled(enabled) for "cuda"."""
    if enabled is None:
        device_type, enabled = "cuda", device_type
    _casts.set_enabled(_device_type(device_type), enabled)


def get_autocast_dtype(device_type):
    """get_autocast_dtype(device_type) -> dtype: what autocast casts to; at first bfloat16 for "cpu", float16 for
    "cuda"."""
    return _casts.state.dtypes[_device_type(device_type)]


def set_autocast_dtype(device_type, dtype):
    """set_autocast_dtype(device_type, dtype): what autocast casts to in this thread."""
    _casts.state.dtypes[_device_type(device_type)] = dtype


def is_autocast_cache_enabled():
    """is_autocast_cache_enabled() -> bool: whether casts of weights are kept until the outermost autocast ends."""
    return _casts.state.caching


def set_autocast_cache_enabled(enabled):
    """set_autocast_cache_enabled(enabled)"""
    _casts.state.caching = bool(enabled)


def autocast_increment_nesting():
    """autocast_increment_nesting() -> int: begins one more autocast; how many there are in this thread."""
    _casts.state.nesting += 1
    return _casts.state.nesting


def autocast_decrement_nesting():
    """autocast_decrement_nesting() -> int: ends one; how many there still are."""
    _casts.state.nesting -= 1
    return _casts.state.nesting


def clear_autocast_cache():
    """clear_autocast_cache(): forgets the casts of weights."""
    _casts.state.cache.clear()


# ---- the older functions, one per device


def _older(name, replacement):
    warnings.warn(
        f"torch.{name} is deprecated. Please use torch.{replacement} instead.", DeprecationWarning, stacklevel=3
    )


def is_autocast_cpu_enabled():
    """is_autocast_cpu_enabled() -> bool: deprecated: `is_autocast_enabled("cpu")`."""
    _older("is_autocast_cpu_enabled()", "is_autocast_enabled('cpu')")
    return is_autocast_enabled("cpu")


def set_autocast_cpu_enabled(enabled):
    """set_autocast_cpu_enabled(enabled): deprecated: `set_autocast_enabled("cpu", enabled)`."""
    _older("set_autocast_cpu_enabled(enabled)", "set_autocast_enabled('cpu', enabled)")
    set_autocast_enabled("cpu", enabled)


def get_autocast_cpu_dtype():
    """get_autocast_cpu_dtype() -> dtype: deprecated: `get_autocast_dtype("cpu")`."""
    _older("get_autocast_cpu_dtype()", "get_autocast_dtype('cpu')")
    return get_autocast_dtype("cpu")


def set_autocast_cpu_dtype(dtype):
    """set_autocast_cpu_dtype(dtype): deprecated: `set_autocast_dtype("cpu", dtype)`."""
    _older("set_autocast_cpu_dtype(dtype)", "set_autocast_dtype('cpu', dtype)")
    set_autocast_dtype("cpu", dtype)


def get_autocast_gpu_dtype():
    """get_autocast_gpu_dtype() -> dtype: deprecated: `get_autocast_dtype("cuda")`."""
    _older("get_autocast_gpu_dtype()", "get_autocast_dtype('cuda')")
    return get_autocast_dtype("cuda")


def set_autocast_gpu_dtype(dtype):
    """set_autocast_gpu_dtype(dtype): deprecated: `set_autocast_dtype("cuda", dtype)`."""
    _older("set_autocast_gpu_dtype(dtype)", "set_autocast_dtype('cuda', dtype)")
    set_autocast_dtype("cuda", dtype)


# ---- autograd Functions


def _cast(value, device, dtype):
    """The value with the floating tensors of a device in it, but for float64, in dtype."""
    if isinstance(value, Tensor):
        wanted = value.is_floating_point() and value.device.type == device and value.dtype is not float64
        return value.to(dtype) if wanted else value
    if isinstance(value, dict):
        return {_cast(k, device, dtype): _cast(v, device, dtype) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        values = [_cast(v, device, dtype) for v in value]
        return type(value)(*values) if hasattr(value, "_fields") else type(value)(values)
    return value


def custom_fwd(fwd=None, *, device_type, cast_inputs=None):
    """custom_fwd(fwd=None, *, device_type, cast_inputs=None): a decorator for the forward of an autograd Function

    cast_inputs: within an enabled autocast, floating tensors on device_type among the arguments are cast to this dtype
    (float64 is left) and forward runs with autocast switched off; None: forward runs as it is called. `custom_bwd`
    makes backward run in the state that forward ran in.
    """
    device = _device_type(device_type)
    if fwd is None:
        return functools.partial(custom_fwd, device_type=device_type, cast_inputs=cast_inputs)

    @functools.wraps(fwd)
    def call(*args, **kwargs):
        ctx = args[0] if args and isinstance(args[0], _core.Node) else None  # none with setup_context
        enabled = is_autocast_enabled(device)
        if ctx is not None:
            ctx._dtype, ctx._fwd_used_autocast = get_autocast_dtype(device), enabled and cast_inputs is None
        if cast_inputs is None or not enabled:
            return fwd(*args, **kwargs)
        with autocast(device, enabled=False):
            return fwd(*_cast(args, device, cast_inputs), **_cast(kwargs, device, cast_inputs))

    return call


def custom_bwd(bwd=None, *, device_type):
    """custom_bwd(bwd=None, *, device_type): a decorator for the backward of an autograd Function whose forward has
    `custom_fwd`: it runs with autocast as that was in forward."""
    device = _device_type(device_type)
    if bwd is None:
        return functools.partial(custom_bwd, device_type=device_type)

    @functools.wraps(bwd)
    def call(ctx, *grads):
        enabled = getattr(ctx, "_fwd_used_autocast", False)
        with autocast(device, getattr(ctx, "_dtype", None), enabled):
            return bwd(ctx, *grads)

    return call
