"""The code for CuPy, on a stand-in for CuPy: each of its functions runs and does what the interface says."""

import gc

import numpy as np
import pytest

import flambeau as fb
from flambeau import nn
from flambeau.kernels.cuda import backend, through_cupy
from flambeau.kernels.cuda.devices import Devices

from . import cupy_standin

cuda = fb.cuda


@pytest.fixture(autouse=True)
def log():
    with cupy_standin.installed() as log:
        assert isinstance(backend.backend().devices, through_cupy.CuPyDevices)
        yield log


def test_devices():
    assert cuda.is_available() and cuda.device_count() == 2 and cuda.get_device_name() == "stand-in"
    found = cuda.get_device_properties(1)
    assert (found.major, found.multi_processor_count, found.L2_cache_size) == (9, 132, 1 << 20)
    assert cuda.can_device_access_peer(0, 1) and backend.backend().devices.versions()["driver"] == 13000
    with cuda.device(1):
        assert cuda.current_device() == 1 and fb.ones(2).cuda().get_device() == 1
    assert cuda.current_device() == 0


def test_moving():
    x = fb.arange(6.0).reshape(2, 3)
    y = x.to("cuda:1")
    assert y.t().cpu().equal(x.t()) and y.to("cuda:0").cpu().equal(x) and (y + y.sum()).tolist() == (x + 15).tolist()
    with pytest.raises(RuntimeError, match="located on different GPUs"):
        y + x.cuda()
    assert (y * fb.tensor(2.0)).device == y.device and fb.erf(y).device == y.device
    y[0] = 1
    y.copy_(x.cuda())
    assert y.tolist() == x.tolist()


def test_storages_have_the_size_that_was_asked_for():
    x = fb.arange(6.0, device="cuda:1")
    assert len(x.storage()) == 6 and x[2:].storage_offset() == 2 and x.storage()[3] == 3
    assert x.as_strided((2, 2), (3, 1), 1).tolist() == [[1, 2], [4, 5]]


def test_memory_is_counted():
    before = cuda.memory_allocated(1)
    x = fb.zeros(1000, device="cuda:1")
    assert cuda.memory_allocated(1) - before == 4096 <= cuda.memory_reserved(1)
    del x
    gc.collect()
    assert cuda.memory_allocated(1) == before and cuda.max_memory_allocated(1) >= before + 4096
    cuda.reset_peak_memory_stats(1)
    assert cuda.max_memory_allocated(1) == before and cuda.max_memory_reserved(1) == cuda.memory_reserved(1)
    cuda.empty_cache()
    free, total = cuda.mem_get_info(1)
    assert total - free == cuda.memory_reserved(1) == before
    cuda.set_per_process_memory_fraction(2**20 / total)
    with pytest.raises(cuda.OutOfMemoryError, match="out of memory"):
        fb.zeros(1000, 1000).cuda()


def test_pinned_memory():
    x = fb.ones(3).pin_memory()
    assert x.is_pinned() and not fb.ones(3).is_pinned()
    cuda._sleep(300_000_000)
    y = x.to("cuda", non_blocking=True)
    x.zero_()
    assert y.tolist() == [0, 0, 0]
    there = (y + 1).to("cpu", non_blocking=True)
    cuda.synchronize()
    assert there.tolist() == [1, 1, 1]
    assert (y + 1).expand(2, 3).t().to("cpu", non_blocking=True).tolist() == [[1, 1]] * 3


def test_streams_and_events():
    s = cuda.Stream(1)
    begin, end = (cuda.Event(enable_timing=True) for _ in range(2))
    with cuda.stream(s):
        assert cuda.current_stream() == s and cuda.current_device() == 1
        begin.record()
        cuda._sleep(300_000_000)
        end.record()
    assert not s.query() and cuda.current_stream(1) == cuda.default_stream(1) and cuda.current_device() == 0
    cuda.current_stream(1).wait_stream(s)
    cuda.synchronize(1)
    assert end.query() and begin.elapsed_time(end) >= 300
    x = fb.ones(3, device="cuda:1", requires_grad=True)
    with cuda.stream(s):
        y = (x * 2).sum()
        y.data.record_stream(s)
    y.backward()
    assert x.grad.tolist() == [2, 2, 2]


def test_tools(log):
    with cuda.nvtx.range("a"), cuda.profiler.profile():
        cuda.nvtx.mark("b")
    assert log == [("RangePush", "a"), "start", ("Mark", "b"), "stop", ("RangePop",)]


def test_names_that_other_libraries_know():
    with cuda.device(1):
        assert cuda.current_blas_handle() == 4097
    event = cuda.Event(interprocess=True)
    event.record()
    assert event.ipc_handle() == event.cuda_event.to_bytes(64, "little")


def test_data_parallel():
    fb.manual_seed(0)
    net, x = nn.Linear(3, 2), fb.randn(4, 3)
    expected = net(x)
    expected.sum().backward()
    grad = net.weight.grad.clone()
    net.zero_grad()
    out = nn.DataParallel(net.cuda())(x.cuda())
    out.sum().backward()
    np.testing.assert_allclose(out.detach().cpu(), expected.detach(), 1e-6)
    np.testing.assert_allclose(net.weight.grad.cpu(), grad, 1e-6)


def test_both_implement_the_whole_interface():
    from flambeau.kernels.cuda.virtual.devices import VirtualDevices

    for made in (through_cupy.CuPyDevices, VirtualDevices):
        assert issubclass(made, Devices) and not made.__abstractmethods__
