"""One module on several GPUs: DataParallel and its parts; collective operations."""

import pytest

import flambeau as fb
from flambeau import nn
from flambeau.cuda import comm, nccl
from flambeau.nn.parallel import data_parallel, parallel_apply, replicate, scatter

FIRST, SECOND = fb.device("cuda:0"), fb.device("cuda:1")


class Net(nn.Module):
    """Notes on which devices it runs."""

    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(3, 2)
        self.register_buffer("calls", fb.zeros(1))
        self.seen = []

    def forward(self, x, scale=1.0, extra=None):
        self.seen.append((x.device, fb.cuda.current_device(), self.fc.weight.device, self.calls.device))
        self.calls += 1
        return {"y": self.fc(x) * scale, "extra": extra}


@pytest.fixture
def net():
    fb.manual_seed(0)
    return Net()


def on_one(net, x, scale):
    y = net(x, scale)["y"]
    (y * y).sum().backward()
    grads = [p.grad.clone() for p in net.parameters()]
    net.zero_grad()
    net.seen.clear()
    return y.detach(), grads


@pytest.mark.parametrize("ids,output", [(None, None), ([0, 1], 1), (["cuda:0", SECOND], "cuda:0"), ([0], None)])
def test_data_parallel(gpu, net, ids, output):
    x = fb.randn(5, 3)
    expected, grads = on_one(net, x, 2.0)
    net.calls.zero_()
    wrapped = nn.DataParallel(net.cuda(), device_ids=ids, output_device=output)
    x = x.cuda().requires_grad_()
    found = wrapped(x, scale=2.0, extra=fb.arange(5, device="cuda"))
    y = found["y"]
    assert y.device == (SECOND if output == 1 else FIRST) and fb.allclose(y.detach().cpu(), expected, atol=1e-6)
    assert found["extra"].tolist() == [0, 1, 2, 3, 4]
    (y * y).sum().backward()
    for p, grad in zip(net.parameters(), grads, strict=True):
        assert p.grad.device == FIRST and fb.allclose(p.grad.cpu(), grad, atol=1e-5)
    assert x.grad.device == FIRST and x.grad.shape == (5, 3)
    devices = [FIRST] if ids == [0] else [FIRST, SECOND]
    assert sorted(net.seen, key=str) == [(d, d.index, d, d) for d in devices]
    assert net.calls.item() == 1  # what the first replica does to buffers stays


def test_fewer_samples_than_devices(gpu, net):
    out = nn.DataParallel(net.cuda())(fb.randn(1, 3, device="cuda"))
    assert out["y"].shape == (1, 2) and len(net.seen) == 1


def test_training_equals_one_device(gpu):
    losses = {}
    for kind in ("cpu", "parallel"):
        fb.manual_seed(1)
        model = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 3)).double()
        x, t = fb.randn(10, 4, dtype=fb.float64), fb.randint(3, (10,))
        if kind == "parallel":
            model, x, t = nn.DataParallel(model.cuda()), x.cuda(), t.cuda()
        optimizer = fb.optim.SGD(model.parameters(), lr=0.5)
        losses[kind] = []
        for _ in range(5):
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(model(x), t)
            loss.backward()
            optimizer.step()
            losses[kind].append(loss.item())
    assert losses["parallel"] == pytest.approx(losses["cpu"], 1e-12) and losses["cpu"][-1] < losses["cpu"][0]


def test_the_functional_form(gpu, net):
    y = data_parallel(net.cuda(), fb.ones(4, 3, device="cuda"), [0, 1], 1, module_kwargs={"scale": 0.0})["y"]
    assert y.device == SECOND and y.abs().sum().item() == 0


def test_a_module_elsewhere_is_refused(gpu, net):
    for place, name in (("cuda:1", "cuda:1"), ("cpu", "cpu")):
        with pytest.raises(RuntimeError, match=rf"on device cuda:0 \(device_ids\[0\]\) but found one.*device: {name}"):
            nn.DataParallel(net.to(place))(fb.ones(4, 3, device="cuda"))


def test_parallel_apply(gpu, net):
    replicas = replicate(net.cuda(), [0, 1])
    inputs = scatter((fb.ones(4, 3, device="cuda"),), [0, 1])
    with fb.no_grad():
        outputs = parallel_apply(replicas, inputs)  # each on the device of its input
    assert [o["y"].device for o in outputs] == [FIRST, SECOND] and not outputs[1]["y"].requires_grad

    def failing(x):
        raise ValueError("in a replica")

    with pytest.raises(ValueError, match="in a replica"):
        parallel_apply([abs, failing], [fb.ones(1), fb.ones(1)])


def test_threads_work_in_the_streams_of_the_caller(gpu):
    mine = fb.cuda.Stream(1)
    with fb.cuda.stream(mine):
        fb.cuda.set_device(0)
        found = parallel_apply([lambda x: fb.cuda.current_stream()] * 2, [fb.ones(1)] * 2, devices=[0, SECOND])
    assert found == [fb.cuda.default_stream(0), mine]


# ---- copies and sums


def test_comm(gpu):
    x = fb.arange(6.0, device="cuda:0")
    copies = comm.broadcast(x, (0, 1))
    assert [c.device for c in copies] == [FIRST, SECOND] and copies[0] is x and copies[1].tolist() == x.tolist()
    parts = comm.scatter(fb.arange(6.0), [0, 1], [2, 4])
    assert [(p.device, p.tolist()) for p in parts] == [(FIRST, [0, 1]), (SECOND, [2, 3, 4, 5])]
    assert comm.gather(parts, destination=1).device == SECOND and comm.gather(parts, 0, -1).equal(fb.arange(6.0))
    assert comm.reduce_add(copies).tolist() == [0, 2, 4, 6, 8, 10] and comm.reduce_add(copies, 1).device == SECOND
    there = comm.broadcast_coalesced([x, x.long()], [0, 1])
    assert [[t.device.index for t in row] for row in there] == [[0, 0], [1, 1]] and there[1][1].dtype is fb.int64
    sums = comm.reduce_add_coalesced(there, 1)
    assert [s.tolist() for s in sums] == [[0, 2, 4, 6, 8, 10]] * 2 and sums[0].device == SECOND


def test_comm_into_given_tensors(gpu):
    x = fb.arange(6.0, device="cuda:0")
    copies = [fb.zeros(6, device=d) for d in (FIRST, SECOND)]
    assert comm.broadcast(x, out=copies)[1] is copies[1] and copies[1].tolist() == x.tolist()
    parts = [fb.zeros(2, device=SECOND), fb.zeros(4, device=FIRST)]
    assert [p.tolist() for p in comm.scatter(x, out=parts)] == [[0, 1], [2, 3, 4, 5]]
    whole = fb.zeros(6, device=SECOND)
    assert comm.gather(parts, out=whole) is whole and whole.tolist() == x.tolist()
    for wrong in (lambda: comm.broadcast(x), lambda: comm.broadcast(x, [0], out=copies), lambda: comm.scatter(x)):
        with pytest.raises(RuntimeError, match="'devices' and 'out' must be given"):
            wrong()


def pair(*values):
    return [fb.tensor(v, device=f"cuda:{i}") for i, v in enumerate(values)]


@pytest.mark.parametrize("op,expected", [(nccl.SUM, [5, 5]), (nccl.PROD, [4, 6]), (nccl.MAX, [4, 3]),
                                         (nccl.MIN, [1, 2])])  # fmt: skip
def test_all_reduce(gpu, op, expected):
    tensors = pair([1, 2], [4, 3])
    nccl.all_reduce(tensors, op=op)
    assert [t.tolist() for t in tensors] == [expected] * 2 and [t.device for t in tensors] == [FIRST, SECOND]


def test_other_collectives(gpu):
    inputs, outputs = pair([1.0, 2.0], [3.0, 4.0]), pair([0.0, 0.0], [0.0, 0.0])
    nccl.all_reduce(inputs, outputs)
    assert [t.tolist() for t in outputs] == [[4, 6]] * 2 and inputs[0].tolist() == [1, 2]
    nccl.reduce(inputs, outputs[1], root=1)
    nccl.reduce(inputs, root=0)
    assert outputs[1].tolist() == inputs[0].tolist() == [4, 6] and inputs[1].tolist() == [3, 4]
    nccl.broadcast(inputs, root=1)
    assert inputs[0].tolist() == [3, 4]
    wide = [fb.zeros(2, 2, device=d) for d in (FIRST, SECOND)]
    nccl.all_gather(pair([1.0, 2.0], [3.0, 4.0]), wide)
    assert [t.tolist() for t in wide] == [[[1, 2], [3, 4]]] * 2
    nccl.reduce_scatter(wide, outputs)
    assert [t.tolist() for t in outputs] == [[2, 4], [6, 8]]


def test_what_collectives_refuse(gpu):
    good = pair([1.0], [2.0])
    for bad in ([fb.ones(1)], [good[0], good[0]], [fb.ones(2, 2, device="cuda").t()], []):
        assert not nccl.is_available(bad) or not bad
        with pytest.raises(RuntimeError, match="contiguous tensors on GPUs expected"):
            nccl.all_reduce(bad)
    assert nccl.is_available(good)
    with pytest.raises(RuntimeError, match="one dtype and size"):
        nccl.all_reduce(pair([1.0], [2]))
    with pytest.raises(RuntimeError, match="does not fit an output"):
        nccl.all_gather(good, pair([1.0], [2.0]))
    with pytest.raises(RuntimeError, match="op must be one of SUM"):
        nccl.all_reduce(good, op=9)
    assert [t.item() for t in good] == [1, 2]
