"""profile with schedules over the steps of training, on top of `flambeau.autograd.profiler`.

    cycle = schedule(wait=1, warmup=1, active=3)
    with profile(schedule=cycle, on_trace_ready=tensorboard_trace_handler("log")) as prof:
        for batch in batches:
            train(batch)
            prof.step()
"""

import enum
import json
import os
import socket
import time
import warnings
from typing import Any

from .autograd import profiler as _base
from .autograd.profiler import record_function
from .autograd.profiler_trace import write_trace

__all__ = [
    "ProfilerAction", "ProfilerActivity", "profile", "record_function", "schedule", "supported_activities",
    "tensorboard_trace_handler",
]  # fmt: skip


class ProfilerActivity(enum.Enum):
    """What to record. Only the CPU's side is."""

    CPU = 0
    XPU = 1
    MTIA = 2
    CUDA = 3


class ProfilerAction(enum.Enum):
    """What a profiler does in a step."""

    NONE = 0
    WARMUP = 1  # record and throw away
    RECORD = 2
    RECORD_AND_SAVE = 3  # the last step of a cycle: on_trace_ready is called after it


_RECORDING = (ProfilerAction.RECORD, ProfilerAction.RECORD_AND_SAVE)


def supported_activities():
    """The set of activities that are recorded: {ProfilerActivity.CPU}."""
    return {ProfilerActivity.CPU}


def schedule(*, wait, warmup, active, repeat=0, skip_first=0, skip_first_wait=0):
    """schedule(*, wait, warmup, active, repeat=0, skip_first=0, skip_first_wait=0) -> function of the step's number

    After skip_first steps, cycles of `wait` steps without recording, `warmup` steps whose record is thrown away and
    `active` recorded steps: `repeat` cycles, 0 for no end. With skip_first_wait the first cycle has no waiting steps.
    ValueError for numbers below 0, or active below 1.
    """
    numbers = dict(wait=wait, warmup=warmup, repeat=repeat, skip_first=skip_first)
    if min(numbers.values()) < 0 or active < 1:
        given = ", ".join(f"{name}={value}" for name, value in dict(numbers, active=active).items())
        raise ValueError(f"Invalid profiler schedule arguments: all must be >= 0 and active > 0, got {given}.")

    def action(step):
        if step < 0:
            raise ValueError(f"schedule: the number of a step must be non-negative, got {step}")
        step -= skip_first
        if step < 0:
            return ProfilerAction.NONE
        if skip_first_wait:
            step += wait
        cycle, at = divmod(step, wait + warmup + active)
        if (repeat and cycle >= repeat) or at < wait:
            return ProfilerAction.NONE
        if at < wait + warmup:
            return ProfilerAction.WARMUP
        return (
            ProfilerAction.RECORD_AND_SAVE if at == wait + warmup + active - 1 else ProfilerAction.RECORD
        )

    return action


def _always(step):
    return ProfilerAction.RECORD


def tensorboard_trace_handler(dir_name, worker_name=None, use_gzip=False):
    """An on_trace_ready that writes each trace to dir_name/<worker>.<time in ns>.pt.trace.json, or .json.gz.

    worker_name: default, the host's name and the process's number.
    """
    worker = worker_name or f"{socket.gethostname()}_{os.getpid()}"

    def write(prof):
        os.makedirs(dir_name, exist_ok=True)
        name = f"{worker}.{time.time_ns()}.pt.trace.json{'.gz' if use_gzip else ''}"
        prof.export_chrome_trace(os.path.join(dir_name, name))

    return write


class profile:
    """profile(*, activities=None, schedule=None, on_trace_ready=None, record_shapes=False, profile_memory=False,
    with_stack=False, with_flops=False, with_modules=False)

    Records between start() and stop(), or in a with block; see `flambeau.autograd.profiler.profile` for what.
    `schedule` says for each step what to do, and step() ends a step. on_trace_ready(prof) is called after the last
    recorded step of each cycle, and at the end if steps were recorded since.

    events(), key_averages(), export_chrome_trace(path) and export_stacks(path) are about the last cycle that was
    recorded. activities: a set of ProfilerActivity; others than CPU are not recorded.
    """

    def __init__(self, *, activities=None, schedule=None, on_trace_ready=None, record_shapes=False,
                 profile_memory=False, with_stack=False, with_flops=False, with_modules=False, experimental_config=None,
                 execution_trace_observer=None, acc_events=False, use_cuda=None,
                 custom_trace_id_callback=None):  # fmt: skip
        activities = {ProfilerActivity.CPU} if activities is None else set(activities)
        if not activities:
            raise ValueError("profile: no activities to record: give activities=[ProfilerActivity.CPU]")
        others = sorted(a.name for a in activities - supported_activities())
        if use_cuda:
            others.append("CUDA")
        if others:
            warnings.warn(
                f"profile: {', '.join(others)} activities are not recorded; the times are those of the CPU",
                stacklevel=2,
            )
        self.activities = activities
        self.schedule = schedule or _always
        self.has_schedule = schedule is not None
        self.on_trace_ready = on_trace_ready
        self.options = dict(record_shapes=record_shapes, profile_memory=profile_memory, with_stack=with_stack,
                            with_flops=with_flops, with_modules=with_modules)  # fmt: skip
        self.step_num = 0
        self.current_action = self.schedule(0)
        self.profiler: Any = None  # the autograd profiler of the last cycle
        self._running: Any = None  # the one that runs
        self._range: Any = None
        self._metadata: dict = {}

    # -------------------------------------------------------- running

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *exception):
        self.stop()

    def start(self):
        """Begins with step 0, or goes on after stop()."""
        self.current_action = self.schedule(self.step_num)
        if self.current_action is not ProfilerAction.NONE:
            self._begin()
        self._begin_step()

    def step(self):
        """Says that the next step begins."""
        self._end_step()
        previous = self.current_action
        self.step_num += 1
        self.current_action = self.schedule(self.step_num)
        warmed_up = previous is ProfilerAction.WARMUP and self.current_action in _RECORDING
        if previous is ProfilerAction.RECORD_AND_SAVE:
            self._end(previous)
            self._ready()
        elif self.current_action is ProfilerAction.NONE or warmed_up:
            self._end(previous)
        if self.current_action is not ProfilerAction.NONE and self._running is None:
            self._begin()
        self._begin_step()

    def stop(self):
        """Ends the recording, and calls on_trace_ready if steps were recorded that it has not seen."""
        self._end_step()
        if self._running is not None:
            self._end(self.current_action)
            if self.current_action in _RECORDING:
                self._ready()

    def _begin(self):
        profiler = _base.profile(**self.options)
        profiler.__enter__()
        self._running = profiler

    def _end(self, action):
        """Ends the profiler that runs, if any; what it recorded in steps of warming up is thrown away."""
        if self._running is not None:
            self._running.__exit__()
            if action in _RECORDING:
                self.profiler = self._running
            self._running = None

    def _ready(self):
        if self.on_trace_ready is not None:
            self.on_trace_ready(self)

    def _begin_step(self):
        if self.has_schedule and self._running is not None:
            self._range = record_function(f"ProfilerStep#{self.step_num}")
            self._range.__enter__()

    def _end_step(self):
        if self._range is not None:
            self._range.__exit__()
            self._range = None

    # -------------------------------------------------------- results

    def _recorded(self):
        if self.profiler is None:
            raise RuntimeError(
                "profile: there is nothing to show before a step was recorded and the recording ended"
            )
        return self.profiler

    def events(self):
        """The events of the last cycle, an EventList in the order in which they began."""
        return self._recorded().function_events

    def key_averages(self, group_by_input_shape=False, group_by_stack_n=0):
        """The averages per name (and input shapes, and lines of the stack) of the last cycle."""
        return self._recorded().key_averages(group_by_input_shape, group_by_stack_n)

    def export_chrome_trace(self, path):
        """Writes the last cycle as Chrome trace JSON (gzipped when path ends in .gz)."""
        write_trace(path, self.events(), self._metadata)

    def export_stacks(self, path, metric="self_cpu_time_total"):
        """Writes the stacks of the last cycle with their self times, for flame graphs; needs with_stack=True."""
        self._recorded().export_stacks(path, metric)

    def add_metadata(self, key, value):
        """Adds a string to the trace file."""
        self._metadata[key] = str(value)

    def add_metadata_json(self, key, value):
        """Adds a value that is JSON to the trace file."""
        self._metadata[key] = json.loads(value)

    preset_metadata_json = add_metadata_json
