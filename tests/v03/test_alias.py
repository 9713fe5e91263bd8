"""`flambeau.alias`: the name torch in imports, in pickles and in child processes. Programs run in fresh processes."""

import subprocess
import sys
import textwrap
import types

import pytest

import flambeau


def run(code, folder=None, **files):
    """The standard output of a program; its last line of stderr when it fails."""
    if folder is not None:
        for name, text in files.items():
            (folder / f"{name}.py").write_text(textwrap.dedent(text))
    result = subprocess.run(
        [sys.executable, "-W", "error", "-c", textwrap.dedent(code)],
        capture_output=True, text=True, timeout=120, cwd=folder,
    )  # fmt: skip
    return result.stdout if result.returncode == 0 else result.stderr.strip().splitlines()[-1]


@pytest.mark.parametrize("era, module", [("0.3", "flambeau.v03"), ("today", "flambeau")])
def test_torch_is_the_namespace_of_the_era(era, module):
    assert run(f"import flambeau; flambeau.alias(torch={era!r}); import torch; print(torch.__name__)") == f"{module}\n"


@pytest.mark.parametrize("era, version", [("0.3", "0.3.0"), ("today", "2.13.0+flambeau.")])
def test_the_version_is_that_of_a_release_of_pytorch(era, version):
    """Programs compare it with releases."""
    code = f"""
    import flambeau
    own = flambeau.__version__
    with flambeau.alias(torch={era!r}):
        import torch, torch.version
        assert torch.__version__ == torch.version.__version__
        print(torch.__version__.removesuffix(own))
    assert flambeau.__version__ == own
    """
    assert run(code) == f"{version}\n"


def test_a_module_is_one_object_under_both_names():
    code = """
    import sys, flambeau
    flambeau.alias(torch="today")
    import torch.nn as nn, torch.nn.functional as F
    from torch.autograd import Variable
    from torch.optim import lr_scheduler
    import flambeau.nn.functional, flambeau.autograd
    assert nn is flambeau.nn is sys.modules["torch.nn"] and F is flambeau.nn.functional
    assert Variable is flambeau.autograd.Variable and lr_scheduler is flambeau.optim.lr_scheduler
    assert nn.__spec__.name == "flambeau.nn" and nn.__name__ == "flambeau.nn"
    print("same")
    """
    assert run(code) == "same\n"


@pytest.mark.parametrize("era", ["0.3", "today"])
def test_a_function_with_the_name_of_its_module_stays(era):
    code = f"""
    import flambeau
    handle = flambeau.alias(torch={era!r})
    from torch.nn.utils.weight_norm import WeightNorm
    from torch.nn.utils import weight_norm
    import torch.nn.utils.weight_norm
    assert callable(weight_norm) and torch.nn.utils.weight_norm is weight_norm
    import sys
    handle.undo()
    print(sorted(name for name in sys.modules if name.startswith("torch")))
    """
    assert run(code) == "[]\n"


def test_what_0_3_has_not_of_its_own_is_todays():
    code = """
    import flambeau
    flambeau.alias(torch="0.3")
    import torch, torch.special, torch.nn.utils
    import flambeau.special as todays
    assert torch is flambeau.v03 and torch.special is todays
    print(torch.FloatTensor([1]).sum())
    """
    assert run(code) == "1.0\n"


def test_torchvision_is_vision():
    code = 'import flambeau; flambeau.alias(torch="0.3"); import torchvision; print(torchvision is flambeau.vision)'
    assert run(code) == "True\n"


@pytest.mark.parametrize("name", ["torch.nothing", "torch.nn.nothing", "torchvision.nothing"])
def test_a_module_that_is_not_there(name):
    code = f"""
    import flambeau
    flambeau.alias(torch="today")
    try:
        import {name}
    except ModuleNotFoundError as error:
        print(error.name, str(error))
    """
    assert run(code) == f"{name} No module named '{name}': flambeau has none under this name\n"


def test_an_error_within_a_module_is_not_taken_for_its_absence(tmp_path):
    code = """
    import flambeau, sys
    flambeau.alias(torch="today")
    sys.modules["flambeau.optim.sgd"] = None  # what it imports cannot be imported
    import torch.optim
    """
    assert "flambeau.optim.sgd" in run(code)


def test_pickles_of_classes_of_torch():
    code = """
    import pickle, flambeau
    flambeau.alias(torch="0.3")
    import torch
    assert torch.FloatTensor.__module__ == "torch"
    assert pickle.loads(pickle.dumps(torch.FloatTensor)) is torch.FloatTensor
    from torch.nn import Linear
    assert pickle.loads(pickle.dumps(Linear)) is Linear
    print("same")
    """
    assert run(code) == "same\n"


CHILD = """
import multiprocessing, sys
import flambeau

if __name__ == "__main__":
    flambeau.alias(torch="0.3")

from work import work

if __name__ == "__main__":
    context = multiprocessing.get_context(sys.argv[1])
    with context.Pool(1) as pool:
        print(pool.map(work, [3]))
"""


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_children_begin_with_the_alias(method, tmp_path):
    (tmp_path / "work.py").write_text(
        "import torch\nfrom torch.nn import Linear\n"
        "def work(n, async=2):\n    return torch.__name__, torch.FloatTensor([n]).sum() * async\n"
    )
    (tmp_path / "main.py").write_text(CHILD)
    result = subprocess.run(
        [sys.executable, "main.py", method], capture_output=True, text=True, timeout=120, cwd=tmp_path
    )
    assert result.stderr == "" and result.stdout == "[('flambeau.v03', 6.0)]\n"


def test_undo():
    code = """
    import sys, time, os, flambeau
    from multiprocessing import spawn
    before, prepare = list(sys.meta_path), spawn.get_preparation_data
    with flambeau.alias(torch="0.3") as handle:
        import torch.nn, torch.optim as optim
        assert time.clock and os.environ["FLAMBEAU_TORCH"] == handle.era == "0.3"
    assert sys.meta_path == before and spawn.get_preparation_data is prepare
    assert not [n for n in sys.modules if n.partition(".")[0] == "torch"] and "flambeau.nn" in sys.modules
    assert not hasattr(time, "clock") and "FLAMBEAU_TORCH" not in os.environ
    with flambeau.alias(torch="today"):
        import torch
    print(torch is flambeau, optim is flambeau.v03.optim)
    """
    assert run(code) == "True True\n"


def test_an_alias_within_the_same_alias_ends_with_the_outer_one():
    code = """
    import flambeau
    outer = flambeau.alias(torch="0.3")
    with flambeau.alias(torch="0.3") as inner:
        assert inner is outer
    import torch
    print(torch.__name__)
    """
    assert run(code) == "flambeau.v03\n"


def test_another_alias_is_refused():
    code = 'import flambeau; flambeau.alias(torch="0.3"); flambeau.alias(torch="today")'
    assert run(code) == "RuntimeError: alias(): torch is an alias for '0.3' already; undo() that one first"


def test_the_real_torch_is_not_replaced(monkeypatch):
    real = types.ModuleType("torch")
    real.__file__ = "/somewhere/torch/__init__.py"
    monkeypatch.setitem(sys.modules, "torch", real)
    path = list(sys.meta_path)
    with pytest.raises(RuntimeError, match="real torch is imported already, from /somewhere.*before the first"):
        flambeau.alias(torch="today")
    assert sys.meta_path == path and sys.modules["torch"] is real


def test_an_unknown_era_is_refused():
    with pytest.raises(ValueError, match="must be one of '0.3', 'today', got '0.4'"):
        flambeau.alias(torch="0.4")


# ---------------------------------------------------------------------------------------------- source files


def test_modules_may_use_async_as_a_name(tmp_path):
    module = """
    import asyncio

    class Copier:
        def copy(self, x, async=False):
            self.async = async
            return [x, async]

    async def task():
        async with lock: pass

    def call(**options):
        return Copier().copy(1, **options), options.get("async"), "async=True"
    """
    code = """
    import flambeau
    flambeau.alias(torch="0.3")
    import copier
    print(copier.call(**{"async": 5}), copier.asyncio.iscoroutinefunction(copier.task))
    """
    assert run(code, tmp_path, copier=module) == "([1, 5], 5, 'async=True') True\n"


def test_rewritten_modules_leave_no_bytecode_and_others_do(tmp_path):
    code = """
    import sys, flambeau
    sys.dont_write_bytecode = False
    flambeau.alias(torch="0.3")
    import old, new
    """
    assert run(code, tmp_path, old="def f(async): pass", new="x = 1") == ""
    assert [p.name.split(".")[0] for p in tmp_path.glob("__pycache__/*.pyc")] == ["new"]


def test_tracebacks_of_rewritten_modules_point_at_their_lines(tmp_path):
    module = "\f\ndef work(async):\n    return dict(async=async), 1 / (async - async)\n"
    code = """
    import traceback, flambeau
    flambeau.alias(torch="0.3")
    import old
    try:
        old.work(1)
    except ZeroDivisionError:
        traceback.print_exc(file=__import__("sys").stdout)
    """
    lines = run(code, tmp_path, old=module).splitlines()
    assert lines[-4].endswith('old.py", line 3, in work')
    assert lines[-3].strip() == "return dict(async=async), 1 / (async - async)"
    assert lines[-2].index("^") == lines[-3].index("1 /") and len(lines[-2].rstrip()) == len(lines[-3])


@pytest.mark.parametrize("era, name", [("0.3", "async"), ("today", "non_blocking")])
def test_the_keyword_where_tensors_are_moved(era, name, tmp_path):
    module = """
    class Moved:
        def cuda(self, **options): return options
    def call(**options): return options
    print(Moved().cuda(async=True), call(async=1))
    """
    code = f"import flambeau; flambeau.alias(torch={era!r}); import moved"
    assert run(code, tmp_path, moved=module) == f"{{'{name}': True}} {{'async': 1}}\n"


def test_a_module_of_python_2(tmp_path):
    code = 'import flambeau; flambeau.alias(torch="0.3"); import old'
    message = run(code, tmp_path, old="x = 1\nprint 'x'\n")
    assert "old.py needs Python 2: print statement at line 2; run 2to3" in message


def test_names_that_are_gone_since_2017():
    code = """
    import collections, inspect, os, threading, unittest, numpy as np, flambeau
    flambeau.alias(torch="0.3")
    import time, fractions
    assert isinstance([], collections.Iterable) and issubclass(dict, collections.MutableMapping)
    assert np.float is float and np.int(3.7) == 3 and np.asscalar(np.ones(1)) == 1 and np.product([2, 3]) == 6
    assert time.clock() <= time.clock() and fractions.gcd(12, 18) == 6
    assert inspect.getargspec(lambda a, *b, c=1: 0).varargs == "b"
    assert threading.current_thread().isAlive() and unittest.TestCase().assertRaisesRegexp
    assert os.errno.EEXIST == 17 and np.in1d([[1], [2]], [2]).tolist() == [False, True]
    print(np.zeros(2, dtype=np.float).dtype)
    """
    assert run(code) == "float64\n"


def test_data_and_processes_of_03_under_the_name_torch(tmp_path):
    code = """
    import flambeau; flambeau.alias(torch="0.3")
    import work
    work.main()
    """
    work = """
    import torch
    import torch.multiprocessing as mp
    import torch.utils.data as data
    from torch.utils.data.dataloader import default_collate
    from torch.utils.data.sampler import SubsetRandomSampler
    from torch.nn.utils.rnn import pack_padded_sequence
    from torch.nn.parallel.replicate import replicate

    def fill(x):
        x.fill_(3)

    def main():
        assert data.DataLoader.__module__.startswith("flambeau.v03.")
        x = torch.zeros(2).share_memory_()
        process = mp.get_context("spawn").Process(target=fill, args=(x,))
        process.start()
        process.join(60)
        for batch, in data.DataLoader(data.TensorDataset(torch.ones(2, 2)), 2, num_workers=1):
            print(type(batch).__name__, x.tolist())
    """
    assert run(code, tmp_path, work=work) == "FloatTensor [3.0, 3.0]\n"
