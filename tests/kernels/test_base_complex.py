"""expm1 and log1p of complex numbers: NumPy's lose the small ones, and the special cases of C99."""

import numpy as np
import pytest

from flambeau.kernels.base import pointwise

TINY = [1e-20, 1e-12 + 1e-14j, -1e-9 + 1e-10j, 1e-8 - 2e-10j, 1e-8j]


@pytest.mark.parametrize("dtype", ["c8", "c16"])
def test_small_complex_numbers(dtype):
    z = np.array(TINY, dtype)
    series = z.astype("c16") - z.astype("c16") ** 2 / 2, z.astype("c16") + z.astype("c16") ** 2 / 2
    for kernel, expected in zip((pointwise.log1p, pointwise.expm1), series, strict=True):
        out = kernel(z)
        assert out.dtype == z.dtype
        np.testing.assert_allclose(out.real, expected.real, 1e-6 if dtype == "c8" else 1e-14)
        np.testing.assert_allclose(out.imag, expected.imag, 1e-6 if dtype == "c8" else 1e-14)


def test_large_complex_numbers():
    generator = np.random.default_rng(0)
    z = generator.normal(size=500) * 30 + 1j * generator.normal(size=500) * 5
    np.testing.assert_allclose(pointwise.expm1(z), np.exp(z) - 1, 1e-13)
    np.testing.assert_allclose(pointwise.log1p(z), np.log(1 + z), 1e-13)
    assert pointwise.expm1(np.array(1000 + 0j)) == np.inf  # and no NaN in the imaginary part


def test_zeros_keep_their_signs():
    z = np.array([complex(0.0, 0.0), complex(0.0, -0.0)])
    for kernel in (pointwise.expm1, pointwise.log1p):
        assert kernel(z).tolist() == [0, 0] and np.signbit(kernel(z).imag).tolist() == [False, True]
