"""One program run by PyTorch's gloo and by this library: the same results."""

import json
import signal
import subprocess
import sys
import textwrap

import pytest

torch = pytest.importorskip("torch")

PROGRAM = """
import json, sys, warnings
import torch
import torch.distributed as dist
from torch import nn

rank, size = int(sys.argv[1]), 2
dist.init_process_group("gloo", init_method=f"file://{sys.argv[2]}", rank=rank, world_size=size)
found = {}

def note(name, call):
    try:
        value = call()
    except Exception as error:
        value = type(error).__mro__[-4 if isinstance(error, RuntimeError) else 0].__name__
    found[name] = value.tolist() if isinstance(value, torch.Tensor) else value

def values(dtype=torch.float32, shape=(2, 3)):
    return ((torch.arange(6).reshape(shape) * 5 + rank * 3) % 7 + 1).to(dtype)

def after(call, *tensors):
    call()
    return [t.tolist() for t in tensors]

for dtype in (torch.float32, torch.float64, torch.float16, torch.int32, torch.int64, torch.uint8, torch.int8):
    for name in ("SUM", "PRODUCT", "MIN", "MAX"):
        x = values(dtype)
        note(f"all_reduce {dtype} {name}", lambda: after(lambda: dist.all_reduce(x, getattr(dist.ReduceOp, name)), x))
for name in ("BAND", "BOR", "BXOR"):
    x, y = values(torch.int64), values()
    note(f"all_reduce {name}", lambda: after(lambda: dist.all_reduce(x, getattr(dist.ReduceOp, name)), x))
    note(f"floats {name}", lambda: after(lambda: dist.all_reduce(y, getattr(dist.ReduceOp, name)), y))
for root in range(size):
    x = values()
    note(f"broadcast {root}", lambda: after(lambda: dist.broadcast(x, root), x))
    y = values()
    dist.reduce(y, root)
    found[f"reduce {root}"] = y.tolist() if rank == root else None
    outs = [torch.zeros(2, 3) for _ in range(size)]
    note(f"gather {root}", lambda: after(lambda: dist.gather(values(), outs if rank == root else None, root), *outs))
    z = torch.zeros(2, 3)
    parts = [values() * (i + 1) for i in range(size)]
    note(f"scatter {root}", lambda: after(lambda: dist.scatter(z, parts if rank == root else None, root), z))
outs = [torch.zeros(2, 3) for _ in range(size)]
note("all_gather", lambda: after(lambda: dist.all_gather(outs, values()), *outs))
flat = torch.zeros(4, 3)
note("all_gather_into_tensor", lambda: after(lambda: dist.all_gather_into_tensor(flat, values()), flat))
part = torch.zeros(1, 3)
note("reduce_scatter_tensor", lambda: after(lambda: dist.reduce_scatter_tensor(part, values()), part))
single = torch.zeros(2, 3)
note("all_to_all_single", lambda: after(lambda: dist.all_to_all_single(single, values()), single))
uneven = torch.zeros(3 if rank == 0 else 1, 3)
note("uneven", lambda: after(lambda: dist.all_to_all_single(
    uneven, values(), [1, 2] if rank == 0 else [1, 0], [1, 1] if rank == 0 else [2, 0]), uneven))
objects = [None] * size
note("all_gather_object", lambda: dist.all_gather_object(objects, {"rank": rank}) or objects)
some = [rank, "a" * rank]
note("broadcast_object_list", lambda: dist.broadcast_object_list(some, 1) or some)
if rank == 0:
    dist.send(values(), 1)
    dist.send(values() * 2, 1, tag=3)
else:
    x, y = torch.zeros(2, 3), torch.zeros(2, 3)
    note("tag 0", lambda: [dist.recv(x), x.tolist()])
    note("tag 3", lambda: [dist.recv(y, 0, tag=3), y.tolist()])
work = dist.all_reduce(values(), async_op=True)
note("work", lambda: [work.wait(), work.is_completed(), work.result()[0].tolist()])
group = dist.new_group([1])
note("rank", lambda: [dist.get_rank(group), dist.get_world_size(group), dist.get_rank(), dist.get_backend()])
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    note("not a member", lambda: dist.all_reduce(values(), group=group) is None)
found["warnings"] = [str(w.message).replace("global rank 0", "") for w in caught if rank == 0]
note("wrong gather", lambda: dist.gather(values(), [values()] if rank else None))
note("to itself", lambda: dist.send(values(), rank))
note("twice", lambda: dist.init_process_group("gloo"))
note("no tensor", lambda: dist.all_reduce(3))
note("ranks", lambda: dist.get_global_rank(group, 0) if rank else None)

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        torch.manual_seed(rank)
        self.a, self.b, self.c = nn.Linear(4, 6), nn.Linear(6, 2), nn.Linear(6, 2)
        self.norm = nn.BatchNorm1d(6)

    def forward(self, x, both=True):
        h = self.norm(self.a(x)).relu()
        return self.b(h) + self.c(h) if both else self.b(h)

net = nn.parallel.DistributedDataParallel(Net(), find_unused_parameters=True)

def step_by_hand():
    with torch.no_grad():
        for p in net.parameters():
            if p.grad is not None:
                p -= 0.1 * p.grad

torch.manual_seed(7 + rank)
losses = []
for step in range(6):
    net.zero_grad()
    x = torch.randn(5, 4)
    if step == 2:
        with net.no_sync():
            net(x).square().mean().backward()
    loss = net(x, both=step % 2 == 0 or rank == 1).square().mean()
    loss.backward()
    step_by_hand()
    losses.append(loss.item())
found["losses"] = losses
found["parameters"] = [p.sum().item() for p in net.parameters()]
found["state"] = list(net.state_dict())
found["running_mean"] = net.module.norm.running_mean.tolist()
with net.join():
    for _ in range(rank + 1):
        net.zero_grad()
        net(x).square().mean().backward()
        step_by_hand()
found["joined"] = [p.sum().item() for p in net.parameters()]
dist.barrier()
print(json.dumps(found))
dist.destroy_process_group()
"""


def run(folder, *python):
    """What both ranks print."""
    program = folder / "program.py"
    program.write_text(textwrap.dedent(PROGRAM))
    processes = [
        subprocess.Popen([sys.executable, *python, str(program), str(r), str(folder / "store")],
                         stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for r in range(2)
    ]  # fmt: skip
    results = [p.communicate(timeout=100) for p in processes]
    for (_, err), p in zip(results, processes, strict=True):
        assert p.returncode == 0, err
    return [json.loads(out) for out, _ in results]


@pytest.mark.slow
def test_the_same_program(tmp_path):
    signal.alarm(240)  # PyTorch's import alone takes many seconds
    (tmp_path / "theirs").mkdir()
    (tmp_path / "ours").mkdir()
    theirs = run(tmp_path / "theirs")
    ours = run(tmp_path / "ours", "-m", "flambeau", "run", "--torch", "today")
    for mine, other in zip(ours, theirs, strict=True):
        close = ("losses", "parameters", "running_mean", "joined")
        for name in close:
            assert mine.pop(name) == pytest.approx(other.pop(name), rel=1e-4, abs=1e-5), name
        assert mine == other
