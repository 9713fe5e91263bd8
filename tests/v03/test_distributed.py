"""`torch.distributed` and `DistributedDataParallel` of 0.3, in forked processes."""

import multiprocessing
import os
import pickle
import traceback

import pytest

import flambeau.v03 as torch
from flambeau.v03 import distributed as dist
from flambeau.v03 import nn
from flambeau.v03.autograd import Variable
from tests.limits import time_limit  # noqa: F401  (a fixture that all tests here use)

pytestmark = pytest.mark.filterwarnings("ignore:.*use of fork.*:DeprecationWarning")


def _child(function, rank, size, path, sender):
    try:
        dist.init_process_group("tcp", init_method=f"file://{path}", world_size=size, group_name="mine")
        value = True, function(dist.get_rank())
    except BaseException:
        value = False, traceback.format_exc()
    sender.send_bytes(pickle.dumps(value))
    if value[0]:
        dist.destroy_process_group()
    os._exit(0)


def run(function, path, size=2):
    """The results of function(rank) in processes of one run, by rank."""
    context = multiprocessing.get_context("fork")
    pipes = [context.Pipe(duplex=False) for _ in range(size)]
    processes = [
        context.Process(target=_child, args=(function, r, size, path / "store", sender))
        for r, (_, sender) in enumerate(pipes)
    ]
    for process in processes:
        process.start()
    outcomes = [pickle.loads(receiver.recv_bytes()) for receiver, _ in pipes]
    for process in processes:
        process.join()
    for good, value in outcomes:
        assert good, value
    assert not list(path.iterdir())
    return [value for _, value in outcomes]


def collectives(rank):
    size = dist.get_world_size()
    x = torch.ones(3) * (rank + 1)
    assert dist.all_reduce(x) is None and x.tolist() == [6, 6, 6]
    x = torch.LongTensor([rank, 5])
    dist.all_reduce(x, op=dist.reduce_op.MAX, group=0)  # as the tutorial writes it
    assert x.tolist() == [2, 5] and type(x) is torch.LongTensor
    x = torch.ones(2) * rank
    dist.broadcast(x, src=1)
    assert x.tolist() == [1, 1]
    x = torch.ones(2) * (rank + 1)
    dist.reduce(x, dst=2, op=dist.reduce_op.PRODUCT)
    assert x.tolist() == ([6, 6] if rank == 2 else [rank + 1] * 2)
    many = [torch.zeros(1) for _ in range(size)]
    dist.all_gather(many, torch.ones(1) * rank)
    assert [m[0] for m in many] == [0, 1, 2]
    if rank == 0:
        dist.gather(torch.ones(1) * 7, gather_list=many)
        assert [m[0] for m in many] == [7, 1, 2]
        dist.scatter(x, scatter_list=[torch.ones(2) * r for r in range(size)], src=0)
    else:
        dist.gather(torch.ones(1) * rank, dst=0)
        dist.scatter(x, src=0)
    assert x.tolist() == [rank, rank]
    dist.barrier()
    v = Variable(torch.ones(2), requires_grad=True)
    (v * (rank + 1)).sum().backward()
    dist.all_reduce(v.grad.data)
    assert v.grad.data.tolist() == [6, 6]
    dist.all_reduce_multigpu([x])
    assert x.tolist() == [3, 3]
    with pytest.raises(RuntimeError, match="one tensor for each process"):
        dist.all_reduce_multigpu([x, x])


def test_collectives(tmp_path):
    run(collectives, tmp_path, 3)


def groups(rank):
    pair = dist.new_group([0, 2])
    assert isinstance(pair, int)
    x = torch.ones(1) * (rank + 1)
    dist.all_reduce(x, group=pair)
    assert x[0] == [4, 2, 4][rank]
    dist.barrier(group=pair)
    with pytest.raises(ValueError, match="group must be group.WORLD or a number from new_group, got 9"):
        dist.all_reduce(x, group=9)


def test_groups(tmp_path):
    run(groups, tmp_path, 3)


def messages(rank):
    x = torch.zeros(2)
    if rank == 0:
        dist.send(torch.ones(2), dst=1)
        request = dist.isend(torch.ones(2) * 2, dst=1)
        assert isinstance(request, dist._DistributedRequest)
        request.wait()
    else:
        assert dist.recv(x) == 0 and x.tolist() == [1, 1]
        request = dist.irecv(x, src=0)
        request.wait()
        assert request.is_completed() and x.tolist() == [2, 2]


def test_messages(tmp_path):
    run(messages, tmp_path)


def errors(rank):
    x = torch.zeros(1)
    with pytest.raises(RuntimeError, match="trying to initialize torch.distributed twice"):
        dist.init_process_group("tcp")
    if rank == 0:
        with pytest.raises(RuntimeError, match="gather_list is a required argument in gather destination"):
            dist.gather(x, dst=0)
        with pytest.raises(RuntimeError, match="scatter_list is a required argument in scatter source"):
            dist.scatter(x)
    else:
        with pytest.raises(
            RuntimeError, match="non-empty gather_list can be given only to gather destination"
        ):
            dist.gather(x, dst=0, gather_list=[x])
        with pytest.raises(RuntimeError, match="scatter got unexpected kwargs: root"):
            dist.scatter(x, src=0, root=1)


def test_errors(tmp_path):
    run(errors, tmp_path)


def test_errors_before_a_run():
    with pytest.raises(ValueError, match="has not been initialized"):
        dist.all_reduce(torch.zeros(1))
    with pytest.raises(RuntimeError, match="Invalid backend name: udp"):
        dist.init_process_group("udp")
    with pytest.raises(ValueError, match="only supported with GPUs"):
        dist.init_process_group("nccl")
    with pytest.raises(ValueError, match="multicast address"):
        dist.init_process_group("tcp", init_method="tcp://224.66.41.62:23456", world_size=4)
    with pytest.raises(TypeError, match=r"unexpected keyword arguments \['size'\]"):
        dist.init_process_group("tcp", size=4)


def make(seed):
    torch.manual_seed(seed)
    return nn.Sequential(nn.Linear(4, 5), nn.BatchNorm1d(5), nn.Tanh(), nn.Linear(5, 1))


def steps(net, x, y):
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    losses = []
    for _ in range(4):
        optimizer.zero_grad()
        loss = nn.MSELoss()(net(Variable(x)), Variable(y))
        loss.backward()
        optimizer.step()
        losses.append(loss.data[0])
    return losses


def data(rank):
    torch.manual_seed(5)
    x, y = torch.randn(8, 4), torch.randn(8, 1)
    half = torch.cat([x[:4]] * 2), torch.cat([y[:4]] * 2)
    return half if rank is None else (x[:4], y[:4])  # the same statistics everywhere


def train(rank):
    net = nn.parallel.DistributedDataParallel(make(rank), device_ids=[0])
    losses = steps(net, *data(rank))
    out = net(Variable(torch.ones(2, 4), volatile=True))
    assert out.volatile and list(net.state_dict())[0] == "module.0.weight"
    assert isinstance(net.module[0].weight, Variable) and type(net.module[0].weight.grad) is Variable
    return losses, [p.data.tolist() for p in net.parameters()]


def test_distributed_data_parallel(tmp_path):
    alone = make(0)
    wanted = steps(alone, *data(None))
    (one, params), (two, others) = run(train, tmp_path)
    assert one == two == pytest.approx(wanted, rel=1e-5) and params == others


def sampled(rank):
    sampler = torch.utils.data.distributed.DistributedSampler(range(10))
    return list(sampler)


def test_sampler(tmp_path):
    one, two = run(sampled, tmp_path)
    assert sorted(one + two) == list(range(10))
