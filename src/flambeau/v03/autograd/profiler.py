"""`torch.autograd.profiler` of 0.3: a `with` block that lists the operations inside it with their times; the files of
NVIDIA's nvprof; and marks for its profilers.

    with torch.autograd.profiler.profile() as prof:
        model(x).backward()
    print(prof)

Times are in microseconds. `flambeau.autograd.profiler` records them, and can tell more.
"""

import json
import pathlib
import shutil
import subprocess
from collections import defaultdict, namedtuple
from typing import Any

from ... import _core
from ...autograd import anomaly
from ...autograd import profiler as todays

__all__ = ["EnforceUnique", "EventList", "FormattedTimesMixin", "FunctionEvent", "FunctionEventAvg", "Interval",
           "Kernel", "Record", "StringTable", "attr_formatter", "build_table", "demangle", "emit_nvtx", "format_time",
           "load_nvprof", "parse_cpu_trace", "parse_nvprof_trace", "profile"]  # fmt: skip


class EventList(list):
    """A list of events, which is printed as a table."""

    def __str__(self):
        return self.table()

    def table(self, sort_by=None):
        """table(sort_by=None) -> str: a row per event, in order of time or of an attribute: "cpu_time", "cuda_time",
        "cpu_time_total", "cuda_time_total", "count"."""
        return build_table(self, sort_by)

    def export_chrome_trace(self, path):
        """export_chrome_trace(path): writes the events for chrome://tracing."""
        with open(path, "w") as file:
            json.dump([record for event in self for record in _trace_records(event)], file)

    def key_averages(self):
        """key_averages() -> EventList with one FunctionEventAvg for each name."""
        averages: defaultdict[str, FunctionEventAvg] = defaultdict(FunctionEventAvg)
        for event in self:
            averages[event.key] += event
        return EventList(averages.values())

    def total_average(self):
        """total_average() -> FunctionEventAvg of all events."""
        total = FunctionEventAvg()
        for event in self:
            total += event
        total.key = "Total"
        return total


def _trace_records(event):
    """The records of Chrome's format for an event, and for its kernels with arrows to them."""
    begin = event.cpu_interval.start
    yield {"name": event.name, "ph": "X", "ts": begin, "dur": event.cpu_interval.elapsed_us(), "tid": event.thread,
           "pid": "CPU functions", "args": {}}  # fmt: skip
    for number, kernel in enumerate(event.kernels):
        arrow = {"name": event.name, "cat": "cpu_to_cuda", "id": f"{event.id}.{number}", "args": {}}
        yield {**arrow, "ph": "s", "ts": begin, "tid": event.thread, "pid": "CPU functions"}
        yield {**arrow, "ph": "f", "ts": kernel.interval.start, "tid": 0, "pid": "CUDA functions"}
        yield {"name": kernel.name, "ph": "X", "ts": kernel.interval.start, "dur": kernel.interval.elapsed_us(),
               "tid": 0, "pid": "CUDA functions", "args": {}}  # fmt: skip


class profile:
    """profile(enabled=True): as a context manager, records each operation and each backward of one inside the block.

    enabled=False: does nothing. An object is used once: RuntimeError when it is entered again.
    """

    def __init__(self, enabled=True):
        self.enabled, self.entered = enabled, False
        self.function_events = None
        self._recorder = todays.profile(bool(enabled))

    def __enter__(self):
        if not self.enabled:
            return None
        if self.entered:
            raise RuntimeError("autograd profiler traces are not reentrant")
        self._recorder.__enter__()
        self.entered = True
        return self

    def __exit__(self, *exception):
        if self.enabled:
            self._recorder.__exit__(*exception)
            self.function_events = EventList(map(_as_in_03, _of_03(self._recorder.function_events)))
        return False

    def __repr__(self):
        return "<unfinished torch.autograd.profile>" if self.function_events is None else str(self.function_events)

    __str__ = __repr__

    def _finished(self):
        if self.function_events is None:
            raise RuntimeError("can't export a trace that didn't finish running")
        return self.function_events

    def export_chrome_trace(self, path):
        """See EventList.export_chrome_trace."""
        self._finished().export_chrome_trace(path)

    def table(self, sort_by=None):
        """See EventList.table."""
        return self._finished().table(sort_by)

    def key_averages(self):
        """See EventList.key_averages."""
        return self._finished().key_averages()

    def total_average(self):
        """See EventList.total_average."""
        return self._finished().total_average()


def _of_03(events):
    """Events without those that stand for whole backward passes, which 0.3 did not record."""
    return [e for e in events if e.name != "autograd::engine::run_backward"]


def _as_in_03(event):
    """An event of today's profiler as 0.3 named it: "mul" for "aten::mul"."""
    interval = event.time_range
    return FunctionEvent(event.id, event.name.removeprefix("aten::"), event.thread, interval.start, interval.end)


# ------------------------------------------------------------------------------------------------- events


def format_time(time_us):
    """format_time(time_us) -> str: a time in microseconds."""
    return f"{time_us:.3f}us"


def attr_formatter(name):
    """attr_formatter(name) -> property: the time in the attribute `name`, as text."""
    return property(lambda self: format_time(getattr(self, name)))


class FormattedTimesMixin:
    """Times per call, and the texts of times, for what has cpu_time_total, cuda_time_total and count."""

    cpu_time_total: Any
    cuda_time_total: Any
    count: Any

    cpu_time_str = attr_formatter("cpu_time")
    cuda_time_str = attr_formatter("cuda_time")
    cpu_time_total_str = attr_formatter("cpu_time_total")
    cuda_time_total_str = attr_formatter("cuda_time_total")

    @property
    def cpu_time(self):
        """The time of a call on the CPU, in us."""
        return self.cpu_time_total / self.count if self.count else 0.0

    @property
    def cuda_time(self):
        """The time of the kernels of a call, in us."""
        return self.cuda_time_total / self.count if self.count else 0.0


class Interval:
    """From start to end, in us."""

    def __init__(self, start, end):
        self.start, self.end = start, end

    def elapsed_us(self):
        """elapsed_us() -> the length in us."""
        return self.end - self.start


Kernel = namedtuple("Kernel", ["name", "interval"])


class FunctionEvent(FormattedTimesMixin):
    """A call: id, name, thread, cpu_interval, kernels (a list of Kernel)."""

    count = 1

    def __init__(self, id, name, thread, cpu_start, cpu_end):
        self.id, self.name, self.thread = id, name, thread
        self.cpu_interval = Interval(cpu_start, cpu_end)
        self.kernels: list[Kernel] = []

    def append_kernel(self, name, start, end):
        """append_kernel(name, start, end): notes a kernel that the call launched; times in us."""
        self.kernels.append(Kernel(name, Interval(start, end)))

    key = property(lambda self: self.name)
    cpu_time_total = property(lambda self: self.cpu_interval.elapsed_us())
    cuda_time_total = property(lambda self: sum(k.interval.elapsed_us() for k in self.kernels))

    def __repr__(self):
        return (
            f"<FunctionEvent id={self.id} cpu_time={self.cpu_time_str} cuda_time={self.cuda_time_str} name={self.name} "
            f"thread={self.thread}>"
        )


class FunctionEventAvg(FormattedTimesMixin):
    """The sum of the events of one name: `avg += event`."""

    def __init__(self):
        self.key = None
        self.count = self.cpu_time_total = self.cuda_time_total = 0

    def __iadd__(self, other):
        if self.key is None:
            self.key = other.key
        self.cpu_time_total += other.cpu_time_total
        self.cuda_time_total += other.cuda_time_total
        self.count += other.count
        return self

    def __repr__(self):
        return (
            f"<FunctionEventAvg cpu_time={self.cpu_time_str} cuda_time={self.cuda_time_str} key={self.key}>"
        )


_COLUMNS = ("CPU time", "CUDA time", "Calls", "CPU total", "CUDA total")
_COLUMN_WIDTH = 15


def build_table(events, sort_by=None, header=None):
    """build_table(events, sort_by=None, header=None) -> str: the table of FunctionEvents or FunctionEventAvgs, from the
    smallest `sort_by` on."""
    if sort_by is not None:
        events = sorted(events, key=lambda event: getattr(event, sort_by))
    name_width = max((len(event.key) for event in events), default=0) + 4

    def row(name, values):
        return name.ljust(name_width) + "".join(f"  {value:>{_COLUMN_WIDTH}}" for value in values)

    rule = row("-" * name_width, ["-" * _COLUMN_WIDTH] * len(_COLUMNS))
    lines = ["=" * len(rule), header] if header is not None else []
    lines += [rule, row("Name", _COLUMNS), rule]
    for e in events:
        times = (e.cpu_time_str, e.cuda_time_str, e.count, e.cpu_time_total_str, e.cuda_time_total_str)
        lines.append(row(e.key, times))
    return "\n".join([*lines, ""])


# ----------------------------------------------------------------------------------------- names and records


def demangle(name):
    """demangle(name) -> str: the name of a C++ function as in its source, where there is the program c++filt."""
    if shutil.which("c++filt") is None:
        return name
    return subprocess.run(["c++filt", "-n", name], capture_output=True, text=True, check=True).stdout.rstrip()


class StringTable(defaultdict):
    """A table that demangles each name once: table[name]."""

    def __missing__(self, key):
        self[key] = demangle(key)
        return self[key]


Record = namedtuple("Record", ["name", "timestamp", "kind"])


def parse_cpu_trace(thread_records):
    """parse_cpu_trace(thread_records) -> list of FunctionEvents, in order of time

    thread_records: for each thread a list of records (name, timestamp in ns, kind), of which "push" begins an event and
    "pop" ends the last one; times count from the mark "__start_profile".
    """
    records = [[Record(*r) for r in thread] for thread in thread_records]
    start = next(r.timestamp for thread in records for r in thread if r.name == "__start_profile")
    names, events, next_id = StringTable(), [], 0
    for number, thread in enumerate(records):
        opened: list = []
        for record in thread:
            if record.kind == "push":
                opened.append((next_id, record))
                next_id += 1
            elif record.kind == "pop":
                id, begin = opened.pop()
                times = ((r.timestamp - start) / 1000.0 for r in (begin, record))
                events.append(FunctionEvent(id, names[begin.name], number, *times))
    return sorted(events, key=lambda event: event.cpu_interval.start)


# -------------------------------------------------------------------------------------------------- nvprof


class EnforceUnique:
    """Raises RuntimeError when `see(*key)` is called twice with one key."""

    def __init__(self):
        self.seen = set()

    def see(self, *key):
        """see(*key): notes a key."""
        if key in self.seen:
            raise RuntimeError(f"duplicate key: {key}")
        self.seen.add(key)


def load_nvprof(path):
    """load_nvprof(path) -> EventList of a file that `nvprof --profile-from-start off -o path` wrote of a program with
    `emit_nvtx`."""
    return EventList(parse_nvprof_trace(path))


# A range has two markers of one id: the first with its name, the second without.
_RANGES = """
SELECT opening.id, opening.name, opening.timestamp, closing.timestamp
FROM CUPTI_ACTIVITY_KIND_MARKER AS opening JOIN CUPTI_ACTIVITY_KIND_MARKER AS closing ON opening.id = closing.id
WHERE opening.name != 0 AND closing.name = 0
"""
# A kernel is that of a range when the call that launched it lies in the range.
_KERNELS = """
SELECT opening.id, runtime._id_, kernel.name, kernel.start, kernel.end
FROM CUPTI_ACTIVITY_KIND_MARKER AS opening JOIN CUPTI_ACTIVITY_KIND_MARKER AS closing ON opening.id = closing.id
JOIN CUPTI_ACTIVITY_KIND_RUNTIME AS runtime
    ON opening.timestamp < runtime.start AND runtime.end < closing.timestamp
JOIN {} AS kernel ON kernel.correlationId = runtime.correlationId
WHERE opening.name != 0 AND closing.name = 0
"""
_KERNEL_TABLES = ("CUPTI_ACTIVITY_KIND_CONCURRENT_KERNEL", "CUPTI_ACTIVITY_KIND_KERNEL")


def parse_nvprof_trace(path):
    """parse_nvprof_trace(path) -> list of FunctionEvents, in order of time: the ranges in a file of nvprof, an SQLite
    database with times in ns, each with the kernels that were launched in it. RuntimeError for other files."""
    import sqlite3  # which not every Python has

    with open(path, "rb"):  # FileNotFoundError and the like
        connection = sqlite3.connect(f"{pathlib.Path(path).absolute().as_uri()}?mode=ro", uri=True)
    try:
        return _parse(connection)
    except sqlite3.Error as error:
        raise RuntimeError(f"load_nvprof: {path} is no file of nvprof: {error}") from error
    finally:
        connection.close()


def _parse(connection):
    tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    names = {id: demangle(value) for id, value in connection.execute("SELECT _id_, value FROM StringTable")}
    events, unique = {}, EnforceUnique()
    for id, name, start, end in connection.execute(_RANGES):
        unique.see(id)
        events[id] = FunctionEvent(id, names[name], 0, start / 1000.0, end / 1000.0)
    unique = EnforceUnique()
    for table in tables.intersection(_KERNEL_TABLES):
        for id, call, name, start, end in connection.execute(_KERNELS.format(table)):
            unique.see(id, call)
            events[id].append_kernel(names.get(name, str(name)), start / 1000.0, end / 1000.0)
    return sorted(events.values(), key=lambda event: event.cpu_interval.start)


class emit_nvtx:
    """emit_nvtx(enabled=True): as a context manager, marks each recorded operation of the block for NVIDIA's profilers,
    and puts a range around the backward of each. RuntimeError without a GPU."""

    def __init__(self, enabled=True):
        self.enabled, self.entered = enabled, False

    def __enter__(self):
        if not self.enabled:
            return None
        if self.entered:
            raise RuntimeError("NVTX annotation context manager is not reentrant")
        from .. import cuda

        cuda.synchronize()
        self.entered = True
        _core.set_node_guard(_mark, lambda counter: None, _in_range)
        _core.set_extra("note_nodes", True)
        return self

    def __exit__(self, *exception):
        if self.enabled:
            from .. import cuda

            cuda.synchronize()
            _core.set_node_guard(anomaly._note, anomaly._note_change, anomaly._guard)
            _core.set_extra("note_nodes", anomaly.is_anomaly_enabled())
        return False


def _mark(node):
    from ..cuda import nvtx

    nvtx.mark(node.name().rstrip("0123456789").removesuffix("Backward"))


def _in_range(node, call, args):
    """call(*args), the backward of node, in a range of its name."""
    from ..cuda import nvtx

    nvtx.range_push(node.name())
    try:
        return call(*args)
    finally:
        nvtx.range_pop()
