"""`torch.multiprocessing` of 0.3: Python's `multiprocessing`, which sends tensors as handles to shared memory."""

from ... import multiprocessing as todays
from ...multiprocessing import *
from ...multiprocessing import (
    get_all_sharing_strategies,
    get_sharing_strategy,
    reductions,
    set_sharing_strategy,
)
from . import pool, queue

__all__ = [*todays.multiprocessing.__all__]
__all__ += ["get_all_sharing_strategies", "get_sharing_strategy", "pool", "queue", "reductions", "set_sharing_strategy"]


def __getattr__(name):
    if name.startswith("__"):
        raise AttributeError(f"module 'torch.multiprocessing' has no attribute '{name}'")
    return getattr(todays, name)
