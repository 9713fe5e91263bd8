"""`torch._C` of 0.3: what programs took from the compiled module."""

from ..size import Size
from .namespace import FatalError, Generator, default_generator
from .utils.data.watch import (  # noqa: F401
    _error_if_any_worker_fails,
    _remove_worker_pids,
    _set_worker_signal_handlers,
    _update_worker_pids,
)

__all__ = ["FatalError", "Generator", "Size", "default_generator"]
