"""The transforms by themselves: known results, errors, and what they leave alone."""

import copy
import math
import pickle

import numpy as np
import pytest
from PIL import Image

import flambeau as fb
from flambeau.vision import transforms
from flambeau.vision.transforms import InterpolationMode
from flambeau.vision.transforms import functional as F

RAMP = fb.arange(60).reshape(3, 4, 5).float() / 60
IMAGE = Image.fromarray((np.arange(60) * 4).astype(np.uint8).reshape(4, 5, 3))


# ------------------------------------------------------------------------------------------ conversion


def test_bytes_become_numbers_up_to_1():
    tensor = F.to_tensor(IMAGE)
    assert tensor.dtype is fb.float32 and tuple(tensor.shape) == (3, 4, 5)
    np.testing.assert_array_equal(
        tensor.numpy(), np.asarray(IMAGE).transpose(2, 0, 1).astype(np.float32) / 255
    )


def test_arrays():
    array = np.arange(12.0).reshape(3, 4)
    tensor = transforms.ToTensor()(array)
    assert tensor.dtype is fb.float64 and tuple(tensor.shape) == (1, 3, 4)
    assert tuple(F.to_tensor(np.zeros((3, 4, 2), np.uint8)).shape) == (2, 3, 4)
    array[0, 0] = 7
    assert tensor[0, 0, 0].item() in (0, 7)


def test_an_image_and_back():
    for image in (IMAGE, IMAGE.convert("L"), IMAGE.convert("RGBA"), IMAGE.convert("LA")):
        for tensor in (F.to_tensor(image), F.pil_to_tensor(image)):
            back = F.to_pil_image(tensor)
            assert back.mode == image.mode and back.tobytes() == image.tobytes()


def test_modes_of_images():
    pixels = np.arange(20).reshape(4, 5)
    for dtype, mode in (("uint8", "L"), ("int16", "I;16"), ("int32", "I"), ("float32", "F")):
        image = F.to_pil_image(pixels.astype(dtype))
        assert image.mode == mode
        np.testing.assert_array_equal(np.asarray(image), pixels)
    assert F.to_pil_image(fb.zeros(3, 2, 2), "HSV").mode == "HSV"
    assert F.to_pil_image(RAMP[0], mode="F").getpixel((1, 0)) == pytest.approx(1 / 60)


@pytest.mark.parametrize(
    "call, error, message",
    [(lambda: F.to_tensor([1]), TypeError, "pic should be PIL Image or ndarray. Got <class 'list'>"),
     (lambda: F.to_tensor(np.zeros(3)), ValueError, "pic should be 2/3 dimensional. Got 1 dimensions."),
     (lambda: F.pil_to_tensor(RAMP), TypeError, "pic should be PIL Image"),
     (lambda: F.to_pil_image(IMAGE), TypeError, "pic should be Tensor or ndarray"),
     (lambda: F.to_pil_image(fb.zeros(2)), ValueError, "pic should be 2/3 dimensional. Got 1 dimensions"),
     (lambda: F.to_pil_image(fb.zeros(5, 2, 2)), ValueError, "should not have > 4 channels. Got 5 channels"),
     (lambda: F.to_pil_image(fb.zeros(3, 2, 2), "L"), ValueError, "Only modes .* are supported for 3D inputs"),
     (lambda: F.to_pil_image(np.zeros((2, 2), np.uint8), "F"), ValueError, "Should be L"),
     (lambda: F.to_pil_image(np.zeros((2, 2, 3))), TypeError, "Input type float64 is not supported"),
     (lambda: F.normalize(IMAGE, [0], [1]), TypeError, "img should be Tensor Image"),
     (lambda: F.normalize(fb.zeros(1, 2, 2, dtype=fb.uint8), [0], [1]), TypeError, "should be a float tensor"),
     (lambda: F.normalize(fb.zeros(2, 2), [0], [1]), ValueError, "tensor image of size"),
     (lambda: F.normalize(RAMP, [0], [0]), ValueError, "std evaluated to zero"),
     (lambda: F.hflip("image"), TypeError, "img should be PIL Image or torch Tensor. Got <class 'str'>"),
     (lambda: F.vflip(fb.zeros(3)), TypeError, "not a torch image"),
     (lambda: F.resize(RAMP, "4"), TypeError, "Size should be int or sequence"),
     (lambda: F.resize(RAMP, [1, 2, 3]), ValueError, "1 or 2 element"),
     (lambda: F.resize(RAMP, [4, 4], max_size=9), ValueError, "max_size should only be passed"),
     (lambda: F.resize(RAMP, 4, max_size=4), ValueError, "max_size = 4 must be strictly greater"),
     (lambda: F.resize(RAMP, 4, "bilinear"), TypeError, "should be a InterpolationMode"),
     (lambda: F.resize(RAMP, 3, InterpolationMode.LANCZOS), ValueError, "unsupported with Tensor input: lanczos"),
     (lambda: F.rotate(RAMP, 3, InterpolationMode.BICUBIC), ValueError, "unsupported with Tensor input: bicubic"),
     (lambda: F.pad(RAMP, "1"), TypeError, "inappropriate padding"),
     (lambda: F.pad(RAMP, [1, 2, 3]), ValueError, "1, 2, or 4 element tuple, not a 3 element tuple"),
     (lambda: F.pad(RAMP, 1, padding_mode="wrap"), ValueError, "either constant, edge, reflect or symmetric"),
     (lambda: F.pad(RAMP, 1, fill=[1, 2, 3]), ValueError, "must be one number"),
     (lambda: F.pad(IMAGE, 1, fill=(1, 2)), ValueError, "does not match the number of channels"),
     (lambda: F.five_crop(RAMP, 9), ValueError, "Requested crop size 9 is bigger than input size"),
     (lambda: F.affine(RAMP, "1", [0, 0], 1, 0), TypeError, "angle should be int or float"),
     (lambda: F.affine(RAMP, 1, 0, 1, 0), TypeError, "translate should be a sequence"),
     (lambda: F.affine(RAMP, 1, [0, 0, 0], 1, 0), ValueError, "translate should be a sequence of length 2"),
     (lambda: F.affine(RAMP, 1, [0, 0], 0, 0), ValueError, "scale should be positive"),
     (lambda: F.affine(RAMP, 1, [0, 0], 1, "0"), TypeError, "Shear should be either"),
     (lambda: F.affine(RAMP, 1, [0, 0], 1, [0, 0, 0]), ValueError, "Shear should be a sequence containing two"),
     (lambda: F.rotate(RAMP, 1, fill=[1.0, 2.0]), ValueError, "cannot broadcast to match the number of channels"),
     (lambda: F.perspective(RAMP, [[0, 0]], [[0, 0]]), ValueError, "exactly four corners"),
     (lambda: F.elastic_transform(RAMP, fb.zeros(1, 2, 2, 2)), ValueError, r"should be \(1, 4, 5, 2\)"),
     (lambda: F.gaussian_blur(RAMP, 4), ValueError, "odd and positive"),
     (lambda: F.gaussian_blur(RAMP, 3, -1.0), ValueError, "sigma should have positive"),
     (lambda: F.gaussian_blur(RAMP, 11), RuntimeError, "needs more than 5 pixels"),
     (lambda: F.erase(IMAGE, 0, 0, 1, 1, 0), TypeError, "img should be Tensor Image"),
     (lambda: F.adjust_brightness(RAMP, -1), ValueError, r"brightness_factor \(-1\) is not non-negative"),
     (lambda: F.adjust_hue(RAMP, 0.6), ValueError, r"hue_factor \(0.6\) is not in \[-0.5, 0.5\]"),
     (lambda: F.adjust_gamma(RAMP, -1), ValueError, "non-negative real number"),
     (lambda: F.adjust_contrast(fb.zeros(2, 3, 3), 1), TypeError, "permitted channel values are .1, 3., but found 2"),
     (lambda: F.to_grayscale(RAMP), TypeError, "Input should be PIL Image"),
     (lambda: F.rgb_to_grayscale(RAMP, 2), ValueError, "either 1 or 3"),
     (lambda: F.posterize(RAMP, 2), TypeError, "Only torch.uint8 image tensors"),
     (lambda: F.posterize(IMAGE, 9), ValueError, "between 0 and 8. Got 9"),
     (lambda: F.equalize(RAMP), TypeError, "Only torch.uint8 image tensors"),
     (lambda: F.solarize(RAMP, 2), TypeError, "Threshold should be less than bound"),
     (lambda: F.convert_image_dtype(RAMP, fb.int64), RuntimeError, "cannot be performed safely"),
     (lambda: transforms.Resize("4"), TypeError, "Size should be int or sequence"),
     (lambda: transforms.CenterCrop((1, 2, 3)), ValueError, "only two dimensions"),
     (lambda: transforms.Pad(1, fill=None), TypeError, "inappropriate fill"),
     (lambda: transforms.RandomCrop(9)(RAMP), ValueError, r"Required crop size \(9, 9\) is larger than input"),
     (lambda: transforms.RandomResizedCrop(3, scale=1), TypeError, "Scale should be a sequence"),
     (lambda: transforms.RandomRotation(-3), ValueError, "If degrees is a single number, it must be positive"),
     (lambda: transforms.RandomRotation((1, 2, 3)), ValueError, "degrees should be a sequence of length 2"),
     (lambda: transforms.RandomRotation(3, center=1), TypeError, "center should be a sequence of length 2"),
     (lambda: transforms.RandomAffine(3, translate=(2, 0)), ValueError, "between 0 and 1"),
     (lambda: transforms.RandomAffine(3, scale=(0, 1)), ValueError, "scale values should be positive"),
     (lambda: transforms.RandomAffine(3, shear=(1, 2, 3)), ValueError, "of length 2 or 4"),
     (lambda: transforms.ColorJitter(-1), ValueError, "If brightness is a single number, it must be non neg"),
     (lambda: transforms.ColorJitter(hue=0.7), ValueError, "hue values should be between"),
     (lambda: transforms.ColorJitter("1"), TypeError, "brightness should be a single number"),
     (lambda: transforms.GaussianBlur(4), ValueError, "odd and positive"),
     (lambda: transforms.GaussianBlur(3, (2, 1)), ValueError, "of the form"),
     (lambda: transforms.RandomErasing(2), ValueError, "probability should be between 0 and 1"),
     (lambda: transforms.RandomErasing(value="none"), ValueError, "it should be 'random'"),
     (lambda: transforms.RandomErasing(1.0)(IMAGE), TypeError, "img should be Tensor Image"),
     (lambda: transforms.RandomErasing(1.0, value=[1, 2])(RAMP), ValueError, "a single value or 3"),
     (lambda: transforms.LinearTransformation(fb.zeros(2, 3)), ValueError, "should be square"),
     (lambda: transforms.LinearTransformation(fb.eye(2))(RAMP), ValueError, "incompatible shape"),
     (lambda: transforms.Lambda(3), TypeError, "should be callable"),
     (lambda: transforms.RandomChoice(abs), TypeError, "should be a sequence")],
)  # fmt: skip
def test_errors(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_normalize():
    out = transforms.Normalize([0.5, 0.25, 0], [0.5, 0.25, 2])(RAMP)
    expected = (RAMP.numpy() - np.float32([0.5, 0.25, 0])[:, None, None]) / np.float32([0.5, 0.25, 2])[
        :, None, None
    ]
    np.testing.assert_allclose(out.numpy(), expected, rtol=1e-6)
    mine = RAMP.clone()
    assert F.normalize(mine, [0.5], [2], inplace=True) is mine and mine[0, 0, 0].item() == -0.25


def test_whitening():
    matrix, mean = fb.randn(60, 60), fb.randn(60)
    out = transforms.LinearTransformation(matrix, mean)(RAMP)
    np.testing.assert_allclose(
        out.reshape(60).numpy(), (RAMP.reshape(60) - mean).numpy() @ matrix.numpy(), rtol=1e-4, atol=1e-5
    )


# -------------------------------------------------------------------------------------------- geometry


def test_an_identity_leaves_everything():
    for function in (
        lambda x: F.rotate(x, 0), lambda x: F.affine(x, 0, [0, 0], 1.0, [0.0, 0.0]),
        lambda x: F.perspective(x, [[0, 0], [4, 0], [4, 3], [0, 3]], [[0, 0], [4, 0], [4, 3], [0, 3]]),
        lambda x: F.resize(x, [4, 5]), lambda x: F.adjust_hue(x, 0.0), lambda x: F.adjust_gamma(x, 1.0),
        lambda x: F.adjust_sharpness(x, 1.0), lambda x: F.hflip(F.hflip(x)), lambda x: F.invert(F.invert(x)),
        lambda x: F.elastic_transform(x, fb.zeros(1, 4, 5, 2)),
    ):  # fmt: skip
        np.testing.assert_allclose(function(RAMP).numpy(), RAMP.numpy(), rtol=0, atol=1e-6)


def test_quarter_turns():
    square = fb.rand(2, 5, 5)
    np.testing.assert_array_equal(F.rotate(square, 90).numpy(), np.rot90(square.numpy(), axes=(1, 2)))
    assert tuple(F.rotate(fb.zeros(1, 10, 20), 30, expand=True).shape) == (1, 20, 24)  # of 18.7 and 22.3
    moved = F.affine(RAMP, 0, [1, -2], 1.0, [0, 0], fill=[9.0])
    np.testing.assert_array_equal(moved[:, :2, 1:].numpy(), RAMP[:, 2:, :4].numpy())
    assert moved[:, 2:].eq(9).all() and moved[:, :, 0].eq(9).all()


@pytest.mark.parametrize("mode", [InterpolationMode.BILINEAR, InterpolationMode.BICUBIC])
@pytest.mark.parametrize("antialias", [False, True])
def test_resize_keeps_what_is_even(mode, antialias):
    even = fb.full((1, 7, 5), 0.75)
    for size in ([3, 4], [11, 20], 2):
        assert fb.allclose(F.resize(even, size, mode, antialias=antialias), fb.tensor(0.75), atol=1e-6)


def test_halves_are_means_with_antialias():
    x = fb.rand(1, 8, 8)
    box = x.reshape(1, 4, 2, 4, 2).mean((2, 4))
    assert fb.allclose(F.resize(x, 4, antialias=False), box, atol=1e-6)  # sampled in the middle of four
    row = np.array([1, 3, 3, 1]) / 8  # the triangle of twice the width
    line = F.resize(x, 4)[0, 1, 1].item()
    np.testing.assert_allclose(line, row @ x[0, 1:5, 1:5].numpy() @ row, rtol=1e-5)


def test_resize_has_a_gradient():
    x = fb.rand(1, 1, 5, 6, dtype=fb.float64, requires_grad=True)
    for function in (
        lambda x: F.resize(x, [3, 4]), lambda x: F.rotate(x, 20, InterpolationMode.BILINEAR, fill=0.5),
        lambda x: F.gaussian_blur(x, 3), lambda x: F.adjust_sharpness(x, 0.5),
        lambda x: F.pad(x, 2, padding_mode="edge"),
    ):  # fmt: skip
        assert fb.autograd.gradcheck(function, (x,))


def test_sizes():
    sizes = [F.resize(RAMP, size).shape[-2:] for size in (8, [8], [8, 3])]
    assert [tuple(s) for s in sizes] == [(8, 10), (8, 10), (8, 3)]
    assert F.resize(IMAGE, 8).size == (10, 8) and F.resize(IMAGE, 8, max_size=9).size == (9, 7)
    assert F.get_image_size(RAMP) == F.get_image_size(IMAGE) == [5, 4]
    assert F.get_dimensions(fb.zeros(2, 3)) == [1, 2, 3] and F.get_image_num_channels(IMAGE) == 3


def test_numbers_of_pillow_stand_for_modes():
    for number, mode in ((0, "NEAREST"), (2, "BILINEAR"), (3, "BICUBIC")):
        assert fb.equal(F.resize(RAMP, 7, number), F.resize(RAMP, 7, InterpolationMode[mode]))
    lanczos = transforms.Resize(7, Image.Resampling.LANCZOS)
    assert lanczos.interpolation is InterpolationMode.LANCZOS and lanczos(IMAGE).size == (8, 7)


def test_a_negative_padding_takes_away():
    for kind in ("constant", "edge"):
        assert fb.equal(F.pad(RAMP, [-1, 0, 0, -1], padding_mode=kind), RAMP[:, :3, 1:])
        np.testing.assert_array_equal(
            np.asarray(F.pad(IMAGE, [-1, 0, 0, -1], padding_mode=kind)), np.asarray(IMAGE)[:3, 1:]
        )


def test_images_with_a_palette_keep_it():
    image = IMAGE.quantize(16)
    padded = F.pad(image, 1, padding_mode="edge")
    assert padded.mode == "P" and padded.getpalette() == image.getpalette()
    assert padded.convert("RGB").getpixel((1, 1)) == image.convert("RGB").getpixel((0, 0))


def test_crops():
    five = F.five_crop(RAMP, 2)
    assert fb.equal(five[3], RAMP[:, 2:, 3:]) and fb.equal(five[4], RAMP[:, 1:3, 2:4])
    ten = transforms.TenCrop(2)(RAMP)
    assert len(ten) == 10 and fb.equal(ten[5], RAMP.flip(-1)[:, :2, :2])
    outside = F.crop(RAMP, -9, -9, 3, 3)
    assert tuple(outside.shape) == (3, 3, 3) and not outside.any()


# --------------------------------------------------------------------------------------------- colours


def test_colours_of_known_pixels():
    red = fb.tensor([1.0, 0, 0]).reshape(3, 1, 1)
    for factor, color in ((1 / 3, [0, 1, 0]), (-1 / 3, [0, 0, 1]), (0.5, [0, 1, 1])):
        np.testing.assert_allclose(F.adjust_hue(red, factor).flatten().numpy(), color, atol=1e-6)
    assert F.rgb_to_grayscale(red).item() == pytest.approx(0.2989)
    assert F.adjust_saturation(red, 0.0).flatten().tolist() == pytest.approx([0.2989] * 3)
    pixel = fb.tensor([[[100]]], dtype=fb.uint8)
    assert [f(pixel).item() for f in (
        F.invert, lambda p: F.posterize(p, 2), lambda p: F.solarize(p, 100), lambda p: F.adjust_brightness(p, 3),
        lambda p: F.adjust_gamma(p, 2.0),
    )] == [155, 64, 155, 255, 39]  # fmt: skip


def test_autocontrast_and_equalize():
    tensor = fb.tensor([[[50, 100, 150]]], dtype=fb.uint8)
    assert F.autocontrast(tensor).flatten().tolist() == [0, 127, 255]
    assert F.autocontrast(fb.full((1, 2, 2), 7, dtype=fb.uint8)).eq(7).all()
    ramp = fb.arange(256).to(fb.uint8).reshape(1, 16, 16)
    assert fb.equal(F.equalize(ramp), ramp)


# ------------------------------------------------------------------------------------------ random ones


def test_a_seed_repeats_the_choices():
    transform = transforms.Compose([
        transforms.RandomResizedCrop(3), transforms.RandomHorizontalFlip(), transforms.ColorJitter(0.3, 0.3, 0.3, 0.1),
        transforms.RandomRotation(20), transforms.ToTensor(), transforms.RandomErasing(),
    ])  # fmt: skip
    runs = []
    for _ in range(2):
        fb.manual_seed(5)
        runs.append([transform(IMAGE) for _ in range(5)])
    assert all(fb.equal(a, b) for a, b in zip(*runs, strict=True))
    assert not all(fb.equal(runs[0][0], b) for b in runs[0])


@pytest.mark.parametrize("p, times", [(0.0, 0), (1.0, 20)])
@pytest.mark.parametrize("name", ["RandomHorizontalFlip", "RandomVerticalFlip", "RandomInvert"])
def test_probabilities(name, p, times):
    transform = getattr(transforms, name)(p)
    assert sum(not fb.equal(transform(RAMP), RAMP) for _ in range(20)) == times
    applied = transforms.RandomApply([lambda x: None], p)
    assert sum(applied(RAMP) is None for _ in range(20)) == times


def test_parts_stay_within_the_image():
    fb.manual_seed(0)
    for _ in range(50):
        i, j, h, w = transforms.RandomResizedCrop.get_params(RAMP, (0.1, 0.9), (0.5, 2.0))
        assert 0 <= i <= 4 - h and 0 <= j <= 5 - w and h > 0 and w > 0
        i, j, h, w = transforms.RandomCrop.get_params(RAMP, (3, 2))
        assert (h, w) == (3, 2) and 0 <= i <= 1 and 0 <= j <= 3
    wide = transforms.RandomResizedCrop.get_params(fb.zeros(1, 2, 100), (0.9, 1.0), (0.5, 2.0))
    assert wide == (0, 48, 2, 4)  # none of ten fits: the middle


def test_inputs_stay_as_they_were():
    before = RAMP.clone()
    for transform in (
        transforms.RandomErasing(1.0), transforms.ColorJitter(0.5, 0.5, 0.5, 0.5), transforms.Normalize([0.5], [0.5]),
        transforms.RandomAdjustSharpness(3, 1.0), transforms.RandomAutocontrast(1.0),
    ):  # fmt: skip
        transform(RAMP)
        assert fb.equal(RAMP, before)
    mine = RAMP.clone()
    assert transforms.RandomErasing(1.0, inplace=True)(mine) is mine and not fb.equal(mine, before)


def test_batches_are_images_too():
    batch = fb.rand(2, 3, 6, 7)
    for function in (
        lambda x: F.resize(x, 4), lambda x: F.rotate(x, 30), lambda x: F.adjust_hue(x, 0.2), F.autocontrast,
        lambda x: F.center_crop(x, 9), lambda x: F.gaussian_blur(x, 3), lambda x: F.adjust_contrast(x, 0.3),
    ):  # fmt: skip
        whole = function(batch)
        for image, expected in zip(batch, whole, strict=True):
            np.testing.assert_allclose(function(image).numpy(), expected.numpy(), rtol=0, atol=1e-6)


# ------------------------------------------------------------------------------------------ older names


def test_names_of_torchvision_01():
    assert fb.equal(transforms.Scale(8)(RAMP), transforms.Resize(8)(RAMP))
    old = transforms.RandomSizedCrop(8, Image.Resampling.NEAREST)
    assert old.interpolation is InterpolationMode.NEAREST and old.size == (8, 8)
    assert transforms.RandomSizedCrop(8, (0.5, 1.0)).scale == (0.5, 1.0)
    turned = transforms.RandomRotation((30, 30), resample=Image.Resampling.BILINEAR)
    assert fb.allclose(turned(RAMP), F.rotate(RAMP, 30, InterpolationMode.BILINEAR, fill=0), atol=1e-5)
    moved = transforms.RandomAffine((30, 30), resample=False, fillcolor=9)
    assert moved.interpolation is InterpolationMode.NEAREST and moved.fill == 9


def test_transforms_are_modules_that_can_be_copied_and_sent():
    steps = [transforms.RandomCrop(3), transforms.ToTensor(), transforms.Normalize([0.5], [1.0])]
    transform = transforms.Compose(steps)
    for made in (copy.deepcopy(transform), pickle.loads(pickle.dumps(transform))):
        fb.manual_seed(0)
        first = transform(IMAGE)
        fb.manual_seed(0)
        assert fb.equal(made(IMAGE), first)
    chain = fb.nn.Sequential(transforms.CenterCrop(2), transforms.ConvertImageDtype(fb.uint8))
    assert chain(RAMP).dtype is fb.uint8


def test_representations():
    assert repr(transforms.Compose([transforms.ToTensor(), transforms.CenterCrop(3)])) == (
        "Compose(\n    ToTensor()\n    CenterCrop(size=(3, 3))\n)"
    )
    assert (
        repr(transforms.Resize(3)) == "Resize(size=3, interpolation=bilinear, max_size=None, antialias=True)"
    )
    assert repr(transforms.RandomResizedCrop(3)) == (
        "RandomResizedCrop(size=(3, 3), scale=(0.08, 1.0), ratio=(0.75, 1.3333), interpolation=bilinear, "
        "antialias=True)"
    )
    assert (
        repr(transforms.RandomApply([transforms.ToTensor()], 0.25))
        == "RandomApply(\n    p=0.25\n    ToTensor()\n)"
    )


def test_maps_of_the_plane_are_inverse_to_each_other():
    from flambeau.vision.transforms._args import inverse_affine

    arguments = ([3.0, 2.0], 25.0, [1.0, -2.0], 1.3, [10.0, -5.0])
    there, back = (
        np.vstack([np.reshape(inverse_affine(*arguments, inverted=i), (2, 3)), [0, 0, 1]])
        for i in (False, True)
    )
    np.testing.assert_allclose(there @ back, np.eye(3), atol=1e-12)
    np.testing.assert_allclose(there @ [3, 2, 1], [4, 0, 1], atol=1e-12)  # the center only moves
    assert math.isclose(np.linalg.det(there), 1.3**2)
