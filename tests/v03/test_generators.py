"""Generators of 2017, which a StopIteration of their own code ended (PEP 479 made it an error in Python 3.7)."""

import py_compile
import subprocess
import sys
import textwrap

import pytest

MODULE = '''
from contextlib import contextmanager

stopped = "a global name"

def raises(n):
    """Counts."""
    for i in range(n + 1):
        if i == n:
            raise StopIteration
        yield i, stopped

class Batches(object):
    def __init__(self, items):
        self.items = items

    def __iter__(self):
        source = iter(self.items)
        while True:
            yield [next(source) for _ in range(2)]

def other():
    yield 1
    raise StopIteration()

def outer():
    return [x for x in other()]

def fails():
    yield next(iter([1]))
    raise KeyError("after")

@contextmanager
def block():
    yield next(iter([1]))
'''
PROGRAM = """
import flambeau
flambeau.alias(torch={era!r})
import module
"""


def run(folder, code, era="0.3"):
    """What a program that imports the module prints; the last line of stderr when it fails."""
    result = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(era=era) + textwrap.dedent(code)],
        capture_output=True, text=True, timeout=120, cwd=folder,
    )  # fmt: skip
    return result.stdout.strip() if result.returncode == 0 else result.stderr.strip().splitlines()[-1]


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "module.py").write_text(MODULE)
    return tmp_path


def test_a_generator_ends(folder):
    code = "print(list(module.raises(2)), list(module.Batches(range(5))), module.outer(), module.raises.__doc__)"
    assert run(folder, code) == "[(0, 'a global name'), (1, 'a global name')] [[0, 1], [2, 3]] [1] Counts."


def test_bytecode_that_python_kept_is_not_used(folder):
    py_compile.compile(str(folder / "module.py"))
    assert run(folder, "print(module.outer())") == "[1]"
    assert run(folder, "print(module.outer())", era="today") == "RuntimeError: generator raised StopIteration"


def test_other_errors_and_blocks_are_as_they_are(folder):
    assert run(folder, "list(module.fails())") == "KeyError: 'after'"
    code = """
    try:
        with module.block():
            raise StopIteration("mine")
    except StopIteration as error:
        print(error)
    """
    assert run(folder, code) == "mine"


def test_lines_of_tracebacks(folder):
    code = """
    import traceback
    try:
        list(module.fails())
    except KeyError as error:
        print(traceback.extract_tb(error.__traceback__)[-1].line)
    """
    assert run(folder, code) == 'raise KeyError("after")'
