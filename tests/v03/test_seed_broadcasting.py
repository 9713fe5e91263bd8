"""The introduction's section "Broadcasting semantics": its code blocks and their printed outputs."""

import warnings

import pytest

import flambeau.v03 as torch
from flambeau.v03.autograd import Variable


def test_same_shapes():
    x=torch.FloatTensor(5,7,3)
    y=torch.FloatTensor(5,7,3)
    assert (x + y).size() == torch.Size([5, 7, 3])


def test_an_empty_tensor_is_not_broadcastable():
    x=torch.FloatTensor()
    y=torch.FloatTensor(2,2)
    with pytest.raises(RuntimeError):
        x + y


def test_trailing_dimensions():
    x=torch.FloatTensor(5,3,4,1)
    y=torch.FloatTensor(  3,1,1)
    assert (x + y).size() == torch.Size([5, 3, 4, 1])


def test_a_dimension_that_does_not_fit():
    x=torch.FloatTensor(5,2,4,1)
    y=torch.FloatTensor(  3,1,1)
    text = r"The size of tensor a \(2\) must match the size of tensor b \(3\) at non-singleton dimension 1"
    with pytest.raises(RuntimeError, match=text):
        x + y


def test_print(capsys):
    x = Variable(torch.ones(5,1))
    y = Variable(torch.ones(  3))
    print(x+y)
    assert capsys.readouterr().out == """Variable containing:
 2  2  2
 2  2  2
 2  2  2
 2  2  2
 2  2  2
[torch.FloatTensor of size 5x3]

"""


def test_in_place():
    x=torch.FloatTensor(5,3,4,1)
    y=torch.FloatTensor(3,1,1)
    assert repr((x.add_(y)).size()) == "torch.Size([5, 3, 4, 1])"


def test_in_place_does_not_change_the_shape():
    x=torch.FloatTensor(1,3,1)
    y=torch.FloatTensor(3,1,7)
    with pytest.raises(RuntimeError) as error:
        (x.add_(y)).size()
    assert str(error.value) == (
        "The expanded size of the tensor (1) must match the existing size (7) at non-singleton dimension 2."
    )


def test_backwards_compatibility():
    assert torch.add(torch.ones(4,1), torch.randn(4)).size() == torch.Size([4, 4])
    torch.utils.backcompat.broadcast_warning.enabled=True
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            torch.add(torch.ones(4,1), torch.ones(4))
    finally:
        torch.utils.backcompat.broadcast_warning.enabled=False
    (warning,) = caught
    assert warning.category is UserWarning
    assert " ".join(str(warning.message).split()) == (
        "self and other do not have the same shape, but are broadcastable, and have the same number of elements. "
        "Changing behavior in a backwards incompatible manner to broadcasting rather than viewing as 1-dimensional."
    )
    assert warning.filename == __file__
