"""Optimizers against PyTorch: the same parameters after the same gradients, the same state, the same errors."""

import copy
import pickle

import numpy as np
import pytest

import flambeau as fb

from ..nn.parity import assert_close

torch = pytest.importorskip("torch")

CASES = [
    ("SGD", {"lr": 0.1}),
    ("SGD", {"lr": 0.1, "weight_decay": 0.1}),
    ("SGD", {"lr": 0.1, "momentum": 0.9}),
    ("SGD", {"lr": 0.1, "momentum": 0.9, "dampening": 0.3, "weight_decay": 0.1}),
    ("SGD", {"lr": 0.1, "momentum": 0.9, "nesterov": True, "maximize": True}),
    ("Adam", {}),
    ("Adam", {"lr": 0.1, "betas": (0.8, 0.95), "eps": 1e-6, "weight_decay": 0.1}),
    ("Adam", {"lr": 0.1, "amsgrad": True}),
    ("Adam", {"lr": 0.1, "amsgrad": True, "maximize": True, "weight_decay": 0.1}),
    ("Adam", {"lr": 0.1, "weight_decay": 0.1, "decoupled_weight_decay": True}),
    ("AdamW", {}),
    ("AdamW", {"lr": 0.1, "weight_decay": 0.3, "amsgrad": True, "maximize": True}),
    ("RMSprop", {}),
    ("RMSprop", {"lr": 0.1, "alpha": 0.9, "weight_decay": 0.1}),
    ("RMSprop", {"lr": 0.1, "momentum": 0.9}),
    ("RMSprop", {"lr": 0.1, "momentum": 0.9, "centered": True, "maximize": True}),
    ("RMSprop", {"lr": 0.1, "centered": True}),
    ("Adagrad", {}),
    ("Adagrad", {"lr": 0.1, "lr_decay": 0.1, "weight_decay": 0.1}),
    ("Adagrad", {"lr": 0.1, "initial_accumulator_value": 0.5, "eps": 1e-3, "maximize": True}),
]
SHAPES = [(3, 4), (5,), ()]


def _params(lib, dtype="float64"):
    rng = np.random.default_rng(0)
    return [
        lib.nn.Parameter(
            lib.from_numpy(np.asarray(rng.normal(size=shape), dtype=dtype).copy()).reshape(shape)
        )
        for shape in SHAPES
    ]


def _set_grads(lib, params, step):
    rng = np.random.default_rng(100 + step)
    for i, p in enumerate(params):
        grad = rng.normal(size=tuple(p.shape))
        skipped = i == 1 and step % 3 == 1  # a parameter without gradient is left alone
        p.grad = None if skipped else lib.from_numpy(np.asarray(grad)).reshape(tuple(p.shape)).to(p.dtype)


def _train(lib, params, optimizer, steps):
    for step in steps:
        _set_grads(lib, params, step)
        optimizer.step()


def _assert_same_state(ours, theirs, **tolerance):
    assert ours["param_groups"] == theirs["param_groups"]
    assert list(ours["state"]) == list(theirs["state"])
    for number, state in theirs["state"].items():
        assert list(ours["state"][number]) == list(state)
        for key, value in state.items():
            assert_close(ours["state"][number][key], value, **tolerance)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("name, options", CASES, ids=[f"{n}-{o}" for n, o in CASES])
def test_same_numbers(name, options, dtype):
    tolerance = {"rtol": 1e-10, "atol": 1e-12} if dtype == "float64" else {"rtol": 1e-5, "atol": 1e-6}
    results = []
    for lib in (fb, torch):
        params = _params(lib, dtype)
        optimizer = getattr(lib.optim, name)(params, **options)
        _train(lib, params, optimizer, range(20))
        results.append((params, optimizer))
    (ours, our_optimizer), (theirs, their_optimizer) = results
    assert_close(ours, theirs, **tolerance)
    _assert_same_state(our_optimizer.state_dict(), their_optimizer.state_dict(), **tolerance)
    assert repr(our_optimizer) == repr(their_optimizer)


@pytest.mark.parametrize("name, options", CASES, ids=[f"{n}-{o}" for n, o in CASES])
def test_resuming(name, options):
    """Three steps, through a state dictionary (pickled), and three more: as six steps."""
    whole = _params(fb)
    _train(fb, whole, getattr(fb.optim, name)(whole, **options), range(6))
    params = _params(fb)
    first = getattr(fb.optim, name)(params, **options)
    _train(fb, params, first, range(3))
    second = getattr(fb.optim, name)(params, lr=77.0)
    second.load_state_dict(pickle.loads(pickle.dumps(first.state_dict())))
    _train(fb, params, second, range(3, 6))
    assert_close(params, whole, rtol=0, atol=0)


def test_state_of_pytorch_loads():
    """The layout is PyTorch's: what it wrote goes on here with the same numbers."""
    theirs = _params(torch)
    their_optimizer = torch.optim.Adam(theirs, lr=0.1)
    _train(torch, theirs, their_optimizer, range(3))
    state = their_optimizer.state_dict()
    state["state"] = {
        number: {
            key: fb.from_numpy(value.numpy().copy()).reshape(tuple(value.shape))
            for key, value in values.items()
        }
        for number, values in state["state"].items()
    }
    ours = [fb.nn.Parameter(fb.from_numpy(p.detach().numpy().copy()).reshape(tuple(p.shape))) for p in theirs]
    our_optimizer = fb.optim.Adam(ours)
    our_optimizer.load_state_dict(state)
    _train(torch, theirs, their_optimizer, range(3, 6))
    _train(fb, ours, our_optimizer, range(3, 6))
    assert_close(ours, theirs, rtol=1e-10, atol=1e-12)


def test_loading_casts_to_the_parameters():
    params = _params(fb)
    first = fb.optim.Adam(params)
    _train(fb, params, first, range(2))
    halves = _params(fb, "float32")
    second = fb.optim.Adam(halves)
    second.load_state_dict(first.state_dict())
    state = second.state[halves[0]]
    assert state["exp_avg"].dtype == fb.float32
    assert state["step"].dtype == fb.float32
    assert state["step"] == 2


def test_number_of_steps_may_be_a_number():
    params = _params(fb)
    optimizer = fb.optim.Adam(params)
    _train(fb, params, optimizer, range(2))
    state = optimizer.state_dict()
    state["state"] = {k: {**v, "step": int(v["step"])} for k, v in state["state"].items()}
    optimizer.load_state_dict(state)
    assert isinstance(optimizer.state[params[0]]["step"], fb.Tensor)


def test_groups_have_their_own_options():
    a, b = fb.nn.Parameter(fb.ones(2)), fb.nn.Parameter(fb.ones(2))
    optimizer = fb.optim.SGD([{"params": [a]}, {"params": b, "lr": 1.0}], lr=0.1)
    for p in (a, b):
        p.grad = fb.ones(2)
    optimizer.step()
    assert_close(a, fb.full((2,), 0.9))
    assert_close(b, fb.zeros(2))
    optimizer.add_param_group({"params": [fb.nn.Parameter(fb.ones(1))]})
    assert optimizer.param_groups[2]["lr"] == 0.1
    assert [g["params"] for g in optimizer.state_dict()["param_groups"]] == [[0], [1], [2]]


def test_named_parameters():
    layer = fb.nn.Linear(2, 2)
    optimizer = fb.optim.SGD(layer.named_parameters(), lr=0.1)
    assert optimizer.param_groups[0]["param_names"] == ["weight", "bias"]
    assert optimizer.param_groups[0]["params"][0] is layer.weight


def test_lr_as_tensor():
    results = []
    for lib in (fb, torch):
        params = _params(lib)
        optimizer = lib.optim.Adam(params, lr=lib.tensor(0.1, dtype=lib.float64))
        _train(lib, params, optimizer, range(3))
        results.append(params)
    assert_close(results[0], results[1], rtol=1e-7)


def test_complex_parameters():
    results = []
    for lib in (fb, torch):
        rng = np.random.default_rng(1)
        p = lib.nn.Parameter(lib.from_numpy(rng.normal(size=3) + 1j * rng.normal(size=3)))
        optimizer = lib.optim.Adam([p], lr=0.1, amsgrad=True)
        for _ in range(3):
            p.grad = lib.from_numpy(rng.normal(size=3) + 1j * rng.normal(size=3))
            optimizer.step()
        results.append(p)
    assert_close(results[0], results[1])


@pytest.mark.parametrize(
    "make",
    [
        lambda lib, p: lib.optim.SGD(p, lr=0.1),
        lambda lib, p: lib.optim.SGD([], lr=0.1),
        lambda lib, p: lib.optim.SGD([1], lr=0.1),
        lambda lib, p: lib.optim.SGD([p * 2], lr=0.1),
        lambda lib, p: lib.optim.SGD([{"params": {p}}], lr=0.1),
        lambda lib, p: lib.optim.SGD([{"params": [p]}, {"params": [p]}], lr=0.1),
        lambda lib, p: lib.optim.SGD([p], lr=-0.1),
        lambda lib, p: lib.optim.SGD([p], lr=0.1, momentum=-1),
        lambda lib, p: lib.optim.SGD([p], lr=0.1, weight_decay=-1),
        lambda lib, p: lib.optim.SGD([p], lr=0.1, nesterov=True),
        lambda lib, p: lib.optim.Adam([p], lr=-1.0),
        lambda lib, p: lib.optim.Adam([p], eps=-1.0),
        lambda lib, p: lib.optim.Adam([p], betas=(1.0, 0.9)),
        lambda lib, p: lib.optim.Adam([p], betas=(0.9, -0.1)),
        lambda lib, p: lib.optim.AdamW([p], weight_decay=-1),
        lambda lib, p: lib.optim.RMSprop([p], alpha=-1),
        lambda lib, p: lib.optim.RMSprop([p], momentum=-1),
        lambda lib, p: lib.optim.Adagrad([p], lr_decay=-1),
        lambda lib, p: lib.optim.Adagrad([p], initial_accumulator_value=-1),
        lambda lib, p: lib.optim.SGD([p], lr=0.1).add_param_group([p]),
        lambda lib, p: lib.optim.SGD([p], lr=0.1).load_state_dict({"state": {}, "param_groups": []}),
        lambda lib, p: lib.optim.SGD([p], lr=0.1).load_state_dict(
            lib.optim.SGD([p, lib.zeros(2)], lr=0.1).state_dict()
        ),
    ],
)
def test_errors(make):
    outcomes = []
    for lib in (fb, torch):
        p = lib.nn.Parameter(lib.ones(2))
        with pytest.raises((TypeError, ValueError)) as info:
            make(lib, p)
        outcomes.append((type(info.value), str(info.value)))
    assert outcomes[0] == outcomes[1]


def test_required_option():
    p = fb.nn.Parameter(fb.ones(2))
    with pytest.raises(ValueError, match="didn't specify a value of required optimization parameter lr"):
        fb.optim.Optimizer([p], {"lr": fb.optim.optimizer.required})


def test_a_refused_group_changes_nothing():
    p = fb.nn.Parameter(fb.ones(2))
    optimizer = fb.optim.SGD([p], lr=0.1)
    with pytest.raises(ValueError, match="some parameters appear in more than one parameter group"):
        optimizer.add_param_group({"params": [fb.nn.Parameter(fb.ones(1)), p]})
    assert len(optimizer.param_groups) == 1


def test_duplicate_parameters_warn():
    p = fb.nn.Parameter(fb.ones(2))
    with pytest.warns(UserWarning, match="parameter group with duplicate parameters"):
        fb.optim.SGD([p, p], lr=0.1)


def test_closure():
    p = fb.nn.Parameter(fb.tensor([2.0]))
    optimizer = fb.optim.SGD([p], lr=0.25)

    def closure():
        optimizer.zero_grad()
        loss = (p * p).sum()
        loss.backward()
        return loss

    with fb.no_grad():  # step turns recording on for the closure
        assert optimizer.step(closure) == 4.0
    assert p == 1.0


def test_zero_grad():
    p = fb.nn.Parameter(fb.ones(2))
    optimizer = fb.optim.SGD([p], lr=0.1)
    optimizer.zero_grad()
    assert p.grad is None
    p.grad = fb.ones(2)
    grad = p.grad
    optimizer.zero_grad(set_to_none=False)
    assert p.grad is grad
    assert (grad == 0).all()
    optimizer.zero_grad()
    assert p.grad is None


def test_step_hooks():
    p = fb.nn.Parameter(fb.ones(2))
    p.grad = fb.ones(2)
    optimizer = fb.optim.SGD([p], lr=0.1)
    seen = []
    handles = [
        fb.optim.optimizer.register_optimizer_step_pre_hook(lambda o, a, k: seen.append("global pre")),
        optimizer.register_step_pre_hook(lambda o, a, k: seen.append(("pre", p[0].item()))),
        optimizer.register_step_post_hook(lambda o, a, k: seen.append(("post", round(p[0].item(), 3)))),
        fb.optim.optimizer.register_optimizer_step_post_hook(lambda o, a, k: seen.append("global post")),
    ]
    optimizer.step()
    assert seen == ["global pre", ("pre", 1.0), ("post", 0.9), "global post"]
    for handle in handles:
        handle.remove()
    optimizer.step()
    assert len(seen) == 4


def test_state_dict_hooks():
    optimizer = fb.optim.SGD([fb.nn.Parameter(fb.ones(2))], lr=0.1)
    optimizer.register_state_dict_post_hook(lambda o, state: {**state, "note": 1})
    seen = []
    optimizer.register_state_dict_pre_hook(lambda o: seen.append("save"))
    optimizer.register_load_state_dict_pre_hook(
        lambda o, state: seen.append("load") or {**state, "state": {}}
    )
    optimizer.register_load_state_dict_post_hook(lambda o: seen.append("loaded"))
    state = optimizer.state_dict()
    assert state["note"] == 1
    optimizer.load_state_dict(state)
    assert seen == ["save", "load", "loaded"]


def test_own_optimizer():
    """User classes override step, with hooks around it all the same."""

    class Half(fb.optim.Optimizer):
        def __init__(self, params):
            super().__init__(params, {"factor": 0.5})

        def step(self, closure=None):
            with fb.no_grad():
                for group in self.param_groups:
                    for p in group["params"]:
                        p.mul_(group["factor"])

    p = fb.nn.Parameter(fb.ones(2))
    optimizer = Half([p])
    seen = []
    optimizer.register_step_post_hook(lambda *args: seen.append(1))
    optimizer.step()
    assert_close(p, fb.full((2,), 0.5))
    assert seen == [1]


def test_state_of_own_optimizers_is_loaded_as_it_is():
    """Counts stay Python numbers, and the state may have entries that belong to no parameter."""

    class Counting(fb.optim.Optimizer):
        def _update(self, group, params):
            for p in params:
                self.state[p]["step"] = self.state[p].get("step", 0) + 1
            self.state["all"] = 3

    p = fb.nn.Parameter(fb.ones(2))
    p.grad = fb.ones(2)
    optimizer = Counting([p], {})
    optimizer.step()
    optimizer.load_state_dict(optimizer.state_dict())
    assert optimizer.state["all"] == 3 and type(optimizer.state[p]["step"]) is int


def test_copies():
    params = _params(fb)
    optimizer = fb.optim.Adam(params)
    _train(fb, params, optimizer, range(2))
    for copied in (copy.deepcopy(optimizer), pickle.loads(pickle.dumps(optimizer))):
        _assert_same_state(copied.state_dict(), optimizer.state_dict())
        other = copied.param_groups[0]["params"]
        assert other[0] is not params[0]
        _train(fb, other, copied, range(2, 3))


def test_steps_are_not_recorded():
    p = fb.nn.Parameter(fb.ones(2))
    for name in ("SGD", "Adam", "AdamW", "RMSprop", "Adagrad"):
        optimizer = getattr(fb.optim, name)([p], lr=0.1)
        (p * p).sum().backward()
        optimizer.step()
        assert p.is_leaf
        assert p.requires_grad
        assert all(not v.requires_grad for v in optimizer.state[p].values() if isinstance(v, fb.Tensor))


def test_repr_separates_groups():
    params = [{"params": [fb.nn.Parameter(fb.ones(1))]}, {"params": [fb.nn.Parameter(fb.ones(1))], "lr": 0.2}]
    rows = repr(fb.optim.Rprop(params, lr=0.1)).splitlines()
    assert rows[:2] == ["Rprop (", "Parameter Group 0"] and rows[-1] == ")"
    assert rows[rows.index("Parameter Group 1") - 1] == ""
