"""The README does what it says: its tour runs, and CI runs its commands."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_tour(tmp_path):
    (tour,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    result = subprocess.run(
        [sys.executable, "-W", "error", "-c", tour], capture_output=True, text=True, cwd=tmp_path, timeout=120
    )
    assert result.returncode == 0, result.stderr
    lines = result.stdout.splitlines()
    assert lines[0].startswith("gradient tensor([")
    assert lines[1] == "gradcheck True"
    assert int(re.search(r"accuracy (\d+)%", lines[2])[1]) >= 98
    assert (tmp_path / "circle.pt").is_file()


def test_ci_runs_the_commands():
    commands = re.findall(r"^    (pip install .*)$", README, re.MULTILINE)
    assert commands == ["pip install . && flambeau demo", "pip install -e '.[test]' && pytest"]
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    for command in commands:
        assert f'step "{command}"' in script


@pytest.mark.parametrize("name", re.findall(r"\]\(([\w./-]+)\)", README))
def test_links(name):
    assert (ROOT / name).is_file()
