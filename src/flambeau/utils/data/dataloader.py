"""DataLoader: batches of a dataset, in this process or from workers."""

import collections
import contextlib
import itertools
import os
import pickle
import select
import signal
import time
import warnings
import weakref

import flambeau as fb
from flambeau import multiprocessing  # sends datasets to spawned workers as shared memory

from .blocks import Blocks
from .collate import default_collate, default_convert, pin_memory_batch
from .dataset import IterableDataset
from .sampler import BatchSampler, RandomSampler, Sampler, SequentialSampler
from .worker import END, GRACE, RESUME, ExceptionWrapper, get_worker_info, make_fetcher, run  # noqa: F401

_FIXED = frozenset({"batch_size", "batch_sampler", "sampler", "drop_last", "dataset", "persistent_workers"})
_LIVENESS = 1.0  # seconds between two looks whether a silent worker is alive


class _Endless(Sampler):
    """The sampler of an iterable dataset: None again and again."""

    def __iter__(self):
        return itertools.repeat(None)


class DataLoader:
    """DataLoader(dataset, batch_size=1, shuffle=None, sampler=None, batch_sampler=None, num_workers=0, collate_fn=None,
    pin_memory=False, drop_last=False, timeout=0, worker_init_fn=None, multiprocessing_context=None, generator=None, *,
    prefetch_factor=None, persistent_workers=False, pin_memory_device="", in_order=True)

    Iterates over batches of a dataset.

    batch_size: samples in a batch; None gives the samples one by one. shuffle, sampler, batch_sampler: the order.
    collate_fn: makes a batch of a list of samples (default_collate). drop_last: leave out a smaller last batch.
    num_workers: processes that load, 0 for this one; each loads prefetch_factor (2) batches ahead. The order of batches
    does not depend on it. timeout: seconds to wait for a batch, 0 for ever. worker_init_fn(worker_id): called in each
    worker. multiprocessing_context: "fork", "spawn", ... or a context. generator: of the order and the workers' seeds.
    persistent_workers: keep the workers for the next iteration. in_order=False: batches as they come.
    pin_memory: batches are put into pinned memory, from which GPUs copy with non_blocking=True while the program goes
    on; without effect where there is no GPU.

    A worker's exception is raised here with its traceback; one that dies gives RuntimeError within a second.
    """

    _iterator = None
    __initialized = False

    def __init__(self, dataset, batch_size=1, shuffle=None, sampler=None, batch_sampler=None, num_workers=0,
                 collate_fn=None, pin_memory=False, drop_last=False, timeout=0, worker_init_fn=None,
                 multiprocessing_context=None, generator=None, *, prefetch_factor=None, persistent_workers=False,
                 pin_memory_device="", in_order=True):  # fmt: skip
        _check(num_workers, timeout, prefetch_factor, persistent_workers)
        self.dataset = dataset
        self.num_workers = num_workers
        self.prefetch_factor = 2 if num_workers and prefetch_factor is None else prefetch_factor
        self.pin_memory = pin_memory
        self.pin_memory_device = pin_memory_device
        self.timeout = timeout
        self.worker_init_fn = worker_init_fn
        self.multiprocessing_context = multiprocessing_context
        self.in_order = in_order
        if isinstance(dataset, IterableDataset):
            _check_iterable(shuffle, sampler, batch_sampler)
        if sampler is not None and shuffle:
            raise ValueError("sampler option is mutually exclusive with shuffle")
        if batch_sampler is not None:
            if batch_size != 1 or shuffle or sampler is not None or drop_last:
                raise ValueError(
                    "batch_sampler option is mutually exclusive with batch_size, shuffle, sampler, and drop_last"
                )
            batch_size, drop_last = None, False
        elif batch_size is None and drop_last:
            raise ValueError(
                "batch_size=None option disables auto-batching and is mutually exclusive with drop_last"
            )
        if sampler is None:
            sampler = self._default_sampler(shuffle, generator)
        if batch_size is not None and batch_sampler is None:
            batch_sampler = BatchSampler(sampler, batch_size, drop_last)
        self.batch_size = batch_size
        self.drop_last = drop_last
        self.sampler = sampler
        self.batch_sampler = batch_sampler
        self.generator = generator
        if collate_fn is None:
            collate_fn = default_collate if self._auto_collation else default_convert
        self.collate_fn = collate_fn
        self.persistent_workers = persistent_workers
        self._reported_length = None  # what len() said of an iterable dataset
        self.__initialized = True

    def __class_getitem__(cls, item):
        return cls

    def _default_sampler(self, shuffle, generator):
        if isinstance(self.dataset, IterableDataset):
            return _Endless()
        return (
            RandomSampler(self.dataset, generator=generator) if shuffle else SequentialSampler(self.dataset)
        )

    def __setattr__(self, name, value):
        if self.__initialized and name in _FIXED:
            raise ValueError(f"{name} attribute should not be set after {type(self).__name__} is initialized")
        object.__setattr__(self, name, value)

    @property
    def multiprocessing_context(self):
        """The context that workers are started in; None for the default one."""
        return self._context

    @multiprocessing_context.setter
    def multiprocessing_context(self, context):
        if context is not None and self.num_workers == 0:
            raise ValueError(
                "multiprocessing_context can only be used with multi-process loading (num_workers > 0), but got "
                f"num_workers={self.num_workers}"
            )
        if isinstance(context, str):
            valid = multiprocessing.get_all_start_methods()
            if context not in valid:
                raise ValueError(
                    "multiprocessing_context option should specify a valid start method in "
                    f"{valid!r}, but got multiprocessing_context={context!r}"
                )
            context = multiprocessing.get_context(context)
        if context is not None and not isinstance(context, multiprocessing.context.BaseContext):
            raise TypeError(
                "multiprocessing_context option should be a valid context object or a string specifying the start "
                f"method, but got multiprocessing_context={context}"
            )
        self._context = context

    @property
    def _auto_collation(self):
        return self.batch_sampler is not None

    @property
    def _index_sampler(self):
        return self.batch_sampler if self._auto_collation else self.sampler

    def __iter__(self):
        if not (self.persistent_workers and self.num_workers):
            return DataLoaderIter(self)
        if self._iterator is None or not self._iterator._end.alive:
            self._iterator = DataLoaderIter(self)
        else:
            self._iterator._reset(self)
        return self._iterator

    def __len__(self):
        if not isinstance(self.dataset, IterableDataset):
            return len(self._index_sampler)
        length = self._reported_length = len(self.dataset)  # type: ignore[arg-type]
        if self.batch_size is None:
            return length
        return (length + (0 if self.drop_last else self.batch_size - 1)) // self.batch_size


def _check(num_workers, timeout, prefetch_factor, persistent_workers):
    if num_workers < 0:
        raise ValueError(
            "num_workers option should be non-negative; use num_workers=0 to disable multiprocessing."
        )
    if timeout < 0:
        raise ValueError("timeout option should be non-negative")
    if num_workers == 0 and prefetch_factor is not None:
        raise ValueError(
            "prefetch_factor option could only be specified in multiprocessing."
            "let num_workers > 0 to enable multiprocessing, otherwise set prefetch_factor to None."
        )
    if prefetch_factor is not None and prefetch_factor < 0:
        raise ValueError("prefetch_factor option should be non-negative")
    if persistent_workers and num_workers == 0:
        raise ValueError("persistent_workers option needs num_workers > 0")


def _check_iterable(shuffle, sampler, batch_sampler):
    if shuffle not in (None, False):
        raise ValueError(
            f"DataLoader with IterableDataset: expected unspecified shuffle option, but got shuffle={shuffle}"
        )
    for name, value in (("sampler", sampler), ("batch_sampler", batch_sampler)):
        if value is not None:
            raise ValueError(
                f"DataLoader with IterableDataset: expected unspecified {name} option, but got {name}={value}"
            )


class DataLoaderIter:
    """DataLoaderIter(loader): one iteration over the batches of a DataLoader, in this process or from workers."""

    def __new__(cls, loader):
        if cls is DataLoaderIter:
            cls = _MultiProcessingDataLoaderIter if loader.num_workers else _SingleProcessDataLoaderIter
        return object.__new__(cls)

    def __init__(self, loader):
        self._begin(loader)
        draw = fb.empty((), dtype=fb.int64).random_(generator=loader.generator)
        self._base_seed = int(draw.item())

    def _begin(self, loader):
        # a persistent iterator belongs to its loader: it must not hold it
        self._dataset, self._index_sampler = loader.dataset, loader._index_sampler
        self._workers_wanted, self._persistent = loader.num_workers, loader.persistent_workers
        self._prefetch, self._timeout, self._in_order = (
            loader.prefetch_factor,
            loader.timeout,
            loader.in_order,
        )
        self._pin_memory = loader.pin_memory and fb.cuda.is_available()
        self._reported_length = loader._reported_length
        self._indices = iter(self._index_sampler)
        self._yielded = 0

    def _reset(self, loader):
        self._begin(loader)

    def __iter__(self):
        return self

    def __next__(self):
        batch = self._next_batch()
        self._yielded += 1
        if self._reported_length is not None and self._yielded > self._reported_length:
            self._warn_of_length()
        return pin_memory_batch(batch) if self._pin_memory else batch

    next = __next__

    def _next_batch(self):
        raise NotImplementedError

    def _warn_of_length(self):
        message = (
            f"Length of IterableDataset {self._dataset} was reported to be {self._reported_length} (when accessing "
            f"len(dataloader)), but {self._yielded} samples have been fetched. "
        )
        if self._workers_wanted:
            message += (
                "For multiprocessing data-loading, this could be caused by not properly configuring the "
                "IterableDataset replica at each worker: see get_worker_info."
            )
        warnings.warn(message, stacklevel=3)

    def __len__(self):
        return len(self._index_sampler)

    def __getstate__(self):
        raise NotImplementedError(f"{type(self).__name__} cannot be pickled")


class _SingleProcessDataLoaderIter(DataLoaderIter):
    """Loads in this process."""

    def __init__(self, loader):
        super().__init__(loader)
        self._fetcher = make_fetcher(
            loader.dataset, loader._auto_collation, loader.collate_fn, loader.drop_last
        )

    def _next_batch(self):
        return self._fetcher.fetch(next(self._indices))


# this process's ends of the connections to all of its workers
_open_ends: weakref.WeakSet = weakref.WeakSet()


def _close_inherited():
    """A forked child must not hold them: workers end when the last one closes."""
    for connection in list(_open_ends):
        connection.close()
    _open_ends.clear()


os.register_at_fork(after_in_child=_close_inherited)


class _Worker:
    """A worker as the main process sees it."""

    def __init__(self, context, arguments):
        self.connection, theirs = context.Pipe(duplex=True)
        _open_ends.add(self.connection)
        self.process = context.Process(target=run, args=(theirs, *arguments), daemon=True)
        try:
            self.process.start()
        finally:
            theirs.close()
        self.blocks = Blocks()
        self.active = True
        self.poll = select.poll()
        self.poll.register(self.connection.fileno(), select.POLLIN)

    def send(self, task):
        """Sends a task."""
        # one that died is noticed when its answer is read
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self.connection.send_bytes(pickle.dumps((self.blocks.take_freed(), task), 5))

    def receive(self, timeout):
        """The next answer, as bytes. TimeoutError after timeout seconds (0: never), EOFError when it died."""
        end = time.monotonic() + timeout if timeout else None
        while True:
            left = _LIVENESS if end is None else min(_LIVENESS, max(0.0, end - time.monotonic()))
            if self.poll.poll(left * 1000):
                try:
                    return self.blocks.receive(self.connection)
                except OSError as error:
                    raise EOFError from error
            if end is not None and time.monotonic() >= end:
                raise TimeoutError
            if not self.process.is_alive() and not self.poll.poll(0):
                raise EOFError


def _shut_down(workers, pid):
    """Ends workers: politely, then by force."""
    if os.getpid() != pid:
        return
    for worker in workers:
        worker.connection.close()
    end = time.monotonic() + GRACE
    for worker in workers:
        worker.process.join(max(0.0, end - time.monotonic()))
        if worker.process.is_alive():
            worker.process.terminate()
            worker.process.join(1.0)
        if worker.process.is_alive():
            worker.process.kill()
            worker.process.join()
    workers.clear()


class _MultiProcessingDataLoaderIter(DataLoaderIter):
    """Loads in workers. Tasks go to them in turn, and each answers in order: the next batch is known by its worker."""

    def __init__(self, loader):
        super().__init__(loader)
        context = loader.multiprocessing_context or multiprocessing
        arguments = (
            loader.dataset,
            loader._auto_collation,
            loader.collate_fn,
            loader.drop_last,
            self._base_seed,
        )
        self._workers: list[_Worker] = []
        self._waiting: collections.deque[_Worker] = (
            collections.deque()
        )  # those of the tasks on their way, in order
        self._end = weakref.finalize(self, _shut_down, self._workers, os.getpid())
        try:
            for i in range(loader.num_workers):
                worker = _Worker(context, (*arguments, i, loader.num_workers, loader.worker_init_fn))
                self._workers.append(worker)
                self._assign(worker)  # it begins while the next one starts
            self._prefetch_more()
        except BaseException:
            self._end()
            raise

    @property
    def workers(self):
        """The processes of the workers."""
        return [worker.process for worker in self._workers]

    def _prefetch_more(self):
        """Each worker has its first task; this assigns the others that are on their way at a time."""
        self._turns = itertools.cycle(self._workers.copy())
        for _ in range((max(1, self._prefetch) - 1) * len(self._workers)):
            self._assign()

    def _reset(self, loader):
        """Begins the next iteration of persistent workers."""
        while self._waiting:  # the last one was left half-way
            self._answer(self._waiting.popleft())
        self._begin(loader)
        for worker in self._workers:
            worker.active = True
            worker.send(RESUME)
            self._assign(worker)
        self._prefetch_more()

    def _assign(self, worker=None):
        """Sends the next task to a worker: the next one in turn that has not ended."""
        if not any(w.active for w in self._workers):
            return
        indices = next(self._indices, _NOTHING)
        if indices is _NOTHING:
            return
        if worker is None:
            worker = next(w for w in self._turns if w.active)
        self._waiting.append(worker)
        worker.send(indices)

    def _next_batch(self):
        while self._waiting:
            worker = self._next_worker()
            message = self._answer(worker)
            if not worker.active:
                continue
            self._assign()
            answer = worker.blocks.read(message)
            if isinstance(answer, ExceptionWrapper):
                answer.reraise()
            if answer == END:
                worker.active = False
                continue
            return answer[0]
        if not self._persistent:
            self._end()
        raise StopIteration

    def _next_worker(self):
        """The worker whose answer is next: that of the oldest task, or any that has answered if the order is free."""
        if not self._in_order:
            poll = select.poll()
            ends = {w.connection.fileno(): w for w in self._waiting}
            for descriptor in ends:
                poll.register(descriptor, select.POLLIN)
            ready = poll.poll(_LIVENESS * 1000)
            if ready:
                worker = ends[ready[0][0]]
                self._waiting.remove(worker)
                return worker
        return self._waiting.popleft()

    def _answer(self, worker):
        try:
            return worker.receive(self._timeout)
        except TimeoutError:
            error = f"DataLoader timed out after {self._timeout} seconds"
        except EOFError:
            error = _cause_of_death(worker.process)
        for other in self._workers:
            other.process.terminate()
        self._shutdown_workers()
        raise RuntimeError(error)

    def _shutdown_workers(self):
        self._waiting.clear()
        self._end()


_NOTHING = object()


def _cause_of_death(process):
    process.join(1.0)
    code = process.exitcode
    if code is not None and code < 0:
        return f"DataLoader worker (pid {process.pid}) is killed by signal: {signal.strsignal(-code)}. "
    return f"DataLoader worker (pid(s) {process.pid}) exited unexpectedly"


_BaseDataLoaderIter = DataLoaderIter
