"""0.3's profiler: its table, its events, files of nvprof, and ranges for NVIDIA's profilers."""

import json
import shutil
import sqlite3

import pytest

import flambeau.v03 as torch
from flambeau.v03.autograd import Variable, profiler
from flambeau.v03.autograd.profiler import (
    EnforceUnique,
    EventList,
    FormattedTimesMixin,
    FunctionEvent,
    FunctionEventAvg,
    Record,
    StringTable,
)


def event(name, start, end, id=0, thread=0):
    return FunctionEvent(id, name, thread, start, end)


EVENTS = EventList([event("mul", 0, 30), event("AddBackward0", 10, 14.5), event("mul", 40, 50)])


def test_table():
    assert str(EVENTS) == EVENTS.table() == profiler.build_table(EVENTS) == (
        "----------------  ---------------  ---------------  ---------------  ---------------  ---------------\n"
        "Name                     CPU time        CUDA time            Calls        CPU total       CUDA total\n"
        "----------------  ---------------  ---------------  ---------------  ---------------  ---------------\n"
        "mul                      30.000us          0.000us                1         30.000us          0.000us\n"
        "AddBackward0              4.500us          0.000us                1          4.500us          0.000us\n"
        "mul                      10.000us          0.000us                1         10.000us          0.000us\n"
    )  # fmt: skip


def test_table_in_another_order():
    rows = EVENTS.table(sort_by="cpu_time").splitlines()[3:]
    assert [row.split()[1] for row in rows] == ["4.500us", "10.000us", "30.000us"]
    lines = profiler.build_table(EVENTS, header="Step 3").splitlines()
    assert set(lines[0]) == {"="} and len(lines[0]) == len(lines[2]) and lines[1] == "Step 3"
    assert len(EventList().table().splitlines()) == 3


def test_averages():
    mul, add = EVENTS.key_averages()
    assert (mul.key, mul.count, mul.cpu_time_total, mul.cpu_time) == ("mul", 2, 40, 20) and add.key == "AddBackward0"
    assert mul.cpu_time_str == "20.000us" and mul.cpu_time_total_str == "40.000us" and mul.cuda_time_str == "0.000us"
    total = EVENTS.total_average()
    assert (total.key, total.count, total.cpu_time_total) == ("Total", 3, 44.5)
    assert repr(total) == "<FunctionEventAvg cpu_time=14.833us cuda_time=0.000us key=Total>"
    assert FunctionEventAvg().cpu_time == 0 == FunctionEventAvg().cuda_time


def test_events():
    e = event("mm", 1, 5, id=7, thread=2)
    e.append_kernel("gemm", 2, 4)
    e.append_kernel("gemm", 4, 5)
    assert (e.key, e.cpu_time_total, e.cuda_time_total, e.count) == ("mm", 4, 3, 1)
    assert e.kernels[0].name == "gemm" and e.kernels[0].interval.elapsed_us() == 2
    assert repr(e) == "<FunctionEvent id=7 cpu_time=4.000us cuda_time=3.000us name=mm thread=2>"


def test_texts_of_times():
    class Timed(FormattedTimesMixin):
        cpu_time_total, cuda_time_total, count = 10, 4, 4
        own_str = profiler.attr_formatter("count")

    assert Timed().cpu_time_str == "2.500us" and Timed().cuda_time_str == "1.000us" and Timed().own_str == "4.000us"
    assert profiler.format_time(1234567) == "1234567.000us"


def test_profile():
    x = Variable(torch.ones(3), requires_grad=True)
    with profiler.profile() as prof:
        (x * x).sum().backward()
    names = [e.name for e in prof.function_events]
    assert {"mul", "sum", "MulBackward0", "SumBackward0"} <= {*names} and names.index("mul") < names.index("sum")
    assert not any("::" in n and not n.startswith("torch::autograd") for n in names)
    starts = [e.cpu_interval.start for e in prof.function_events]
    assert starts == sorted(starts) and all(e.cpu_time_total >= 0 for e in prof.function_events)
    assert str(prof) == repr(prof) == prof.table() and "MulBackward0" in str(prof)
    assert prof.total_average().count == len(names)
    assert {e.key for e in prof.key_averages()} == {*names}


def test_profile_is_used_once():
    prof = profiler.profile()
    assert str(prof) == "<unfinished torch.autograd.profile>"
    with pytest.raises(RuntimeError, match="can't export a trace that didn't finish running"):
        prof.table()
    with prof, pytest.raises(RuntimeError, match="autograd profiler traces are not reentrant"):
        prof.__enter__()
    with profiler.profile(enabled=False) as nothing:
        torch.ones(2).add(1)
    assert nothing is None
    with pytest.raises(ZeroDivisionError), profiler.profile():
        1 / 0  # noqa: B018


def test_chrome_trace(tmp_path):
    e = event("mm", 1, 5, id=7, thread=2)
    e.append_kernel("gemm", 2, 4)
    EventList([e]).export_chrome_trace(str(tmp_path / "trace.json"))
    call, begin, end, kernel = json.loads((tmp_path / "trace.json").read_text())
    assert call == {"name": "mm", "ph": "X", "ts": 1, "dur": 4, "tid": 2, "pid": "CPU functions", "args": {}}
    assert (begin["ph"], end["ph"]) == ("s", "f") and begin["id"] == end["id"]
    assert (kernel["name"], kernel["ts"], kernel["dur"], kernel["pid"]) == ("gemm", 2, 2, "CUDA functions")


# ----------------------------------------------------------------------------------------- records and names


def test_parsing_records():
    records = [
        [("__start_profile", 1000, "mark"), ("mul", 2000, "push"), ("add", 3000, "push"), ("", 4000, "pop"),
         ("", 6000, "pop"), ("__stop_profile", 9000, "mark")],
        [Record("sum", 2500, "push"), Record("", 3500, "pop")],
    ]  # fmt: skip
    events = profiler.parse_cpu_trace(records)
    shown = [(e.name, e.thread, e.cpu_interval.start, e.cpu_interval.end) for e in events]
    assert shown == [("mul", 0, 1, 5), ("sum", 1, 1.5, 2.5), ("add", 0, 2, 3)]
    assert len({e.id for e in events}) == 3


@pytest.mark.skipif(shutil.which("c++filt") is None, reason="the program c++filt is not installed")
def test_names_of_cpp():
    assert profiler.demangle("N5torch8autograd9GraphRootE") == "N5torch8autograd9GraphRootE"  # no function
    assert profiler.demangle("_ZN5torch8autograd3addEii") == "torch::autograd::add(int, int)"


def test_names_without_cppfilt(monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda program: None)
    table = StringTable()
    assert table["_Z3addii"] == "_Z3addii" and [*table] == ["_Z3addii"]


def test_unique():
    unique = EnforceUnique()
    unique.see(1)
    unique.see(1, 2)
    with pytest.raises(RuntimeError, match=r"duplicate key: \(1, 2\)"):
        unique.see(1, 2)


# -------------------------------------------------------------------------------------------------- nvprof


def nvprof_file(path, kernels="CUPTI_ACTIVITY_KIND_CONCURRENT_KERNEL", markers=()):
    """A file as nvprof writes it: two ranges, the second inside the first, and two kernels; times in ns."""
    connection = sqlite3.connect(path)
    connection.executescript(f"""
        CREATE TABLE StringTable (_id_ INTEGER PRIMARY KEY, value TEXT);
        CREATE TABLE CUPTI_ACTIVITY_KIND_MARKER
            (_id_ INTEGER PRIMARY KEY, flags INT, timestamp INT, id INT, objectKind INT, name INT, domain INT);
        CREATE TABLE CUPTI_ACTIVITY_KIND_RUNTIME
            (_id_ INTEGER PRIMARY KEY, cbid INT, start INT, end INT, processId INT, threadId INT, correlationId INT);
        CREATE TABLE {kernels}
            (_id_ INTEGER PRIMARY KEY, start INT, end INT, deviceId INT, correlationId INT, name INT);
        INSERT INTO StringTable VALUES (1, 'LinearBackward'), (2, 'mm'), (3, '_Z4gemmPf');
        INSERT INTO CUPTI_ACTIVITY_KIND_RUNTIME VALUES (1, 13, 2500, 2600, 1, 1, 71), (2, 13, 5500, 5600, 1, 1, 72),
            (3, 13, 9500, 9600, 1, 1, 73);
        INSERT INTO {kernels} VALUES (1, 4000, 7000, 0, 71, 3), (2, 7000, 7500, 0, 72, 3), (3, 9900, 9990, 0, 73, 3);
    """)
    for row in [(1000, 1, 1), (2000, 2, 2), (3000, 2, 0), (8000, 1, 0), *markers]:
        connection.execute("INSERT INTO CUPTI_ACTIVITY_KIND_MARKER (timestamp, id, name) VALUES (?, ?, ?)", row)
    connection.commit()
    connection.close()
    return str(path)


@pytest.mark.parametrize("kernels", ["CUPTI_ACTIVITY_KIND_CONCURRENT_KERNEL", "CUPTI_ACTIVITY_KIND_KERNEL"])
def test_files_of_nvprof(tmp_path, kernels):
    events = torch.autograd.profiler.load_nvprof(nvprof_file(tmp_path / "trace.prof", kernels))
    outer, inner = events
    assert (outer.name, outer.cpu_interval.start, outer.cpu_interval.end) == ("LinearBackward", 1, 8)
    assert (inner.name, inner.cpu_time_total, inner.cuda_time_total) == ("mm", 1, 3)
    assert outer.cuda_time_total == 3.5 and [k.name for k in outer.kernels] == [profiler.demangle("_Z4gemmPf")] * 2
    assert str(events).splitlines()[-1].split() == ["mm", "1.000us", "3.000us", "1", "1.000us", "3.000us"]


def test_odd_files_of_nvprof(tmp_path):
    with pytest.raises(RuntimeError, match="duplicate key"):
        profiler.load_nvprof(nvprof_file(tmp_path / "twice.prof", markers=[(1500, 1, 1)]))
    (tmp_path / "text").write_text("no database, but a text that is longer than its header")
    with pytest.raises(RuntimeError, match="is no file of nvprof"):
        profiler.load_nvprof(str(tmp_path / "text"))
    with pytest.raises(FileNotFoundError):
        profiler.load_nvprof(str(tmp_path / "missing"))
    assert not (tmp_path / "missing").exists()


# ---------------------------------------------------------------------------------------------------- nvtx


def test_ranges_need_a_gpu():
    if torch.cuda.is_available():
        pytest.skip("there is a GPU")
    with pytest.raises(RuntimeError, match="No CUDA GPUs are available"), profiler.emit_nvtx():
        pass
    with profiler.emit_nvtx(enabled=False) as nothing:
        assert nothing is None


def test_ranges(monkeypatch):
    from flambeau.v03 import cuda
    from flambeau.v03.cuda import nvtx

    log = []
    monkeypatch.setattr(cuda, "synchronize", lambda: log.append("synchronize"))
    monkeypatch.setattr(nvtx, "mark", log.append)
    monkeypatch.setattr(nvtx, "range_push", lambda name: log.append(f"({name}"))
    monkeypatch.setattr(nvtx, "range_pop", lambda: log.append(")"))
    x = Variable(torch.ones(3), requires_grad=True)
    with profiler.emit_nvtx() as emitter:
        (x * x).sum().backward()
        with pytest.raises(RuntimeError, match="NVTX annotation context manager is not reentrant"):
            emitter.__enter__()
    assert log == ["synchronize", "Mul", "Sum", "(SumBackward0", ")", "(MulBackward0", ")", "synchronize"]
    (x * x).sum().backward()
    assert log[-1] == "synchronize"
