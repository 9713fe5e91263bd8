"""What a profile holds: events with their times, averages of them, and the table and the trace they are shown in.

All times are in microseconds, all sizes in bytes. "Total" counts what happened inside an event, "self" leaves out its
children: the events that began and ended within it in the same thread.
"""

from collections import defaultdict
from typing import Any

from .. import _core
from .profiler_stack import lines_of
from .profiler_trace import write_trace

_CALL, _FUNCTION, _NODE, _RANGE, _INNER, _NONE = range(6)  # the kinds of _core/profile.pxi
_NAME_WIDTH, _STACK_WIDTH, _STACK_LINES = 55, 75, 5

SORT_KEYS = ("cpu_time", "cpu_time_total", "self_cpu_time_total", "cpu_memory_usage", "self_cpu_memory_usage", "count",
             "flops")  # fmt: skip
# Times and memory of a GPU, which are never measured: sorting by them keeps the order, for the sake of old scripts.
_DEVICE_KEYS = tuple(
    prefix + rest
    for prefix in ("", "self_")
    for device in ("cuda", "device", "xpu")
    for rest in (f"{device}_time", f"{device}_time_total", f"{device}_memory_usage")
)


def format_time(us):
    """A time in us as text, in us, ms or s."""
    if abs(us) >= 1e6:
        return f"{us / 1e6:.3f}s"
    if abs(us) >= 1e3:
        return f"{us / 1e3:.3f}ms"
    return f"{us:.3f}us"


def format_memory(size):
    """A number of bytes as text, in B, KB, MB or GB of 1024."""
    for unit, name in ((1 << 30, "GB"), (1 << 20, "MB"), (1 << 10, "KB")):
        if abs(size) >= unit:
            return f"{size / unit:.2f} {name}"
    return f"{size} B"


def _share(part, whole):
    return f"{100 * part / whole:.2f}%" if whole else "NaN"


class Interval:
    """From `start` to `end`, in us since the profiler was started."""

    def __init__(self, start, end):
        self.start, self.end = start, end

    def elapsed_us(self):
        """The length, in us."""
        return self.end - self.start


class _Shown:
    """The texts of times, and the names that scripts for GPUs read, which are zero here."""

    cpu_time: Any
    cpu_time_total: Any
    self_cpu_time_total: Any

    cpu_time_str = property(lambda self: format_time(self.cpu_time))
    cpu_time_total_str = property(lambda self: format_time(self.cpu_time_total))
    self_cpu_time_total_str = property(lambda self: format_time(self.self_cpu_time_total))


for _key in _DEVICE_KEYS:
    setattr(_Shown, _key, 0)


class FunctionEvent(_Shown):
    """One call, backward of a node or range.

    name, id; thread (a number, from 0, of the thread in this profile); time_range (Interval); cpu_parent and
    cpu_children; sequence_nr: equal for the call that recorded a node and the backward of the node, -1 for others;
    scope: 0 for ops, 1 for backward, 7 for ranges.
    With record_shapes: input_shapes, and concrete_inputs, the numbers and strings among the arguments. With with_stack:
    stack, innermost first. With with_flops: flops, 0 where no formula is known.
    """

    count = 1

    def __init__(self, id, name, kind, thread, start, end, sequence_nr, memory, notes):
        shapes, values, stack, out, keywords = notes or (None, None, None, None, None)
        self.id, self.name, self.kind, self.thread = id, name, kind, thread
        self.time_range = Interval(start, end)
        self.sequence_nr = sequence_nr
        self.cpu_memory_usage = memory
        self.input_shapes = shapes or []
        self.output_shape: list | None = out
        self.keywords: tuple = keywords or ()  # names of the last arguments
        self.concrete_inputs = values or []
        self.stack = lines_of(stack) if stack else []
        self.flops = 0
        self.args = None
        self.cpu_parent: FunctionEvent | None = None
        self.cpu_children: list[FunctionEvent] = []

    key = property(lambda self: self.name)
    scope = property(lambda self: {_NODE: 1, _RANGE: 7}.get(self.kind, 0))
    is_user_annotation = property(lambda self: self.kind == _RANGE)

    @property
    def cpu_time_total(self):
        """The time from beginning to end."""
        return self.time_range.elapsed_us()

    cpu_time = cpu_time_total

    @property
    def self_cpu_time_total(self):
        """The time that was not spent in children. Of a child that outlives this event only its part in here counts."""
        end = self.time_range.end
        return self.cpu_time_total - sum(
            max(0.0, min(c.time_range.end, end) - c.time_range.start) for c in self.cpu_children
        )

    @property
    def self_cpu_memory_usage(self):
        """The memory that was not taken or freed in children."""
        return self.cpu_memory_usage - sum(c.cpu_memory_usage for c in self.cpu_children)

    def __repr__(self):
        return (
            f"<FunctionEvent id={self.id} name={self.name} cpu_time={self.cpu_time_str} "
            f"start_us={self.time_range.start:.3f} end_us={self.time_range.end:.3f} "
            f"cpu_children={[c.id for c in self.cpu_children]} thread={self.thread} input_shapes={self.input_shapes} "
            f"cpu_memory_usage={self.cpu_memory_usage} seq_nr={self.sequence_nr}>"
        )


class FunctionEventAvg(_Shown):
    """The sum of several events: count, and times, memory and flops of all of them; `cpu_time` is per call."""

    def __init__(self):
        self.key = None
        self.count = 0
        self.cpu_time_total = self.self_cpu_time_total = 0.0
        self.cpu_memory_usage = self.self_cpu_memory_usage = 0
        self.flops = 0
        self.input_shapes = None
        self.stack = []
        self.scope = None
        self.is_user_annotation = False

    name = property(lambda self: self.key)

    @property
    def cpu_time(self):
        """The total time per call."""
        return self.cpu_time_total / self.count if self.count else 0.0

    def add(self, other):
        """Adds an event, or another sum."""
        if self.key is None:
            self.key, self.scope = other.key, other.scope
            self.is_user_annotation = other.is_user_annotation
            self.input_shapes, self.stack = other.input_shapes, other.stack
        for name in ("count", "cpu_time_total", "self_cpu_time_total", "cpu_memory_usage", "self_cpu_memory_usage",
                     "flops"):  # fmt: skip
            setattr(self, name, getattr(self, name) + getattr(other, name))
        return self

    __iadd__ = add

    def __repr__(self):
        return (
            f"<FunctionEventAvg key={self.key} count={self.count} self_cpu_time={self.self_cpu_time_total_str} "
            f"cpu_time={self.cpu_time_str} input_shapes={self.input_shapes} cpu_memory_usage={self.cpu_memory_usage}>"
        )


class EventList(list):
    """A list of events, or of averages, with what was asked of the profiler."""

    def __init__(self, events=(), *, threads=(), unix_ns=0, use_shapes=False, profile_memory=False,
                 with_flops=False, with_stack=False):  # fmt: skip
        super().__init__(events)
        self.threads = list(threads)
        self.unix_ns = unix_ns  # when the profiler was started, in ns of Unix time
        self.options = dict(use_shapes=use_shapes, profile_memory=profile_memory, with_flops=with_flops,
                            with_stack=with_stack)  # fmt: skip

    @property
    def self_cpu_time_total(self):
        """The sum of the self times, in us."""
        return sum(e.self_cpu_time_total for e in self)

    def total_average(self):
        """One FunctionEventAvg for all events. Its times are sums, so an event counts in those around it too."""
        total = FunctionEventAvg()
        for event in self:
            total.add(event)
        total.key, total.input_shapes, total.stack = "Total", [], []
        return total

    def key_averages(self, group_by_input_shape=False, group_by_stack_n=0):
        """The averages per name (and input shapes, and innermost group_by_stack_n lines of the stack)."""
        groups: dict = defaultdict(FunctionEventAvg)
        for e in self:
            shapes = str(e.input_shapes) if group_by_input_shape else ""
            groups[e.key, shapes, tuple(e.stack[:group_by_stack_n]), e.is_user_annotation].add(e)
        averages = EventList(groups.values(), **self.options)
        averages.options["with_stack"] = group_by_stack_n > 0
        averages.options["use_shapes"] = group_by_input_shape
        for average in averages:
            average.stack = average.stack[:group_by_stack_n]
            if not group_by_input_shape:
                average.input_shapes = ""
        return averages

    def table(self, sort_by=None, row_limit=100, max_src_column_width=_STACK_WIDTH, max_name_column_width=_NAME_WIDTH,
              max_shapes_column_width=80, header=None, top_level_events_only=False, time_unit=None):  # fmt: skip
        """The events as text, one row each.

        sort_by: one of cpu_time, cpu_time_total, self_cpu_time_total, cpu_memory_usage, self_cpu_memory_usage, count,
        flops (largest first; None: in order of time); ValueError for others. row_limit: how many rows (-1: all).
        Columns wider than their max are cut. header: a line above. top_level_events_only: without events that are
        inside others. time_unit: "us", "ms" or "s" for all times instead of what fits each.
        """
        return _Table(self, sort_by, time_unit, max_name_column_width, max_src_column_width,
                      max_shapes_column_width).text(row_limit, header, top_level_events_only)  # fmt: skip

    def __str__(self):
        return self.table()

    def export_chrome_trace(self, path):
        """Writes the events as Chrome trace JSON (gzipped when path ends in .gz), for Perfetto or chrome://tracing."""
        write_trace(path, self)

    def export_stacks(self, path, metric="self_cpu_time_total"):
        """Writes "outermost;...;innermost value" lines, which flame graph tools read. metric: self_cpu_time_total."""
        if metric not in ("self_cpu_time_total", "self_cuda_time_total", "self_xpu_time_total"):
            raise ValueError(
                f"export_stacks: metric should be one of self_cpu_time_total, self_cuda_time_total, got {metric!r}"
            )
        with open(path, "w", encoding="utf-8") as file:
            for event in self:
                value = int(getattr(event, metric))
                if event.stack and value > 0:
                    frames = ";".join(line.replace(";", ",").replace(" ", "_") for line in reversed(event.stack))
                    file.write(f"{frames} {value}\n")


class _Table:
    """Lays out the rows of an EventList."""

    def __init__(self, events, sort_by, time_unit, name_width, stack_width, shapes_width):
        if sort_by is not None and sort_by not in SORT_KEYS + _DEVICE_KEYS:
            raise ValueError(f"table: sort_by should be one of {', '.join(SORT_KEYS)}, got {sort_by!r}")
        if time_unit not in (None, "us", "ms", "s"):
            raise ValueError(f'table: time_unit should be "us", "ms" or "s", got {time_unit!r}')
        self.events, self.sort_by, self.time_unit = events, sort_by, time_unit
        self.widths = name_width, stack_width, shapes_width
        self.total = events.self_cpu_time_total

    def time(self, us):
        if self.time_unit is None:
            return format_time(us)
        return f"{us / {'us': 1, 'ms': 1e3, 's': 1e6}[self.time_unit]:.3f}{self.time_unit}"

    def columns(self):
        """(heading, text of an event) for each column."""
        options, time = self.events.options, self.time
        name_width, stack_width, shapes_width = self.widths
        columns = [
            ("Name", lambda e: _cut(e.key, name_width)),
            ("Self CPU %", lambda e: _share(e.self_cpu_time_total, self.total)),
            ("Self CPU", lambda e: time(e.self_cpu_time_total)),
            ("CPU total %", lambda e: _share(e.cpu_time_total, self.total)),
            ("CPU total", lambda e: time(e.cpu_time_total)),
            ("CPU time avg", lambda e: time(e.cpu_time)),
        ]
        if options["profile_memory"]:
            columns.append(("CPU Mem", lambda e: format_memory(e.cpu_memory_usage)))
            columns.append(("Self CPU Mem", lambda e: format_memory(e.self_cpu_memory_usage)))
        columns.append(("# of Calls", lambda e: str(e.count)))
        if options["use_shapes"]:
            columns.append(("Input Shapes", lambda e: _cut(str(e.input_shapes), shapes_width)))
        if options["with_stack"]:
            columns.append(("Source Location", lambda e: _cut(e.stack[0] if e.stack else "", stack_width, True)))
        if options["with_flops"]:
            columns.append(("Total MFLOPs", lambda e: f"{e.flops / 1e6:.3f}" if e.flops else "--"))
        return columns

    def stack_row(self, line, columns):
        """A row with nothing but one more line of the stack."""
        return [_cut(line, self.widths[1], True) if heading == "Source Location" else "" for heading, _ in columns]

    def text(self, row_limit, header, top_level_only):
        events = self.events
        if not events:
            return ""
        if self.sort_by is not None:
            events = sorted(events, key=lambda e: getattr(e, self.sort_by), reverse=True)
        if top_level_only:
            events = [e for e in events if getattr(e, "cpu_parent", None) is None]
        if row_limit >= 0:
            events = events[:row_limit]
        columns = self.columns()
        rows = [[heading for heading, _ in columns]]
        for e in events:
            rows.append([show(e) for _, show in columns])
            if self.events.options["with_stack"]:
                rows += [self.stack_row(line, columns) for line in e.stack[1:_STACK_LINES]]
        widths = [max(12, *(len(row[i]) for row in rows)) for i in range(len(columns))]
        line = "  ".join("-" * w for w in widths)
        lines = ["  ".join(t.rjust(w) for t, w in zip(row, widths, strict=True)) for row in rows]
        lines = [line, lines[0], line, *lines[1:], line, f"Self CPU time total: {self.time(self.total)}", ""]
        if header is not None:
            lines = ["=" * len(line), header, *lines]
        return "\n".join(lines)


def _cut(text, width, keep_end=False):
    if width is None or len(text) <= width:
        return text
    return "..." + text[3 - width :] if keep_end else text[: width - 3] + "..."


# ------------------------------------------------------------------------------------------ from the core


def events_of_core(raw, threads, start_ns, *, flops, **options):
    """The EventList of what `_core.stop_events` returned."""
    events: list = []
    by_position: list = []  # for what is no event, the one around it
    for kind, what, start, end, seq, memory, thread, parent, _, notes in raw:
        if kind == _NONE:
            by_position.append(by_position[parent] if parent >= 0 else None)
            continue
        args = None
        if kind == _RANGE and isinstance(what, tuple):
            what, args = what
        e = FunctionEvent(len(by_position), _name(kind, what), kind, thread, (start - start_ns) / 1e3,
                          (end - start_ns) / 1e3, seq, memory, notes)  # fmt: skip
        e.args = args
        if parent >= 0 and by_position[parent] is not None:
            e.cpu_parent = by_position[parent]
            e.cpu_parent.cpu_children.append(e)
        if flops and kind == _CALL:
            e.flops = _flops(what.name.strip("_"), e)
        events.append(e)
        by_position.append(e)
    return EventList(events, threads=threads, with_flops=flops, **options)


def _name(kind, what):
    """The name of an event, in PyTorch's namespaces."""
    if kind == _CALL:
        return "aten::" + what.name.removeprefix("_")
    if kind == _INNER:
        return what if "::" in what else "aten::" + what
    if kind == _NODE and what is _core.AccumulateGrad:
        return "torch::autograd::AccumulateGrad"
    return what if isinstance(what, str) else what.__name__


_OPTIONS = {"out", "alpha", "beta", "rounding_mode", "out_dtype", "bias"}  # keywords that do not matter for flops


def _flops(name, event):
    """The operations of a call: two per term of matrix products and convolutions, one per element of add, sub, mul and
    div; 0 for other ops, and for calls that failed or have tensors among the keyword arguments."""
    shapes, out = event.input_shapes, event.output_shape
    if out is None or not _OPTIONS.issuperset(event.keywords):
        return 0
    if name in ("add", "sub", "mul", "div"):
        return _size(out)
    if name in ("mm", "bmm", "matmul", "linear"):
        return 2 * _size(out) * shapes[0][-1]
    if name in ("addmm", "baddbmm"):
        return 2 * _size(out) * shapes[1][-1]
    if name == "convolution":
        transposed, channels = event.concrete_inputs[6], shapes[1][0]
        return 2 * _size(shapes[0] if transposed else out) * (_size(shapes[1]) // max(channels, 1))
    return 0


def _size(shape):
    """The number of elements."""
    n = 1
    for size in shape:
        n *= size
    return n
