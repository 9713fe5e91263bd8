"""What runs in the workers of a DataLoader."""

import gc
import os
import pickle
import queue
import random
import signal
import sys
import threading
import time
import traceback

import numpy as np

import flambeau as fb

from . import collate
from .blocks import Pool
from .dataset import IterableDataset
from .fetch import IterableFetcher, MapFetcher

GRACE = 5.0  # seconds that a worker has to end by itself
END = "end"  # what a worker answers when its iterable dataset has no more
RESUME = "resume"  # the task with which an epoch of a persistent worker begins


class WorkerInfo:
    """What `get_worker_info()` returns: `id`, `num_workers`, `seed`, and `dataset`, this worker's copy."""

    def __init__(self, **fields):
        self.__dict__.update(fields)
        self.__dict__["_fixed"] = True

    def __setattr__(self, name, value):
        raise RuntimeError(f"Cannot assign attributes to {type(self).__name__} objects")

    def __repr__(self):
        shown = ", ".join(f"{k}={v}" for k, v in self.__dict__.items() if k != "_fixed")
        return f"{type(self).__name__}({shown})"


_info = None


def get_worker_info():
    """get_worker_info() -> WorkerInfo in a worker of a DataLoader; None in the main process."""
    return _info


class KeyErrorMessage(str):
    """A message that `KeyError` shows as it is, not as a literal."""

    __slots__ = ()

    def __repr__(self):
        return str(self)


class ExceptionWrapper:
    """ExceptionWrapper(exc_info=None, where="in background"): an exception on its way to another process."""

    def __init__(self, exc_info=None, where="in background"):
        exc_info = sys.exc_info() if exc_info is None else exc_info
        self.exc_type = exc_info[0]
        self.exc_msg = "".join(traceback.format_exception(*exc_info))
        self.where = where

    def __getstate__(self):
        """A class that the other process cannot find becomes RuntimeError."""
        state = dict(self.__dict__)
        try:
            pickle.dumps(self.exc_type)
        except Exception:  # whatever pickle raises: the message has all that is known
            state["exc_type"] = RuntimeError
        return state

    def reraise(self):
        """reraise(): raises an exception of the same class, whose message has the traceback."""
        message = f"Caught {self.exc_type.__name__} {self.where}.\nOriginal {self.exc_msg}"
        if self.exc_type is KeyError:
            message = KeyErrorMessage(message)
        elif getattr(self.exc_type, "message", None):
            raise self.exc_type(message=message)
        try:
            exception = self.exc_type(message)
        except Exception:  # a class whose constructor wants more
            raise RuntimeError(message) from None
        raise exception


def seed_all(base_seed, worker_id):
    """Seeds flambeau, random and NumPy for a worker, as PyTorch does."""
    seed = base_seed + worker_id
    random.seed(seed)
    fb.manual_seed(seed)
    entropy = [worker_id, base_seed & 0xFFFFFFFF, base_seed >> 32, 0]
    np.random.seed(np.random.SeedSequence(entropy).generate_state(4))


def make_fetcher(dataset, auto_collation, collate_fn, drop_last):
    """What gets the samples of a batch and collates them."""
    cls = IterableFetcher if isinstance(dataset, IterableDataset) else MapFetcher
    return cls(dataset, auto_collation, collate_fn, drop_last)


def _receive(connection, tasks):
    """The thread that takes tasks, so that the main process never waits to send one, and notices its end."""
    try:
        while True:
            tasks.put(pickle.loads(connection.recv_bytes()))
    except (EOFError, OSError):  # closed, or the process ended
        tasks.put(None)
    time.sleep(GRACE)
    os._exit(1)


def run(
    connection, dataset, auto_collation, collate_fn, drop_last, base_seed, worker_id, num_workers, init_fn
):
    """The worker's program: answers tasks (freed blocks, indices) until the connection closes."""
    global _info
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the main process gets it, and closes the connection
    gc.freeze()  # collections leave the parent's objects alone, whose pages would be copied
    fb.set_num_threads(1)
    seed_all(base_seed, worker_id)
    _info = WorkerInfo(id=worker_id, num_workers=num_workers, seed=base_seed + worker_id, dataset=dataset)
    pool = Pool()
    collate.new_array = pool.new_array
    tasks: queue.SimpleQueue = queue.SimpleQueue()
    threading.Thread(target=_receive, args=(connection, tasks), daemon=True).start()
    where = f"in DataLoader worker process {worker_id}"
    fetcher = failure = None
    try:
        if init_fn is not None:
            init_fn(worker_id)
        fetcher = make_fetcher(dataset, auto_collation, collate_fn, drop_last)
    except Exception:
        failure = ExceptionWrapper(where=where)
    while (task := tasks.get()) is not None:
        freed, indices = task
        pool.give_back(freed)
        if isinstance(indices, str) and indices == RESUME:
            try:
                fetcher = make_fetcher(dataset, auto_collation, collate_fn, drop_last)
            except Exception:
                failure = ExceptionWrapper(where=where)
            continue
        answer, failure = failure or _fetched(fetcher, indices, where), None
        try:
            _send(pool, connection, answer, where)
        except (BrokenPipeError, ConnectionResetError):  # the main process wants no more
            return
        del answer


def _fetched(fetcher, indices, where):
    try:
        if fetcher.ended:
            return END
        return (fetcher.fetch(indices),)
    except StopIteration:
        if isinstance(fetcher, MapFetcher):
            return ExceptionWrapper(where=where)
        fetcher.ended = True
        return END
    except Exception:
        return ExceptionWrapper(where=where)


def _send(pool, connection, answer, where):
    try:
        pool.send(connection, answer)
    except (BrokenPipeError, ConnectionResetError):
        raise
    except Exception:  # a batch that cannot be pickled
        pool.send(connection, ExceptionWrapper(where=where))
