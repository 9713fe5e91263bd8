"""The kernels that call LAPACK through ctypes agree with the base kernels."""

import numpy as np
import pytest

from flambeau.kernels.base import lapack as base
from flambeau.kernels.native import lapack as native

SHAPES = [(4, 4), (2, 3, 4, 4), (3, 5), (2, 5, 3), (1, 1), (0, 0), (0, 3), (2, 0, 3), (0, 3, 3)]


def made(shape, dtype, seed=0):
    generator = np.random.RandomState(seed)
    values = generator.standard_normal(shape)
    if np.dtype(dtype).kind == "c":
        values = values + 1j * generator.standard_normal(shape)
    return values.astype(dtype)


def close(got, expected):
    assert got.dtype == expected.dtype and got.shape == expected.shape
    tolerance = 1e-3 if got.real.dtype == np.float32 else 1e-9
    np.testing.assert_allclose(got, expected, tolerance, tolerance)


def layouts(a):
    buffer = np.zeros((*a.shape[:-1], 2 * a.shape[-1]), a.dtype)
    buffer[..., ::2] = a
    return a, np.asfortranarray(a), buffer[..., ::2], a[::-1].copy()[::-1]


@pytest.mark.parametrize("dtype", ["float32", "float64", "complex64", "complex128"])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_lu_factor(shape, dtype):
    for a in layouts(made(shape, dtype)):
        before = a.copy()
        for got, expected in zip(native.lu_factor(a), base.lu_factor(a), strict=True):
            close(got, expected)
        np.testing.assert_array_equal(a, before)


def test_lu_factor_of_singular_and_non_finite_matrices():
    a = np.array([np.eye(3), np.zeros((3, 3)), np.diag([1.0, 0, 2])])
    for got, expected in zip(native.lu_factor(a), base.lu_factor(a), strict=True):
        np.testing.assert_array_equal(got, expected)
    assert native.lu_factor(a)[2].tolist() == [0, 1, 2]
    assert np.isnan(native.lu_factor(np.full((3, 3), np.nan))[0]).all()


@pytest.mark.parametrize("dtype", ["float32", "float64", "complex64", "complex128"])
@pytest.mark.parametrize("upper", [True, False])
@pytest.mark.parametrize("unit", [True, False])
def test_solve_triangular(dtype, upper, unit):
    batches = [((), ()), ((2,), (2,)), ((2, 1), (3,)), ((), (2,)), ((0,), (1,))]
    for (left, right), k in [(b, k) for b in batches for k in (2, 1, 0)]:
        a = made((*left, 3, 3), dtype) + 4 * np.eye(3, dtype=dtype)
        b = made((*right, 3, k), dtype, 1)
        for a_, b_ in zip(layouts(a), layouts(b), strict=True):
            before = a_.copy(), b_.copy()
            close(native.solve_triangular(a_, b_, upper, unit), base.solve_triangular(a_, b_, upper, unit))
            np.testing.assert_array_equal(a_, before[0])
            np.testing.assert_array_equal(b_, before[1])


def test_solve_triangular_with_a_zero_on_the_diagonal():
    a, b = np.diag([1.0, 0.0]), np.ones((2, 1))
    for kernels in (base, native):
        assert kernels.solve_triangular(a, b, True, False)[1, 0] == np.inf
