"""Optimizers over Variables, and 0.3's schedules."""

import copy
import pickle

import numpy as np
import pytest

import flambeau as today
import flambeau.v03 as torch
from flambeau import optim as todays_optim
from flambeau.v03 import nn, optim
from flambeau.v03.autograd import Variable

X, Y = np.random.default_rng(1).standard_normal((2, 20, 3))

OPTIMIZERS = [
    ("SGD", dict(lr=0.1)), ("SGD", dict(lr=0.1, momentum=0.9, weight_decay=0.01)),
    ("SGD", dict(lr=0.1, momentum=0.9, nesterov=True)),
    ("Adam", dict(lr=0.05)), ("Adam", dict(lr=0.05, weight_decay=0.1, betas=(0.8, 0.9))),
    ("RMSprop", dict(lr=0.01, momentum=0.5, centered=True)),
    ("Adagrad", dict(lr=0.1, lr_decay=0.01)), ("Adadelta", dict(weight_decay=0.1)), ("Adamax", dict(lr=0.05)),
    ("ASGD", dict(lr=0.1, t0=2)), ("Rprop", {}),
]  # fmt: skip


@pytest.mark.parametrize(("name", "options"), OPTIMIZERS)
def test_the_curve_is_todays(name, options):
    w = Variable(torch.ones(3, 3).double(), requires_grad=True)
    v = today.ones(3, 3, dtype=today.float64, requires_grad=True)
    ours, theirs = getattr(optim, name)([w], **options), getattr(todays_optim, name)([v], **options)
    x, y = Variable(torch.from_numpy(X)), Variable(torch.from_numpy(Y))
    for _ in range(5):
        ours.zero_grad()
        loss = ((x.mm(w) - y) ** 2).mean()
        loss.backward()
        ours.step()
        theirs.zero_grad()
        expected = ((today.from_numpy(X).mm(v) - today.from_numpy(Y)) ** 2).mean()
        expected.backward()
        theirs.step()
        assert loss.data[0] == pytest.approx(expected.item(), rel=1e-6)
    np.testing.assert_allclose(w.data.numpy(), v.detach().numpy(), rtol=1e-6 if name == "Adam" else 1e-12)
    assert not w.volatile and w.requires_grad and w.is_leaf


@pytest.mark.parametrize("name", ["SGD", "Adam", "RMSprop", "Adagrad", "Adadelta", "Adamax", "ASGD", "Rprop"])
def test_the_state_is_of_plain_tensors_and_goes_on(name):
    options = dict(lr=0.1, momentum=0.9) if name == "SGD" else dict(lr=0.1)
    nets = [nn.Linear(2, 1), nn.Linear(2, 1)]
    nets[1].load_state_dict(nets[0].state_dict())
    first, second = (getattr(optim, name)(net.parameters(), **options) for net in nets)

    def step(net, optimizer):
        optimizer.zero_grad()
        (net(Variable(torch.ones(3, 2))) ** 2).sum().backward()
        optimizer.step()

    step(nets[0], first)
    step(nets[1], second)
    second.load_state_dict(copy.deepcopy(first.state_dict()))
    counts = ("step", "eta", "mu")  # tensors without dimensions
    tensors = [v for state in second.state_dict()["state"].values() for k, v in state.items() if k not in counts]
    assert tensors and all(type(v) is torch.FloatTensor for v in tensors)
    step(nets[0], first)
    step(nets[1], second)
    assert torch.equal(nets[0].weight.data, nets[1].weight.data)


def test_zero_grad_keeps_the_gradient():
    w = Variable(torch.ones(2), requires_grad=True)
    optimizer = optim.SGD([w], lr=0.1)
    w.sum().backward()
    grad = w.grad
    optimizer.zero_grad()
    assert w.grad is grad and grad.data.sum() == 0


def test_step_changes_the_data_in_place():
    net = nn.Linear(2, 1)
    data = net.weight.data
    net(Variable(torch.ones(1, 2))).backward()
    optim.SGD(net.parameters(), 0.5).step()
    assert net.weight.data is data and net.state_dict()["weight"] is data


def test_a_closure():
    w = Variable(torch.ones(1), requires_grad=True)
    optimizer = optim.SGD([w], lr=0.1)

    def closure():
        optimizer.zero_grad()
        loss = (w ** 2).sum()
        loss.backward()
        return loss

    loss = optimizer.step(closure)
    assert type(loss) is Variable and loss.data[0] == 1 and w.data[0] == pytest.approx(0.8)


def test_sgd_needs_a_rate():
    w = Variable(torch.ones(1), requires_grad=True)
    with pytest.raises(ValueError, match="required optimization parameter lr"):
        optim.SGD([w])
    assert optim.SGD([{"params": [w], "lr": 0.3}]).param_groups[0]["lr"] == 0.3


def test_groups():
    a, b = Variable(torch.ones(1), requires_grad=True), Variable(torch.ones(1), requires_grad=True)
    optimizer = optim.SGD([{"params": [a]}, {"params": [b], "lr": 1}], lr=0.1)
    (a + b).backward()
    optimizer.step()
    assert (a.data[0], b.data[0]) == (pytest.approx(0.9), 0)
    with pytest.raises(TypeError):
        optim.SGD(a, lr=0.1)
    with pytest.raises(ValueError, match="non-leaf"):
        optim.SGD([a * 2], lr=0.1)


def rates(make, epochs):
    optimizer = optim.SGD([Variable(torch.ones(1), requires_grad=True)], lr=1.0)
    scheduler = make(optimizer)
    seen = []
    for _ in range(epochs):
        scheduler.step()
        seen.append(optimizer.param_groups[0]["lr"])
    return seen


def test_the_first_step_of_a_schedule_is_epoch_0():
    lr = optim.lr_scheduler
    assert rates(lambda o: lr.StepLR(o, 2, 0.1), 5) == pytest.approx([1, 1, 0.1, 0.1, 0.01])
    assert rates(lambda o: lr.MultiStepLR(o, [1, 3], 0.1), 5) == pytest.approx([1, 0.1, 0.1, 0.01, 0.01])
    assert rates(lambda o: lr.ExponentialLR(o, 0.5), 3) == [1, 0.5, 0.25]
    assert rates(lambda o: lr.LambdaLR(o, lambda e: 1 / (e + 1)), 3) == [1, 1 / 2, 1 / 3]


def test_resuming_a_schedule():
    optimizer = optim.SGD([Variable(torch.ones(1), requires_grad=True)], lr=1.0)
    with pytest.raises(KeyError, match="initial_lr"):
        optim.lr_scheduler.StepLR(optimizer, 2, last_epoch=3)
    optimizer.param_groups[0]["initial_lr"] = 1.0
    scheduler = optim.lr_scheduler.StepLR(optimizer, 2, last_epoch=3)
    assert optimizer.param_groups[0]["lr"] == pytest.approx(0.01) and scheduler.last_epoch == 3


def test_milestones_must_ascend():
    optimizer = optim.SGD([Variable(torch.ones(1), requires_grad=True)], lr=1.0)
    with pytest.raises(ValueError, match="increasing"):
        optim.lr_scheduler.MultiStepLR(optimizer, [3, 1])


def test_plateau(capsys):
    optimizer = optim.SGD([Variable(torch.ones(1), requires_grad=True)], lr=1.0)
    scheduler = optim.lr_scheduler.ReduceLROnPlateau(optimizer, "min", 0.1, 1, True)
    for loss in (3, 2, 2, 2):
        scheduler.step(loss)
    assert optimizer.param_groups[0]["lr"] == pytest.approx(0.1)
    assert "reducing learning rate of group 0 to 1.0000e-01" in capsys.readouterr().out


def test_what_cannot_be_optimized():
    with pytest.raises(TypeError, match=r"can only optimize Variables, but one of the params is torch.FloatTensor"):
        optim.Adam([torch.ones(1)])
    with pytest.raises(ValueError, match="doesn't require gradients"):
        optim.SGD([Variable(torch.ones(1))], lr=0.1)


def test_an_optimizer_of_the_users():
    class SignSGD(optim.Optimizer):
        def __init__(self, params, lr=optim.optimizer.required):
            super().__init__(params, dict(lr=lr))

        def step(self, closure=None):
            for group in self.param_groups:
                for p in group["params"]:
                    self.state[p]["step"] = self.state[p].get("step", 0) + 1
                    p.data.add_(-group["lr"], p.grad.data.sign())

    w = Variable(torch.ones(2), requires_grad=True)
    optimizer = SignSGD([w], lr=0.25)
    (w * Variable(torch.Tensor([3, -2]))).sum().backward()
    optimizer.step()
    assert w.data.tolist() == [0.75, 1.25] and optimizer.state[w]["step"] == 1
    with pytest.raises(ValueError, match="required optimization parameter lr"):
        SignSGD([w])
    assert isinstance(optim.SGD([w], 0.1), optim.Optimizer) and isinstance(optim.Adam([w]), optim.Optimizer)


def test_sparse_gradients():
    torch.manual_seed(0)
    sparse, dense = nn.Embedding(5, 3, sparse=True), nn.Embedding(5, 3)
    dense.load_state_dict(sparse.state_dict())
    index = Variable(torch.LongTensor([1, 2, 1]))
    for net in (sparse, dense):
        optimizer = optim.SGD(net.parameters(), lr=0.1)
        for _ in range(2):
            optimizer.zero_grad()
            (net(index) ** 2).sum().backward()
            optimizer.step()
    assert (sparse.weight.data - dense.weight.data).abs().max() < 1e-6


def test_adam_adds_eps_before_the_correction():
    """Kingma and Ba's second form, which 0.3 had: for small gradients it is another number than today's."""
    w = Variable(torch.zeros(1).double(), requires_grad=True)
    late = Variable(torch.zeros(1).double(), requires_grad=True)
    optimizer = optim.Adam([w, late], lr=0.1)
    g, m, v, expected = 1e-7, 0.0, 0.0, 0.0
    for t in range(1, 4):
        optimizer.zero_grad()
        (w * g).backward()
        if t > 1:
            (late * g).backward()
        optimizer.step()
        m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g * g
        before, expected = expected, expected - 0.1 * np.sqrt(1 - 0.999 ** t) / (1 - 0.9 ** t) * m / (np.sqrt(v) + 1e-8)
        assert w.data[0] == pytest.approx(expected, rel=1e-9)
    assert late.data[0] == pytest.approx(before, rel=1e-9)


def fit_by_lbfgs(**options):
    w = Variable(torch.zeros(3, 3).double(), requires_grad=True)
    x, y = Variable(torch.from_numpy(X)), Variable(torch.from_numpy(Y))
    optimizer = optim.LBFGS([w], **options)

    def closure():
        optimizer.zero_grad()
        loss = ((x.mm(w) - y) ** 2).mean()
        loss.backward()
        return loss

    first = optimizer.step(closure)
    assert type(first) is Variable and first.data[0] == pytest.approx((Y**2).mean())
    for _ in range(5):
        optimizer.step(closure)
    return w.data.numpy(), optimizer


def test_lbfgs_solves_least_squares():
    w, optimizer = fit_by_lbfgs()
    np.testing.assert_allclose(w, np.linalg.lstsq(X, Y, rcond=None)[0], atol=1e-4)
    assert optimizer.param_groups[0]["tolerance_grad"] == 1e-5


def test_lbfgs_sums_what_the_tolerances_bound():
    w, optimizer = fit_by_lbfgs(tolerance_grad=abs(2 * X.T @ Y / Y.size).sum() * 1.01)
    assert not w.any() and optimizer.state_dict()["state"]
    w, _ = fit_by_lbfgs(tolerance_grad=abs(2 * X.T @ Y / Y.size).sum() * 0.99)
    assert w.any()


def test_lbfgs_has_no_line_search():
    with pytest.raises(RuntimeError, match="line search function is not supported yet"):
        fit_by_lbfgs(line_search_fn="strong_wolfe")


def test_sparse_adam():
    net = nn.Embedding(5, 3, sparse=True)
    before = net.weight.data.clone()
    optimizer = optim.SparseAdam(net.parameters(), lr=0.1)
    (net(Variable(torch.LongTensor([1, 2, 1]))) ** 2).sum().backward()
    optimizer.step()
    changed = (net.weight.data != before).sum(1) > 0
    assert changed.tolist() == [0, 1, 1, 0, 0]
    with pytest.raises(TypeError):
        optim.SparseAdam(net.parameters(), maximize=True)


@pytest.mark.parametrize("name", ["AdamW", "NAdam", "RAdam", "Adafactor", "Muon", "swa_utils"])
def test_later_names_are_unknown(name):
    assert not hasattr(optim, name)


OPTIONS_SINCE = ("foreach", "maximize", "capturable", "differentiable", "fused", "decoupled_weight_decay", "amsgrad",
                 "initial_accumulator_value")  # fmt: skip


@pytest.mark.parametrize("name", ["SGD", "Adam", "RMSprop", "Adagrad", "Adadelta", "Adamax", "ASGD", "Rprop"])
def test_counts_in_the_state_are_numbers_and_states_of_03_load(name):
    def stepped(optimizer, times):
        for _ in range(times):
            optimizer.zero_grad()
            layer(x).pow(2).sum().backward()
            optimizer.step()

    x = Variable(torch.ones(1, 3))
    layer, make = nn.Linear(3, 2), getattr(torch.optim, name)
    optimizer = make(layer.parameters(), lr=0.01)
    stepped(optimizer, 2)
    state = optimizer.state[layer.weight]
    assert state.get("step", 2) == 2 and all(isinstance(v, (int, float)) or torch.is_tensor(v) for v in state.values())
    saved = optimizer.state_dict()
    for group in saved["param_groups"]:
        for option in OPTIONS_SINCE:
            group.pop(option, None)
    fresh = make(layer.parameters(), lr=1)
    fresh.load_state_dict(saved)
    stepped(fresh, 1)
    assert fresh.param_groups[0]["lr"] == 0.01 and fresh.state[layer.weight].get("step", 3) == 3


def test_a_count_that_the_program_has_put_there_stays_its_tensor():
    """As in the optimizers that several processes share."""
    layer = nn.Linear(3, 2)
    optimizer = torch.optim.Adam(layer.parameters())
    for p in layer.parameters():
        zeros = p.data.clone().zero_()
        optimizer.state[p].update(step=torch.zeros(1), exp_avg=zeros, exp_avg_sq=zeros.clone())
    step = optimizer.state[layer.weight]["step"].share_memory_()
    layer(Variable(torch.ones(1, 3))).sum().backward()
    optimizer.step()
    assert optimizer.state[layer.weight]["step"] is step and step[0] == 1


@pytest.mark.parametrize("make", [
    lambda p: optim.SGD(p, lr=0.1, momentum=0.9), optim.Adam, optim.RMSprop, optim.Adagrad, optim.Adadelta, optim.ASGD,
    optim.Adamax, optim.Rprop,
])  # fmt: skip
def test_a_loaded_state_is_a_copy(make):
    def step(optimizer, w):
        w.grad = Variable(torch.Tensor([1, 2]))
        optimizer.step()

    w = Variable(torch.Tensor([1, 2]), requires_grad=True)
    first = make([w])
    step(first, w)
    v = Variable(w.data.clone(), requires_grad=True)
    second = make([v])
    second.load_state_dict(first.state_dict())
    for _ in range(3):
        step(first, w)
        step(second, v)
        assert v.data.equal(w.data)


@pytest.mark.parametrize(("make", "options"), [
    (lambda p: optim.SGD(p, lr=0.1), "dampening lr momentum nesterov weight_decay"),
    (optim.Adam, "betas eps lr weight_decay"), (optim.Adagrad, "eps lr lr_decay weight_decay"),
    (optim.RMSprop, "alpha centered eps lr momentum weight_decay"), (optim.Rprop, "etas lr step_sizes"),
    (optim.SparseAdam, "betas eps lr"),
])  # fmt: skip
def test_the_options_of_a_group_are_those_of_03(make, options):
    optimizer = make([Variable(torch.ones(2), requires_grad=True)])
    optimizer.add_param_group({"params": [Variable(torch.ones(3), requires_grad=True)], "lr": 0.5})
    first = optimizer.param_groups[0]
    others = pickle.loads(pickle.dumps(optimizer)).param_groups, optimizer.state_dict()["param_groups"]
    for groups in (optimizer.param_groups, *others):
        assert [sorted({*group} - {"params"}) for group in groups] == [options.split()] * 2
        assert groups[1]["lr"] == 0.5
    optimizer.add_param_group({"params": [Variable(torch.ones(4), requires_grad=True)]})
    assert optimizer.param_groups[0] is first


def test_options_of_ones_own_optimizer_are_kept():
    class Own(optim.Optimizer):
        def __init__(self, params, amsgrad=True):
            super().__init__(params, {"amsgrad": amsgrad, "maximize": 3})

    own = Own([Variable(torch.ones(2), requires_grad=True)])
    assert {**own.param_groups[0], "params": 0} == {"amsgrad": True, "maximize": 3, "params": 0}


def test_the_state_of_lbfgs_holds_plain_tensors():
    w = Variable(torch.Tensor([1.5, -1]), requires_grad=True)
    optimizer = optim.LBFGS([w], max_iter=4)

    def closure():
        optimizer.zero_grad()
        loss = (w ** 4).sum() + w.sum() ** 2
        loss.backward()
        return loss

    losses = [optimizer.step(closure).data[0] for _ in range(4)]
    state = optimizer.state[w]
    assert losses[-1] < 0.01 * losses[0]
    for vector in (state["d"], state["prev_flat_grad"], *state["old_dirs"], *state["old_stps"]):
        assert type(vector) is torch.FloatTensor
    copied = copy.deepcopy(optimizer.state_dict())
    optimizer.load_state_dict(copied)
    optimizer.step(closure)


@pytest.mark.parametrize("make", [optim.SGD, optim.Adam, optim.Adagrad, optim.RMSprop])
def test_a_rate_below_zero_ascends(make):
    w, v = Variable(torch.ones(2), requires_grad=True), Variable(torch.ones(2), requires_grad=True)
    for optimizer in (make([w], -0.1), make([{"params": [v]}], lr=-0.1)):
        assert [group["lr"] for group in optimizer.param_groups] == [-0.1]
    (w.sum() + v.sum()).backward()
    make([w], lr=-0.1).step()
    assert (w.data > 1).all()


@pytest.mark.parametrize("name", ["Adam", "Adagrad", "Adamax", "ASGD", "SparseAdam"])
def test_counts_in_the_state_are_ints(name):
    p = nn.Parameter(torch.ones(2))
    options = {} if name in ("Adagrad", "SparseAdam") else {"weight_decay": 0.1}
    optimizer = getattr(torch.optim, name)([p], lr=0.1, **options)
    for _step in range(3):
        (p * p).sum().backward()
        if name == "SparseAdam":
            p.grad = Variable(torch.sparse.FloatTensor(torch.LongTensor([[0, 1]]), p.grad.data))
        optimizer.step()
    state = optimizer.state_dict()["state"]
    (own,) = state.values()
    assert isinstance(own["step"], int) and repr(own["step"]) == "3" and own["step"] + 1 == 4
    assert type(pickle.loads(pickle.dumps(own["step"]))) is int and type(copy.deepcopy(own["step"])) is int


def test_steps_that_a_program_counts_in_tensors_which_processes_share():
    p = nn.Parameter(torch.ones(2))
    optimizer = torch.optim.Adam([p], lr=0.1)
    steps = torch.zeros(1).share_memory_()
    optimizer.state[p].update(step=steps, exp_avg=torch.zeros(2), exp_avg_sq=torch.zeros(2))
    for _step in range(2):
        p.sum().backward()
        optimizer.step()
    assert optimizer.state[p]["step"] is steps and steps[0] == 2 and p.data[0] < 0.85
