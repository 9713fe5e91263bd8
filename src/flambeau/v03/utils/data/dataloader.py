"""`torch.utils.data.dataloader` of 0.3."""

from collections.abc import Mapping, Sequence

import numpy as np

from ....random import fork_rng
from ....tensor import Tensor
from ....utils.data import DataLoader as _TodaysDataLoader
from ....utils.data import collate as todays
from ....utils.data.dataloader import DataLoaderIter, ExceptionWrapper, pin_memory_batch
from ..._six import int_classes, string_classes  # noqa: F401
from ...faces import TYPES, plain
from ...namespace import stack
from .sampler import BatchSampler, RandomSampler, SequentialSampler
from .watch import (  # noqa: F401  (copies of this module take them from here)
    _error_if_any_worker_fails,
    _remove_worker_pids,
    _set_SIGCHLD_handler,
    _set_worker_signal_handlers,
    _SIGCHLD_handler_set,
    _update_worker_pids,
    _use_shared_memory,
    numpy_type_map,
)

__all__ = [
    "BatchSampler", "DataLoader", "DataLoaderIter", "ExceptionWrapper", "RandomSampler", "SequentialSampler",
    "default_collate", "pin_memory_batch",
]  # fmt: skip


def _in_plain(function):
    """A function that makes a batch, whose batches are plain tensors."""
    return lambda batch, *, collate_fn_map=None: plain(function(batch, collate_fn_map=collate_fn_map))


def _mapping(batch, *, collate_fn_map=None):
    return {key: todays.collate([sample[key] for sample in batch], collate_fn_map=collate_fn_map) for key in batch[0]}


def _sequence(batch, *, collate_fn_map=None):
    return [todays.collate(column, collate_fn_map=collate_fn_map) for column in zip(*batch, strict=False)]


def _stacked(batch, *, collate_fn_map=None):
    try:
        return todays.collate_tensor_fn(batch, collate_fn_map=collate_fn_map)
    except RuntimeError:
        stack([plain(sample) for sample in batch])  # says in 0.3's words what does not fit
        raise


def _of_numbers(name):
    return lambda batch, *, collate_fn_map=None: TYPES[name](list(batch))


_FUNCTIONS = {
    **todays.default_collate_fn_map,
    Tensor: _stacked,
    np.ndarray: _in_plain(todays.collate_numpy_array_fn),
    (np.bool_, np.number, np.object_): _in_plain(todays.collate_numpy_scalar_fn),
    float: _of_numbers("DoubleTensor"),
    int: _of_numbers("LongTensor"),
    Mapping: _mapping,
    Sequence: _sequence,
}


def default_collate(batch):
    """default_collate(samples) -> batch: of each tensor in the samples, a plain one with a new dimension 0.

    Floats become a DoubleTensor, ints a LongTensor; NumPy's arrays and numbers keep their type; strings give a list.
    Mappings are collated part by part into a dict, sequences into a list. TypeError for what is none of these.
    """
    try:
        return todays.collate(batch, collate_fn_map=_FUNCTIONS)
    except TypeError as error:
        said = str(error)
        said = said.removeprefix("default_collate: ").replace("tensors, numpy arrays, numbers", "tensors, numbers")
        if said == str(error):
            raise
    raise TypeError(said)


class DataLoader(_TodaysDataLoader):
    """DataLoader(dataset, batch_size=1, shuffle=False, sampler=None, batch_sampler=None, num_workers=0,
    collate_fn=default_collate, pin_memory=False, drop_last=False, timeout=0, worker_init_fn=None)

    Iterates over batches of a dataset. shuffle, sampler, batch_sampler: the order. num_workers: processes that load, 0
    for this one. timeout: seconds to wait for a batch of theirs. See `flambeau.utils.data.DataLoader`.
    """

    def __init__(
        self, dataset, batch_size=1, shuffle=False, sampler=None, batch_sampler=None, num_workers=0,
        collate_fn=default_collate, pin_memory=False, drop_last=False, timeout=0, worker_init_fn=None,
    ):  # fmt: skip
        super().__init__(
            dataset, int(batch_size), bool(shuffle), sampler, batch_sampler, num_workers, collate_fn, pin_memory,
            bool(drop_last), timeout, worker_init_fn,
        )  # fmt: skip
        self.batch_size = batch_size

    __setattr__ = object.__setattr__  # nothing was refused

    def _default_sampler(self, shuffle, generator):
        return (RandomSampler if shuffle else SequentialSampler)(self.dataset)

    def __iter__(self):
        with fork_rng([], enabled=not self.num_workers):  # only workers need a seed, so only they took a random number
            return super().__iter__()
