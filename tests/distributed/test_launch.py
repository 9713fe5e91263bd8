"""`flambeau launch`, `torch.distributed.launch` and `torch.distributed.run`."""

import os
import signal
import subprocess
import sys
import textwrap
import time

import pytest

from tests.limits import is_running, wait_until

PROGRAM = """
import os, sys
import torch, torch.distributed as dist
dist.init_process_group("gloo")
x = torch.ones(1) * (dist.get_rank() + 1)
dist.all_reduce(x)
with open(f"out.{dist.get_rank()}", "w") as out:
    print(torch.__name__, dist.get_world_size(), os.environ["LOCAL_RANK"], int(x[0]), sys.argv[1:], file=out)
"""


@pytest.fixture
def flambeau(tmp_path):
    """A function that runs `python -m flambeau ARGS` in a folder with the program train.py."""

    def run(*args, script=PROGRAM, env=None, wait=True):
        (tmp_path / "train.py").write_text(textwrap.dedent(script))
        process = subprocess.Popen(
            [sys.executable, "-m", "flambeau", *args], cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            text=True, env={**os.environ, **(env or {})},
        )  # fmt: skip
        if not wait:
            return process
        process.out, process.err = process.communicate(timeout=50)
        return process

    return run


def outputs(folder, count):
    return [(folder / f"out.{r}").read_text().strip() for r in range(count)]


def test_launch(flambeau, tmp_path):
    recorded = PROGRAM + """
from torch.distributed.elastic.multiprocessing.errors import record
assert record(os.getpid) is os.getpid
"""
    ended = flambeau("launch", "-n", "3", "train.py", "--lr", "1", script=recorded)
    assert ended.returncode == 0 and ended.err.count("running as") == 1, ended.err
    assert outputs(tmp_path, 3) == [f"flambeau 3 {r} 6 ['--lr', '1']" for r in range(3)]


def test_launch_of_a_module_of_03(flambeau, tmp_path):
    (tmp_path / "package").mkdir()
    (tmp_path / "package" / "train.py").write_text(PROGRAM)
    ended = flambeau("launch", "-n", "2", "--torch", "0.3", "-m", "package.train", "x")
    assert ended.returncode == 0 and not ended.err, ended.err
    assert outputs(tmp_path, 2) == [f"flambeau.v03 2 {r} 3 ['x']" for r in range(2)]


def test_launchers_of_pytorch(flambeau, tmp_path):
    ended = flambeau("run", "-m", "torch.distributed.launch", "--nproc_per_node=2", "train.py", "x")
    assert ended.returncode == 0, ended.err
    assert outputs(tmp_path, 2) == [f"flambeau 2 {r} 3 ['--local_rank={r}', 'x']" for r in range(2)]
    old = PROGRAM + "volatile = torch.autograd.Variable(x, volatile=True)\n"
    launcher = ["run", "-m", "torch.distributed.launch"]
    ended = flambeau(*launcher, "--nproc-per-node", "2", "--use_env", "train.py", script=old)
    assert ended.returncode == 0 and "running as PyTorch 0.3: 'volatile='" in ended.err
    assert outputs(tmp_path, 2) == [f"flambeau.v03 2 {r} 3 []" for r in range(2)]
    ended = flambeau("run", "-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2", "train.py", "-a")
    assert ended.returncode == 0, ended.err
    assert outputs(tmp_path, 2) == [f"flambeau 2 {r} 3 ['-a']" for r in range(2)]


def test_two_machines(flambeau, tmp_path):
    """Two launchers, which would be on two machines."""
    import socket

    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = str(probe.getsockname()[1])
    machines = ["launch", "-n", "1", "--nodes", "2", "--master-addr", "localhost", "--master-port", port]
    first = flambeau(*machines, "--node-rank", "0", "train.py", wait=False)
    second = flambeau(*machines, "--node-rank", "1", "train.py")
    first.communicate(timeout=20)
    assert first.returncode == second.returncode == 0
    assert outputs(tmp_path, 2) == ["flambeau 2 0 3 []"] * 2


FAILING = """
import os, sys, time
with open(f"pid.{os.environ['RANK']}", "w") as out:
    out.write(str(os.getpid()))
while not all(os.path.exists(f"pid.{r}") for r in range(2)):
    time.sleep(0.01)
time.sleep(0.1)
if os.environ["RANK"] == "1":
    how = sys.argv[1]
    sys.exit(7) if how == "exit" else os.kill(os.getpid(), 11) if how == "signal" else None
time.sleep(60)
"""


def pids(folder):
    return [int((folder / f"pid.{r}").read_text()) for r in range(2)]


@pytest.mark.parametrize(
    "how, code, message", [("exit", 7, "failed with exit code 7"), ("signal", 139, "failed with signal SIGSEGV")]
)
def test_one_failure_ends_all(flambeau, tmp_path, how, code, message):
    begin = time.monotonic()
    ended = flambeau("launch", "-n", "2", "train.py", how, script=FAILING)
    assert time.monotonic() - begin < 40 and ended.returncode == code
    assert f"flambeau: launch: rank 1 (process {pids(tmp_path)[1]}) {message}; ending the other" in ended.err
    assert not any(map(is_running, pids(tmp_path)))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signals_go_to_all(flambeau, tmp_path, number):
    noting = FAILING.replace("time.sleep(60)", "").replace("time.sleep(0.1)", "") + """
import signal
def handler(number, frame):
    with open(f"got.{os.environ['RANK']}", "w") as out:
        out.write(str(number))
    sys.exit(0)
for s in (signal.SIGINT, signal.SIGTERM):
    signal.signal(s, handler)
with open(f"ready.{os.environ['RANK']}", "w"):
    pass
time.sleep(60)
"""
    process = flambeau("launch", "-n", "2", "train.py", "none", script=noting, wait=False)
    if not wait_until(lambda: all((tmp_path / f"ready.{r}").exists() for r in range(2)), 40):
        process.send_signal(signal.SIGTERM)
        pytest.fail(process.communicate()[1])
    process.send_signal(number)
    process.communicate(timeout=20)
    assert process.returncode == 128 + number
    assert [(tmp_path / f"got.{r}").read_text() for r in range(2)] == [str(int(number))] * 2


@pytest.mark.parametrize(
    "args, code, message",
    [
        (["launch", "-n", "2"], 1, "launch: name a script"),
        (["launch", "-n", "0", "train.py"], 2, "must be 1 or more, got 0"),
        (["launch", "-n", "2", "--nodes", "2", "train.py"], 1, "several machines need the --master-addr"),
        (["launch", "-n", "2", "--node-rank", "1", "train.py"], 1, "--node-rank must be from 0 to 0, got 1"),
        (["launch", "-n", "2", "missing.py"], 1, "cannot read missing.py"),
        (["launch", "-n", "2", "-"], 1, "the script must be a file"),
        (["launch", "train.py"], 2, "the following arguments are required: -n"),
        (["run", "-m", "torch.distributed.run", "--nproc_per_node", "x", "train.py"], 1, "--nproc_per_node: expected"),
        (["run", "-m", "torch.distributed.nothing"], 1, "no module named torch.distributed.nothing"),
    ],
)
def test_wrong_command_lines(flambeau, args, code, message):
    ended = flambeau(*args)
    assert ended.returncode == code and message in ended.err and "Traceback" not in ended.err
