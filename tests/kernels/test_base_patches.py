"""The kernels of sliding blocks: what their rows in tests/ops/rows/patches.py do not show."""

import ml_dtypes
import numpy as np
import pytest

from flambeau.kernels.base.patches import col2im, im2col

GEOMETRIES = [  # size, then kernel_size, dilation, padding, stride
    ((4, 5), (2, 2), (1, 1), (0, 0), (1, 1)),
    ((6, 7), (3, 2), (1, 2), (2, 0), (2, 3)),
    ((5, 5), (1, 1), (1, 1), (0, 0), (3, 3)),
    ((2, 9), (2, 4), (3, 1), (1, 1), (1, 4)),
]


@pytest.mark.parametrize("size, window", [(size, window) for size, *window in GEOMETRIES])
def test_each_is_the_transpose_of_the_other(size, window):
    random = np.random.RandomState(0)
    x = random.normal(size=(2, 3, *size))
    columns = im2col(x, *window)
    y = random.normal(size=columns.shape)
    np.testing.assert_allclose((columns * y).sum(), (x * col2im(y, size, *window)).sum())


@pytest.mark.parametrize("dtype", [np.float16, ml_dtypes.bfloat16])
def test_sums_of_low_precision_are_rounded_once(dtype):
    columns = np.full((1, 9, 9), 1.1).astype(dtype)
    exact = col2im(columns.astype(np.float64), (5, 5), (3, 3), (1, 1), (0, 0), (1, 1))
    rounded = col2im(columns, (5, 5), (3, 3), (1, 1), (0, 0), (1, 1))
    assert rounded.dtype == dtype
    np.testing.assert_array_equal(rounded, exact.astype(np.float32).astype(dtype))


def test_any_strides():
    x = np.arange(120.0).reshape(5, 4, 3, 2).T[:, ::-1]
    window = (2, 2), (1, 1), (1, 1), (1, 2)
    columns = im2col(x, *window)
    np.testing.assert_array_equal(columns, im2col(x.copy(), *window))
    np.testing.assert_array_equal(
        col2im(columns[..., ::-1], x.shape[-2:], *window), col2im(columns[..., ::-1].copy(), x.shape[-2:], *window)
    )
