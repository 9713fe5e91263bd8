"""Collectives by messages between two processes each, and by messages on the connections of the mesh: for processes
on several machines.

All-reduce goes around a ring: each process sends to the next one and receives from the one before, first the partial
sums of one part of the array after the other, then the finished parts (Patarasuk and Yuan, 2009, "Bandwidth optimal
all-reduce algorithms for clusters of workstations"). So a process sends 2 (n - 1) / n of the array, whatever n is, and
all have the same bits in the end.
"""

import numpy as np

from ..mesh import Deadline
from ..reduction import ReduceOp, combine

_TAG = -1
_NOTHING = np.empty(0, np.uint8)


class Messages:
    """The collectives of a backend that says how one message goes: `_send`, `_expect` and `_get`. timeout: seconds."""

    rank: int
    size: int

    def __init__(self, timeout):
        self.timeout = timeout

    def set_timeout(self, seconds):
        """How long a collective waits for the others from now on."""
        self.timeout = seconds

    def close(self):
        """Nothing to give back."""

    def _start(self, operation):
        self.operation = operation
        self.deadline = Deadline(self.timeout)

    def _send(self, q, array):
        """Sends an array to rank q; it is not changed before `_sent`."""
        raise NotImplementedError

    def _sent(self):
        """Waits until all that was sent is on its way."""

    def _expect(self, q, array):
        """Begins to receive into an array from rank q. Returns what `_get` takes, which waits for it."""
        raise NotImplementedError

    def _get(self, expected):
        raise NotImplementedError

    def _exchange(self, outs, parts):
        """Sends parts[q] to each rank q and receives outs[q] from it; None: nothing is sent, or comes."""
        order = [(self.rank + i) % self.size for i in range(1, self.size)]
        expected = [self._expect(q, outs[q]) for q in order if outs[q] is not None]
        for q in order:
            if parts[q] is not None:
                self._send(q, parts[q])
        for receipt in expected:
            self._get(receipt)
        self._sent()
        own, mine = outs[self.rank], parts[self.rank]
        if own is not None and mine is not None and own is not mine:
            own.view(np.uint8)[:] = mine.view(np.uint8)

    def all_reduce(self, array, op):
        self._start("all_reduce")
        step = -(-array.size // self.size)
        parts = [array[q * step : (q + 1) * step] for q in range(self.size)]
        before, after = (self.rank - 1) % self.size, (self.rank + 1) % self.size
        arriving = np.empty_like(parts[0])
        adding = ReduceOp.SUM if op is ReduceOp.AVG else op
        for i in range(self.size - 1):
            mine, theirs = parts[(self.rank - i) % self.size], parts[(self.rank - i - 1) % self.size]
            other = arriving[: theirs.size]
            expected = self._expect(before, other)
            self._send(after, mine)
            self._get(expected)
            self._sent()
            combine(adding, [other, theirs], theirs)
        if op is ReduceOp.AVG:
            own = parts[after]  # the part that is complete here
            np.divide(own, self.size, out=own)
        for i in range(self.size - 1):
            expected = self._expect(before, parts[(self.rank - i) % self.size])
            self._send(after, parts[(self.rank - i + 1) % self.size])
            self._get(expected)
            self._sent()

    def reduce(self, array, dst, op):
        self._start("reduce")
        if self.rank != dst:
            self._send(dst, array)
            self._sent()
            return
        parts = [array if q == dst else np.empty_like(array) for q in range(self.size)]
        self._exchange([None if q == dst else part for q, part in enumerate(parts)], [None] * self.size)
        combine(op, parts, array)

    def broadcast(self, array, src):
        """Along a binomial tree: who has the data sends it to the one half of the rest of his half away."""
        self._start("broadcast")
        relative = (self.rank - src) % self.size
        step = 1
        while step < self.size and not relative & step:
            step <<= 1
        if relative:
            self._get(self._expect((relative - step + src) % self.size, array))
        step >>= 1
        while step:
            if relative + step < self.size:
                self._send((relative + step + src) % self.size, array)
            step >>= 1
        self._sent()

    def all_gather(self, outs, array):
        self._start("all_gather")
        self._exchange(outs, [array] * self.size)

    def gather(self, outs, array, dst):
        self._start("gather")
        nothing = [None] * self.size
        parts = [array if q == dst else None for q in range(self.size)]
        self._exchange(outs if self.rank == dst else nothing, parts)

    def scatter(self, array, parts, src):
        self._start("scatter")
        outs = [array if q == src else None for q in range(self.size)]
        self._exchange(outs, parts if self.rank == src else [None] * self.size)

    def reduce_scatter(self, out, parts, op):
        self._start("reduce_scatter")
        mine = parts[self.rank]
        arriving = [mine if q == self.rank else np.empty_like(out) for q in range(self.size)]
        self._exchange([None if q == self.rank else a for q, a in enumerate(arriving)], parts)
        combine(op, arriving, out)

    def all_to_all(self, outs, parts):
        self._start("all_to_all")
        self._exchange(outs, parts)

    def barrier(self):
        self._start("barrier")
        nothing = [_NOTHING] * self.size
        self._exchange(nothing, nothing)


class Sockets(Messages):
    """Sockets(mesh, ranks, channel, timeout): the backend of the processes `ranks` of the mesh. timeout: seconds."""

    def __init__(self, mesh, ranks, channel, timeout):
        super().__init__(timeout)
        self.mesh = mesh
        self.ranks = ranks
        self.rank, self.size = ranks.index(mesh.rank), len(ranks)
        self.channel = channel

    def _send(self, q, array):
        data = array.view(np.uint8).data
        self.mesh.send(self.ranks[q], self.channel, _TAG, data, self.deadline, self.operation)

    def _expect(self, q, array):
        return self.mesh.receive(self.ranks[q], self.channel, _TAG, array.view(np.uint8).data), q

    def _get(self, expected):
        receipt, q = expected
        receipt.wait(self.deadline, self.operation, f"rank {self.ranks[q]}")
