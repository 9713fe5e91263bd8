"""Collectives in the background: `Work`, and the thread that does a group's works in order."""

import queue
import threading

from ..futures import Future


class Work:
    """What collectives return with async_op=True: a call that runs, or has run, in the background."""

    def __init__(self, call, result=None, source=-1):
        self._call = call
        self._result = result
        self._source = source
        self._error = None
        self._done = threading.Event()
        self._future: Future | None = None
        self._lock = threading.Lock()

    def wait(self, timeout=None):
        """wait(timeout=None) -> True: waits until the work is done. Raises the error that ended it.

        timeout: a datetime.timedelta; RuntimeError when it has passed (the work goes on).
        """
        seconds = None if timeout is None else timeout.total_seconds()
        if not self._done.wait(seconds):
            raise RuntimeError(f"wait(): the operation was not done within {seconds} seconds")
        if self._error is not None:
            raise self._error
        return True

    synchronize = wait

    def is_completed(self):
        """is_completed() -> bool: whether the work is done, well or not."""
        return self._done.is_set()

    def is_success(self):
        """is_success() -> bool: whether the work is done, without an error."""
        return self._done.is_set() and self._error is None

    def exception(self):
        """exception() -> the error that ended the work, or None."""
        return self._error

    def result(self):
        """result() -> list of the tensors that the work wrote."""
        self.wait()
        return self._result

    def source_rank(self):
        """source_rank() -> the rank that a received message came from."""
        self.wait()
        return self._source

    def get_future(self):
        """get_future() -> futures.Future of the list of the tensors that the work writes."""
        with self._lock:
            if self._future is None:
                self._future = Future()
                if self._done.is_set():
                    self._settle(self._future)  # nobody has a callback there yet
            return self._future

    def _run(self):
        try:
            self._call()
        except BaseException as error:  # raised by wait()
            self._error = error
        self._finish()

    def _finish(self):
        self._call = None
        with self._lock:
            self._done.set()
            future = self._future
        if future is not None:
            self._settle(future)

    def _settle(self, future):
        if self._error is None:
            future.set_result(self._result)
        else:
            future.set_exception(self._error)


class Worker:
    """Does the calls of one group in the order in which they come. Those of async_op=True run in a thread of its own;
    others in the caller's when nothing is before them."""

    def __init__(self, name):
        self.name = name
        self._queue: queue.SimpleQueue = queue.SimpleQueue()
        self._pending = 0
        self._lock = threading.Lock()
        self._turn = threading.Lock()  # held by the call that runs
        self._thread = None

    def run(self, call):
        """run(call): does the call after all before it."""
        with self._lock:
            inline = self._pending == 0
            if inline:
                self._pending += 1
        if not inline:
            self.submit(Work(call)).wait()
            return
        try:
            with self._turn:
                call()
        finally:
            with self._lock:
                self._pending -= 1

    def submit(self, work):
        """submit(work) -> work, which will run."""
        with self._lock:
            self._pending += 1
            if self._thread is None:
                self._thread = threading.Thread(target=self._loop, name=f"flambeau-{self.name}", daemon=True)
                self._thread.start()
            self._queue.put(work)
        return work

    def _loop(self):
        while (work := self._queue.get()) is not None:
            with self._turn:
                work._run()
            with self._lock:
                self._pending -= 1

    def close(self, seconds=1.0):
        """Ends the thread after what it has to do, but does not wait longer than some seconds for it."""
        if self._thread is not None:
            self._queue.put(None)
            if self._thread is not threading.current_thread():
                self._thread.join(seconds)
