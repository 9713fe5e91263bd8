"""What packages for images of 2017 and 2018 relied on: copies of DataLoader, graphs walked by hand, files, hooks."""

import contextlib
import os
import signal
import time

import pytest

import flambeau.v03 as torch
from flambeau.v03._C import _error_if_any_worker_fails, _remove_worker_pids, _update_worker_pids
from flambeau.v03.nn.parallel._functions import _get_stream
from flambeau.v03.utils.data import watch


def test_saving_into_a_folder_that_is_not_there_is_an_error_of_files(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"No such file or directory: '.*absent.*net\.pt'"):
        torch.save(torch.ones(2), str(tmp_path / "absent" / "net.pt"))


# ------------------------------------------------------------------------------------- copies of DataLoader

IMPORTED = """
from torch._C import _set_worker_signal_handlers, _update_worker_pids, _remove_worker_pids, _error_if_any_worker_fails
from torch.utils.data.dataloader import DataLoader, DataLoaderIter, ExceptionWrapper, default_collate
from torch.utils.data.dataloader import pin_memory_batch, numpy_type_map, string_classes, int_classes
from torch.utils.data.dataloader import _use_shared_memory, _SIGCHLD_handler_set, _set_SIGCHLD_handler
"""


def test_what_copies_of_the_data_loader_import():
    names = {}
    exec(IMPORTED.replace("from torch", "from flambeau.v03"), names)
    assert names["numpy_type_map"]["float32"] is torch.FloatTensor and len(names["numpy_type_map"]) == 8


@pytest.fixture
def child():
    """A child process that sleeps."""
    pid = os.fork()
    if not pid:
        time.sleep(60)
        os._exit(0)
    yield pid
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)


def ended(pid):
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)


def test_a_killed_worker_is_an_error_until_it_is_removed(child):
    _update_worker_pids(1, (child,))
    _error_if_any_worker_fails()
    os.kill(child, signal.SIGKILL)
    ended(child)
    with pytest.raises(RuntimeError, match=rf"^DataLoader worker \(pid {child}\) is killed by signal: Killed\.$"):
        _error_if_any_worker_fails()
    _error_if_any_worker_fails()  # once
    _remove_worker_pids(1)
    with pytest.raises(ValueError, match="Cannot find worker information"):
        _remove_worker_pids(1)


@pytest.mark.parametrize("status", [0, 3])
def test_the_status_of_a_worker_that_ended(status):
    pid = os.fork()
    if not pid:
        os._exit(status)
    ended(pid)
    _update_worker_pids(2, (pid,))
    with contextlib.ExitStack() as stack:
        if status:
            stack.enter_context(pytest.raises(RuntimeError, match="exited unexpectedly with exit code 3"))
        _error_if_any_worker_fails()
    _remove_worker_pids(2)
    os.waitpid(pid, 0)
    _update_worker_pids(2, (pid,))
    _error_if_any_worker_fails()  # nobody's child any more
    _remove_worker_pids(2)


def test_the_handler_of_ended_children_speaks_up(child, monkeypatch):
    heard = []
    previous = signal.signal(signal.SIGCHLD, lambda *a: heard.append(a))
    monkeypatch.setattr(watch, "_SIGCHLD_handler_set", False)
    try:
        watch._set_SIGCHLD_handler()
        watch._set_SIGCHLD_handler()
        _update_worker_pids(3, (child,))
        with pytest.raises(RuntimeError, match="killed by signal: Terminated"):
            os.kill(child, signal.SIGTERM)
            ended(child)
            time.sleep(1)
        assert not heard
        signal.raise_signal(signal.SIGCHLD)
        assert len(heard) == 1
    finally:
        signal.signal(signal.SIGCHLD, previous)
        _remove_worker_pids(3)


def test_streams_for_copies_to_devices():
    assert _get_stream(-1) is None  # the CPU
