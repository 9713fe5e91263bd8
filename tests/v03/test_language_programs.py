"""What packages for language and sequences of 2017 rely on: private names, orders of arguments, iterators as states."""

import pytest

import flambeau.v03 as torch
from flambeau.v03 import nn
from flambeau.v03.autograd import Variable


def test_base_classes_in_the_namespace():
    assert isinstance(torch.ones(1), torch._TensorBase) and isinstance(torch.ones(1).storage(), torch._StorageBase)
    assert not isinstance(torch.ones(1).storage(), torch._TensorBase)
    assert torch._import_dotted_name("collections.abc.Mapping").__name__ == "Mapping"


@pytest.mark.parametrize("make", [lambda t: t, Variable], ids=["plain", "Variable"])
def test_norm_along_a_dimension_without_p(make):
    x = make(torch.FloatTensor([[3, 4], [6, 8]]))
    assert x.norm(dim=-1, keepdim=True).size() == (2, 1)
    for norm in (x.norm(dim=1), torch.norm(x, dim=1), x.norm(2, 1)):
        assert (norm.data if make is Variable else norm).tolist() == [5, 10]


def test_norm_needs_a_dimension_to_keep_it():
    with pytest.raises(TypeError, match=r"norm\(\) received an invalid combination of arguments"):
        Variable(torch.ones(2)).norm(keepdim=True)


def test_states_of_an_lstm_from_an_iterator():
    net, x = nn.LSTM(3, 4, num_layers=2), Variable(torch.randn(5, 2, 3))
    states = [Variable(torch.randn(2, 2, 4)) for _ in range(2)]
    expected, (h, c) = net(x, tuple(states))
    for given in ((s for s in states), map(Variable.clone, states), iter(states)):
        output, (own_h, own_c) = net(x, given)
        assert (output.data == expected.data).all()
        assert (own_h.data == h.data).all() and (own_c.data == c.data).all()
