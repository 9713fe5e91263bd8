"""What 0.3's losses do differently from today's."""

import math

import numpy as np
import pytest

import flambeau.v03 as torch
from flambeau.v03 import nn
from flambeau.v03.autograd import Variable
from flambeau.v03.autograd.gradcheck import gradcheck, gradgradcheck
from flambeau.v03.nn import functional as F


def variable(values, **flags):
    return Variable(torch.Tensor(values), **flags)


def classes(*values):
    return Variable(torch.LongTensor(list(values)))


def test_a_loss_has_one_element():
    loss = nn.MSELoss()(variable([1, 2], requires_grad=True), variable([0, 0]))
    assert loss.size() == (1,) and loss.data[0] == 2.5 and type(loss.data[0]) is float


@pytest.mark.parametrize("name", ["L1Loss", "MSELoss", "SmoothL1Loss", "KLDivLoss"])
def test_reduce_false_keeps_the_elements(name):
    x, t = variable([[1, 2], [3, 4]], requires_grad=True), variable([[0.5, 0.5], [1, 1]])
    loss = getattr(nn, name)(reduce=False)(x, t)
    assert loss.size() == (2, 2)
    assert getattr(nn, name)(size_average=False)(x, t).data[0] == pytest.approx(loss.data.sum(), rel=1e-6)
    assert getattr(nn, name)(True)(x, t).data[0] == pytest.approx(loss.data.mean(), rel=1e-6)


@pytest.mark.parametrize("name", ["NLLLoss", "CrossEntropyLoss"])
def test_class_weights_and_ignored_classes(name):
    x = variable([[0.1, 0.2, 0.7], [0.5, 0.3, 0.2], [0.2, 0.2, 0.6]], requires_grad=True)
    target = classes(2, 0, 1)
    weight = torch.Tensor([1, 2, 3])
    each = getattr(nn, name)(reduce=False)(x, target).data
    w = torch.Tensor([3, 1, 2])
    assert getattr(nn, name)(weight)(x, target).data[0] == pytest.approx((each * w).sum() / 6, rel=1e-6)
    assert getattr(nn, name)(weight, False)(x, target).data[0] == pytest.approx((each * w).sum(), rel=1e-6)
    assert getattr(nn, name)(None, True, 0)(x, target).data[0] == pytest.approx((each[0] + each[2]) / 2, rel=1e-6)
    assert "weight" in getattr(nn, name)(weight).state_dict()


@pytest.mark.parametrize("name", [
    "L1Loss", "MSELoss", "SmoothL1Loss", "KLDivLoss", "NLLLoss", "CrossEntropyLoss", "BCELoss", "PoissonNLLLoss",
    "SoftMarginLoss", "MultiLabelMarginLoss",
])  # fmt: skip
def test_targets_with_a_gradient_are_refused(name):
    target = variable([[1, 1]], requires_grad=True)
    with pytest.raises(AssertionError, match="nn criterions don't compute the gradient w.r.t. targets"):
        getattr(nn, name)()(variable([[0.5, 0.5]], requires_grad=True), target)


def test_functions_take_targets_with_a_gradient():
    x, t = variable([1, 2], requires_grad=True), variable([3, 5], requires_grad=True)
    F.mse_loss(x, t).backward()
    assert t.grad.data.tolist() == [2, 3]
    F.l1_loss(x, t, size_average=False).backward()
    assert t.grad.data.tolist() == [3, 4]


@pytest.mark.parametrize("name", ["mse_loss", "l1_loss", "smooth_l1_loss", "soft_margin_loss"])
def test_targets_do_not_broadcast(name):
    """(N, 1) against (N): element by element, where today's gives the mean over N x N."""
    x, t = variable([[1], [2], [4]], requires_grad=True), variable([1, 3, 0])
    loss, flat = getattr(F, name)(x, t), getattr(F, name)(x.view(3), t)
    assert loss.data[0] == flat.data[0]
    with pytest.raises(RuntimeError, match="different number of elements"):
        getattr(F, name)(x, variable([1, 3]))


def test_binary_cross_entropy_warns_about_another_size():
    x, t = variable([[0.2], [0.7]], requires_grad=True), variable([0, 1])
    with pytest.warns(UserWarning, match="Using a target size"):
        loss = F.binary_cross_entropy(x, t)
    assert loss.data[0] == pytest.approx(-(math.log(0.8) + math.log(0.7)) / 2, rel=1e-6)
    with pytest.raises(ValueError, match="same number of elements"), pytest.warns(UserWarning):
        F.binary_cross_entropy(x, variable([0, 1, 1]))


def test_binary_cross_entropy_at_the_ends():
    """The logarithm is of x + 1e-12; it is not limited to -100."""
    loss = F.binary_cross_entropy(Variable(torch.zeros(1).double()), Variable(torch.ones(1).double()))
    assert loss.data[0] == pytest.approx(-math.log(1e-12))


def test_the_gradient_of_binary_cross_entropy():
    x, t = variable([0, 0, 1, 1]), variable([0, 1, 0, 1])
    x.requires_grad = True
    F.binary_cross_entropy(x, t, size_average=False).backward()
    assert x.grad.data.tolist() == [0, pytest.approx(-1e12), pytest.approx(1e12), 0]
    p = Variable(torch.DoubleTensor([0.2, 0.7]), requires_grad=True)
    q = Variable(torch.DoubleTensor([0.5, 0.9]))
    assert gradcheck(lambda p: F.binary_cross_entropy(p, q), (p,))
    assert gradgradcheck(lambda p: F.binary_cross_entropy(p, q), (p,))


def test_binary_cross_entropy_with_weights():
    x, t, w = variable([[0.2, 0.7]]), variable([[0, 1]]), variable([[1, 3]])
    expected = -(math.log(0.8) + 3 * math.log(0.7))
    assert F.binary_cross_entropy(x, t, w, size_average=False).data[0] == pytest.approx(expected, rel=1e-6)
    assert nn.BCELoss(torch.Tensor([[1, 3]]), False)(x, t).data[0] == pytest.approx(expected, rel=1e-6)


def test_logits_and_targets_have_one_size():
    with pytest.raises(ValueError, match="must be the same"):
        F.binary_cross_entropy_with_logits(variable([[1.0], [2.0]]), variable([1, 0]))


def test_multi_label_soft_margin():
    x, t = np.array([[0.3, -1.0], [2.0, 0.1]]), np.array([[0.0, 1.0], [1.0, 1.0]])
    p = 1 / (1 + np.exp(-x))
    each = -(t * np.log(p) + (1 - t) * np.log(1 - p))
    x_, t_ = Variable(torch.from_numpy(x)), Variable(torch.from_numpy(t))
    ours = [nn.MultiLabelSoftMarginLoss(size_average=s)(x_, t_).data[0] for s in (True, False)]
    assert ours == pytest.approx([each.mean(), each.sum()])


def test_pairwise_distance_has_a_column():
    a, b = variable([[0, 0], [1, 1]], requires_grad=True), variable([[3, 4], [1, 1]])
    out = nn.PairwiseDistance()(a, b)
    assert out.size() == (2, 1)
    assert out.data[0, 0] == pytest.approx(5, rel=1e-5)
    assert out.data[1, 0] == pytest.approx(math.sqrt(2) * 1e-6, rel=1e-3)
    assert F.pairwise_distance(a, b, 1).data[0, 0] == pytest.approx(7, rel=1e-5)


@pytest.mark.parametrize("swap", [False, True])
def test_triplet_margin(swap):
    a, p, n = np.array([[0.0, 0.0]]), np.array([[3.0, 4.0]]), np.array([[3.0, 3.0]])
    far = min(np.sqrt(18), 1.0) if swap else np.sqrt(18)
    variables = [Variable(torch.from_numpy(v)) for v in (a, p, n)]
    loss = F.triplet_margin_loss(*variables, margin=2.0, swap=swap)
    assert loss.data[0] == pytest.approx(2 + 5 - far, rel=1e-5)
    assert nn.TripletMarginLoss(2.0, swap=swap)(*variables).data[0] == loss.data[0]


@pytest.mark.parametrize(("sizes", "dim"), [((4,), 0), ((2, 4), 1), ((2, 3, 4), 0), ((2, 3, 4, 2), 1)])
@pytest.mark.parametrize("name", ["softmax", "log_softmax", "softmin"])
def test_softmax_without_dim_warns(name, sizes, dim):
    x = Variable(torch.randn(*sizes))
    with pytest.warns(UserWarning, match="Implicit dimension choice"):
        out = getattr(F, name)(x)
    assert torch.equal(out.data, getattr(F, name)(x, dim).data)


def test_dropout_is_off_by_default():
    x = Variable(torch.ones(100))
    assert torch.equal(F.dropout(x).data, x.data)
    assert (F.dropout(x, 0.5, True).data == 0).any()
    assert F.dropout(x, p=0.25, training=True).data.max() == pytest.approx(1 / 0.75)


def test_pool_with_indices():
    x = variable([[[[1, 5], [2, 3]]]], requires_grad=True)
    out, index = F.max_pool2d(x, 2, return_indices=True)
    assert out.data[0, 0, 0, 0] == 5 and index.data[0, 0, 0, 0] == 1
    assert type(index) is Variable and index.data.type() == "torch.LongTensor"


def test_types_of_targets():
    x = variable([[0.5, 0.5]], requires_grad=True)
    text = r"Expected object of type Variable\[torch.LongTensor\] but found type Variable\[torch.FloatTensor\]"
    with pytest.raises(RuntimeError, match=text):
        nn.CrossEntropyLoss()(x, variable([1]))
    text = r"Expected object of type Variable\[torch.FloatTensor\] but found type Variable\[torch.LongTensor\]"
    with pytest.raises(RuntimeError, match=text):
        nn.MSELoss()(x, Variable(torch.LongTensor([[1, 1]])))


def test_a_target_stays_as_it_is():
    values = torch.Tensor([[1, 2], [3, 4]]).t()
    target = Variable(values)
    F.mse_loss(variable([1, 2, 3, 4], requires_grad=True), target)
    assert target.data is values and not values.is_contiguous()


@pytest.mark.parametrize("wrap", [lambda t: t, Variable])
def test_weights_are_tensors_or_variables(wrap):
    x, t, w = Variable(torch.randn(3, 4)), Variable(torch.LongTensor([0, 1, 3])), torch.Tensor([1, 2, 3, 4])
    p, q = F.sigmoid(x), Variable(torch.rand(3, 4))
    expected = -(x.data[0, 0] + 2 * x.data[1, 1] + 4 * x.data[2, 3]) / 7
    assert nn.NLLLoss(weight=wrap(w))(x, t).data[0] == pytest.approx(expected, rel=1e-5)
    assert F.nll_loss(x, t, wrap(w)).data[0] == pytest.approx(expected, rel=1e-5)
    each = q * p.log() + (1 - q) * (1 - p).log()
    expected = -(each.data * w.expand(3, 4)).mean()
    assert nn.BCELoss(weight=wrap(w))(p, q).data[0] == pytest.approx(expected, rel=1e-5)
    assert F.binary_cross_entropy(p, q, wrap(w)).data[0] == pytest.approx(expected, rel=1e-5)
