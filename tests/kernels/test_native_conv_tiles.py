"""Convolutions large enough to be computed by tiles (csrc/conv_tiles.cpp) agree with sums in float64."""

import itertools

import numpy as np
import pytest

import flambeau
from flambeau.kernels.base import conv as base
from flambeau.kernels.native import conv as native

# (batch, channels in, out, groups, spatial, kernel, stride, padding, dilation)
CASES = [
    (2, 32, 64, 1, (14, 14), (3, 3), (1, 1), (1, 1), (1, 1)),
    (3, 40, 72, 1, (7, 9), (3, 3), (1, 1), (0, 2), (1, 1)),  # channels between whole vectors, tiles cut off
    (40, 64, 64, 1, (4, 4), (3, 3), (1, 1), (1, 1), (1, 1)),
    (64, 64, 96, 1, (2, 2), (3, 3), (1, 1), (1, 1), (1, 1)),
    (4, 64, 96, 2, (10, 11), (3, 3), (1, 1), (1, 1), (1, 1)),
    (2, 32, 64, 1, (12, 13), (3, 3), (1, 1), (5, 4), (1, 1)),  # padding beyond the kernel
    (4, 48, 64, 1, (9, 8), (2, 2), (1, 1), (1, 0), (1, 1)),
    (4, 48, 64, 1, (9, 8), (2, 3), (1, 1), (1, 0), (1, 1)),
    (4, 32, 64, 1, (16, 16), (4, 4), (2, 2), (1, 1), (1, 1)),
    (4, 33, 65, 1, (15, 13), (4, 4), (2, 2), (0, 2), (1, 1)),
    (8, 64, 32, 1, (5, 5), (4, 3), (2, 2), (1, 1), (1, 1)),
    (4, 32, 64, 1, (15, 16), (5, 6), (2, 2), (2, 2), (1, 1)),
    (8, 64, 64, 1, (9, 8), (3, 3), (2, 2), (1, 1), (1, 1)),
    (8, 64, 64, 1, (9, 8), (1, 1), (2, 2), (0, 0), (1, 1)),
    (8, 64, 64, 1, (10, 10), (3, 3), (1, 1), (2, 2), (2, 2)),
    (8, 64, 64, 1, (11, 12), (3, 3), (3, 3), (1, 1), (1, 2)),
    (8, 64, 64, 1, (13, 12), (2, 2), (3, 3), (0, 0), (1, 1)),  # strides beyond the kernel leave gaps
    (40, 128, 128, 1, (12,), (3,), (1,), (1,), (1,)),
    (300, 64, 96, 1, (1, 1), (3, 3), (1, 1), (1, 1), (1, 1)),
    (16, 64, 96, 1, (4, 4), (4, 4), (1, 1), (0, 0), (1, 1)),  # the kernel covers the image
    (16, 100, 24, 1, (3, 2), (3, 2), (2, 2), (0, 0), (1, 1)),
]
LIMITS = {np.float32: 3e-6, np.float64: 1e-14}


def drawn(case, dtype=np.float32):
    batch, inputs, outputs, groups, spatial, kernel, stride, padding, dilation = case
    rng = np.random.default_rng(0)
    out = base.conv_output_shape(spatial, kernel, stride, padding, dilation)
    shapes = (batch, inputs, *spatial), (outputs, inputs // groups, *kernel), (outputs,), (batch, outputs, *out)
    return [rng.standard_normal(s).astype(dtype) for s in shapes], (stride, padding, dilation, groups)


def maps(module, tensors, options):
    """The output, with and without bias, and both gradients."""
    x, w, b, g = tensors
    return (module.conv_nd(x, w, b, *options), module.conv_nd(x, w, None, *options),
            module.conv_nd_grad_input(g, w, x.shape, *options),
            module.conv_nd_grad_weight(g, x, w.shape, *options))  # fmt: skip


@pytest.mark.parametrize("dtype", LIMITS)
@pytest.mark.parametrize("case", CASES, ids=str)
def test_agrees_with_sums_in_float64(case, dtype):
    tensors, options = drawn(case, dtype)
    exact = maps(base, [t.astype(np.float64) for t in tensors], options)
    for got, expected in zip(maps(native, tensors, options), exact, strict=True):
        assert got.dtype == dtype and got.flags.c_contiguous
        np.testing.assert_allclose(got, expected, rtol=0, atol=LIMITS[dtype] * np.abs(expected).max())


@pytest.mark.parametrize("stride", [1, 2])
def test_every_small_geometry(stride):
    """Kernels, paddings and sizes of two axes, in all combinations."""
    for kernel, padding, height, width in itertools.product((1, 2, 3, 4), (0, 1, 2), (4, 5), (6, 7)):
        case = (9, 48, 64, 1, (height, width), (kernel, 3), (stride,) * 2, (padding, 1), (1, 1))
        tensors, options = drawn(case)
        for got, expected in zip(maps(native, tensors, options), maps(base, tensors, options), strict=True):
            np.testing.assert_allclose(got, expected, rtol=0, atol=4e-6 * np.abs(expected).max(), err_msg=str(case))


@pytest.mark.parametrize("case", [CASES[0], CASES[8], CASES[12]], ids=str)
def test_small_whole_numbers_are_exact(case):
    tensors, options = drawn(case)
    tensors = [np.round(4 * t) for t in tensors]
    for got, expected in zip(maps(native, tensors, options), maps(base, tensors, options), strict=True):
        np.testing.assert_array_equal(got, expected)


@pytest.mark.parametrize("value", [np.inf, -np.inf, np.nan, 3e38])
@pytest.mark.parametrize("case", [CASES[0], CASES[8], CASES[12]], ids=str)
def test_what_is_not_finite_stays_where_it_belongs(case, value):
    """3e38: sums of elements of a tile overflow where none of its outputs does."""
    (x, w, b, g), options = drawn(case)
    w *= np.float32(1e-3)
    for a in (x, g):
        a[1, 3, 1:3, 2:4] = value
        tensors = x, w, b, g
        with np.errstate(all="ignore"):
            expected = maps(base, tensors, options)
        for got, of_base in zip(maps(native, tensors, options), expected, strict=True):
            assert np.array_equal(np.isfinite(got), np.isfinite(of_base))
        a[1, 3, 1:3, 2:4] = 0


@pytest.mark.parametrize("case", [CASES[i] for i in (0, 2, 4, 8, 12)], ids=str)
def test_does_not_depend_on_the_number_of_threads(case):
    tensors, options = drawn(case)
    threads = flambeau.get_num_threads()
    try:
        results = []
        for n in (1, 2, 5):
            flambeau.set_num_threads(n)
            results.append(maps(native, tensors, options))
    finally:
        flambeau.set_num_threads(threads)
    for other in results[1:]:
        assert all(np.array_equal(a, b) for a, b in zip(results[0], other, strict=True))


def test_a_sample_does_not_depend_on_its_place_in_the_batch():
    (x, w, b, _), options = drawn((6, 64, 64, 1, (6, 6), (3, 3), (1, 1), (1, 1), (1, 1)))
    whole = native.conv_nd(x, w, b, *options)
    turned = native.conv_nd(np.ascontiguousarray(x[::-1]), w, b, *options)
    np.testing.assert_array_equal(turned[::-1], whole)
