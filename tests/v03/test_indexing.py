"""x[key] and x[key] = value."""

import warnings

import numpy as np
import pytest

import flambeau.v03 as torch
from flambeau.v03.faces import Variable


def cube():
    return torch.arange(0, 27).view(3, 3, 3)


def test_elements_are_numbers():
    x = cube()
    assert x[2, 2, 2] == 26 and type(x[2, 2, 2]) is float and type(torch.LongTensor([1])[0]) is int
    assert x[0][1][2] == 5 and x[-1, -1, -1] == 26 and x[np.int64(0), 0, 1] == 1
    assert [type(e) for e in torch.FloatTensor([1, 2])] == [float, float]
    assert [list(r) for r in torch.FloatTensor([[1, 2], [3, 4]])] == [[1, 2], [3, 4]]


def test_elements_of_variables_have_size_one():
    v = Variable(cube(), requires_grad=True)
    element = v[2, 2, 2]
    assert type(element) is Variable and element.size() == (1,) and element.data[0] == 26
    assert [e.size() for e in Variable(torch.ones(2))] == [(1,), (1,)]
    assert v[0].size() == (3, 3)
    (element * 2).backward()
    assert v.grad.data.sum() == 2 and v.grad.data[2, 2, 2] == 2


def test_slices():
    x = cube()
    assert x[1].size() == (3, 3) and x[:, 1].tolist()[0] == [3, 4, 5] and x[..., 0].size() == (3, 3)
    assert x[0, :, 1].tolist() == [1, 4, 7] and x[:2, 1:].size() == (2, 2, 3) and x[None].size() == (1, 3, 3, 3)
    assert x[::2].tolist() == [x[0].tolist(), x[2].tolist()] and x[-2:].size() == (2, 3, 3)
    x[1, 1] = 0
    assert x[1].tolist() == [[9, 10, 11], [0, 0, 0], [15, 16, 17]]


@pytest.mark.parametrize("key", [slice(3, 3), slice(2, 1), (slice(None), slice(5, None)), (0, slice(1, 1))])
def test_slicing_to_nothing(key):
    for x in (cube(), Variable(cube())):
        with pytest.raises(ValueError, match="result of slicing is an empty tensor"):
            x[key]


@pytest.mark.parametrize("key,error", [
    (slice(None, None, 0), ValueError), (slice(None, None, -1), ValueError), (1.0, TypeError), ((0, 0.5), TypeError),
    ((0, 0, 0, 0), IndexError), ((Ellipsis, 0, 0, 0, 0), IndexError), (3, IndexError), ((0, -4), IndexError),
    ("a", TypeError),
])  # fmt: skip
def test_refused_keys(key, error):
    for x in (cube(), Variable(cube())):
        with pytest.raises(error):
            x[key]
        with pytest.raises(error):
            x[key] = 1


def test_index_tensors():
    x = cube()
    rows = torch.LongTensor([2, 0])
    assert x[rows].tolist() == [x[2].tolist(), x[0].tolist()]
    v = Variable(x)
    assert v[rows].size() == (2, 3, 3) and v[Variable(rows)].size() == (2, 3, 3)
    with pytest.raises(IndexError, match="index tensor must be 1-dimensional"):
        x[torch.LongTensor([[0, 1]])]
    with pytest.raises(TypeError, match="torch.IntTensor"):
        x[torch.IntTensor([0])]


def test_an_ellipsis_beside_ints_names_an_element():
    x, row = cube(), torch.arange(0, 3)
    assert row[..., 1] == row[1, ...] == 1 and x[0, ..., 1, 2] == 5 and type(row[..., 0]) is float
    assert row[0, None].tolist() == [0] and Variable(row)[..., 1].size() == (1,)
    row[..., 1] = 7
    assert row.tolist() == [0, 7, 2]
    with pytest.raises(RuntimeError, match="ellipsis can be used at most once"):
        x[..., 0, ...]


@pytest.mark.parametrize("key", [True, {}, object(), (0, False)])
def test_objects_that_are_no_index(key):
    with pytest.raises(TypeError, match="indexing a tensor with an object of type"):
        cube()[key]


def test_index_tensors_out_of_range():
    for x in (cube(), Variable(cube())):
        for place in (3, -1):
            with pytest.raises(RuntimeError, match="out of range"):
                x[torch.LongTensor([place])]


def test_index_sequences():
    x = cube()
    assert x[[0, 2]].tolist() == [x[0].tolist(), x[2].tolist()]
    assert x[[0, 2], [1, 1]].tolist() == [[3, 4, 5], [21, 22, 23]]
    assert x[[slice(0, 1), 1]].size() == (1, 3)  # a list with a slice means a tuple
    assert x[[[0, 2], [1, 1]]].tolist() == [[3, 4, 5], [21, 22, 23]]
    assert x[torch.LongTensor([0, 2]), torch.LongTensor([1, 1])].tolist() == [[3, 4, 5], [21, 22, 23]]
    x[[0, 2], [1, 1]] = 0
    assert x[0, 1].sum() == 0 and x[2, 1].sum() == 0


def test_masks():
    x = torch.FloatTensor([[1, 2], [3, 4]])
    assert x[x > 2].tolist() == [3, 4] and x[x > 9].dim() == 0
    v = Variable(x, requires_grad=True)
    for mask in (v > 2, x > 2):
        assert v[mask].data.tolist() == [3, 4]
    with pytest.raises(RuntimeError):
        x[torch.ByteTensor([1, 0, 1])]
    v[v > 2].sum().backward()
    assert v.grad.data.tolist() == [[0, 0], [1, 1]]


def test_masks_of_plain_tensors_in_another_size():
    x = torch.arange(0, 6).view(2, 3)
    mask = torch.ByteTensor([0, 1, 0, 0, 0, 1])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert x[mask].tolist() == x[mask.view(3, 2)].tolist() == [1, 5]
        x[mask] = 9
        x[mask.view(3, 2)] = torch.FloatTensor([7, 8])
    assert x.tolist() == [[0, 7, 2], [3, 4, 8]]
    for key in (mask[:3], mask[:3].contiguous().view(1, 3)):
        with pytest.raises(RuntimeError, match="does not have the elements"):
            x[key]
        with pytest.raises(RuntimeError, match="does not have the elements"):
            x[key] = 1


def test_assignment_by_masks():
    x = torch.FloatTensor([[1, 2], [3, 4]])
    x[x > 3] = 0
    assert x.tolist() == [[1, 2], [3, 0]]
    x[x > 1] = torch.FloatTensor([8, 9])
    assert x.tolist() == [[1, 8], [9, 0]]
    v = Variable(x)
    v[v > 8] = 5
    v[v == 8] = Variable(torch.FloatTensor([7]))
    assert x.tolist() == [[1, 7], [5, 0]]


def test_assignment():
    x = torch.zeros(2, 3)
    x[0] = 1
    x[1] = torch.FloatTensor([1, 2, 3])
    x[:, 0] = torch.FloatTensor([5, 6])
    x[0, 2] = 9
    x[torch.LongTensor([0])] = 4
    assert x.tolist() == [[4, 4, 4], [6, 2, 3]]
    x[1, 1] = torch.FloatTensor([7])
    assert x[1, 1] == 7
    with pytest.raises(TypeError, match="can't assign a torch.DoubleTensor to a torch.FloatTensor"):
        x[torch.LongTensor([0])] = torch.DoubleTensor([[1, 2, 3]])
    with pytest.raises(TypeError, match="can't assign a torch.LongTensor to a torch.FloatTensor"):
        x[x > 1] = torch.LongTensor([1])
    places = torch.LongTensor(2, 2).zero_()
    places[0] = torch.DoubleTensor([1.5, 2])
    places[:, 1] = torch.ByteTensor([7, 8])
    assert places.tolist() == [[1, 7], [0, 8]]
    with pytest.raises(TypeError, match="can't assign a Variable"):
        x[0] = Variable(torch.ones(3))
    with pytest.raises(TypeError):
        x[0, torch.LongTensor([1])] = 1
    with pytest.raises(RuntimeError):
        x[0] = torch.ones(2)


def test_assignment_beside_slices():
    x = torch.zeros(3, 4)
    x[:, torch.LongTensor([1, 2])] = 7
    x[torch.LongTensor([0]), :] = torch.ones(1, 4)
    x[..., torch.LongTensor([3])] = 5
    assert x.tolist() == [[1, 1, 1, 5], [0, 7, 7, 5], [0, 7, 7, 5]]


def test_numbers_in_tensors_of_ints():
    bytes_, longs = torch.ByteTensor([1, 2, 3]), torch.LongTensor([1, 2])
    bytes_[0] = 300
    bytes_[1:] = -1
    assert bytes_.tolist() == [44, 255, 255]
    assert bytes_.masked_fill_(bytes_ == 44, 257).tolist() == [1, 255, 255] and bytes_.fill_(258).sum() == 6
    for key in (0, longs > 1, slice(None)):
        with pytest.raises(TypeError, match="can't assign a float to a torch.LongTensor"):
            longs[key] = 1.5
    with pytest.raises(TypeError, match="can't assign"):
        torch.ones(2)[:] = np.ones(2)
    assert longs.tolist() == [1, 2]


def test_assignment_to_variables_has_a_gradient():
    source = Variable(torch.ones(2), requires_grad=True)
    target = Variable(torch.zeros(2, 2))
    target[0] = source * 3
    target[1, 0] = 4
    target[1, 1] = source[0]
    assert target.data.tolist() == [[3, 3], [4, 1]]
    target.sum().backward()
    assert source.grad.data.tolist() == [4, 3]
    with pytest.raises(RuntimeError, match="a leaf Variable that requires grad"):
        source[0] = 1


def test_selecting_methods():
    x = torch.FloatTensor([[1, 2], [3, 4]])
    rows = torch.LongTensor([1, 1])
    assert x.index_select(0, rows).tolist() == [[3, 4], [3, 4]]
    assert x.gather(1, torch.LongTensor([[0], [1]])).tolist() == [[1], [4]]
    assert x.take(torch.LongTensor([0, 3])).tolist() == [1, 4]
    assert torch.zeros(2, 2).scatter_(1, torch.LongTensor([[0], [1]]), 5).tolist() == [[5, 0], [0, 5]]
    assert torch.zeros(2).index_add_(0, rows, torch.ones(2)).tolist() == [0, 2]
    assert torch.zeros(2).index_fill_(0, torch.LongTensor([0]), 3).tolist() == [3, 0]
    assert torch.zeros(3).put_(torch.LongTensor([2]), torch.ones(1)).tolist() == [0, 0, 1]
    v = Variable(torch.zeros(2))
    assert v.index_add(0, Variable(rows), Variable(torch.ones(2))).data.tolist() == [0, 2] and v.data.sum() == 0
    assert v.index_fill(0, Variable(torch.LongTensor([0])), 3).data.tolist() == [3, 0]
    assert [p.tolist() for p in x.unbind()] == [[1, 2], [3, 4]] and x.select(1, 0).tolist() == [1, 3]
    assert [c.size(0) for c in torch.ones(5).split(2)] == [2, 2, 1] and len(torch.ones(5).chunk(2)) == 2
    assert x.narrow(0, 1, 1).tolist() == [[3, 4]]
