"""Functions as attributes of models: they are pickled by name, and files have PyTorch's names of them."""

import copy
import io
import pickle

import pytest

import flambeau.v03 as torch
import flambeau.v03.nn.functional as F
from flambeau.v03 import nn
from flambeau.v03.utils.data import ConcatDataset, TensorDataset

FUNCTIONS = [F.relu, F.elu, F.softmax, F.conv2d, F.max_pool2d, F.cross_entropy, F.upsample, F.dropout, F.embedding,
             torch.exp, torch.cat, torch.dsmm, nn.init.xavier_normal, nn.utils.clip_grad_norm]  # fmt: skip


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda f: f.__name__)
def test_functions_are_pickled_by_name(function):
    assert pickle.loads(pickle.dumps(function)) is function


@pytest.mark.parametrize(("function", "name"), [
    (F.relu, b"torch.nn.functional\nrelu\n"), (F.cross_entropy, b"torch.nn.functional\ncross_entropy\n"),
    (F.upsample, b"torch.nn.functional\nupsample\n"), (torch.exp, b"torch\nexp\n"), (torch.cat, b"torch\ncat\n"),
])  # fmt: skip
def test_files_have_pytorchs_names_of_functions(function, name):
    file = io.BytesIO()
    torch.save(function, file)
    assert name in file.getvalue() and b"flambeau" not in file.getvalue()
    file.seek(0)
    assert torch.load(file) is function


def test_files_have_pytorchs_names_of_datasets():
    file = io.BytesIO()
    torch.save(ConcatDataset([TensorDataset(torch.ones(2), torch.zeros(2))]), file)
    assert b"flambeau" not in file.getvalue()
    file.seek(0)
    assert torch.load(file)[1] == (1, 0)


class Net(nn.Module):
    def __init__(self, nonlin):
        super().__init__()
        self.layer, self.nonlin = nn.Linear(2, 3), nonlin

    def forward(self, x):
        return self.nonlin(self.layer(x))


@pytest.mark.parametrize("make", [copy.deepcopy, lambda net: pickle.loads(pickle.dumps(net))])
def test_a_model_with_a_function_inside(make):
    net = Net(F.relu)
    x = torch.autograd.Variable(torch.randn(4, 2))
    assert torch.equal(make(net)(x).data, net(x).data)


def test_text_of_prelu():
    assert repr(nn.PReLU(3)) == "PReLU(num_parameters=3)"
