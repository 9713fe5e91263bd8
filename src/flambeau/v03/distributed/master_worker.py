"""Master-worker mode of 0.3: the program runs in the process of rank 0, the master; the others, its workers, have
tensors and carry out what the master sends them.

What is sent is pickled, so the processes trust each other. A request is a byte that says whether an answer is waited
for, and (kind, name, args, kwargs); an answer is (True, result) or (False, error). An object that stays in a worker is
a number there, and in the master an object around this number (`Distant`; `remote_types.py` has the classes). Both
travel as "persistent ids" of pickle, and so may be anywhere in lists and tuples.

The master does not wait where it has the result already: for in-place methods and out=. So the workers compute at the
same time. The error of such a call comes with the next one that waits for this worker, which has done nothing between.
"""

import collections
import io
import itertools
import pickle
import sys
import threading
from collections.abc import Callable
from datetime import timedelta
from multiprocessing import util

import numpy as np

from ... import _core
from ... import distributed as todays
from ...storage import Storage
from ..faces import TYPES, Distant, Variable, _TensorBase, plain, shown_array

_FOREVER = timedelta(days=36500)  # how long a worker waits for the master
_NEW = object()  # a result that the master does not have
_DATA = (bool, int, float, complex, str, bytes, tuple, list, dict, slice, type, type(None), type(NotImplemented))
_LOCAL = (_TensorBase, Variable, Storage)

# ---- messages


def _send(data, rank):
    """Sends a writable buffer of bytes to a process."""
    todays.send(_core.make(np.array([len(data)])), rank)
    todays.send(_core.make(np.frombuffer(data, np.uint8)), rank)


def _receive(rank, timeout=None):
    """The next bytes from a process. timeout: a timedelta, by default that of the run."""
    size = np.empty(1, np.int64)
    todays.irecv(_core.make(size), rank).wait(timeout)
    data = np.empty(size[0], np.uint8)
    todays.irecv(_core.make(data), rank).wait(timeout)
    return data.data


class _Pickler(pickle.Pickler):
    def __init__(self, file, id_of):
        super().__init__(file, pickle.HIGHEST_PROTOCOL)
        self._id_of = id_of

    def persistent_id(self, obj):
        return self._id_of(obj)


class _Unpickler(pickle.Unpickler):
    def __init__(self, file, object_of):
        super().__init__(file)
        self._object_of = object_of

    def persistent_load(self, pid):
        return self._object_of(*pid)


def _packed(value, id_of, head=b""):
    """A value as bytes behind those of `head`. id_of(object) -> how an object travels, or None: as pickle does it."""
    file = io.BytesIO()
    file.write(head)
    _Pickler(file, id_of).dump(value)
    return file.getbuffer()


def _unpacked(data, object_of):
    return _Unpickler(io.BytesIO(data), object_of).load()


def _elements(value):
    """How the elements of a plain tensor, a storage or an array travel."""
    kind = "Tensor" if isinstance(value, _TensorBase) else "Storage" if isinstance(value, Storage) else "array"
    array = value if kind == "array" else shown_array(value.cpu()) if kind == "Tensor" else value.cpu().array
    return "elements", kind, array.dtype.str, array.shape, array.tobytes()


def _made_of(kind, dtype, shape, data):
    """What `_elements` sent, in memory of its own."""
    array = np.frombuffer(data, dtype).reshape(shape).copy()
    if kind == "array":
        return array
    tensor = plain(_core.make(array))
    return tensor if kind == "Tensor" else tensor.storage()


# ---- the master


class Master:
    """Master(classes): the master of a run. classes: of the objects in workers, by the names of their types there."""

    def __init__(self, classes):
        self.classes = classes
        self._group = todays.group.WORLD
        self.workers = range(1, todays.get_world_size())
        self.freed: dict = {rank: collections.deque() for rank in self.workers}  # numbers of objects without use
        self._unheard: set = set()  # workers whose answers may still come after an error or an interrupt
        self._chosen = threading.local()
        self._lock = threading.RLock()

    def is_running(self):
        """is_running() -> bool: whether its run is the one that this process is in."""
        return todays.is_initialized() and todays.group.WORLD is self._group

    @property
    def worker(self):
        """The worker that calls without tensors go to, such as those that make some; each thread has its own."""
        return getattr(self._chosen, "rank", 1)

    @worker.setter
    def worker(self, rank):
        if rank not in self.workers:
            raise ValueError(f"torch.distributed: the workers have the ranks 1 to {self.workers[-1]}, got {rank!r}")
        self._chosen.rank = rank

    def call(self, kind, name, args, kwargs):
        """call(kind, name, args, kwargs): has a worker make a call of a "method" of args[0], or of a "function" of the
        namespace, read an "attribute", or send the "elements". Returns the result, or raises the error."""
        ranks = set()

        def id_of(obj):
            if isinstance(obj, Distant):
                if obj._run is not self or not self.is_running():
                    raise RuntimeError(f"{name}: the {type(obj).__name__} was in a worker of a run that has ended")
                ranks.add(obj._rank)
                return "object", obj._number
            if isinstance(obj, type) and issubclass(obj, Distant):
                return "class", obj.__name__
            if not isinstance(obj, _LOCAL):
                return None
            if name != "copy_" or isinstance(obj, Variable):
                raise TypeError(f"{name}: a {type(obj).__name__} of this process among those of a worker; use copy_")
            return _elements(obj)

        known = _known(kind, name, args, kwargs)
        data = _packed((kind, name, args, kwargs), id_of, bytes([known is _NEW]))
        if len(ranks) > 1:
            raise RuntimeError(f"{name}: the tensors are in workers {sorted(ranks)}; use copy_ to bring them together")
        rank = ranks.pop() if ranks else self.worker
        with self._lock:
            if rank in self._unheard:
                raise RuntimeError(f"{name}: an earlier call in worker {rank} was broken off; end the run")
            if freed := self.freed[rank]:
                numbers = [freed.popleft() for _ in range(len(freed))]
                _send(_packed(("free", "", numbers, {}), lambda obj: None, b"\0"), rank)
            _send(data, rank)
            return self._answer(rank) if known is _NEW else known

    def _answer(self, rank):
        self._unheard.add(rank)
        data = _receive(rank)
        self._unheard.remove(rank)
        good, value = _unpacked(data, lambda *pid: self._object(rank, *pid))
        if not good:
            raise value
        return value

    def _object(self, rank, kind, *values):
        """The object that a worker sent as a persistent id."""
        if kind == "elements":
            return _made_of(*values)
        if kind == "class":
            return self.classes[values[0]]
        name, number = values
        return self.classes.get(name, Distant)._in(self, rank, number)

    def end(self):
        """Ends the workers. Raises an error that has not been raised yet, once all have ended."""
        errors = []
        with self._lock:
            for rank in self.workers:
                try:
                    _send(_packed(("end", "", (), {}), lambda obj: None, b"\1"), rank)
                    if rank not in self._unheard:
                        self._answer(rank)
                except Exception as error:
                    errors.append(error)
        if errors:
            raise errors[0]


def _known(kind, name, args, kwargs):
    """The result of a call that the master has already: self of an in-place method, or out=; else _NEW."""
    if kwargs.get("out") is not None:
        return kwargs["out"]
    if kind != "method":
        return _NEW
    if name == "__setitem__":
        return None
    changes = name in _IN_PLACE if name.startswith("__") else name.endswith("_")
    return args[0] if changes else _NEW


_IN_PLACE = {f"__i{name}__" for name in ("add", "sub", "mul", "div", "truediv", "mod", "pow")}

_master: Master | None = None


def master():
    """master() -> the Master of this process. RuntimeError when it is none."""
    if _master is None or not _master.is_running():
        raise RuntimeError("torch.distributed: there are no workers; call init_master_worker first")
    return _master


def is_master():
    """is_master() -> bool: whether this process is the master of a run."""
    return _master is not None and _master.is_running()


def start(classes):
    """start(classes): begins master-worker mode. Returns in the master; a worker works until the master ends, then
    exits."""
    global _master
    if todays.get_rank() == 0:
        _master = Master(classes)
        util.Finalize(None, end, exitpriority=1)  # before the end of the run, which has priority 0
        return
    Worker().serve()
    todays.destroy_process_group()
    sys.exit(0)


def end():
    """end(): ends the workers, if this process is their master."""
    global _master
    ending, _master = _master, None
    if ending is not None and ending.is_running():
        ending.end()


# ---- the workers


class Worker:
    """A worker: its objects by the numbers that the master knows, and what it does."""

    def __init__(self):
        self.objects = {}
        self._numbers = itertools.count(1)
        self._error = None  # of a call for which the master did not wait

    def serve(self):
        """serve(): carries out the requests of the master until it says that it ends."""
        kind = None
        while kind != "end":
            data, answer = _receive(0, _FOREVER), None
            try:
                kind, name, args, kwargs = _unpacked(data[1:], self._object)
                answer = self._answer(kind, name, args, kwargs, data[0])
            except Exception as error:
                self._error = self._error or error
            if data[0]:
                if self._error is not None:
                    answer, self._error = _packed_error(self._error), None
                _send(answer, 0)

    def _answer(self, kind, name, args, kwargs, is_awaited):
        """Carries out a request. Returns the answer as bytes, if it is waited for."""
        if kind == "free":
            for number in args:
                del self.objects[number]
        elif self._error is None:
            try:
                result = _CALLS[kind](name, *args, **kwargs)
                if is_awaited:
                    return _packed((True, result), self._id)
                if result is NotImplemented:
                    raise TypeError(f"unsupported operand type(s) for {name}")
            except Exception as error:
                error.add_note(f"(by {name} in worker {todays.get_rank()})")
                raise
        return None

    def _object(self, kind, *values):
        if kind == "elements":
            return _made_of(*values)
        return self.objects[values[0]] if kind == "object" else getattr(_torch(), values[0])

    def _id(self, obj):
        """How an object of a result travels: data as it is, all others get a number and stay."""
        if isinstance(obj, type):
            name = _name(obj)
            return ("class", name) if name else None
        if isinstance(obj, _DATA):
            return None
        if isinstance(obj, (np.ndarray, _Elements)):
            return _elements(getattr(obj, "owner", obj))
        number = next(self._numbers)
        self.objects[number] = obj
        return "object", _name(type(obj)), number


class _Elements:
    """Says that the elements of a tensor or storage are wanted, not the object."""

    def __init__(self, owner):
        self.owner = owner


def _torch():
    """The namespace of 0.3."""
    return sys.modules[__name__.removesuffix(".distributed.master_worker")]


def _name(cls):
    """"FloatTensor", "FloatStorage", ... for such classes, None for others."""
    name = cls.__name__
    return name if name in _CLASSES and getattr(_torch(), name) is cls else None


_CLASSES = {*TYPES, *(name.replace("Tensor", "Storage") for name in TYPES)}
_CALLS: dict[str, Callable] = {
    "function": lambda name, /, *args, **kwargs: getattr(_torch(), name)(*args, **kwargs),
    "method": lambda name, owner, /, *args, **kwargs: getattr(owner, name)(*args, **kwargs),
    "attribute": lambda name, owner: getattr(owner, name),
    "elements": lambda name, owner: _Elements(owner),
    "end": lambda name: None,
}


def _packed_error(error):
    """The answer (False, error), for an error that cannot be pickled with one of its text."""
    try:
        data = pickle.dumps((False, error))
        pickle.loads(data)
    except Exception:
        data = pickle.dumps((False, RuntimeError(f"{type(error).__name__}: {error}")))
    return bytearray(data)
