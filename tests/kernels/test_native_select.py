"""The native picking by index agrees with the base one, which NumPy computes."""

import ml_dtypes
import numpy as np
import pytest

import flambeau
from flambeau.kernels.base import embedding as base_embedding
from flambeau.kernels.base import index as base_index
from flambeau.kernels.base import pointwise as base_pointwise
from flambeau.kernels.base import select as base
from flambeau.kernels.base import shape as base_shape
from flambeau.kernels.native import embedding as native_embedding
from flambeau.kernels.native import index as native_index
from flambeau.kernels.native import pointwise as native_pointwise
from flambeau.kernels.native import select as native
from flambeau.kernels.native import shape as native_shape

ANY = [np.bool_, np.uint8, np.float16, ml_dtypes.bfloat16, np.int32, np.float32, np.int64, np.complex64, np.complex128]
SUMMED = [np.float32, np.float64, np.int64, np.int32, np.float16, ml_dtypes.bfloat16, np.complex64]
SHAPES = [((40,), 0), ((6, 7), 0), ((6, 7), 1), ((6, 7), -1), ((3, 5, 4), 1), ((2, 3, 300), 1), ((3, 0, 2), 0), ((), 0)]


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def same(got, expected):
    assert got.dtype == expected.dtype and got.shape == expected.shape
    np.testing.assert_array_equal(got.astype(np.complex128), expected.astype(np.complex128))


def drawn(rng, dtype, shape):
    return np.asarray(rng.integers(-50, 50, shape)).astype(dtype)


def drawn_index(rng, shape, axis, length):
    wanted = list(shape)
    if shape:
        wanted[axis] = length
    return np.asarray(rng.integers(0, max(shape[axis] if shape else 1, 1), wanted))


def rows_of(rng, x, axis, length):
    size = x.shape[axis]
    return rng.integers(0, max(size, 1), length if size else 0)


@pytest.mark.parametrize("dtype", ANY)
@pytest.mark.parametrize("shape,axis", SHAPES)
def test_gather(rng, shape, axis, dtype):
    x = drawn(rng, dtype, shape)
    for length in (0, 1, 9):
        index = drawn_index(rng, shape, axis, length)
        same(native.gather(x, axis, index), base.gather(x, axis, index))
        if shape:
            from_end = np.where(index % 2, index - x.shape[axis], index)
            same(native.take_along_axis(x, from_end, axis), base.take_along_axis(x, from_end, axis))
            rows = rows_of(rng, x, axis, length)
            same(native.index_select(x, axis, rows), base.index_select(x, axis, rows))


@pytest.mark.parametrize("dtype", SUMMED)
@pytest.mark.parametrize("shape,axis", SHAPES)
def test_sums(rng, shape, axis, dtype):
    x = drawn(rng, dtype, shape)
    for length in (0, 1, 30):
        index = drawn_index(rng, shape, axis, length)
        src = drawn(rng, dtype, index.shape)
        same(native.scatter_add(x, axis, index, src), base.scatter_add(x, axis, index, src))
        if shape:
            rows = rows_of(rng, x, axis, length)
            src = drawn(rng, dtype, x.take(rows, axis).shape)
            same(native.index_add(x, axis, rows, src), base.index_add(x, axis, rows, src))
            same(native.index_add(x, axis, rows, src, 3), base.index_add(x, axis, rows, src, 3))


@pytest.mark.parametrize("dtype", ANY)
@pytest.mark.parametrize("shape,axis", [*SHAPES, ((300, 130), 0), ((300, 130), 1), ((50, 2), 0), ((5000,), 0)])
def test_scatter(rng, shape, axis, dtype):
    x = drawn(rng, dtype, shape)
    for length in (0, 1, 30):
        index = drawn_index(rng, shape, axis, length)
        src = drawn(rng, dtype, index.shape)
        same(native.scatter(x, axis, index, src), base.scatter(x, axis, index, src))  # the last of repeats stays
        same(native.scatter(x, axis, index, 3), base.scatter(x, axis, index, 3))
        same(native.gather(x, axis, index), base.gather(x, axis, index))
        same(native.scatter_add(x, axis, index, src), base.scatter_add(x, axis, index, src))


def test_scatter_of_a_larger_source(rng):
    x, src = drawn(rng, np.float32, (6, 7)), drawn(rng, np.float32, (9, 8))
    index = rng.integers(0, 6, (4, 7))
    same(native.scatter(x, 0, index, src), base.scatter(x, 0, index, src))
    same(native.scatter(x.T, 1, index.T, src.T), base.scatter(x.T, 1, index.T, src.T))


@pytest.mark.parametrize("name", ["scatter", "scatter_add"])
@pytest.mark.parametrize("axis", [0, 1])
def test_scatter_out_of_range(name, axis):
    x = np.zeros((200, 300), np.float32)
    for bad in (-1, x.shape[axis]):
        index = np.zeros(x.shape, np.int64)
        index[-1, -1] = bad
        with pytest.raises(IndexError, match=f"index {bad} is out of bounds for dimension {axis} with size"):
            getattr(native, name)(x, axis, index, x)


def test_the_arguments_stay(rng):
    x = drawn(rng, np.float32, (4, 5))
    before = x.copy()
    index = drawn_index(rng, x.shape, 1, 5)
    native.scatter_add(x, 1, index, np.ones((4, 5), np.float32))
    native.scatter(x, 1, index, np.ones((4, 5), np.float32))
    native.index_add(x, 0, np.array([1, 1]), np.ones((2, 5), np.float32))
    np.testing.assert_array_equal(x, before)


def test_sums_keep_the_order_of_the_index():
    """Large numbers swallow small ones: another order would give another sum."""
    terms = np.array([1e8, 1.0, -1e8, 1.0, np.nan, np.inf], np.float32)
    index = np.array([0, 0, 0, 0, 1, 2])
    x = np.zeros(3, np.float32)
    for got in (native.scatter_add(x, 0, index, terms), native.index_add(x, 0, index, terms)):
        np.testing.assert_array_equal(got, np.array([1, np.nan, np.inf], np.float32))


@pytest.mark.parametrize("bad", [-1, 4, 2**62])
def test_index_out_of_range(bad):
    x, index = np.zeros((4, 3), np.float32), np.array([[0, bad, 1]])
    with pytest.raises(IndexError, match=f"index {bad} is out of bounds for dimension 0 with size 4"):
        native.gather(x, 0, index)
    with pytest.raises(IndexError, match="out of bounds"):
        native.scatter_add(x, 0, index, np.ones((1, 3), np.float32))
    with pytest.raises(IndexError, match="out of range"):
        native.index_select(x, 0, index[0])
    with pytest.raises(IndexError, match="out of range"):
        native.index_add(x, 0, index[0], np.ones((3, 3), np.float32))
    with pytest.raises(IndexError, match="out of range"):
        native_embedding.embedding(x, index)
    with pytest.raises(IndexError, match="out of range"):
        native_embedding.embedding_grad(np.ones((1, 3, 3), np.float32), index, 4)
    assert not x.any()


def test_other_layouts(rng):
    x = drawn(rng, np.float32, (6, 8))
    index = drawn_index(rng, (6, 8), 1, 8)
    for view, at in ((x[:, ::2], index[:, ::2] % 4), (x.T, index.T % 8), (x, index[:3, 2:5]), (x[::-1], index)):
        axis = 1 if view.shape[0] == at.shape[0] or at.shape[0] == 3 else 0
        at = at % view.shape[axis]
        same(native.gather(view, axis, at), base.gather(view, axis, at))
        src = drawn(rng, np.float32, at.shape)
        same(native.scatter_add(view, axis, at, src), base.scatter_add(view, axis, at, src))
        same(native.scatter_add(view, axis, at, 2.0), base.scatter_add(view, axis, at, 2.0))


@pytest.mark.parametrize("dtype", SUMMED)
def test_embedding(rng, dtype):
    weight = drawn(rng, dtype, (50, 7))
    for shape in ((), (5,), (20, 9), (0, 3)):
        indices = np.asarray(rng.integers(0, 50, shape))
        same(native_embedding.embedding(weight, indices), base_embedding.embedding(weight, indices))
        g = drawn(rng, dtype, (*shape, 7))
        for at in (indices, indices.astype(np.int32)):
            for options in ((None, False), (3, False), (None, True)):
                if dtype in (np.float32, np.float64) or not options[1]:
                    args = g, at, 50, *options
                    same(native_embedding.embedding_grad(*args), base_embedding.embedding_grad(*args))


@pytest.mark.parametrize("dtype", ANY)
def test_choices(rng, dtype):
    a, b = drawn(rng, dtype, (30, 41)), drawn(rng, dtype, (30, 41))
    mask = rng.integers(0, 2, (30, 41)).astype(bool)
    one = a[:1, :1]
    for c, x, y in [(mask, a, b), (mask, one, b), (mask, a, one[0, 0]), (mask, one[0], one[:, 0]), (mask[:1], a, b),
                    (mask[:1, :1], a, b), (mask.T, a.T, b.T), (mask, a[:1], b), (mask[:0], a[:0], b[:0]),
                    (mask[0, 0], a[0, 0], b[0, 0]), (mask[0], a[:, :1], one)]:  # fmt: skip
        c, x, y = (np.asarray(v) for v in (c, x, y))
        same(native_pointwise.where(c, x, y), base_pointwise.where(c, x, y))
        same(native.masked_fill(x, c, 1), base.masked_fill(x, c, 1))
        same(native.masked_fill(x, c.astype(np.uint8) * 2, np.asarray(7)), base.masked_fill(x, c, 7))


@pytest.mark.parametrize("dtype", ANY)
@pytest.mark.parametrize("shape", [(5,), (4, 6), (100, 3), (3, 5, 40), (2, 0, 3), (200, 400)])
def test_concatenate(rng, shape, dtype):
    for axis in range(len(shape)):
        arrays = [drawn(rng, dtype, (*shape[:axis], n, *shape[axis + 1 :])) for n in (3, 0, 1, 70)]
        for parts in (arrays, arrays[1:2], [a[..., ::-1] for a in arrays], [*arrays, np.asfortranarray(arrays[0])]):
            same(native_shape.concatenate(parts, axis), base_shape.concatenate(parts, axis))


@pytest.mark.parametrize("dtype", ANY)
def test_stack(rng, dtype):
    for shape in ((), (5,), (2, 3), (0, 2)):
        arrays = [drawn(rng, dtype, shape) for _ in range(4)]
        for axis in range(len(shape) + 1):
            same(native_shape.stack(arrays, axis), base_shape.stack(arrays, axis))
    views = [a.T for a in (drawn(rng, dtype, (2, 3)), drawn(rng, dtype, (2, 3)))]
    same(native_shape.stack(views, 0), base_shape.stack(views, 0))


def test_does_not_depend_on_the_number_of_threads(rng):
    x, src, many = (rng.standard_normal(s).astype(np.float32) for s in ((70, 900), (70, 900), (500, 900)))
    index, rows = rng.integers(0, 70, (70, 900)), rng.integers(0, 70, 500)
    threads = flambeau.get_num_threads()

    def results():
        return [native.gather(x, 0, index), native.scatter_add(x, 0, index, src), native.index_select(x, 1, rows),
                native.scatter_add(x, 1, index, src), native.index_add(x, 0, rows, many),
                native.index_add(x, 1, rows, many[:70, :500])]  # fmt: skip

    try:
        flambeau.set_num_threads(1)
        one = results()
        flambeau.set_num_threads(3)
        several = results()
    finally:
        flambeau.set_num_threads(threads)
    assert all(np.array_equal(a, b) for a, b in zip(one, several, strict=True))


@pytest.mark.parametrize("dtype", SUMMED)
def test_sums_at_one_index(rng, dtype):
    for shape, index in (((6, 4), (9,)), ((6,), (2, 5)), ((6, 2, 3), ()), ((6, 0), (3,)), ((6, 2), (0,))):
        at = np.asarray(rng.integers(-6, 6, index))
        x = drawn(rng, dtype, (*index, *shape[1:]))
        same(native_index.index_add_zeros(x, shape, at), base_index.index_add_zeros(x, shape, at))
    x, mask = drawn(rng, dtype, (3,)), np.array([True, False, True, True])
    same(native_index.index_add_zeros(x, (4,), mask), base_index.index_add_zeros(x, (4,), mask))
    args = x, (4, 5), np.array([1, 1, 2]), np.array([0, 0, 4])
    same(native_index.index_add_zeros(*args), base_index.index_add_zeros(*args))
