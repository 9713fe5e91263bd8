"""Upsampling in 0.3: whole numbers only, corners aligned, older names with their warnings."""

import numpy as np
import pytest

import flambeau as today
import flambeau.v03 as torch
from flambeau.v03 import nn
from flambeau.v03.autograd import Variable
from flambeau.v03.nn import functional as F

IMAGES = np.random.default_rng(0).normal(size=(2, 3, 4, 5))


def variable(array=IMAGES):
    return Variable(torch.from_numpy(array.copy()), requires_grad=True)


def test_corners_are_aligned():
    x = variable()
    out = nn.Upsample(scale_factor=2, mode="bilinear")(x)
    assert type(out) is Variable and tuple(out.size()) == (2, 3, 8, 10)
    np.testing.assert_array_equal(out.data.numpy()[:, :, ::7, ::9], IMAGES[:, :, ::3, ::4])
    expected = today.nn.functional.interpolate(today.from_numpy(IMAGES), (8, 10), mode="bilinear", align_corners=True)
    np.testing.assert_allclose(out.data.numpy(), expected.numpy())
    out.sum().backward()
    np.testing.assert_allclose(x.grad.data.sum(), 2 * 3 * 80)


@pytest.mark.parametrize("factor", [1, 2, 3, 41])
def test_nearest_repeats(factor):
    x = variable(np.arange(6.0).reshape(1, 2, 3))
    out = F.upsample(x, scale_factor=factor)
    np.testing.assert_array_equal(out.data.numpy(), np.arange(6.0).reshape(1, 2, 3).repeat(factor, 2))
    out.sum().backward()
    assert (x.grad.data.numpy() == factor).all()


def test_linear_and_trilinear():
    assert tuple(F.upsample(variable(IMAGES[0]), 9, mode="linear").size()) == (3, 4, 9)
    volume = F.upsample(variable(IMAGES[None]), scale_factor=(1, 2, 3), mode="trilinear")
    assert tuple(volume.size()) == (1, 2, 3, 8, 15)


def test_older_paths():
    from flambeau.v03.nn.modules import container, upsampling

    assert upsampling.Upsample is nn.Upsample and container.Container is nn.Container


def test_what_is_printed():
    assert repr(nn.Upsample(scale_factor=2, mode="bilinear")) == "Upsample(scale_factor=2, mode=bilinear)"
    assert repr(nn.UpsamplingNearest2d((4, 5))) == "UpsamplingNearest2d(size=(4, 5), mode=nearest)"


@pytest.mark.parametrize("mode", ["nearest", "bilinear"])
def test_older_names_warn(mode):
    expected = F.upsample(variable(), scale_factor=2, mode=mode).data.numpy()
    with pytest.warns(UserWarning, match=f"nn.functional.upsample_{mode} is deprecated. Use nn.functional.upsample"):
        out = getattr(F, f"upsample_{mode}")(variable(), scale_factor=2)
    np.testing.assert_array_equal(out.data.numpy(), expected)
    with pytest.warns(UserWarning, match=f"nn.Upsampling{mode.title()}2d is deprecated. Use nn.Upsample instead."):
        out = getattr(nn, f"Upsampling{mode.title()}2d")(scale_factor=2)(variable())
    np.testing.assert_array_equal(out.data.numpy(), expected)


@pytest.mark.parametrize(
    "args, error, text",
    [
        ((IMAGES, None, 1.5), ValueError, "scale_factor must be of integer type or a tuple"),
        ((IMAGES, None, (2, 2)), ValueError, "must be a single Integer value for nearest"),
        ((IMAGES, None, (2, 0), "bilinear"), ValueError, "must be a non-negative integer, or a tuple"),
        ((IMAGES,), ValueError, "either size or scale_factor should be defined"),
        ((IMAGES, (6, 10)), RuntimeError, "has to be divisible by the input size"),
        ((IMAGES, None, 2, "linear"), NotImplementedError, "Got 4D input, but linear mode needs 3D input"),
        ((IMAGES[0, 0], None, 2), NotImplementedError, r"Only 3D, 4D and 5D input Tensors supported \(got 2D\)"),
        ((IMAGES, None, 2, "bicubic"), NotImplementedError, "nearest | linear | bilinear | trilinear"),
    ],
)
def test_errors(args, error, text):
    with pytest.raises(error, match=text):
        F.upsample(variable(args[0]), *args[1:])
