"""Fixtures for tests of several processes: a limit on time, and what must not be left behind."""

import os
import signal
import time

import pytest

SECONDS = 60


@pytest.fixture(autouse=True)
def time_limit():
    """A test that hangs fails."""

    def expired(signum, frame):
        raise TimeoutError(f"the test took more than {SECONDS} seconds")

    before = signal.signal(signal.SIGALRM, expired)
    signal.alarm(SECONDS)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


def descriptors():
    """How many descriptors this process has open."""
    return len(os.listdir("/proc/self/fd"))


def named_memory():
    """The files of ours in /dev/shm."""
    return {name for name in os.listdir("/dev/shm") if name.startswith("flambeau")}


def shared_pages():
    """How many mappings of shared memory of ours this process has."""
    with open("/proc/self/maps") as maps:
        return sum("memfd:flambeau" in line or "/dev/shm/flambeau" in line for line in maps)


def wait_until(condition, seconds=5.0):
    """Whether a condition comes true in time."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.01)
    return True


def is_running(pid):
    """Whether a process is there and not a zombie."""
    try:
        with open(f"/proc/{pid}/stat") as stat:
            return stat.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
