"""`torch.utils.data` of 0.3: batches are plain tensors, and orders are drawn as they were."""

from . import dataloader, dataset, distributed, sampler
from .dataloader import DataLoader, DataLoaderIter, ExceptionWrapper, default_collate, pin_memory_batch
from .dataset import ConcatDataset, Dataset, Subset, TensorDataset, random_split
from .distributed import DistributedSampler
from .sampler import (
    BatchSampler,
    RandomSampler,
    Sampler,
    SequentialSampler,
    SubsetRandomSampler,
    WeightedRandomSampler,
)

__all__ = [
    "BatchSampler", "ConcatDataset", "DataLoader", "DataLoaderIter", "Dataset", "DistributedSampler",
    "ExceptionWrapper", "RandomSampler", "Sampler", "SequentialSampler", "Subset", "SubsetRandomSampler",
    "TensorDataset", "WeightedRandomSampler", "dataloader", "dataset", "default_collate", "distributed",
    "pin_memory_batch", "random_split", "sampler",
]  # fmt: skip
