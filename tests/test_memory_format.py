"""Memory formats, and the layouts of copies and of new tensors."""

import copy
import pickle

import numpy as np
import pytest

import flambeau as fb

try:
    import torch
except ImportError:
    torch = None

needs_torch = pytest.mark.skipif(torch is None, reason="PyTorch, the oracle, is not installed")
IMAGES, VOLUMES = (2, 3, 4, 5), (2, 3, 4, 5, 6)


def test_the_formats():
    assert repr(fb.channels_last) == "torch.channels_last" and isinstance(fb.channels_last_3d, fb.memory_format)
    for f in (fb.channels_last, fb.channels_last_3d, fb.contiguous_format, fb.preserve_format):
        assert pickle.loads(pickle.dumps(f)) is f and copy.deepcopy(f) is f


@pytest.mark.parametrize("format,shape", [("channels_last", IMAGES), ("channels_last_3d", VOLUMES)])
def test_channels_last(format, shape):
    format = getattr(fb, format)
    x = fb.randn(shape, requires_grad=True)
    for y in (
        x.contiguous(memory_format=format), x.to(memory_format=format), x.clone(memory_format=format),
        x.to(fb.float32, memory_format=format), x.double().float(memory_format=format),
    ):  # fmt: skip
        assert y.is_contiguous(memory_format=format) and not y.is_contiguous() and y.stride(1) == 1
        assert fb.equal(x, y) and y.data_ptr() != x.data_ptr()
        assert y.contiguous(memory_format=format) is y and y.to(memory_format=format) is y
        assert not y._is_view() and y.contiguous().is_contiguous()
        (g,) = fb.autograd.grad((y * y).sum(), x)
        assert fb.allclose(g, 2 * x)
    assert fb.empty(shape, memory_format=format).is_contiguous(memory_format=format)
    assert fb.zeros(3).contiguous(memory_format=fb.preserve_format).is_contiguous()


def test_both_at_once():
    x = fb.zeros(2, 1, 4, 4)
    assert x.is_contiguous() and x.is_contiguous(memory_format=fb.channels_last)
    assert not fb.zeros(2).is_contiguous(memory_format=fb.channels_last)


@pytest.mark.parametrize(
    "call",
    [lambda x, f: x.contiguous(memory_format=f), lambda x, f: x.clone(memory_format=f),
     lambda x, f: x.to(memory_format=f), lambda x, f: fb.empty(x.shape, memory_format=f),
     lambda x, f: fb.empty_like(x, memory_format=f)],
)  # fmt: skip
def test_wrong_rank(call):
    with pytest.raises(RuntimeError, match="required rank 4 tensor to use channels_last format"):
        call(fb.zeros(2, 3, 4), fb.channels_last)


def test_empty_does_not_preserve():
    with pytest.raises(RuntimeError, match="unsupported memory format"):
        fb.empty(2, memory_format=fb.preserve_format)


LAYOUTS = [
    lambda x: x, lambda x: x.permute(0, 2, 3, 1), lambda x: x.transpose(0, 3), lambda x: x[::2, :, 1:],
    lambda x: x[:1].expand(3, 3, 4, 5), lambda x: x[0].T if hasattr(x[0], "T") else x,
]  # fmt: skip


@needs_torch
@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("format", [None, "preserve_format", "contiguous_format", "channels_last"])
@pytest.mark.parametrize(
    "name", ["empty_like", "zeros_like", "ones_like", "full_like", "rand_like", "randn_like", "clone"]
)
def test_layouts_are_those_of_pytorch(name, format, layout):
    strides = []
    for library in (fb, torch):
        x = layout(library.zeros(IMAGES)) if layout is not LAYOUTS[-1] else library.zeros(4, 5).t()
        if format == "channels_last" and x.ndim != 4:
            return
        arguments = (2.0,) if name == "full_like" else ()
        y = getattr(library, name)(x, *arguments, memory_format=format and getattr(library, format)) if format else (
            getattr(library, name)(x, *arguments))  # fmt: skip
        strides.append((tuple(y.shape), y.stride()))
    assert strides[0] == strides[1]


def test_modules():
    conv = fb.nn.Conv2d(3, 4, 3).to(memory_format=fb.channels_last)
    assert conv.weight.is_contiguous(memory_format=fb.channels_last) and conv.weight.requires_grad
    x = fb.randn(2, 3, 8, 8)
    plain = fb.nn.Conv2d(3, 4, 3)
    plain.load_state_dict(conv.state_dict())
    np.testing.assert_allclose(conv(x.to(memory_format=fb.channels_last)).detach(), plain(x).detach(), 1e-5, 1e-5)
