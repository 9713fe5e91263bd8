"""Pinned memory and copies for which the host does not wait."""

import pytest

import flambeau as fb
from flambeau.utils.data import DataLoader, TensorDataset


def test_pinning(gpu):
    x = fb.arange(6.0).reshape(2, 3)
    pinned = x.t().pin_memory()
    assert pinned.is_pinned() and not x.is_pinned() and pinned.equal(x.t()) and pinned.pin_memory() is pinned
    assert pinned[1:].is_pinned() and not (pinned + 0).is_pinned() and not x.cuda().is_pinned()
    assert pinned.storage().is_pinned() and not x.storage().is_pinned()
    assert fb.FloatStorage([1, 2]).pin_memory().is_pinned()
    with pytest.raises(RuntimeError, match=r"cannot pin 'torch.cuda.FloatTensor'"):
        x.cuda().pin_memory()


def test_gradients_pass_through_pinning(gpu):
    x = fb.ones(3, requires_grad=True)
    (x.pin_memory() * 2).sum().backward()
    assert x.grad.tolist() == [2, 2, 2]


@pytest.mark.parametrize("move", [
    lambda x: x.to("cuda", non_blocking=True), lambda x: x.to("cuda", None, True), lambda x: x.cuda(non_blocking=True),
    lambda x: x.cuda(0, True), lambda x: x.storage().cuda(non_blocking=True),
])
def test_a_copy_from_pinned_memory_is_queued(gpu, move):
    """What the host writes before the copy is made shows in it, as it may on a GPU."""
    early, late = fb.ones(3).pin_memory(), fb.ones(3).pin_memory()
    fb.cuda._sleep(300_000_000)
    moved = move(early)
    early.zero_()
    assert moved.tolist() == [0, 0, 0]
    moved = move(late)
    fb.cuda.synchronize()
    late.zero_()
    assert moved.tolist() == [1, 1, 1]


@pytest.mark.parametrize("move", [
    lambda x: x.to("cuda"), lambda x: x.cuda(), lambda x: fb.zeros(3, device="cuda").copy_(x),
    lambda x: x.clone().to("cuda", non_blocking=True),
])
def test_other_copies_are_made_at_once(gpu, move):
    x = fb.ones(3).pin_memory()
    fb.cuda._sleep(1_000_000)
    moved = move(x)
    x.zero_()
    assert moved.tolist() == [1, 1, 1]


def test_a_copy_to_the_host_arrives_later(gpu):
    x = fb.ones(3, device="cuda")
    fb.cuda._sleep(300_000_000)
    there = x.to("cpu", non_blocking=True)
    assert there.is_pinned() and there.tolist() != [1, 1, 1]
    fb.cuda.synchronize()
    assert there.tolist() == [1, 1, 1]
    into = fb.zeros(3).pin_memory()
    fb.cuda._sleep(300_000_000)
    assert into.copy_(x, non_blocking=True) is into and into.tolist() == [0, 0, 0] and into._version == 1
    fb.cuda.current_stream().synchronize()
    assert into.tolist() == [1, 1, 1]


def test_the_host_waits_unless_told_otherwise(gpu):
    x = fb.ones(3, device="cuda")
    fb.cuda._sleep(5_000_000)
    assert (x * 2).cpu().tolist() == [2, 2, 2]
    fb.cuda._sleep(5_000_000)
    assert fb.zeros(3).copy_(x, non_blocking=True).tolist() == [1, 1, 1]  # not pinned


def test_batches_of_a_data_loader(gpu):
    data = TensorDataset(fb.arange(6.0), fb.arange(6))
    for x, y in DataLoader(data, 4, pin_memory=True):
        assert x.is_pinned() and y.is_pinned()
    for x, _ in DataLoader(data, 4):
        assert not x.is_pinned()
    collate = {"a": fb.ones(2), "b": ["text", (fb.zeros(1),)]}
    pinned = next(iter(DataLoader([0], collate_fn=lambda _: collate, pin_memory=True)))
    assert pinned["a"].is_pinned() and pinned["b"][0] == "text" and pinned["b"][1][0].is_pinned()


def test_without_a_gpu():
    x = fb.ones(3)
    assert not x.is_pinned()
    if not fb.cuda.is_available():
        assert x.pin_memory() is x
