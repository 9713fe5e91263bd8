"""make_grid and save_image."""

import io

import numpy as np
import pytest
from PIL import Image

import flambeau as fb
from flambeau.vision import utils


def test_grid():
    images = fb.arange(1, 6).float().reshape(5, 1, 1, 1).expand(5, 1, 2, 3)
    grid = utils.make_grid(images, nrow=3, padding=1, pad_value=9)
    expected = np.full((2 * 3 + 1, 3 * 4 + 1), 9.0)
    for i in range(5):
        y, x = i // 3 * 3 + 1, i % 3 * 4 + 1
        expected[y : y + 2, x : x + 3] = i + 1
    assert tuple(grid.shape) == (3, 7, 13)
    for channel in grid:
        np.testing.assert_array_equal(channel.numpy(), expected)


def test_grid_of_few_images_is_no_wider_than_they():
    assert tuple(utils.make_grid(fb.zeros(2, 3, 4, 4)).shape) == (3, 8, 14)
    assert tuple(utils.make_grid([fb.zeros(3, 4, 4)] * 3, nrow=2, padding=0).shape) == (3, 8, 8)


@pytest.mark.parametrize("shape", [(4, 5), (1, 4, 5), (1, 1, 4, 5), (3, 4, 5), (1, 3, 4, 5)])
def test_a_single_image_has_no_border(shape):
    assert tuple(utils.make_grid(fb.zeros(*shape)).shape) == (3, 4, 5)


def test_normalize():
    images = fb.tensor([[-1.0, 3.0], [0.0, 2.0]]).reshape(2, 1, 1, 2)
    options = dict(normalize=True, padding=0, nrow=1)
    together, each, ranged = (
        utils.make_grid(images, **options, **more)[0].tolist()
        for more in ({}, dict(scale_each=True), dict(value_range=(0, 2)))
    )
    assert together == [[0, 1], [0.25, 0.75]] and each == [[0, 1], [0, 1]] and ranged == [[0, 1], [0, 1]]
    assert images[0, 0, 0, 0].item() == -1  # inputs stay
    assert utils.make_grid(images, range=(-1, 7), **options)[0].tolist() == [[0, 0.5], [0.125, 0.375]]
    assert utils.make_grid(fb.full((2, 1, 1, 1), 5.0), normalize=True, padding=0)[0].tolist() == [[0, 0]]


def test_grid_keeps_the_dtype_and_no_history():
    assert utils.make_grid(fb.ones(2, 3, 2, 2, dtype=fb.uint8)).dtype is fb.uint8
    assert not utils.make_grid(fb.ones(2, 3, 2, 2, requires_grad=True)).requires_grad


@pytest.mark.parametrize("value", [3, None, np.zeros((2, 2)), [1, 2]])
def test_what_is_no_image(value):
    with pytest.raises(TypeError, match="tensor or list of tensors expected"):
        utils.make_grid(value)


def test_a_range_is_a_tuple():
    with pytest.raises(TypeError, match="value_range has to be a tuple"):
        utils.make_grid(fb.zeros(2, 3, 2, 2), normalize=True, value_range=[0, 1])


def test_save_image(tmp_path):
    image = fb.tensor([[[0.0, 0.5, 1.0]], [[0.25, -3.0, 9.0]], [[0.1, 0.2, 0.3]]])
    utils.save_image(image, tmp_path / "image.png")
    with Image.open(tmp_path / "image.png") as saved:
        pixels = np.asarray(saved).transpose(2, 0, 1)
    np.testing.assert_array_equal(pixels, [[[0, 128, 255]], [[64, 0, 255]], [[26, 51, 77]]])


def test_save_image_in_a_file_and_as_a_grid(tmp_path):
    file = io.BytesIO()
    utils.save_image(fb.ones(4, 1, 2, 2), file, format="bmp", nrow=2, padding=1)
    assert Image.open(file).size == (7, 7)
    utils.save_image(fb.ones(4, 1, 2, 2), str(tmp_path / "a.png"), 4)  # 0.2: the third argument is nrow
    with Image.open(tmp_path / "a.png") as saved:
        assert saved.size == (18, 6)
