"""ZeroRedundancyOptimizer takes the steps of the optimizer whose state it spreads."""

import copy

import pytest

import flambeau as fb
from flambeau import distributed as dist
from flambeau import nn
from flambeau.distributed.optim import ZeroRedundancyOptimizer
from tests.distributed.processes import run

pytestmark = pytest.mark.filterwarnings("ignore:.*use of fork.*:DeprecationWarning")


def make():
    fb.manual_seed(0)
    return nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 2))


def steps(model, optimizer, count, scheduler=None):
    for i in range(count):
        optimizer.zero_grad()
        x = fb.randn(6, 4, generator=fb.Generator().manual_seed(i))
        model(x).square().mean().backward()
        optimizer.step()
        if scheduler is not None:
            scheduler.step()


def same(model, other):
    for p, q in zip(model.parameters(), other.parameters(), strict=True):
        assert p.equal(q)


def training(rank):
    model, plain = make(), make()
    zero = ZeroRedundancyOptimizer(model.parameters(), fb.optim.Adam, lr=0.1)
    adam = fb.optim.Adam(plain.parameters(), lr=0.1)
    schedulers = [fb.optim.lr_scheduler.StepLR(o, 2) for o in (zero, adam)]
    steps(model, zero, 4, schedulers[0])
    steps(plain, adam, 4, schedulers[1])
    same(model, plain)
    kept = sum(p.numel() for p in zero.optim.state)
    assert kept == sum(p.numel() for g in zero.optim.param_groups for p in g["params"]) < 40
    extra = nn.Parameter(fb.ones(3)), nn.Parameter(fb.ones(3))
    zero.add_param_group({"params": [extra[0]], "lr": 0.5})
    adam.add_param_group({"params": [extra[1]], "lr": 0.5})
    for e in extra:
        e.grad = fb.arange(3.0)
    zero.step(), adam.step()
    assert extra[0].equal(extra[1])


def test_training():
    run(training)


def state(rank):
    model, plain = make(), make()
    zero = ZeroRedundancyOptimizer(model.parameters(), fb.optim.Adam, lr=0.1)
    adam = fb.optim.Adam(plain.parameters(), lr=0.1)
    steps(model, zero, 3)
    steps(plain, adam, 3)
    with pytest.raises(RuntimeError, match="has not been consolidated on this rank"):
        zero.state_dict()
    zero.consolidate_state_dict(to=1)
    if rank == 1:
        mine, whole = zero.state_dict(), adam.state_dict()
        assert mine["param_groups"] == whole["param_groups"] and list(mine["state"]) == list(whole["state"])
        for n, values in whole["state"].items():
            assert values.keys() == mine["state"][n].keys()
            assert all(mine["state"][n][key].equal(value) for key, value in values.items())
    again = ZeroRedundancyOptimizer(model.parameters(), fb.optim.Adam, lr=7.0)
    again.load_state_dict(copy.deepcopy(adam.state_dict()))
    assert again.param_groups[0]["lr"] == 0.1
    steps(model, again, 2)
    steps(plain, adam, 2)
    same(model, plain)
    with pytest.raises(NotImplementedError, match="overlap_with_ddp"):
        ZeroRedundancyOptimizer(model.parameters(), fb.optim.SGD, overlap_with_ddp=True, lr=1)


def test_state():
    run(state)


def closures(rank):
    model = make()
    zero = ZeroRedundancyOptimizer(model.parameters(), fb.optim.SGD, dist.group.WORLD, lr=0.1)

    def closure():
        zero.zero_grad()
        loss = model(fb.ones(2, 4)).square().sum()
        loss.backward()
        return loss

    before = zero.step(closure).item()
    assert zero.step(closure).item() < before


def test_closure():
    run(closures)
