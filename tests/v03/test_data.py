"""`torch.utils.data` and `torch.multiprocessing` of 0.3."""

from collections import OrderedDict, namedtuple

import numpy as np
import pytest

import flambeau.v03 as torch
import flambeau.v03.multiprocessing as mp
from flambeau.v03 import nn
from flambeau.v03.autograd import Variable
from flambeau.v03.utils.data import (
    BatchSampler,
    ConcatDataset,
    DataLoader,
    Dataset,
    DistributedSampler,
    SequentialSampler,
    SubsetRandomSampler,
    TensorDataset,
    WeightedRandomSampler,
    dataloader,
    default_collate,
)


class Samples(Dataset):
    def __len__(self):
        return 5

    def __getitem__(self, i):
        return {"x": i * 1.5, "y": np.float32(i), "z": np.ones((2, 2)), "s": str(i), "pair": (i, torch.ones(2) * i)}


@pytest.mark.parametrize("workers", [0, 2])
def test_batches_are_plain_tensors(workers):
    first, last = DataLoader(Samples(), 3, num_workers=workers)
    assert first["x"].equal(torch.DoubleTensor([0, 1.5, 3])) and first["y"].equal(torch.FloatTensor([0, 1, 2]))
    assert type(last["z"]) is torch.DoubleTensor and last["z"].size() == (2, 2, 2) and last["s"] == ["3", "4"]
    assert last["pair"][0].equal(torch.LongTensor([3, 4])) and last["pair"][1].equal(torch.Tensor([[3, 3], [4, 4]]))


def test_tensors_of_one_dimension_have_numbers():
    data = TensorDataset(torch.ones(3, 2), torch.FloatTensor([1, 2, 3]))
    assert data[1][1] == 2 and type(data[1][1]) is float and data.target_tensor.size() == (3,) and len(data) == 3
    ((x, y),) = DataLoader(data, 3)
    assert type(x) is torch.FloatTensor and type(y) is torch.DoubleTensor
    with pytest.raises(AssertionError, match=r"sizes of dimension 0 are \[3, 2\]"):
        TensorDataset(torch.ones(3), target_tensor=torch.ones(2))


@pytest.mark.parametrize("sampled", [False, True])
def test_the_order_is_that_of_randperm(sampled):
    torch.manual_seed(4)
    order = torch.randperm(6).tolist()
    after = torch.rand(1)[0]
    torch.manual_seed(4)
    data = TensorDataset(torch.LongTensor(range(6)))
    how = {"sampler": SubsetRandomSampler(list(range(6)))} if sampled else {"shuffle": True}
    assert [i for (batch,) in DataLoader(data, 4, **how) for i in batch] == order
    assert torch.rand(1)[0] == after


def test_weighted_sampling_is_multinomial():
    torch.manual_seed(1)
    wanted = torch.multinomial(torch.DoubleTensor([1, 0, 3]), 8, True).tolist()
    torch.manual_seed(1)
    sampler = WeightedRandomSampler([1, 0, 3], 8)
    assert list(sampler) == wanted and len(sampler) == 8 and 1 not in wanted


def test_concatenation_and_the_path_of_collate():
    assert len(ConcatDataset([Samples(), Samples()])) == len(Samples() + Samples()) == 10
    assert dataloader.default_collate is default_collate
    with pytest.raises(TypeError, match="must contain tensors, numbers, dicts or lists; found"):
        default_collate([object()])


def _add(tensor, variable, queue):
    tensor.add_(1)
    variable.data.add_(2)
    queue.put(tensor)
    queue.put(variable)


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_tensors_and_variables_through_a_queue(method):
    context = mp.get_context(method)
    tensor, queue = torch.zeros(3), context.Queue()
    around, variable = Variable(tensor), Variable(torch.zeros(2), requires_grad=True)
    tensor.share_memory_()
    variable.data.share_memory_()
    process = context.Process(target=_add, args=(tensor, variable, queue))
    process.start()
    got, got_variable = queue.get(timeout=60), queue.get(timeout=60)
    assert got.equal(tensor) and type(got) is torch.FloatTensor and around.data.tolist() == [1, 1, 1]
    assert type(got_variable) is Variable and got_variable.requires_grad and variable.data.tolist() == [2, 2]
    got_variable.data.fill_(5)
    process.join(60)
    assert process.exitcode == 0 and variable.data.tolist() == [5, 5]


def test_models_are_shared():
    net = nn.Linear(2, 1)
    net.share_memory()
    assert net.weight.data.is_shared() and type(net.weight) is nn.Parameter
    assert torch.FloatStorage(3).share_memory_().is_shared() and not torch.FloatStorage(3).is_shared()
    assert mp.get_sharing_strategy() in mp.get_all_sharing_strategies() and mp.pool.Pool and mp.queue.Queue


def test_loader_options_without_a_gpu():
    loader = DataLoader([1, 2, 3], num_workers=1, pin_memory=True, worker_init_fn=lambda i: torch.manual_seed(i))
    assert [batch.tolist() for batch in loader] == [[1], [2], [3]]


def test_parts_of_distributed_training_are_in_one_piece():
    sampler = DistributedSampler(range(7), 2, 1)
    sampler.set_epoch(3)
    order = torch.randperm(7, generator=torch.Generator().manual_seed(3)).tolist()
    assert list(sampler) == [*order[4:], order[0]] and len(sampler) == 4
    assert list(DistributedSampler(range(2), 5, 4)) == [torch.randperm(2, generator=_seeded(0))[0]]


def _seeded(seed):
    return torch.Generator().manual_seed(seed)


def test_containers_give_dicts_and_lists():
    pair = namedtuple("pair", "a b")
    first, second = default_collate([pair(1, 2.0), pair(3, 4.0)])
    assert first.equal(torch.LongTensor([1, 3])) and second.equal(torch.DoubleTensor([2, 4]))
    assert type(default_collate([OrderedDict(a=1)])) is dict and type(default_collate([(1,)])) is list


def test_attributes_and_options_of_the_loader():
    data = list(range(10))
    loader = DataLoader(data, batch_sampler=BatchSampler(SequentialSampler(data), np.int64(4), 0))
    assert loader.batch_size == 1 and [len(batch) for batch in loader] == [4, 4, 2]
    loader = DataLoader(data, np.int64(4), drop_last=1)
    loader.batch_size = 7  # was not refused, and changed nothing
    assert [len(batch) for batch in loader] == [4, 4] and list(BatchSampler([5, 6, 7], 2, True)) == [[5, 6]]
