"""The native running sums and the largest elements agree with the base ones, which NumPy computes."""

import ml_dtypes
import numpy as np
import pytest

import flambeau
from flambeau.kernels.base import sort as base
from flambeau.kernels.native import sort as native

DTYPES = {np.float32: 1e-5, np.float64: 1e-12, np.float16: 4e-3, ml_dtypes.bfloat16: 3e-2}
SHAPES = [((), 0), ((7,), 0), ((5, 6), 0), ((5, 6), 1), ((5, 6), -2), ((3, 4, 300), 1), ((9, 40), 1), ((0, 3), 1),
          ((3, 0), 1), ((20000,), 0), ((3, 17000), 1)]  # fmt: skip


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def same(got, expected):
    assert got.dtype == expected.dtype and got.shape == expected.shape
    np.testing.assert_array_equal(got.astype(np.complex128), expected.astype(np.complex128))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape,axis", SHAPES)
def test_running(rng, shape, axis, dtype):
    x = np.asarray(rng.standard_normal(shape)).astype(dtype)
    exact = x.astype(np.float64)
    axis_length = shape[axis] if shape else 1
    for name, limit in (("cumsum", DTYPES[dtype] * max(axis_length, 1) ** 0.5), ("cumprod", DTYPES[dtype] * 10)):
        got = getattr(native, name)(x, axis)
        assert got.dtype == x.dtype and got.shape == x.shape
        expected = getattr(base, name)(exact, axis)
        np.testing.assert_allclose(got.astype(np.float64), expected, rtol=limit, atol=limit)


@pytest.mark.parametrize("dtype", [np.bool_, np.uint8, np.int32, np.int64, np.complex64])
@pytest.mark.parametrize("shape,axis", SHAPES)
def test_running_of_other_dtypes(rng, shape, axis, dtype):
    x = np.asarray(rng.integers(0, 3, shape)).astype(dtype)
    same(native.cumsum(x, axis), base.cumsum(x, axis))
    if dtype is not np.complex64:  # in which infinities meet zeros
        same(native.cumprod(x, axis), base.cumprod(x, axis))


def test_dtype_and_layout(rng):
    x = rng.integers(0, 5, (6, 8))
    for view in (x.T, x[:, ::2], x[::-1]):
        same(native.cumsum(view, 1), base.cumsum(view, 1))
        same(native.cumsum(view, 0, np.dtype(np.float64)), base.cumsum(view, 0, np.dtype(np.float64)))


@pytest.mark.parametrize("n", [100, 20000])
def test_running_past_infinities_and_nans(n):
    for values in ([np.inf], [-np.inf, np.inf], [np.nan]):
        x = np.ones(n, np.float32)
        x[30 : 30 + len(values)] = values
        same(native.cumsum(x, 0), base.cumsum(x, 0))
        x[n // 2] = 0
        same(native.cumprod(x, 0), base.cumprod(x, 0))


def test_a_long_sum_is_exact_to_rounding(rng):
    x = rng.standard_normal(100003).astype(np.float32)
    np.testing.assert_array_equal(native.cumsum(x, 0), np.cumsum(x.astype(np.float64)).astype(np.float32))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("largest", [True, False])
@pytest.mark.parametrize("values", ["normal", "ties", "sorted", "special"])
def test_topk(rng, values, largest, dtype):
    x = rng.standard_normal((7, 200))
    if values == "ties":
        x = rng.integers(0, 4, (7, 200))
    elif values == "sorted":
        x = np.sort(x, 1)
        x[::2] *= -1
    elif values == "special":
        x = rng.choice([np.nan, np.inf, -np.inf, 1.0, -0.0, 0.0], (7, 200))
    x = x.astype(dtype)
    for k in (1, 2, 10, 49, 60, 200):
        for axis in (0, 1):
            y = x if axis else np.ascontiguousarray(x.T)
            got, places = native.topk(y, k, axis, largest)
            expected, _ = (a.take(range(k), axis) for a in base.sort(y, axis, descending=largest))
            same(got, expected)
            same(np.take_along_axis(y, places, axis), expected)
            ordered = np.sort(places, axis)
            assert (np.diff(ordered, axis=axis) > 0).all() and places.dtype == np.int64


def test_topk_takes_the_first_of_equals():
    x = np.array([1, 3, 2, 3, 3, 0, 1, 1, 1, 1], np.float32)
    assert native.topk(x, 2)[1].tolist() == [1, 3]
    assert native.topk(np.zeros(100), 3, largest=False)[1].tolist() == [0, 1, 2]


@pytest.mark.parametrize("dtype", [np.uint8, np.int32, np.int64, np.uint64])
@pytest.mark.parametrize("largest", [True, False])
def test_topk_of_integers(rng, largest, dtype):
    x = rng.integers(0, 100, (5, 300)).astype(dtype)
    for k in (1, 10, 200, 300):
        values, places = native.topk(x, k, 1, largest)
        expected, order = (a[:, :k] for a in base.sort(x, 1, descending=largest))
        same(values, expected)
        same(places, order)


@pytest.mark.parametrize("k", [-1, 6])
def test_topk_out_of_range(k):
    with pytest.raises(RuntimeError, match="out of range"):
        native.topk(np.zeros(5), k)


def test_does_not_depend_on_the_number_of_threads(rng):
    x = rng.standard_normal((6, 50000)).astype(np.float32)
    threads = flambeau.get_num_threads()

    def results():
        return [native.cumsum(x, 1), native.cumsum(x, 0), native.cumprod(x, 1), native.cumsum(x.reshape(-1), 0),
                *native.topk(x, 20), *native.topk(x.T, 1, 0)]  # fmt: skip

    try:
        flambeau.set_num_threads(1)
        one = results()
        flambeau.set_num_threads(3)
        several = results()
    finally:
        flambeau.set_num_threads(threads)
    assert all(np.array_equal(a, b) for a, b in zip(one, several, strict=True))
