"""The digits that ship with the package."""

import hashlib
from importlib.resources import files

import numpy as np
import pytest

import flambeau
from flambeau.vision import Digits, load_digits
from flambeau.vision.digits import split


def test_the_published_values():
    images, labels = load_digits()
    assert (images.shape, images.dtype) == ((1797, 8, 8), np.uint8)
    assert (labels.shape, labels.dtype) == ((1797,), np.int64)
    assert images.max() == 16
    assert np.bincount(labels).tolist() == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]
    digest = hashlib.sha256(images.tobytes() + labels.astype(np.uint8).tobytes()).hexdigest()
    assert digest == "87ff0c9e40dc7e2c0e34e7257799c2e3f3aec1a016363bb11cad869ec428a826"


def test_the_attribution_ships_with_them():
    data = files("flambeau.vision") / "data"
    text = (data / "ATTRIBUTION.txt").read_text()
    for part in ("E. Alpaydin", "C. Kaynak", "10.24432/C50P49", "CC BY 4.0"):
        assert part in text
    assert len((data / "digits.npz").read_bytes()) < 200_000


def test_split_divides_all():
    train, test = split(1797)
    assert (len(train), len(test)) == (1348, 449)
    np.testing.assert_array_equal(np.sort(np.concatenate([train, test])), np.arange(1797))
    np.testing.assert_array_equal(split(1797)[1], test)


@pytest.mark.parametrize("held_out", [0.0, 1.0, -0.5, float("nan")])
def test_split_rejects(held_out):
    with pytest.raises(ValueError, match="held_out"):
        split(10, held_out)


def test_dataset():
    train, test = Digits(), Digits(train=False)
    assert (len(train), len(test)) == (1348, 449)
    image, label = train[0]
    assert tuple(image.shape) == (1, 8, 8) and image.dtype is flambeau.float32
    assert tuple(label.shape) == () and label.dtype is flambeau.int64
    assert train.images.min().item() == 0.0 and train.images.max().item() == 1.0
    images, labels = test[5:9]
    assert tuple(images.shape) == (4, 1, 8, 8) and tuple(labels.shape) == (4,)


def test_dataset_holds_the_images_of_its_split():
    images, labels = load_digits()
    _, part = split(1797)
    test = Digits(train=False)
    np.testing.assert_array_equal(test.images.numpy()[:, 0] * 16, images[part])
    np.testing.assert_array_equal(test.labels.numpy(), labels[part])
