"""Tensors of GPUs travel through host memory."""

import pytest

import flambeau as fb
from flambeau import distributed as dist
from flambeau import nn
from tests.cuda import virtual_gpus
from tests.distributed.processes import run

pytestmark = pytest.mark.filterwarnings("ignore:.*use of fork.*:DeprecationWarning")


def on_gpus(rank):
    with virtual_gpus(2):
        x = fb.ones(3, device="cuda") * (rank + 1)
        dist.all_reduce(x)
        outs = [fb.zeros(3, device="cuda") for _ in range(2)]
        dist.all_gather(outs, x * (rank + 1))
        assert x.is_cuda and x.tolist() == [3, 3, 3] and [o.tolist() for o in outs] == [[3] * 3, [6] * 3]
        if rank == 0:
            dist.send(x, 1)
        else:
            dist.recv(x.zero_(), 0)
            assert x.tolist() == [3, 3, 3]

        net = nn.Sequential(nn.Linear(3, 2), nn.SyncBatchNorm(2)).cuda()
        model = nn.parallel.DistributedDataParallel(net, device_ids=[fb.device("cuda:0")])
        y = model(fb.eye(3)[: rank + 1])  # is moved to the GPU
        y.square().sum().backward()
        grads = [fb.zeros(2, 3) for _ in range(2)]
        dist.all_gather(grads, net[0].weight.grad.cpu())
        assert y.is_cuda and net[0].weight.grad.is_cuda and grads[0].equal(grads[1])


def test_tensors_of_gpus():
    run(on_gpus)
