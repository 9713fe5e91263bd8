"""Pooling kernels against loops and against PyTorch."""

import ml_dtypes
import numpy as np
import pytest

from flambeau.kernels.base.pool import (
    adaptive_avg_pool_nd,
    adaptive_avg_pool_nd_grad,
    adaptive_max_pool_nd,
    avg_pool_nd,
    avg_pool_nd_grad,
    max_pool_nd,
    max_pool_nd_grad,
)

rng = np.random.default_rng(0)


@pytest.fixture(autouse=True)
def same_numbers_in_any_order():
    rng.bit_generator.state = np.random.default_rng(0).bit_generator.state


# (spatial, kernel, stride, padding, dilation)
GEOMETRIES = [
    ((9,), (3,), (2,), (1,), (1,)),
    ((11,), (2,), (3,), (1,), (2,)),
    ((8, 8), (2, 2), (2, 2), (0, 0), (1, 1)),
    ((7, 9), (3, 3), (2, 2), (1, 1), (1, 1)),
    ((7, 10), (2, 3), (1, 3), (1, 0), (2, 1)),
    ((5, 5), (3, 2), (4, 4), (1, 1), (1, 1)),
    ((5, 6, 4), (2, 3, 2), (2, 2, 1), (1, 1, 0), (1, 2, 1)),
]
ADAPTIVE = [
    ((9,), (4,)),
    ((7, 5), (3, 2)),
    ((6, 6), (1, 1)),
    ((4, 6), (4, 3)),
    ((3, 4), (5, 6)),
    ((4, 5, 6), (2, 2, 5)),
]


def loop_max(x, kernel, stride, padding, dilation, out):
    nd = len(kernel)
    spatial = x.shape[-nd:]
    y, indices = np.empty(x.shape[:-nd] + out, x.dtype), np.empty(x.shape[:-nd] + out, np.int64)
    for lead in np.ndindex(x.shape[:-nd]):
        for place in np.ndindex(*out):
            best = None
            for tap in np.ndindex(*kernel):
                at = tuple(place[i] * stride[i] - padding[i] + tap[i] * dilation[i] for i in range(nd))
                inside = all(0 <= a < n for a, n in zip(at, spatial, strict=True))
                if inside and (best is None or x[lead + at] > x[lead + best]):
                    best = at
            y[lead + place], indices[lead + place] = x[lead + best], np.ravel_multi_index(best, spatial)
    return y, indices


@pytest.mark.parametrize("geometry", GEOMETRIES)
def test_max_against_loops(geometry):
    spatial, *rest = geometry
    x = rng.integers(0, 4, (2, 3, *spatial)).astype(np.float32)  # many ties: the first must win
    y, indices = max_pool_nd(x, *rest)
    expected, places = loop_max(x, *rest, y.shape[2:])
    np.testing.assert_array_equal(y, expected)
    np.testing.assert_array_equal(indices, places)
    assert indices.dtype == np.int64


@pytest.mark.parametrize("geometry", GEOMETRIES)
@pytest.mark.parametrize("ceil_mode", [False, True])
@pytest.mark.parametrize("batch", [(2, 3), (0, 3)])
def test_max_against_torch(geometry, ceil_mode, batch):
    torch = pytest.importorskip("torch")
    spatial, kernel, stride, padding, dilation = geometry
    x = rng.standard_normal((*batch, *spatial))
    tx = torch.tensor(x, requires_grad=True)
    pool = getattr(torch.nn.functional, f"max_pool{len(spatial)}d")
    expected, places = pool(tx, kernel, stride, padding, dilation, ceil_mode, return_indices=True)
    y, indices = max_pool_nd(x, kernel, stride, padding, dilation, ceil_mode)
    np.testing.assert_array_equal(y, expected.detach().numpy())
    np.testing.assert_array_equal(indices, places.numpy())
    g = rng.standard_normal(y.shape)
    expected.backward(torch.tensor(g))
    np.testing.assert_allclose(max_pool_nd_grad(g, indices, spatial), tx.grad.numpy(), atol=1e-12)


def test_max_of_lowest_values_names_an_input_element():
    x = np.full((1, 1, 4, 4), -np.inf)
    y, indices = max_pool_nd(x, (3, 3), (2, 2), (1, 1), (1, 1))
    np.testing.assert_array_equal(y, np.full((1, 1, 2, 2), -np.inf))
    np.testing.assert_array_equal(indices[0, 0], [[0, 1], [4, 5]])
    lowest = np.full((1, 1, 4), np.iinfo(np.int32).min, np.int32)
    assert max_pool_nd(lowest, (2,), (2,), (1,), (1,))[1].tolist() == [[[0, 1, 3]]]


@pytest.mark.parametrize("dtype", [np.float64, np.float16, ml_dtypes.bfloat16])
def test_max_propagates_nan(dtype):
    x = np.array([[1, np.nan, 3, np.nan, 2, 5, 5, 5]], dtype)
    for y, indices in (max_pool_nd(x, (4,), (4,), (0,), (1,)), adaptive_max_pool_nd(x, (2,))):
        np.testing.assert_array_equal(y.astype(np.float64), [[np.nan, 5]])
        np.testing.assert_array_equal(indices, [[3, 5]])
        assert y.dtype == dtype


@pytest.mark.parametrize("dtype", [np.int64, np.uint8])
def test_max_of_integers(dtype):
    x = rng.integers(0, 100, (1, 2, 6)).astype(dtype)
    y, _ = max_pool_nd(x, (2,), (2,), (1,), (1,))
    np.testing.assert_array_equal(y[..., 1:3], x[..., 1:5].reshape(1, 2, 2, 2).max(-1))
    assert y.dtype == dtype


@pytest.mark.parametrize("geometry", [g for g in GEOMETRIES if set(g[4]) == {1}])
@pytest.mark.parametrize("ceil_mode", [False, True])
@pytest.mark.parametrize("include_pad", [False, True])
@pytest.mark.parametrize("divisor", [None, 3])
def test_avg_against_torch(geometry, ceil_mode, include_pad, divisor):
    torch = pytest.importorskip("torch")
    spatial, kernel, stride, padding, _ = geometry
    options = kernel, stride, padding, ceil_mode, include_pad
    pool = getattr(torch.nn.functional, f"avg_pool{len(spatial)}d")
    x = rng.standard_normal((2, 3, *spatial))
    tx = torch.tensor(x, requires_grad=True)
    if len(spatial) == 1:
        divisor = None  # avg_pool1d has no such option
        expected = pool(tx, *options)
    else:
        expected = pool(tx, *options, divisor)
    y = avg_pool_nd(x, *options, divisor)
    np.testing.assert_allclose(y, expected.detach().numpy(), atol=1e-12)
    g = rng.standard_normal(y.shape)
    expected.backward(torch.tensor(g))
    np.testing.assert_allclose(avg_pool_nd_grad(g, x.shape, *options, divisor), tx.grad.numpy(), atol=1e-12)


def test_avg_by_hand():
    x = np.arange(1.0, 6.0).reshape(1, 1, 5)
    np.testing.assert_allclose(avg_pool_nd(x, (2,), (2,), (0,)), [[[1.5, 3.5]]])
    np.testing.assert_allclose(avg_pool_nd(x, (2,), (2,), (0,), True), [[[1.5, 3.5, 5.0]]])
    np.testing.assert_allclose(avg_pool_nd(x, (2,), (2,), (1,)), [[[0.5, 2.5, 4.5]]])
    np.testing.assert_allclose(avg_pool_nd(x, (2,), (2,), (1,), False, False), [[[1.0, 2.5, 4.5]]])
    np.testing.assert_allclose(avg_pool_nd(x, (2,), (2,), (0,), divisor_override=4), [[[0.75, 1.75]]])
    np.testing.assert_allclose(
        avg_pool_nd_grad(np.array([[[1.0, 2.0, 4.0]]]), (1, 1, 5), (2,), (2,), (0,), True),
        [[[0.5, 0.5, 1, 1, 4]]],
    )
    np.testing.assert_allclose(avg_pool_nd(x * 1j, (2,), (2,), (0,)), [[[1.5j, 3.5j]]])


@pytest.mark.parametrize(("spatial", "out"), ADAPTIVE)
def test_adaptive_against_loops(spatial, out):
    x = rng.standard_normal((2, *spatial))
    mean, (top, indices) = adaptive_avg_pool_nd(x, out), adaptive_max_pool_nd(x, out)
    for place in np.ndindex(*out):
        window = tuple(
            slice(int(np.floor(i * n / o)), int(np.ceil((i + 1) * n / o)))
            for i, n, o in zip(place, spatial, out, strict=True)
        )
        for lead in range(2):
            seen = x[(lead, *window)]
            assert mean[(lead, *place)] == pytest.approx(seen.mean())
            assert top[(lead, *place)] == seen.max() == x[lead].ravel()[indices[(lead, *place)]]


@pytest.mark.parametrize(("spatial", "out"), ADAPTIVE)
def test_adaptive_against_torch(spatial, out):
    torch = pytest.importorskip("torch")
    x = rng.integers(0, 5, (2, 3, *spatial)).astype(np.float64)
    for kind in ("avg", "max"):
        tx = torch.tensor(x, requires_grad=True)
        pool = getattr(torch.nn.functional, f"adaptive_{kind}_pool{len(spatial)}d")
        g = rng.standard_normal((2, 3, *out))
        if kind == "avg":
            expected = pool(tx, out)
            y, gx = adaptive_avg_pool_nd(x, out), adaptive_avg_pool_nd_grad(g, x.shape, out)
        else:
            expected, places = pool(tx, out, return_indices=True)
            y, indices = adaptive_max_pool_nd(x, out)
            np.testing.assert_array_equal(indices, places.numpy())
            gx = max_pool_nd_grad(g, indices, spatial)
        np.testing.assert_allclose(y, expected.detach().numpy(), atol=1e-12)
        expected.backward(torch.tensor(g))
        np.testing.assert_allclose(gx, tx.grad.numpy(), atol=1e-12)


@pytest.mark.parametrize("dtype", [np.float16, ml_dtypes.bfloat16, np.float32])
def test_types_strides_and_inputs(dtype):
    x = rng.standard_normal((6, 8, 3, 2)).astype(dtype).transpose(3, 2, 0, 1)
    before, exact = x.copy(), x.astype(np.float64)
    options = (3, 3), (2, 2), (1, 1)
    y = avg_pool_nd(x, *options)
    np.testing.assert_allclose(
        y.astype(np.float64), avg_pool_nd(exact, *options), atol=float(ml_dtypes.finfo(dtype).eps)
    )
    gradients = avg_pool_nd_grad(y, x.shape, *options), adaptive_avg_pool_nd_grad(y, x.shape, y.shape[2:])
    top, indices = max_pool_nd(x, *options, (1, 1))
    np.testing.assert_array_equal(top.astype(np.float64), max_pool_nd(exact, *options, (1, 1))[0])
    for a in (y, top, *gradients, adaptive_avg_pool_nd(x, (2, 2)), max_pool_nd_grad(top, indices, (6, 8))):
        assert a.dtype == dtype
    np.testing.assert_array_equal(x, before)


@pytest.mark.parametrize(
    ("kernel", "padding", "message"),
    [((5, 5), (0, 0), "Output size is too small"), ((2, 2), (2, 2), "pad should be")],
)
def test_errors(kernel, padding, message):
    x = np.zeros((1, 1, 2, 2))
    with pytest.raises(RuntimeError, match=message):
        max_pool_nd(x, kernel, kernel, padding, (1, 1))
    with pytest.raises(RuntimeError, match=message):
        avg_pool_nd(x, kernel, kernel, padding)
