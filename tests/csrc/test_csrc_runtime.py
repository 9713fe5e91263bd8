"""Threads, fork, allocator, choice of the instruction set, OpenBLAS."""

import ctypes
import os
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

CALLBACK = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_int64, ctypes.c_int64)


def ranges(fb, n, grain):
    seen, lock = [], threading.Lock()

    @CALLBACK
    def body(_ctx, begin, end):
        with lock:
            seen.append((begin, end))

    fb.c.fb_parallel_for(ctypes.c_int64(n), ctypes.c_int64(grain), body, None)
    return sorted(seen)


@pytest.fixture
def four_threads(fb):
    before = fb.c.fb_num_threads()
    fb.c.fb_set_num_threads(4)
    yield fb
    fb.c.fb_set_num_threads(before)


@pytest.mark.parametrize(("n", "grain"), [(1, 1), (7, 1), (1000, 1), (1000, 64), (100, 1000), (12345, 10)])
def test_ranges_cover_everything_once(four_threads, n, grain):
    got = ranges(four_threads, n, grain)
    assert got[0][0] == 0 and got[-1][1] == n
    assert all(a[1] == b[0] for a, b in zip(got, got[1:], strict=False))
    assert all(b % grain == 0 for b, _ in got)
    assert ranges(four_threads, 0, 1) == []


def test_calls_from_several_threads_at_once(four_threads):
    fb = four_threads
    x = np.linspace(-3, 3, 300000, dtype="float32")
    want = fb.unary("exp", x)
    wrong = []

    def work():
        for _ in range(20):
            if not np.array_equal(fb.unary("exp", x), want):
                wrong.append(1)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert not wrong


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs os.fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_fork_after_use(four_threads):
    fb = four_threads
    x = np.linspace(-3, 3, 1 << 20, dtype="float32")
    want = fb.unary("exp", x)
    block = fb.c.fb_alloc(1 << 22)
    for _ in range(3):
        child = os.fork()
        if child == 0:
            ok = np.array_equal(fb.unary("exp", x), want) and fb.c.fb_num_threads() == 4
            p = fb.c.fb_alloc(1 << 22)
            fb.c.fb_free(p)
            os._exit(0 if ok else 1)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    fb.c.fb_free(block)
    np.testing.assert_array_equal(fb.unary("exp", x), want)


class AllocInfo(ctypes.Structure):
    _fields_ = [(n, ctypes.c_uint64) for n in ("live", "cached", "limit", "allocations", "reuses")]


def stats(fb):
    info = AllocInfo()
    fb.c.fb_alloc_stats(ctypes.byref(info))
    return info


@pytest.mark.parametrize(
    "size", [0, 1, 63, 64, 65, 256, 257, 320, 321, 1000, 4096, 65537, 1 << 20, (5 << 20) + 1]
)
def test_blocks_are_aligned_usable_and_reused(fb, size):
    p = fb.c.fb_alloc(size)
    assert p and p % 64 == 0
    ctypes.memset(p, 0xAB, size)
    live = stats(fb).live
    fb.c.fb_free(p)
    assert live - stats(fb).live >= size
    assert fb.c.fb_alloc(size) == p, "a block of the same size is reused"
    fb.c.fb_free(p)


def test_calloc_zeroes_recycled_blocks(fb):
    for size in (100, 5000, 3 << 20):
        p = fb.c.fb_alloc(size)
        ctypes.memset(p, 0xFF, size)
        fb.c.fb_free(p)
        q = fb.c.fb_calloc(size // 4, 4)
        assert q == p
        assert not np.frombuffer((ctypes.c_uint8 * (size // 4 * 4)).from_address(q), np.uint8).any()
        fb.c.fb_free(q)
    fb.c.fb_empty_cache()
    q = fb.c.fb_calloc(1, 9 << 20)
    assert not np.frombuffer((ctypes.c_uint8 * (9 << 20)).from_address(q), np.uint8).any()
    fb.c.fb_free(q)
    assert fb.c.fb_calloc(2**62, 8) is None, "an overflowing product is refused"
    assert fb.c.fb_alloc(2**62) is None


def test_realloc_keeps_the_content(fb):
    p = fb.c.fb_realloc(None, 100)
    ctypes.memmove(p, bytes(range(100)), 100)
    for size in (110, 5000, 3 << 20, 100):
        p = fb.c.fb_realloc(p, size)
        assert ctypes.string_at(p, 100) == bytes(range(100))
    fb.c.fb_free(p)


def test_cache_limit(fb):
    limit = stats(fb).limit
    assert 0 < limit <= 2 << 30
    try:
        fb.c.fb_empty_cache()
        assert stats(fb).cached == 0
        fb.c.fb_alloc_set_cache_limit(1 << 20)
        blocks = [fb.c.fb_alloc(1 << 18) for _ in range(9)]
        big = fb.c.fb_alloc(4 << 20)
        for b in [*blocks, big]:
            fb.c.fb_free(b)
        assert 0 < stats(fb).cached <= 1 << 20
    finally:
        fb.c.fb_alloc_set_cache_limit(limit)


def test_allocator_from_several_threads(fb):
    def work(seed):
        rng = np.random.default_rng(seed)
        held = {}
        for _ in range(2000):
            if held and rng.random() < 0.5:
                p, (size, value) = held.popitem()
                if ctypes.string_at(p, 1) != bytes([value]) or ctypes.string_at(p + size - 1, 1) != bytes(
                    [value]
                ):
                    wrong.append(p)
                fb.c.fb_free(p)
            else:
                size, value = int(rng.integers(1, 3000)), int(rng.integers(256))
                p = fb.c.fb_alloc(size)
                ctypes.memset(p, value, size)
                held[p] = (size, value)
        for p in held:
            fb.c.fb_free(p)

    wrong = []
    live = stats(fb).live
    threads = [threading.Thread(target=work, args=(i,)) for i in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert not wrong
    assert stats(fb).live == live


def test_isa_is_as_asked_or_lower(libraries):
    order = ["baseline", "avx2", "avx512"]
    for asked, lib in libraries.items():
        assert order.index(lib.isa) <= order.index(asked)
    assert libraries["baseline"].isa == "baseline"


def test_itemsize(fb):
    assert [fb.c.fb_itemsize(i) for i in range(15)] == [d.itemsize for d in fb.codes]
    assert fb.c.fb_itemsize(15) == fb.c.fb_itemsize(-1) == 0


def test_omp_num_threads_is_respected(libraries):
    code = "import ctypes, sys; print(ctypes.CDLL(sys.argv[1]).fb_num_threads())"
    path = libraries["baseline"].c._name
    for value in ("1", "3"):
        env = {**os.environ, "OMP_NUM_THREADS": value}
        out = subprocess.run(
            [sys.executable, "-c", code, path], env=env, capture_output=True, text=True, check=True
        )
        assert out.stdout.strip() == value
    env = {k: v for k, v in os.environ.items() if k != "OMP_NUM_THREADS"}
    out = subprocess.run(
        [sys.executable, "-c", code, path], env=env, capture_output=True, text=True, check=True
    )
    assert 1 <= int(out.stdout) <= os.cpu_count()


def test_blas_that_cannot_be_loaded(libraries, tmp_path):
    wrong = tmp_path / "libnothing.so"
    wrong.write_text("not a library")
    lib = libraries["baseline"]
    loaded = lib.c.fb_blas_loaded()
    for path in (str(wrong).encode(), str(Path(tmp_path) / "absent.so").encode(), None):
        assert lib.c.fb_blas_load(path) == (0 if loaded else -3)
