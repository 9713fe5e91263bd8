"""autograd.profiler: the table and the trace."""

import gzip
import json
import threading
import time

import pytest

import flambeau as fb
from flambeau.autograd.profiler import profile, record_function

from .profiling import names


def small_profile(**options):
    x = fb.ones(2, 3, requires_grad=True)
    with profile(**options) as prof:
        with record_function("forward"):
            y = (x * x).exp().sum()
        y.backward()
    return prof


def test_table_of_averages():
    lines = small_profile().key_averages().table().splitlines()
    heading = [part.strip() for part in lines[1].split("  ") if part.strip()]
    assert heading == ["Name", "Self CPU %", "Self CPU", "CPU total %", "CPU total", "CPU time avg", "# of Calls"]
    row = next(line for line in lines if "aten::mul" in line).split()
    assert len(row) == 7 and row[1].endswith("%") and row[2].endswith("s") and row[6] == "4"
    assert lines[-1].startswith("Self CPU time total: ")


def test_shares_in_the_table_add_up():
    lines = small_profile().key_averages().table().splitlines()[3:]
    rows = lines[: next(i for i, line in enumerate(lines) if line.startswith("---"))]
    assert sum(float(row.split()[1].rstrip("%")) for row in rows) == pytest.approx(100, abs=0.2)


def test_optional_columns():
    text = small_profile(record_shapes=True, profile_memory=True, with_flops=True).table()
    for heading in ("Input Shapes", "CPU Mem", "Self CPU Mem", "Total MFLOPs"):
        assert heading in text
    assert "[[2, 3], [2, 3]]" in text and "24 B" in text


def test_sorting_and_limits():
    averages = small_profile().key_averages()
    text = averages.table(sort_by="count", row_limit=1, header="Title")
    assert "aten::mul" in text and "aten::exp" not in text and "Title" in text
    totals = [e.cpu_time_total for e in sorted(averages, key=lambda e: -e.cpu_time_total)]
    rows = averages.table(sort_by="cpu_time_total", time_unit="us").splitlines()[3 : 3 + len(totals)]
    assert [float(row.split()[-3].rstrip("us")) for row in rows] == pytest.approx(totals, abs=1e-3)
    assert averages.table(sort_by="cuda_time_total") == averages.table()
    assert len(averages.table(row_limit=-1).splitlines()) == len(averages) + 5


def test_top_level_events_only():
    text = small_profile().table(top_level_events_only=True)
    assert "forward" in text and "run_backward" in text and "aten::exp" not in text


def test_bad_arguments_of_the_table():
    averages = small_profile().key_averages()
    with pytest.raises(ValueError, match="sort_by should be one of cpu_time, .*'colour'"):
        averages.table(sort_by="colour")
    with pytest.raises(ValueError, match="time_unit"):
        averages.table(time_unit="hours")


def test_long_names_are_cut():
    with profile() as prof, record_function("n" * 100):
        pass
    assert "n" * 52 + "..." in prof.table()
    assert "n" * 100 in prof.table(max_name_column_width=None)


# -------------------------------------------------------------------------------------------------- trace


def trace_of(prof, path):
    prof.export_chrome_trace(path)
    opened = gzip.open if str(path).endswith(".gz") else open
    with opened(path, "rt") as file:
        return json.load(file, parse_constant=lambda text: pytest.fail(f"{text} is no JSON"))


@pytest.mark.parametrize("name", ["trace.json", "trace.json.gz"])
def test_trace_has_the_format(tmp_path, name):
    x = fb.ones(2, 3)
    options = dict(record_shapes=True, with_stack=True, profile_memory=True, with_flops=True)
    with profile(**options) as prof, record_function('quoted "name"', "an argument"):
        x.clamp(max=float("inf"))
    trace = trace_of(prof, tmp_path / name)
    assert trace["displayTimeUnit"] == "ms" and abs(trace["baseTimeNanoseconds"] / 1e9 - time.time()) < 600
    complete = [e for e in trace["traceEvents"] if e["ph"] == "X"]
    assert [e["name"] for e in complete] == names(prof)
    for entry, e in zip(complete, prof.function_events, strict=True):
        assert entry["ts"] == e.time_range.start and entry["dur"] == e.cpu_time_total
        assert isinstance(entry["pid"], int) and entry["tid"] == threading.get_native_id()
    assert complete[0]["cat"] == "user_annotation" and complete[0]["args"]["Arguments"] == "an argument"
    assert complete[-1]["cat"] == "cpu_op" and complete[-1]["args"]["Input Dims"][0] == [2, 3]


def test_trace_names_process_and_threads(tmp_path):
    trace = trace_of(small_profile(), tmp_path / "trace.json")
    metadata = {e["name"]: e for e in trace["traceEvents"] if e["ph"] == "M"}
    assert set(metadata) == {"process_name", "thread_name"}
    assert "MainThread" in metadata["thread_name"]["args"]["name"]


def test_arrows_lead_from_calls_to_their_backward(tmp_path):
    entries = trace_of(small_profile(), tmp_path / "trace.json")["traceEvents"]
    starts = {e["id"]: e for e in entries if e["ph"] == "s"}
    ends = {e["id"]: e for e in entries if e["ph"] == "f"}
    assert len(starts) == len(ends) == 3 and set(starts) == set(ends)
    at = {e["ts"]: e["name"] for e in entries if e["ph"] == "X"}
    arrows = {(at[starts[i]["ts"]], at[ends[i]["ts"]]) for i in starts}
    assert arrows == {("aten::mul", "MulBackward0"), ("aten::exp", "ExpBackward0"), ("aten::sum", "SumBackward0")}
    assert all(e["bp"] == "e" for e in ends.values())
