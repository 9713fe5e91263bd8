"""`ProcessGroup`: some processes of a run that call collectives together."""

import hashlib
import os

import numpy as np

from .backends import shared_memory
from .backends.messages import Sockets
from .errors import DistBackendError
from .mesh import Deadline
from .store import PrefixStore
from .work import Worker


class ProcessGroup:
    """What `new_group` returns to the members: a group of processes. `dist.group.WORLD` is the group of all.

    ranks: the global ranks of the members. `data` carries collectives, `post` messages; see `backends`.
    """

    def __init__(self, name, ranks, rank, backend, timeout, data, post, in_thread=True):
        self.group_name = name
        self.group_desc = ""
        self.ranks = ranks
        self.backend = backend
        self.timeout = timeout
        self.data = data
        self.post = post
        self.worker = Worker(name) if in_thread else None
        self._rank = rank

    def rank(self):
        """rank() -> the rank of this process in the group."""
        return self._rank

    def size(self):
        """size() -> the number of processes in the group."""
        return len(self.ranks)

    def name(self):
        """name() -> the backend."""
        return self.backend

    def close(self):
        """Ends its thread and gives its memory back."""
        if self.worker is not None:
            self.worker.close()
        self.data.close()
        self.post.close()
        self.data = self.post = None

    def __repr__(self):
        return f"<ProcessGroup of ranks {self.ranks}, backend {self.backend}>"


# ---- groups on the mesh: backend "gloo"


def on_mesh(world, name, ranks, timeout):
    """on_mesh(world, name, ranks, timeout) -> ProcessGroup of the backend "gloo". All members call it."""
    channel = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big") & ~1
    rank = ranks.index(world.rank)
    patience = max(timeout, world.timeout).total_seconds()  # until all have made the group
    data = _shared(world, name, ranks, rank, patience) if len(ranks) > 1 and _one_machine(world, ranks) else None
    if data is None:
        data = Sockets(world.mesh, ranks, channel, patience)
    data.barrier()  # the store is not needed after this, by anyone
    data.set_timeout(timeout.total_seconds())
    return ProcessGroup(name, ranks, rank, "gloo", timeout, data, Post(world.mesh, ranks, channel | 1))


def machine():
    """What the machines of processes that can share memory have in common."""
    if os.environ.get("FLAMBEAU_SHARED_MEMORY") == "0":
        return f"no shared memory wanted {os.getpid()}"
    return shared_memory.machine()


def _one_machine(world, ranks):
    return len({world.machines[r] for r in ranks}) == 1


def _shared(world, name, ranks, rank, seconds):
    """The backend in shared memory; None, on all members, when one of them cannot have it."""
    store = PrefixStore(f"group/{name}", world.store)
    path = mapping = None
    try:
        try:
            if rank == 0:
                path, mapping = shared_memory.create(len(ranks))
                store.set("file", path)
            else:
                mapping = shared_memory.attach(store.get("file").decode(), len(ranks))
        except OSError:  # no room, or not the same folder after all
            store.set("file", "")
        store.set(f"has/{rank}", b"0" if mapping is None else b"1")
        if rank == 0:
            all_have = all(has == b"1" for has in store.multi_get([f"has/{q}" for q in range(len(ranks))]))
            store.set("shared", b"1" if all_have else b"0")
    finally:
        if path is not None:
            os.unlink(path)
    if store.get("shared") == b"0":
        return None
    return shared_memory.SharedMemory(mapping, rank, len(ranks), Watch(world.mesh, ranks, seconds))


class Watch:
    """Watch(mesh, ranks, seconds): whether those who are waited for live, and have time left."""

    def __init__(self, mesh, ranks, seconds):
        self.mesh, self.ranks, self.seconds = mesh, ranks, seconds
        self.deadline = None
        self.ended = False

    def start(self):
        """A collective begins."""
        self.deadline = None

    def name(self, q):
        """The global rank of the group's rank q."""
        return self.ranks[q]

    def check(self, q, operation):
        """Raises DistBackendError when rank q is gone or late."""
        if self.deadline is None:
            self.deadline = Deadline(self.seconds)
        rank = self.ranks[q]
        if self.ended:
            raise DistBackendError(f"{operation}: this process has destroyed the group")
        peer = self.mesh.peers.get(rank)
        if peer is not None and peer.lost is not None:
            raise DistBackendError(f"{operation}: {peer.lost}")
        if not self.deadline.left:
            raise DistBackendError(
                f"{operation}: rank {rank} did not take part within {self.seconds:g} seconds"
            )


class Post:
    """Post(mesh, ranks, channel): messages of programs between the processes `ranks`, by their ranks in the group."""

    def __init__(self, mesh, ranks, channel):
        self.mesh, self.ranks, self.channel = mesh, ranks, channel
        self.rank = ranks.index(mesh.rank)

    def send(self, array, dst, tag, timeout, what):
        """send(array, dst, tag, timeout, what) -> _Request that is done: the bytes are on their way."""
        data = array.view(np.uint8).data
        self.mesh.send(self.ranks[dst], self.channel, tag, data, Deadline(timeout), what)
        return _Request(self, None, what)

    def receive(self, array, src, tag, timeout, what):
        """receive(array, src, tag, timeout, what) -> _Request: begins to receive, from any rank when src is None."""
        others = frozenset(self.ranks) - {self.mesh.rank}
        source = others if src is None else self.ranks[src]
        receipt = self.mesh.receive(source, self.channel, tag, array.view(np.uint8).data)
        return _Request(self, receipt, what, "any rank" if src is None else f"rank {self.ranks[src]}")

    def close(self):
        """Nothing to give back."""


class _Request:
    def __init__(self, post, receipt, what, name=""):
        self.post, self.receipt, self.what, self.name = post, receipt, what, name

    def is_done(self):
        return self.receipt is None or self.receipt.done.is_set()

    def wait(self, timeout):
        """wait(timeout) -> the rank in the group that a received message came from."""
        if self.receipt is None:
            return -1
        self.receipt.wait(Deadline(timeout), self.what, self.name)
        return self.post.ranks.index(self.receipt.source)

    def cancel(self):
        if self.receipt is not None:
            self.post.mesh.withdraw(self.receipt)
