"""Python's `multiprocessing`, whose queues, pipes, pools and processes send tensors as handles to shared memory.

Everything of the standard module is here under the same name. A tensor that is sent is moved to shared memory, so that
sender and receiver see each other's changes; see docs/data.md.
"""

import multiprocessing
import sys
from multiprocessing import *

from .. import shared
from .reductions import init_reductions
from .spawn import (
    ProcessContext,
    ProcessException,
    ProcessExitedException,
    ProcessRaisedException,
    SpawnContext,
    spawn,
    start_processes,
)

__all__ = [*multiprocessing.__all__]
__all__ += [
    "get_all_sharing_strategies", "get_sharing_strategy", "set_sharing_strategy", "spawn", "start_processes",
    "ProcessContext", "ProcessException", "ProcessExitedException", "ProcessRaisedException", "SpawnContext",
]  # fmt: skip


def get_all_sharing_strategies():
    """get_all_sharing_strategies() -> set of the names that this system supports."""
    return set(shared.STRATEGIES)


def get_sharing_strategy():
    """get_sharing_strategy() -> str: how memory is shared that is moved to shared memory from now on."""
    return shared.strategy


def set_sharing_strategy(new_strategy):
    """set_sharing_strategy(name): "file_descriptor", where each shared storage takes an open descriptor, or
    "file_system", where it takes a file in /dev/shm. Forked processes inherit it. ValueError for another name."""
    if new_strategy not in shared.STRATEGIES:
        raise ValueError(
            f"set_sharing_strategy(): unknown strategy {new_strategy!r}; there are {sorted(shared.STRATEGIES)}"
        )
    shared.strategy = new_strategy


def __getattr__(name):
    """Submodules and further names of the standard module."""
    return getattr(sys.modules["multiprocessing"], name)


init_reductions()
