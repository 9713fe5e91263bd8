"""Chrome's trace format: a profile as JSON that Perfetto and chrome://tracing show.

The format is that of "Trace Event Format" (Google, 2016): complete events ("X") with ts and dur in microseconds (since
"baseTimeNanoseconds", a Unix time), metadata ("M") with the names of process and threads, and flow events ("s", "f") as
arrows from a call to its backward.
"""

import gzip
import json
import os
import sys


def write_trace(path, events, metadata=None):
    """Writes an EventList; gzipped when path ends in .gz. metadata: further entries of the file's outer object."""
    path = os.fspath(path)
    opener = gzip.open if path.endswith(".gz") else open
    head = {
        "schemaVersion": 1,
        "displayTimeUnit": "ms",
        "baseTimeNanoseconds": events.unix_ns,
        "traceName": path,
        **(metadata or {}),
    }
    with opener(path, "wt", encoding="utf-8") as file:
        file.write(json.dumps(head)[:-1] + ', "traceEvents": [\n')
        for i, entry in enumerate(_entries(events)):
            file.write((",\n" if i else "") + json.dumps(entry))
        file.write("\n]}\n")


def _entries(events):
    """The entries of "traceEvents" in order."""
    pid = os.getpid()
    threads = events.threads or [(pid, "MainThread")]
    yield _metadata("process_name", pid, 0, os.path.basename(sys.executable or "python"))
    for tid, name in threads:
        yield _metadata("thread_name", pid, tid, f"thread {tid} ({name})")
    forward = {}  # creation number of a node -> the innermost call that recorded it
    for event in events:
        here = {"pid": pid, "tid": threads[event.thread][0], "ts": event.time_range.start}
        yield {
            "ph": "X",
            "cat": "user_annotation" if event.is_user_annotation else "cpu_op",
            "name": event.name,
            **here,
            "dur": event.time_range.elapsed_us(),
            "args": _arguments(event),
        }
        if event.sequence_nr >= 0:
            if event.scope != 1:
                forward[event.sequence_nr] = here
            elif event.sequence_nr in forward:
                flow = {"cat": "fwdbwd", "name": "fwdbwd", "id": event.sequence_nr + 1}
                yield {"ph": "s", **flow, **forward.pop(event.sequence_nr)}
                yield {"ph": "f", "bp": "e", **flow, **here}


def _metadata(what, pid, tid, name):
    return {"ph": "M", "name": what, "pid": pid, "tid": tid, "ts": 0, "args": {"name": name}}


def _arguments(event):
    """What a viewer shows of an event that is selected."""
    values = ["" if v is None else str(v) for v in event.concrete_inputs]
    found = {"Input Dims": event.input_shapes, "Concrete Inputs": values, "Bytes": event.cpu_memory_usage,
             "Flops": event.flops, "Call stack": ";".join(event.stack), "Arguments": event.args}  # fmt: skip
    found = {name: value for name, value in found.items() if value}
    if event.sequence_nr >= 0:
        found["Sequence number"] = event.sequence_nr
    return {"External id": event.id, **found}
