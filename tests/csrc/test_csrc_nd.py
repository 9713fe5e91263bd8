"""Strides, broadcasting, aliasing, conversions and selection."""

import itertools
import math

import ml_dtypes
import numpy as np
import pytest

ALL = ["bool", "uint8", "int8", "int16", "int32", "int64", "float16", ml_dtypes.bfloat16, "float32", "float64",
       "complex64", "complex128", "uint16", "uint32", "uint64"]  # fmt: skip


def views(shape, dtype, seed):
    """One array of that shape in many memory layouts."""
    rng = np.random.default_rng(seed)
    base = rng.normal(size=[2 * n for n in shape]).astype(dtype)
    yield "sliced", base[tuple(slice(None, None, 2) for _ in shape)]
    yield "reversed", base[tuple(slice(n - 1, None, -1) if n > 1 else slice(0, 1) for n in shape)]
    yield "contiguous", rng.normal(size=shape).astype(dtype)
    yield "fortran", np.asfortranarray(rng.normal(size=shape).astype(dtype))
    yield "broadcast", np.broadcast_to(rng.normal(size=[1] + list(shape[1:])).astype(dtype), shape)
    yield "constant", np.broadcast_to(np.array(1.5, dtype), shape)


@pytest.mark.parametrize("shape", [(7,), (5, 6), (3, 4, 5), (2, 1, 3, 2), (130, 140), (1,), ()])
def test_layouts_of_operands_and_result(fb, shape):
    kinds = list(views(shape, "float32", 0)) if shape else [("scalar", np.array(2.0, "float32"))]
    for (ka, a), (kb, b) in itertools.product(kinds, kinds):
        np.testing.assert_array_equal(fb.binary("sub", a, b), a - b, err_msg=f"{ka} {kb}")
    for ka, a in kinds:
        np.testing.assert_array_equal(fb.unary("neg", a), -a, err_msg=ka)
        for ko, out in kinds:
            if ko not in ("broadcast", "constant", "scalar"):
                out = out.copy(order="K")
                assert fb.unary("neg", a, out=out) is out
                np.testing.assert_array_equal(out, -a, err_msg=f"{ka} into {ko}")


def test_result_with_gaps_and_negative_strides(fb):
    a = np.arange(60, dtype="float32").reshape(6, 10)
    buf = np.zeros((12, 20), "float32")
    fb.unary("neg", a, out=buf[::-2, ::-2])
    want = np.zeros_like(buf)
    want[::-2, ::-2] = -a
    np.testing.assert_array_equal(buf, want)


def test_in_place(fb):
    for dtype in ("float32", "float64", "int32", "float16"):
        a = np.arange(1, 1001).astype(dtype)
        b = a[::-1].copy()
        want = a + b
        x = a.copy()
        fb.binary("add", x, b, out=x)
        np.testing.assert_array_equal(x, want)
        x = b.copy()
        fb.binary("add", a, x, out=x)
        np.testing.assert_array_equal(x, want)
    x = np.linspace(-3, 3, 1003).astype("float32")
    want = fb.unary("exp", x)
    fb.unary("exp", x, out=x)
    np.testing.assert_array_equal(x, want)


@pytest.mark.parametrize("shape", [(0,), (3, 0), (0, 5, 2)])
def test_empty(fb, shape):
    a = np.empty(shape, "float32")
    assert fb.binary("add", a, a).shape == shape
    assert fb.unary("exp", a).shape == shape
    assert fb.cast(a, "int64").shape == shape


def test_large_work_is_the_same_on_any_number_of_threads(fb):
    rng = np.random.default_rng(1)
    a, b = rng.normal(size=(700, 901)).astype("float32"), rng.normal(size=(901, 700)).astype("float32").T
    results = []
    before = fb.c.fb_num_threads()
    try:
        for n in (1, 2, 3, 7):
            fb.c.fb_set_num_threads(n)
            assert fb.c.fb_num_threads() == n
            results.append((fb.unary("exp", a), fb.unary("gelu", a.ravel()), fb.binary("mul", a, b),
                            fb.cast(b, "float64"), fb.unary("neg", a[:, :1])))  # fmt: skip
    finally:
        fb.c.fb_set_num_threads(before)
    np.testing.assert_array_equal(results[0][2], a * b)
    for other in results[1:]:
        for x, y in zip(results[0], other, strict=True):
            np.testing.assert_array_equal(x, y)


@pytest.mark.parametrize("src", ALL)
@pytest.mark.parametrize("dst", ALL)
@pytest.mark.filterwarnings("ignore")
def test_cast(fb, src, dst):
    rng = np.random.default_rng(2)
    a = rng.normal(0, 40, 600)
    if np.dtype(src).kind == "u" or np.dtype(dst).kind == "u":
        a = np.abs(a)
    a[:4] = [0, -0.0, 1, 0.25]
    a = a.astype(src)
    if np.dtype(src).kind == "c":
        a += (1j * rng.normal(size=600)).astype(src)
    if np.dtype(src).kind == "c" and np.dtype(dst).kind == "b":
        want = a != 0
    elif np.dtype(dst).kind == "b":
        want = a.astype("complex128") != 0
    elif np.dtype(src).kind == "c" and np.dtype(dst).kind != "c":
        want = a.real.astype(dst)
    else:
        want = a.astype(dst)
    np.testing.assert_array_equal(fb.cast(a, dst), want)
    np.testing.assert_array_equal(fb.cast(a[::-3], dst), want[::-3])
    grid = a.reshape(20, 30).T
    np.testing.assert_array_equal(fb.cast(grid, dst), want.reshape(20, 30).T)


def test_cast_float_to_int_out_of_range(fb):
    for src in ("float32", "float64"):
        x = np.array([math.nan, math.inf, -math.inf, 1e30, -1e30, 3e9, -3e9, -1.9, 1.9] * 9, src)
        top, low = 2**31 - 1, -(2**31)
        np.testing.assert_array_equal(fb.cast(x, "int32")[:9], [0, top, low, top, low, top, low, -1, 1])
        top, low = 2**63 - 1, -(2**63)
        np.testing.assert_array_equal(
            fb.cast(x, "int64")[:9], [0, top, low, top, low, 3 * 10**9, -3 * 10**9, -1, 1]
        )
        np.testing.assert_array_equal(fb.cast(np.array([300, -1, 255.7], src), "uint8"), [44, 255, 255])
        np.testing.assert_array_equal(fb.cast(np.array([300, -129], src), "int8"), [44, 127])
        np.testing.assert_array_equal(fb.cast(np.array([70000, -1], src), "uint16"), [4464, 65535])
        np.testing.assert_array_equal(
            fb.cast(np.array([math.nan, 1e-45, 0, -0.0], "float32"), "bool"), [1, 1, 0, 0]
        )


def test_cast_float_to_wide_unsigned(fb):
    """Negative numbers wrap around; uint64 takes all that float64 has below 2**64 and saturates there."""
    for src in ("float32", "float64"):
        values = [math.nan, -1, -3.7, 3e9, 2.0**32 + 2**20, 2.0**63 + 2**42, 2.0**64 - 2**40, 1e30, -math.inf]
        x = np.array(values * 5, src)
        kept = [0, 2**64 - 1, 2**64 - 3, 3 * 10**9, 2**32 + 2**20, 2**63 + 2**42, int(x[6]), 2**64 - 1, 2**63]
        kept = [min(v, 2**64 - 1) for v in kept]  # 2**64 - 2**40 is 2**64 in float32
        np.testing.assert_array_equal(fb.cast(x, "uint64")[:9], np.array(kept, np.uint64))
        np.testing.assert_array_equal(
            fb.cast(x, "uint32")[:5], np.array([0, 2**32 - 1, 2**32 - 3, 3 * 10**9, 2**20], np.uint32)
        )
    large = np.array([2**64 - 1, 2**63, 2**63 - 1], np.uint64)
    for dst in ("float32", "float64", "int64", "uint32", "bool"):
        np.testing.assert_array_equal(fb.cast(large, dst), large.astype(dst))


def test_float16_all_values(fb):
    bits = np.arange(65536, dtype=np.uint32).astype(np.uint16)
    for dtype in ("float16", ml_dtypes.bfloat16):
        x = bits.view(dtype)
        wide = fb.cast(x, "float32")
        np.testing.assert_array_equal(wide, x.astype("float32"))
        back = fb.cast(wide, dtype)
        ok = ~np.isnan(wide)
        np.testing.assert_array_equal(back.view(np.uint16)[ok], bits[ok])
        assert np.isnan(back[~ok].astype("float32")).all()


def test_rounding_to_float16_is_to_nearest_even(fb):
    rng = np.random.default_rng(3)
    x = rng.integers(0, 2**32, 200000, dtype=np.uint32).view("float32")
    x = x[~np.isnan(x)]
    half = np.arange(0, 31743, dtype=np.uint16)
    ties = (half.view("float16").astype("float64") + (half + 1).view("float16").astype("float64")) / 2
    ties = ties[np.isfinite(ties)]
    limits = np.array([65519.996, 65520, 6e-8, 2.98e-8], "float32")
    x = np.concatenate([x, ties.astype("float32"), limits])
    with np.errstate(all="ignore"):
        np.testing.assert_array_equal(
            fb.cast(x, "float16").view(np.uint16), x.astype("float16").view(np.uint16)
        )
        got = fb.cast(x, ml_dtypes.bfloat16)
        np.testing.assert_array_equal(got.view(np.uint16), x.astype(ml_dtypes.bfloat16).view(np.uint16))
        # A double just above a tie must not be rounded twice.
        d = np.nextafter(ties, math.inf)
        np.testing.assert_array_equal(
            fb.cast(d, "float16").view(np.uint16), d.astype("float16").view(np.uint16)
        )


@pytest.mark.parametrize("dtype", ["uint8", "int16", "float32", "float64", "complex128"])
def test_where(fb, dtype):
    rng = np.random.default_rng(4)
    cond = rng.random((40, 50)) < 0.5
    a, b = (rng.normal(0, 50, (40, 50)).astype("float64").clip(0).astype(dtype) for _ in range(2))
    np.testing.assert_array_equal(fb.where(cond, a, b), np.where(cond, a, b))
    np.testing.assert_array_equal(fb.where(cond.T, a.T, b.T), np.where(cond.T, a.T, b.T))
    np.testing.assert_array_equal(fb.where(cond, a, b[0, 0]), np.where(cond, a, b[0, 0]))
    np.testing.assert_array_equal(fb.where(cond[:, :1], a[0], b), np.where(cond[:, :1], a[0], b))


def test_fill(fb):
    out = np.zeros((30, 40), "float32")
    fb.cast(np.broadcast_to(np.array(2.5, "float32"), (30, 20)), "float32", out=out[:, ::2])
    assert (out[:, ::2] == 2.5).all() and (out[:, 1::2] == 0).all()
