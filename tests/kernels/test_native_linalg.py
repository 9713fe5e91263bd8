"""The native matrix products agree with the base ones over dtypes, layouts, batches and edge values."""

import itertools

import ml_dtypes
import numpy as np
import pytest

import flambeau  # noqa: F401  (registers the dtypes with the core)
from flambeau._core import native as core
from flambeau.kernels.base import linalg as base
from flambeau.kernels.native import linalg as native

TOLERANCES = {np.float32: 2e-4, np.float64: 1e-11, np.complex64: 2e-4, np.complex128: 1e-11, np.float16: 2e-2,
              ml_dtypes.bfloat16: 1e-1}  # fmt: skip
NATIVE = (np.float32, np.float64, np.complex64, np.complex128)


def random(shape, dtype, rng):
    x = rng.standard_normal(shape)
    if np.dtype(dtype).kind == "c":
        x = x + 1j * rng.standard_normal(shape)
    return np.asarray(x).astype(dtype)


def layouts(x):
    """x, and arrays equal to it that lie differently in memory."""
    yield x
    yield x.astype(x.dtype, order="F")
    yield np.repeat(x, 2, axis=-1)[..., ::2]
    yield np.flip(np.ascontiguousarray(np.flip(x, -1)), -1)
    yield np.flip(np.ascontiguousarray(np.flip(x, 0)), 0)
    if x.ndim > 1:
        yield np.ascontiguousarray(x.swapaxes(-1, -2)).swapaxes(-1, -2)
        padded = np.zeros((*x.shape[:-1], x.shape[-1] + 3), x.dtype)
        padded[..., : x.shape[-1]] = x
        yield padded[..., : x.shape[-1]]
    if x.ndim > 2:
        yield np.ascontiguousarray(x.swapaxes(0, -2)).swapaxes(0, -2)
        yield np.ascontiguousarray(np.moveaxis(x, 0, -1)).transpose(-1, *range(x.ndim - 1))


SHAPES = [
    ((3,), (3,)), ((2, 3), (3,)), ((3,), (3, 4)), ((2, 3), (3, 4)), ((5, 2, 3), (3, 4)), ((5, 2, 3), (5, 3, 4)),
    ((1, 3), (3, 1)),
    ((6, 1, 2, 3), (5, 3, 4)), ((3,), (5, 3, 4)), ((5, 2, 3), (3,)), ((1, 2, 3), (5, 3, 4)), ((4, 1), (1, 5)),
    ((1, 1), (1, 1)),
    ((0, 3), (3, 4)), ((2, 0), (0, 4)), ((0, 2, 3), (3, 4)), ((3, 0, 2), (3, 2, 1)), ((0,), (0,)), ((2, 3), (0, 3, 4)),
    ((2, 5, 33, 40), (2, 5, 40, 17)), ((130, 70), (70, 90)), ((1, 500), (500, 300)), ((300, 500), (500,)),
]  # fmt: skip


@pytest.mark.parametrize("dtype", TOLERANCES)
@pytest.mark.parametrize("shapes", SHAPES)
def test_matmul(shapes, dtype):
    rng = np.random.default_rng(0)
    a, b = (random(s, dtype, rng) for s in shapes)
    expected = base.matmul(a, b)
    for x, y in itertools.product(layouts(a), layouts(b)):
        before = x.copy(), y.copy()
        got = native.matmul(x, y)
        assert (
            type(got) is np.ndarray
            and got.shape == expected.shape
            and got.dtype == dtype
            and got.flags.c_contiguous
        )
        scale = TOLERANCES[dtype] * max(1, a.shape[-1] ** 0.5)
        np.testing.assert_allclose(
            got.astype(np.complex128), expected.astype(np.complex128), rtol=scale, atol=scale
        )
        assert np.array_equal(before[0], x) and np.array_equal(before[1], y)


@pytest.mark.parametrize("dtype", NATIVE)
def test_broadcast_operands(dtype):
    rng = np.random.default_rng(1)
    a, b = random((4, 1, 2, 3), dtype, rng), random((3, 5), dtype, rng)
    for x, y in [
        (np.broadcast_to(a, (4, 6, 2, 3)), b),
        (a, np.broadcast_to(b, (6, 3, 5))),
        (np.broadcast_to(a[0, 0, 0], (7, 3)), b),
        (np.broadcast_to(a[0, 0, :, :1], (2, 3)), b),
        (np.broadcast_to(a, (4, 6, 2, 3)), np.broadcast_to(b, (4, 6, 3, 5))),
    ]:
        np.testing.assert_allclose(native.matmul(x, y), np.matmul(x, y), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("dtype", NATIVE)
@pytest.mark.parametrize("n", [2, 40])
def test_special_values(dtype, n):
    a, b = np.ones((n, n), dtype), np.ones((n, n), dtype)
    a[0, 0], b[1, 1], b[0, 1] = np.inf, np.nan, 0
    with np.errstate(all="ignore"):
        expected = base.matmul(a, b)
    got = native.matmul(a, b)
    assert np.array_equal(np.isnan(got), np.isnan(expected))
    assert np.array_equal(np.isfinite(got), np.isfinite(expected))


def test_integers_and_bool_take_the_base_kernel():
    a = np.arange(6).reshape(2, 3)
    assert core.matmul(a, a.T) is None and core.linear(a, a) is None
    assert native.matmul(a, a.T).tolist() == (a @ a.T).tolist() and native.matmul(a, a.T).dtype == np.int64
    with pytest.raises(TypeError):
        core.matmul([1.0], a)


@pytest.mark.parametrize("dtype", TOLERANCES)
@pytest.mark.parametrize(
    "m, k, n", [(1, 1, 1), (3, 4, 5), (0, 4, 5), (3, 0, 5), (64, 100, 30), (1, 300, 20), (50, 20, 1)]
)
@pytest.mark.parametrize("bias", [False, True])
def test_linear(m, k, n, bias, dtype):
    rng = np.random.default_rng(2)
    x, w, b = (
        random((m, k), dtype, rng),
        random((n, k), dtype, rng),
        random((n,), dtype, rng) if bias else None,
    )
    expected = base.linear(x, w, b)
    for p, q in itertools.product(layouts(x), layouts(w)):
        for c in (None,) if b is None else (b, np.repeat(b, 2)[::2]):
            got = native.linear(p, q, c)
            assert got.shape == (m, n) and got.dtype == dtype
            scale = TOLERANCES[dtype] * max(1, k**0.5)
            np.testing.assert_allclose(
                got.astype(np.complex128), expected.astype(np.complex128), rtol=scale, atol=scale
            )


def test_mismatched_shapes():
    one = np.ones
    for a, b in [(one((2, 3)), one((2, 3))), (one(3), one(4)), (one((2, 3)), one(2)), (one((5, 2, 3)), one((4, 2))),
                 (one((5, 2, 3)), one((5, 2, 3)))]:  # fmt: skip
        with pytest.raises(RuntimeError, match="cannot be multiplied"):
            native.matmul(a, b)
    with pytest.raises(
        RuntimeError, match=r"tensor a \(5\) must match the size of tensor b \(4\).* dimension 0"
    ):
        native.matmul(one((5, 2, 3)), one((4, 3, 2)))
    with pytest.raises(RuntimeError, match=r"cannot be multiplied \(2x3 and 4x5\)"):
        native.linear(one((2, 3)), one((5, 4)), None)


def test_unaligned_operands():
    raw = np.zeros(6 * 8 + 1, np.uint8)
    a = raw[1:].view(np.float64).reshape(2, 3)
    a[...] = np.arange(6).reshape(2, 3)
    assert not a.flags.aligned
    assert native.matmul(a, a.T).tolist() == [[5, 14], [14, 50]]
    assert native.linear(a, a, None).tolist() == [[5, 14], [14, 50]]
