"""Distributions of 0.3."""

import math

import pytest

import flambeau.v03 as torch
from flambeau.v03.autograd import Variable
from flambeau.v03.distributions import Bernoulli, Categorical, Distribution, Normal


def test_bernoulli():
    probs = Variable(torch.Tensor([0.2, 0.9]), requires_grad=True)
    m = Bernoulli(probs)
    assert m.sample().size() == (2,) and m.sample_n(500).size() == (500, 2)
    assert abs(m.sample_n(4000).data.mean(0)[0] - 0.2) < 0.05
    out = m.log_prob(Variable(torch.Tensor([1, 0])))
    assert out.data.tolist() == pytest.approx([math.log(0.2), math.log(0.1)], rel=1e-5)
    out.sum().backward()
    assert probs.grad.data.tolist() == pytest.approx([5, -10], rel=1e-4)


def test_categorical():
    probs = Variable(torch.Tensor([1, 2, 1]), requires_grad=True)
    m = Categorical(probs)
    action = m.sample()
    assert action.size() == (1,) and action.data.type() == "torch.LongTensor"
    assert m.sample_n(1000).size() == (1000, 1)
    log = m.log_prob(action)
    assert log.data[0] == pytest.approx(math.log([0.25, 0.5, 0.25][action.data[0]]), rel=1e-5)
    (-log * 2).backward()
    assert probs.grad is not None


def test_categorical_of_a_batch():
    m = Categorical(torch.Tensor([[0, 1], [1, 0]]))
    assert m.sample().tolist() == [1, 0]
    assert m.sample_n(3).tolist() == [[1, 0]] * 3
    assert m.log_prob(torch.LongTensor([1, 0])).tolist() == [0, 0]
    with pytest.raises(ValueError):
        Categorical(torch.ones(1, 1, 1))


def test_normal():
    mean, std = Variable(torch.Tensor([0, 10]), requires_grad=True), Variable(torch.Tensor([1, 2]), requires_grad=True)
    m = Normal(mean, std)
    assert m.sample().size() == (2,)
    drawn = m.sample_n(4000).data
    assert abs(drawn.mean(0)[1] - 10) < 0.2 and abs(drawn.std(0)[1] - 2) < 0.2
    out = m.log_prob(Variable(torch.Tensor([1, 10])))
    half = math.log(math.sqrt(2 * math.pi))
    assert out.data.tolist() == pytest.approx([-0.5 - half, -math.log(2) - half], rel=1e-5)
    out.sum().backward()
    assert mean.grad.data.tolist() == pytest.approx([1, 0], abs=1e-6)


def test_normal_of_numbers():
    m = Normal(1.0, 2.0)
    assert m.sample().size() == (1,) and m.sample_n(5).size() == (5, 1)
    value = torch.Tensor([3])
    assert m.log_prob(value)[0] == pytest.approx(-0.5 - math.log(2) - math.log(math.sqrt(2 * math.pi)), rel=1e-5)


def test_a_policy_gradient_finds_the_better_arm():
    torch.manual_seed(0)
    logits = Variable(torch.zeros(2), requires_grad=True)
    for _ in range(100):
        m = Categorical(torch.nn.functional.softmax(logits, 0))
        action = m.sample()
        loss = -m.log_prob(action) * float(action.data[0] == 1)
        if logits.grad is not None:
            logits.grad.data.zero_()
        loss.backward()
        logits.data.sub_(logits.grad.data)
    assert torch.nn.functional.softmax(logits, 0).data[1] > 0.9


def test_the_base_class():
    base = Distribution()
    for call in (base.sample, lambda: base.sample_n(1), lambda: base.log_prob(0)):
        with pytest.raises(NotImplementedError):
            call()
