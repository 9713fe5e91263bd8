"""Adadelta, Adamax, NAdam, RAdam, Rprop, ASGD and Adafactor against PyTorch."""

import copy

import numpy as np
import pytest

import flambeau as fb

from ..nn.parity import assert_close, raised
from .test_optimizers import _assert_same_state, _params, _train

torch = pytest.importorskip("torch")

CASES = [
    ("Adadelta", {}),
    ("Adadelta", {"lr": 0.5, "rho": 0.8, "eps": 1e-3, "weight_decay": 0.1}),
    ("Adadelta", {"maximize": True}),
    ("Adamax", {}),
    ("Adamax", {"lr": 0.1, "betas": (0.8, 0.95), "eps": 1e-3, "weight_decay": 0.1}),
    ("Adamax", {"lr": 0.1, "maximize": True}),
    ("NAdam", {}),
    ("NAdam", {"lr": 0.1, "betas": (0.8, 0.95), "weight_decay": 0.1, "momentum_decay": 0.02}),
    ("NAdam", {"lr": 0.1, "weight_decay": 0.1, "decoupled_weight_decay": True, "maximize": True}),
    ("RAdam", {}),
    ("RAdam", {"lr": 0.1, "betas": (0.8, 0.95), "eps": 1e-3, "weight_decay": 0.1}),
    ("RAdam", {"lr": 0.1, "weight_decay": 0.1, "decoupled_weight_decay": True, "maximize": True}),
    ("Rprop", {}),
    ("Rprop", {"lr": 0.1, "etas": (0.3, 1.5), "step_sizes": (0.01, 0.2)}),
    ("Rprop", {"maximize": True}),
    ("ASGD", {}),
    ("ASGD", {"lr": 0.1, "lambd": 0.1, "alpha": 0.5, "t0": 5, "weight_decay": 0.1}),
    ("ASGD", {"lr": 0.1, "t0": 0, "maximize": True}),
    ("Adafactor", {}),
    ("Adafactor", {"lr": 0.5, "beta2_decay": -0.5, "eps": (1e-3, 0.1), "d": 1.5, "weight_decay": 0.1}),
    ("Adafactor", {"lr": 0.1, "maximize": True}),
]
IDS = [f"{n}-{o}" for n, o in CASES]
NAMES = sorted({name for name, _ in CASES})
CLOSE = {"rtol": 1e-6, "atol": 1e-9}


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("name, options", CASES, ids=IDS)
def test_same_numbers(name, options, dtype):
    tolerance = CLOSE if dtype == "float64" else {"rtol": 2e-5, "atol": 2e-6}
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


def _to(lib, value):
    """A state with all tensors in `lib`."""
    if isinstance(value, dict):
        return {k: _to(lib, v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(_to(lib, v) for v in value)
    if isinstance(value, (fb.Tensor, torch.Tensor)):
        return lib.from_numpy(np.array(value.detach().numpy())).reshape(tuple(value.shape))
    return value


@pytest.mark.parametrize("source, target", [(fb, torch), (torch, fb)], ids=["to PyTorch", "from PyTorch"])
@pytest.mark.parametrize("name, options", CASES, ids=IDS)
def test_state_is_exchanged(name, options, source, target):
    """Ten steps there and ten here are twenty steps."""
    params = _params(source)
    optimizer = getattr(source.optim, name)(params, **options)
    _train(source, params, optimizer, range(10))
    copies = [target.nn.Parameter(_to(target, p)) for p in params]
    second = getattr(target.optim, name)(copies)
    second.load_state_dict(_to(target, optimizer.state_dict()))
    _train(source, params, optimizer, range(10, 20))
    _train(target, copies, second, range(10, 20))
    assert_close(copies, params, **CLOSE)


@pytest.mark.parametrize(
    "name, options",
    [(name, {}) for name in ("Adadelta", "Adamax", "NAdam", "RAdam", "Rprop", "ASGD", "RMSprop", "Adagrad")]
    + [("RMSprop", {"centered": True, "momentum": 0.9}), ("Adagrad", {"initial_accumulator_value": 0.5})],
)
def test_complex_parameters(name, options):
    results = []
    for lib in (fb, torch):
        rng = np.random.default_rng(1)
        p = lib.nn.Parameter(lib.from_numpy(rng.normal(size=3) + 1j * rng.normal(size=3)))
        optimizer = getattr(lib.optim, name)([p], lr=0.1, **options)
        for _ in range(20):
            p.grad = lib.from_numpy(rng.normal(size=3) + 1j * rng.normal(size=3))
            optimizer.step()
        results.append((p, optimizer.state_dict()))
    assert_close(results[0][0], results[1][0], **CLOSE)
    _assert_same_state(results[0][1], results[1][1], **CLOSE)


@pytest.mark.parametrize("name", NAMES)
def test_sparse_gradients_are_refused(name):
    outcomes = []
    for lib in (fb, torch):
        p = lib.nn.Parameter(lib.ones(2, 3))
        optimizer = getattr(lib.optim, name)([p])
        p.grad = lib.ones(2, 3).to_sparse(1)
        outcomes.append(raised(optimizer.step))
        assert not optimizer.state_dict()["state"] or lib is torch
    assert outcomes[0] == outcomes[1]


@pytest.mark.parametrize(
    "name, options",
    [(name, {"lr": -1.0}) for name in NAMES]
    + [(name, {"eps": -1.0}) for name in ("Adadelta", "Adamax", "NAdam", "RAdam")]
    + [(name, {"betas": b}) for name in ("Adamax", "NAdam", "RAdam") for b in ((1.0, 0.9), (0.9, -0.1))]
    + [(name, {"weight_decay": -1.0}) for name in ("Adadelta", "Adamax", "NAdam", "RAdam", "ASGD")]
    + [
        ("Adadelta", {"rho": 1.5}),
        ("NAdam", {"momentum_decay": -1.0}),
        ("Rprop", {"etas": (1.0, 1.2)}),
        ("Rprop", {"etas": (0.5, 0.9)}),
        ("Adafactor", {"beta2_decay": 1.0}),
        ("Adafactor", {"eps": (-1.0, 1.0)}),
        ("Adafactor", {"eps": (None, -1.0)}),
        ("Adafactor", {"d": 0.5}),
        ("Adafactor", {"weight_decay": -1.0}),
    ],
)
def test_errors_of_arguments(name, options):
    outcomes = [
        raised(lambda lib=lib: getattr(lib.optim, name)([lib.nn.Parameter(lib.ones(2, 2))], **options))
        for lib in (fb, torch)
    ]
    assert outcomes[0] == outcomes[1]


@pytest.mark.parametrize("name", NAMES)
def test_closure(name):
    p = fb.nn.Parameter(fb.full((2, 2), 2.0))
    optimizer = getattr(fb.optim, name)([p])

    def closure():
        optimizer.zero_grad()
        loss = (p**2).sum()
        loss.backward()
        return loss

    assert optimizer.step(closure).item() == 16.0
    assert optimizer.step(closure).item() < 16.0
    assert copy.deepcopy(optimizer).state_dict()["state"].keys() == {0}
