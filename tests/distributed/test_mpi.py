"""The backend "mpi", where mpi4py and an mpiexec are."""

import subprocess
import sys
import textwrap

import pytest

from flambeau import distributed as dist
from flambeau.cli import CommandError
from flambeau.cli.launch import mpiexec


def _missing():
    try:
        mpiexec()
    except CommandError:
        return True
    return not dist.is_mpi_available()


needs_mpi = pytest.mark.skipif(_missing(), reason="needs pip install flambeau[mpi]")

PROGRAM = """
import datetime
import numpy as np
import flambeau as fb
from flambeau import distributed as dist, nn

dist.init_process_group("mpi")
rank, size = dist.get_rank(), dist.get_world_size()
assert size == 3 and dist.get_backend() == "mpi"

def values(rank, count, dtype=fb.float32):
    return ((fb.arange(count) * 7 + rank * 3) % 8 + 1).to(dtype)

for dtype in (fb.float16, fb.bfloat16, fb.float32, fb.float64, fb.int8, fb.uint8, fb.int64):
    for count in (1, 7, 400_000):
        x = values(rank, count, dtype)
        dist.all_reduce(x)
        assert x.equal(sum(values(r, count) for r in range(size)).to(dtype)), (dtype, count)
x = values(rank, 9)
dist.all_reduce(x, dist.ReduceOp.AVG)
fb.testing.assert_close(x, sum(values(r, 9) for r in range(size)) / size)
for op, want in (("SUM", True), ("PRODUCT", False), ("MIN", False), ("MAX", True), ("BXOR", True)):
    b = fb.tensor([rank == 1])
    dist.all_reduce(b, getattr(dist.ReduceOp, op))
    assert b.item() is want, op
x = values(rank, 300_000)
dist.reduce(x, 2)
assert x.equal(sum(values(r, 300_000) for r in range(size)) if rank == 2 else values(rank, 300_000))
dist.broadcast(x, 1)
assert x.equal(values(1, 300_000))
outs = [fb.zeros(5) for _ in range(size)]
dist.all_gather(outs, values(rank, 5))
assert all(o.equal(values(r, 5)) for r, o in enumerate(outs))
dist.gather(values(rank, 5), outs if rank == 0 else None)
y = fb.zeros(5)
dist.scatter(y, [values(r, 5) for r in range(size)] if rank == 0 else None)
assert y.equal(values(rank, 5))
dist.reduce_scatter(y, [values(rank + r, 5) for r in range(size)])
assert y.equal(sum(values(r + rank, 5) for r in range(size)))
dist.all_to_all(outs, [values(rank + 2 * r, 5) for r in range(size)])
assert all(o.equal(values(r + 2 * rank, 5)) for r, o in enumerate(outs))
works = [dist.all_reduce(values(rank, 100_000), async_op=True) for _ in range(3)]
assert all(w.wait() for w in works)
dist.barrier()
dist.monitored_barrier()
every = [None] * size
dist.all_gather_object(every, "r" * rank)
assert every == ["", "r", "rr"]

x = fb.zeros(4)
if rank == 0:
    dist.send(fb.ones(4) * 3, 1, tag=4)
    work = dist.irecv(x, 2, tag=5)
    try:
        work.wait(datetime.timedelta(seconds=0.1))
    except dist.DistBackendError as error:
        assert "recv: nothing happened within 0.1 seconds" in str(error)
    else:
        raise AssertionError
elif rank == 1:
    assert dist.recv(x, tag=4) == 0 and x.tolist() == [3] * 4
    dist.isend(x, 2).wait()
else:
    work = dist.irecv(x, 1)
    assert work.wait() and work.source_rank() == 1 and x.tolist() == [3] * 4

group = dist.new_group([0, 2])
if rank != 1:
    x = fb.tensor([rank])
    dist.all_reduce(x, group=group)
    assert x.item() == 2 and dist.get_process_group_ranks(group) == [0, 2]
local = dist.new_group([0, 1], use_local_synchronization=True) if rank < 2 else None
if rank < 2:
    dist.barrier(local)

model = nn.parallel.DistributedDataParallel(nn.Linear(2, 1))
model(fb.ones(4, 2) * rank).sum().backward()
assert model.module.weight.grad.tolist() == [[4, 4]]
dist.destroy_process_group()
print("done", rank)
"""


@needs_mpi
def test_all_of_it(tmp_path):
    (tmp_path / "program.py").write_text(textwrap.dedent(PROGRAM))
    ended = subprocess.run(
        [sys.executable, "-m", "flambeau", "launch", "--mpi", "-n", "3", "--torch", "today", "program.py"],
        cwd=tmp_path, capture_output=True, text=True, timeout=55,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    assert sorted(ended.stdout.split("\n")) == ["", "done 0", "done 1", "done 2"]


def test_without_mpi4py(monkeypatch):
    monkeypatch.setitem(sys.modules, "mpi4py.MPI", None)
    with pytest.raises(RuntimeError, match=r'backend "mpi": import of mpi4py.MPI.*`pip install flambeau\[mpi\]` and'):
        dist.init_process_group("mpi")


def test_without_mpiexec(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    monkeypatch.setattr("importlib.metadata.files", lambda name: None)
    with pytest.raises(CommandError, match="--mpi needs mpiexec"):
        mpiexec()
