"""Where random choices come from: in a program of 0.3 from Python's `random` and NumPy, as torchvision 0.2.0 drew them,
else from the default generator. The expected draws are made by hand."""

import math
import random
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

import flambeau as fb
import flambeau.v03 as torch
from flambeau.v03 import era
from flambeau.vision import transforms
from flambeau.vision.transforms import functional as F

era.leave()

PIXELS = np.random.RandomState(0).randint(0, 256, (12, 17, 3)).astype(np.uint8)
IMAGE = Image.fromarray(PIXELS)


@pytest.fixture
def old():
    """The defaults of 0.3 during a test."""
    with era.entered():
        yield


def seed(number):
    random.seed(number)
    np.random.seed(number)
    fb.manual_seed(number)


def same(a, b):
    return a.mode == b.mode and a.size == b.size and a.tobytes() == b.tobytes()


def agree(transform, by_hand, image=IMAGE, times=25):
    """Whether a transform makes the images of a function that draws by itself, and as many draws."""
    seed(5)
    expected = [by_hand(image) for _ in range(times)]
    last = random.random(), np.random.rand()
    seed(5)
    generator = fb.get_rng_state()
    found = [transform(image) for _ in range(times)]
    assert all(map(same, found, expected))
    assert (random.random(), np.random.rand()) == last
    assert fb.equal(fb.get_rng_state(), generator)  # the library's own is left alone


@pytest.mark.parametrize(
    "transform, change",
    [(transforms.RandomHorizontalFlip(), F.hflip), (transforms.RandomVerticalFlip(), F.vflip)],
)
def test_flips(old, transform, change):
    agree(transform, lambda img: change(img) if random.random() < 0.5 else img)
    agree(type(transform)(0.2), lambda img: change(img) if random.random() < 0.2 else img)


def test_crops(old):
    def by_hand(img):
        top, left = random.randint(0, 12 - 5), random.randint(0, 17 - 6)
        return img.crop((left, top, left + 6, top + 5))

    agree(transforms.RandomCrop((5, 6)), by_hand)
    agree(transforms.RandomCrop((12, 17)), lambda img: img)  # nothing is drawn


def part(img, scale, ratio):
    """The part of an image that torchvision 0.2 took, (left, top, right, bottom)."""
    width, height = img.size
    for _ in range(10):
        area = random.uniform(*scale) * (width * height)
        aspect = random.uniform(*ratio)
        w, h = round(math.sqrt(area * aspect)), round(math.sqrt(area / aspect))
        if random.random() < 0.5:
            w, h = h, w
        if w <= width and h <= height:
            top = random.randint(0, height - h)
            left = random.randint(0, width - w)
            return left, top, left + w, top + h
    side = min(width, height)
    left, top = (width - side) // 2, (height - side) // 2
    return left, top, left + side, top + side


@pytest.mark.parametrize("name", ["RandomResizedCrop", "RandomSizedCrop"])
def test_resized_crops(old, name):
    agree(
        getattr(transforms, name)(7),
        lambda img: img.crop(part(img, (0.08, 1.0), (3 / 4, 4 / 3))).resize((7, 7), Image.Resampling.BILINEAR),
    )
    agree(
        getattr(transforms, name)(7, (0.3, 0.4), (0.5, 3.0)),
        lambda img: img.crop(part(img, (0.3, 0.4), (0.5, 3.0))).resize((7, 7), Image.Resampling.BILINEAR),
    )


@pytest.mark.parametrize("shape, square", [((8, 60), (26, 0, 34, 8)), ((61, 9), (0, 26, 9, 35))])
def test_a_resized_crop_that_never_fits_is_the_middle_square(old, shape, square):
    def by_hand(img):
        for _ in range(30):
            random.random()
        return img.crop(square).resize((5, 5), Image.Resampling.BILINEAR)

    image = Image.fromarray(np.random.RandomState(0).randint(0, 256, shape).astype(np.uint8))
    agree(transforms.RandomResizedCrop(5, (0.9, 1.0)), by_hand, image)


def test_rotations_are_drawn_by_numpy(old):
    agree(transforms.RandomRotation(30), lambda img: img.rotate(np.random.uniform(-30, 30)))
    agree(transforms.RandomRotation((10, 50)), lambda img: img.rotate(np.random.uniform(10, 50)))


def jittered(img, brightness=0, contrast=0, saturation=0, hue=0):
    """An image that torchvision 0.2.0 changed by these amounts."""
    changes = []
    for amount, change in (
        (brightness, F.adjust_brightness), (contrast, F.adjust_contrast), (saturation, F.adjust_saturation),
    ):  # fmt: skip
        if amount > 0:
            changes.append((change, np.random.uniform(max(0, 1 - amount), 1 + amount)))
    if hue > 0:
        changes.append((F.adjust_hue, np.random.uniform(-hue, hue)))
    np.random.shuffle(changes)
    for change, factor in changes:
        img = change(img, factor)
    return img


@pytest.mark.parametrize("amounts", [(0.4, 0.3, 0.2, 0.1), (0, 0.4, 1.5, 0), (0, 0, 0, 0.5), (0, 0, 0, 0)])
def test_colours_are_drawn_by_numpy_and_in_an_order_of_those_that_change(old, amounts):
    agree(transforms.ColorJitter(*amounts), lambda img: jittered(img, *amounts))
    agree(lambda img: transforms.ColorJitter.get_params(*amounts)(img), lambda img: jittered(img, *amounts))


def test_the_parameters_of_colours_today():
    jitter = transforms.ColorJitter(0.4, 0, 0.2, 0.1)
    seed(2)
    order, *factors = jitter.get_params(jitter.brightness, jitter.contrast, jitter.saturation, jitter.hue)
    assert sorted(order.tolist()) == [0, 1, 2, 3] and factors[1] is None and 0.6 <= factors[0] <= 1.4
    seed(2)
    change = transforms.ColorJitter.get_params(0.4, 0, 0.2, 0.1)
    seed(2)
    assert same(change(IMAGE), jitter(IMAGE))


def test_grey(old):
    agree(
        transforms.RandomGrayscale(0.4),
        lambda img: F.to_grayscale(img, 3) if random.random() < 0.4 else img,
    )


def test_containers(old):
    turns = [transforms.Lambda(lambda img, k=k: img.rotate(90 * k, expand=True)) for k in range(3)] + [F.hflip]

    def all_of(img, order):
        for i in order:
            img = turns[i](img)
        return img

    def shuffled():
        order = [0, 1, 2, 3]
        random.shuffle(order)
        return order

    agree(transforms.RandomChoice(turns), lambda img: random.choice(turns)(img))
    agree(transforms.RandomOrder(turns), lambda img: all_of(img, shuffled()))
    agree(
        transforms.RandomApply(turns, p=0.3), lambda img: img if random.random() > 0.3 else all_of(img, range(4))
    )


def test_affine_maps_in_the_order_angle_translation_scale_shear(old):
    seed(1)
    angle = random.uniform(-20, 20)
    moves = round(random.uniform(-8.0, 8.0)), round(random.uniform(-9.0, 9.0))
    scale, shear = random.uniform(0.5, 2.0), random.uniform(-7, 7)
    seed(1)
    found = transforms.RandomAffine.get_params((-20, 20), (0.2, 0.3), (0.5, 2.0), (-7, 7), (40, 30))
    assert found == (angle, moves, scale, (shear, 0.0))


@pytest.mark.parametrize(
    "transform",
    [transforms.RandomErasing(1.0), transforms.GaussianBlur(3), transforms.RandomPerspective(p=0.9),
     transforms.RandomInvert(0.5)],
)  # fmt: skip
def test_later_transforms_draw_from_random_too(old, transform):
    image = transforms.ToTensor()(IMAGE)
    seed(3)
    generator = fb.get_rng_state()
    first = transform(image).numpy()
    assert fb.equal(fb.get_rng_state(), generator)
    random.seed(3)
    np.testing.assert_array_equal(transform(image).numpy(), first)


def test_today_python_and_numpy_are_left_alone():
    chain = transforms.Compose(
        [transforms.RandomCrop(9), transforms.RandomHorizontalFlip(), transforms.RandomRotation(9),
         transforms.ColorJitter(0.4, 0.4, 0.4, 0.4), transforms.RandomResizedCrop(5), transforms.RandomGrayscale(0.5)]
    )  # fmt: skip
    seed(4)
    first = [chain(IMAGE) for _ in range(10)]
    assert random.random() == random.Random(4).random() and np.random.rand() == np.random.RandomState(4).rand()
    fb.manual_seed(4)
    assert all(same(chain(IMAGE), image) for image in first)


# ------------------------------------------------------------------------------------------------- arrays


@pytest.mark.parametrize("dtype", ["uint8", "int64", "float32", "float64"])
def test_arrays_of_any_type_were_divided_by_255(old, dtype):
    tensor = transforms.ToTensor()(PIXELS.astype(dtype))
    assert type(tensor) is torch.FloatTensor
    np.testing.assert_array_equal(tensor.numpy(), PIXELS.transpose(2, 0, 1).astype(np.float32) / np.float32(255))


# ----------------------------------------------------------------------------------------------- programs


PROGRAM = """
import random
import torch
from torch.autograd import Variable
from torchvision import transforms

random.seed(7)
torch.manual_seed(1)
rows = torch.arange(0, 100).view(1, 10, 10).expand(3, 10, 10)
crop = transforms.Compose([transforms.RandomCrop(1), transforms.RandomHorizontalFlip()])
print([int(crop(rows)[0][0][0]) for _ in range(8)], Variable(torch.ones(1), volatile=True).volatile)
"""


def test_a_program_of_2017_gets_the_crops_of_its_seed(tmp_path):
    (tmp_path / "main.py").write_text(PROGRAM)
    done = subprocess.run(
        [sys.executable, "-m", "flambeau", "run", "--torch", "0.3", "main.py"], capture_output=True, text=True,
        timeout=240, cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    draw = random.Random(7)
    expected = []
    for _ in range(8):
        expected.append(10 * draw.randint(0, 9) + draw.randint(0, 9))
        draw.random()
    assert done.stdout == f"{expected} True\n"


def test_importing_03_loads_no_transforms():
    code = "import sys, flambeau.v03; print([n for n in sys.modules if n.startswith('flambeau.vision.')])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert done.stdout == "['flambeau.vision.defaults']\n", done.stderr
