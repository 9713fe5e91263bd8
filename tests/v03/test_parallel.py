"""`torch.nn.parallel` and `torch.cuda.comm` of 0.3, over several "devices" that are all the CPU (-1)."""

import pytest

import flambeau.v03 as torch
from flambeau.v03 import nn
from flambeau.v03.autograd import Variable
from flambeau.v03.cuda import comm
from flambeau.v03.nn.parallel import data_parallel, gather, parallel_apply, replicate, scatter


def test_data_parallel_is_the_module_and_has_its_gradients():
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2))
    x, x_alone = (Variable(torch.ones(5, 3) / 2, requires_grad=True) for _ in range(2))
    alone = net(x_alone)
    alone.sum().backward()
    wanted = [p.grad.data.clone() for p in net.parameters()]
    net.zero_grad()
    y = data_parallel(net, x, device_ids=[-1, -1])
    y.sum().backward()
    assert (y - alone).data.abs().max() < 1e-6 and (x.grad - x_alone.grad).data.abs().max() < 1e-6
    for p, g in zip(net.parameters(), wanted, strict=True):
        assert (p.grad.data - g).abs().max() < 1e-5


def test_scatter_and_gather():
    x = Variable(torch.arange(0, 5))
    first, second = scatter((x, {"k": [x]}, "same"), [-1, -1])
    assert first[0].data.tolist() == [0, 1, 2] and second[1]["k"][0].data.tolist() == [3, 4] and second[2] == "same"
    joined = gather([first[:2], second[:2]], -1)
    assert joined[0].data.tolist() == joined[1]["k"][0].data.tolist() == [0, 1, 2, 3, 4]
    assert gather([None, None], -1) is None
    with pytest.raises(TypeError, match="Tensors not supported"):
        scatter(torch.ones(2), [-1])


def test_replicas_share_parameters_and_keep_the_original():
    net = nn.Sequential(nn.Linear(2, 1))
    one, two = replicate(net, [-1, -1])
    assert one is not two and one[0] is not net[0] and one[0].weight is net[0].weight
    assert list(net.state_dict()) == ["0.weight", "0.bias"]


def test_parallel_apply_raises_the_first_error():
    x = Variable(torch.ones(1))
    doubled, tripled = parallel_apply([lambda v: v * 2, lambda v, k: v * k], [x, (x,)], [{}, {"k": 3}])
    assert doubled.data[0] == 2 and tripled.data[0] == 3

    def failing(v):
        raise ValueError("in the thread")

    with pytest.raises(ValueError, match="in the thread"):
        parallel_apply([abs, failing], [x, x])


def test_copies_and_sums():
    x = torch.arange(0, 6)
    assert [p.tolist() for p in comm.scatter(x, [-1, -1], [1, 5])] == [[0], [1, 2, 3, 4, 5]]
    assert comm.gather(comm.scatter(x, [-1, -1, -1]), 0, -1).equal(x)
    assert comm.reduce_add([x, x, x]).tolist() == [0, 3, 6, 9, 12, 15]
    assert [t.tolist() for t in comm.reduce_add_coalesced([[x[:1], x[1:2]], [x[2:3], x[3:4]]])] == [[2], [4]]
    assert [[t.tolist() for t in ts] for ts in comm.broadcast_coalesced([x[:1]], [-1, -1])] == [[[0]], [[0]]]
    assert len(comm.broadcast(x, [-1, -1])) == 2
    with pytest.raises(ValueError, match="must be 2 lengths that add up to 6"):
        comm.scatter(x, [-1, -1], [1, 1])
    with pytest.raises(RuntimeError, match="all inputs must have the size"):
        comm.reduce_add([x, x[1:]])


@pytest.mark.skipif(torch.cuda.is_available(), reason="what happens without a GPU")
def test_without_a_gpu():
    assert torch.cuda.device_count() == 0 and torch.cuda.get_rng_state_all() == []
    torch.cuda.manual_seed(1), torch.cuda.manual_seed_all(1), torch.cuda.seed(), torch.cuda.seed_all()
    torch.cuda.set_rng_state_all([])
    with torch.cuda.device_of(torch.ones(1)), torch.cuda.stream(None), torch.cuda.device(-1):
        pass
    net = nn.DataParallel(nn.Linear(2, 1))
    assert net(Variable(torch.ones(3, 2))).size() == (3, 1)
    for needs in (torch.cuda.Stream, torch.cuda.Event, torch.cuda.current_stream, torch.cuda.get_rng_state,
                  torch.cuda.initial_seed, torch.cuda.get_device_capability,
                  lambda: comm.broadcast(torch.ones(1), [0]), torch.cuda.profiler.start, torch.cuda.profiler.stop,
                  torch.cuda.nvtx.range_pop, lambda: torch.cuda.nvtx.range_push("a"),
                  lambda: torch.cuda.nvtx.mark("b"), torch.cuda.profiler.profile().__enter__):  # fmt: skip
        with pytest.raises(RuntimeError, match="No CUDA GPUs are available"):
            needs()
