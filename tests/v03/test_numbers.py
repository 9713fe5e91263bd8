"""Functions of 0.3 that gave other numbers than today's of the same name."""

import numpy as np
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


@pytest.mark.parametrize("other", [2, -2, 1.5, 0.1, 0])
def test_remainders_are_computed_by_floor(other):
    """x - other * floor(x / other) in the precision of x, one operation after the other; never -0."""
    x = np.array([-3, -2.3, -1, 0.3, 2, 3, 7.7], np.float32)
    real = np.float32(other)
    with np.errstate(all="ignore"):
        wanted = x - real * np.floor(x / real)
    t, v = torch.from_numpy(x.copy()), Variable(torch.from_numpy(x.copy()), requires_grad=True)
    for got in (t % other, torch.remainder(t, other), t.remainder(torch.FloatTensor([other])), (v % other).data,
                t.remainder_(other)):  # fmt: skip
        np.testing.assert_array_equal(got.numpy(), wanted)
        assert not np.signbit(got.numpy()[wanted == 0]).any()
    (v % other).sum().backward()
    assert v.grad.data.tolist() == [1] * 7


def test_remainders_of_ints_and_in_place():
    x = before = torch.LongTensor([5, -5])
    x %= 3  # there was no __imod__: it is another tensor
    assert x.tolist() == [2, 1] and before.tolist() == [5, -5]
    assert before.remainder_(-3).tolist() == [-1, -2]


def test_the_spread_of_one_element_is_nan_without_a_warning():
    x = torch.FloatTensor([[1, 2]])
    for got in (x.var(0), x.std(0), Variable(x).var(0).data):
        assert got.size() == (2,) and (got != got).sum() == 2
    one, wide = torch.FloatTensor([3]), x.std(0, True, True)
    assert one.std() != one.std() and Variable(one).var().data[0] != 0 and wide.size() == (1, 2)
    assert one.var(unbiased=False) == 0 and x.var(0, False).tolist() == [0, 0]


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


def test_quotients_of_ints_are_cut_off_when_added():
    x, a, b = torch.LongTensor([1, 1, 1]), torch.LongTensor([7, -7, 3]), torch.LongTensor([2, 2, 4])
    assert torch.addcdiv(x, a, b).tolist() == [4, -2, 1] and x.addcdiv(3, a, b).tolist() == [11, -9, 3]
    assert x.addcdiv_(a, b) is x and x.tolist() == [4, -2, 1]
