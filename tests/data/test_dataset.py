"""Datasets that combine datasets, and random_split."""

import pytest

import flambeau as fb
from flambeau.utils.data import (
    ChainDataset,
    ConcatDataset,
    Dataset,
    IterableDataset,
    StackDataset,
    Subset,
    TensorDataset,
    random_split,
)


class Numbers(Dataset):
    def __init__(self, start, stop):
        self.values = list(range(start, stop))

    def __getitem__(self, index):
        return self.values[index]

    def __len__(self):
        return len(self.values)


class Stream(IterableDataset):
    def __init__(self, *values):
        self.values = values

    def __iter__(self):
        return iter(self.values)

    def __len__(self):
        return len(self.values)


def test_base_classes_ask_for_their_methods():
    with pytest.raises(NotImplementedError):
        Dataset()[0]
    with pytest.raises(NotImplementedError):
        iter(IterableDataset())


def test_tensor_dataset():
    x, y = fb.arange(6).reshape(3, 2), fb.arange(3)
    dataset = TensorDataset(x, y)
    assert len(dataset) == 3
    assert dataset[1][0].tolist() == [2, 3] and dataset[1][1].item() == 1
    assert dataset[-1][1].item() == 2


def test_tensor_dataset_of_different_sizes():
    with pytest.raises(AssertionError, match="Size mismatch"):
        TensorDataset(fb.zeros(3), fb.zeros(4))


def test_concat_dataset():
    joined = Numbers(0, 3) + Numbers(10, 10) + Numbers(20, 22)
    assert isinstance(joined, ConcatDataset)
    assert [joined[i] for i in range(len(joined))] == [0, 1, 2, 20, 21]
    assert joined[-1] == 21 and joined[-5] == 0
    with pytest.raises(ValueError, match="absolute value of index"):
        joined[-6]


def test_concat_dataset_refuses_nothing_and_streams():
    with pytest.raises(AssertionError, match="empty iterable"):
        ConcatDataset([])
    with pytest.raises(AssertionError, match="IterableDataset"):
        ConcatDataset([Stream(1)])


def test_older_spelling_of_cumulative_sizes():
    with pytest.warns(DeprecationWarning, match="renamed"):
        assert ConcatDataset([Numbers(0, 3), Numbers(0, 2)]).cummulative_sizes == [3, 5]


def test_chain_dataset():
    chained = Stream(1, 2) + Stream(3)
    assert isinstance(chained, ChainDataset)
    assert list(chained) == [1, 2, 3] and len(chained) == 3
    with pytest.raises(AssertionError, match="only supports IterableDataset"):
        list(ChainDataset([Numbers(0, 2)]))


def test_subset_also_of_a_subset():
    part = Subset(Subset(Numbers(10, 20), [1, 3, 5]), [2, 0])
    assert [part[0], part[1]] == [15, 11] and len(part) == 2
    assert part.__getitems__([1, 0]) == [11, 15]


def test_stack_dataset():
    pairs = StackDataset(Numbers(0, 3), Numbers(5, 8))
    assert pairs[1] == (1, 6) and pairs.__getitems__([0, 2]) == [(0, 5), (2, 7)]
    named = StackDataset(a=Numbers(0, 3), b=Numbers(5, 8))
    assert named[1] == {"a": 1, "b": 6} and named.__getitems__([2]) == [{"a": 2, "b": 7}] and len(named) == 3


def test_stack_dataset_errors():
    with pytest.raises(ValueError, match="both"):
        StackDataset(Numbers(0, 3), b=Numbers(0, 3))
    with pytest.raises(ValueError, match="At least one"):
        StackDataset()
    with pytest.raises(ValueError, match="Size mismatch"):
        StackDataset(Numbers(0, 3), Numbers(0, 4))


def test_random_split_gives_each_sample_once():
    parts = random_split(Numbers(0, 10), [3, 7], generator=fb.Generator().manual_seed(1))
    assert [len(p) for p in parts] == [3, 7]
    assert sorted(v for p in parts for v in p) == list(range(10))


@pytest.mark.parametrize("lengths", [[0.5, 0.5], [0.3, 0.3, 0.4], [1.0], [7, 4]])
def test_random_split_as_pytorch(lengths):
    torch = pytest.importorskip("torch")
    ours = random_split(range(11), lengths, generator=fb.Generator().manual_seed(5))
    theirs = torch.utils.data.random_split(range(11), lengths, generator=torch.Generator().manual_seed(5))
    assert [p.indices for p in ours] == [p.indices for p in theirs]


def test_random_split_takes_the_default_generator():
    torch = pytest.importorskip("torch")
    fb.manual_seed(9), torch.manual_seed(9)
    ours, theirs = random_split(range(6), [2, 4]), torch.utils.data.random_split(range(6), [2, 4])
    assert [p.indices for p in ours] == [p.indices for p in theirs]


def test_random_split_errors():
    with pytest.raises(ValueError, match="Sum of input lengths"):
        random_split(Numbers(0, 10), [3, 8])
    with pytest.raises(ValueError, match="Fraction at index 0 is not between"):
        random_split(Numbers(0, 10), [1.5, -0.5])
    with pytest.warns(UserWarning, match="Length of split at index 1 is 0"):
        random_split(Numbers(0, 1), [0.9, 0.1])
