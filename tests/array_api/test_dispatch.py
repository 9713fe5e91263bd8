"""SciPy and scikit-learn dispatch on Tensors and Arrays; in processes of their own, since SciPy reads SCIPY_ARRAY_API
once."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.parametrize("arrays", ["Tensor", "Array"])
@pytest.mark.parametrize("library", ["scipy", "sklearn"])
def test_dispatch(library, arrays):
    if importlib.util.find_spec(library) is None:
        pytest.skip(f"{library} is not installed")
    script = Path(__file__).with_name(f"dispatch_{library}.py")
    done = subprocess.run([sys.executable, str(script), arrays], env={**os.environ, "SCIPY_ARRAY_API": "1"}, text=True,
                          capture_output=True)  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
