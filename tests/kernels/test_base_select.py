"""Selection kernels against loops and against PyTorch."""

import ml_dtypes
import numpy as np
import pytest

from flambeau.kernels.base import select as k

rng = np.random.default_rng(0)


@pytest.fixture(autouse=True)
def same_numbers_in_any_order():
    rng.bit_generator.state = np.random.default_rng(0).bit_generator.state


X = rng.standard_normal((3, 4, 5))
INDEX_SHAPES = [(0, (6, 4, 5)), (0, (2, 3, 4)), (1, (3, 2, 5)), (2, (3, 4, 7)), (-1, (1, 2, 0))]


def indices_for(axis, shape):
    return rng.integers(0, X.shape[axis], shape)


def permuted_indices(axis, shape):
    """Indices without repeats along axis, so that writes have one answer."""
    return np.argsort(rng.random((*shape[:axis], X.shape[axis], *shape[axis + 1 :])), axis=axis)


@pytest.mark.parametrize(("axis", "shape"), INDEX_SHAPES)
def test_gather_and_scatter_add_against_loops(axis, shape):
    index, g = indices_for(axis, shape), rng.standard_normal(shape)
    y, added = k.gather(X, axis, index), X.copy()
    for place in np.ndindex(shape):
        at = list(place)
        at[axis] = index[place]
        assert y[place] == X[tuple(at)]
        added[tuple(at)] += g[place]
    assert y.shape == shape
    np.testing.assert_allclose(k.scatter_add(X, axis, index, g), added, atol=1e-14)


@pytest.mark.parametrize(("axis", "shape"), INDEX_SHAPES)
def test_gather_and_scatter_add_against_torch(axis, shape):
    torch = pytest.importorskip("torch")
    index, g = indices_for(axis, shape), rng.standard_normal((7, 5, 8))
    tx, ti, tg = torch.tensor(X, requires_grad=True), torch.tensor(index), torch.tensor(g)
    expected = tx.gather(axis, ti)
    np.testing.assert_array_equal(k.gather(X, axis, index), expected.detach().numpy())
    np.testing.assert_allclose(
        k.scatter_add(X, axis, index, g), tx.detach().scatter_add(axis, ti, tg).numpy()
    )
    inner = g[tuple(slice(n) for n in shape)]
    expected.backward(torch.tensor(inner))
    np.testing.assert_allclose(
        k.scatter_add(np.zeros_like(X), axis, index, inner), tx.grad.numpy(), atol=1e-14
    )


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_scatter(axis):
    index, src = permuted_indices(axis, (2, 3, 4)), rng.standard_normal((3, 4, 5))
    y, filled, expected = k.scatter(X, axis, index, src), k.scatter(X, axis, index, 7), X.copy()
    for place in np.ndindex(index.shape):
        at = list(place)
        at[axis] = index[place]
        expected[tuple(at)] = src[place]
    np.testing.assert_array_equal(y, expected)
    np.testing.assert_array_equal(filled == 7, y != X)
    torch = pytest.importorskip("torch")
    tx, ti = torch.tensor(X), torch.tensor(index)
    np.testing.assert_array_equal(y, tx.scatter(axis, ti, torch.tensor(src)).numpy())
    np.testing.assert_array_equal(filled, tx.scatter(axis, ti, 7).numpy())


def test_zero_dimensional():
    x, zero = np.array(3.0), np.array(0)
    for y, expected in (
        (k.gather(x, 0, zero), 3),
        (k.gather(x, 0, np.array([0, 0])), [3, 3]),
        (k.scatter(x, 0, zero, np.array(5.0)), 5),
        (k.scatter_add(x, -1, zero, np.array(5.0)), 8),
        (k.index_select(x, 0, zero), 3),
        (k.index_add(x, 0, zero, np.array(5.0)), 8),
        (k.index_fill(x, 0, zero, 1), 1),
        (k.take(x, np.array([0, -1])), [3, 3]),
        (k.masked_fill(x, np.array(True), 2), 2),
        (k.masked_select(x, np.array(True)), [3]),
    ):
        assert isinstance(y, np.ndarray) and y.shape == np.shape(expected)
        np.testing.assert_array_equal(y, expected)


@pytest.mark.parametrize("bad", [5, -1])
@pytest.mark.parametrize("error", [IndexError, RuntimeError])
def test_index_out_of_bounds(bad, error):
    x, index = np.zeros((3, 2)), np.array([[0, bad]])
    message = f"index {bad} is out of bounds for dimension 0 with size 3"
    for call in (
        lambda: k.gather(x, 0, index),
        lambda: k.scatter(x, 0, index, 1.0),
        lambda: k.scatter_add(x, 0, index, np.ones((1, 2))),
        lambda: k.index_copy(x, 0, index[0], np.ones((2, 2))),
    ):
        with pytest.raises(error, match=message):
            call()
    for call in (
        lambda: k.index_select(x, 0, index[0]),
        lambda: k.index_add(x, 0, index[0], np.ones((2, 2))),
    ):
        with pytest.raises(IndexError, match="index out of range in self"):
            call()


def test_index_past_the_end():
    x = np.zeros((3, 2))
    for call in (
        lambda: k.take_along_axis(x, np.array([[0, -4]]), 0),
        lambda: k.index_fill(x, 0, np.array([-4]), 1),
    ):
        with pytest.raises(IndexError, match="index -1 is out of bounds for dimension 0 with size 3"):
            call()
    for bad in (6, -7):
        with pytest.raises(IndexError, match=f"tried to access index {bad} on a tensor of 6 elements"):
            k.take(x, np.array([bad]))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: k.gather(X, 0, np.array([0])), "same number of dimensions"),
        (lambda: k.gather(X, 0, np.zeros((1, 5, 5), int)), "Size does not match at dimension 1"),
        (lambda: k.scatter(X, 0, np.zeros((2, 4, 5), int), np.zeros((1, 4, 5))), "no larger than src"),
        (lambda: k.take_along_axis(X, np.array([0]), 0), "same number of dimensions"),
        (lambda: k.masked_scatter(X, X < 9, np.zeros(5)), "in mask: 5 < 60"),
    ],
)
def test_shape_errors(call, message):
    with pytest.raises(RuntimeError, match=message):
        call()


def test_take_along_axis():
    index = rng.integers(-4, 4, (1, 2, 5))
    expected = np.take_along_axis(X, np.broadcast_to(index, (3, 2, 5)), 1)
    np.testing.assert_array_equal(k.take_along_axis(X, index, 1), expected)
    flat = rng.integers(-60, 60, (2, 3))
    np.testing.assert_array_equal(k.take_along_axis(X, flat), X.ravel()[flat.ravel()])


@pytest.mark.parametrize("axis", [0, 1, -1])
def test_slices(axis):
    n = X.shape[axis]
    index = rng.integers(0, n, 6)
    picked = k.index_select(X, axis, index)
    np.testing.assert_array_equal(picked, np.take(X, index, axis))
    expected = X.copy()
    np.add.at(np.moveaxis(expected, axis, 0), index, np.moveaxis(2 * picked, axis, 0))
    np.testing.assert_allclose(k.index_add(X, axis, index, picked, alpha=2), expected, atol=1e-14)
    order = rng.permutation(n)[:2]
    src = rng.standard_normal(picked.shape)
    src = np.take(src, [0, 1], axis)
    copied, filled = X.copy(), X.copy()
    np.moveaxis(copied, axis, 0)[order] = np.moveaxis(src, axis, 0)
    np.moveaxis(filled, axis, 0)[order] = 9
    np.testing.assert_array_equal(k.index_copy(X, axis, order, src), copied)
    np.testing.assert_array_equal(k.index_fill(X, axis, order - n, 9), filled)
    torch = pytest.importorskip("torch")
    tx, ti = torch.tensor(X), torch.tensor(index)
    np.testing.assert_allclose(
        expected, tx.index_add(axis, ti, torch.tensor(picked), alpha=2).numpy(), atol=1e-14
    )


def test_flat_positions():
    index = np.array([[0, -1], [59, 7]])
    np.testing.assert_array_equal(k.take(X, index), X.ravel()[index])
    written = k.put(X, index, np.arange(4.0))
    np.testing.assert_array_equal(
        written.ravel()[[0, 7, 59]], [0, 3, 2]
    )  # -1 and 59 are one place: the last wins
    summed = k.put(np.zeros((2, 2)), np.array([1, 1, -1]), np.array([1.0, 2.0, 4.0]), accumulate=True)
    np.testing.assert_array_equal(summed, [[0, 3], [0, 4]])


def test_masks():
    mask = rng.random((4, 1)) < 0.5
    full = np.broadcast_to(mask, X.shape)
    np.testing.assert_array_equal(k.masked_select(X, mask), X[full])
    np.testing.assert_array_equal(k.masked_select(X, mask.astype(np.uint8)), X[full])
    np.testing.assert_array_equal(k.masked_fill(X, mask, -1), np.where(full, -1, X))
    np.testing.assert_array_equal(k.masked_fill(X[0, :, 0], mask, np.array(2.0)).shape, (4, 4))
    src = rng.standard_normal(80)
    expected = X.copy()
    expected[full] = src[: full.sum()]
    np.testing.assert_array_equal(k.masked_scatter(X, mask, src), expected)


@pytest.mark.parametrize(
    "dtype", [np.float32, np.float16, ml_dtypes.bfloat16, np.int32, np.uint8, bool, np.complex64]
)
def test_types_are_kept(dtype):
    x, index = np.arange(6).reshape(2, 3).astype(dtype).T, np.array([[2, 0]])
    before = x.copy()
    for y in (
        k.gather(x, 0, index),
        k.scatter(x, 0, index, 1),
        k.scatter(x, 0, index, x),
        k.scatter_add(x, 0, index, x),
        k.index_add(x, 0, index[0], x[:2]),
        k.index_fill(x, 0, index[0], 1),
        k.put(x, index, x[:1]),
        k.masked_fill(x, x == x, 1),
        k.tril(x),
        k.triu(x),
    ):
        assert y.dtype == dtype
    np.testing.assert_array_equal(x, before)


def test_repeated_half_precision_sums_round_once():
    x, index = np.zeros(2, np.float16), np.zeros(3000, np.int64)
    np.testing.assert_array_equal(k.scatter_add(x, 0, index, np.ones(3000, np.float16)), [3000, 0])


@pytest.mark.parametrize("shape", [(3, 4), (0, 3), (7,), (2, 3, 2), ()])
def test_nonzero(shape):
    x = np.asarray(rng.integers(0, 2, shape)).astype(np.float64)
    expected = [place for place in np.ndindex(shape) if x[place]]
    found = k.nonzero(x)
    assert found.dtype == np.int64 and found.shape == (len(expected), len(shape))
    np.testing.assert_array_equal(found, np.array(expected, np.int64).reshape(found.shape))
    assert k.nonzero(np.array(np.nan)).shape == (1, 0)


@pytest.mark.parametrize("shape", [(4, 4), (3, 5), (2, 5, 3), (0, 3)])
@pytest.mark.parametrize("diagonal", [-5, -1, 0, 2, 6])
def test_triangles(shape, diagonal):
    x = rng.standard_normal(shape)
    np.testing.assert_array_equal(k.tril(x, diagonal), np.tril(x, diagonal))
    np.testing.assert_array_equal(k.triu(x, diagonal), np.triu(x, diagonal))
