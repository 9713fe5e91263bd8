"""Master-worker mode of 0.3: tensors in two forked workers, which this process has make and use them."""

import copy
import gc
import multiprocessing
import os
import pickle
import signal
import sys
import traceback
from multiprocessing import util
from unittest import mock

import numpy as np
import pytest

import flambeau.v03 as torch
from flambeau.distributed import is_initialized
from flambeau.v03 import distributed as dist
from flambeau.v03.autograd import Variable
from tests.limits import is_running, time_limit, wait_until  # noqa: F401  (a fixture that all tests here use)

pytestmark = pytest.mark.filterwarnings("ignore:.*use of fork.*:DeprecationWarning")
remote = dist.remote_types


def _worker(path, rank, size):
    try:
        dist.init_master_worker("tcp", init_method=f"file://{path}", rank=rank, world_size=size)
    except SystemExit as end:
        os._exit(end.code)
    except BaseException:
        sys.stderr.write(traceback.format_exc())
    os._exit(1)


def begin(path, workers=2):
    """Starts workers, and makes this process their master. Returns the workers' processes."""
    context = multiprocessing.get_context("fork")
    made = [context.Process(target=_worker, args=(path, r, workers + 1)) for r in range(1, workers + 1)]
    for process in made:
        process.start()
    dist.init_master_worker("tcp", init_method=f"file://{path}", rank=0, world_size=workers + 1)
    return made


def codes(processes):
    """The exit codes of processes, once they have ended."""
    for process in processes:
        process.join(10)
    return [process.exitcode for process in processes]


@pytest.fixture(scope="module")
def workers(tmp_path_factory):
    made = begin(tmp_path_factory.mktemp("run") / "store")
    yield made
    dist.destroy_process_group()
    assert codes(made) == [0, 0]


def values(tensor):
    """The elements of a tensor in a worker, brought into one of this process."""
    return getattr(torch, type(tensor).__name__)(tensor.size()).copy_(tensor)


def test_workers_are_other_processes(workers):
    for rank in (1, 2):
        with remote.on_worker(rank):
            x = remote.call("from_numpy", np.array([os.getpid()]))
            assert x.get_worker() == rank and x.tolist() == [os.getpid()]
    assert dist.get_rank() == 0 and dist.get_world_size() == 3


def test_making(workers):
    x = dist.FloatTensor([[1, 2], [3, 4]])
    assert type(x) is remote.FloatTensor is dist.FloatTensor and x.type() == "torch.distributed.FloatTensor"
    assert x.size() == torch.Size([2, 2]) and isinstance(x.size(), torch.Size) and x.dim() == 2 and len(x) == 2
    assert x.is_distributed and not torch.ones(1).is_distributed and not x.is_cuda and x.get_worker() == 1
    assert torch.is_tensor(x) and not isinstance(x, torch.FloatTensor) and torch.typename(x) == x.type()
    assert repr(x) == repr(torch.FloatTensor([[1, 2], [3, 4]])).replace("torch.", "torch.distributed.")
    for name in remote.CLASSES:
        assert type(getattr(remote, name)(2)) is getattr(dist, name)
    with pytest.raises(TypeError, match="torch.FloatTensor constructor received an invalid combination") as caught:
        dist.FloatTensor("a")
    assert caught.value.__notes__ == ["(by FloatTensor in worker 1)"]


def test_methods_and_operators(workers):
    a, b = dist.FloatTensor([1, 2, 3]), dist.FloatTensor([10, 20, 30])
    assert values(a + b).tolist() == [11, 22, 33] and values(2 - a * b).tolist() == [-8, -38, -88]
    assert values(a.add(2, b)).tolist() == [21, 42, 63] and a.sum() == 6 and a.max() == 3 and a[1] == 2
    assert type(a > 1) is dist.ByteTensor and (a > 1).tolist() == [0, 1, 1] and values(-a[1:]).tolist() == [-2, -3]
    largest, index = a.view(1, 3).max(1)
    assert largest.tolist() == [3] and type(index) is dist.LongTensor and index.tolist() == [2]
    assert [type(part) for part in a.split(1)] == [dist.FloatTensor] * 3 and [*a] == [1, 2, 3]
    assert a.equal(a.clone()) and a.numpy().tolist() == [1, 2, 3] and a.expand(2, 3).stride() == (0, 1)
    with pytest.raises(AttributeError, match="'FloatTensor' object has no attribute 'backward'"):
        a.backward()


def test_in_place_methods_give_the_same_object(workers):
    x = dist.FloatTensor(2, 2)
    assert x.fill_(3) is x and x.add_(1) is x and x.tolist() == [[4, 4], [4, 4]]
    y = x
    y += x
    y[0] = 1
    assert y is x and x.tolist() == [[1, 1], [8, 8]]
    row = x[1]
    row.zero_()
    assert x.tolist() == [[1, 1], [0, 0]], "a view is one there"
    assert x.resize_(3).size() == (3,)


def test_functions_of_the_namespace(workers):
    a = dist.DoubleTensor([[1, 2], [3, 4]])
    out = dist.DoubleTensor()
    assert torch.mm(a, a, out=out) is out and out.tolist() == [[7, 10], [15, 22]]
    assert torch.cat([a, a], 1).size() == (2, 4) and torch.stack([a, a]).size() == (2, 2, 2)
    assert torch.sum(a) == 10 and torch.numel(a) == 4 and torch.add(a, 1).tolist() == [[2, 3], [4, 5]]
    assert torch.zeros_like(a).sum() == 0 and torch.pow(2, a).tolist() == [[2, 4], [8, 16]]
    assert torch.sum(input=a, dim=0).tolist() == [4, 6] and torch.addmm(a, a, a).tolist() == [[8, 12], [18, 26]]
    assert torch.addmm(2, a, 3, a, a).tolist() == [[23, 34], [51, 74]]
    assert torch.normal(a, 0.001).size() == (2, 2) and torch.max(a, 1)[1].tolist() == [1, 1]
    with pytest.raises(TypeError, match="torch.mm received an invalid combination"):
        torch.mm(torch.ones(2, 2), a)
    with pytest.raises(RuntimeError, match="same number of dimensions") as caught:
        torch.cat([a, a[0]])
    assert caught.value.__context__ is None


def test_copies_go_everywhere(workers):
    local = torch.LongTensor([[1, 2], [3, 4]])
    a = dist.LongTensor(2, 2).copy_(local)
    with remote.on_worker(2):
        b = dist.FloatTensor(2, 2).copy_(a)
    assert b.get_worker() == 2 and b.tolist() == [[1, 2], [3, 4]]
    assert torch.FloatTensor(2, 2).copy_(b.t()).tolist() == [[1, 3], [2, 4]]
    local.fill_(0)
    assert a.sum() == 10
    assert b.clone().copy_(b.t()).tolist() == [[1, 3], [2, 4]]
    a[0].copy_(torch.LongTensor([8, 9]))
    assert a.tolist() == [[8, 9], [3, 4]]
    with pytest.raises(RuntimeError, match=r"__add__: the tensors are in workers \[1, 2\]; use copy_"):
        a.float() + b
    for mixed in (lambda: a + local, lambda: dist.LongTensor(local), lambda: a.copy_(Variable(local))):
        with pytest.raises(TypeError, match="of this process among those of a worker; use copy_"):
            mixed()
    with pytest.raises(TypeError, match="Variable data has to be a tensor"):
        Variable(a)


def test_types_and_storages(workers):
    x = dist.FloatTensor([1.5, 2.5])
    assert type(x.long()) is type(x.type("torch.LongTensor")) is type(x.type(dist.LongTensor)) is dist.LongTensor
    assert x.type("torch.distributed.DoubleTensor").tolist() == [1.5, 2.5] and x.type_as(x.byte()).tolist() == [1, 2]
    storage = x.storage()
    assert type(storage) is x.storage_type() is dist.FloatStorage and torch.is_storage(storage)
    storage[0] = 7
    assert x[0] == 7 and len(storage) == 2 and storage.tolist() == [7, 2.5] and [*storage] == [7, 2.5]
    assert storage.copy_(torch.FloatStorage([3, 4])) is storage and x.tolist() == [3, 4]
    assert dist.FloatTensor(storage).tolist() == [3, 4]
    assert repr(storage).endswith("[torch.distributed.FloatStorage of size 2]")


def test_generators_stay_in_their_worker(workers):
    generator = remote.call("manual_seed", 5)
    first = remote.call("randn", 3)
    remote.call("manual_seed", 5)
    assert first.tolist() == remote.call("randn", 3, generator=generator).tolist()
    torch.manual_seed(5)
    assert first.tolist() == torch.randn(3).tolist()


def test_errors_of_calls_that_were_not_waited_for(workers):
    x, y = dist.FloatTensor([1, 2]), dist.FloatTensor([1, 2, 3])
    x.add_(y)
    x.fill_(9)  # is not done any more
    with pytest.raises(RuntimeError, match=r"inconsistent tensor size|size") as caught:
        x.sum()
    assert caught.value.__notes__ == ["(by add_ in worker 1)"] and x.sum() == 3
    x += "a"
    with pytest.raises(TypeError, match="unsupported operand"):
        y.size()


def test_objects_without_use_are_freed(workers):
    gc.collect()
    with remote.on_worker(2):
        x = dist.FloatTensor(2)
        numbers = [(x + i)._number for i in range(3)]
        y = x.clone()
        assert numbers == [x._number + i for i in (1, 2, 3)] and y._number == x._number + 4
        stale = y.clone()
        stale._number, kept = numbers[0], stale._number
        with pytest.raises(KeyError):
            stale.sum()
        stale._number = kept


def test_what_cannot_be_done(workers):
    x = dist.FloatTensor(2)
    for call in (lambda: pickle.dumps(x), lambda: copy.deepcopy(x)):
        with pytest.raises(TypeError, match="a FloatTensor in a worker cannot be pickled"):
            call()
    with pytest.raises(ValueError, match="the workers have the ranks 1 to 2, got 3"), remote.on_worker(3):
        pass
    for call in (lambda: dist.all_reduce(torch.ones(1)), lambda: dist.send(torch.ones(1), 1), dist.new_group):
        with pytest.raises(RuntimeError, match="in master-worker mode the workers call nothing by themselves"):
            call()


# ---- beginnings and ends, each in a master of its own


def _apart(function, path, sender, end):
    try:
        value = True, function(path)
    except BaseException:
        value = False, traceback.format_exc()
    sender.send(value)
    sender.close()
    end()
    os._exit(0)


def apart(function, path, end=util._exit_function):
    """What function(path) returns in a process that forgets the run of this one, and then ends: as programs do, or as
    `end` says."""
    context = multiprocessing.get_context("fork")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_apart, args=(function, path, sender, end))
    process.start()
    sender.close()
    good, value = receiver.recv()
    process.join()
    assert good, value
    return value


def without_workers(path):
    with pytest.raises(RuntimeError, match="there are no workers; call init_master_worker first"):
        dist.FloatTensor(2)
    with pytest.raises(ValueError, match="two processes at least"):
        dist.init_master_worker("tcp", init_method=f"file://{path}", rank=0, world_size=1)
    assert not is_initialized()
    dist.init_process_group("tcp", init_method=f"file://{path}", rank=0, world_size=1)
    with pytest.raises(RuntimeError, match="there are no workers"):
        dist.FloatTensor(2)
    dist.barrier()


def test_without_workers(workers, tmp_path):
    x = dist.FloatTensor([1])
    apart(without_workers, tmp_path / "store")
    assert x.tolist() == [1]


def two_runs(path):
    made = begin(path, 1)
    x = dist.FloatTensor(2)
    x.add_(dist.FloatTensor(3))
    with pytest.raises(RuntimeError, match="size"):
        dist.destroy_process_group()
    assert codes(made) == [0] and not is_initialized()
    made = begin(path, 1)
    with pytest.raises(RuntimeError, match="sum: the FloatTensor was in a worker of a run that has ended"):
        x.sum()
    x = dist.FloatTensor([2])
    del x
    assert dist.FloatTensor([1]).sum() == 1
    dist.destroy_process_group()
    assert codes(made) == [0]


def test_the_end_raises_what_was_not_raised_and_another_run_may_follow(tmp_path):
    apart(two_runs, tmp_path / "store")


def left_to_itself(path):
    (made,) = begin(path, 1)
    return made.pid


@pytest.mark.parametrize("end", [util._exit_function, lambda: os.kill(os.getpid(), signal.SIGKILL)])
def test_workers_end_with_their_master(tmp_path, end):
    worker = apart(left_to_itself, tmp_path / "store", end)
    assert wait_until(lambda: not is_running(worker))


def killed(path):
    first, second = begin(path)
    with remote.on_worker(2):
        x = dist.FloatTensor([3])
    os.kill(first.pid, signal.SIGKILL)
    first.join()
    with pytest.raises(RuntimeError, match="rank 1 was killed or lost its connection"):
        dist.FloatTensor(2)
    assert x.sum() == 3
    with pytest.raises(RuntimeError, match="rank 1 was killed or lost its connection"):
        dist.destroy_process_group()
    assert codes([first, second]) == [-signal.SIGKILL, 0] and not is_initialized()


def test_a_killed_worker_is_an_error(tmp_path):
    apart(killed, tmp_path / "store")


def interrupted(path):
    made = begin(path)
    x = dist.FloatTensor([3])
    interrupt = mock.patch.object(dist.master_worker, "_receive", side_effect=KeyboardInterrupt)
    with interrupt, pytest.raises(KeyboardInterrupt):
        x.size()
    with pytest.raises(RuntimeError, match="sum: an earlier call in worker 1 was broken off; end the run"):
        x.sum()
    with remote.on_worker(2):
        assert dist.FloatTensor([2]).sum() == 2
    dist.destroy_process_group()
    assert codes(made) == [0, 0]


def test_an_answer_that_was_not_waited_for_is_not_taken_for_another(tmp_path):
    apart(interrupted, tmp_path / "store")
