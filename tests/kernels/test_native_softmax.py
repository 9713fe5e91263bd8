"""The native softmax kernels agree with the base ones."""

import ml_dtypes
import numpy as np
import pytest

import flambeau  # noqa: F401  (registers the dtypes with the core)
from flambeau._core import native as core
from flambeau.kernels.base import softmax as base
from flambeau.kernels.native import softmax as native

DTYPES = {np.float32: 1e-5, np.float64: 1e-12, np.float16: 2e-3, ml_dtypes.bfloat16: 2e-2}
SHAPES = [(), (1,), (7,), (3, 5), (2, 3, 4), (0, 3), (3, 0), (2, 1000), (1000, 3), (4, 33, 5)]


def layouts(x):
    yield x
    yield x.astype(x.dtype, order="F")
    if x.ndim:
        yield np.repeat(x, 2, axis=-1)[..., ::2]
        yield np.flip(np.ascontiguousarray(np.flip(x, 0)), 0)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("name", ["softmax", "log_softmax"])
def test_forward_and_gradient(name, shape, dtype):
    rng = np.random.default_rng(0)
    x, g = (np.asarray(rng.standard_normal(shape) * s).astype(dtype) for s in (5, 1))
    for axis in {*range(-max(len(shape), 1), max(len(shape), 1))}:
        expected = getattr(base, name)(x, axis)
        grad = getattr(base, f"{name}_grad")(g, expected, axis)
        for a, b in zip(layouts(x), layouts(g), strict=True):
            y = getattr(native, name)(a, axis)
            assert y.shape == shape and y.dtype == dtype
            np.testing.assert_allclose(
                y.astype(float), expected.astype(float), rtol=DTYPES[dtype], atol=DTYPES[dtype]
            )
            got = getattr(native, f"{name}_grad")(b, y, axis)
            assert got.shape == shape and got.dtype == dtype
            limit = DTYPES[dtype] * 10 * max(1, np.abs(grad.astype(float)).max(initial=0))
            np.testing.assert_allclose(got.astype(float), grad.astype(float), rtol=limit, atol=limit)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", ["softmax", "log_softmax"])
def test_special_values(name, dtype):
    rows = [
        [0.0, 1.0, np.nan], [0.0, np.inf, 1.0], [-np.inf] * 3, [0.0, -np.inf, 1.0], [1e30, -1e30, 0.0],
        [1000.0, 999.0, 0.0],
        [-1000.0, -1001.0, -1e4], [np.inf, np.inf, 0.0], [0.0, -0.0, 0.0],
    ]  # fmt: skip
    x = np.array(rows, dtype)
    for a, axis in ((x, 1), (x.T, 0), (np.repeat(x[:, :, None], 20, 2), 1)):
        np.testing.assert_allclose(
            getattr(native, name)(a, axis), getattr(base, name)(a, axis), rtol=1e-5, atol=1e-7
        )


def test_other_dtypes_and_axes_go_to_base():
    x = np.ones((2, 3), np.float16)
    assert core.softmax(x, 0, False) is None and core.softmax_grad(x, x, 0, False) is None
    y = x.astype(np.float32)
    assert core.softmax(y, 2, False) is None and core.softmax(y, -3, False) is None
    assert core.softmax_grad(y[:1], y, 0, False) is None
