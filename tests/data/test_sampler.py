"""Samplers give the indices that PyTorch's give for the same seed."""

import pytest

import flambeau as fb
from flambeau.utils.data import (
    BatchSampler,
    DistributedSampler,
    RandomSampler,
    Sampler,
    SequentialSampler,
    SubsetRandomSampler,
    WeightedRandomSampler,
)


def both(make):
    """The indices of two iterations of a sampler, made by make(data module, generator), here and by PyTorch."""
    torch = pytest.importorskip("torch")
    ours, theirs = fb.utils.data, torch.utils.data
    results = []
    for lib, data in ((fb, ours), (torch, theirs)):
        lib.manual_seed(3)
        for generator in (None, lib.Generator().manual_seed(4)):
            sampler = make(data, generator)
            results.append((list(sampler), list(sampler), len(sampler)))
    return results[:2], results[2:]


MAKERS = {
    "sequential": lambda data, g: data.SequentialSampler(range(5)),
    "random": lambda data, g: data.RandomSampler(range(10), generator=g),
    "random, more than there are": lambda data, g: data.RandomSampler(range(10), num_samples=25, generator=g),
    "random, fewer than there are": lambda data, g: data.RandomSampler(range(10), num_samples=4, generator=g),
    "random, twice as many": lambda data, g: data.RandomSampler(range(10), num_samples=20, generator=g),
    "replacement": lambda data, g: data.RandomSampler(range(10), True, generator=g),
    "replacement, many": lambda data, g: data.RandomSampler(range(10), True, num_samples=70, generator=g),
    "subset": lambda data, g: data.SubsetRandomSampler([3, 1, 4, 15, 9], generator=g),
    "weighted": lambda data, g: data.WeightedRandomSampler([0.1, 0.9, 0.0, 2.0], 12, generator=g),
    "weighted, no replacement": lambda data, g: data.WeightedRandomSampler([1, 2, 3], 2, False, generator=g),
    "batches": lambda data, g: data.BatchSampler(data.RandomSampler(range(10), generator=g), 4, False),
    "batches, drop_last": lambda data, g: data.BatchSampler(range(10), 4, True),
    "distributed": lambda data, g: data.DistributedSampler(range(10), 3, 1, seed=5),
    "distributed, in order": lambda data, g: data.DistributedSampler(range(10), 3, 2, shuffle=False),
    "distributed, drop_last": lambda data, g: data.DistributedSampler(range(10), 3, 2, drop_last=True),
    "distributed, few samples": lambda data, g: data.DistributedSampler(range(2), 5, 4),
}


@pytest.mark.parametrize("name", MAKERS)
def test_indices_as_pytorch(name):
    ours, theirs = both(MAKERS[name])
    assert ours == theirs


def test_distributed_sampler_has_another_order_each_epoch():
    sampler = DistributedSampler(range(20), 2, 0)
    first = list(sampler)
    assert list(sampler) == first
    sampler.set_epoch(1)
    assert list(sampler) != first


def test_ranks_share_out_all_samples():
    ranks = [list(DistributedSampler(range(12), 3, rank)) for rank in range(3)]
    assert sorted(i for r in ranks for i in r) == list(range(12))


def test_base_class():
    with pytest.raises(NotImplementedError):
        iter(Sampler())
    assert list(SequentialSampler([7, 8])) == [0, 1]


@pytest.mark.parametrize(
    "make, error, match",
    [
        (lambda: RandomSampler([1], replacement=2), TypeError, "replacement should be a boolean"),
        (lambda: RandomSampler([1], num_samples=0), ValueError, "num_samples should be a positive"),
        (lambda: WeightedRandomSampler([1.0], 0), ValueError, "num_samples should be a positive"),
        (lambda: WeightedRandomSampler([1.0], 1, 3), ValueError, "replacement should be a boolean"),
        (lambda: WeightedRandomSampler([[1.0]], 1), ValueError, "1d sequence"),
        (lambda: BatchSampler([1], 0, False), ValueError, "batch_size should be a positive"),
        (lambda: BatchSampler([1], True, False), ValueError, "batch_size should be a positive"),
        (lambda: BatchSampler([1], 1, 0), ValueError, "drop_last should be a boolean"),
        (lambda: DistributedSampler([1], 2, 2), ValueError, "Invalid rank 2"),
    ],
)
def test_errors(make, error, match):
    with pytest.raises(error, match=match):
        make()


def test_subset_sampler_of_a_tensor():
    assert sorted(int(i) for i in SubsetRandomSampler(fb.tensor([5, 6, 7]))) == [5, 6, 7]
