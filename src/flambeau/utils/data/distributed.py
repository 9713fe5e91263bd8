"""The sampler of distributed training."""

import math

import flambeau as fb

from .sampler import Sampler


class DistributedSampler(Sampler):
    """DistributedSampler(dataset, num_replicas=None, rank=None, shuffle=True, seed=0, drop_last=False)

    Every num_replicas-th index, from the rank-th on, so that all ranks see different samples, as many each: the indices
    are repeated to a multiple of num_replicas, or cut to one with drop_last. The order depends on seed + epoch: call
    set_epoch before each. num_replicas and rank are by default those of `flambeau.distributed`; ValueError
    when there is no run of processes.
    """

    def __init__(self, dataset, num_replicas=None, rank=None, shuffle=True, seed=0, drop_last=False):
        if num_replicas is None or rank is None:
            num_replicas = fb.distributed.get_world_size() if num_replicas is None else num_replicas
            rank = fb.distributed.get_rank() if rank is None else rank
        if not 0 <= rank < num_replicas:
            raise ValueError(f"Invalid rank {rank}, rank should be in the interval [0, {num_replicas - 1}]")
        self.dataset = dataset
        self.num_replicas = num_replicas
        self.rank = rank
        self.shuffle = shuffle
        self.seed = seed
        self.drop_last = drop_last
        self.epoch = 0
        n = len(dataset)
        self.num_samples = n // num_replicas if drop_last else math.ceil(n / num_replicas)
        self.total_size = self.num_samples * num_replicas

    def __iter__(self):
        n = len(self.dataset)
        if self.shuffle:
            generator = fb.Generator().manual_seed(self.seed + self.epoch)
            indices = fb.randperm(n, generator=generator).tolist()
        else:
            indices = list(range(n))
        if indices:
            indices *= math.ceil(self.total_size / n)
        return iter(indices[self.rank : self.total_size : self.num_replicas])

    def __len__(self):
        return self.num_samples

    def set_epoch(self, epoch):
        """set_epoch(epoch): the epoch whose order the next iteration has."""
        self.epoch = epoch
