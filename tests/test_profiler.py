"""flambeau.profiler: schedules, steps, what is called when, files."""

import json
import subprocess
import sys

import pytest

import flambeau as fb
from flambeau.profiler import (
    ProfilerAction,
    ProfilerActivity,
    profile,
    record_function,
    schedule,
    supported_activities,
    tensorboard_trace_handler,
)

LETTERS = {"NONE": "-", "WARMUP": "w", "RECORD": "r", "RECORD_AND_SAVE": "S"}


def letters(wanted, n):
    return "".join(LETTERS[wanted(i).name] for i in range(n))


def names(prof):
    return [e.name for e in prof.events()]


# ---------------------------------------------------------------------------------------------- schedule


@pytest.mark.parametrize("numbers, expected", [
    (dict(wait=1, warmup=1, active=2), "-wrS-wrS-wrS"),
    (dict(wait=1, warmup=1, active=2, repeat=2, skip_first=1), "--wrS-wrS---"),
    (dict(wait=1, warmup=0, active=1), "-S-S-S-S-S-S"),
    (dict(wait=0, warmup=1, active=3, repeat=1), "wrrS--------"),
    (dict(wait=0, warmup=0, active=1), "SSSSSSSSSSSS"),
    (dict(wait=2, warmup=1, active=2, repeat=2, skip_first=1, skip_first_wait=1), "-wrS--wrS---"),
])  # fmt: skip
def test_schedule(numbers, expected):
    assert letters(schedule(**numbers), 12) == expected


def test_schedule_is_that_of_pytorch():
    torch = pytest.importorskip("torch")
    for wait in range(3):
        for warmup in range(1, 3):
            for active in range(1, 4):
                numbers = dict(wait=wait, warmup=warmup, active=active, repeat=wait, skip_first=active - 1)
                theirs = letters(torch.profiler.schedule(**numbers), 30)
                assert letters(schedule(**numbers), 30) == theirs, numbers


@pytest.mark.parametrize("numbers", [
    dict(wait=-1, warmup=1, active=1), dict(wait=0, warmup=-1, active=1), dict(wait=0, warmup=0, active=0),
    dict(wait=0, warmup=0, active=1, repeat=-1), dict(wait=0, warmup=0, active=1, skip_first=-1),
])  # fmt: skip
def test_bad_schedules(numbers):
    with pytest.raises(ValueError, match="Invalid profiler schedule arguments"):
        schedule(**numbers)


def test_steps_are_not_negative():
    with pytest.raises(ValueError, match="-1"):
        schedule(wait=0, warmup=0, active=1)(-1)


# ------------------------------------------------------------------------------------------------- steps


def test_without_schedule_all_is_recorded():
    ready = []
    with profile(on_trace_ready=ready.append) as prof:
        for _ in range(3):
            fb.ones(2).exp()
            prof.step()
    assert names(prof) == ["aten::exp"] * 3
    assert ready == [prof]
    assert prof.step_num == 3


def run(steps, numbers, **options):
    """One exp in step 0, two logs in step 1, ...: what on_trace_ready saw, per call."""
    seen = []

    def ready(prof):
        seen.append((prof.step_num, names(prof)))

    with profile(schedule=schedule(**numbers), on_trace_ready=ready, **options) as prof:
        for step in range(steps):
            with record_function(f"work {step}"):
                fb.ones(2).exp()
            prof.step()
    return seen


def test_only_the_active_steps_are_handed_over():
    seen = run(8, dict(wait=1, warmup=1, active=2, repeat=2))
    expected = [
        [n for step in steps for n in (f"ProfilerStep#{step}", f"work {step}", "aten::exp")]
        for steps in ((2, 3), (6, 7))
    ]
    assert seen == [(4, expected[0]), (8, expected[1])]


def test_an_unfinished_cycle_is_handed_over_at_the_end():
    seen = run(4, dict(wait=1, warmup=1, active=5))
    assert [step for step, _ in seen] == [4]
    assert [n for n in seen[0][1] if n.startswith("work")] == ["work 2", "work 3"]


def test_no_recording_no_call():
    assert run(2, dict(wait=5, warmup=1, active=1)) == []
    assert run(1, dict(wait=0, warmup=3, active=1)) == []


def test_nothing_runs_in_waiting_steps():
    with profile(schedule=schedule(wait=1, warmup=0, active=1)) as prof:
        assert not fb.autograd.profiler.is_profiling()
        prof.step()
        assert fb.autograd.profiler.is_profiling()
        prof.step()
        assert not fb.autograd.profiler.is_profiling()
    with pytest.raises(RuntimeError, match="nothing to show"):
        profile().events()


def test_results_are_those_of_the_last_recorded_cycle():
    with profile(schedule=schedule(wait=1, warmup=1, active=1)) as prof:
        for step in range(5):
            fb.ones(2).exp() if step == 2 else fb.ones(2).log()
            prof.step()
        assert names(prof) == ["ProfilerStep#2", "aten::exp"]  # while the next cycle is recorded
    assert names(prof) == ["ProfilerStep#5"]
    with profile(schedule=schedule(wait=0, warmup=2, active=1)) as prof:
        fb.ones(2).exp()
    with pytest.raises(RuntimeError, match="nothing to show"):
        prof.events()


def test_start_and_stop():
    prof = profile()
    prof.start()
    fb.ones(2).exp()
    with pytest.raises(RuntimeError, match="nothing to show"):
        prof.events()
    prof.stop()
    prof.stop()
    fb.ones(2).log()
    assert names(prof) == ["aten::exp"]


def test_an_exception_ends_the_recording():
    with pytest.raises(KeyError), profile(schedule=schedule(wait=0, warmup=0, active=2)):
        raise KeyError
    assert not fb.autograd.profiler.is_profiling()


def test_a_schedule_of_ones_own():
    def wanted(step):
        return ProfilerAction.RECORD_AND_SAVE if step == 1 else ProfilerAction.NONE

    seen = []
    with profile(schedule=wanted, on_trace_ready=lambda p: seen.append(names(p))) as prof:
        for _ in range(3):
            fb.ones(2).exp()
            prof.step()
    assert seen == [["ProfilerStep#1", "aten::exp"]]


# ---------------------------------------------------------------------------------- activities and options


def test_activities():
    assert supported_activities() == {ProfilerActivity.CPU}
    profile(activities=[ProfilerActivity.CPU])
    with pytest.warns(UserWarning, match="CUDA activities are not recorded"):
        profile(activities=[ProfilerActivity.CPU, ProfilerActivity.CUDA])
    with pytest.raises(ValueError, match="no activities"):
        profile(activities=[])


def test_options_reach_the_recording():
    options = dict(record_shapes=True, profile_memory=True, with_flops=True, with_stack=True, with_modules=True)
    model = fb.nn.Linear(2, 3)
    with profile(**options) as prof:
        model(fb.ones(4, 2))
    module, linear = prof.events()
    assert module.name == "nn.Module: Linear_0"
    assert linear.input_shapes == [[4, 2], [3, 2], [3]]
    assert linear.cpu_memory_usage == 4 * 3 * 4 and linear.flops == 2 * 4 * 3 * 2
    assert any("test_options_reach" in line for line in linear.stack)
    averages = prof.key_averages(group_by_input_shape=True)
    assert "aten::linear" in averages.table(sort_by="self_cpu_time_total")


# ------------------------------------------------------------------------------------------------- files


@pytest.mark.parametrize("gz", [False, True])
def test_trace_handler(tmp_path, gz):
    handler = tensorboard_trace_handler(tmp_path / "log", worker_name="me", use_gzip=gz)
    with profile(on_trace_ready=handler) as prof:
        fb.ones(2).exp()
    (path,) = (tmp_path / "log").iterdir()
    assert path.name.startswith("me.") and path.name.endswith(".pt.trace.json" + (".gz" if gz else ""))
    if not gz:
        trace = json.loads(path.read_text())
        assert [e["name"] for e in trace["traceEvents"] if e["ph"] == "X"] == names(prof)


def test_metadata(tmp_path):
    with profile() as prof:
        fb.ones(2).exp()
        prof.add_metadata("run", "seven")
        prof.add_metadata_json("sizes", "[1, 2]")
    prof.export_chrome_trace(tmp_path / "trace.json")
    trace = json.loads((tmp_path / "trace.json").read_text())
    assert (trace["run"], trace["sizes"]) == ("seven", [1, 2])


def test_stacks(tmp_path):
    with profile(with_stack=True) as prof:
        fb.ones(50000).exp()
    prof.export_stacks(tmp_path / "stacks.txt", "self_cpu_time_total")
    assert "test_stacks" in (tmp_path / "stacks.txt").read_text()
    with pytest.raises(ValueError, match="metric"):
        prof.export_stacks(tmp_path / "stacks.txt", "colour")


def test_it_is_imported_on_first_use():
    code = ("import sys, flambeau as fb; assert 'flambeau.autograd.profiler' not in sys.modules; fb.profiler.schedule; "
            "fb.autograd.profiler.profile")  # fmt: skip
    subprocess.run([sys.executable, "-c", code], check=True)
