"""Automatic mixed precision, switched off.

Programs for GPUs carry `autocast` and `GradScaler` along and switch them off elsewhere, by `enabled=False` or because
there is no CUDA; here they then do what they do in PyTorch, which is nothing. Casting itself is not available: what
would switch it on raises NotImplementedError.
"""

import functools
import warnings

from ..cuda import is_available as _cuda_is_available
from ..device import device as _Device
from ..dtype import bfloat16, float16
from .grad_scaler import GradScaler

__all__ = [
    "GradScaler", "autocast", "custom_bwd", "custom_fwd", "get_autocast_dtype", "is_autocast_available",
    "is_autocast_enabled",
]  # fmt: skip

_DTYPES = {"cpu": bfloat16, "cuda": float16}  # what autocast casts to when it is not told


def _device_type(device_type):
    if not isinstance(device_type, str):
        raise ValueError(f"Expected `device_type` of type `str`, got: `{type(device_type)}`")
    return _Device(device_type).type


class autocast:
    """autocast(device_type, dtype=None, enabled=True, cache_enabled=None): a context and a decorator of no effect

    It is off by `enabled=False`, for "cuda" without a usable GPU and for "cpu" with a dtype other than bfloat16 and
    float16, the last two with PyTorch's warnings. NotImplementedError where it would be on.
    """

    def __init__(self, device_type, dtype=None, enabled=True, cache_enabled=None):
        self.device = _device_type(device_type)
        self.fast_dtype = _DTYPES[self.device] if dtype is None else dtype
        if not enabled:
            return
        if self.device == "cuda" and not _cuda_is_available():
            warnings.warn("CUDA is not available. Disabling autocast.", UserWarning, stacklevel=2)
        elif self.device == "cpu" and self.fast_dtype not in (bfloat16, float16):
            warnings.warn(
                "In CPU autocast, but the target dtype is not supported. Disabling autocast.\n"
                "CPU Autocast only supports dtypes of torch.bfloat16, torch.float16 currently.",
                UserWarning,
                stacklevel=2,
            )
        else:
            raise NotImplementedError(
                f"autocast({self.device!r}, dtype={self.fast_dtype}): automatic casting is not available; pass "
                "enabled=False to compute in the dtypes that the tensors have"
            )

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        return None

    def __call__(self, function):
        @functools.wraps(function)
        def call(*args, **kwargs):
            return function(*args, **kwargs)

        return call


def custom_fwd(fwd=None, *, device_type, cast_inputs=None):
    """custom_fwd(fwd=None, *, device_type, cast_inputs=None): a decorator for the forward of an autograd Function

    It says what autocast casts the inputs to; without autocast, forward is called as it is.
    """
    _device_type(device_type)
    return (lambda fwd: fwd) if fwd is None else fwd


def custom_bwd(bwd=None, *, device_type):
    """custom_bwd(bwd=None, *, device_type): as `custom_fwd`, for backward."""
    _device_type(device_type)
    return (lambda bwd: bwd) if bwd is None else bwd


def is_autocast_available(device_type):
    """is_autocast_available(device_type) -> bool: False: automatic casting is not available."""
    _device_type(device_type)
    return False


def is_autocast_enabled(device_type=None):
    """is_autocast_enabled(device_type=None) -> bool: False: automatic casting is not available."""
    if device_type is not None:
        _device_type(device_type)
    return False


def get_autocast_dtype(device_type):
    """get_autocast_dtype(device_type) -> dtype: bfloat16 for "cpu", float16 for "cuda"."""
    return _DTYPES[_device_type(device_type)]
