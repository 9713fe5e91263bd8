"""The native loops of special functions agree with the base kernels, at poles and infinities too."""

import ml_dtypes
import numpy as np
import pytest

import flambeau
from flambeau.kernels.base import special as base
from flambeau.kernels.native import special as native

POINTS = [0.0, -0.0, -1.0, -2.0, 1.0, 2.0, 1 + 1e-9, np.inf, -np.inf, np.nan, 1e300, 1e-300, -1e-300, 1e-5, -0.5]
DTYPES = {np.float64: 1e-12, np.float32: 1e-6, np.float16: 2e-3, ml_dtypes.bfloat16: 1e-2}


@pytest.mark.parametrize("name", ["lgamma", "digamma"])
@pytest.mark.parametrize("dtype", DTYPES)
def test_loops_agree_with_base(name, dtype):
    with np.errstate(all="ignore"):
        x = np.concatenate([POINTS, np.linspace(-20.3, 30, 503)]).astype(dtype)
        got, wanted = getattr(native, name)(x), getattr(base, name)(x)
    assert got.dtype == x.dtype
    rtol = DTYPES[dtype]
    np.testing.assert_allclose(got.astype(float), wanted.astype(float), rtol=rtol, atol=1e-3 * rtol + 1e-15)


def test_layouts_and_integers():
    x = np.linspace(0.5, 9, 24).reshape(4, 6)
    for view in (x.T, x[::2, ::-1], x[0, :1].reshape(())):
        np.testing.assert_allclose(native.lgamma(view), base.lgamma(view), rtol=1e-13, atol=1e-15)
    assert flambeau.tensor([3]).lgamma().item() == pytest.approx(np.log(2))
