"""spawn: ranks, and the exceptions of processes that fail."""

import os
import pickle
import signal
import time

import pytest

import flambeau as fb
from flambeau import multiprocessing as mp
from tests.limits import is_running, wait_until

pytestmark = pytest.mark.filterwarnings("ignore:.*use of fork.*:DeprecationWarning")


def mark(rank, out, value):
    out[rank] = value + rank


def fail(rank, failing):
    if rank == failing:
        raise ValueError(f"rank {rank} is unwell")
    time.sleep(60)


def die(rank, how):
    if how == "exit":
        os._exit(7)
    os.kill(os.getpid(), how)


def test_ranks_and_shared_arguments():
    out = fb.zeros(2)
    assert mp.spawn(mark, args=(out, 5), nprocs=2) is None
    assert out.tolist() == [5, 6]


def test_join_later():
    out = fb.zeros(3)
    context = mp.start_processes(mark, (out.share_memory_(), 1), nprocs=3, join=False, start_method="fork")
    assert len(context.pids()) == len(context.processes) == 3
    while not context.join(timeout=20):
        pass
    assert context.join() and out.tolist() == [1, 2, 3]


def test_an_exception_ends_all():
    context = mp.start_processes(fail, (1,), nprocs=3, join=False, start_method="fork")
    begin = time.monotonic()
    with pytest.raises(mp.ProcessRaisedException) as caught:
        while not context.join():
            pass
    assert time.monotonic() - begin < 10
    error = caught.value
    assert error.error_index == 1 and error.error_pid == error.pid == context.pids()[1]
    assert str(error).startswith("\n\n-- Process 1 terminated with the following error:\nTraceback")
    assert "ValueError: rank 1 is unwell" in error.msg
    assert not any(map(is_running, context.pids()))


def test_exit_codes_and_signals():
    with pytest.raises(mp.ProcessExitedException, match="process 0 terminated with exit code 7") as caught:
        mp.start_processes(die, ("exit",), start_method="fork")
    assert caught.value.exit_code == 7 and caught.value.signal_name is None
    with pytest.raises(mp.ProcessExitedException, match="process 0 terminated with signal SIGKILL") as caught:
        mp.start_processes(die, (signal.SIGKILL,), start_method="fork")
    error = caught.value
    assert error.exit_code == -signal.SIGKILL and error.signal_name == "SIGKILL"
    copy = pickle.loads(pickle.dumps(error))
    assert type(copy) is type(error) and copy.signal_name == "SIGKILL" and str(copy) == str(error)


def test_spawn_of_another_method_warns():
    with pytest.warns(FutureWarning, match="only supports start_method=spawn"):
        mp.spawn(mark, args=(fb.zeros(1), 1), start_method="fork")


def test_daemons_end_with_the_context():
    context = mp.start_processes(fail, (9,), nprocs=1, join=False, daemon=True, start_method="fork")
    assert context.processes[0].daemon
    context.processes[0].terminate()
    with pytest.raises(mp.ProcessExitedException, match="SIGTERM"):
        context.join()
    assert wait_until(lambda: not is_running(context.pids()[0]))
