"""The native steps of recurrent layers agree with the base ones, which NumPy computes."""

import ml_dtypes
import numpy as np
import pytest

import flambeau
from flambeau._core import native as core
from flambeau.kernels.base import rnn as base
from flambeau.kernels.native import rnn as native

DTYPES = {np.float32: 1e-5, np.float64: 1e-12, np.float16: 1e-2, ml_dtypes.bfloat16: 8e-2}
GATES = {"tanh": 1, "relu": 1, "lstm": 4, "gru": 3}


def arrays(kind, dtype, inputs, units, sizes, bias, projected):
    rng = np.random.default_rng(0)
    rows, batch, gates, state = sum(sizes), sizes[0], GATES[kind] * units, projected or units
    shapes = (rows, inputs), (batch, state), (batch, units), (gates, inputs), (gates, state), (gates,), (gates,)
    x, h, c, w_ih, w_hh, b_ih, b_hh = ((rng.standard_normal(s) / 2).astype(dtype) for s in shapes)
    w_hr = rng.standard_normal((projected, units)).astype(dtype) if projected else None
    return x, h, c if kind == "lstm" else None, w_ih, w_hh, *((b_ih, b_hh) if bias else (None, None)), w_hr


def close(got, expected, dtype):
    for a, b in zip(got, expected, strict=True):
        assert (a is None) == (b is None)
        if a is not None:
            assert a.dtype == b.dtype and a.shape == b.shape
            limit = DTYPES[dtype] * max(1, np.abs(b.astype(float)).max())
            np.testing.assert_allclose(a.astype(float), b.astype(float), rtol=DTYPES[dtype], atol=limit)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("kind", GATES)
@pytest.mark.parametrize("sizes", [(3, 3, 3), (4, 3, 1), (1,), (70, 70)], ids=str)
def test_layer(kind, dtype, sizes):
    for bias, reverse, projected in ((True, False, 0), (False, True, 0), (True, True, 2 if kind == "lstm" else 0)):
        given = arrays(kind, dtype, 5, 33, sizes, bias, projected)
        out, h, c, columns = native.recurrent(kind, *given, sizes, reverse, True)
        expected = base.recurrent(kind, *given, sizes, reverse, True)
        close((out, h, c), expected[:3], dtype)
        x, _, _, w_ih, w_hh, *_, w_hr = given
        grads = out, h, c
        args = grads, x, w_ih, w_hh, w_hr, columns, sizes, reverse
        close(native.recurrent_grad(kind, *args), base.recurrent_grad(kind, *args), dtype)


def test_other_dtypes_have_no_kernel():
    a = np.ones((2, 4), np.int64)
    assert core.lstm_step(a, a, a[:, :1].copy()) is None
    wide = np.ones((2, 8))
    assert core.lstm_step(wide[:, ::2], wide[:, :4].copy(), np.ones((2, 1))) is None


def test_does_not_depend_on_the_number_of_threads():
    given = arrays("lstm", np.float32, 64, 128, (96, 96), True, 0)
    threads = flambeau.get_num_threads()
    try:
        flambeau.set_num_threads(1)
        one = native.recurrent("lstm", *given, (96, 96), False, False)
        flambeau.set_num_threads(3)
        several = native.recurrent("lstm", *given, (96, 96), False, False)
    finally:
        flambeau.set_num_threads(threads)
    assert all(np.array_equal(a, b) for a, b in zip(one[:3], several[:3], strict=True))
