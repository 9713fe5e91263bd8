"""The memory of GPUs: what is counted, what is kept for reuse, and what does not fit."""

import gc

import pytest

import flambeau as fb
from flambeau.kernels.cuda import backend

cuda = fb.cuda


def test_before_the_first_use(gpu):
    assert cuda.memory_allocated() == cuda.max_memory_allocated() == cuda.memory_reserved() == 0
    cuda.reset_peak_memory_stats()
    cuda.empty_cache()
    assert not cuda.is_initialized()
    cuda.init()
    assert cuda.is_initialized()


def test_allocated_and_reserved(gpu):
    x = fb.zeros(1000, device="cuda:1")
    assert cuda.memory_allocated(1) == cuda.memory_reserved("cuda:1") == 4096 and cuda.memory_allocated(0) == 0
    del x
    gc.collect()
    assert cuda.memory_allocated(1) == 0 and cuda.memory_reserved(1) == 4096
    y = fb.empty(1001, device="cuda:1")
    assert cuda.memory_reserved(1) == 4096 == cuda.max_memory_reserved(1) and y.numel() == 1001  # the same block
    cuda.empty_cache()
    assert cuda.memory_reserved(1) == 4096
    del y
    gc.collect()
    cuda.empty_cache()
    assert cuda.memory_reserved(1) == 0


def test_peaks(gpu):
    x = fb.ones(1000, device="cuda")
    del x
    gc.collect()
    assert cuda.memory_allocated() == 0 and cuda.max_memory_allocated() >= 4096
    cuda.reset_peak_memory_stats()
    assert cuda.max_memory_allocated() == 0
    stats = cuda.memory_stats()
    assert stats["reserved_bytes.all.peak"] == cuda.max_memory_reserved() == cuda.memory_reserved() >= 4096
    assert cuda.memory_stats_as_nested_dict()["reserved_bytes"]["all"]["peak"] == stats["reserved_bytes.all.peak"]
    assert "reserved" in cuda.memory_summary() and cuda.memory_cached() == cuda.memory_reserved()


def test_views_share_an_allocation(gpu):
    x = fb.zeros(1000, device="cuda")
    part = x[10:20]
    before = cuda.memory_allocated()
    del x
    gc.collect()
    assert cuda.memory_allocated() == before and part.sum().item() == 0


def test_memory_that_was_not_used_holds_no_zeros(gpu):
    assert backend.backend().devices.library.empty(4, "uint8").tolist() == [0xCB] * 4


def test_too_much(gpu):
    total = cuda.get_device_properties().total_memory
    assert cuda.mem_get_info() == (total, total)
    cuda.set_per_process_memory_fraction(0.5 * 2**20 / total)
    x = fb.ones(100, 100, device="cuda")
    for op in (lambda: fb.zeros(1000, 1000, device="cuda"), lambda: x.view(-1, 1) * x.view(1, -1),
               lambda: fb.ones(1000, 1000).cuda()):  # fmt: skip
        with pytest.raises(cuda.OutOfMemoryError, match=r"CUDA out of memory. Tried to allocate \d"):
            op()
    assert isinstance(cuda.OutOfMemoryError(), RuntimeError) and (x + 1)[0, 0].item() == 2
    for bad, error in ((2, ValueError), ("all", TypeError)):
        with pytest.raises(error, match="fraction"):
            cuda.set_per_process_memory_fraction(bad)


def test_memory_that_another_stream_uses_is_kept(gpu):
    x, stream = fb.ones(1000, device="cuda"), cuda.Stream()
    with cuda.stream(stream):
        cuda._sleep(500_000_000)
    x.record_stream(stream)
    before = cuda.memory_allocated()
    del x
    assert cuda.memory_allocated() == before
    stream.synchronize()
    assert cuda.memory_allocated() == before - 4096
