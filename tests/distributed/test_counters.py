"""The counters in shared memory by which processes wait for each other."""

import multiprocessing
import threading
import time

import numpy as np
import pytest
from flambeau._core.counters import LINE, Counters

import flambeau as fb
from flambeau import distributed as dist
from flambeau.distributed.backends import shared_memory
from tests.distributed.processes import run

pytestmark = pytest.mark.filterwarnings("ignore:.*use of fork.*:DeprecationWarning")


def test_values():
    memory = np.zeros(3 * LINE, np.uint8)
    counters = Counters(memory, 3, 10)
    counters.set(1, 1 << 40)
    assert [counters.get(i) for i in range(3)] == [0, 1 << 40, 0] and counters.count == 3
    assert memory[LINE : LINE + 8].view(np.int64)[0] == 1 << 40  # each on a line of its own
    assert counters.wait(1, 1 << 40, 0) and counters.wait(1, 5, 0)
    begin = time.monotonic()
    assert not counters.wait(0, 1, 0.05) and 0.04 < time.monotonic() - begin < 5


@pytest.mark.parametrize("spins", [0, 1 << 20])
def test_who_waits_is_woken(spins):
    memory = np.zeros(2 * LINE, np.uint8)
    counters = Counters(memory, 2, spins)
    threading.Timer(0.1, counters.set, (1, 7)).start()
    begin = time.monotonic()
    assert counters.wait(1, 7, 30) and time.monotonic() - begin < 10


def test_errors():
    with pytest.raises(ValueError, match="2 counters need 256 aligned bytes, got 255"):
        Counters(np.zeros(2 * LINE - 1, np.uint8), 2, 0)
    with pytest.raises((BufferError, ValueError)):
        Counters(bytes(LINE), 1, 0)
    with pytest.raises(IndexError, match="index 1 is out of range for 1 counters"):
        Counters(np.zeros(LINE, np.uint8), 1, 0).get(1)


def _play(mapping, rank, turns):
    counters = Counters(mapping, 2, 50)
    for turn in range(turns):
        if turn % 2 == rank:
            counters.set(rank, turn + 1)
        else:
            assert counters.wait(1 - rank, turn + 1, 30)


def test_processes_take_turns():
    path, mapping = shared_memory.create(2)
    other = shared_memory.attach(path, 2)
    shared_memory.os.unlink(path)
    child = multiprocessing.get_context("fork").Process(target=_play, args=(other, 1, 2000))
    child.start()
    _play(mapping, 0, 2000)
    child.join()
    assert child.exitcode == 0


def no_room(rank, failing):
    def fail(*args):
        raise OSError(28, "No space left on device")

    if rank == failing:
        shared_memory.create = shared_memory.attach = fail
    group = dist.new_group()
    x = fb.ones(100_000)
    dist.all_reduce(x, group=group)
    assert x[0] == x[-1] == 3
    return type(dist.group.WORLD.data).__name__, type(group.data).__name__


@pytest.mark.parametrize("failing", [0, 2])
def test_without_room_for_shared_memory_sockets_do_it(failing):
    assert run(no_room, 3, failing) == [("SharedMemory", "Sockets")] * 3
