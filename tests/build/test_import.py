"""What `import flambeau` costs: no heavy module, and less time than NumPy's own import takes."""

import os
import subprocess
import sys

HEAVY = (
    "PIL", "tqdm", "torch", "cupy", "scipy", "scipy_openblas32", "unittest", "multiprocessing", "flambeau.nn", "flambeau.cli",
    "flambeau.vision",
)  # fmt: skip


def run(code, tmp_path):
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    environment["PYTHONPYCACHEPREFIX"] = str(tmp_path)  # compiled once, as in an installed package
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=True)
    return done.stdout


def test_no_heavy_module(tmp_path):
    loaded = set(run("import flambeau, sys; print(*sys.modules)", tmp_path).split())
    assert not loaded.intersection(HEAVY)


def test_time(tmp_path):
    code = (
        "import time; a = time.perf_counter(); import numpy, ml_dtypes; b = time.perf_counter(); import flambeau; "
        "print(b - a, time.perf_counter() - b)"
    )
    run(code, tmp_path)
    times = [tuple(map(float, run(code, tmp_path).split())) for _ in range(5)]
    numpy_time, own_time = (min(t) for t in zip(*times, strict=True))
    assert own_time < max(numpy_time, 0.05), f"importing flambeau takes {own_time:.3f} s, NumPy {numpy_time:.3f} s"
