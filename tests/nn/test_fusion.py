"""nn.utils: fusion with batch normalisation, memory formats, modules without initial values."""

import numpy as np
import pytest

import flambeau as fb

from .parity import assert_close, raised

torch = pytest.importorskip("torch")

CASES = {
    "conv2d": (lambda nn: nn.Conv2d(4, 6, 3), lambda nn: nn.BatchNorm2d(6), (2, 4, 5, 5), False),
    "conv1d": (lambda nn: nn.Conv1d(4, 6, 3, bias=False), lambda nn: nn.BatchNorm1d(6), (2, 4, 5), False),
    "conv3d": (lambda nn: nn.Conv3d(2, 3, 2), lambda nn: nn.BatchNorm3d(3), (1, 2, 3, 3, 3), False),
    "groups": (lambda nn: nn.Conv2d(4, 6, 3, groups=2), lambda nn: nn.BatchNorm2d(6), (2, 4, 5, 5), False),
    "transposed": (lambda nn: nn.ConvTranspose2d(4, 6, 3), lambda nn: nn.BatchNorm2d(6), (2, 4, 5, 5), True),
    "plain": (lambda nn: nn.Conv2d(4, 6, 3), lambda nn: nn.BatchNorm2d(6, affine=False), (2, 4, 5, 5), False),
    "linear": (lambda nn: nn.Linear(4, 6), lambda nn: nn.BatchNorm1d(6), (3, 4), None),
    "without bias": (lambda nn: nn.Linear(4, 6, bias=False), lambda nn: nn.BatchNorm1d(6), (3, 4), None),
}


def _pair(lib, name):
    lib.manual_seed(0)
    make, norm, shape, _ = CASES[name]
    layer, bn = make(lib.nn).double(), norm(lib.nn).double()
    for _ in range(3):  # statistics other than 0 and 1
        x = lib.randn(*shape, dtype=lib.float64) * 3 + 1
        bn(layer(x))
    if bn.affine:
        with lib.no_grad():
            bn.weight.uniform_(0.5, 2.0)
            bn.bias.normal_()
    return layer.eval(), bn.eval(), x


def _fused(lib, layer, bn, transpose):
    if transpose is None:
        return lib.nn.utils.fuse_linear_bn_eval(layer, bn)
    return lib.nn.utils.fuse_conv_bn_eval(layer, bn, transpose)


@pytest.mark.parametrize("name", CASES)
def test_fused_layer_does_what_both_do(name):
    results = []
    for lib in (fb, torch):
        layer, bn, x = _pair(lib, name)
        fused = _fused(lib, layer, bn, CASES[name][3])
        assert fused is not layer and type(fused) is type(layer)
        assert_close(fused(x), bn(layer(x)), rtol=1e-8)
        results.append((fused.weight, fused.bias))
    assert_close(results[0], results[1])


def test_transposed_convolution_with_groups():
    layer, bn = fb.nn.ConvTranspose2d(4, 6, 3, groups=2).eval(), fb.nn.BatchNorm2d(6).eval()
    bn.running_mean.normal_()
    bn.running_var.uniform_(0.5, 2.0)
    x = fb.randn(2, 4, 5, 5)
    fused = fb.nn.utils.fuse_conv_bn_eval(layer, bn, transpose=True)
    assert_close(fused(x), bn(layer(x)), rtol=1e-4, atol=1e-5)


def test_fusion_of_linear_without_scale():
    """A normalisation of one feature, and one without affine parameters (which PyTorch does not take)."""
    layer, bn = fb.nn.Linear(4, 6).eval(), fb.nn.BatchNorm1d(6, affine=False).eval()
    bn.running_mean.normal_()
    x = fb.randn(3, 4)
    assert_close(fb.nn.utils.fuse_linear_bn_eval(layer, bn)(x), bn(layer(x)), rtol=1e-5, atol=1e-6)
    one = fb.nn.BatchNorm1d(1).eval()
    one.running_mean.fill_(2.0)
    fused = fb.nn.utils.fuse_linear_bn_eval(layer, one)
    assert_close(fused(x), (layer(x) - 2) / (1 + 1e-5) ** 0.5, rtol=1e-5, atol=1e-6)


def test_fusion_keeps_dtype_and_requires_grad():
    for trained in (True, False):
        layer = fb.nn.Conv2d(2, 3, 1, bias=False).half().eval().requires_grad_(trained)
        fused = fb.nn.utils.fuse_conv_bn_eval(layer, fb.nn.BatchNorm2d(3).eval())
        for p in (fused.weight, fused.bias):
            assert p.dtype == fb.float16 and p.requires_grad is trained and p.is_leaf


@pytest.mark.parametrize(
    "make",
    [
        lambda lib, nn: lib.nn.utils.fuse_conv_bn_eval(nn.Conv2d(2, 3, 1), nn.BatchNorm2d(3).eval()),
        lambda lib, nn: lib.nn.utils.fuse_linear_bn_eval(nn.Linear(2, 3).eval(), nn.BatchNorm1d(3)),
        lambda lib, nn: lib.nn.utils.fuse_linear_bn_eval(nn.Linear(2, 3).eval(), nn.BatchNorm1d(4).eval()),
        lambda lib, nn: lib.nn.utils.fuse_conv_bn_eval(
            nn.Conv2d(2, 3, 1).eval(), nn.BatchNorm2d(3, track_running_stats=False).eval()
        ),
        lambda lib, nn: lib.nn.utils.skip_init(nn.ReLU),
    ],
)
def test_errors(make):
    assert raised(lambda: make(fb, fb.nn)) == raised(lambda: make(torch, torch.nn))


def test_memory_formats_of_weights():
    inner = fb.nn.Sequential(fb.nn.ConvTranspose2d(4, 2, 3), fb.nn.Conv3d(2, 2, 2))
    net = fb.nn.Sequential(fb.nn.Conv2d(3, 4, 3), inner)
    before = [p.detach().clone() for p in net.parameters()]
    weight = net[0].weight
    assert fb.nn.utils.convert_conv2d_weight_memory_format(net, fb.channels_last) is net
    assert net[0].weight is weight and weight.is_contiguous(memory_format=fb.channels_last)
    assert net[1][0].weight.is_contiguous(memory_format=fb.channels_last)
    assert net[1][1].weight.is_contiguous()
    fb.nn.utils.convert_conv3d_weight_memory_format(net, fb.channels_last_3d)
    assert net[1][1].weight.is_contiguous(memory_format=fb.channels_last_3d)
    assert_close(list(net.parameters()), before, atol=0)


def test_skip_init():
    fb.manual_seed(0)
    expected = fb.rand(3)
    fb.manual_seed(0)
    layer = fb.nn.utils.skip_init(fb.nn.Linear, 3, 2, bias=False, dtype=fb.float64)
    assert_close(fb.rand(3), expected, atol=0)
    assert layer.weight.shape == (2, 3) and layer.weight.dtype == fb.float64 and layer.bias is None
    layer.weight.data.fill_(1.0)
    np.testing.assert_array_equal(layer(fb.ones(3, dtype=fb.float64)).detach().numpy(), [3, 3])
    with pytest.raises(RuntimeError, match="Expected a Module; got"):
        fb.nn.utils.skip_init(int)
