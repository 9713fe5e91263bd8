"""`spawn(fn, args, nprocs)`: processes with ranks, the first failure of which ends all."""

import multiprocessing
import multiprocessing.connection
import pickle
import signal
import sys
import time
import traceback
import warnings


class ProcessException(Exception):
    """A process of `spawn` failed: `msg`, `error_index` (its rank), `error_pid`."""

    def __init__(self, msg, error_index, pid):
        super().__init__(msg)
        self.msg = msg
        self.error_index = error_index
        self.error_pid = pid
        self.pid = pid

    def __reduce__(self):
        return type(self), (self.msg, self.error_index, self.error_pid)


class ProcessRaisedException(ProcessException):
    """A process of `spawn` ended by an exception; the message has its traceback."""


class ProcessExitedException(ProcessException):
    """A process of `spawn` was killed by a signal (`signal_name`) or exited with a code other than 0 (`exit_code`)."""

    def __init__(self, msg, error_index, error_pid, exit_code, signal_name=None):
        super().__init__(msg, error_index, error_pid)
        self.exit_code = exit_code
        self.signal_name = signal_name

    def __reduce__(self):
        return type(self), (self.msg, self.error_index, self.error_pid, self.exit_code, self.signal_name)


def _run(fn, rank, args, errors):
    """What a process does; `errors` takes its traceback."""
    try:
        fn(rank, *args)
    except KeyboardInterrupt:
        pass  # the parent got it too
    except Exception:
        errors.send_bytes(pickle.dumps(traceback.format_exc()))
        sys.exit(1)


class ProcessContext:
    """What `spawn(join=False)` returns: the running `processes`."""

    def __init__(self, processes, errors):
        self.processes = processes
        self._errors = errors
        self._left = {process.sentinel: rank for rank, process in enumerate(processes)}

    def pids(self):
        """pids() -> list of the process ids, by rank."""
        return [int(process.pid) for process in self.processes]

    def join(self, timeout=None, grace_period=None):
        """join(timeout=None) -> bool: waits until a process ends or `timeout` seconds passed; whether all have ended.

        When one has failed, the others are terminated (killed if they live on for grace_period seconds, 30 by default)
        and ProcessRaisedException or ProcessExitedException tells of the first.
        """
        if not self._left:
            return True
        ended = multiprocessing.connection.wait(list(self._left), timeout=timeout)
        failed = None
        for sentinel in ended:
            rank = self._left.pop(sentinel)
            self.processes[rank].join()
            if self.processes[rank].exitcode != 0 and failed is None:
                failed = rank
        if failed is None:
            if not self._left:
                self._close()
            return not self._left
        self._terminate(30 if grace_period is None else grace_period)
        error = self._failure(failed)
        self._close()
        raise error

    def _terminate(self, grace):
        for process in self.processes:
            if process.is_alive():
                process.terminate()
        end = time.monotonic() + grace
        for process in self.processes:
            process.join(max(0.0, end - time.monotonic()))
            if process.is_alive():
                process.kill()
                process.join()
        self._left.clear()

    def _failure(self, rank):
        process, errors = self.processes[rank], self._errors[rank]
        text = None
        if errors.poll():
            try:
                text = pickle.loads(errors.recv_bytes())
            except EOFError:  # it sent nothing
                text = None
        if text is not None:
            message = f"\n\n-- Process {rank} terminated with the following error:\n{text}"
            return ProcessRaisedException(message, rank, process.pid)
        code = process.exitcode
        if code < 0:
            try:
                name = signal.Signals(-code).name
            except ValueError:
                name = f"<Unknown signal {-code}>"
            message = f"process {rank} terminated with signal {name}"
            return ProcessExitedException(message, rank, process.pid, code, name)
        message = f"process {rank} terminated with exit code {code}"
        return ProcessExitedException(message, rank, process.pid, code)

    def _close(self):
        for errors in self._errors:
            errors.close()


SpawnContext = ProcessContext


def start_processes(fn, args=(), nprocs=1, join=True, daemon=False, start_method="spawn"):
    """start_processes(fn, args=(), nprocs=1, join=True, daemon=False, start_method="spawn"): as `spawn`, with "fork"
    or "forkserver" too."""
    context = multiprocessing.get_context(start_method)
    processes, errors = [], []
    for rank in range(nprocs):
        ours, theirs = context.Pipe(duplex=False)
        process = context.Process(target=_run, args=(fn, rank, args, theirs), daemon=daemon)
        process.start()
        theirs.close()
        processes.append(process)
        errors.append(ours)
    running = ProcessContext(processes, errors)
    if not join:
        return running
    while not running.join():
        pass
    return None


def spawn(fn, args=(), nprocs=1, join=True, daemon=False, start_method="spawn"):
    """spawn(fn, args=(), nprocs=1, join=True, daemon=False): runs fn(rank, *args) in `nprocs` processes.

    fn must be importable by the children. join=True waits for all and returns None; otherwise a ProcessContext is
    returned. When one fails the others are ended, and ProcessRaisedException (with its traceback) or
    ProcessExitedException (exit code or signal) is raised.
    """
    if start_method != "spawn":
        warnings.warn(
            f"This method only supports start_method=spawn (got: {start_method}).\nTo use a different start_method "
            "use:\n\t\t torch.multiprocessing.start_processes(...)",
            FutureWarning,
            stacklevel=2,
        )
    return start_processes(fn, args, nprocs, join, daemon, start_method="spawn")
