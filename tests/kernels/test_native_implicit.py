"""The derivatives of gamma and beta numbers: the native kernels agree with the base ones, both with 40-digit values."""

import ml_dtypes
import numpy as np
import pytest

import flambeau  # noqa: F401  (registers the dtypes with the core)
from flambeau.kernels.base import implicit as base
from flambeau.kernels.native import implicit as native

SHAPES = np.array([1e-6, 1e-3, 0.05, 0.5, 1.0, 1.5, 7.0, 80.0, 399.0, 401.0, 1e4, 1e6])

# (a, z, dz/da): from the incomplete gamma function of mpmath in 40 digits, by central differences of 1e-12 a.
GAMMA = [
    (0.001, 1e-05, 0.10937472778081825), (0.01, 1.5, 68.36426957100302), (0.5, 0.2, 0.7940505663308434),
    (1.0, 1.0, 1.1735630272247268), (1.0, 20.0, 3.6206664839514846), (10.0, 3.0, 0.524211960601438),
    (10.0, 10.0, 1.0168234904310751), (10.0, 30.0, 1.6746941162593882), (300.0, 320.0, 1.033190131250747),
    (1000.0, 950.0, 0.9747350236971637), (10000.0, 10100.0, 1.0050001660066192),
]  # fmt: skip


@pytest.mark.parametrize("module", [base, native])
def test_gamma_values(module):
    a, z, expected = (np.array(column) for column in zip(*GAMMA, strict=True))
    np.testing.assert_allclose(module.standard_gamma_grad(a, z), expected, rtol=2e-12)


def test_gamma_agrees():
    a = SHAPES[:, None]
    z = np.concatenate([a * f for f in (1e-8, 0.1, 0.74, 0.98, 1.0, 1.02, 1.26, 3.0, 10.0)], 1)
    got = native.standard_gamma_grad(np.broadcast_to(a, z.shape), z)
    np.testing.assert_allclose(got, base.standard_gamma_grad(a, z), rtol=1e-11)
    assert (got > 0).all()


def test_beta_agrees():
    a, b, x = SHAPES[2:10, None, None], SHAPES[None, 2:10, None], np.array([1e-9, 0.01, 0.3, 0.5, 0.9, 0.999])
    got = native.dirichlet_grad(*np.broadcast_arrays(x, a, a + b))
    np.testing.assert_allclose(got, base.dirichlet_grad(x, a, a + b), rtol=1e-9)


@pytest.mark.parametrize("module", [base, native])
def test_one_parameter_families_of_the_beta_distribution(module):
    """Beta(a, 1) has the quantiles q^(1/a): dx/da = -x log(x) / a. Beta(1, 1) at a: the derivative of I_x is known."""
    x, a = np.array([0.01, 0.3, 0.9, 0.9999]), np.array([[0.2], [1.0], [30.0]])
    x, a = np.broadcast_arrays(x, a)
    np.testing.assert_allclose(module.dirichlet_grad(x, a, a + 1), -x * np.log(x) / a / (1 - x), rtol=1e-10)


@pytest.mark.parametrize("module", [base, native])
def test_outside_the_domain(module):
    a, z = np.array([1.0, 0.0, -1.0, 2.0, np.nan, 2.0]), np.array([0.0, 1.0, 1.0, -1.0, 1.0, np.nan])
    np.testing.assert_array_equal(module.standard_gamma_grad(a, z), [0, *[np.nan] * 5])
    x, a = np.array([0.0, -0.1, 1.1, 0.5]), np.array([1.0, 1.0, 1.0, -1.0])
    np.testing.assert_array_equal(module.dirichlet_grad(x, a, a + 1), [0, np.nan, np.nan, np.nan])


@pytest.mark.parametrize("dtype", [np.float32, np.float16, ml_dtypes.bfloat16])
def test_dtypes_and_layouts(dtype):
    z = np.linspace(0.1, 4, 12).reshape(3, 4).astype(dtype)
    for module in (base, native):
        out = module.standard_gamma_grad(z.T, z.T)
        assert out.dtype == dtype and out.shape == (4, 3)
        wide = module.standard_gamma_grad(z.T.astype(float), z.T.astype(float))
        np.testing.assert_allclose(out.astype(float), wide, rtol=1e-2)
        assert module.standard_gamma_grad(z[0, :1].reshape(()), z[0, 1:2].reshape(())).shape == ()
