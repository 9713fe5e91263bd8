"""Layers, functions and losses that are given plain tensors where 0.3 took Variables, and mixtures of both."""

import pytest

import flambeau.v03 as torch
import flambeau.v03.nn.functional as F
from flambeau.v03 import nn
from flambeau.v03.autograd import Variable

P, LONGS = torch.ones, torch.LongTensor


def V(*sizes):
    return Variable(P(*sizes))


def parsed(name, argument="input", position=1, kind="Float"):
    return f"{name}(): argument '{argument}' (position {position}) must be Variable, not torch.{kind}Tensor"


APPLIED = "expected a Variable argument, but got FloatTensor"

TYPE_ERRORS = [
    (lambda: nn.Linear(2, 2)(P(1, 2)), parsed("addmm", "mat1")),
    (lambda: F.linear(V(1, 2), P(3, 2), V(3)), parsed("addmm", "mat2", 2)),
    (lambda: F.linear(V(1, 2), P(3, 2)), parsed("matmul", "other")),
    (lambda: nn.Conv2d(1, 1, 1)(P(1, 1, 2, 2)), "argument 0 is not a Variable"),
    (lambda: F.conv1d(P(1, 1, 2), V(1, 1, 1)), "argument 0 is not a Variable"),
    (lambda: F.conv1d(V(1, 1, 2), P(1, 1, 1)), "argument 1 is not a Variable"),
    (lambda: nn.BatchNorm1d(2)(P(3, 2)), "argument 0 is not a Variable"),
    (lambda: F.batch_norm(P(3, 2), P(2), P(2)), "argument 0 is not a Variable"),
    (lambda: nn.LSTM(2, 2)(P(1, 1, 2)), parsed("addmm", "mat1")),
    (lambda: nn.GRU(2, 2)(V(1, 1, 2), P(1, 1, 2)), parsed("addmm", "mat1")),
    (lambda: nn.LSTMCell(2, 2)(P(1, 2)), parsed("addmm", "mat1")),
    (lambda: nn.LSTMCell(2, 2)(V(1, 2), (V(1, 2), P(1, 2))), parsed("addmm", "mat1")),
    (lambda: F.relu(P(2)), parsed("threshold")),
    (lambda: nn.MaxPool2d(2)(P(1, 1, 2, 2)), parsed("max_pool2d")),
    (lambda: F.avg_pool2d(P(1, 1, 2, 2), 2), parsed("avg_pool2d")),
    (lambda: F.softmax(P(1, 2), dim=1), parsed("softmax")),
    (lambda: nn.ReLU()(P(2)), parsed("threshold")),
    (lambda: nn.Softplus()(P(2)), parsed("softplus")),
    (lambda: nn.GLU()(P(2)), parsed("glu")),
    (lambda: nn.AdaptiveAvgPool2d(1)(P(1, 1, 2, 2)), parsed("adaptive_avg_pool2d")),
    (lambda: nn.LPPool2d(2, 2)(P(1, 1, 2, 2)), parsed("avg_pool2d")),
    (lambda: nn.RNNBase("LSTM", 2, 2)(P(1, 1, 2)), parsed("addmm", "mat1")),
    (lambda: F.mse_loss(P(2), V(2)), parsed("mse_loss")),
    (lambda: F.mse_loss(V(2), P(2)), parsed("mse_loss", "target", 2)),
    (lambda: F.nll_loss(V(1, 2), LONGS([0])), parsed("nll_loss", "target", 2, "Long")),
    (lambda: nn.CrossEntropyLoss()(P(1, 2), Variable(LONGS([0]))), parsed("nll_loss")),
    (lambda: F.kl_div(V(2), P(2)), parsed("kl_div", "target", 2)),
    (lambda: F.binary_cross_entropy(V(2), P(2)), parsed("binary_cross_entropy", "target", 2)),
]  # fmt: skip
RUNTIME_ERRORS = [
    (lambda: F.dropout(P(2), training=True), APPLIED),
    (lambda: nn.Dropout()(P(2)), APPLIED),
    (lambda: nn.AlphaDropout()(P(2)), APPLIED),
    (lambda: nn.ZeroPad2d(1)(P(1, 1, 2, 2)), APPLIED),
    (lambda: F.pad(P(1, 2), (1, 1)), APPLIED),
    (lambda: F.cosine_embedding_loss(V(1, 2), P(1, 2), V(1)), APPLIED),
    (lambda: F.margin_ranking_loss(V(2), P(2), V(2)), APPLIED),
    (lambda: F.grid_sample(V(1, 1, 2, 2), P(1, 2, 2, 2)), APPLIED),
    (lambda: nn.Embedding(3, 2)(LONGS([1])), "expected a Variable argument, but got LongTensor"),
]


@pytest.mark.parametrize(("call", "words"), TYPE_ERRORS)
def test_type_error(call, words):
    with pytest.raises(TypeError) as caught:
        call()
    assert str(caught.value) == words


@pytest.mark.parametrize(("call", "words"), RUNTIME_ERRORS)
def test_runtime_error(call, words):
    with pytest.raises(RuntimeError) as caught:
        call()
    assert str(caught.value) == words


def test_no_tensor():
    with pytest.raises(TypeError, match="must be Variable, not int"):
        F.relu(3)


def test_what_0_3_computed_by_methods_takes_plain_tensors():
    assert F.sigmoid(torch.zeros(1))[0] == 0.5 and F.tanh(torch.zeros(1))[0] == 0
    assert type(F.linear(P(1, 2), P(3, 2))) is torch.FloatTensor
    assert type(nn.Tanh()(P(2))) is torch.FloatTensor


# ------------------------------------------------------------------------------------------------ mixtures


MIXED = [
    (lambda: V(2) + P(2), "add() received an invalid combination of arguments - got (torch.FloatTensor), but expected"),
    (lambda: P(2) * V(2), "mul received an invalid combination of arguments - got (Variable), but expected one of:\n"),
    (lambda: torch.mul(P(2), V(2)),
     "torch.mul received an invalid combination of arguments - got (torch.FloatTensor, Variable), but expected one of:"
     "\n * (torch.FloatTensor source, float value)\n * (torch.FloatTensor source, torch.FloatTensor other)"),
    (lambda: torch.add(V(2), P(2)), "add() received an invalid combination of arguments - got (torch.FloatTensor), "),
    (lambda: V(2, 2).mm(P(2, 2)), parsed("mm", "mat2")),
    (lambda: torch.mm(V(2, 2), P(2, 2)), parsed("mm", "mat2")),
    (lambda: torch.mm(P(2, 2), V(2, 2)), "torch.mm received an invalid combination of arguments - got "
     "(torch.FloatTensor, Variable), but expected (torch.FloatTensor source, torch.FloatTensor mat2)"),
    (lambda: torch.addmm(V(2, 2), P(2, 2), V(2, 2)), parsed("addmm", "mat1")),
    (lambda: V(2) > P(2), "gt() received an invalid combination of arguments - got (torch.FloatTensor), but "),
    (lambda: V(2).add_(P(2)), "add_() received an invalid combination of arguments - got (torch.FloatTensor), but "),
    (lambda: V(2, 2).index_select(0, LONGS([0])), parsed("index_select", "index", 2, "Long")),
    (lambda: V(2).masked_fill(torch.ByteTensor([1, 0]), 0), parsed("masked_fill", "mask", 1, "Byte")),
    (lambda: torch.cat([V(2), P(2)]), "expected Variable as element 1 in argument 0, but got FloatTensor"),
    (lambda: torch.stack([P(2), V(2)]), "expected Variable as element 0 in argument 0, but got FloatTensor"),
    (lambda: V(2).copy_(P(2)), parsed("copy_", "other")),
    (lambda: P(2, 2).__setitem__(0, V(2)), "can't assign a Variable to a torch.FloatTensor"),
    (lambda: torch.add(V(2), V(2), out=P(2)), "add(): argument 'out' must be Variable, not torch.FloatTensor"),
    (lambda: V(3).view("a"), "view(): argument 'size' (position 1) must be tuple of ints, not str"),
    (lambda: V(3).squeeze(dim="a"), "squeeze(): argument 'dim' must be int, not str"),
]  # fmt: skip


@pytest.mark.parametrize(("call", "words"), MIXED)
def test_mixture(call, words):
    with pytest.raises(TypeError) as caught:
        call()
    assert str(caught.value).startswith(words)


def test_a_plain_index_of_a_variable_and_sizes_of_either():
    v = Variable(torch.FloatTensor([1, 2]))
    assert v[LONGS([1])].data[0] == 2 and v[torch.ByteTensor([1, 0])].data[0] == 1
    assert v.expand_as(P(3, 2)).size() == (3, 2) and v.view_as(P(2, 1)).size() == (2, 1)
