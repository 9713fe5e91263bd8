"""profile and record_function: which operations a program runs, how often, how long, with how much memory.

    with profile() as prof:
        loss = model(x).sum()
        loss.backward()
    print(prof.key_averages().table(sort_by="self_cpu_time_total", row_limit=10))

`flambeau.profiler` has the profiler of today's programs, with schedules over the steps of training, on top of this one.
"""

import functools
import time
import warnings

from .. import _core
from .profiler_stack import frames
from .profiler_util import EventList, FunctionEvent, FunctionEventAvg, events_of_core

is_profiling = _core.is_recording_events

__all__ = ["EventList", "FunctionEvent", "FunctionEventAvg", "is_profiling", "profile", "record_function"]


class record_function:
    """with record_function(name): a named range in the profile; as a decorator, a range around each call.

    args: a string that the trace shows with the range. Does nothing while no profiler runs.
    """

    def __init__(self, name, args=None):
        if not isinstance(name, str) or not isinstance(args, (str, type(None))):
            raise TypeError(
                f"record_function: name and args must be str, got {type(name).__name__} and {type(args).__name__}"
            )
        self.name, self.args = name, args
        self._event = 0

    def __enter__(self):
        self._event = _core.open_range(self.name if self.args is None else (self.name, self.args))
        return self

    def __exit__(self, *exception):
        _core.close_range(self._event)

    def __call__(self, function):
        @functools.wraps(function)
        def ranged(*args, **kwargs):
            with record_function(self.name, self.args):
                return function(*args, **kwargs)

        return ranged


class profile:
    """profile(enabled=True, *, record_shapes=False, with_flops=False, profile_memory=False, with_stack=False, ...)

    Context manager: records each operation, each node's backward and each record_function range of all threads. One
    profiler can be active at a time (RuntimeError), and an object is used once.

    record_shapes: input shapes, and the numbers among the arguments. with_flops: the arithmetic of matrix products,
    convolutions and the four basic operations. profile_memory: bytes taken, less those given back, by arrays of the
    library and by NumPy within operations. with_stack: the Python stack of each event (some microseconds each).
    with_modules: a range "nn.Module: Linear_0" around each module's forward. enabled=False: records nothing.

    After the block: function_events (an EventList), key_averages(), table(), total_average(), self_cpu_time_total,
    export_chrome_trace(path), export_stacks(path). GPUs are not timed: use_cuda=True (or use_device="cuda") warns and
    counts what the CPU does. The remaining arguments exist for the sake of PyTorch's signature.
    """

    def __init__(self, enabled=True, *, use_cuda=False, use_device=None, record_shapes=False, with_flops=False,
                 profile_memory=False, with_stack=False, with_modules=False, use_kineto=False, use_cpu=True,
                 experimental_config=None, acc_events=False, custom_trace_id_callback=None):  # fmt: skip
        if enabled and (use_cuda or use_device not in (None, "cpu")):
            device = "CUDA" if use_cuda else use_device
            warnings.warn(f"profile: {device} kernels are not timed; the times are those of the CPU", stacklevel=2)
        self.enabled = bool(enabled)
        self.record_shapes = record_shapes or with_flops
        self.with_flops, self.profile_memory = with_flops, profile_memory
        self.with_stack, self.with_modules = with_stack, with_modules
        self.entered = False
        self._events = None
        self._leave_modules = None

    def __enter__(self):
        if not self.enabled:
            return self
        if self.entered:
            raise RuntimeError("Profiler context manager is not reentrant")
        self._unix_ns = time.time_ns()
        stack = frames if self.with_stack else None
        self._start_ns = _core.start_events(self.record_shapes, self.profile_memory, stack)
        self.entered = True
        if self.with_modules:
            from .profiler_modules import name_forwards

            self._leave_modules = name_forwards()
        return self

    def __exit__(self, *exception):
        if not self.enabled:
            return
        raw, threads = _core.stop_events()
        if self._leave_modules is not None:
            self._leave_modules()
        self._events = events_of_core(raw, threads, self._start_ns, unix_ns=self._unix_ns, flops=self.with_flops,
                                      use_shapes=self.record_shapes, profile_memory=self.profile_memory,
                                      with_stack=self.with_stack)  # fmt: skip

    @property
    def function_events(self):
        """The events in the order in which they began; None with enabled=False."""
        if self._events is None and self.enabled:
            raise RuntimeError("Profiler didn't finish running")
        return self._events

    def _finished(self):
        events = self.function_events
        if events is None:
            raise RuntimeError("profile: nothing was recorded, since the profiler was made with enabled=False")
        return events

    def key_averages(self, group_by_input_shape=False, group_by_stack_n=0):
        """See EventList.key_averages."""
        return self._finished().key_averages(group_by_input_shape, group_by_stack_n)

    def table(self, sort_by=None, row_limit=100, max_src_column_width=75, max_name_column_width=55,
              max_shapes_column_width=80, header=None, top_level_events_only=False, time_unit=None):  # fmt: skip
        """See EventList.table."""
        return self._finished().table(sort_by, row_limit, max_src_column_width, max_name_column_width,
                                      max_shapes_column_width, header, top_level_events_only, time_unit)  # fmt: skip

    def total_average(self):
        """See EventList.total_average."""
        return self._finished().total_average()

    def export_chrome_trace(self, path):
        """See EventList.export_chrome_trace."""
        self._finished().export_chrome_trace(path)

    def export_stacks(self, path, metric="self_cpu_time_total"):
        """See EventList.export_stacks; needs with_stack=True."""
        if not self.with_stack:
            raise RuntimeError("export_stacks() requires with_stack=True")
        self._finished().export_stacks(path, metric)

    @property
    def self_cpu_time_total(self):
        """The sum of the self times of all events, in us."""
        return self._finished().self_cpu_time_total

    def __str__(self):
        return "<unfinished profiler>" if self._events is None else str(self._events)

    __repr__ = __str__
