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


# --------------------------------------------------------------------------------------------------- boxes

BLACK = fb.zeros(3, 9, 12, dtype=fb.uint8)
BOXES = fb.tensor([[1.0, 1.0, 5.9, 4.0], [6.0, 2.0, 10.0, 8.0]])


def outline(left, top, right, bottom):
    """Where the lines of a box are."""
    mask = np.zeros((9, 12), bool)
    mask[top : bottom + 1, [left, right]] = mask[[top, bottom], left : right + 1] = True
    return mask


def test_boxes_are_outlined_with_whole_pixels():
    drawn = utils.draw_bounding_boxes(BLACK, BOXES, colors=["red", (0, 0, 7)]).numpy()
    np.testing.assert_array_equal(drawn[0], 255 * outline(1, 1, 5, 4))
    np.testing.assert_array_equal(drawn[1], 0)
    np.testing.assert_array_equal(drawn[2], 7 * outline(6, 2, 10, 8))
    assert not BLACK.any()


def test_boxes_of_one_color_and_of_different_ones():
    green = utils.draw_bounding_boxes(BLACK, BOXES, colors="#00ff00").numpy()
    np.testing.assert_array_equal(green[1] == 255, outline(1, 1, 5, 4) | outline(6, 2, 10, 8))
    white = fb.full((3, 9, 12), 255, dtype=fb.uint8)
    drawn = utils.draw_bounding_boxes(white, BOXES).numpy()
    assert tuple(drawn[:, 1, 1]) != tuple(drawn[:, 2, 6]) and tuple(drawn[:, 0, 0]) == (255, 255, 255)


def test_filled_and_thick_boxes():
    filled = utils.draw_bounding_boxes(BLACK, BOXES[:1], colors="red", fill=True).numpy()
    assert filled[0, 2, 3] == 100 and filled[0, 1, 1] == 255 and filled[0, 0, 0] == 0
    thick = utils.draw_bounding_boxes(BLACK, BOXES[1:], colors="red", width=2).numpy()
    assert thick[0, 3, 7] == 255 and thick[0, 4, 8] == 0


@pytest.mark.parametrize("channels, dtype", [(1, fb.uint8), (1, fb.float32), (3, fb.float64)])
def test_boxes_on_grey_images_and_floats(channels, dtype):
    image = fb.ones(channels, 9, 12, dtype=dtype)
    drawn = utils.draw_bounding_boxes(image, BOXES, colors=(0, 51, 102))
    top = 255 if dtype is fb.uint8 else 1.0
    assert drawn.dtype is dtype and tuple(drawn.shape) == (3, 9, 12)
    np.testing.assert_allclose(drawn[:, 2, 6].numpy(), np.array([0, 0.2, 0.4]) * top, rtol=1e-6)
    np.testing.assert_array_equal(drawn[:, 0, 0].numpy(), [1, 1, 1])


def test_labels():
    image, boxes = fb.zeros(3, 40, 60, dtype=fb.uint8), fb.tensor([[2, 2, 50, 30]])
    bare = utils.draw_bounding_boxes(image, boxes, colors="red")
    assert fb.equal(utils.draw_bounding_boxes(image, boxes, [None], colors="red"), bare)
    named = utils.draw_bounding_boxes(image, boxes, ["dog"], colors="red", label_colors="blue").numpy()
    rows, columns = np.nonzero(named[2])
    assert rows.min() >= 4 and rows.max() < 30 and 4 <= columns.min() < 8 and columns.max() < 50
    on_ground = utils.draw_bounding_boxes(
        image, boxes, ["dog"], "red", label_colors="blue", fill_labels=True, label_background_colors="lime"
    ).numpy()
    assert on_ground[1].max() == 255 and (on_ground[2] > 0).sum() == (named[2] > 0).sum()


def test_no_boxes():
    with pytest.warns(UserWarning, match="No box was drawn") as caught:
        assert utils.draw_bounding_boxes(BLACK, fb.zeros(0, 4)) is BLACK
    assert caught[0].filename == __file__


@pytest.mark.parametrize(
    "call, error, message",
    [(lambda d: d(np.zeros((3, 2, 2)), BOXES), TypeError, "Tensor expected, got <class 'numpy.ndarray'>"),
     (lambda d: d(BLACK.int(), BOXES), ValueError, "The image dtype must be uint8 or float, got .*int32"),
     (lambda d: d(BLACK[None], BOXES), ValueError, "Pass individual images, not batches"),
     (lambda d: d(BLACK[:2], BOXES), ValueError, "Only grayscale and RGB images are supported"),
     (lambda d: d(BLACK, BOXES[0]), ValueError, r"boxes must be \[N, 4\], got \(4,\)"),
     (lambda d: d(BLACK, BOXES[:, [2, 1, 0, 3]]), ValueError, "Boxes need to be in"),
     (lambda d: d(BLACK, BOXES, ["a"]), ValueError, r"Number of boxes \(2\) and labels \(1\) mismatch"),
     (lambda d: d(BLACK, BOXES, colors=["red"]), ValueError, "Number of colors must be equal or larger"),
     (lambda d: d(BLACK, BOXES, colors=(1, 2)), ValueError, "colors should be an RGB triplet"),
     (lambda d: d(BLACK, BOXES, colors=7), ValueError, "colors must be a tuple or a string")],
)  # fmt: skip
def test_errors_of_boxes(call, error, message):
    with pytest.raises(error, match=message):
        call(utils.draw_bounding_boxes)
