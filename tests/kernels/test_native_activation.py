"""The native activations with a parameter agree with the base kernels."""

import ml_dtypes
import numpy as np
import pytest

from flambeau.kernels.base import activation as base
from flambeau.kernels.native import activation as native

DTYPES = [np.float32, np.float64, np.float16, ml_dtypes.bfloat16]
POINTS = [0.0, -0.0, 1.5, -1.5, np.inf, -np.inf, np.nan, 1e-30, -1e-30]


def same(got, expected):
    assert got.dtype == expected.dtype and got.strides == expected.strides
    np.testing.assert_array_equal(got.astype(float), expected.astype(float))
    np.testing.assert_array_equal(np.signbit(got.astype(float)), np.signbit(expected.astype(float)))


@pytest.mark.parametrize("slope", [0.2, 0.0, 1.0, -0.5, 3.0])
@pytest.mark.parametrize("dtype", DTYPES)
def test_leaky_relu(dtype, slope):
    with np.errstate(all="ignore"):
        x = np.concatenate([POINTS, np.linspace(-3, 3, 91)]).astype(dtype).reshape(10, 10)
    g = np.linspace(-2, 2, 100).astype(dtype).reshape(10, 10)
    for some in (x, x.T, x[::2, ::-1], x[0, 0:1].reshape(())):
        same(native.leaky_relu(some, slope), base.leaky_relu(some, slope))
    for a, b in ((g, x), (g[::-1], x), (g.T, x.T)):
        same(native.leaky_relu_grad(a, b, slope), base.leaky_relu_grad(a, b, slope))
