"""Convolution kernels against loops and against PyTorch."""

from itertools import product

import ml_dtypes
import numpy as np
import pytest

from flambeau.kernels.base.conv import conv_nd, conv_nd_grad_input, conv_nd_grad_weight

rng = np.random.default_rng(0)


@pytest.fixture(autouse=True)
def same_numbers_in_any_order():
    rng.bit_generator.state = np.random.default_rng(0).bit_generator.state


# (spatial, kernel, stride, padding, dilation)
GEOMETRIES = [
    ((9,), (3,), (1,), (0,), (1,)),
    ((10,), (4,), (3,), (2,), (2,)),
    ((8, 8), (3, 3), (1, 1), (1, 1), (1, 1)),
    ((7, 9), (1, 1), (1, 1), (0, 0), (1, 1)),
    ((7, 9), (3, 2), (2, 3), (1, 0), (1, 2)),
    ((5, 5), (5, 5), (1, 1), (0, 0), (1, 1)),
    ((4, 5, 6), (2, 3, 2), (1, 2, 2), (1, 1, 0), (2, 1, 1)),
]
CHANNELS = [(3, 4, 1), (4, 6, 2), (4, 4, 4)]  # in, out, groups


def samples(spatial, kernel, channels, groups, batch=3, dtype=np.float64):
    cin, cout = channels
    x = rng.standard_normal((batch, cin, *spatial)).astype(dtype)
    w = rng.standard_normal((cout, cin // groups, *kernel)).astype(dtype)
    return x, w, rng.standard_normal(cout).astype(dtype)


def loop_conv(x, w, b, stride, padding, dilation, groups):
    """The definition, one product at a time."""
    nd = len(stride)
    x = np.pad(x, [(0, 0), (0, 0), *((p, p) for p in padding)])
    kernel = w.shape[2:]
    out = [(x.shape[2 + i] - dilation[i] * (kernel[i] - 1) - 1) // stride[i] + 1 for i in range(nd)]
    y = np.zeros((x.shape[0], w.shape[0], *out), x.dtype)
    per_group = w.shape[0] // groups
    for n, o in np.ndindex(y.shape[:2]):
        for place in np.ndindex(*out):
            total = 0
            for c in range(w.shape[1]):
                for tap in np.ndindex(*kernel):
                    at = tuple(place[i] * stride[i] + tap[i] * dilation[i] for i in range(nd))
                    total += w[(o, c, *tap)] * x[(n, o // per_group * w.shape[1] + c, *at)]
            y[(n, o, *place)] = total + (0 if b is None else b[o])
    return y


@pytest.mark.parametrize("geometry", GEOMETRIES[1::3])
def test_forward_against_loops(geometry):
    spatial, kernel, *rest = geometry
    x, w, b = samples(spatial, kernel, (4, 6), 2, batch=2)
    np.testing.assert_allclose(conv_nd(x, w, b, *rest, 2), loop_conv(x, w, b, *rest, 2), atol=1e-12)


@pytest.mark.parametrize("geometry", GEOMETRIES)
@pytest.mark.parametrize("channels", CHANNELS)
def test_gradients_are_the_transposes(geometry, channels):
    """<g, conv(x, w)> is linear in x and in w: it equals <grad_input, x> and <grad_weight, w>."""
    spatial, kernel, *rest = geometry
    *channels, groups = channels
    x, w, _ = samples(spatial, kernel, channels, groups)
    y = conv_nd(x, w, None, *rest, groups)
    g = rng.standard_normal(y.shape)
    pairing = (g * y).sum()
    assert (conv_nd_grad_input(g, w, x.shape, *rest, groups) * x).sum() == pytest.approx(pairing)
    assert (conv_nd_grad_weight(g, x, w.shape, *rest, groups) * w).sum() == pytest.approx(pairing)


@pytest.mark.parametrize("geometry", GEOMETRIES)
@pytest.mark.parametrize("channels", CHANNELS)
def test_against_torch(geometry, channels):
    torch = pytest.importorskip("torch")
    spatial, kernel, *rest = geometry
    *channels, groups = channels
    x, w, b = samples(spatial, kernel, channels, groups)
    tx, tw, tb = (torch.tensor(a, requires_grad=True) for a in (x, w, b))
    expected = getattr(torch.nn.functional, f"conv{len(spatial)}d")(tx, tw, tb, *rest, groups)
    y = conv_nd(x, w, b, *rest, groups)
    np.testing.assert_allclose(y, expected.detach().numpy(), atol=1e-12)
    g = rng.standard_normal(y.shape)
    expected.backward(torch.tensor(g))
    np.testing.assert_allclose(conv_nd_grad_input(g, w, x.shape, *rest, groups), tx.grad.numpy(), atol=1e-12)
    np.testing.assert_allclose(conv_nd_grad_weight(g, x, w.shape, *rest, groups), tw.grad.numpy(), atol=1e-12)


@pytest.mark.parametrize("output_padding", [0, 1])
def test_transposed_convolution_is_grad_input(output_padding):
    torch = pytest.importorskip("torch")
    x, w = rng.standard_normal((2, 4, 5, 5)), rng.standard_normal((4, 3, 3, 3))
    expected = torch.nn.functional.conv_transpose2d(
        torch.tensor(x), torch.tensor(w), stride=2, padding=1, output_padding=output_padding
    )
    y = conv_nd_grad_input(x, w, tuple(expected.shape), (2, 2), (1, 1), (1, 1), 1)
    np.testing.assert_allclose(y, expected.numpy(), atol=1e-12)


@pytest.mark.parametrize("dtype", [np.float16, ml_dtypes.bfloat16, np.float32])
def test_low_precision_rounds_once(dtype):
    geometry = (1, 1), (1, 1), (1, 1)
    x, w, b = samples((6, 6), (3, 3), (4, 4), 1, dtype=dtype)
    exact = [a.astype(np.float64) for a in (x, w, b)]
    y = conv_nd(x, w, b, *geometry)
    gx, gw = conv_nd_grad_input(y, w, x.shape, *geometry), conv_nd_grad_weight(y, x, w.shape, *geometry)
    tolerance = float(ml_dtypes.finfo(dtype).eps) * (4 if dtype == np.float32 else 1)  # sums of up to 144
    for got, expected in (
        (y, conv_nd(*exact, *geometry)),
        (gx, conv_nd_grad_input(y.astype(np.float64), exact[1], x.shape, *geometry)),
        (gw, conv_nd_grad_weight(y.astype(np.float64), exact[0], w.shape, *geometry)),
    ):
        assert got.dtype == dtype
        scale = np.abs(expected).max()
        np.testing.assert_allclose(got.astype(np.float64), expected, atol=tolerance * scale)


def test_complex_is_bilinear():
    geometry = (2, 1), (1, 0), (1, 1)
    x, w, b = (a + 1j * rng.standard_normal(a.shape) for a in samples((5, 6), (3, 2), (4, 2), 2, batch=2))
    np.testing.assert_allclose(conv_nd(x, w, b, *geometry, 2), loop_conv(x, w, b, *geometry, 2), atol=1e-12)


@pytest.mark.parametrize("batch", [0, 1, 300])
def test_any_batch_and_strides_leave_inputs_alone(batch):
    """300 samples take several chunks; none take none."""
    geometry = (1, 1), (1, 1), (1, 1)
    x, w, b = samples((8, 8), (3, 3), (4, 8), 1, batch=batch)
    strided_x = np.repeat(x, 2, axis=3)[..., ::2].transpose(0, 1, 2, 3)
    strided_w = np.asfortranarray(w)
    before = strided_x.copy(), strided_w.copy()
    y = conv_nd(strided_x, strided_w, b, *geometry)
    alone = [conv_nd(x[i : i + 1], w, b, *geometry) for i in range(batch)]
    assert y.shape == (batch, 8, 8, 8)
    if batch:
        np.testing.assert_allclose(y, np.concatenate(alone), atol=1e-12)
    assert conv_nd_grad_input(y[:, ::-1], w, x.shape, *geometry).shape == x.shape
    gw = conv_nd_grad_weight(y, strided_x, w.shape, *geometry)
    one_by_one = sum(
        (conv_nd_grad_weight(y[i : i + 1], x[i : i + 1], w.shape, *geometry) for i in range(batch)), 0 * w
    )
    np.testing.assert_allclose(gw, one_by_one, atol=1e-9)
    np.testing.assert_array_equal(strided_x, before[0])
    np.testing.assert_array_equal(strided_w, before[1])


def test_no_warnings_on_infinities():
    x = np.full((1, 1, 4, 4), np.inf)
    y = conv_nd(x, np.array([[[[1.0, -1.0]]]]), None, (1, 1), (0, 0), (1, 1))
    assert np.isnan(y).all()


@pytest.mark.parametrize(
    ("x_shape", "w_shape", "bias", "groups", "message"),
    [
        (
            (1, 4, 5, 5),
            (2, 3, 3, 3),
            None,
            1,
            r"expected input\[1, 4, 5, 5\] to have 3 channels, but got 4 channels",
        ),
        ((1, 3, 5, 5), (3, 3, 3, 3), None, 2, "divisible by 2"),
        ((3, 5, 5), (2, 3, 3, 3), None, 1, "4-dimensional"),
        ((1, 3, 2, 2), (2, 3, 5, 5), None, 1, "Kernel size can't be greater than actual input size"),
        ((1, 3, 5, 5), (2, 3, 3, 3), 3, 1, "expected bias to be 1-dimensional with 2 elements"),
    ],
)
def test_errors(x_shape, w_shape, bias, groups, message):
    with pytest.raises(RuntimeError, match=message):
        conv_nd(
            np.zeros(x_shape),
            np.zeros(w_shape),
            None if bias is None else np.zeros(bias),
            (1, 1),
            (0, 0),
            (1, 1),
            groups,
        )


def test_gradient_of_another_shape_is_refused():
    x, w = np.zeros((1, 1, 4, 4)), np.zeros((1, 1, 3, 3))
    for g_shape, batch in product([(1, 1, 3, 3), (1, 2, 2, 2)], [1]):
        g = np.zeros(g_shape)
        with pytest.raises(RuntimeError, match="expected a gradient of size"):
            conv_nd_grad_input(g, w, (batch, 1, 4, 4), (1, 1), (0, 0), (1, 1))
        with pytest.raises(RuntimeError, match="expected a gradient of size"):
            conv_nd_grad_weight(g, x, w.shape, (1, 1), (0, 0), (1, 1))
