"""torch.legacy.optim: minima found, and steps that are those of the formulas."""

import numpy as np
import pytest

import flambeau.v03 as torch
import flambeau.v03.legacy.optim as optim


def rosenbrock(x):
    """(1 - a)^2 + 100 (b - a^2)^2, and its gradient"""
    a, b = x[0], x[1]
    grad = x.new([-2 * (1 - a) - 400 * a * (b - a * a), 200 * (b - a * a)])
    return (1 - a) ** 2 + 100 * (b - a * a) ** 2, grad


def bowl(x):
    """Half of the sum of i (x_i - i)^2, and its gradient, in the same tensor each time"""
    at = torch.arange(1, x.numel() + 1).double()
    bowl.grad = getattr(bowl, "grad", x.clone())
    bowl.grad.copy_(at * (x - at))
    return 0.5 * (at * (x - at) ** 2).sum(), bowl.grad


METHODS = [
    (optim.sgd, {"learningRate": 0.1}, 400),
    (optim.sgd, {"learningRate": 0.05, "momentum": 0.9}, 400),
    (optim.sgd, {"learningRate": 0.05, "momentum": 0.9, "dampening": 0, "nesterov": True}, 400),
    (optim.nag, {"learningRate": 0.05}, 400),
    (optim.adagrad, {"learningRate": 1.0}, 600),
    (optim.adadelta, {"rho": 0.9, "eps": 1e-2}, 3000),
    (optim.adam, {"learningRate": 0.1}, 800),
    (optim.adamax, {"learningRate": 0.1}, 1500),
    (optim.rmsprop, {"learningRate": 0.1, "learningRateDecay": 0.05}, 4000),
    (optim.rprop, {}, 200),
    (optim.asgd, {"eta0": 0.1, "lambda": 0, "t0": 10}, 400),
    (optim.cg, {"maxIter": 50}, 1),
    (optim.lbfgs, {"maxIter": 60, "learningRate": 0.5}, 1),
]  # fmt: skip


@pytest.mark.parametrize(("method", "config", "calls"), METHODS)
def test_a_bowl_is_minimised(method, config, calls):
    x, config = torch.DoubleTensor(4).fill_(-1), dict(config)
    for _ in range(calls):
        new, value, *more = method(bowl, x, config)
        assert new is x
    assert (value[-1] if isinstance(value, list) else value) < 1e-3
    np.testing.assert_allclose(x.numpy(), [1, 2, 3, 4], atol=2e-2)


@pytest.mark.parametrize(("method", "config", "calls"), [
    (optim.sgd, {"learningRate": 1e-3, "momentum": 0.9, "dampening": 0}, 4000),
    (optim.nag, {"learningRate": 1e-3}, 5000),
    (optim.adam, {"learningRate": 0.02}, 4000),
    (optim.adamax, {"learningRate": 0.02}, 6000),
    (optim.rprop, {"stepsize": 0.01, "niter": 5000}, 1),
    (optim.cg, {"maxIter": 80, "maxEval": 400}, 1),
    (optim.lbfgs, {"maxIter": 100, "maxEval": 400, "learningRate": 0.5}, 1),
])  # fmt: skip
def test_rosenbrocks_valley_is_walked(method, config, calls):
    x, config = torch.DoubleTensor([-1.2, 1]), dict(config)
    for _ in range(calls):
        method(rosenbrock, x, config)
    np.testing.assert_allclose(x.numpy(), [1, 1], atol=2e-2)


@pytest.mark.parametrize(("method", "config", "calls"), METHODS)
def test_a_state_is_kept_apart_from_the_config(method, config, calls):
    one, two = torch.DoubleTensor(4).fill_(-1), torch.DoubleTensor(4).fill_(-1)
    alone, given, state = dict(config), dict(config), {}
    for _ in range(3):
        method(bowl, one, alone)
        method(bowl, two, given, state)
    np.testing.assert_array_equal(one.numpy(), two.numpy())
    assert given == config and state or method is optim.cg


def test_nothing_to_keep_state_in_raises():
    with pytest.raises(ValueError, match=r"optim.sgd requires a dictionary"):
        optim.sgd(bowl, torch.DoubleTensor(4))


def against(method, config, todays, calls=5):
    """x after some calls of a method, and after steps of a PyTorch optimizer."""
    pytorch = pytest.importorskip("torch")
    x = torch.DoubleTensor([-1.2, 1])
    p = pytorch.tensor([-1.2, 1.0], dtype=pytorch.float64, requires_grad=True)
    optimizer, config = todays(pytorch.optim, [p]), dict(config)
    for _ in range(calls):
        method(rosenbrock, x, config)
        optimizer.zero_grad()
        ((1 - p[0]) ** 2 + 100 * (p[1] - p[0] ** 2) ** 2).backward()
        optimizer.step()
    return x.numpy(), p.detach().numpy()


@pytest.mark.parametrize(("method", "config", "todays"), [
    (optim.sgd, {"learningRate": 1e-3, "momentum": 0.9, "dampening": 0, "weightDecay": 0.1},
     lambda o, p: o.SGD(p, 1e-3, momentum=0.9, weight_decay=0.1)),
    (optim.sgd, {"learningRate": 1e-3, "momentum": 0.9}, lambda o, p: o.SGD(p, 1e-3, momentum=0.9, dampening=0.9)),
    (optim.sgd, {"learningRate": 1e-3, "momentum": 0.9, "dampening": 0, "nesterov": True},
     lambda o, p: o.SGD(p, 1e-3, momentum=0.9, nesterov=True)),
    (optim.adagrad, {"learningRate": 0.1, "learningRateDecay": 0.3}, lambda o, p: o.Adagrad(p, 0.1, lr_decay=0.3)),
    (optim.adadelta, {"weightDecay": 0.1}, lambda o, p: o.Adadelta(p, 1.0, weight_decay=0.1)),
    (optim.adam, {"learningRate": 0.1}, lambda o, p: o.Adam(p, 0.1)),
    (optim.adamax, {"learningRate": 0.1}, lambda o, p: o.Adamax(p, 0.1)),
    (optim.rmsprop, {"learningRate": 0.1}, lambda o, p: o.RMSprop(p, 0.1)),
    (optim.rprop, {"stepsize": 0.01}, lambda o, p: o.Rprop(p, 0.01)),
    (optim.asgd, {"eta0": 1e-3}, lambda o, p: o.ASGD(p, 1e-3)),
])  # fmt: skip
def test_steps_are_those_of_pytorch(method, config, todays):
    ours, theirs = against(method, config, todays)
    np.testing.assert_allclose(ours, theirs, rtol=1e-6)


def test_lbfgs_takes_the_steps_of_pytorch():
    pytorch = pytest.importorskip("torch")
    x, config = torch.DoubleTensor([-1.2, 1]), {"maxIter": 7, "maxEval": 100, "learningRate": 0.3, "nCorrection": 3}
    p = pytorch.tensor([-1.2, 1.0], dtype=pytorch.float64, requires_grad=True)
    optimizer = pytorch.optim.LBFGS([p], lr=0.3, max_iter=7, max_eval=100, history_size=3)

    def closure():
        optimizer.zero_grad()
        value = (1 - p[0]) ** 2 + 100 * (p[1] - p[0] ** 2) ** 2
        value.backward()
        return value

    for _ in range(3):
        optim.lbfgs(rosenbrock, x, config)
        optimizer.step(closure)
        np.testing.assert_allclose(x.numpy(), p.detach().numpy(), rtol=1e-9)


def test_the_learning_rate_decays():
    x, config = torch.DoubleTensor([4.0]), {"learningRate": 1.0, "learningRateDecay": 1.0}
    steps = []
    for _ in range(3):
        before = x[0]
        optim.sgd(lambda x: (x.sum(), x.new([1.0])), x, config)
        steps.append(before - x[0])
    assert steps == [1, 1 / 2, pytest.approx(1 / 3)]


def test_single_learning_rates_and_decays():
    x = torch.DoubleTensor([1, 1])
    config = {"learningRate": 1.0, "learningRates": torch.DoubleTensor([1, 2]),
              "weightDecays": torch.DoubleTensor([0, 0.25])}  # fmt: skip
    optim.sgd(lambda x: (x.sum(), x.new([0.5, 0.25])), x, config)
    assert x.tolist() == [0.5, 0]


def test_nesterov_needs_momentum():
    with pytest.raises(ValueError, match="requires a momentum and zero dampening"):
        optim.sgd(bowl, torch.DoubleTensor(4), {"nesterov": True})


def test_lbfgs_takes_a_line_search():
    calls = []

    def halving(opfunc, x, t, d, f, g, slope, options):
        calls.append(options)
        used, value = 0, f
        while value >= f + 1e-4 * t * slope:
            t = t / 2 if used else t
            point = x + d * t
            value, grad = opfunc(point)
            used += 1
        return value, grad, point, t, used

    x = torch.DoubleTensor([-1.2, 1])
    _, values, evaluations = optim.lbfgs(
        rosenbrock, x, {"maxIter": 100, "maxEval": 500, "lineSearch": halving, "lineSearchOptions": "o"}
    )
    np.testing.assert_allclose(x.numpy(), [1, 1], atol=1e-3)
    assert values == sorted(values, reverse=True) and len(calls) == len(values) - 1 and set(calls) == {"o"}
    assert evaluations > len(calls)


def test_cg_takes_the_steps_of_minimize_m():
    """The example of its page, http://www.gatsby.ucl.ac.uk/~edward/code/minimize/example.html."""
    x, values, used = optim.cg(rosenbrock, torch.DoubleTensor([0, 0]), {"maxEval": 26})
    expected = [1, 0.78251060908545, 0.39556533940410, 0.21891183735928, 0.08594362786359, 0.08167279250615,
                0.04803799828332, 0.03385004042904, 0.01810891772958, 0.01747706436156]  # fmt: skip
    np.testing.assert_allclose(values, expected, rtol=1e-10)
    np.testing.assert_allclose(x.numpy(), [0.86905063456945, 0.75343426564357], rtol=1e-10)
    assert used == 26


def test_cg_values_fall_and_evaluations_are_limited():
    evaluated = []

    def counted(x):
        evaluated.append(1)
        return rosenbrock(x)

    _, values, used = optim.cg(counted, torch.DoubleTensor([-1.2, 1]), {"maxIter": 1000, "maxEval": 30})
    assert len(evaluated) == used == 30
    assert values == sorted(values, reverse=True)


def test_asgd_averages():
    x, config = torch.DoubleTensor([4.0]), {"eta0": 1.0, "lambda": 0, "t0": 0}
    path = []
    for _ in range(4):
        _, _, average = optim.asgd(lambda x: (0.0, x.new([1.0])), x, config)
        path.append(x[0])
    assert path == [3, 2, 1, 0]
    assert average[0] == pytest.approx(sum(path[1:]) / 3)
