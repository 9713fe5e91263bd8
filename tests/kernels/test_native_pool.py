"""The native pooling agrees with the base one, which NumPy computes."""

import ml_dtypes
import numpy as np
import pytest

import flambeau
from flambeau._core import native as core
from flambeau.kernels.base import pool as base
from flambeau.kernels.native import pool as native

DTYPES = {np.float32: 1e-6, np.float64: 1e-14, np.float16: 1e-3, ml_dtypes.bfloat16: 1e-2}
# (spatial, kernel, stride, padding, dilation)
GEOMETRIES = [
    ((9,), (3,), (2,), (1,), (1,)),
    ((11,), (2,), (3,), (1,), (2,)),
    ((600,), (4,), (1,), (2,), (1,)),  # windows in several blocks
    ((8, 8), (2, 2), (2, 2), (0, 0), (1, 1)),
    ((7, 10), (2, 3), (1, 3), (1, 0), (2, 1)),
    ((9, 40), (3, 3), (2, 2), (1, 1), (1, 1)),
    ((5, 5), (3, 2), (4, 4), (1, 1), (1, 1)),
    ((5, 6, 4), (2, 3, 2), (2, 2, 1), (1, 1, 0), (1, 2, 1)),
    ((1,), (2,), (1,), (2,), (4,)),  # a window that sees nothing of the input
]
ADAPTIVE = [((9,), (4,)), ((7, 5), (3, 2)), ((6, 6), (1, 1)), ((3, 4), (5, 6)), ((4, 5, 6), (2, 2, 5))]


def drawn(dtype, *shapes):
    rng = np.random.default_rng(0)
    return [rng.standard_normal(s).astype(dtype) for s in shapes]


def close(got, expected, dtype):
    assert got.dtype == expected.dtype and got.shape == expected.shape
    limit = DTYPES[dtype] * 4
    np.testing.assert_allclose(got.astype(float), expected.astype(float), rtol=limit, atol=limit)


def same(got, expected):
    for a, b in zip(got, expected, strict=True):
        assert a.dtype == b.dtype
        np.testing.assert_array_equal(a.astype(np.float64), b.astype(np.float64))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("ceil_mode", [False, True])
@pytest.mark.parametrize("geometry", GEOMETRIES, ids=str)
@pytest.mark.parametrize("batch", [(2, 3), (1,), (0, 2)], ids=str)
def test_max(batch, geometry, ceil_mode, dtype):
    spatial, *rest = geometry
    (x,) = drawn(dtype, (*batch, *spatial))
    result = native.max_pool_nd(x, *rest, ceil_mode)
    same(result, base.max_pool_nd(x, *rest, ceil_mode))
    (g,) = drawn(dtype, result[0].shape)
    places = np.minimum(result[1], np.prod(spatial) - 1)
    same([native.max_pool_nd_grad(g, places, spatial)], [base.max_pool_nd_grad(g, places, spatial)])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("geometry", GEOMETRIES[:-1], ids=str)
def test_max_of_ties_infinities_and_nans(geometry, dtype):
    spatial, *rest = geometry
    rng = np.random.default_rng(1)
    for values in ([0, 1], [-np.inf, np.inf], [-np.inf], [np.nan, 1, 2, 3], [np.nan, -np.inf], [-0.0, 0.0]):
        x = rng.choice(values, (2, 3, *spatial)).astype(dtype)
        same(native.max_pool_nd(x, *rest), base.max_pool_nd(x, *rest))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("options", [(False, True, None), (True, True, None), (True, False, None), (False, False, 5)])
@pytest.mark.parametrize("geometry", [g for g in GEOMETRIES if set(g[4]) == {1}], ids=str)
def test_avg(geometry, options, dtype):
    spatial, kernel, stride, padding, _ = geometry
    (x,) = drawn(dtype, (2, 3, *spatial))
    y = native.avg_pool_nd(x, kernel, stride, padding, *options)
    close(y, base.avg_pool_nd(x, kernel, stride, padding, *options), dtype)
    (g,) = drawn(dtype, y.shape)
    args = g, x.shape, kernel, stride, padding, *options
    close(native.avg_pool_nd_grad(*args), base.avg_pool_nd_grad(*args), dtype)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("geometry", ADAPTIVE, ids=str)
def test_adaptive_avg(geometry, dtype):
    spatial, out = geometry
    x, g = drawn(dtype, (2, 3, *spatial), (2, 3, *out))
    close(native.adaptive_avg_pool_nd(x, out), base.adaptive_avg_pool_nd(x, out), dtype)
    close(native.adaptive_avg_pool_nd_grad(g, x.shape, out), base.adaptive_avg_pool_nd_grad(g, x.shape, out), dtype)


def test_what_is_not_finite_stays_in_its_windows():
    (x,) = drawn(np.float32, (1, 1, 8, 8))
    x[0, 0, 1, 2], x[0, 0, 6, 6] = np.inf, np.nan
    y = native.avg_pool_nd(x, (2, 2), (2, 2), (0, 0))
    np.testing.assert_array_equal(np.isinf(y), base.avg_pool_nd(np.isinf(x) * 1.0, (2, 2), (2, 2), (0, 0)) > 0)
    np.testing.assert_array_equal(np.isnan(y), base.avg_pool_nd(np.isnan(x) * 1.0, (2, 2), (2, 2), (0, 0)) > 0)


def test_other_dtypes_and_layouts():
    (x,) = drawn(np.float32, (2, 3, 9, 8))
    window = (2, 2), (2, 2), (1, 1)
    ints = (x * 10).astype(np.int64)
    assert core.max_pool(ints, (5, 5), *window, (1, 1)) is None
    same(native.max_pool_nd(ints, *window, (1, 1)), base.max_pool_nd(ints, *window, (1, 1)))
    same([native.avg_pool_nd(ints, *window)], [base.avg_pool_nd(ints, *window)])
    for view in (x.transpose(0, 2, 3, 1), x[..., ::2], x[:, :, ::-1]):
        same(native.max_pool_nd(view, *window, (1, 1)), base.max_pool_nd(view, *window, (1, 1)))
        close(native.avg_pool_nd(view, *window), base.avg_pool_nd(view, *window), np.float32)


def test_an_index_outside_the_plane_is_left_to_base():
    g, places = np.ones((1, 1, 3), np.float32), np.array([[[0, 9, 1]]])
    assert core.max_pool_grad(g, places, (9,)) is None
    with pytest.raises(IndexError):
        native.max_pool_nd_grad(g, places, (9,))


def test_does_not_depend_on_the_number_of_threads():
    x, g = drawn(np.float32, (5, 7, 60, 60), (5, 7, 30, 30))
    threads = flambeau.get_num_threads()
    window = (3, 3), (2, 2), (1, 1)

    def results():
        y, places = native.max_pool_nd(x, *window, (1, 1))
        averages = native.avg_pool_nd(x, *window), native.avg_pool_nd_grad(g, x.shape, *window)
        return y, places, native.max_pool_nd_grad(g, places, (60, 60)), *averages

    try:
        flambeau.set_num_threads(1)
        one = results()
        flambeau.set_num_threads(3)
        several = results()
    finally:
        flambeau.set_num_threads(threads)
    assert all(np.array_equal(a, b) for a, b in zip(one, several, strict=True))
