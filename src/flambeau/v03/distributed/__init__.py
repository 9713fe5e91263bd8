"""`torch.distributed` of 0.3: process-group mode, on today's groups, and master-worker mode (`remote_types.py`).

A group is a number, 0 for all processes. A process that is not in a group passes its calls without effect.
"""

from ... import distributed as todays
from ...distributed import ReduceOp, is_available
from ...distributed.rendezvous import file_store, register_rendezvous_handler
from . import master_worker, remote_types

__all__ = [
    "all_gather", "all_gather_multigpu", "all_reduce", "all_reduce_multigpu", "barrier", "broadcast",
    "broadcast_multigpu", "destroy_process_group", "gather", "get_rank", "get_world_size", "group",
    "init_master_worker", "init_process_group", "irecv", "is_available", "isend", "new_group", "recv", "reduce",
    "reduce_multigpu", "reduce_op", "scatter", "send",
]  # fmt: skip

_BACKENDS = {"tcp": "gloo", "gloo": "gloo", "mpi": "mpi", "nccl": "nccl"}
_groups: list = []  # number -> today's group, or NON_GROUP_MEMBER


class reduce_op:
    """How elements of several processes become one: SUM, PRODUCT, MAX, MIN."""

    SUM, PRODUCT, MAX, MIN = ReduceOp.SUM, ReduceOp.PRODUCT, ReduceOp.MAX, ReduceOp.MIN


class group:
    """group.WORLD: the group of all processes."""

    WORLD = 0


class _DistributedRequest:
    """What isend and irecv return."""

    def __init__(self, work):
        self._work = work

    def is_completed(self):
        """is_completed() -> bool: whether the message has come, or is on its way."""
        return self._work.is_completed()

    def wait(self):
        """wait(): returns when it is."""
        self._work.wait()


_WITHOUT_RANKS = "file-without-ranks"


def _in_order(url, rank, world_size, timeout, **kwargs):
    """The rendezvous in a file where a process's rank is how many came before it."""
    if world_size < 1:
        raise ValueError("init_process_group: world_size is needed")
    store = file_store(url, world_size)
    yield store, store.add("ranks", 1) - 1, world_size


register_rendezvous_handler(_WITHOUT_RANKS, _in_order)


def init_process_group(backend, init_method="env://", **kwargs):
    """init_process_group(backend, init_method="env://", world_size=-1, rank=-1, group_name=""): makes this process
    one of a run.

    backend: "tcp" or "gloo" (the same here), "mpi". init_method: "env://", "tcp://host:port" of rank 0, or
    "file:///path", where processes without a rank get one in the order in which they come. ValueError for the multicast
    addresses of 0.3, and for "nccl".
    """
    world_size, rank = kwargs.pop("world_size", -1), kwargs.pop("rank", -1)
    kwargs.pop("group_name", "")
    if kwargs:
        raise TypeError(f"init_process_group got unexpected keyword arguments {sorted(kwargs)}")
    if todays.is_initialized():
        raise RuntimeError("trying to initialize torch.distributed twice!")
    name = str(backend).lower()
    if name not in _BACKENDS:
        raise RuntimeError(f"Invalid backend name: {backend}; the backends are tcp, gloo and mpi")
    if init_method.startswith("file://") and rank < 0:
        init_method = f"{_WITHOUT_RANKS}{init_method.removeprefix('file')}"
    todays.init_process_group(_BACKENDS[name], init_method=init_method, world_size=world_size, rank=rank)
    _groups[:] = [todays.group.WORLD]


def init_master_worker(backend, init_method="env://", **kwargs):
    """init_master_worker(backend, init_method="env://", world_size=-1, rank=-1, group_name=""): makes this process one
    of a run in which that of rank 0, the master, makes and uses tensors that the others have, its workers.

    The arguments are those of init_process_group. It returns in the master alone, which uses `torch.distributed`'s
    FloatTensor, ... (`remote_types`); a worker works until the master calls destroy_process_group or ends, and exits.
    ValueError when there is one process only.
    """
    init_process_group(backend, init_method, **kwargs)
    if get_world_size() < 2:
        destroy_process_group()
        raise ValueError("init_master_worker: the run needs two processes at least, a master and a worker")
    master_worker.start(remote_types.CLASSES)


def __getattr__(name):
    if name in remote_types.CLASSES:
        return remote_types.CLASSES[name]
    raise AttributeError(f"module 'torch.distributed' has no attribute '{name}'")


def destroy_process_group():
    """destroy_process_group(): ends the part of this process in the run; in master-worker mode the workers, too."""
    try:
        master_worker.end()
    finally:
        todays.destroy_process_group()
        _groups.clear()


def _check_mode(name):
    """RuntimeError in the master of master-worker mode, whose workers take part in nothing by themselves."""
    if master_worker.is_master():
        raise RuntimeError(
            f"{name}: in master-worker mode the workers call nothing by themselves; use tensors of remote_types, or "
            "init_process_group"
        )


def _group(number):
    _check_mode("torch.distributed")
    if not todays.is_initialized():
        todays.get_rank()  # raises
    if not isinstance(number, int) or not 0 <= number < len(_groups):
        raise ValueError(
            f"torch.distributed: the group must be group.WORLD or a number from new_group, got {number!r}"
        )
    return _groups[number]


def _is_member(group):
    return group != todays.GroupMember.NON_GROUP_MEMBER


def get_rank():
    """get_rank() -> int: the rank of this process."""
    return todays.get_rank()


def get_world_size():
    """get_world_size() -> int: the number of processes."""
    return todays.get_world_size()


def new_group(ranks=None):
    """new_group(ranks=None) -> number of a new group of processes (all). All processes must call it."""
    _check_mode("new_group")
    _groups.append(todays.new_group(ranks or None))
    return len(_groups) - 1


# ---- messages


def isend(tensor, dst):
    """isend(tensor, dst) -> request: sends a tensor to a process."""
    _check_mode("isend")
    return _DistributedRequest(todays.isend(tensor, dst))


def irecv(tensor, src):
    """irecv(tensor, src) -> request: receives a tensor from a process."""
    _check_mode("irecv")
    return _DistributedRequest(todays.irecv(tensor, src))


def send(tensor, dst):
    """send(tensor, dst): sends a tensor to a process; returns when it is on its way."""
    _check_mode("send")
    todays.send(tensor, dst)


def recv(tensor, src=None):
    """recv(tensor, src=None) -> rank of the sender: receives a tensor from a process, or from any."""
    _check_mode("recv")
    return todays.recv(tensor, src)


# ---- collectives


def broadcast(tensor, src, group=group.WORLD):
    """broadcast(tensor, src, group=group.WORLD): tensor becomes that of the process src."""
    if _is_member(members := _group(group)):
        todays.broadcast(tensor, src, members)


def all_reduce(tensor, op=reduce_op.SUM, group=group.WORLD):
    """all_reduce(tensor, op=reduce_op.SUM, group=group.WORLD): tensor becomes the sum (op) of those of all processes.
    """
    if _is_member(members := _group(group)):
        todays.all_reduce(tensor, op, members)


def reduce(tensor, dst, op=reduce_op.SUM, group=group.WORLD):
    """reduce(tensor, dst, op=reduce_op.SUM, group=group.WORLD): tensor on the process dst becomes the sum (op) of
    those of all."""
    if _is_member(members := _group(group)):
        todays.reduce(tensor, dst, op, members)


def all_gather(tensor_list, tensor, group=group.WORLD):
    """all_gather(tensor_list, tensor, group=group.WORLD): tensor_list[r] becomes the tensor of rank r."""
    if _is_member(members := _group(group)):
        todays.all_gather(tensor_list, tensor, members)


def _keywords(name, kwargs, end, many):
    """The process at one end (by default this one), its list of tensors, and the group, from keyword arguments."""
    rank = kwargs.pop(end, get_rank())
    tensors = kwargs.pop(many, None)
    members = _group(kwargs.pop("group", group.WORLD))
    if kwargs:
        raise RuntimeError(f"{name} got unexpected kwargs: {', '.join(sorted(kwargs))}")
    which = {"dst": "destination", "src": "source"}[end]
    if rank == get_rank() and tensors is None:
        raise RuntimeError(f"{many} is a required argument in {name} {which}")
    if rank != get_rank() and tensors:
        raise RuntimeError(f"non-empty {many} can be given only to {name} {which}")
    return rank, tensors, members


def gather(tensor, **kwargs):
    """gather(tensor, dst=, gather_list=, group=group.WORLD): gather_list[r] on the process dst becomes the tensor of
    rank r. The others give no gather_list."""
    dst, tensors, members = _keywords("gather", kwargs, "dst", "gather_list")
    if _is_member(members):
        todays.gather(tensor, tensors, dst, members)


def scatter(tensor, **kwargs):
    """scatter(tensor, src=, scatter_list=, group=group.WORLD): tensor on rank r becomes scatter_list[r] of the process
    src. The others give no scatter_list."""
    src, tensors, members = _keywords("scatter", kwargs, "src", "scatter_list")
    if _is_member(members):
        todays.scatter(tensor, tensors, src, members)


def barrier(group=group.WORLD):
    """barrier(group=group.WORLD): returns when all processes of the group have called it."""
    if _is_member(members := _group(group)):
        todays.barrier(members)


# ---- collectives of several GPUs in each process


def _one(name, tensors):
    if not isinstance(tensors, (list, tuple)) or len(tensors) != 1:
        raise RuntimeError(
            f"{name}: one tensor for each process, in a list, is what there is; 0.3 took one for each GPU of the "
            "process "
            'by its backend "nccl"'
        )
    return tensors[0]


def broadcast_multigpu(tensor_list, src, group=group.WORLD):
    """broadcast_multigpu([tensor], src, group=group.WORLD): as broadcast; one tensor per process."""
    broadcast(_one("broadcast_multigpu", tensor_list), src, group)


def all_reduce_multigpu(tensor_list, op=reduce_op.SUM, group=group.WORLD):
    """all_reduce_multigpu([tensor], op=reduce_op.SUM, group=group.WORLD): as all_reduce; one tensor per process."""
    all_reduce(_one("all_reduce_multigpu", tensor_list), op, group)


def reduce_multigpu(tensor_list, dst, op=reduce_op.SUM, group=group.WORLD):
    """reduce_multigpu([tensor], dst, op=reduce_op.SUM, group=group.WORLD): as reduce; one tensor per process."""
    reduce(_one("reduce_multigpu", tensor_list), dst, op, group)


def all_gather_multigpu(output_tensor_lists, input_tensor_list, group=group.WORLD):
    """all_gather_multigpu([tensors], [tensor], group=group.WORLD): as all_gather; one tensor per process."""
    all_gather(
        _one("all_gather_multigpu", output_tensor_lists),
        _one("all_gather_multigpu", input_tensor_list),
        group,
    )
