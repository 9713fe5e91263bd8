"""The processes of a run: `init_process_group`, groups of them, and who is who."""

import hashlib
import os
import time
from datetime import timedelta
from multiprocessing import util

from . import process_group
from .backends import mpi
from .errors import DistNetworkError
from .mesh import Mesh
from .process_group import ProcessGroup
from .rendezvous import rendezvous
from .store import PrefixStore, TCPStore

default_pg_timeout = timedelta(minutes=30)


class Backend(str):
    """The name of a backend, in small letters: Backend("GLOO") == "gloo"."""

    UNDEFINED = "undefined"
    GLOO = "gloo"
    NCCL = "nccl"
    MPI = "mpi"

    def __new__(cls, name):
        if not isinstance(name, str):
            raise ValueError(f"Backend constructor parameter must be string-ish, got {name!r}")
        return super().__new__(cls, name.lower())


class _World:
    """What this process knows of the run it takes part in."""

    def __init__(self, rank, size, timeout, store=None, mesh=None, machines=()):
        self.rank, self.size, self.timeout = rank, size, timeout
        self.store, self.mesh, self.machines = store, mesh, machines
        self.groups = {}  # name -> ProcessGroup
        self.counts = {}  # what names of groups are made of -> how many there were
        self.default = None
        self.owns_store = False

    def next_name(self, key=""):
        """A name for a new group, the same on all processes that have made as many groups of this key."""
        count = self.counts[key] = self.counts.get(key, -1) + 1
        return f"{key}{count}"


_world: _World | None = None
_pid = os.getpid()


def current():
    """The run that this process takes part in. ValueError when init_process_group was not called."""
    if _world is None:
        raise ValueError(
            "Default process group has not been initialized, please make sure to call init_process_group."
        )
    return _world


class _GroupMeta(type):
    @property
    def WORLD(cls):
        """The group of all processes, or None before init_process_group."""
        return None if _world is None else _world.default

    @WORLD.setter
    def WORLD(cls, value):
        raise AttributeError("group.WORLD cannot be set; init_process_group makes it")


class group(metaclass=_GroupMeta):
    """group.WORLD: the group of all processes."""


class GroupMember(metaclass=_GroupMeta):
    """GroupMember.NON_GROUP_MEMBER: what new_group returns to a process that is not in the group."""

    NON_GROUP_MEMBER = -100


# ------------------------------------------------------------------------------------------------ beginning


def is_available():
    """is_available() -> True: this package is there."""
    return True


def is_gloo_available():
    """is_gloo_available() -> True: the backend "gloo" is part of the library."""
    return True


def is_mpi_available():
    """is_mpi_available() -> bool: whether mpi4py is installed (`pip install flambeau[mpi]`)."""
    return mpi.is_available()


def is_nccl_available():
    """is_nccl_available() -> False"""
    return False


is_ucc_available = is_xccl_available = is_nccl_available


def is_backend_available(backend):
    """is_backend_available(backend) -> bool: whether init_process_group takes this backend here."""
    return backend.lower() == "gloo" or (backend.lower() == "mpi" and is_mpi_available())


def is_initialized():
    """is_initialized() -> bool: whether init_process_group was called."""
    return _world is not None


def is_torchelastic_launched():
    """is_torchelastic_launched() -> bool: whether `flambeau launch` or `torchrun` started this process."""
    return os.environ.get("TORCHELASTIC_RUN_ID") is not None


def check_timeout(timeout):
    """TypeError when a timeout is no timedelta."""
    if not isinstance(timeout, timedelta):
        raise TypeError(f"Expected timeout argument to be of type datetime.timedelta, got {timeout}")


def backend_name(backend):
    """The backend that a name, or a list such as "cpu:gloo,cuda:nccl", means for tensors on the CPU."""
    name = Backend("gloo" if backend is None else backend)
    if ":" in name:
        pairs = dict(pair.split(":", 1) for pair in name.split(",") if ":" in pair)
        name = Backend(pairs.get("cpu", next(iter(pairs.values()))))
    if name == "nccl":
        from .. import cuda

        if not cuda.is_available():
            raise ValueError(
                'ProcessGroupNCCL is only supported with GPUs, no GPUs found! Use backend="gloo" for tensors on the CPU'
            )
        raise ValueError(
            'backend "nccl" is not there yet: use backend="gloo", which takes tensors of GPUs through host memory'
        )
    if name not in ("gloo", "mpi"):
        raise ValueError(f'Invalid backend: {str(name)!r}; the backends are "gloo" and "mpi"')
    return name


def init_process_group(
    backend=None,
    init_method=None,
    timeout=None,
    world_size=-1,
    rank=-1,
    store=None,
    group_name="",
    pg_options=None,
    device_id=None,
):
    """init_process_group(backend=None, init_method=None, timeout=None, world_size=-1, rank=-1, store=None)

    Makes this process one of a run: waits for all others and makes the group of all of them.

    Args:
        backend: "gloo" (the default): shared memory between processes of one machine, sockets otherwise. "mpi": by
            mpi4py, for processes that mpiexec started; it knows rank and size by itself.
        init_method: "env://" (the default; the environment variables RANK, WORLD_SIZE, MASTER_ADDR, MASTER_PORT),
            "tcp://host:port" of rank 0, "file:///path" of a new file that all can open.
        timeout: a timedelta, how long any call waits for the others (30 minutes).
        store: instead of init_method, with rank and world_size.

    ValueError for missing or wrong numbers and for a second call; DistNetworkError when the others do not come.
    """
    global _world, _pid
    if _world is not None:
        raise ValueError("trying to initialize the default process group twice!")
    if store is not None and init_method is not None:
        raise ValueError("init_process_group: give init_method or store, not both")
    timeout = default_pg_timeout if timeout is None else timeout
    check_timeout(timeout)
    name = backend_name(backend)
    if name == "mpi":
        _world = _start_mpi(timeout)
    elif store is not None:
        if rank < 0 or world_size < 1:
            raise ValueError("init_process_group: a store needs rank and world_size")
        if rank >= world_size:
            raise ValueError(
                f"init_process_group: rank must be below world_size, got rank {rank} of {world_size}"
            )
        _world = _joined(store, rank, world_size, timeout)
    else:
        _world = _start(init_method or "env://", world_size, rank, timeout)
    _pid = os.getpid()
    util.Finalize(None, _leave, exitpriority=0)  # unlike atexit, also in processes of multiprocessing


def _start(url, world_size, rank, timeout):
    """The run that begins at a URL.

    A process that calls init_process_group again may reach the store of the run that is just ending, which then closes:
    so all but rank 0, which keeps the store, try again until the time is up.
    """
    end = time.monotonic() + timeout.total_seconds()
    while True:
        left = timedelta(seconds=max(0.1, end - time.monotonic()))
        store, rank, world_size = next(iter(rendezvous(url, rank, world_size, timeout=left)))
        try:
            world = _joined(store, rank, world_size, timeout)
        except BaseException as error:
            store.close()
            is_late = time.monotonic() >= end
            if rank == 0 or is_late or not isinstance(store, TCPStore) or not isinstance(error, DistNetworkError):
                raise
            time.sleep(0.05)
        else:
            world.owns_store = True
            return world


def _joined(store, rank, size, timeout):
    seconds = timeout.total_seconds()
    own = PrefixStore("flambeau", store)
    own.set_timeout(timedelta(seconds=seconds))
    own.set(f"machine/{rank}", process_group.machine())
    mesh = Mesh(own, rank, size, seconds)
    try:
        machines = own.multi_get([f"machine/{r}" for r in range(size)])
        world = _World(rank, size, timeout, own, mesh, machines)
        world.default = _add(
            world, process_group.on_mesh(world, world.next_name(), list(range(size)), timeout)
        )
    except BaseException:
        mesh.close()
        raise
    return world


def _add(world, made):
    world.groups[made.group_name] = made
    return made


def _start_mpi(timeout):
    comm = mpi.library().COMM_WORLD
    world = _World(comm.rank, comm.size, timeout)
    world.default = _add(world, _on_mpi(world.next_name(), list(range(comm.size)), comm.Dup(), timeout))
    return world


def _on_mpi(name, ranks, comm, timeout):
    data = mpi.MPI(comm, timeout.total_seconds())
    return ProcessGroup(name, ranks, comm.rank, "mpi", timeout, data, mpi.Post(data), data.has_threads)


# --------------------------------------------------------------------------------------------------- groups


def new_group(
    ranks=None,
    timeout=None,
    backend=None,
    pg_options=None,
    use_local_synchronization=False,
    group_desc=None,
    device_id=None,
    sort_ranks=True,
):
    """new_group(ranks=None, timeout=None, backend=None) -> ProcessGroup of the processes `ranks` (all by default).

    All processes of the run call it, in the same order, members or not; with use_local_synchronization=True only the
    members do. The others get GroupMember.NON_GROUP_MEMBER. ValueError for ranks that there are not.
    """
    world = current()
    if timeout is not None:
        check_timeout(timeout)
    timeout = world.default.timeout if timeout is None else timeout
    name = world.default.backend if backend is None else backend_name(backend)
    if name != world.default.backend:
        raise ValueError(
            f'new_group: the processes are connected by backend "{world.default.backend}", not "{name}"'
        )
    members = list(range(world.size)) if ranks is None else [int(r) for r in ranks]
    members = sorted(members) if sort_ranks else members
    if len(members) > world.size:
        raise ValueError(
            "the new group's world size should be less or equal to the world size set by init_process_group"
        )
    for r in members:
        if not 0 <= r < world.size:
            raise ValueError("The new group's rank should be within the world_size set by init_process_group")
    if len(set(members)) != len(members) or not members:
        raise ValueError(f"new_group: the ranks must be different ones, and one at least, got {members}")
    local = f"{hashlib.sha256(repr(members).encode()).hexdigest()[:16]}-" if use_local_synchronization else ""
    key = world.next_name(local)
    if world.rank not in members:
        if name == "mpi" and not use_local_synchronization:
            _split(world, members, local)
        return GroupMember.NON_GROUP_MEMBER
    if name == "mpi":
        return _add(world, _on_mpi(key, members, _split(world, members, local), timeout))
    made = _add(world, process_group.on_mesh(world, key, members, timeout))
    made.group_desc = group_desc or ""
    return made


def _split(world, members, local):
    """The communicator of some processes; COMM_NULL for the others, who take part unless it is local."""
    comm = world.default.data.comm
    if local:
        return comm.Create_group(comm.Get_group().Incl(members))
    return comm.Create(comm.Get_group().Incl(members))


def new_subgroups_by_enumeration(
    ranks_per_subgroup_list, timeout=None, backend=None, pg_options=None, group_desc=None
):
    """new_subgroups_by_enumeration(list of lists of ranks) -> (the group of this process or None, list of all
    groups)."""
    if not ranks_per_subgroup_list:
        raise ValueError("The arg 'ranks_per_subgroup_list' cannot be empty")
    ranks = [r for some in ranks_per_subgroup_list for r in some]
    if len(set(ranks)) != len(ranks):
        raise ValueError("The new subgroups must be disjoint: a rank appears in several of them")
    made = [new_group(some, timeout, backend, group_desc=group_desc) for some in ranks_per_subgroup_list]
    mine = next((g for g in made if g is not GroupMember.NON_GROUP_MEMBER), None)
    return mine, made


def new_subgroups(group_size=None, group=None, timeout=None, backend=None, pg_options=None, group_desc=None):
    """new_subgroups(group_size=None) -> (the group of this process, list of all): consecutive ranks in groups of
    group_size (by default the processes per machine that LOCAL_WORLD_SIZE says)."""
    ranks = resolve(group).ranks
    if group_size is None:
        group_size = int(os.environ.get("LOCAL_WORLD_SIZE", len(ranks)))
    if group_size <= 0:
        raise ValueError(f"The arg 'group_size' ({group_size}) must be positive")
    if len(ranks) % group_size:
        raise ValueError(f"The world size ({len(ranks)}) must be divisible by 'group_size={group_size}'")
    parts = [ranks[i : i + group_size] for i in range(0, len(ranks), group_size)]
    return new_subgroups_by_enumeration(parts, timeout, backend, group_desc=group_desc)


def resolve(group):
    """The ProcessGroup that the argument `group` means; None when this process is not in it."""
    world = current()
    if group is None:
        return world.default
    if isinstance(group, int) and group == GroupMember.NON_GROUP_MEMBER:
        return None
    if not isinstance(group, ProcessGroup):
        raise TypeError(f"Invalid group: expected a ProcessGroup of new_group, got {type(group).__name__}")
    if group.data is None or world.groups.get(group.group_name) is not group:
        raise ValueError("Invalid process group specified: it was destroyed")
    return group


def get_rank(group=None):
    """get_rank(group=None) -> int: the rank of this process in a group (of all); -1 when it is not in it."""
    found = resolve(group)
    return -1 if found is None else found.rank()


def get_world_size(group=None):
    """get_world_size(group=None) -> int: the number of processes of a group (of all); -1 for who is not in it."""
    found = resolve(group)
    return -1 if found is None else found.size()


def get_backend(group=None):
    """get_backend(group=None) -> str: "gloo" or "mpi"."""
    found = resolve(group)
    if found is None:
        raise ValueError("Invalid process group specified")
    return Backend(found.backend)


def get_backend_config(group=None):
    """get_backend_config(group=None) -> str: the backend of each kind of device, as "cpu:gloo,cuda:gloo"."""
    name = get_backend(group)
    return f"cpu:{name},cuda:{name}"


def get_default_backend_for_device(device):
    """get_default_backend_for_device(device) -> "gloo", for all devices."""
    return "gloo"


def get_process_group_ranks(group):
    """get_process_group_ranks(group) -> list of the global ranks of the members, in the order of their group ranks."""
    found = resolve(group)
    return [] if found is None else list(found.ranks)


def get_group_rank(group, global_rank):
    """get_group_rank(group, global_rank) -> int: the rank in a group. ValueError when it is not in it."""
    found = resolve(group)
    if found is None or global_rank not in found.ranks:
        raise ValueError(f"Global rank {global_rank} is not part of group {group}")
    return found.ranks.index(global_rank)


def get_global_rank(group, group_rank):
    """get_global_rank(group, group_rank) -> int: the rank in the group of all."""
    found = resolve(group)
    if found is None or not 0 <= group_rank < found.size():
        raise ValueError(f"Group rank {group_rank} is not part of group {group}")
    return found.ranks[group_rank]


def get_node_local_rank(fallback_rank=None):
    """get_node_local_rank(fallback_rank=None) -> int: the environment variable LOCAL_RANK."""
    value = os.environ.get("LOCAL_RANK")
    if value is not None:
        return int(value)
    if fallback_rank is not None:
        return int(fallback_rank)
    raise RuntimeError(
        "LOCAL_RANK is not in the environment. Consider passing fallback_rank to allow `get_node_local_rank` to work "
        "assuming you are not running in a multi-device context and want the code to run locally instead."
    )


def get_pg_count():
    """get_pg_count() -> int: the number of groups that this process is in."""
    return len(current().groups)


# ------------------------------------------------------------------------------------------------------ end


def destroy_process_group(group=None):
    """destroy_process_group(group=None): gives a group up; without one, or for group.WORLD, ends the part of this
    process in the run: threads, connections and shared memory are gone then. Others that wait for it get an error."""
    global _world
    world = current()
    found = resolve(group)
    if found is None:
        raise ValueError("Invalid process group specified")
    if found is not world.default:
        del world.groups[found.group_name]
        found.close()
        return
    _world = None
    for made in world.groups.values():
        made.close()
    if world.mesh is not None:
        world.mesh.close()
    if world.owns_store:
        world.store.close()


def _leave():
    """At the end of the process, the part of the run that nobody ended."""
    if _world is not None and os.getpid() == _pid:
        destroy_process_group()


def _forget():
    """In a forked child: it has no part in the run of its parent, and holds no connections open."""
    global _world
    if _world is not None:
        world, _world = _world, None
        if world.mesh is not None:
            world.mesh.abandon()


os.register_at_fork(after_in_child=_forget)
