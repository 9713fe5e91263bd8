"""NumPy's functions on tensors of 0.3, and tensors beside arrays."""

import numpy as np
import pytest

import flambeau.v03 as torch
from flambeau.v03.autograd import Variable

X = [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]


@pytest.mark.parametrize("function", [np.exp, np.sqrt, np.negative, lambda x: np.add(x, 1), lambda x: np.maximum(x, 2)])
@pytest.mark.parametrize("kind", [torch.FloatTensor, torch.DoubleTensor, torch.LongTensor])
def test_ufuncs_give_tensors(function, kind):
    x = kind(X) if kind is not torch.LongTensor else kind([[1, 2], [3, 4]])
    found, wanted = function(x), function(x.numpy())
    assert torch.is_tensor(found) and np.array_equal(found.numpy(), wanted) and found.numpy().dtype == wanted.dtype


def test_masks_are_bytes_and_reductions_numbers():
    x = torch.Tensor(X)
    assert type(np.isnan(x)) is type(np.equal(x, x)) is torch.ByteTensor
    assert np.sum(x) == 21 and np.mean(x) == 3.5 and np.argmax(x) == 5 and np.add.reduce(x[0]) == 6
    assert not isinstance(np.sum(x), torch.FloatTensor) and np.argmax(x, 1).tolist() == [2, 2]
    assert type(np.argmax(x, 1)) is torch.LongTensor and type(np.transpose(x)) is torch.FloatTensor
    assert type(np.concatenate([x, x])) is np.ndarray and np.array([x, x]).shape == (2, 2, 3)


def test_variables():
    v = Variable(torch.Tensor(X))
    assert isinstance(np.exp(v), Variable) and np.exp(v).data.dist(v.exp().data) < 1e-4
    with pytest.raises(RuntimeError, match="requires grad"):
        np.exp(Variable(torch.ones(1), requires_grad=True))


def test_arrays_are_no_operands():
    x, a = torch.ones(2, 3), np.ones((2, 3), np.float32)
    for add in (lambda: x + a, lambda: a + x, lambda: a - x, lambda: x * a, lambda: Variable(x) + a):
        with pytest.raises(TypeError, match="received an invalid combination of arguments - got .numpy.ndarray"):
            add()
    assert (x * a[0, 0]).equal(x) and (np.float32(2) * x).equal(x + 1) and type(np.float32(2) * x) is torch.FloatTensor


def test_view_of_what_is_not_contiguous():
    with pytest.raises(RuntimeError, match=r"Call \.contiguous\(\) before \.view\(\)"):
        torch.ones(2, 3).t().view(-1)


def test_memory_of_arrays_cannot_get_larger():
    array, made = np.zeros((2, 2)), torch.ones(2, 2)
    taken, given = torch.from_numpy(array), made.numpy()
    for t in (taken, made, made[0]):
        with pytest.raises(RuntimeError, match="not resizable"):
            t.resize_(3, 3)
    for a in (array, given):
        with pytest.raises(ValueError):
            a.resize((3, 3))
    assert made.resize_(3).tolist() == [1, 1, 1] and made.resize_(2, 2).equal(torch.ones(2, 2))
    del given
    fresh = torch.ones(2)
    assert fresh.tolist() and fresh.resize_(9).size() == (9,)


def test_arrays_of_floats_in_tensors_of_ints():
    assert torch.LongTensor(np.array([1.0, 2.0])).tolist() == [1, 2]
    with pytest.raises(RuntimeError, match="found an item of type float"):
        torch.LongTensor(np.array([1.0, 2.5]))
