"""The native convolution agrees with the base one, which NumPy computes."""

import itertools

import ml_dtypes
import numpy as np
import pytest

import flambeau
from flambeau._core import native as core
from flambeau.kernels.base import conv as base
from flambeau.kernels.native import conv as native

DTYPES = {np.float32: 1e-5, np.float64: 1e-13, np.float16: 4e-3, ml_dtypes.bfloat16: 3e-2, np.complex64: 1e-5}

# (batch, channels in, out, groups, spatial, kernel, stride, padding, dilation)
CASES = [
    (2, 3, 5, 1, (7, 9), (3, 3), (1, 1), (1, 1), (1, 1)),
    (3, 4, 6, 2, (8, 8), (3, 2), (2, 1), (0, 1), (1, 2)),
    (1, 1, 8, 1, (28, 28), (5, 5), (1, 1), (2, 2), (1, 1)),
    (2, 9, 17, 1, (6, 5), (1, 1), (1, 1), (0, 0), (1, 1)),
    (2, 9, 17, 1, (6, 5), (1, 1), (2, 3), (0, 0), (1, 1)),
    (2, 6, 6, 6, (10, 11), (3, 3), (1, 1), (1, 1), (1, 1)),
    (2, 6, 12, 6, (10, 11), (3, 3), (2, 2), (1, 1), (1, 1)),
    (1, 3, 20, 1, (32, 30), (7, 7), (2, 2), (3, 3), (1, 1)),
    (1, 2, 3, 1, (13, 14), (3, 3), (4, 5), (0, 0), (1, 1)),  # strides beyond the kernel leave gaps
    (1, 2, 3, 1, (13, 14), (3, 3), (3, 2), (5, 4), (2, 3)),  # padding beyond the kernel
    (1, 2, 3, 1, (9, 9), (2, 2), (2, 2), (0, 0), (1, 1)),  # the last row and column are not used
    (4, 130, 140, 1, (4, 4), (3, 3), (1, 1), (1, 1), (1, 1)),
    (2, 3, 4, 1, (12,), (3,), (1,), (1,), (1,)),
    (2, 4, 4, 2, (50,), (5,), (3,), (2,), (2,)),
    (2, 3, 4, 1, (5, 6, 7), (3, 2, 3), (1, 1, 1), (1, 0, 1), (1, 1, 1)),
    (1, 4, 6, 2, (6, 5, 7), (2, 3, 3), (2, 1, 3), (1, 1, 0), (1, 2, 1)),
]


def arrays(case, dtype):
    batch, inputs, outputs, groups, spatial, kernel, stride, padding, dilation = case
    rng = np.random.default_rng(0)
    out = base.conv_output_shape(spatial, kernel, stride, padding, dilation)
    shapes = (batch, inputs, *spatial), (outputs, inputs // groups, *kernel), (outputs,), (batch, outputs, *out)
    drawn = [rng.standard_normal(s) for s in shapes]
    if np.dtype(dtype).kind == "c":
        drawn = [a + 1j * rng.standard_normal(a.shape) for a in drawn]
    return [a.astype(dtype) for a in drawn], (stride, padding, dilation, groups)


def close(got, expected, dtype):
    assert got.dtype == dtype and got.shape == expected.shape and got.flags.c_contiguous
    wide = np.complex128 if np.dtype(dtype).kind == "c" else np.float64
    limit = DTYPES[dtype] * max(1, np.abs(expected.astype(wide)).max())
    np.testing.assert_allclose(got.astype(wide), expected.astype(wide), rtol=DTYPES[dtype], atol=limit)


def check_all(tensors, options, dtype):
    x, w, b, g = tensors
    for name, args in (("conv_nd", (x, w, b)), ("conv_nd", (x, w, None)), ("conv_nd_grad_input", (g, w, x.shape)),
                       ("conv_nd_grad_weight", (g, x, w.shape))):  # fmt: skip
        close(getattr(native, name)(*args, *options), getattr(base, name)(*args, *options), dtype)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("case", CASES, ids=str)
def test_agrees(case, dtype):
    check_all(*arrays(case, dtype), dtype)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_every_small_geometry(dtype):
    """Kernels, strides, paddings and dilations of one axis, in all combinations."""
    for kernel, stride, padding, dilation in itertools.product((1, 2, 3), (1, 2, 3), (0, 1, 3), (1, 2)):
        case = (2, 2, 3, 1, (7,), (kernel,), (stride,), (padding,), (dilation,))
        check_all(*arrays(case, dtype), dtype)


def test_other_layouts():
    (x, w, b, g), options = arrays(CASES[1], np.float32)
    turned = [np.moveaxis(np.ascontiguousarray(np.moveaxis(a, 1, -1)), -1, 1) for a in (x, w, g)]
    assert not turned[0].flags.c_contiguous
    close(native.conv_nd(turned[0], turned[1], b[::-1], *options), base.conv_nd(x, w, b[::-1], *options), np.float32)
    close(native.conv_nd_grad_weight(turned[2], turned[0], w.shape, *options),
          base.conv_nd_grad_weight(g, x, w.shape, *options), np.float32)  # fmt: skip


@pytest.mark.parametrize("value", [np.inf, -np.inf, np.nan])
def test_values_that_are_not_finite(value):
    (x, w, b, g), options = arrays(CASES[0], np.float32)
    for a in (x, w, g):
        old, a[0, 0, 1, 2] = a[0, 0, 1, 2], value
        for name, args in (("conv_nd", (x, w, b)), ("conv_nd_grad_input", (g, w, x.shape)),
                           ("conv_nd_grad_weight", (g, x, w.shape))):  # fmt: skip
            got, expected = (getattr(module, name)(*args, *options) for module in (native, base))
            assert np.array_equal(np.isfinite(got), np.isfinite(expected))
        a[0, 0, 1, 2] = old


def test_empty_ones_and_other_dtypes_go_to_base():
    options = (1, 1), (0, 0), (1, 1), 1
    for x, w in ((np.zeros((0, 2, 5, 5), np.float32), np.zeros((3, 2, 2, 2), np.float32)),
                 (np.ones((1, 2, 5, 5), np.int64), np.ones((3, 2, 2, 2), np.int64))):  # fmt: skip
        assert core.conv(x, w, None, (4, 4), *options) is None
        assert np.array_equal(native.conv_nd(x, w, None, *options), base.conv_nd(x, w, None, *options))


@pytest.mark.parametrize("case", CASES[:3], ids=str)
def test_does_not_depend_on_the_number_of_threads(case):
    (x, w, b, g), options = arrays(case, np.float32)
    threads = flambeau.get_num_threads()

    def results():
        return (native.conv_nd(x, w, b, *options), native.conv_nd_grad_input(g, w, x.shape, *options),
                native.conv_nd_grad_weight(g, x, w.shape, *options))  # fmt: skip

    try:
        flambeau.set_num_threads(1)
        one = results()
        flambeau.set_num_threads(3)
        several = results()
    finally:
        flambeau.set_num_threads(threads)
    assert all(np.array_equal(a, b) for a, b in zip(one, several, strict=True))
