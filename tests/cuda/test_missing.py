"""A machine without a GPU: one sentence that names the remedy."""

import sys
import types

import pytest

import flambeau as fb
from flambeau.kernels.cuda import backend, virtual

REMEDY = (
    r"No CUDA GPUs are available \(.*\): `pip install flambeau\[cuda13\]` installs CuPy, "
    r"which needs an NVIDIA GPU and its driver; FLAMBEAU_VIRTUAL_CUDA=2 in the environment gives two virtual ones, in "
    r"host memory\."
)


def cupy_without(count):
    """CuPy on a machine without a driver, or without a GPU."""

    def devices():
        if count is None:
            raise RuntimeError(
                "cudaErrorInsufficientDriver: CUDA driver version is insufficient for CUDA runtime version"
            )
        return count

    module = types.ModuleType("cupy")
    module.cuda = types.SimpleNamespace(runtime=types.SimpleNamespace(getDeviceCount=devices))
    return module


@pytest.fixture(params=["no CuPy", "no driver", "no GPU"])
def missing(request, monkeypatch):
    module = {"no CuPy": None, "no driver": cupy_without(None), "no GPU": cupy_without(0)}[request.param]
    monkeypatch.setitem(sys.modules, "cupy", module)
    monkeypatch.delenv(virtual.VARIABLE, raising=False)
    backend.forget()
    return request.param


def test_asking(missing):
    assert not fb.cuda.is_available() and fb.cuda.device_count() == 0 and not fb.cuda.is_initialized()
    assert fb.cuda.memory_allocated() == 0 and fb.cuda.manual_seed(1) is None
    fb.cuda.empty_cache()


@pytest.mark.parametrize(
    "use",
    [
        lambda: fb.ones(2).cuda(), lambda: fb.ones(2).to("cuda:1"), lambda: fb.zeros(2, device="cuda"),
        fb.cuda.current_device, fb.cuda.synchronize, lambda: fb.nn.Linear(2, 2).cuda(), lambda: fb.cuda.set_device(0),
    ],
)  # fmt: skip
def test_using(missing, use):
    with pytest.raises(RuntimeError, match=REMEDY if missing != "no GPU" else REMEDY.replace(r" \(.*\)", "")):
        use()


def test_the_demo(missing, tmp_path, capsys):
    from flambeau.cli import main

    assert main(["demo", "--device", "cuda", "--out", str(tmp_path)]) == 1
    text = capsys.readouterr().err.strip()
    assert (
        text.startswith("flambeau: demo: No CUDA GPUs are available")
        and "pip install flambeau[cuda13]" in text
    )
    assert len(text.splitlines()) == 1 and not list(tmp_path.iterdir())
