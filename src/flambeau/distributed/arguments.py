"""What all collectives do with their arguments: checks, and tensors as flat arrays."""

import numpy as np

from .. import _core
from ..errors import warn_user
from ..tensor import Tensor
from . import world
from .work import Work

_array = _core.array_of


def member(name, group):
    """The ProcessGroup of a call; None, after a warning, on a process that is not in it."""
    found = world.resolve(group)
    if found is None:
        warn_user(
            f"Running {name} on global rank {world.current().rank} which does not belong to the given group.",
            UserWarning,
        )
    return found


def rank_in(group, name, argument, value, group_argument, group_value, default=None):
    """The rank in the group that e.g. src (a global one) or group_src means; by default the global rank `default`."""
    if value is not None and group_value is not None:
        raise ValueError(f"Can't specify both {group_argument} and {argument}")
    if group_value is not None:
        if not 0 <= group_value < group.size():
            raise ValueError(
                f"{name}: {group_argument} must be below the size of the group, got {group_value}"
            )
        return int(group_value)
    value = default if value is None else value
    if value is None:
        raise ValueError(f"{name}: Must specify {argument} or {group_argument}")
    if value not in group.ranks:
        raise ValueError(f"Global rank {value} is not part of group {group}")
    return group.ranks.index(value)


def check_tensor(value, argument):
    """TypeError for what is no tensor, RuntimeError for a sparse one."""
    if not isinstance(value, Tensor):
        raise TypeError(
            f"Invalid function argument. Expected parameter `{argument}` of type torch.Tensor but got {type(value)} "
            "instead."
        )
    if value.is_sparse or value.is_sparse_csr:
        raise RuntimeError(
            f"`{argument}` is a sparse tensor: collectives take dense ones; call to_dense() first"
        )


def check_tensors(values, argument):
    """The same for each of a list of tensors."""
    if not isinstance(values, (list, tuple)):
        raise TypeError(
            f"Invalid function argument. Expected parameter `{argument}` of type List[torch.Tensor] but got "
            f"{type(values)} instead."
        )
    for value in values:
        check_tensor(value, argument)


def check_alike(name, tensors, other):
    """RuntimeError for tensors that have not the dtype of another."""
    for tensor in tensors:
        if tensor.dtype != other.dtype:
            raise ValueError(
                f"{name}: Invalid usage of tensors with different dtypes, found {tensor.dtype} and {other.dtype}"
            )


class Flat:
    """A tensor's elements as a flat array: of its own memory where that is in one piece on the CPU, else a copy, which
    `put` brings back."""

    def __init__(self, tensor):
        raw = _array(tensor)
        if isinstance(raw, np.ndarray) and raw.flags.c_contiguous and raw.flags.writeable:
            self.tensor = None
            self.array = raw.reshape(-1)
            return
        self.tensor = tensor
        self.array = np.array(_array(tensor.detach().cpu())).reshape(-1)

    def put(self):
        """The tensor gets the elements of the array."""
        if self.tensor is not None:
            self.tensor.detach().copy_(_core.make(self.array.reshape(self.tensor.shape)))


def run(group, call, written, async_op, result):
    """Runs a collective on a group: call() works on flat arrays, and then the Flats `written` go back to their tensors,
    `result`. Returns None, or a Work with async_op."""
    for tensor in result:
        _core.bump_version(tensor)

    def everything():
        call()
        for flat in written:
            flat.put()

    if group.worker is not None and not async_op:
        group.worker.run(everything)
        return None
    work = Work(everything, result)
    if group.worker is not None:
        return group.worker.submit(work)
    work._run()
    if async_op:
        return work
    work.wait()
    return None
