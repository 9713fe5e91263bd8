"""Functions of 0.3 that gave other numbers than today's of the same name."""

import pytest

import flambeau as today
import flambeau.v03 as torch
from flambeau.v03.autograd import Variable
from flambeau.v03.nn import functional as F


@pytest.mark.parametrize("kind", [torch.FloatTensor, torch.DoubleTensor])
def test_halves_are_rounded_away_from_zero(kind):
    x = kind([0.5, 1.5, 2.5, -0.5, -2.5, 0.4, -1.6, 0.49999997, 1e20, float("inf")])
    wanted = [1, 2, 3, -1, -3, 0, -2, 0, x[8], float("inf")]
    assert torch.round(x).tolist() == x.round().tolist() == wanted
    v = Variable(x.clone(), requires_grad=True)
    assert torch.round(v).data.tolist() == wanted
    assert x.round_() is x and x.tolist() == wanted


def test_rounding_has_no_gradient():
    v = Variable(torch.FloatTensor([0.5, 2.2]), requires_grad=True)
    v.round().sum().backward()
    assert v.grad.data.tolist() == [0, 0]


def test_grids_reach_the_centres_of_the_corners():
    theta = Variable(torch.FloatTensor([[[1, 0, 0], [0, 1, 0]]]))
    image = Variable(torch.arange(0, 12).view(1, 1, 3, 4))
    grid = F.affine_grid(theta, image.size())
    assert grid.data[0, 0, 0].tolist() == [-1, -1] and grid.data[0, 2, 3].tolist() == [1, 1]
    assert (F.grid_sample(image, grid).data - image.data).abs().max() < 1e-5
    half = F.grid_sample(image, Variable(torch.FloatTensor([[[[0, 0]]]])))
    assert half.data[0, 0, 0, 0] == 5.5


def test_embedding_bag_takes_the_matrix_first():
    matrix = Variable(torch.arange(0, 6).view(3, 2), requires_grad=True)
    indices, offsets = Variable(torch.LongTensor([0, 2, 1])), Variable(torch.LongTensor([0, 2]))
    bags = F.embedding_bag(matrix, indices, offsets, mode="sum")
    assert bags.data.tolist() == [[4, 6], [2, 3]]
    bags.sum().backward()
    assert matrix.grad.data.tolist() == [[1, 1]] * 3


def test_today_is_otherwise():
    assert today.round(today.tensor([0.5, 2.5])).tolist() == [0, 2]
