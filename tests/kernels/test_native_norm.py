"""The native normalisation agrees with the base one, which NumPy computes."""

import ml_dtypes
import numpy as np
import pytest

import flambeau
from flambeau._core import native as core
from flambeau.kernels.base import norm as base
from flambeau.kernels.base import reduce as base_reduce
from flambeau.kernels.native import norm as native
from flambeau.kernels.native import reduce as native_reduce

DTYPES = {np.float32: 3e-6, np.float64: 1e-13, np.float16: 2e-3, ml_dtypes.bfloat16: 2e-2}
SHAPES = [(4, 3, 5, 7), (2, 1, 100), (1, 5, 9), (3, 2, 2), (70, 6, 3, 3), (2, 3, 5000), (5, 4), (0, 3, 9), (3, 4, 0)]


def drawn(dtype, *shapes):
    rng = np.random.default_rng(0)
    return [rng.standard_normal(s).astype(dtype) for s in shapes]


def close(got, expected, dtype, factor=1):
    for a, b in zip(got, expected, strict=True):
        assert a.dtype == b.dtype and a.shape == b.shape
        limit = DTYPES[dtype] * factor
        np.testing.assert_allclose(
            a.astype(float), b.astype(float), rtol=limit, atol=limit * max(1, np.abs(b.astype(float)).max(initial=0))
        )


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_batch_norm(shape, dtype):
    x, g, w, b, mean = drawn(dtype, shape, shape, *[(shape[1],)] * 3)
    var = np.abs(w) + dtype(1)
    axes = (0, *range(2, len(shape)))
    close(native.moments(x, axes), base.moments(x, axes), dtype)
    for weight, bias in ((w, b), (w, None), (None, b), (None, None)):
        close([native.batch_norm(x, weight, bias, mean, var)], [base.batch_norm(x, weight, bias, mean, var)], dtype)
        for training in (True, False):
            args = g, x, weight, *base.moments(x, axes), training
            close(native.batch_norm_grad(*args), base.batch_norm_grad(*args), dtype, 10)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_layer_norm(shape, dtype):
    for n in range(1, len(shape) + 1):
        x, g, w, b = drawn(dtype, shape, shape, *[shape[-n:]] * 2)
        for weight, bias in ((w, b), (w, None), (None, b), (None, None)):
            result = native.layer_norm(x, n, weight, bias)
            expected = base.layer_norm(x, n, weight, bias)
            close(result, expected, dtype, 10)
            args = g, x, weight, *expected[1:], n
            close(native.layer_norm_grad(*args), base.layer_norm_grad(*args), dtype, 20)


def test_moments_of_large_values():
    """The variance is that of x - mean, not a difference of large squares."""
    x = (np.arange(12.0).reshape(1, 1, 12) + 1e4).astype(np.float32)
    assert native.moments(x, (0, 2))[1] == pytest.approx(143 / 12, rel=1e-5)
    y, _, _ = native.layer_norm(x, 1)
    assert y.std() == pytest.approx(1, rel=1e-4)


@pytest.mark.parametrize("value", [np.inf, np.nan])
def test_values_that_are_not_finite_stay_in_their_row(value):
    (x,) = drawn(np.float32, (3, 2, 70))
    x[1, 1, 3] = value
    for module in (native, base):
        y, _, _ = module.layer_norm(x, 1)
        assert np.isnan(y[1, 1]).all() and np.isfinite(np.delete(y.reshape(6, 70), 3, 0)).all()
        mean, _ = module.moments(x, (0, 2))
        assert np.isfinite(mean[0]) and not np.isfinite(mean[1])


def test_other_dtypes_and_layouts():
    (x,) = drawn(np.float64, (3, 2, 70))
    assert core.layer_norm(x.astype(np.complex64), 70, None, None, 1e-5) is None
    assert core.channel_moments(x[..., ::2], 3, 2, 35) is None
    close(native.layer_norm(x[..., ::2], 1), base.layer_norm(x[..., ::2], 1), np.float64)
    close([native.batch_norm(x.swapaxes(0, 1), None, None, x[:, 0, 0], x[:, 0, 1] ** 2)],
          [base.batch_norm(x.swapaxes(0, 1), None, None, x[:, 0, 0], x[:, 0, 1] ** 2)], np.float64)  # fmt: skip


@pytest.mark.parametrize("dtype", [*DTYPES, np.complex64])
def test_norm_of_all_elements(dtype):
    for shape in ((), (0,), (7,), (5, 4), (300, 401)):
        x = np.asarray(drawn(dtype, shape)[0])
        for p in (2, 1, 3):
            got, expected = native_reduce.vector_norm(x, p), base_reduce.vector_norm(x, p)
            assert got.dtype == expected.dtype and got.shape == ()
            assert float(got) == pytest.approx(float(expected), rel=2e-2 if got.dtype.itemsize == 2 else 1e-5)
    assert native_reduce.vector_norm(np.ones((3, 4)), 2, keepdims=True).shape == (1, 1)


def test_norm_of_values_that_are_not_finite():
    for values in ([np.nan, 1.0], [np.inf, 1.0], [-np.inf, np.nan], [1e30, 1.0], [-0.0]):
        x = np.array(values, np.float32)
        np.testing.assert_array_equal(native_reduce.vector_norm(x), base_reduce.vector_norm(x))


def test_does_not_depend_on_the_number_of_threads():
    x, g = drawn(np.float32, (64, 8, 900), (64, 8, 900))
    threads = flambeau.get_num_threads()

    def results():
        y, mean, rstd = native.layer_norm(x, 1)
        m, v = native.moments(x, (0, 2))
        norm = native_reduce.vector_norm(x)
        return norm, y, *native.layer_norm_grad(g, x, None, mean, rstd, 1), m, *native.batch_norm_grad(g, x, None, m, v)

    try:
        flambeau.set_num_threads(1)
        one = results()
        flambeau.set_num_threads(3)
        several = results()
    finally:
        flambeau.set_num_threads(threads)
    assert all(np.array_equal(a, b) for a, b in zip(one, several, strict=True))
