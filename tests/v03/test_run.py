"""`flambeau run`, as a user runs it: the program is `__main__`, with its arguments, its modules and its errors."""

import os
import signal
import subprocess
import sys
import textwrap

import pytest

COMMAND = [sys.executable, "-m", "flambeau", "run"]
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "FLAMBEAU_TORCH"}


@pytest.fixture
def write(tmp_path):
    """A function that writes files, by name and text, into the folder of the test."""

    def write(files):
        for name, text in files.items():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text(textwrap.dedent(text))
        return tmp_path

    return write


@pytest.fixture
def run(write, tmp_path):
    """A function that runs `flambeau run` with these arguments on files, in their folder."""

    def run(*arguments, env=(), stdin=None, **files):
        write({f"{name}.py": text for name, text in files.items()})
        return subprocess.run(
            [*COMMAND, *arguments], capture_output=True, text=True, timeout=120, cwd=tmp_path, input=stdin,
            env={**ENVIRONMENT, **dict(env)},
        )  # fmt: skip

    return run


# A training loop as it was written in 2017.
TRAINING = """
from __future__ import print_function
import argparse
import torch
import torch.optim as optim

Variable = torch.Variable

parser = argparse.ArgumentParser(description='a line through points')
parser.add_argument('--epochs', type=int, default=10)
parser.add_argument('--lr', type=float, default=0.1)
parser.add_argument('--no-cuda', action='store_true', default=False)
args = parser.parse_args()
args.cuda = not args.no_cuda and False

x = torch.FloatTensor([[0], [1], [2]])
y = torch.FloatTensor([[1], [3], [5]])
weight = Variable(torch.FloatTensor([[0.5]]), requires_grad=True)
bias = Variable(torch.FloatTensor([0]), requires_grad=True)
optimizer = optim.SGD([weight, bias], lr=args.lr)


def train(epoch):
    data, target = x, y
    if args.cuda:
        data, target = data.cuda(async=True), target.cuda(async=True)
    data, target = Variable(data), Variable(target)
    optimizer.zero_grad()
    output = data.mm(weight) + bias
    loss = ((output - target) ** 2).mean()
    loss.backward()
    optimizer.step()
    return loss.data[0]


def test():
    data = Variable(x, volatile=True)
    output = data.mm(weight) + bias
    assert output.volatile and output.grad_fn is None
    return (output.data.round() == y).sum()


first = train(0)
for epoch in range(1, args.epochs):
    last = train(epoch)
print('{:.4f} {}'.format(first, last < first / 100))
print('Accuracy: {}/{}'.format(test(), y.size(0)))
"""

TODAY = """
import torch
from torch import nn

x = torch.tensor([[0.0], [1.0], [2.0]])
y = 2 * x + 1
model = nn.Linear(1, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for _ in range(200):
    loss = nn.functional.mse_loss(model(x), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
with torch.no_grad():
    print(f"{loss.item():.2f}", (model(x) - y).abs().max().item() < 0.1)
"""


def test_a_program_of_2017(run):
    result = run("train.py", "--epochs", "200", "--no-cuda", train=TRAINING)
    assert result.stdout == "7.7500 True\nAccuracy: 3/3\n"
    assert result.stderr == "flambeau: running as PyTorch 0.3: 'volatile=' at line 37 (train.py:37)\n"
    assert result.returncode == 0


def test_a_program_of_today(run):
    result = run("train.py", train=TODAY)
    assert (result.stdout, result.returncode) == ("0.00 True\n", 0)
    assert result.stderr == "flambeau: running as today's PyTorch: 'torch.no_grad' at line 14 (train.py:14)\n"


@pytest.mark.parametrize("era, name", [("0.3", "flambeau.v03"), ("today", "flambeau")])
def test_the_era_may_be_told(era, name, run):
    script = "import torch; print(torch.__name__)  # volatile=, no_grad"
    result = run("--torch", era, "script.py", script=script)
    assert (result.stdout, result.stderr) == (f"{name}\n", "")


def test_a_run_inside_a_run_takes_its_era(run):
    outer = "import subprocess, sys; sys.exit(subprocess.call([sys.executable, '-m', 'flambeau', 'run', 'inner.py']))"
    result = run("--torch", "0.3", "outer.py", outer=outer, inner="import torch; print(torch.__name__)")
    assert (result.stdout, result.stderr) == ("flambeau.v03\n", "")


def test_what_a_script_sees_of_itself(run, tmp_path):
    script = """
    import sys, os
    print(__name__, __file__, __spec__, __package__ or None, sys.argv, sys.path[0])
    print(sys.modules["__main__"].__dict__ is globals(), vars(__builtins__)["len"] is len)
    """
    result = run("folder/script.py", "--report", "-x", "--", "y", **{"folder/script": script})
    path = os.path.realpath(tmp_path)
    argv = ["folder/script.py", "--report", "-x", "--", "y"]
    first = f"__main__ {path}/folder/script.py None None {argv} {path}/folder"
    assert result.stdout == f"{first}\nTrue True\n"


def test_a_script_of_no_era_runs_as_today(run):
    result = run("script.py", script="import torch; print(torch.__name__)")
    assert result.stdout == "flambeau\n"
    assert result.stderr == "flambeau: running as today's PyTorch: no sign of 0.3 found\n"


def test_modules_beside_the_script_are_read_and_rewritten(run):
    files = {
        "script": "import package.model\nprint(package.model.make(async=2))",
        "package/__init__": "",
        "package/model": "from . import parts\nfrom .parts import half\n"
        "def make(async): return half(parts.double(async))",
        "package/parts": "def double(x): return 2 * x\n\ndef half(x, async=3): return x, async",
    }
    result = run("script.py", **files)
    assert result.stdout == "(4, 3)\n"
    assert "0.3: 'async=' at line 2 (script.py:2)" in result.stderr


def test_a_sign_in_a_module_beside_the_script_counts(run):
    result = run("script.py", script="from loss import mean", loss="def mean(x):\n    return x.data[0]\n")
    assert "0.3: '.data[0]' at line 2 (loss.py:2)" in result.stderr


@pytest.mark.parametrize("era", ["0.3", "today"])
def test_functions_that_have_the_names_of_modules_stay(era, run):
    script = """
    import torch.nn.parallel.data_parallel
    from torch.nn.parallel.replicate import replicate
    import torch.nn as nn
    print(replicate is nn.parallel.replicate, callable(nn.parallel.data_parallel))
    """
    assert run("--torch", era, "script.py", script=script).stdout == "True True\n"


def test_a_module(run):
    files = {
        "package/__init__": "import torch",
        "package/train": "import sys, torch\nfrom . import parts\n"
        "print(__name__, __package__, __spec__.name, sys.argv[1:])\n"
        "print(parts.part(async=1), torch.__name__)",
        "package/parts": "def part(async): return async",
    }  # fmt: skip
    result = run("--torch", "0.3", "-m", "package.train", "--lr", "1", **files)
    assert result.stdout == "__main__ package package.train ['--lr', '1']\n1 flambeau.v03\n"


def test_a_package_runs_its_main_module(run):
    files = {"package/__init__": "", "package/__main__": "async = 1\nprint(__name__, __package__, async)"}
    assert run("-m", "package", **files).stdout == "__main__ package 1\n"


def test_stdin_is_the_scripts(run):
    result = run("script.py", stdin="some\nlines\n", script="import sys; print(sys.stdin.read().split(), input)")
    assert result.stdout.startswith("['some', 'lines']")


def test_a_script_from_stdin(run):
    script = "import sys\nasync = 3\nprint(async, sys.argv, __name__, '__file__' in globals())"
    result = run("-", "x", stdin=script)
    assert result.stdout == "3 ['-', 'x'] __main__ False\n"
    assert "'async=' at line" not in result.stderr and result.returncode == 0


# ---------------------------------------------------------------------------------------------- ends


@pytest.mark.parametrize(
    "script, status, error",
    [
        ("import sys; sys.exit(3)", 3, ""),
        ("raise SystemExit('a sentence')", 1, "a sentence\n"),
        ("exit()", 0, ""),
        ("1 / 0", 1, "ZeroDivisionError: division by zero\n"),
        ("import nothing_of_this_name", 1, "ModuleNotFoundError: No module named 'nothing_of_this_name'\n"),
        ("import torch.nothing", 1, "No module named 'torch.nothing': flambeau has none under this name\n"),
        ("x = (", 1, "SyntaxError: '(' was never closed\n"),
        ("x = 1\0", 1, "null bytes\n"),
    ],
)
def test_exit_status(script, status, error, run):
    result = run("--torch", "today", "script.py", script=script)
    assert result.returncode == status and result.stderr.endswith(error)
    assert bool(result.stderr) == bool(error)


def test_tracebacks_are_those_of_the_script(run, tmp_path):
    script = """
    import module

    def main(async=1):
        module.divide(async, 0)

    main(async=2)
    """
    result = run("--torch", "0.3", "script.py", script=script, module="def divide(a, b):\n    return a / b\n")
    path = os.path.realpath(tmp_path)
    lines = [line for line in result.stderr.splitlines() if "^" not in line and "~" not in line]
    assert lines == [
        "Traceback (most recent call last):",
        f'  File "{path}/script.py", line 7, in <module>',
        "    main(async=2)",
        f'  File "{path}/script.py", line 5, in main',
        "    module.divide(async, 0)",
        f'  File "{path}/module.py", line 2, in divide',
        "    return a / b",
        "ZeroDivisionError: division by zero",
    ]


def test_interruption(write):
    script = "import signal, os\nsignal.signal(2, signal.default_int_handler)\nos.kill(os.getpid(), 2)"
    folder = write({"script.py": script})
    result = subprocess.run([*COMMAND, "script.py"], capture_output=True, text=True, timeout=120, cwd=folder)
    assert result.returncode == 128 + signal.SIGINT
    assert result.stderr.rstrip().endswith("KeyboardInterrupt")


def test_the_real_torch_imported_before_is_one_sentence(run):
    startup = "import sys, types; sys.modules['torch'] = types.ModuleType('torch')"
    result = run("--torch", "0.3", "script.py", env={"PYTHONPATH": "."}, sitecustomize=startup, script="1 / 0")
    assert result.returncode == 1
    assert result.stderr.startswith("flambeau: run: alias(): the real torch is imported already, from unknown; call")


@pytest.mark.parametrize("arguments", [["absent.py"], ["-m", "absent.module"], ["."], []])
def test_what_is_not_there_is_one_sentence(arguments, run):
    result = run(*arguments)
    assert result.returncode == 1 and result.stderr.startswith("flambeau: run: ") and result.stderr.count("\n") == 1


@pytest.mark.parametrize(
    "line, construct",
    [
        ("print 'x'", "print statement"),
        ("print x, 3", "print statement"),
        ("if 1: print x", "print statement"),
        ("exec 'x = 1'", "exec statement"),
        ("raise ValueError, 'x'", "'raise Error, message'"),
        ("x = 3 <> 4", "'<>'"),
        ("x = `3`", "backquotes"),
        ("x = 0777", "octal number without 'o'"),
        ("x = 10L", "long number"),
        ("x = ur'a'", "ur string"),
        ("f = lambda (a, b): a", "tuple parameter"),
        ("def f(a, (b, c)): pass", "tuple parameter"),
        ("if 1:\n        x = 1\n\ty = 2", "tabs mixed with spaces"),
    ],
)
def test_python_2_is_told_in_a_sentence(line, construct, tmp_path, monkeypatch):
    from flambeau.aliasing.source import NeedsPython2, compiled

    monkeypatch.chdir(tmp_path)
    with pytest.raises(NeedsPython2) as caught:
        compiled(f"import torch\n\n{line}\n".encode(), str(tmp_path / "old.py"), "0.3")
    number = 5 if "tabs" in construct else 3
    assert caught.value.msg.startswith(f"old.py needs Python 2: {construct} at line {number}; run 2to3")


@pytest.mark.parametrize("text", ["x = (", "print(1", "def f(:\n    pass", "x = '"])
def test_other_errors_of_syntax_stay_pythons(text):
    from flambeau.aliasing.source import NeedsPython2, compiled

    with pytest.raises(SyntaxError) as caught:
        compiled(text.encode(), "script.py", "0.3")
    assert not isinstance(caught.value, NeedsPython2)


def test_a_script_of_python_2(run):
    result = run("old.py", old="import torch\nx = torch.rand(3)\nprint x\n")
    assert result.returncode == 1 and result.stdout == ""
    assert "old.py needs Python 2: print statement at line 3; run 2to3" in result.stderr.splitlines()[-1]
    assert "Traceback" not in result.stderr


# ---------------------------------------------------------------------------------------------- child processes


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_child_processes(method, run):
    script = """
    import multiprocessing, sys
    import torch
    from helper import scaled

    def work(n, async=2):
        return torch.__name__, (torch.FloatTensor([n]) * scaled(async=async)).sum(), __name__

    if __name__ == "__main__":
        context = multiprocessing.get_context(sys.argv[1])
        with context.Pool(1) as pool:
            print(pool.map(work, [3]))
    """
    result = run("--torch", "0.3", "script.py", method, script=script, helper="def scaled(async): return 10 * async\n")
    name = "__main__" if method == "fork" else "__mp_main__"
    assert (result.stdout, result.stderr) == (f"[('flambeau.v03', 60.0, '{name}')]\n", "")


def test_child_processes_of_a_module(run):
    files = {
        "package/__init__": "",
        "package/train": "import multiprocessing, torch\ndef work(n, async=2): return torch.__name__, n * async\n"
        "if __name__ == '__main__':\n"
        "    with multiprocessing.get_context('spawn').Pool(1) as pool: print(pool.map(work, [3]))\n",
    }  # fmt: skip
    result = run("--torch", "0.3", "-m", "package.train", **files)
    assert (result.stdout, result.stderr) == ("[('flambeau.v03', 6)]\n", "")


# ---------------------------------------------------------------------------------------------- report and check


def test_report(run):
    script = """
    import torch, sys
    x = torch.LongTensor([7, 9])
    print((x / 2).tolist())
    print(x.sum())
    sys.exit(4)
    """
    result = run("--torch", "0.3", "--report", "script.py", script=script)
    assert (result.returncode, result.stdout) == (4, "[3, 4]\n16\n")
    head, number, works = result.stderr.strip().split("\n\n")
    assert head == "flambeau: What this run relied on that only PyTorch 0.3 did:"
    assert number.startswith(
        "Today's PyTorch would silently give another number or type:\n  script.py:4  once: `/` of integers cut"
    )
    assert "\n  script.py:5  once: a Python number" in works


def test_report_names_files_as_seen_from_where_it_was_started(run):
    script = "import os, torch\nos.chdir('/')\ntorch.LongTensor([7]) / 2"
    assert "\n  script.py:3  once" in run("--torch", "0.3", "--report", "script.py", script=script).stderr


def test_report_after_an_error_and_of_a_forked_child(run):
    script = """
    import os, torch
    torch.LongTensor([7]) / 2
    if os.fork() == 0:
        raise ValueError("of the child")
    os.wait()
    raise ValueError("of the parent")
    """
    result = run("--torch", "0.3", "--report", "script.py", script=script)
    assert result.returncode == 1 and result.stderr.count("relied on") == 1
    assert result.stderr.index("of the parent") < result.stderr.index("relied on")


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_report_of_child_processes(method, run):
    script = f"""
    import multiprocessing, torch
    def work(n):
        return (torch.LongTensor([n]) / 2)[0]
    def wait(queue):
        torch.LongTensor([7]) / 2
        queue.put(torch.ones(1).sum())
        while True: pass
    if __name__ == "__main__":
        context = multiprocessing.get_context("{method}")
        with context.Pool(2) as pool:
            print(sum(pool.map(work, [3, 5, 7], 1)))
            pool.close()
            pool.join()
        queue = context.Queue()
        process = context.Process(target=wait, args=(queue,))
        process.start()
        print(queue.get())
        process.terminate()
        process.join()
        work(9)
    """
    result = run("--torch", "0.3", "--report", "script.py", script=script)
    assert (result.returncode, result.stdout) == (0, "6\n1.0\n")
    for line, times in ((4, "4 times"), (6, "once")):
        assert f"\n  script.py:{line}  {times}: `/` of integers" in result.stderr
    assert "\n  script.py:7  once: a Python number" in result.stderr


def test_report_of_a_forked_child_and_its_loader(run):
    script = """
    import os, torch
    from torch.utils.data import DataLoader
    class Halves(object):
        def __len__(self): return 4
        def __getitem__(self, i): return torch.LongTensor([7]) / 2
    if os.fork() == 0:
        torch.LongTensor([7]) / 2
        torch.LongTensor([7]) / 2
    else:
        os.wait()
        print(len(list(DataLoader(Halves(), num_workers=2))))
    """
    result = run("--torch", "0.3", "--report", "script.py", script=script)
    assert result.stdout == "4\n" and result.stderr.count("relied on") == 1
    for line, times in ((6, "4 times"), (8, "once"), (9, "once")):
        assert f"\n  script.py:{line}  {times}: `/` of integers" in result.stderr, line


def test_report_of_today_has_nothing_to_say(run):
    result = run("--torch", "today", "--report", "script.py", script="print(1)")
    assert (result.stdout, result.stderr) == (
        "1\n",
        "flambeau: --report: nothing to report, the program runs as today's PyTorch\n",
    )


def test_check_reads_and_does_not_run(run):
    result = run("--check", "train.py", train=TRAINING + "\n1 / 0\n")
    lines = result.stdout.splitlines()
    assert lines[0] == "PyTorch 0.3: 'volatile=' at line 37 (train.py:37)"
    assert [line.split(": ")[0].split() for line in lines[1:]] == [
        ["train.py:26", "async="], ["train.py:26", "async="], ["train.py:33", ".data[0]"], ["train.py:37", "volatile="],
        ["train.py:39", ".volatile"],
    ]  # fmt: skip
    assert "with torch.no_grad():" in lines[4] and "non_blocking=" in lines[1]
    assert (result.returncode, result.stderr) == (0, "")


def test_check_of_python_2(run):
    old = "import torch\nfrom torch.autograd import Variable\nprint Variable(x, volatile=True).data[0]  # no_grad()\n"
    result = run("--check", "old.py", old=old)
    assert result.returncode == 1
    assert result.stderr.startswith("flambeau: old.py needs Python 2: print statement at line 3")
    assert [line.split(": ")[0].split()[1] for line in result.stdout.splitlines()[1:]] == [
        "volatile=", ".data[0]", "Variable(", "print",
    ]  # fmt: skip
