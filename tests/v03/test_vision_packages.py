"""What packages for images of 2017 and 2018 relied on: copies of DataLoader, graphs walked by hand, files, hooks."""

import contextlib
import os
import signal
import time

import pytest

import flambeau.v03 as torch
from flambeau.v03 import _C, nn
from flambeau.v03._C import _error_if_any_worker_fails, _remove_worker_pids, _update_worker_pids
from flambeau.v03.autograd import Variable
from flambeau.v03.nn import functional as F
from flambeau.v03.nn.parallel._functions import _get_stream
from flambeau.v03.utils.data import dataloader, watch


def test_saving_into_a_folder_that_is_not_there_is_an_error_of_files(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"No such file or directory: '.*absent.*net\.pt'"):
        torch.save(torch.ones(2), str(tmp_path / "absent" / "net.pt"))


# ------------------------------------------------------------------------------------- copies of DataLoader

def test_what_copies_of_the_data_loader_import():
    names = (
        "_set_worker_signal_handlers _update_worker_pids _remove_worker_pids _error_if_any_worker_fails DataLoaderIter "
        "ExceptionWrapper default_collate pin_memory_batch numpy_type_map string_classes int_classes "
        "_use_shared_memory _SIGCHLD_handler_set _set_SIGCHLD_handler"
    ).split()
    assert [n for n in names if not hasattr(dataloader, n)] == []
    assert [n for n in names[:4] if getattr(_C, n) is not getattr(dataloader, n)] == []
    assert dataloader.numpy_type_map["float32"] is torch.FloatTensor and len(dataloader.numpy_type_map) == 8


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


# ------------------------------------------------------------------------------------- graphs walked by hand


def walked(node, seen):
    """The names of the nodes of a graph as programs that drew it went through them, with what is saved."""
    seen.append(type(node).__name__.rstrip("01"))
    for saved in getattr(node, "saved_tensors", ()):
        seen.append(saved)
    for following, _ in node.next_functions:
        if hasattr(following, "variable"):
            seen.append(following.variable)
        else:
            walked(following, seen)
    return seen


def test_only_nodes_of_functions_show_what_they_saved():
    class Square(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x, times):
            ctx.save_for_backward(x)
            return x * x * times

    x = Variable(torch.ones(2), requires_grad=True)
    seen = walked((Square.apply(x, 3) * 2).exp().sum(0).grad_fn, [])
    assert seen[:3] == ["SumBackward", "ExpBackward", "MulBackward"] and seen[3] == "SquareBackward"
    assert seen[4] is x.data and seen[5] is x and len(seen) == 6
    assert not hasattr(x.exp().grad_fn, "saved_variables")


def test_next_functions_are_those_of_variables_alone():
    x, target = Variable(torch.ones(2, 3, 8, 8), requires_grad=True), Variable(torch.zeros(2, 4, 6, 6))
    conv = nn.Conv2d(3, 4, 3)
    y = conv(x)
    assert [f.variable for f, _ in y.grad_fn.next_functions] == [x, conv.weight, conv.bias]
    assert [len(v.grad_fn.next_functions) for v in (y + 1, y / 2, 1 - y, y.sum(1), F.max_pool2d(y, 2))] == [1] * 5
    assert F.mse_loss(y, target).grad_fn.next_functions == ((y.grad_fn, 0), (None, 0))
    assert (y + target).grad_fn.next_functions[1] == (None, 0)


@pytest.mark.parametrize("call", [
    lambda x: nn.Conv2d(3, 4, 3)(x), lambda x: F.conv2d(x, Variable(torch.ones(4, 3, 3, 3))),
    lambda x: nn.ConvTranspose2d(3, 4, 3)(x), lambda x: F.conv1d(x[0], Variable(torch.ones(4, 3, 3)))
])  # fmt: skip
def test_a_convolution_of_two_types(call):
    with pytest.raises(RuntimeError) as caught:
        call(Variable(torch.ones(3, 3, 8, 8).double()))
    assert str(caught.value) == "Input type (CPUDoubleTensor) and weight type (CPUFloatTensor) should be the same"


def test_out_keeps_its_memory_where_that_suffices():
    """As collating into shared memory did: a flat tensor over a storage takes the batch."""
    storage = torch.FloatTensor(1).storage()._new_shared(12)
    flat = torch.FloatTensor(1).new(storage)
    holder = Variable(flat)
    batch = torch.stack([torch.ones(2, 3), torch.ones(2, 3) * 2], 0, out=flat)
    assert batch is flat and batch.size() == holder.size() == (2, 2, 3) and batch.is_shared()
    assert storage.tolist() == [1] * 6 + [2] * 6
    assert torch.cat([batch[0], batch[0]], out=torch.FloatTensor(1)).size() == (4, 3)
