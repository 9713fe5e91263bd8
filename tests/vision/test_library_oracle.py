"""Data sets and utils against torchvision, where it is installed."""

import inspect

import numpy as np
import pytest
from PIL import Image

import flambeau as fb
from flambeau.vision import datasets as ours
from flambeau.vision import utils as our_utils

from .files import write

torch = pytest.importorskip("torch")
pytest.importorskip("torchvision")

from torchvision import datasets as theirs  # noqa: E402
from torchvision import utils as their_utils  # noqa: E402


@pytest.mark.parametrize("shape", [(3, 6, 5), (1, 7, 7)])
def test_fake_data(shape):
    mine, reference = (library.FakeData(6, shape, 7, random_offset=3) for library in (ours, theirs))
    for (image, target), (expected, label) in zip(mine, (reference[i] for i in range(6)), strict=True):
        assert target == label and image.mode == expected.mode
        np.testing.assert_array_equal(np.asarray(image), np.asarray(expected))


def test_image_folder(tmp_path):
    for name in ("b/2.png", "b/1.jpg", "a/x/3.bmp", "a/4.png", "c/5.webp"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (3, 2), (1, 2, 3)).save(tmp_path / name)
    mine, reference = (library.ImageFolder(str(tmp_path), abs) for library in (ours, theirs))
    for name in ("samples", "imgs", "targets", "classes", "class_to_idx"):
        assert getattr(mine, name) == getattr(reference, name)
    assert repr(mine) == repr(reference)


def test_mnist_reads_the_same_files(tmp_path):
    write(tmp_path / "FashionMNIST" / "raw", compressed=False)
    mine, reference = (library.FashionMNIST(str(tmp_path), train=False) for library in (ours, theirs))
    np.testing.assert_array_equal(mine.data.numpy(), reference.data.numpy())
    assert mine.targets.tolist() == reference.targets.tolist() and repr(mine) == repr(reference)
    assert mine[1][1] == reference[1][1] and mine[1][0].tobytes() == reference[1][0].tobytes()


def test_what_is_published_and_where():
    for name in ("MNIST", "FashionMNIST", "KMNIST"):
        mine, reference = getattr(ours, name), getattr(theirs, name)
        assert mine.resources == reference.resources and {*mine.mirrors} == {*reference.mirrors}
        assert mine.classes == reference.classes
    assert (ours.EMNIST.url, ours.EMNIST.md5) == (theirs.EMNIST.url, theirs.EMNIST.md5)
    assert ours.EMNIST.classes_split_dict == theirs.EMNIST.classes_split_dict
    for name in ("CIFAR10", "CIFAR100"):
        for attribute in ("base_folder", "url", "filename", "tgz_md5", "train_list", "test_list", "meta"):
            assert getattr(getattr(ours, name), attribute) == getattr(getattr(theirs, name), attribute)
    assert ours.SVHN.split_list == theirs.SVHN.split_list
    assert ours.folder.IMG_EXTENSIONS == theirs.folder.IMG_EXTENSIONS


@pytest.mark.parametrize("name", [n for n in ours.__all__ if n != "Digits"])
def test_arguments(name):
    mine, reference = (inspect.signature(getattr(library, name)).parameters for library in (ours, theirs))
    if name != "EMNIST":  # whose arguments are keywords there
        assert list(mine) == list(reference)


@pytest.mark.parametrize(
    "options",
    [{}, dict(nrow=2, padding=1, pad_value=0.5), dict(normalize=True), dict(normalize=True, scale_each=True),
     dict(normalize=True, value_range=(-0.5, 0.5))],
)  # fmt: skip
@pytest.mark.parametrize("shape", [(5, 3, 4, 6), (3, 1, 4, 6), (1, 3, 4, 6), (3, 4, 6), (4, 6)])
def test_make_grid(shape, options):
    array = np.random.RandomState(0).standard_normal(shape).astype(np.float32)
    mine = our_utils.make_grid(fb.from_numpy(array), **options).numpy()
    reference = their_utils.make_grid(torch.from_numpy(array), **options).numpy()
    np.testing.assert_allclose(mine, reference, rtol=0, atol=1e-6)


def test_save_image(tmp_path):
    array = np.random.RandomState(0).standard_normal((5, 3, 4, 6)).astype(np.float32)
    our_utils.save_image(fb.from_numpy(array), tmp_path / "ours.png", normalize=True)
    their_utils.save_image(torch.from_numpy(array), tmp_path / "theirs.png", normalize=True)
    mine, reference = (np.asarray(Image.open(tmp_path / f"{name}.png")) for name in ("ours", "theirs"))
    np.testing.assert_array_equal(mine, reference)


@pytest.mark.parametrize(
    "options",
    [{}, dict(fill=True, width=2), dict(colors="red", width=3), dict(labels=["a", None, "dog"]),
     dict(labels=["a", "b", "dog"], fill_labels=True, label_background_colors="lime")],
)  # fmt: skip
@pytest.mark.parametrize("dtype", ["uint8", "float32"])
def test_draw_bounding_boxes(dtype, options):
    rng = np.random.RandomState(0)
    image = rng.randint(0, 256, (3, 60, 80)) if dtype == "uint8" else rng.rand(3, 60, 80)
    boxes = np.array([[2.7, 3, 40, 30], [10, 5, 79, 59], [-5, -5, 3, 4]], np.float32)
    mine = our_utils.draw_bounding_boxes(fb.tensor(image.astype(dtype)), fb.from_numpy(boxes), **options)
    reference = their_utils.draw_bounding_boxes(
        torch.tensor(image.astype(dtype)), torch.from_numpy(boxes), **options
    )
    np.testing.assert_allclose(mine.numpy(), reference.numpy(), rtol=0, atol=1e-6)
