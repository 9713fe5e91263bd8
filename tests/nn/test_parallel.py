"""`nn.parallel` over several "devices" that are all the CPU (-1), and `nn.DataParallel` without a GPU."""

import collections

import pytest

import flambeau as fb
from flambeau import nn
from flambeau.nn.parallel import data_parallel, gather, parallel_apply, replicate, scatter


def net():
    fb.manual_seed(0)
    return nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Linear(4, 2))


@pytest.mark.skipif(fb.cuda.is_available(), reason="what happens without a GPU")
def test_data_parallel_without_a_gpu_calls_the_module():
    inner = net()
    model = nn.DataParallel(inner)
    x = fb.randn(5, 3)
    assert model.module is inner and model.device_ids == []
    assert list(model.state_dict()) == [f"module.{name}" for name in inner.state_dict()]
    model.eval()
    assert model(x).equal(inner(x)) and data_parallel(inner, x).equal(inner(x))
    model(x).sum().backward()
    assert inner[0].weight.grad is not None


def test_two_parts_have_the_gradients_of_the_whole():
    inner = net().eval()
    x = fb.randn(5, 3)
    inner(x).pow(2).sum().backward()
    wanted = [p.grad.clone() for p in inner.parameters()]
    inner.zero_grad()
    data_parallel(inner, x, device_ids=[-1, -1], output_device=-1).pow(2).sum().backward()
    for p, grad in zip(inner.parameters(), wanted, strict=True):
        assert fb.allclose(p.grad, grad, atol=1e-6)


def test_keywords_and_fewer_parts_than_devices():
    class Scaled(nn.Module):
        def forward(self, x, *, by):
            return {"y": x * by, "n": fb.tensor(float(len(x)))}

    x = fb.ones(2, 1)
    out = data_parallel(Scaled(), x, [-1, -1, -1], -1, module_kwargs={"by": fb.tensor([[2.0], [3.0]])})
    assert out["y"].tolist() == [[2], [3]] and out["n"].tolist() == [1, 1]  # scalars become a vector


def test_nested_values_keep_their_types():
    Pair = collections.namedtuple("Pair", "a b")
    x = fb.arange(4)
    parts = scatter(Pair(x, [x, "same"]), [-1, -1])
    assert [type(p) for p in parts] == [Pair, Pair] and parts[1].a.tolist() == [2, 3] and parts[1].b[1] == "same"
    joined = gather([Pair(p.a, {"k": p.b[0]}) for p in parts], -1)
    assert type(joined) is Pair and joined.a.equal(x) and joined.b["k"].equal(x)


def test_replicas():
    inner = net()
    one, two = replicate(inner, [-1, -1])
    assert one is not two and one[0] is not inner[0] and one[1].running_mean.equal(inner[1].running_mean)
    assert len(list(inner.parameters())) == 6


def test_threads_follow_the_grad_mode_and_hand_on_errors():
    layer = nn.Linear(1, 1)
    with fb.no_grad():
        (y,) = parallel_apply([layer], [(fb.ones(1, 1),)])
    assert not y.requires_grad and parallel_apply([layer], [fb.ones(1, 1)])[0].requires_grad

    def failing(x):
        raise ValueError("in the thread")

    with pytest.raises(ValueError, match="in the thread"):
        parallel_apply([layer, failing], [fb.ones(1, 1)] * 2)
