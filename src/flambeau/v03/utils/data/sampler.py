"""`torch.utils.data.sampler` of 0.3: all orders are drawn from the default generator, one draw per iteration."""

from ....utils.data import BatchSampler as _TodaysBatchSampler
from ....utils.data import Sampler as _TodaysSampler
from ...methods import FUNCTIONS
from ...namespace import randperm

__all__ = [
    "BatchSampler", "RandomSampler", "Sampler", "SequentialSampler", "SubsetRandomSampler", "WeightedRandomSampler",
]  # fmt: skip


class Sampler(_TodaysSampler):
    """Sampler(data_source): a subclass's `__iter__` gives the indices of samples."""

    def __init__(self, data_source=None):
        self.data_source = data_source

    def __len__(self):
        return len(self.data_source)


class SequentialSampler(Sampler):
    """SequentialSampler(data_source): 0, 1, 2, ..."""

    def __iter__(self):
        return iter(range(len(self.data_source)))


class RandomSampler(Sampler):
    """RandomSampler(data_source): each index once, in the order of `torch.randperm`."""

    def __iter__(self):
        return iter(randperm(len(self.data_source)).tolist())


class SubsetRandomSampler(Sampler):
    """SubsetRandomSampler(indices): these indices in the order of `torch.randperm`."""

    def __init__(self, indices):
        self.indices = indices

    def __iter__(self):
        return iter([self.indices[i] for i in randperm(len(self.indices)).tolist()])

    def __len__(self):
        return len(self.indices)


class WeightedRandomSampler(Sampler):
    """WeightedRandomSampler(weights, num_samples, replacement=True): indices drawn with these probabilities."""

    def __init__(self, weights, num_samples, replacement=True):
        from ...faces import TYPES

        self.weights = TYPES["DoubleTensor"]([float(w) for w in weights])
        self.num_samples = num_samples
        self.replacement = replacement

    def __iter__(self):
        return iter(FUNCTIONS["multinomial"](self.weights, self.num_samples, self.replacement).tolist())

    def __len__(self):
        return self.num_samples


class BatchSampler(_TodaysBatchSampler):
    """BatchSampler(sampler, batch_size, drop_last): lists of batch_size indices of another sampler, or of any iterable.

    drop_last: leave out a last batch that is smaller.
    """

    def __init__(self, sampler, batch_size, drop_last):
        super().__init__(sampler, int(batch_size), bool(drop_last))
