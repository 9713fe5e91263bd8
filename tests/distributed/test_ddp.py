"""DistributedDataParallel: training in several processes is training on the whole batch in one."""

import copy
import io
import pickle

import pytest

import flambeau as fb
from flambeau import distributed as dist
from flambeau import nn
from flambeau.nn.parallel import DistributedDataParallel
from tests.distributed.processes import run

pytestmark = pytest.mark.filterwarnings("ignore:.*use of fork.*:DeprecationWarning")


class Net(nn.Module):
    """Two layers and a branch that can stay unused."""

    def __init__(self, seed=0):
        super().__init__()
        fb.manual_seed(seed)
        self.first = nn.Linear(6, 8)
        self.second = nn.Linear(8, 3)
        self.branch = nn.Linear(8, 3)

    def forward(self, x, branch=True):
        h = self.first(x).tanh()
        return self.second(h) + self.branch(h) if branch else self.second(h)


def batch(step, n=12):
    generator = fb.Generator().manual_seed(step)
    return fb.randn(n, 6, generator=generator), fb.randint(0, 3, (n,), generator=generator)


def train(model, part, steps=5, **kwargs):
    optimizer = fb.optim.SGD(model.parameters(), lr=0.3, momentum=0.9)
    losses = []
    for step in range(steps):
        x, y = (t[part] for t in batch(step))
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(model(x, **kwargs), y)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


def in_parallel(rank, size, options):
    model = DistributedDataParallel(Net(seed=rank), **options)  # rank 0's weights are everybody's
    losses = train(model, slice(rank * 12 // size, (rank + 1) * 12 // size))
    return losses, [p.detach().numpy() for p in model.module.parameters()]


@pytest.mark.parametrize("size", [2, 4])
@pytest.mark.parametrize(
    "options",
    [{}, {"bucket_cap_mb": 0.0001}, {"gradient_as_bucket_view": True}, {"find_unused_parameters": True},
     {"static_graph": True}],
    ids=lambda o: next(iter(o), "plain"),
)  # fmt: skip
def test_training_is_that_of_one_process(size, options):
    alone = Net(seed=0)
    wanted = train(alone, slice(None))
    results = run(in_parallel, size, size, options)
    mean_losses = [sum(losses) / size for losses in zip(*[r[0] for r in results], strict=True)]
    assert mean_losses == pytest.approx(wanted, rel=1e-5)
    for _, params in results:
        for p, q, first in zip(params, alone.parameters(), results[0][1], strict=True):
            assert fb.testing.assert_close(fb.from_numpy(p), q.detach(), rtol=1e-5, atol=1e-6) is None
            assert p.tobytes() == first.tobytes()  # the same bits everywhere


def accumulating(rank):
    model, alone = DistributedDataParallel(Net()), Net()
    parts = [batch(step) for step in range(3)]
    for x, y in parts:
        (nn.functional.cross_entropy(alone(x), y) / 3).backward()
    mine = slice(rank * 6, rank * 6 + 6)
    with model.no_sync():
        for x, y in parts[:2]:
            (nn.functional.cross_entropy(model(x[mine]), y[mine]) / 3).backward()
    local = model.module.first.weight.grad.clone()
    gathered = [fb.zeros_like(local) for _ in range(2)]
    dist.all_gather(gathered, local)
    assert not gathered[0].equal(gathered[1])
    x, y = parts[2]
    (nn.functional.cross_entropy(model(x[mine]), y[mine]) / 3).backward()
    for p, q in zip(model.parameters(), alone.parameters(), strict=True):
        fb.testing.assert_close(p.grad, q.grad)


def test_no_sync_accumulates():
    run(accumulating)


def unused(rank):
    model = DistributedDataParallel(Net(), find_unused_parameters=True)
    x, _ = batch(0)
    model(x, branch=rank == 0).sum().backward()
    branch = model.module.branch
    alone = Net()
    alone(x).sum().backward()
    fb.testing.assert_close(branch.weight.grad, alone.branch.weight.grad / 2)
    model.zero_grad()
    model(x, branch=False).sum().backward()
    assert branch.weight.grad is None and model.module.second.weight.grad is not None

    strict = DistributedDataParallel(Net())
    strict(x, branch=False).sum().backward()
    with pytest.raises(
        RuntimeError, match=r"Expected to have finished reduction.*branch.weight, branch.bias"
    ):
        strict(x)


def test_unused_parameters():
    run(unused)


class Counting(nn.Module):
    def __init__(self):
        super().__init__()
        self.norm = nn.BatchNorm1d(3)

    def forward(self, x):
        return self.norm(x)


def buffers(rank):
    with_, without = (DistributedDataParallel(Counting(), broadcast_buffers=b) for b in (True, False))
    for model in (with_, without):
        for _ in range(2):
            model(fb.randn(4, 3, generator=fb.Generator().manual_seed(rank))).sum().backward()
    return [m.module.norm.running_mean.tolist() for m in (with_, without)]


def test_buffers_come_from_rank_0_before_each_forward():
    (first, first_alone), (second, second_alone) = run(buffers)
    assert first == first_alone and first_alone != second_alone and second not in (first, second_alone)


def states(rank):
    model = DistributedDataParallel(Net(seed=rank))
    state = model.state_dict()
    assert list(state)[:2] == ["module.first.weight", "module.first.bias"]
    first = [fb.zeros_like(state["module.first.weight"]) for _ in range(2)]
    dist.all_gather(first, state["module.first.weight"])
    assert first[0].equal(first[1]) and first[0].equal(Net(0).first.weight)
    buffer = io.BytesIO()
    fb.save(state, buffer)
    buffer.seek(0)
    DistributedDataParallel(Net(5)).load_state_dict(fb.load(buffer))
    again = pickle.loads(pickle.dumps(model))
    x, _ = batch(0)
    again(x).sum().backward()
    assert again(x).equal(model(x)) and again.module.first.weight.grad is not None
    copy.deepcopy(model.module)


def test_state():
    run(states)


def errors(rank):
    with pytest.raises(RuntimeError, match="doesn't have any parameter that requires a gradient"):
        DistributedDataParallel(nn.ReLU())
    with pytest.raises(ValueError, match="device_ids and output_device arguments only work with"):
        DistributedDataParallel(Net(), device_ids=[0])
    with pytest.raises(RuntimeError, match="but Rank 0 has 2 params, while rank 1 has inconsistent 4 params"):
        DistributedDataParallel(nn.Sequential(*[nn.Linear(2, 2) for _ in range(rank + 1)]))
    with pytest.raises(RuntimeError, match=r"on rank 1 parameter weight of sizes \[2, 3\].* does not match"):
        DistributedDataParallel(nn.Linear(2 + rank, 2))
    shared = DistributedDataParallel(Net())
    x, _ = batch(0)
    out = shared(x)
    out.sum().backward(retain_graph=True)
    out.sum().backward()  # without a forward of its own: stays in this process
    model = DistributedDataParallel(Net())
    with pytest.raises(TypeError, match="must be callable"):
        model.register_comm_hook(None, 3)
    model.register_comm_hook(None, lambda state, bucket: None)
    with pytest.raises(RuntimeError, match="only be called once"):
        model.register_comm_hook(None, lambda state, bucket: None)


def test_errors():
    run(errors)


def test_needs_a_group():
    with pytest.raises(ValueError, match="Default process group has not been initialized"):
        DistributedDataParallel(Net())


def hooks(rank):
    from flambeau.distributed.algorithms.ddp_comm_hooks import default_hooks

    x, _ = batch(0)
    plain = DistributedDataParallel(Net())
    plain(x * (rank + 1)).sum().backward()
    for hook, tolerance in (
        (default_hooks.allreduce_hook, 0),
        (default_hooks.fp16_compress_hook, 0.01),
        (default_hooks.bf16_compress_wrapper(default_hooks.allreduce_hook), 0.1),
    ):
        model = DistributedDataParallel(Net(), bucket_cap_mb=0.0001)
        seen = []

        def noting(state, bucket, hook=hook, seen=seen):
            seen.append((bucket.index(), bucket.is_last(), sum(g.numel() for g in bucket.gradients())))
            assert sum(p.numel() for p in bucket.parameters()) == bucket.buffer().numel()
            return hook(state, bucket)

        model.register_comm_hook(None, noting)
        model(x * (rank + 1)).sum().backward()
        for p, q in zip(model.parameters(), plain.parameters(), strict=True):
            fb.testing.assert_close(p.grad, q.grad, rtol=tolerance, atol=tolerance * 10)
        assert [i for i, _, _ in seen] == list(range(len(seen))) and [last for _, last, _ in seen].index(
            True
        ) == len(seen) - 1
        assert sum(count for *_, count in seen) == sum(p.numel() for p in model.parameters())


def test_communication_hooks():
    run(hooks)


def joining(rank, options):
    model = DistributedDataParallel(Net(), **options)
    optimizer = fb.optim.SGD(model.parameters(), lr=0.1)
    with model.join():
        for step in range(2 + 2 * rank):
            optimizer.zero_grad()
            x, y = batch(step)
            nn.functional.cross_entropy(model(x), y).backward()
            optimizer.step()
    return [p.detach().numpy() for p in model.parameters()]


@pytest.mark.parametrize("options", [{}, {"find_unused_parameters": True}], ids=["plain", "find_unused"])
def test_join(options):
    alone = Net()
    optimizer = fb.optim.SGD(alone.parameters(), lr=0.1)
    for step in range(4):
        optimizer.zero_grad()
        x, y = batch(step)
        loss = nn.functional.cross_entropy(alone(x), y)
        (loss if step < 2 else loss / 2).backward()  # then one of two processes gives nothing
        optimizer.step()
    for params in run(joining, 2, options):
        for p, q in zip(params, alone.parameters(), strict=True):
            fb.testing.assert_close(fb.from_numpy(p), q.detach())


def ending_early(rank):
    model = DistributedDataParallel(Net())
    x, _ = batch(0)
    with pytest.raises(RuntimeError, match="exhausted inputs"), model.join(throw_on_early_termination=True):
        for _ in range(1 + rank):
            model(x).sum().backward()


def test_join_can_throw():
    run(ending_early)


def others_means(rank):
    model = DistributedDataParallel(Net())
    x, _ = batch(0)
    grads = []
    with model.join(divide_by_initial_world_size=False):
        for _ in range(1 + rank):
            model.zero_grad()
            model(x).sum().backward()
            grads.append(model.module.second.bias.grad[0].item())
    return grads


def test_join_can_divide_by_those_that_train():
    assert run(others_means) == [[12], [12, 12]]


def ignoring(rank):
    net = Net(seed=rank)
    net._ddp_params_and_buffers_to_ignore = ["branch.weight", "branch.bias"]
    model = DistributedDataParallel(net)
    assert net.branch.weight.equal(Net(seed=rank).branch.weight) and net.first.weight.equal(Net(seed=0).first.weight)
    model(batch(rank)[0]).sum().backward()
    biases = [fb.zeros(3) for _ in range(2)]
    dist.all_gather(biases, net.branch.weight.grad.sum(1))
    assert not biases[0].equal(biases[1])


def test_parameters_can_be_ignored():
    run(ignoring)


def sparse(rank):
    model = DistributedDataParallel(nn.Embedding(5, 2, sparse=True))
    with pytest.raises(RuntimeError, match="parameter weight has a sparse gradient; make its layer with sparse=False"):
        model(fb.tensor([1, 2])).sum().backward()


def test_sparse_gradients_are_an_error():
    run(sparse)


def shared_twice(rank):
    """A parameter of two layers, and a module that is called twice before backward."""
    layer = nn.Linear(3, 3)
    fb.nn.init.constant_(layer.weight, 0.1)
    model = DistributedDataParallel(nn.Sequential(layer, layer))
    x = fb.ones(2, 3) * (rank + 1)
    (model(x) + model(2 * x)).sum().backward()
    alone = nn.Linear(3, 3)
    alone.load_state_dict(layer.state_dict())
    both = nn.Sequential(alone, alone)
    for r in range(2):
        y = fb.ones(2, 3) * (r + 1)
        (both(y) + both(2 * y)).sum().div(2).backward()
    fb.testing.assert_close(layer.weight.grad, alone.weight.grad)


def test_shared_parameters_and_two_forwards():
    run(shared_twice)
