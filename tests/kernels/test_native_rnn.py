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
    x, h, c, w_ih, w_hh, b_ih, b_hh = (rng.standard_normal(s) / 2 for s in shapes)
    w_hr = rng.standard_normal((projected, units)) if projected else None
    w_hh, w_hr = w_hh / state**0.5, w_hr if w_hr is None else w_hr / units**0.5  # states neither vanish nor explode
    x, h, c, w_ih, w_hh, b_ih, b_hh, w_hr = (
        a if a is None else a.astype(dtype) for a in (x, h, c, w_ih, w_hh, b_ih, b_hh, w_hr)
    )
    return x, h, c if kind == "lstm" else None, w_ih, w_hh, *((b_ih, b_hh) if bias else (None, None)), w_hr


def close(got, expected, dtype):
    for a, b in zip(got, expected, strict=True):
        assert (a is None) == (b is None)
        if a is not None:
            assert a.dtype == b.dtype and a.shape == b.shape
            limit = DTYPES[dtype] * max(1, np.abs(b.astype(float)).max(initial=0))
            np.testing.assert_allclose(a.astype(float), b.astype(float), rtol=DTYPES[dtype], atol=limit)


# Few steps go through BLAS, more through packed panels; batches are cut into blocks of 32 rows.
SIZES = [(3, 3, 3), (4, 3, 1), (1,), (70, 70), (1,) * 6, (5, 5, 4, 4, 2, 1), (40,) * 4, (100, 70, 33, 20, 1)]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("kind", GATES)
@pytest.mark.parametrize("sizes", SIZES, ids=str)
def test_layer(kind, dtype, sizes):
    for bias, reverse, projected in ((True, False, 0), (False, True, 0), (True, True, 2 if kind == "lstm" else 0)):
        given = arrays(kind, dtype, 5, 33, sizes, bias, projected)
        out, h, c, columns = native.recurrent(kind, *given, sizes, reverse, True)
        expected = base.recurrent(kind, *given, sizes, reverse, True)
        close((out, h, c), expected[:3], dtype)
        close(native.recurrent(kind, *given, sizes, reverse, False)[:3], expected[:3], dtype)
        x, _, _, w_ih, w_hh, *_, w_hr = given
        grads = out, h, c
        args = grads, x, w_ih, w_hh, w_hr, columns, sizes, reverse
        close(native.recurrent_grad(kind, *args), base.recurrent_grad(kind, *args), dtype)


def in_double(a):
    return None if a is None else a.astype(np.float64)


@pytest.mark.parametrize("kind,projected", [("tanh", 0), ("lstm", 0), ("lstm", 70), ("gru", 0)])
@pytest.mark.parametrize("units", [1, 16, 130, 300])
def test_float32_against_float64(kind, projected, units):
    """Sizes about which the kernel has to think: the last panel of less than four vectors, runs of long sums."""
    sizes = (7,) * 5 + (3, 2)
    given = arrays(kind, np.float32, 20, units, sizes, True, projected)
    x, _, _, w_ih, w_hh, *_, w_hr = given
    wide = [in_double(a) for a in given]
    *results, columns = native.recurrent(kind, *given, sizes, False, True)
    *expected, wide_columns = base.recurrent(kind, *wide, sizes, False, True)
    close([in_double(r) for r in results], expected, np.float32)
    found = native.recurrent_grad(kind, results, x, w_ih, w_hh, w_hr, columns, sizes, False)
    exact = base.recurrent_grad(kind, expected, wide[0], wide[3], wide[4], wide[7], wide_columns, sizes, False)
    close([in_double(f) for f in found], exact, np.float32)


def test_layouts_and_gradients_of_one_number():
    """Arrays that are not row-major, as the gradients of a sum are."""
    given = arrays("lstm", np.float64, 6, 9, (4, 4, 4, 2, 1), True, 0)
    strided = [np.asfortranarray(a) for a in given[:-1]] + [None]
    results = native.recurrent("lstm", *strided, (4, 4, 4, 2, 1), False, True)
    close(results[:3], base.recurrent("lstm", *given, (4, 4, 4, 2, 1), False, True)[:3], np.float64)
    ones = tuple(np.broadcast_to(np.ones(()), r.shape) for r in results[:3])
    args = given[0], given[3], given[4], None, results[3], (4, 4, 4, 2, 1), False
    close(native.recurrent_grad("lstm", ones, *args), base.recurrent_grad("lstm", ones, *args), np.float64)


def test_an_empty_batch():
    for kind in GATES:
        given = arrays(kind, np.float32, 5, 4, (0, 0, 0, 0), True, 0)
        *results, columns = native.recurrent(kind, *given, (0, 0, 0, 0), False, True)
        assert [r.shape for r in results if r is not None] == [(0, 4)] * (3 if kind == "lstm" else 2)
        args = tuple(results), given[0], given[3], given[4], None, columns, (0, 0, 0, 0), False
        close(native.recurrent_grad(kind, *args), base.recurrent_grad(kind, *args), np.float32)


@pytest.mark.parametrize("kind", GATES)
def test_values_that_are_not_finite_stay_in_their_sequence(kind):
    given = arrays(kind, np.float32, 5, 20, (4,) * 5, True, 0)
    given[0][1, 2] = np.nan  # the second sequence, in the first step
    out = native.recurrent(kind, *given, (4,) * 5, False, False)[0].reshape(5, 4, 20)
    assert np.isnan(out[:, 1]).all() and np.isfinite(np.delete(out, 1, 1)).all()


def test_other_dtypes_have_no_kernel():
    a = np.ones((2, 4), np.int64)
    assert core.rnn(0, a, a, None, a, a, None, None, None, (2,), False, False) is None
    wide = np.ones((2, 8))
    assert core.rnn(0, wide[:, ::2], wide, None, wide, wide, None, None, None, (2,), False, False) is None


@pytest.mark.parametrize("kind,projected", [("lstm", 0), ("lstm", 50), ("gru", 0), ("relu", 0)])
@pytest.mark.parametrize("steps", [2, 6])
def test_does_not_depend_on_the_number_of_threads(kind, projected, steps):
    sizes = (96,) * steps
    given = arrays(kind, np.float32, 64, 128, sizes, True, projected)
    x, _, _, w_ih, w_hh, *_, w_hr = given
    threads = flambeau.get_num_threads()

    def results():
        *found, columns = native.recurrent(kind, *given, sizes, False, True)
        return *found, *native.recurrent_grad(kind, tuple(found), x, w_ih, w_hh, w_hr, columns, sizes, False)

    try:
        flambeau.set_num_threads(1)
        one = results()
        flambeau.set_num_threads(3)
        several = results()
    finally:
        flambeau.set_num_threads(threads)
    assert all(a is b or np.array_equal(a, b) for a, b in zip(one, several, strict=True))
