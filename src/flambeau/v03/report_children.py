"""What child processes relied on: each appends its findings to a file, which the process that reports reads at the end.

A child writes a finding when it first makes it, so that nothing is lost when it is killed, and how often it was made
when it ends. Forked children inherit all of this; spawned ones get the path of the file (`aliasing.children`).
"""

import atexit
import json
import os
import tempfile
from multiprocessing import util

from . import report

_path = ""  # of the file; empty: nobody asks for children's findings
_main = 0  # the process that reports


def collect():
    """The children that are started from now on write their findings. Called by the process that will report."""
    global _main
    handle, path = tempfile.mkstemp(prefix="flambeau-report-")
    os.close(handle)
    _main = os.getpid()
    _watch(path)


def path():
    """The file, or None."""
    return _path or None


def begin(path):
    """Called by a spawned child with the path of its parent."""
    report.start()
    _watch(path)
    _begin_child()


def _watch(path):
    global _path
    _path = path
    os.register_at_fork(after_in_child=_begin_child)
    util.register_after_fork(report, lambda _: _end_by_finalizer())
    atexit.register(finish)


def _begin_child():
    report.clear()
    report.on_first = _write_first if _path else None
    _end_by_finalizer()


def _end_by_finalizer():
    """Processes of multiprocessing end without atexit."""
    util.Finalize(None, finish, exitpriority=0)


def _write_first(finding):
    _append([[*finding, 1]])


def finish():
    """In a child: writes how often its findings were made beyond the first time."""
    if _path and os.getpid() != _main:
        _append([[*finding, n - 1] for finding, n in report.findings().items() if n > 1])
        report.clear()


def _append(rows):
    text = "".join(json.dumps(row) + "\n" for row in rows)
    if text and os.path.exists(_path):  # the main process may have ended
        with open(_path, "a", encoding="utf-8") as file:
            file.write(text)


def merge():
    """Adds what children have written to the findings of this process; children write no more."""
    global _path
    with open(_path, encoding="utf-8") as file:
        for line in file:
            kind, name, number, n = json.loads(line)
            report.add((kind, name, number), n)
    os.remove(_path)
    _path = ""
