"""Process-wide switches and the default device."""

import threading

import pytest

import flambeau as fb

from .cuda import virtual_gpus


@pytest.fixture
def gpu():
    with virtual_gpus(2):
        yield
    fb.set_default_device(None)


def test_deterministic_algorithms():
    try:
        fb.use_deterministic_algorithms(True, warn_only=True)
        assert fb.are_deterministic_algorithms_enabled() and fb.is_deterministic_algorithms_warn_only_enabled()
        assert fb.get_deterministic_debug_mode() == 1
        for mode, number in (("error", 2), ("warn", 1), (2, 2), ("default", 0)):
            fb.set_deterministic_debug_mode(mode)
            assert fb.get_deterministic_debug_mode() == number
            assert fb.are_deterministic_algorithms_enabled() == (number > 0)
        with pytest.raises(RuntimeError, match="expected one of `default`, `warn`, `error`, but got x"):
            fb.set_deterministic_debug_mode("x")
        with pytest.raises(RuntimeError, match="expected one of 0, 1, 2"):
            fb.set_deterministic_debug_mode(3)
        with pytest.raises(TypeError, match="must be bool"):
            fb.use_deterministic_algorithms(1)
    finally:
        fb.use_deterministic_algorithms(False)


def test_remembered_switches():
    try:
        fb.set_float32_matmul_precision("high")
        assert fb.get_float32_matmul_precision() == "high"
        with pytest.raises(RuntimeError, match="highest, high, medium"):
            fb.set_float32_matmul_precision("low")
        fb.set_warn_always(True)
        assert fb.is_warn_always_enabled()
        fb.set_num_interop_threads(3)
        assert fb.get_num_interop_threads() == 3
        with pytest.raises(RuntimeError, match="positive"):
            fb.set_num_interop_threads(0)
    finally:
        fb.set_float32_matmul_precision("highest")
        fb.set_warn_always(False)
        fb.set_num_interop_threads(1)
    assert fb.set_flush_denormal(True) is False and (fb.tensor(1e-40) * 1).item() > 0


FACTORIES = [
    lambda: fb.zeros(2), lambda: fb.ones(2), lambda: fb.empty(2), lambda: fb.full((2,), 1), lambda: fb.arange(3),
    lambda: fb.eye(2), lambda: fb.linspace(0, 1, 3), lambda: fb.tensor([1.0]), lambda: fb.as_tensor([1.0]),
    lambda: fb.rand(2), lambda: fb.randn(2), lambda: fb.randint(3, (2,)), lambda: fb.randperm(3),
    lambda: fb.asarray([1]), lambda: fb.empty_strided((2,), (1,)), lambda: fb.nn.Linear(2, 2).weight,
]  # fmt: skip


def test_default_device(gpu):
    assert fb.get_default_device() == fb.device("cpu")
    fb.set_default_device("cuda:1")
    assert fb.get_default_device() == fb.device("cuda:1")
    for make in FACTORIES:
        assert make().device == fb.device("cuda:1")
    assert fb.zeros(1, device="cpu").device.type == "cpu"
    assert fb.zeros_like(fb.zeros(1, device="cpu")).device.type == "cpu"
    found = []
    other = threading.Thread(target=lambda: found.append(fb.zeros(1).device.type))
    other.start()
    other.join()
    assert found == ["cpu"], "the default is one of a thread"
    fb.set_default_device(None)
    assert fb.zeros(1).device.type == "cpu"


def test_device_contexts(gpu):
    with fb.device("cuda") as d:
        assert d == fb.device("cuda") and fb.get_default_device() == fb.device("cuda:0")
        for make in FACTORIES:
            assert make().is_cuda
        with fb.device("cpu"):
            assert not fb.zeros(2).is_cuda
        with pytest.raises(ZeroDivisionError), fb.device("cuda:1"):
            assert fb.zeros(2).get_device() == 1
            raise ZeroDivisionError
        assert fb.zeros(2).get_device() == 0
    assert not fb.zeros(2).is_cuda and fb.get_default_device() == fb.device("cpu")
