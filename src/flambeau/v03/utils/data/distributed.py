"""`torch.utils.data.distributed` of 0.3."""

import math

from ....utils.data import DistributedSampler as _TodaysDistributedSampler
from ...namespace import Generator, randperm

__all__ = ["DistributedSampler"]


class DistributedSampler(_TodaysDistributedSampler):
    """DistributedSampler(dataset, num_replicas=None, rank=None)

    The rank-th of num_replicas parts, of equal sizes and each in one piece, of the order of `torch.randperm` that the
    epoch is the seed of: call set_epoch before each. The first indices fill up the last part.
    """

    def __init__(self, dataset, num_replicas=None, rank=None):
        super().__init__(dataset, num_replicas, rank)

    def __iter__(self):
        order = randperm(len(self.dataset), generator=Generator().manual_seed(self.epoch)).tolist()
        order *= math.ceil(self.total_size / len(order))
        first = self.num_samples * self.rank
        return iter(order[first : first + self.num_samples])
