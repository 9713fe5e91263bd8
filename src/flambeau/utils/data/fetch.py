"""Getting the samples of a batch."""

import itertools

import numpy as np

import flambeau as fb

from ... import _core
from . import collate
from .dataset import Subset, TensorDataset, samples_of


class MapFetcher:
    """Batches of a map-style dataset by indices; one sample by its index without auto_collation."""

    ended = False

    def __init__(self, dataset, auto_collation, collate_fn, drop_last):
        self.dataset = dataset
        self.auto_collation = auto_collation
        self.collate_fn = collate_fn

    def fetch(self, indices):
        """fetch(list of indices, or index) -> batch."""
        if not self.auto_collation:
            return self.collate_fn(self.dataset[indices])
        if self.collate_fn is collate.default_collate:
            batch = gathered(self.dataset, indices)
            if batch is not None:
                return batch
        return self.collate_fn(samples_of(self.dataset, indices))


class IterableFetcher:
    """Batches of an iterable dataset, of as many samples as there are indices. StopIteration after the last."""

    ended = False

    def __init__(self, dataset, auto_collation, collate_fn, drop_last):
        self.samples = iter(dataset)
        self.auto_collation = auto_collation
        self.collate_fn = collate_fn
        self.drop_last = drop_last

    def fetch(self, indices):
        """fetch(list) -> batch."""
        if not self.auto_collation:
            return self.collate_fn(next(self.samples))
        found = list(itertools.islice(self.samples, len(indices)))
        if not found or (self.drop_last and len(found) < len(indices)):
            raise StopIteration
        return self.collate_fn(found)


def gathered(dataset, indices):
    """The batch of a TensorDataset, or of a Subset of one, as default_collate makes it of the samples; None when it is
    another dataset, or an index is not in range."""
    while type(dataset) is Subset:
        try:
            indices = [dataset.indices[i] for i in indices]
        except (IndexError, TypeError):
            return None
        dataset = dataset.dataset
    if type(dataset).__getitem__ is not TensorDataset.__getitem__ or hasattr(dataset, "__getitems__"):
        return None
    where = np.asarray(indices)
    if where.ndim != 1 or where.dtype.kind != "i" or where.size == 0:
        return None
    low, high = where.min(), where.max()
    arrays = [_core.array_of(t) for t in dataset.tensors]
    if not all(type(a) is np.ndarray and a.ndim and low >= 0 and high < len(a) for a in arrays):
        return None
    where = where.astype(np.int64, copy=False)
    return [_rows(t, a, where) for t, a in zip(dataset.tensors, arrays, strict=True)]


def _rows(t, array, where):
    """The rows of a tensor, in shared memory when this is a worker."""
    if collate.new_array is not None and not t.requires_grad:
        out = collate.new_array((len(where), *array.shape[1:]), array.dtype)
        if out is not None:
            np.take(array, where, axis=0, out=out, mode="clip")  # in range; "raise" would go through a buffer
            return _core.make(out, type(t))
    return fb.index_select(t, 0, _core.make(where))
