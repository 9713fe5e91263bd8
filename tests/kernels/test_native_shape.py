"""The native cast between floats agrees with the base one."""

import itertools

import ml_dtypes
import numpy as np
import pytest

import flambeau  # noqa: F401  (registers the dtypes with the core)
from flambeau.kernels.base import _xp
from flambeau.kernels.base import shape as base
from flambeau.kernels.native import shape as native

FLOATS = [np.dtype(t) for t in (np.float16, ml_dtypes.bfloat16, np.float32, np.float64)]


def values(dtype):
    """Every half, and numbers that lie between two halves, or beyond the largest."""
    with np.errstate(all="ignore"):
        halves = [np.arange(2**16, dtype=np.uint16).view(t).astype(np.float64) for t in FLOATS[:2]]
        numbers = np.concatenate([h * s for h in halves for s in (1, 1 + 2**-12, 1 + 2**-9, 1 + 2**-30)])
        return numbers.astype(dtype)


@pytest.mark.parametrize(("source", "target"), [*itertools.product(FLOATS, FLOATS)], ids=str)
def test_casts_of_all_halves(source, target):
    x = values(source)
    got, expected = native.cast(x, target), base.cast(x, target)
    assert got.dtype == target and not np.shares_memory(got, x)
    wide = [a.astype(np.float64) for a in (got, expected)]
    np.testing.assert_array_equal(*wide)
    np.testing.assert_array_equal(*[np.signbit(np.nan_to_num(w)) for w in wide])


def test_casts_keep_the_order_in_memory():
    x = np.ones((2, 3, 4), np.float32)
    for a in (x, x.transpose(2, 0, 1), x[:, ::2], np.broadcast_to(x[:1], (2, 3, 4)), np.asarray(x[0, 0, 0])):
        got, expected = native.cast(a, FLOATS[1]), base.cast(a, FLOATS[1])
        assert got.shape == expected.shape and got.strides == expected.strides


def test_widened_arrays_are_narrowed_again():
    for dtype in FLOATS:
        x = values(dtype)
        assert _xp.widen(x).dtype == (np.float32 if dtype.itemsize == 2 else dtype)
        np.testing.assert_array_equal(_xp.narrow(_xp.widen(x), dtype).astype(float), x.astype(float))
