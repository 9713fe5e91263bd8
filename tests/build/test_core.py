"""What the build leaves: the compiled core, where it is, and what is said when it is missing."""

import importlib.metadata
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import flambeau
import flambeau._core as core_package
from flambeau._core import core, openblas


def test_versions_agree():
    assert flambeau.__version__ == importlib.metadata.version("flambeau")


def test_the_library_lies_beside_the_extension_modules():
    suffix = ".dylib" if sys.platform == "darwin" else ".so"
    assert (Path(core.__file__).parent / f"libflambeau{suffix}").is_file()


def test_openblas_is_found():
    assert Path(openblas.library_path()).is_file()


def test_openblas_missing(monkeypatch):
    monkeypatch.setattr(openblas, "find_spec", lambda name: None)
    with pytest.raises(ImportError, match="pip install --force-reinstall scipy-openblas32"):
        openblas.library_path()


def import_copy(tmp_path, core_source=None):
    """Import a package `lonely` whose `_core` has no compiled module, or a Python one instead."""
    folder = tmp_path / "lonely" / "_core"
    folder.mkdir(parents=True)
    (tmp_path / "lonely" / "__init__.py").write_text("from . import _core\n")
    shutil.copy(core_package.__file__, folder / "__init__.py")
    if core_source is not None:
        (folder / "core.py").write_text(core_source)
    result = subprocess.run(
        [sys.executable, "-c", "import lonely"], capture_output=True, text=True, cwd=tmp_path, timeout=60
    )
    assert result.returncode == 1
    return result.stderr


def test_core_missing(tmp_path):
    last = import_copy(tmp_path).strip().splitlines()[-1]
    assert last.startswith("ImportError: Flambeau's compiled core is missing: run `pip install .` in")


def test_core_does_not_load(tmp_path):
    error = import_copy(tmp_path, "raise ImportError('libflambeau.so: cannot open shared object file')")
    last = error.strip().splitlines()[-1]
    assert last.startswith("ImportError: Flambeau's compiled core does not load (libflambeau.so: cannot open")
    assert "pip install ." in last


def test_another_module_missing_is_named(tmp_path):
    last = import_copy(tmp_path, "import a_module_that_is_not_there").strip().splitlines()[-1]
    assert last == "ModuleNotFoundError: No module named 'a_module_that_is_not_there'"
