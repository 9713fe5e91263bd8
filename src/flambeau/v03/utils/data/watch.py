"""What 0.3's DataLoader did to notice workers that die, for programs that have a copy of it: functions of `torch._C`
and of `torch.utils.data.dataloader`. This library's own DataLoader does without."""

import os
import signal
import threading

from ...faces import TYPES

# name of NumPy's type -> class of the plain tensors of it
numpy_type_map = {cls._dtype.name: cls for cls in TYPES.values()}

_use_shared_memory = False  # whether `default_collate` made its tensors in shared memory
_SIGCHLD_handler_set = False
_workers: dict[int, tuple] = {}  # id of an iterator -> the ids of its workers' processes


def _set_worker_signal_handlers():
    """In a worker: SIGTERM ends it at once, whatever handler it has from its parent."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)


def _update_worker_pids(iterator, pids):
    """_update_worker_pids(id(iterator), tuple of ints): the processes that work for an iterator."""
    if iterator in _workers:
        raise ValueError("_update_worker_pids should be called only once for each DataLoader.")
    if not isinstance(pids, tuple):
        raise TypeError(f"_update_worker_pids expects a tuple for child_pids, but got {type(pids).__name__}.")
    _workers[iterator] = pids


def _remove_worker_pids(iterator):
    """_remove_worker_pids(id(iterator)): they may end from now on."""
    if iterator not in _workers:
        raise ValueError("Cannot find worker information for DataLoader with id " + str(iterator))
    del _workers[iterator]


def _error_if_any_worker_fails():
    """RuntimeError when a worker was killed by a signal, or ended with another status than 0."""
    for iterator, pids in [*_workers.items()]:
        for pid in pids:
            try:
                ended = os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
            except ChildProcessError:
                continue  # its parent has taken notice of its end already
            if ended is None or (ended.si_code == os.CLD_EXITED and ended.si_status == 0):
                continue
            _workers[iterator] = ()
            if ended.si_code == os.CLD_EXITED:
                raise RuntimeError(
                    f"DataLoader worker (pid {pid}) exited unexpectedly with exit code {ended.si_status}."
                )
            name = signal.strsignal(ended.si_status)
            raise RuntimeError(f"DataLoader worker (pid {pid}) is killed by signal: {name}.")


def _set_SIGCHLD_handler():
    """From now on the end of a worker raises what `_error_if_any_worker_fails` raises. In the main thread only."""
    global _SIGCHLD_handler_set
    if _SIGCHLD_handler_set or threading.current_thread() is not threading.main_thread():
        return
    before = signal.getsignal(signal.SIGCHLD)

    def handler(number, frame):
        _error_if_any_worker_fails()
        if callable(before):
            before(number, frame)

    signal.signal(signal.SIGCHLD, handler)
    _SIGCHLD_handler_set = True
