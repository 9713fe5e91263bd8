"""Sorting, extremes, ranks and distinct elements in C++ agree with the base kernels, which use NumPy's argsort."""

import ml_dtypes
import numpy as np
import pytest

import flambeau
from flambeau.kernels.base import sort as base
from flambeau.kernels.native import sort as native

FLOATS = [np.float16, ml_dtypes.bfloat16, np.float32, np.float64]
INTEGERS = [np.int8, np.int16, np.int32, np.int64, np.uint8, np.uint16, np.uint32, np.uint64]
# Of rows: sorted by insertion, by networks and by digits; several and one; over a number of rows that lie side by side.
SHAPES = [((0,), 0), ((1,), 0), ((20,), 0), ((100,), 0), ((3000,), 0), ((40000,), 0), ((300, 1), 1), ((50, 7), 1),
          ((50, 64), 1), ((13, 150), 1), ((3, 150), 1), ((5, 700), 1), ((7, 50), 0), ((130, 13), 0), ((700, 9), 0),
          ((6, 40, 5), 1), ((2, 500, 3), 1), ((3, 0), 1), ((0, 3), 1), ((3, 0), 0)]  # fmt: skip


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def numbers(rng, shape, dtype, kind):
    """Elements of a dtype: of its whole range, of few values, or, of a float, the special ones."""
    dtype = np.dtype(dtype)
    if kind == "ties":
        return rng.integers(0, 4, shape).astype(dtype)
    if dtype.kind in "iu":
        return np.frombuffer(rng.bytes(int(np.prod(shape)) * dtype.itemsize), dtype).reshape(shape).copy()
    if kind == "special":
        return rng.choice([np.nan, -np.nan, np.inf, -np.inf, 1.0, -1.0, -0.0, 0.0, 1e-30], shape).astype(dtype)
    return (rng.standard_normal(shape) * 10.0 ** rng.integers(-3, 3, shape)).astype(dtype)


def same(got, expected):
    """The same bits: the sign of 0 and the payload of NaN show which of equal elements stands where."""
    assert got.dtype == expected.dtype and got.shape == expected.shape
    assert np.ascontiguousarray(got).tobytes() == np.ascontiguousarray(expected).tobytes()


def check_sort(x, axis):
    for descending in (False, True):
        before = x.copy()
        values, places = native.sort(x, axis, descending)
        expected, order = base.sort(x, axis, descending)
        same(places, order)
        same(values, expected)
        same(x, before)


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("shape,axis", SHAPES)
@pytest.mark.parametrize("kind", ["normal", "ties", "special"])
def test_sort_of_floats(rng, kind, shape, axis, dtype):
    check_sort(numbers(rng, shape, dtype, kind), axis)


@pytest.mark.parametrize("dtype", INTEGERS)
@pytest.mark.parametrize("shape,axis", SHAPES)
def test_sort_of_integers(rng, shape, axis, dtype):
    check_sort(numbers(rng, shape, dtype, "whole"), axis)
    check_sort(numbers(rng, shape, dtype, "ties"), axis)


@pytest.mark.parametrize("shape,axis", SHAPES)
def test_sort_of_bool(rng, shape, axis):
    check_sort(rng.integers(0, 2, shape).astype(bool), axis)


@pytest.mark.parametrize("n", range(2, 40))
def test_networks_sort_all_zeros_and_ones(n):
    """By the 0-1 principle that is all there is; runs of every length stand for the 2**n rows where n is large."""
    if n <= 12:
        rows = (np.arange(2**n)[:, None] >> np.arange(n)) & 1
    else:
        rows = np.tri(n, dtype=np.int64)
        rows = np.concatenate([rows, rows[:, ::-1], rows ^ 1, np.roll(rows, n // 3, 1), rows ^ rows[:, ::-1]])
    for dtype, scale in ((np.float32, 1), (np.float64, np.pi)):  # of packed items, and of pairs
        x = (rows * scale + np.float64(0.1) * (scale != 1)).astype(dtype)
        same(native.sort(x, 1)[1], base.sort(x, 1)[1])


@pytest.mark.parametrize("dtype", [np.float32, np.int64, np.float64])
def test_sort_of_strided_arrays(rng, dtype):
    x = numbers(rng, (60, 80), dtype, "normal")
    for view in (x.T, x[::-1], x[:, ::-1], x[::3, ::2], np.broadcast_to(x[0], (30, 80)), x[5:6], x[:, 3]):
        for axis in range(view.ndim):
            check_sort(view, axis)


def test_sort_of_keys_that_share_bits(rng):
    """Only the bits that vary are sorted by: few low ones, few high ones, and few of both ends."""
    low = rng.integers(0, 50, 5000)
    for x in (low + 2**40, low << 57, low << 20, (low << 57) + rng.integers(0, 50, 5000), np.full(5000, 7), -low):
        check_sort(x.astype(np.int64), 0)
        check_sort(x.astype(np.int64).reshape(50, 100), 1)


def test_sort_of_a_scalar():
    values, places = native.sort(np.array(3.0), 0)
    assert values == 3 and values.shape == () and places == 0 and places.dtype == np.int64


def test_complex_numbers_are_left_to_base(rng):
    x = rng.standard_normal(50) + 1j
    same(native.sort(x)[1], base.sort(x)[1])


@pytest.mark.parametrize("dtype", [*FLOATS, np.int32, np.int64, np.uint8])
@pytest.mark.parametrize("shape,axis", [*SHAPES, ((400, 300), 0), ((400, 300), 1), ((3, 70, 2), 1)])
@pytest.mark.parametrize("kind", ["normal", "ties", "special"])
def test_extremes(rng, kind, shape, axis, dtype):
    x = numbers(rng, shape, dtype, kind)
    if not x.shape[axis]:
        return
    for y in (x, x[..., ::-1], numbers(rng, shape, dtype, kind)):
        for keepdims in (False, True):
            for name in ("max_along", "min_along"):
                results = (getattr(module, name)(y, axis, keepdims) for module in (native, base))
                for got, expected in zip(*results, strict=True):
                    same(got, expected)
            for name in ("argmax", "argmin"):
                same(getattr(native, name)(y, axis, keepdims), getattr(base, name)(y, axis, keepdims))


def check_ranks(x, axis):
    if not x.shape[axis]:
        return
    n = x.shape[axis]
    calls = [("kthvalue", (k, axis)) for k in sorted({1, (n + 2) // 3, n})]
    for name, arguments in [*calls, ("median_along", (axis,)), ("nanmedian_along", (axis,))]:
        for keepdims in (False, True):
            results = (getattr(module, name)(x, *arguments, keepdims) for module in (native, base))
            for got, expected in zip(*results, strict=True):
                same(got, expected)
    for name in ("median", "nanmedian"):
        same(getattr(native, name)(x), np.asarray(getattr(base, name)(x)))


@pytest.mark.parametrize("dtype", [*FLOATS, np.int8, np.uint16, np.int32, np.int64, np.uint64])
@pytest.mark.parametrize("shape,axis", SHAPES)
@pytest.mark.parametrize("kind", ["normal", "ties", "special"])
def test_ranks(rng, kind, shape, axis, dtype):
    x = numbers(rng, shape, dtype, kind)
    if 0 not in shape:
        check_ranks(x, axis)
        check_ranks(x[..., ::-1], axis)


@pytest.mark.parametrize("n", [5, 100, 1000])
def test_ranks_among_nans(n):
    """None, one, half of them, all but one, nothing but NaN."""
    for nans in (0, 1, n // 2, n - 1, n):
        x = np.arange(6 * n, dtype=np.float32).reshape(6, n) % 17
        x[:, n - nans :] = np.nan
        check_ranks(x, 1)
        check_ranks(x[:, ::-1], 1)
        check_ranks(np.ascontiguousarray(x.T), 0)


@pytest.mark.parametrize("dtype", [*FLOATS, *INTEGERS, np.bool_])
@pytest.mark.parametrize("shape", [(0,), (), (1,), (30,), (4000,), (50, 60), (3, 0), (70000,)])
@pytest.mark.parametrize("kind", ["normal", "ties", "special"])
def test_unique(rng, kind, shape, dtype):
    x = numbers(rng, shape, dtype, kind) if dtype is not np.bool_ else rng.integers(0, 2, shape).astype(bool)
    x = np.asarray(x, dtype)
    values, inverse, counts = native.unique(x)
    expected, base_inverse, base_counts = base.unique(x)
    wide = np.float64 if np.dtype(dtype).kind in "fV" else None
    assert values.dtype == x.dtype and inverse.dtype == counts.dtype == np.int64 and inverse.shape == x.shape
    np.testing.assert_array_equal(values.astype(wide), expected.astype(wide))
    np.testing.assert_array_equal(counts, base_counts)
    if kind != "special":
        np.testing.assert_array_equal(inverse, base_inverse)
    np.testing.assert_array_equal(values[inverse].astype(wide), x.astype(wide))
    np.testing.assert_array_equal(np.bincount(inverse.reshape(-1), minlength=values.size), counts)


def test_unique_of_slices_and_strided_arrays(rng):
    x = rng.integers(0, 3, (40, 3))
    for view, axis in ((x, 0), (x, 1), (x[:, 0], 0), (x[::-2].T, None)):
        for got, expected in zip(native.unique(view, axis), base.unique(view, axis), strict=True):
            same(got, expected)


def with_threads(n, function):
    threads = flambeau.get_num_threads()
    try:
        flambeau.set_num_threads(n)
        return function()
    finally:
        flambeau.set_num_threads(threads)


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int64])
def test_does_not_depend_on_the_number_of_threads(rng, dtype):
    x = numbers(rng, (200000,), dtype, "normal")
    x[::7] = x[3]

    def results():
        return [*native.sort(x), *native.sort(x.reshape(2000, 100), 1), *native.sort(x.reshape(2, -1), 1, True),
                *native.sort(x.reshape(-1, 2), 0), *native.sort(x.reshape(400, 500), 0),
                *native.median_along(x.reshape(400, 500), 0), *native.kthvalue(x.reshape(20, -1), 9999),
                *native.unique(x), *native.kthvalue(x.reshape(2000, 100), 3),
                *native.max_along(x.reshape(400, 500), 0)]  # fmt: skip

    expected = [*base.sort(x), *base.sort(x.reshape(2000, 100), 1), *base.sort(x.reshape(2, -1), 1, True),
                *base.sort(x.reshape(-1, 2), 0), *base.sort(x.reshape(400, 500), 0),
                *base.median_along(x.reshape(400, 500), 0), *base.kthvalue(x.reshape(20, -1), 9999), *base.unique(x),
                *base.kthvalue(x.reshape(2000, 100), 3), *base.max_along(x.reshape(400, 500), 0)]  # fmt: skip
    for threads in (1, 2, 3, 7):
        for a, b in zip(with_threads(threads, results), expected, strict=True):
            same(a, b)
