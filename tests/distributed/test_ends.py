"""Processes that die, come late or call something else: errors that name them, and nothing that stays."""

import datetime
import os
import signal
import subprocess
import sys
import threading
import time

import pytest

import flambeau as fb
from flambeau import distributed as dist
from tests.distributed.processes import run
from tests.limits import descriptors, named_memory, wait_until

pytestmark = pytest.mark.filterwarnings("ignore:.*use of fork.*:DeprecationWarning")

BOTH = pytest.mark.parametrize("shared", [True, False], ids=["memory", "sockets"])


def killed(rank):
    dist.barrier()
    if rank == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    begin = time.monotonic()
    with pytest.raises(dist.DistBackendError, match="all_reduce: .*rank 1 was killed or lost its connection"):
        dist.all_reduce(fb.ones(10))
    assert time.monotonic() - begin < 5
    with pytest.raises(dist.DistBackendError):  # and again, at once
        dist.broadcast(fb.ones(1), 1)


@BOTH
def test_a_killed_process_is_named(shared):
    run(killed, 3, shared=shared)


def leaving(rank):
    if rank == 1:
        dist.destroy_process_group()
        return
    with pytest.raises(dist.DistBackendError, match="rank 1 has ended or called destroy_process_group"):
        dist.all_reduce(fb.ones(10))
    with pytest.raises(dist.DistBackendError, match="recv: rank 1 has ended"):
        dist.recv(fb.ones(1), 1)
    with pytest.raises(dist.DistBackendError, match="send: rank 1 has ended"):
        dist.send(fb.ones(1), 1)


@BOTH
def test_a_process_that_left_is_named(shared):
    run(leaving, 2, shared=shared)


def late(rank):
    group = dist.new_group(timeout=datetime.timedelta(seconds=0.3))
    if rank == 0:
        begin = time.monotonic()
        with pytest.raises(dist.DistBackendError, match=r"all_reduce: .*rank 1 .*within 0\.3 seconds"):
            dist.all_reduce(fb.ones(10), group=group)
        assert 0.2 < time.monotonic() - begin < 5
    dist.barrier()


@BOTH
def test_a_late_process_is_named(shared):
    run(late, 2, shared=shared)


def late_at_a_barrier(rank):
    group = dist.new_group()
    if rank == 0:
        with pytest.raises(dist.DistBackendError, match=r"barrier: .*rank 1 .*within 0\.2 seconds"):
            dist.barrier(group, timeout=datetime.timedelta(seconds=0.2))
    dist.barrier()


@BOTH
def test_a_barrier_has_a_timeout(shared):
    run(late_at_a_barrier, 2, shared=shared)


def late_in_the_background(rank):
    group = dist.new_group(timeout=datetime.timedelta(seconds=0.3))
    if rank == 0:
        work = dist.all_reduce(fb.ones(10), group=group, async_op=True)
        with pytest.raises(RuntimeError, match="not done within 0.01 seconds"):
            work.wait(datetime.timedelta(seconds=0.01))
        with pytest.raises(dist.DistBackendError, match="rank 1"):
            work.wait()
        assert work.is_completed() and not work.is_success() and "rank 1" in str(work.exception())
        with pytest.raises(dist.DistBackendError):
            work.get_future().wait()
    dist.barrier()


def test_async_op_carries_the_error():
    run(late_in_the_background)


def something_else(rank):
    with pytest.raises(dist.DistBackendError, match=r"rank \d called .* but this process, rank \d, "):
        if rank == 0:
            dist.all_reduce(fb.ones(10))
        else:
            dist.all_gather([fb.zeros(10)] * 2, fb.ones(10))


def other_size(rank):
    call = f"all_reduce of {1000 + 1 - rank} elements of float32"
    with pytest.raises(dist.DistBackendError, match=f"rank {1 - rank} called {call}, but this process"):
        dist.all_reduce(fb.ones(1000 + rank))


def other_dtype(rank):
    with pytest.raises(dist.DistBackendError, match="elements of float64"):
        dist.all_reduce(fb.ones(5, dtype=[fb.float32, fb.float64][rank]))
    with pytest.raises(dist.DistBackendError, match="the group cannot be used after an error"):
        dist.barrier()


@pytest.mark.parametrize("function", [something_else, other_size, other_dtype])
def test_different_calls_are_an_error(function):
    run(function)


def splits(rank):
    if rank == 0:
        with pytest.raises(dist.DistBackendError, match="rank 1 sends 12 bytes to rank 0, whose output has 8"):
            dist.all_to_all_single(fb.zeros(3), fb.ones(2), [1, 2], [1, 1])
    else:
        with pytest.raises(dist.DistBackendError, match="rank 0 has ended"):
            dist.all_to_all_single(fb.zeros(2), fb.ones(4), [1, 1], [3, 1])


def test_split_sizes_that_do_not_fit():
    run(splits)


def monitored(rank):
    dist.monitored_barrier()
    if rank == 1:
        return
    short = datetime.timedelta(seconds=0.5)
    with pytest.raises(dist.DistBackendError) as caught:
        dist.monitored_barrier(timeout=short, wait_all_ranks=True)
    text = str(caught.value)
    if rank == 0:
        assert text == "[Rank 0]: Rank 1 failed to pass monitoredBarrier in 500 ms"
    else:
        assert text.startswith("monitored_barrier: ") and "rank 0" in text


def test_monitored_barrier_says_who_is_missing():
    run(monitored, 3)


def unused_connection(rank):
    before = descriptors(), threading.active_count(), named_memory()
    dist.destroy_process_group()
    return before[0] - descriptors(), before[1] - threading.active_count(), len(before[2])


def test_nothing_is_left():
    files = named_memory()
    for closed, ended, named in run(unused_connection, 3):
        assert closed >= 5 and ended >= 1  # two connections, a waking pair and a selector; the thread that receives
        assert named == len(files)
    assert named_memory() == files


SCRIPT = """
import os, sys
from flambeau import distributed as dist
import flambeau as fb
dist.init_process_group(init_method=sys.argv[1], rank=int(sys.argv[2]), world_size=2)
fb.manual_seed(0)
work = dist.all_reduce(fb.ones(1 << 20), async_op=True)
{end}
"""


@pytest.mark.parametrize("end", ["", "work.wait(); sys.exit(0)", "work.wait(); dist.barrier(); 1 / 0"])
def test_processes_end_without_destroying(tmp_path, end):
    path = tmp_path / "store"
    processes = [
        subprocess.Popen([sys.executable, "-c", SCRIPT.format(end=end), f"file://{path}", str(r)],
                         stderr=subprocess.PIPE, text=True)
        for r in range(2)
    ]  # fmt: skip
    errors = [p.communicate(timeout=40)[1] for p in processes]
    assert [p.returncode for p in processes] == [int("1 / 0" in end)] * 2, errors
    assert all(("ZeroDivisionError" in e) if "1 / 0" in end else not e for e in errors), errors
    assert not path.exists()


def forked(rank):
    pid = os.fork()
    if pid == 0:
        try:
            ok = not dist.is_initialized() and fb.ones(3).sum().item() == 3
            with pytest.raises(ValueError, match="has not been initialized"):
                dist.all_reduce(fb.ones(1))
            if rank == 0:
                time.sleep(60)  # holds no connection of its parent
        finally:
            os._exit(0 if ok else 1)
    x = fb.ones(5)
    dist.all_reduce(x)
    assert x.tolist() == [2] * 5
    if rank == 1:
        assert os.waitpid(pid, 0)[1] == 0
        dist.barrier()
        with pytest.raises(dist.DistBackendError, match="rank 0"):
            dist.barrier()
        return
    dist.barrier()
    dist.destroy_process_group()
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)


def test_a_forked_child_has_no_part_in_it():
    run(forked)


def interrupted(rank):
    if rank == 0:
        signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's jobs in the background ignore it
        threading.Timer(0.2, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
        with pytest.raises(KeyboardInterrupt):
            dist.all_reduce(fb.ones(1))
        with pytest.raises(dist.DistBackendError, match="cannot be used after an error: KeyboardInterrupt"):
            dist.all_reduce(fb.ones(1))
        return
    assert wait_until(lambda: dist.group.WORLD.data.watch.mesh.peers[0].lost, 20)


def test_waiting_can_be_interrupted():
    run(interrupted)
