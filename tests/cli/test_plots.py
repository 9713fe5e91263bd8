"""The demo's pictures: what must be seen is there."""

import numpy as np
import pytest
from PIL import Image, ImageColor

from flambeau.cli import plots


def read(path):
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB"))


def nearly(picture, colour):
    return (np.abs(picture.astype(int) - ImageColor.getrgb(colour)).max(axis=2) < 24).nonzero()


def test_line_chart_falls_with_its_values(tmp_path):
    plots.line_chart(tmp_path / "c.png", np.geomspace(1.0, 0.01, 200), title="Loss", x_label="step")
    picture = read(tmp_path / "c.png")
    y, x = nearly(picture[60:], plots.ACCENT)
    assert x.min() < 90 and x.max() > 680  # from axis to edge
    left, right = y[x < 100].mean(), y[x > 660].mean()
    assert right - left > 150  # two decades


@pytest.mark.parametrize("values", [[2.3], [1.0, 1.0], [0.0, 0.0], [1e-30, 1e30]])
def test_line_chart_of_odd_values(tmp_path, values):
    plots.line_chart(tmp_path / "c.png", values, title="Loss", x_label="step")
    assert read(tmp_path / "c.png").shape == (420, 720, 3)


def test_image_grid_shows_ink_dark_on_white(tmp_path):
    image = np.zeros((8, 8))
    image[:, :4] = 1.0
    plots.image_grid(tmp_path / "g.png", [image] * 7, ["caption"] * 7, title="Title")
    picture = read(tmp_path / "g.png")
    assert (picture[100:140, 60:90] < 10).all()
    assert (picture[100:140, 110:140] > 245).all()
    assert (picture[260:300, 60:90] < 10).all()  # the seventh, in the second row


def test_empty_image_grid(tmp_path):
    plots.image_grid(tmp_path / "g.png", [], [], title="0 misread")
    assert (read(tmp_path / "g.png") < 128).any()


def test_ticks():
    assert plots._ticks(645) == [0, 200, 400, 600]
    assert plots._ticks(5) == [0, 1, 2, 3, 4, 5]
    assert plots._ticks(1) == [0, 1]


def test_moving_average():
    found = plots._moving_average(np.array([1.0, 3.0, 5.0, 7.0]), 2)
    np.testing.assert_allclose(found, [1.0, 2.0, 4.0, 6.0])
