"""grid_sample, affine_grid, unfold and fold as functions of nn.functional: what their ops' rows do not show."""

import pytest

import flambeau as fb
import flambeau.nn.functional as F


def test_the_identity_map():
    x = fb.rand(2, 3, 4, 5, dtype=fb.float64)
    theta = fb.eye(2, 3, dtype=fb.float64).expand(2, 2, 3)
    for aligned in (False, True):
        grid = F.affine_grid(theta, x.shape, align_corners=aligned)
        assert grid.shape == (2, 4, 5, 2)
        assert F.grid_sample(x, grid, align_corners=aligned).allclose(x)


def test_a_shift_by_one_element():
    x = fb.arange(6.0).reshape(1, 1, 2, 3)
    theta = fb.tensor([[[1.0, 0.0, 1.0], [0.0, 1.0, 0.0]]])  # half of the width with align_corners
    grid = F.affine_grid(theta, x.shape, align_corners=True)
    expected = {
        "zeros": [[1, 2, 0], [4, 5, 0]],
        "border": [[1, 2, 2], [4, 5, 5]],
        "reflection": [[1, 2, 1], [4, 5, 4]],
    }
    for padding, values in expected.items():
        for mode in ("bilinear", "nearest"):
            out = F.grid_sample(x, grid, mode, padding, align_corners=True)
            assert out.tolist() == [[values]], (mode, padding)


def test_the_grid_of_a_volume():
    theta = fb.rand(1, 3, 4, requires_grad=True)
    grid = F.affine_grid(theta, (1, 1, 2, 3, 1), align_corners=False)
    x, y, z = 0.0, 2 / 3, -0.5
    point = theta[0] @ fb.tensor([x, y, z, 1.0])
    assert grid[0, 0, 2, 0].allclose(point) and grid.requires_grad


def test_the_default_of_align_corners_warns():
    x, grid = fb.rand(1, 1, 2, 2), fb.rand(1, 1, 1, 2)
    with pytest.warns(UserWarning, match="Default grid_sample and affine_grid behavior has changed") as caught:
        F.grid_sample(x, grid)
    assert caught[0].filename == __file__
    with pytest.warns(UserWarning, match="Please specify align_corners=True"):
        F.affine_grid(fb.rand(1, 2, 3), (1, 1, 2, 2))


@pytest.mark.parametrize(
    "call, error, text",
    [
        (lambda x, t: F.grid_sample(x, x, "cubic"), ValueError, "expected mode to be one of .* but got: 'cubic'"),
        (lambda x, t: F.grid_sample(x, x, padding_mode="ones"), ValueError, "expected padding_mode .* 'ones'"),
        (lambda x, t: F.affine_grid(t.long(), x.shape, True), ValueError, "to have floating point type, but got"),
        (lambda x, t: F.affine_grid(t, (1, 2, 3), True), NotImplementedError, r"4D and 5D sizes.* size \(1, 2, 3\)"),
        (lambda x, t: F.affine_grid(t[0], x.shape, True), ValueError, "batch of 2D affine matrices of shape Nx2x3"),
        (lambda x, t: F.affine_grid(t, (2, 1, 2, 2), True), RuntimeError, "a matrix for each of 2 images, got 1"),
        (lambda x, t: F.affine_grid(t, (1, 1, 0, 2), True), ValueError, "Expected non-zero, positive output size"),
    ],
)
def test_errors(call, error, text):
    with pytest.raises(error, match=text):
        call(fb.rand(1, 1, 2, 2), fb.rand(1, 2, 3))


def test_convolution_by_blocks():
    x, w = fb.rand(2, 3, 5, 6, dtype=fb.float64), fb.rand(4, 3, 2, 3, dtype=fb.float64)
    blocks = F.unfold(x, (2, 3), padding=1, stride=2)
    out = (w.reshape(4, -1) @ blocks).reshape(2, 4, 3, 3)
    assert out.allclose(F.conv2d(x, w, padding=1, stride=2))


def test_fold_adds_what_unfold_repeats():
    x = fb.rand(2, 3, 5, 6, dtype=fb.float64)
    times = F.fold(F.unfold(fb.ones_like(x), 2), (5, 6), 2)
    assert times[0, 0, 0].tolist() == [1, 2, 2, 2, 2, 1] and times[0, 0, 1].tolist() == [2, 4, 4, 4, 4, 2]
    assert F.fold(F.unfold(x, 2), (5, 6), 2).allclose(x * times)
