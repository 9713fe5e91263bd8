"""What packages for language and sequences of 2017 rely on: private names, orders of arguments, iterators as states."""

import subprocess
import sys

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


ONE_ELEMENT = """
import math, warnings
import numpy as np, flambeau
def refused(array):
    try:
        with warnings.catch_warnings(action="ignore"):
            float(array)
    except TypeError as error:
        return "converted to Python scalars" in str(error)
numpys = refused(np.ones(1))
alias = flambeau.alias(torch="0.3")
import torch
loss = torch.FloatTensor([2.5]).numpy()
assert float(loss) == 2.5 and int(loss) == 2 and "%.2f %d" % (loss, loss) == "2.50 2"
assert math.sqrt(torch.ones(1, 1).numpy() * 4) == 2 and float(np.array([["3"]])) == 3
losses = np.zeros(2)
losses[1] = loss
assert losses.tolist() == [0, 2.5]
assert refused(np.ones(2)) and refused(np.ones(0)) and not refused(np.ones(1))
alias.undo()
assert refused(np.ones(1)) == numpys
"""


def test_arrays_of_one_element_are_numbers_while_the_alias_is_in_force():
    result = subprocess.run([sys.executable, "-c", ONE_ELEMENT], capture_output=True, text=True, timeout=120)
    assert (result.stdout, result.stderr) == ("", "")
