"""Devices: how many, which is current, what they are; processes; the exceptions of CUDA's runtime."""

import multiprocessing
import os
import subprocess
import sys
import threading

import pytest

import flambeau as fb
from flambeau.kernels.cuda import virtual
from flambeau.kernels.cuda.virtual.machine import machine

from . import virtual_gpus

cuda = fb.cuda


def test_the_environment_says_how_many(monkeypatch):
    for text, count in (("1", 1), ("4", 4)):
        with virtual_gpus(text):
            assert cuda.is_available() and cuda.device_count() == count
    for text in ("two", "-1", "129"):
        with virtual_gpus(text), pytest.raises(RuntimeError, match="number of devices from 1 to 128, got"):
            cuda.is_available()
    for text in ("", "0"):
        monkeypatch.setenv(virtual.VARIABLE, text)
        assert virtual.wanted() is None


@pytest.mark.parametrize("listed,count", [("0", 1), ("2,0", 2), ("1, 7, 0", 1), ("", 0), ("-1", 0), ("0,0", 1)])
def test_visible_devices(monkeypatch, listed, count):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", listed)
    with virtual_gpus(3):
        assert cuda.device_count() == count and cuda.is_available() is (count > 0)


def test_properties(gpu):
    found = cuda.get_device_properties(1)
    assert found.name == cuda.get_device_name("cuda:1") == "Flambeau virtual GPU" and found.total_memory > 2**30
    assert (found.major, found.minor) == cuda.get_device_capability() and found.multi_processor_count > 0
    assert "name='Flambeau virtual GPU', major=" in repr(found)
    assert cuda.can_device_access_peer(0, 1) and not cuda.can_device_access_peer(1, 1)
    assert cuda.is_bf16_supported() and cuda.get_arch_list() == []
    with pytest.raises(RuntimeError, match="invalid device ordinal"):
        cuda.get_device_properties(2)


def test_device_of(gpu):
    with cuda.device_of(fb.ones(1, device="cuda:1")):
        assert cuda.current_device() == 1
        with cuda.device_of(fb.ones(1)), cuda.device_of(fb.ones(1, device="cuda:0").storage()):
            assert cuda.current_device() == 0
    assert cuda.current_device() == 0
    cuda.ipc_collect()


def test_a_context_may_be_entered_again(gpu):
    second = cuda.device(1)
    with second, cuda.device(0), second:
        assert cuda.current_device() == 1
    assert cuda.current_device() == 0


def test_the_device_comes_back_after_an_error(gpu):
    with pytest.raises(ValueError, match="x"), cuda.device(1):
        raise ValueError("x")
    assert cuda.current_device() == 0
    with pytest.raises(RuntimeError):
        fb.ones(2, 3, device="cuda:1") @ fb.ones(2, 3, device="cuda:1")
    assert cuda.current_device() == 0


def test_the_runtime(gpu):
    runtime = cuda.cudart()
    assert runtime.cudaGetErrorString(2) == "out of memory" and runtime.cudaMemGetInfo(0) == cuda.mem_get_info(0)
    assert runtime.cudaDeviceSynchronize() == cuda.cudaStatus.SUCCESS
    cuda.check_error(runtime.cudaProfilerStart())
    cuda.check_error(runtime.cudaProfilerStop())
    with pytest.raises(cuda.CudaError, match=r"invalid device ordinal \(101\)") as caught:
        cuda.check_error(101)
    assert caught.value.code == 101 and isinstance(caught.value, RuntimeError)


def test_ranges_and_profiles(gpu):
    assert [cuda.nvtx.range_push("a"), cuda.nvtx.range_push("b")] == [0, 1]
    cuda.nvtx.mark("here")
    assert [cuda.nvtx.range_pop(), cuda.nvtx.range_pop()] == [1, 0]
    with cuda.nvtx.range("part {}", 3), cuda.profiler.profile():
        assert cuda.nvtx.range_push("c") == 1 and cuda.nvtx.range_pop() == 1
    with pytest.raises(RuntimeError, match="nsys profile"):
        cuda.profiler.init("file")


def _use(queue):
    cuda.manual_seed(1), cuda.seed(), cuda.seed_all(), fb.manual_seed(1)
    assert cuda.is_available() and cuda.device_count() == 2
    try:
        queue.put(str(fb.ones(1, device="cuda")))
    except RuntimeError as error:
        queue.put(str(error))


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of a fork in a process with threads
def test_a_forked_process_cannot_use_what_its_parent_used(gpu):
    context = multiprocessing.get_context("fork")
    for used, expected in ((False, "tensor([1.], device='cuda:0')"), (True, "Cannot re-initialize CUDA in forked")):
        if used:
            cuda.init()
        queue = context.Queue()
        process = context.Process(target=_use, args=(queue,))
        process.start()
        assert queue.get(timeout=60).startswith(expected)
        process.join(60)
        assert process.exitcode == 0


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of a fork in a process with threads
def test_a_forked_process_frees_arrays_though_a_thread_held_the_lock(gpu):
    held, locked, done = [fb.ones(3, device="cuda")], threading.Event(), threading.Event()

    def hold():
        with machine().pools[0].lock:
            locked.set()
            done.wait(60)

    thread = threading.Thread(target=hold)
    thread.start()
    locked.wait(60)
    process = multiprocessing.get_context("fork").Process(target=held.clear)
    process.start()
    process.join(60)
    code = process.exitcode
    done.set()
    thread.join()
    if code is None:
        process.kill()
    assert code == 0


def test_another_process(gpu):
    code = "import flambeau as fb; print(fb.ones(2, device='cuda:3').sum().item(), fb.cuda.device_count())"
    environment = {**os.environ, virtual.VARIABLE: "4"}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=60)
    assert done.stdout == "2.0 4\n", done.stderr


def test_the_import_uses_no_cuda():
    code = "import flambeau, sys; print([m for m in sys.modules if 'kernels.cuda' in m])"
    environment = {**os.environ, virtual.VARIABLE: "4"}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=60)
    assert done.stdout == "[]\n", done.stderr
