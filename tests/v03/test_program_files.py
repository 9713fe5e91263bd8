"""Whole programs of 2017, `programs/*.py`: by `flambeau run`, and in this process on `flambeau.v03`."""

import pathlib
import re
import subprocess
import sys
import types

import pytest

PROGRAMS = sorted((pathlib.Path(__file__).parent / "programs").glob("*.py"))


def in_process(path, capsys, monkeypatch):
    """What the program prints; its imports of torch are written out as those of flambeau.v03."""
    source = path.read_text()
    source = re.sub(r"^import torch$", "import flambeau.v03 as torch", source, flags=re.M)
    source = re.sub(r"^(from|import) torch\.", r"\1 flambeau.v03.", source, flags=re.M)
    module = types.ModuleType("program")
    monkeypatch.setitem(sys.modules, "program", module)  # for pickles of its classes
    exec(compile(source, str(path), "exec"), module.__dict__)
    return capsys.readouterr().out


@pytest.mark.parametrize("path", PROGRAMS, ids=lambda p: p.stem)
def test_a_program_prints_the_same_in_both_ways(path, tmp_path, capsys, monkeypatch):
    command = [sys.executable, "-m", "flambeau", "run", str(path)]
    result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert result.returncode == 0, result.stderr
    assert re.fullmatch(r"flambeau: running as PyTorch 0\.3: [^\n]*\n", result.stderr)
    assert result.stdout and result.stdout == in_process(path, capsys, monkeypatch)
