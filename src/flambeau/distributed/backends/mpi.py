"""Collectives and messages by MPI, through mpi4py: `pip install flambeau[mpi]`.

MPI itself says which process is which: `mpiexec -n 4 python train.py`, or `flambeau launch --mpi -n 4 train.py`.
"""

import functools
import importlib
import importlib.util
import time

import numpy as np

from ... import _core
from ...dtype import float32
from ..errors import DistBackendError
from ..mesh import Deadline
from ..reduction import ReduceOp
from .messages import Messages

_CHUNK = 1 << 20  # bytes: what stays in the caches; a call for 100 MB takes several times as long
_TAG = 32000  # of collectives; those of messages are below
_POLL = 0.0005  # seconds


def is_available():
    """Whether mpi4py is installed."""
    return importlib.util.find_spec("mpi4py") is not None


@functools.cache
def library():
    """mpi4py's module MPI; its import starts MPI. RuntimeError when it is not installed, or finds no MPI."""
    try:
        return importlib.import_module("mpi4py.MPI")
    except (ImportError, RuntimeError) as error:
        reason = str(error).splitlines()[0]
        raise RuntimeError(
            f'backend "mpi": {reason}; `pip install flambeau[mpi]` and start the program by `flambeau launch --mpi`'
        ) from None


class MPI(Messages):
    """MPI(comm, timeout): the backend of the processes of an mpi4py communicator. timeout: seconds, of messages."""

    def __init__(self, comm, timeout):
        super().__init__(timeout)
        self.comm = comm
        self.mpi = library()
        self.rank, self.size = comm.rank, comm.size
        self._requests = []
        names = dict(
            SUM="SUM", AVG="SUM", PRODUCT="PROD", MIN="MIN", MAX="MAX", BAND="BAND", BOR="BOR", BXOR="BXOR"
        )
        self.ops = {op: getattr(self.mpi, names[op.name]) for op in ReduceOp}

    @property
    def has_threads(self):
        """Whether several threads may call MPI at a time."""
        return self.mpi.Query_thread() == self.mpi.THREAD_MULTIPLE

    # ---- messages

    def _send(self, q, array):
        self._requests.append(self.comm.Isend([array.view(np.uint8), self.mpi.BYTE], q, _TAG))

    def _sent(self):
        self.mpi.Request.Waitall(self._requests)
        self._requests = []

    def _expect(self, q, array):
        return self.comm.Irecv([array.view(np.uint8), self.mpi.BYTE], q, _TAG)

    def _get(self, expected):
        expected.Wait()

    # ---- what MPI does by itself

    def all_reduce(self, array, op):
        for chunk in self._reducible(array):
            with _Wide(chunk) as wide:
                self.comm.Allreduce(self.mpi.IN_PLACE, wide.array, self._op(wide.array, op))
                if op is ReduceOp.AVG:
                    np.divide(wide.array, self.size, out=wide.array)

    def reduce(self, array, dst, op):
        for chunk in self._reducible(array):
            with _Wide(chunk, self.rank == dst) as wide:
                if self.rank == dst:
                    self.comm.Reduce(self.mpi.IN_PLACE, wide.array, self._op(wide.array, op), dst)
                    if op is ReduceOp.AVG:
                        np.divide(wide.array, self.size, out=wide.array)
                else:
                    self.comm.Reduce(wide.array, None, self._op(wide.array, op), dst)

    def _reducible(self, array):
        step = _CHUNK // array.itemsize
        return [array[at : at + step] for at in range(0, array.size, step)]

    def _op(self, array, op):
        if array.dtype.kind != "b":
            return self.ops[op]
        logical = {
            ReduceOp.PRODUCT: "LAND",
            ReduceOp.MIN: "LAND",
            ReduceOp.BAND: "LAND",
            ReduceOp.BXOR: "LXOR",
        }
        return getattr(self.mpi, logical.get(op, "LOR"))

    def broadcast(self, array, src):
        self.comm.Bcast([array.view(np.uint8), self.mpi.BYTE], src)

    def barrier(self):
        self.comm.Barrier()


class _Wide:
    """An array as MPI can reduce it: half precision in float32, rounded once, at the end of the block."""

    def __init__(self, array, writes=True):
        self.given = array
        self.writes = writes
        is_half = array.dtype.itemsize == 2 and array.dtype.kind not in "iu"
        self.array = _core.cast(array, float32.code) if is_half else array

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        if self.array is not self.given and self.writes:
            self.given[:] = _core.cast(self.array, _core.code_of(self.given.dtype))


class Post:
    """Post(backend): messages of programs between processes of an MPI communicator."""

    def __init__(self, backend):
        self.backend = backend
        self.comm = backend.comm.Dup()

    def send(self, array, dst, tag, timeout, what):
        """send(array, dst, tag, timeout, what) -> _Request: begins to send."""
        return _Request(
            self.comm.Isend([array.view(np.uint8), self.backend.mpi.BYTE], dst, self._tag(tag)), None, what
        )

    def receive(self, array, src, tag, timeout, what):
        """receive(array, src, tag, timeout, what) -> _Request: begins to receive, from any rank when src is None."""
        mpi = self.backend.mpi
        source = mpi.ANY_SOURCE if src is None else src
        request = self.comm.Irecv([array.view(np.uint8), mpi.BYTE], source, self._tag(tag))
        return _Request(request, mpi.Status(), what, array.nbytes)

    def _tag(self, tag):
        if not -8 <= tag < _TAG:
            raise ValueError(f'backend "mpi": a tag must be from 0 to {_TAG - 1}, got {tag}')
        return tag if tag >= 0 else _TAG - tag

    def close(self):
        """Gives the communicator back."""
        self.comm.Free()


class _Request:
    def __init__(self, request, status, what, nbytes=None):
        self.request, self.status, self.what, self.nbytes = request, status, what, nbytes
        self.source = -1

    def is_done(self):
        return self.request is None or self._test()

    def _test(self):
        if not self.request.Test(self.status):
            return False
        self.request = None
        if self.status is not None:
            self.source = self.status.source
            if self.status.count != self.nbytes:
                raise DistBackendError(
                    f"{self.what}: rank {self.source} sent {self.status.count} bytes, but the tensor has {self.nbytes}"
                )
        return True

    def wait(self, timeout):
        """wait(timeout) -> the rank that a received message came from; DistBackendError after so many seconds."""
        deadline = Deadline(timeout)
        while not self.is_done():
            if not deadline.left:
                raise DistBackendError(f"{self.what}: nothing happened within {timeout:g} seconds")
            time.sleep(_POLL)
        return self.source

    def cancel(self):
        if self.request is not None:
            self.request.Cancel()
            self.request.Wait()
