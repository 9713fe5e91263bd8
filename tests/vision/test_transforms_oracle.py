"""The transforms against torchvision, where it is installed: the same images, and the same random choices of a seed."""

import random

import numpy as np
import pytest

import flambeau as fb

torch = pytest.importorskip("torch")
torchvision = pytest.importorskip("torchvision")
Image = pytest.importorskip("PIL.Image")

from torchvision import transforms as theirs  # noqa: E402
from torchvision.transforms import functional as their_functions  # noqa: E402

from flambeau.vision import transforms as ours  # noqa: E402
from flambeau.vision.transforms import functional as our_functions  # noqa: E402

KINDS = ["pil", "gray", "bytes", "floats"]


def pixels(shape, seed=0):
    """Noise over a ramp: edges, and slow changes."""
    rng = np.random.RandomState(seed)
    height, width = shape[:2]
    ramp = np.add.outer(np.linspace(0, 120, height), np.linspace(0, 80, width))
    return (ramp.reshape(height, width, *[1] * (len(shape) - 2)) + rng.randint(0, 56, shape)).astype(np.uint8)


def images(kind, shape=(13, 18)):
    """The same image for the two libraries."""
    if kind == "pil":
        image = Image.fromarray(pixels((*shape, 3)))
        return image, image
    if kind == "gray":
        image = Image.fromarray(pixels(shape))
        return image, image
    array = np.ascontiguousarray(pixels((*shape, 3)).transpose(2, 0, 1))
    if kind == "floats":
        array = array.astype(np.float32) / 255
    return fb.from_numpy(array.copy()), torch.from_numpy(array.copy())


def as_array(image):
    if isinstance(image, (tuple, list)):
        return np.concatenate([as_array(i).ravel() for i in image])
    return np.asarray(image)


def compare(mine, reference, kind, ties=0.01):
    """ties: the part of the pixels of bytes where rounding in float32 may go the other way."""
    if kind in ("pil", "gray"):
        for a, b in zip(*((i if isinstance(i, tuple) else (i,)) for i in (mine, reference)), strict=True):
            assert type(a) is type(b) and getattr(a, "mode", "") == getattr(b, "mode", "")
    a, b = as_array(mine), as_array(reference)
    assert a.shape == b.shape and a.dtype == b.dtype
    if kind == "floats":
        np.testing.assert_allclose(a, b, rtol=0, atol=5e-6)
    elif kind == "bytes" or ties > 0.01:
        difference = np.abs(a.astype(int) - b.astype(int))
        assert difference.max(initial=0) <= 1 and (difference > 0).mean() < ties
    else:
        np.testing.assert_array_equal(a, b)


class Mode:
    """A mode of interpolation, of either library."""

    def __init__(self, name):
        self.name = name

    def __repr__(self):
        return self.name


def told(arguments, library):
    return {
        k: getattr(library.InterpolationMode, v.name) if isinstance(v, Mode) else v
        for k, v in arguments.items()
    }


NEAREST, EXACT, BILINEAR, BICUBIC = (Mode(n) for n in ("NEAREST", "NEAREST_EXACT", "BILINEAR", "BICUBIC"))
CORNERS = dict(
    startpoints=[[0, 0], [17, 0], [17, 12], [0, 12]], endpoints=[[2, 1], [15, 3], [16, 11], [1, 10]]
)
AFFINE = dict(angle=25.0, translate=[2, -1], scale=1.2, shear=[10.0, -5.0])

FUNCTIONS = [
    *[("resize", dict(size=s, interpolation=m)) for s in (7, [20, 9], [30], [13, 18]) for m in (BILINEAR, BICUBIC)],
    *[("resize", dict(size=s, interpolation=m)) for s in (5, [29, 31]) for m in (NEAREST, EXACT)],
    ("resize", dict(size=10, max_size=12)),
    ("pad", dict(padding=3)),
    ("pad", dict(padding=[1, 4], fill=7)),
    ("pad", dict(padding=[1, 2, 3, 4], padding_mode="edge")),
    ("pad", dict(padding=[1, 2, 3, 4], padding_mode="reflect")),
    ("pad", dict(padding=[1, 2, 3, 4], padding_mode="symmetric")),
    ("crop", dict(top=2, left=3, height=5, width=9)),
    ("crop", dict(top=-2, left=-3, height=20, width=30)),
    ("crop", dict(top=10, left=15, height=8, width=8)),
    ("center_crop", dict(output_size=8)),
    ("center_crop", dict(output_size=[5, 12])),
    ("center_crop", dict(output_size=[15, 25])),
    ("resized_crop", dict(top=1, left=2, height=7, width=9, size=[11, 5])),
    ("hflip", {}),
    ("vflip", {}),
    ("five_crop", dict(size=6)),
    ("ten_crop", dict(size=[6, 4])),
    ("ten_crop", dict(size=[6, 4], vertical_flip=True)),
    *[("rotate", dict(angle=a, interpolation=m, expand=e)) for a in (30, -75.5) for m in (NEAREST, BILINEAR)
      for e in (False, True)],
    ("rotate", dict(angle=20, center=[3, 4], fill=[9])),
    ("rotate", dict(angle=20, interpolation=BILINEAR, fill=0.5)),
    *[("affine", dict(interpolation=m, **AFFINE)) for m in (NEAREST, BILINEAR)],
    ("affine", dict(center=[3, 4], fill=0.25, **AFFINE)),
    ("affine", dict(angle=0, translate=(1, 2), scale=1.0, shear=5.0)),
    *[("perspective", dict(interpolation=m, **CORNERS)) for m in (NEAREST, BILINEAR)],
    ("perspective", dict(interpolation=BILINEAR, fill=0.5, **CORNERS)),
    *[(f"adjust_{what}", {f"{what}_factor": f}) for what in ("brightness", "contrast", "saturation", "sharpness")
      for f in (0, 0.6, 1, 1.7)],
    *[("adjust_hue", dict(hue_factor=f)) for f in (-0.5, -0.13, 0, 0.3)],
    ("adjust_gamma", dict(gamma=2.2)),
    ("adjust_gamma", dict(gamma=0.5, gain=1.3)),
    ("rgb_to_grayscale", {}),
    ("rgb_to_grayscale", dict(num_output_channels=3)),
    ("gaussian_blur", dict(kernel_size=5)),
    ("gaussian_blur", dict(kernel_size=[3, 7], sigma=[0.8, 2.5])),
    ("invert", {}),
    ("posterize", dict(bits=3)),
    ("solarize", dict(threshold=0.4)),
    ("autocontrast", {}),
    ("equalize", {}),
]  # fmt: skip


def cases(calls, bytes_only):
    """Every call with every kind of image that it is for."""
    return [
        pytest.param(name, arguments, kind, id=f"{name}-{number}-{kind}")
        for number, (name, arguments) in enumerate(calls)
        for kind in KINDS[: 3 if name in bytes_only else 4]
    ]


@pytest.mark.parametrize("name, arguments, kind", cases(FUNCTIONS, ("posterize", "equalize")))
def test_function(name, arguments, kind):
    mine, reference = images(kind)
    if kind in ("pil", "gray") and name in ("rotate", "affine", "perspective") and "fill" in arguments:
        arguments = {**arguments, "fill": 11}
    if name == "solarize" and kind != "floats":
        arguments = dict(threshold=100)
    result = getattr(our_functions, name)(mine, **told(arguments, ours))
    expected = getattr(their_functions, name)(reference, **told(arguments, theirs))
    compare(result, expected, kind)


@pytest.mark.parametrize("antialias", [False, True])
@pytest.mark.parametrize("mode", [BILINEAR, BICUBIC])
@pytest.mark.parametrize("size", [[3, 5], [25, 40], [13, 4]])
def test_resize_of_a_tensor_with_and_without_antialias(size, mode, antialias):
    mine, reference = images("floats")
    result = our_functions.resize(mine, size, **told(dict(interpolation=mode), ours), antialias=antialias)
    expected = their_functions.resize(
        reference, size, **told(dict(interpolation=mode), theirs), antialias=antialias
    )
    compare(result, expected, "floats")


@pytest.mark.parametrize("name", ["uint8", "int16", "int32", "int64", "float32", "float64"])
@pytest.mark.parametrize("to", ["uint8", "int16", "int32", "int64", "float32", "float64"])
def test_convert_image_dtype(name, to):
    array = np.linspace(0, 1, 7).astype(name)
    if "int" in name:
        array = (np.iinfo(name).max // 6 * np.arange(7, dtype=np.int64)).astype(name)
    try:
        expected = their_functions.convert_image_dtype(torch.from_numpy(array), getattr(torch, to)).numpy()
    except RuntimeError as error:
        with pytest.raises(RuntimeError, match=str(error).replace("torch.", r"\w+\.")):
            our_functions.convert_image_dtype(fb.from_numpy(array), getattr(fb, to))
        return
    result = our_functions.convert_image_dtype(fb.from_numpy(array), getattr(fb, to)).numpy()
    assert result.dtype == expected.dtype
    np.testing.assert_array_equal(result, expected)


@pytest.mark.parametrize(
    "mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "YCbCr", "HSV", "I", "F", "I;16"]
)
def test_images_of_every_mode_and_back(mode):
    if mode == "I;16":
        image = Image.fromarray(pixels((5, 6)).astype(np.uint16) * 100)
    elif mode == "HSV":
        image = Image.fromarray(pixels((5, 6, 3))).convert("HSV")
    else:
        image = Image.fromarray(pixels((5, 6))).convert("RGB" if mode == "CMYK" else "L").convert(mode)
    for name in ("to_tensor", "pil_to_tensor"):
        mine, reference = getattr(our_functions, name)(image), getattr(their_functions, name)(image)
        assert (
            mine.dtype.name == str(reference.dtype).removeprefix("torch.")
            and tuple(mine.shape) == reference.shape
        )
        np.testing.assert_array_equal(mine.numpy(), reference.numpy())
    if mode in ("1", "I;16"):
        return  # bool and uint16, of which theirs makes no image
    back = our_functions.to_pil_image(mine)
    assert back.mode == their_functions.to_pil_image(reference).mode
    np.testing.assert_array_equal(np.asarray(back), np.asarray(their_functions.to_pil_image(reference)))


# -------------------------------------------------------------------------------------------- random choices

CLASSES = [
    ("RandomCrop", dict(size=7)),
    ("RandomCrop", dict(size=(13, 18))),
    ("RandomCrop", dict(size=9, padding=4, padding_mode="reflect")),
    ("RandomCrop", dict(size=(20, 22), pad_if_needed=True, fill=3)),
    ("RandomHorizontalFlip", {}),
    ("RandomVerticalFlip", dict(p=0.7)),
    ("RandomResizedCrop", dict(size=8)),
    ("RandomResizedCrop", dict(size=(6, 9), scale=(0.9, 1.0), ratio=(3.0, 4.0))),
    ("RandomRotation", dict(degrees=40)),
    ("RandomRotation", dict(degrees=(10, 60), interpolation=BILINEAR, expand=True, fill=0.5)),
    ("RandomAffine", dict(degrees=30)),
    ("RandomAffine", dict(degrees=(-20, 40), translate=(0.2, 0.3), scale=(0.7, 1.4), shear=10)),
    ("RandomAffine", dict(degrees=0, shear=(-5, 5, -10, 10), interpolation=BILINEAR, fill=0.5)),
    ("RandomPerspective", {}),
    ("RandomPerspective", dict(distortion_scale=0.8, p=0.9)),
    ("ElasticTransform", dict(alpha=9.0, sigma=1.0)),
    ("ColorJitter", dict(brightness=0.4, contrast=0.3, saturation=0.5, hue=0.2)),
    ("ColorJitter", dict(brightness=(0.5, 0.9), hue=(-0.1, 0.1))),
    ("RandomGrayscale", dict(p=0.5)),
    ("GaussianBlur", dict(kernel_size=3)),
    ("GaussianBlur", dict(kernel_size=(3, 5), sigma=(0.5, 0.6))),
    ("RandomInvert", {}),
    ("RandomPosterize", dict(bits=2)),
    ("RandomSolarize", dict(threshold=0.5)),
    ("RandomAdjustSharpness", dict(sharpness_factor=2)),
    ("RandomAutocontrast", {}),
    ("RandomEqualize", {}),
    ("FiveCrop", dict(size=5)),
    ("TenCrop", dict(size=(5, 4))),
    ("Grayscale", dict(num_output_channels=3)),
    ("Pad", dict(padding=2, padding_mode="edge")),
    ("CenterCrop", dict(size=6)),
    ("Resize", dict(size=6)),
]


TIES = {
    "RandomResizedCrop": 0.05,
    "GaussianBlur": 0.02,
    "ElasticTransform": 0.02,
}  # for PIL images, the last two too


@pytest.mark.parametrize("name, arguments, kind", cases(CLASSES, ("RandomPosterize", "RandomEqualize")))
def test_class_with_the_choices_of_a_seed(name, arguments, kind):
    if kind != "floats" and name == "RandomSolarize":
        arguments = dict(threshold=100)
    if kind in ("pil", "gray") and "fill" in arguments:
        arguments = {**arguments, "fill": 5}
    mine, reference = images(kind)
    our_transform = getattr(ours, name)(**told(arguments, ours))
    their_transform = getattr(theirs, name)(**told(arguments, theirs))
    fb.manual_seed(7)
    torch.manual_seed(7)
    for _ in range(4):
        compare(our_transform(mine), their_transform(reference), kind, ties=TIES.get(name, 0.01))
    assert fb.rand(1).item() == torch.rand(1).item()


@pytest.mark.parametrize(
    "arguments",
    [{}, dict(p=1.0, value="random"), dict(p=1.0, value=[1.0, 0.5, 0.25]), dict(p=1.0, ratio=(1e-3, 2e-3))],
)
def test_random_erasing(arguments):
    mine, reference = images("floats")
    our_transform, their_transform = ours.RandomErasing(**arguments), theirs.RandomErasing(**arguments)
    fb.manual_seed(7)
    torch.manual_seed(7)
    for _ in range(4):
        compare(our_transform(mine), their_transform(reference), "floats")


def test_compositions():
    def made(library):
        return library.Compose([
            library.RandomApply([library.ColorJitter(0.5), library.RandomVerticalFlip()], p=0.6),
            library.RandomChoice([library.CenterCrop(9), library.Resize((9, 9))], p=[1, 2]),
            library.RandomOrder([library.RandomCrop(6), library.RandomHorizontalFlip()]),
            library.ToTensor(),
            library.Normalize([0.4, 0.5, 0.6], [0.2, 0.3, 0.4]),
        ])  # fmt: skip

    results = []
    for library, engine in ((ours, fb), (theirs, torch)):
        engine.manual_seed(3)
        random.seed(3)
        transform = made(library)
        results.append([transform(images("pil")[0]).numpy() for _ in range(6)])
    np.testing.assert_allclose(*results, rtol=0, atol=1e-6)


SHOWN = [
    ("Resize", dict(size=3)), ("CenterCrop", dict(size=3)), ("Pad", dict(padding=1)), ("RandomCrop", dict(size=3)),
    ("RandomHorizontalFlip", {}), ("RandomResizedCrop", dict(size=3)), ("FiveCrop", dict(size=3)),
    ("TenCrop", dict(size=3)), ("RandomRotation", dict(degrees=3)), ("ColorJitter", dict(hue=0.25)), ("ToTensor", {}),
    ("ToPILImage", {}), ("PILToTensor", {}), ("Grayscale", {}), ("RandomGrayscale", {}), ("RandomErasing", {}),
    ("GaussianBlur", dict(kernel_size=3)), ("RandomInvert", {}), ("RandomPerspective", {}),
    ("Normalize", dict(mean=[0.5], std=[1.0])),
]  # fmt: skip


def test_representations():
    different = []
    for name, arguments in SHOWN:
        mine, reference = repr(getattr(ours, name)(**arguments)), repr(getattr(theirs, name)(**arguments))
        if mine != reference:
            different.append((mine, reference))
    assert not different, different
