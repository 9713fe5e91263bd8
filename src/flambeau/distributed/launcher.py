"""Starts the processes of a run and watches over them: `flambeau launch`, `torch.distributed.launch` and `.run`."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from datetime import timedelta

from .errors import DistNetworkError
from .store import TCPStore

GRACE = 10.0  # seconds between asking the processes to end and killing them
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)
_POLL = 0.05  # seconds


@dataclass
class Layout:
    """Which processes to start: `local` of them on this machine, which is number `node` of `nodes`. Rank 0's machine
    has the address `host`, and `port` is free there (0: any)."""

    local: int
    nodes: int = 1
    node: int = 0
    host: str = "127.0.0.1"
    port: int = 0

    def environment(self, local_rank):
        """The environment variables of one process."""
        rank = self.node * self.local + local_rank
        size = self.nodes * self.local
        threads = max(1, (os.cpu_count() or 1) // self.local)
        numbers = {
            "RANK": rank, "LOCAL_RANK": local_rank, "WORLD_SIZE": size, "LOCAL_WORLD_SIZE": self.local,
            "GROUP_RANK": self.node, "GROUP_WORLD_SIZE": self.nodes, "ROLE_RANK": rank, "ROLE_WORLD_SIZE": size,
            "MASTER_ADDR": self.host, "MASTER_PORT": self.port, "TORCHELASTIC_USE_AGENT_STORE": True,
            "TORCHELASTIC_RUN_ID": os.environ.get("TORCHELASTIC_RUN_ID", "none"), "TORCHELASTIC_RESTART_COUNT": 0,
            "TORCHELASTIC_MAX_RESTARTS": 0, "OMP_NUM_THREADS": os.environ.get("OMP_NUM_THREADS", threads),
        }  # fmt: skip
        return {**os.environ, **{name: str(value) for name, value in numbers.items()}}


def launch(layout, command_of):
    """launch(layout, command_of) -> exit status: runs command_of(local rank), a list of words, in each process.

    When one fails the others are ended, a line on stderr says which it was, and its status is the result. Signals to
    this process go to all of them. The store by which they find each other is kept here.
    """
    try:
        store = TCPStore(layout.host, layout.port, None, layout.node == 0, timedelta(seconds=600))
    except DistNetworkError as error:
        print(f"flambeau: launch: {error}", file=sys.stderr)
        return 1
    layout.port = store.port
    with contextlib.closing(store):
        return _Watcher(layout, command_of).watch()


class _Watcher:
    """The processes of this machine."""

    def __init__(self, layout, command_of):
        self.layout = layout
        self.processes = []
        self.got = 0  # the first signal
        before = {s: signal.signal(s, self._forward) for s in _SIGNALS}
        self.restore = lambda: [signal.signal(s, handler) for s, handler in before.items()]
        try:
            for local_rank in range(layout.local):
                self.processes.append(
                    subprocess.Popen(
                        command_of(local_rank), env=layout.environment(local_rank), start_new_session=True
                    )
                )
        except BaseException:
            self._end()
            self.restore()
            raise

    def _forward(self, number, frame):
        if not self.got:
            self.got = number
            self.since = time.monotonic()
        self._send(number)

    def _send(self, number):
        """Sends a signal to all processes that run, and to those that they started."""
        for process in self.processes:
            if process.poll() is None:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, number)

    def watch(self):
        """Waits for all; the exit status."""
        try:
            while True:
                codes = [process.poll() for process in self.processes]
                failed = next((i for i, code in enumerate(codes) if code), None)
                if self.got:
                    return self._interrupted(codes)
                if failed is not None:
                    return self._failed(failed, codes[failed])
                if all(code == 0 for code in codes):
                    return 0
                time.sleep(_POLL)
        finally:
            self._end()
            self.restore()

    def _interrupted(self, codes):
        while any(code is None for code in codes) and time.monotonic() < self.since + GRACE:
            time.sleep(_POLL)
            codes = [process.poll() for process in self.processes]
        return 128 + self.got

    def _failed(self, local_rank, code):
        rank = self.layout.node * self.layout.local + local_rank
        process = self.processes[local_rank]
        how = f"exit code {code}" if code > 0 else f"signal {_signal_name(-code)}"
        others = sum(p.poll() is None for p in self.processes)
        print(
            f"flambeau: launch: rank {rank} (process {process.pid}) failed with {how}"
            + (
                f"; ending the {others} that still run"
                if others > 1
                else "; ending the other"
                if others
                else ""
            ),
            file=sys.stderr,
            flush=True,
        )
        return code if code > 0 else 128 - code

    def _end(self):
        """No process is left afterwards."""
        self._send(signal.SIGTERM)
        end = time.monotonic() + GRACE
        for process in self.processes:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(max(0.0, end - time.monotonic()))
        self._send(signal.SIGKILL)
        for process in self.processes:
            process.wait()


def _signal_name(number):
    try:
        return signal.Signals(number).name
    except ValueError:
        return str(number)
