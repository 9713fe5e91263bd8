"""Ordering kernels against NumPy and against PyTorch."""

import ml_dtypes
import numpy as np
import pytest

from flambeau.kernels.base import sort as k

rng = np.random.default_rng(0)


@pytest.fixture(autouse=True)
def same_numbers_in_any_order():
    rng.bit_generator.state = np.random.default_rng(0).bit_generator.state


inf, nan = np.inf, np.nan

TIES = rng.integers(0, 4, (4, 6, 5)).astype(np.float64)
WITH_NAN = np.where(rng.random(TIES.shape) < 0.2, nan, TIES)
WITH_NAN[0, :3] = [[inf], [-inf], [nan]]


def arrays(pair):
    return [tensor.numpy() for tensor in pair]


@pytest.mark.parametrize("axis", [0, 1, -1])
@pytest.mark.parametrize("descending", [False, True])
def test_sort_by_hand(axis, descending):
    """Python's sort is stable, reversed too; NaN is keyed above infinity."""
    values, indices = k.sort(WITH_NAN, axis, descending)
    rows = (np.moveaxis(a, axis, -1).reshape(-1, WITH_NAN.shape[axis]) for a in (WITH_NAN, values, indices))
    for row, got, order in zip(*rows, strict=True):
        keys = [(True, 0.0) if np.isnan(v) else (False, v) for v in row]
        expected = sorted(range(len(row)), key=keys.__getitem__, reverse=descending)
        assert order.tolist() == expected
        np.testing.assert_array_equal(got, row[expected])
    assert indices.dtype == np.int64


@pytest.mark.parametrize("axis", [0, 1, -1])
@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize("x", [TIES, WITH_NAN, TIES[:0], TIES.astype(np.int16), TIES > 1])
def test_sort_against_torch(axis, descending, x):
    torch = pytest.importorskip("torch")
    expected = arrays(torch.sort(torch.tensor(x), dim=axis, descending=descending, stable=True))
    for got, reference in zip(k.sort(x, axis, descending), expected, strict=True):
        np.testing.assert_array_equal(got, reference)


@pytest.mark.parametrize("axis", [0, 1, -1])
@pytest.mark.parametrize("largest", [False, True])
@pytest.mark.parametrize("x", [TIES, WITH_NAN])
def test_topk(axis, largest, x):
    everything, _ = k.sort(x, axis, descending=largest)
    for n in range(x.shape[axis] + 1):
        values, indices = k.topk(x, n, axis, largest)
        np.testing.assert_array_equal(values, np.take(everything, range(n), axis))
        np.testing.assert_array_equal(values, np.take_along_axis(x, indices, axis))
        assert indices.dtype == np.int64
        assert all(
            len(set(row)) == n for row in np.moveaxis(indices, axis, 0).reshape(n, x.size // x.shape[axis]).T
        )


def test_topk_against_torch():
    torch = pytest.importorskip("torch")
    x = rng.permutation(60).reshape(4, 15).astype(np.float32)
    for largest in (False, True):
        expected = arrays(torch.topk(torch.tensor(x), 6, largest=largest))
        for got, reference in zip(k.topk(x, 6, largest=largest), expected, strict=True):
            np.testing.assert_array_equal(got, reference)
    for n in (-1, 16):
        with pytest.raises(RuntimeError, match="selected index k out of range"):
            k.topk(x, n)


@pytest.mark.parametrize("axis", [None, 0, 1, -1])
@pytest.mark.parametrize("keepdims", [False, True])
@pytest.mark.parametrize("x", [TIES, WITH_NAN, TIES.astype(np.uint8), TIES > 1])
def test_arg_extremes(axis, keepdims, x):
    for got, expected in (
        (k.argmax(x, axis, keepdims), np.argmax(x, axis, keepdims=keepdims)),
        (k.argmin(x, axis, keepdims), np.argmin(x, axis, keepdims=keepdims)),
    ):
        assert isinstance(got, np.ndarray) and got.dtype == np.int64
        np.testing.assert_array_equal(got, expected)


@pytest.mark.parametrize("axis", [0, 1, -1])
@pytest.mark.parametrize("keepdims", [False, True])
def test_extremes_along(axis, keepdims):
    for kernel, extreme in ((k.max_along, np.max), (k.min_along, np.min)):
        values, indices = kernel(WITH_NAN, axis, keepdims)
        np.testing.assert_array_equal(values, extreme(WITH_NAN, axis, keepdims=keepdims))
        assert values.shape == indices.shape
    torch = pytest.importorskip("torch")
    for kernel, name in ((k.max_along, "max"), (k.min_along, "min")):
        expected = arrays(getattr(torch, name)(torch.tensor(WITH_NAN), axis, keepdims))
        for got, reference in zip(kernel(WITH_NAN, axis, keepdims), expected, strict=True):
            np.testing.assert_array_equal(got, reference)


def test_extremes_of_nothing():
    for kernel in (k.argmax, k.argmin, k.max_along, k.min_along):
        with pytest.raises(IndexError, match="Expected reduction dim 0 to have non-zero size"):
            kernel(np.zeros((0, 3)), 0)
    with pytest.raises(IndexError, match="Expected reduction dim to be specified"):
        k.argmax(np.zeros((0, 3)))
    assert k.argmax(np.zeros((0, 3)), 1).shape == k.max_along(np.zeros((0, 3)), 1)[0].shape == (0,)


@pytest.mark.parametrize("axis", [0, 1, -1])
@pytest.mark.parametrize("dtype", [np.float64, np.int32, np.uint8, bool, np.complex128])
def test_running(axis, dtype):
    x = TIES.astype(dtype)
    wide = np.int64 if np.dtype(dtype).kind in "biu" else dtype
    for got, expected in (
        (k.cumsum(x, axis), np.cumsum(x, axis, wide)),
        (k.cumprod(x, axis), np.cumprod(x, axis, wide)),
    ):
        assert got.dtype == wide
        np.testing.assert_allclose(got, expected)
    assert k.cumsum(x, axis, np.dtype(np.complex64)).dtype == np.complex64


def test_running_half_precision_rounds_once():
    for dtype in (np.float16, ml_dtypes.bfloat16):
        y = k.cumsum(np.ones(3000, dtype), 0)
        np.testing.assert_array_equal(y, np.arange(1, 3001, dtype=np.float32).astype(dtype))
    assert np.isinf(k.cumsum(np.full(3, 60000, np.float16), 0)[-1])


@pytest.mark.parametrize("axis", [0, 1, -1])
@pytest.mark.parametrize("x", [TIES, WITH_NAN, TIES.astype(np.int32), TIES[:, :0]])
def test_running_extremes_against_torch(axis, x):
    torch = pytest.importorskip("torch")
    for kernel, name in ((k.cummax, "cummax"), (k.cummin, "cummin")):
        expected = arrays(getattr(torch, name)(torch.tensor(x), axis))
        for got, reference in zip(kernel(x, axis), expected, strict=True):
            np.testing.assert_array_equal(got, reference)


def test_running_extremes_by_hand():
    values, indices = k.cummax(np.array([1, 3, 2, 3, nan, 5]), 0)
    np.testing.assert_array_equal(values, [1, 3, 3, 3, nan, nan])
    assert indices[:5].tolist() == [0, 1, 1, 3, 4]
    assert k.cummin(np.array([3, 1, 1, 2]), 0)[1].tolist() == [0, 1, 2, 2]


def test_zero_dimensional():
    x = np.array(2.0)
    for y, expected in (
        *((a, e) for kernel in (k.sort, k.cummax) for a, e in zip(kernel(x, 0), (2, 0), strict=True)),
        *((a, e) for a, e in zip(k.topk(x, 1), (2, 0), strict=True)),
        *((a, e) for a, e in zip(k.max_along(x, 0), (2, 0), strict=True)),
        (k.argmax(x), 0),
        (k.argmin(x, 0), 0),
        (k.cumsum(x, 0), 2),
        (k.searchsorted(np.array([1.0, 3.0]), x), 1),
    ):
        assert isinstance(y, np.ndarray) and y.shape == ()
        assert y == expected
    assert k.topk(x, 0)[0].shape == (0,)


def test_unique():
    x = np.array([[3, 1], [1, 2], [3, 1]])
    values, inverse, counts = k.unique(x)
    assert values.tolist() == [1, 2, 3] and counts.tolist() == [3, 1, 2]
    np.testing.assert_array_equal(values[inverse], x)
    rows, inverse, counts = k.unique(x, axis=0)
    assert rows.tolist() == [[1, 2], [3, 1]] and inverse.tolist() == [1, 0, 1] and counts.tolist() == [1, 2]
    np.testing.assert_array_equal(k.unique(np.array([nan, 1, nan, 1]))[0], [1, nan, nan])
    assert [a.shape for a in k.unique(np.zeros((0, 2)))] == [(0,), (0, 2), (0,)]
    assert k.unique(np.array([2, 1, 2], ml_dtypes.bfloat16))[0].dtype == ml_dtypes.bfloat16


def test_unique_consecutive_against_torch():
    torch = pytest.importorskip("torch")
    for x, axis in (
        (np.array([[1, 1], [1, 2], [2, 1]]), None),
        (np.array([[1, 2], [1, 2], [3, 4], [1, 2]]), 0),
        (np.array([[1, 1, 2], [3, 3, 3]]), 1),
        (np.zeros(0), None),
    ):
        expected = torch.unique_consecutive(
            torch.tensor(x), return_inverse=True, return_counts=True, dim=axis
        )
        for got, reference in zip(k.unique_consecutive(x, axis), expected, strict=True):
            np.testing.assert_array_equal(got, reference.numpy())


def test_unique_consecutive_by_hand():
    values, inverse, counts = k.unique_consecutive(np.array([[5, 5], [1, 5]]))
    assert values.tolist() == [5, 1, 5] and counts.tolist() == [2, 1, 1]
    assert inverse.tolist() == [[0, 0], [1, 2]]


@pytest.mark.parametrize("right", [False, True])
def test_searchsorted(right):
    side = "right" if right else "left"
    sequence = np.sort(rng.integers(0, 9, (2, 3, 6)), axis=-1).astype(np.float32)
    values = rng.integers(-1, 10, (2, 3, 4)).astype(np.float32)
    found = k.searchsorted(sequence, values, right)
    for row in np.ndindex(2, 3):
        np.testing.assert_array_equal(found[row], np.searchsorted(sequence[row], values[row], side))
    flat = k.searchsorted(sequence[0, 0], values, right)
    np.testing.assert_array_equal(flat, np.searchsorted(sequence[0, 0], values, side))
    assert found.dtype == flat.dtype == np.int64
    with pytest.raises(RuntimeError, match="first N-1 dimensions"):
        k.searchsorted(sequence, values[:1], right)


@pytest.mark.parametrize("dtype", [np.float16, ml_dtypes.bfloat16, np.int8])
def test_types_strides_and_inputs(dtype):
    x = rng.permutation(24).reshape(4, 6).astype(dtype).T
    before = x.copy()
    for pair in (k.sort(x, 0, True), k.topk(x, 2), k.max_along(x, 0), k.cummax(x, 0)):
        assert [a.dtype for a in pair] == [dtype, np.int64]
    np.testing.assert_array_equal(k.sort(x, 0)[0].astype(float), np.sort(x.astype(float), 0))
    np.testing.assert_array_equal(k.argmax(x, 0), np.argmax(x.astype(float), 0))
    np.testing.assert_array_equal(x, before)
