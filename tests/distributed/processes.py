"""Runs a function in several processes that are one run of `flambeau.distributed`."""

import contextlib
import multiprocessing
import os
import pickle
import tempfile
import traceback
from datetime import timedelta

from flambeau import distributed as dist

SECONDS = 20
KILLED = (True, None)  # the outcome of a process that ended itself


def _child(function, rank, size, path, backend, shared, args, sender):
    os.environ["FLAMBEAU_SHARED_MEMORY"] = "1" if shared else "0"
    try:
        dist.init_process_group(
            backend,
            init_method=f"file://{path}",
            rank=rank,
            world_size=size,
            timeout=timedelta(seconds=SECONDS),
        )
        result = function(rank, *args)
        sender.send_bytes(pickle.dumps((True, result)))
        if dist.is_initialized():
            dist.destroy_process_group()
    except BaseException:
        sender.send_bytes(pickle.dumps((False, traceback.format_exc())))
    sender.close()
    os._exit(0)  # a forked copy of the test process ends here


def run(function, size=2, *args, shared=True):
    """run(function, size=2, *args, shared=True) -> list of function(rank, *args) of `size` forked processes.

    shared=False: they use sockets, as processes on several machines would.
    """
    context = multiprocessing.get_context("fork")
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "store")
        processes, receivers = [], []
        for rank in range(size):
            receiver, sender = context.Pipe(duplex=False)
            process = context.Process(
                target=_child, args=(function, rank, size, path, "gloo", shared, args, sender)
            )
            process.start()
            sender.close()
            processes.append(process)
            receivers.append(receiver)
        try:
            outcomes = [_outcome(receiver) for receiver in receivers]
            for process in processes:
                process.join()
        finally:
            for process in processes:
                with contextlib.suppress(ValueError):
                    process.kill()
                    process.join()
            for receiver in receivers:
                receiver.close()
        stays = os.path.exists(path)
    for good, value in outcomes:
        if not good:
            raise AssertionError(f"a process failed:\n{value}")
    assert not stays or KILLED in outcomes, "the file of the store stayed"
    return [value for _, value in outcomes]


def _outcome(receiver):
    try:
        return pickle.loads(receiver.recv_bytes())
    except EOFError:
        return KILLED
