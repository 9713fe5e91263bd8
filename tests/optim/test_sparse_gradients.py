"""SparseAdam, SGD and Adagrad with sparse gradients, against PyTorch."""

import numpy as np
import pytest

import flambeau as fb

from ..nn.parity import assert_close, raised

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.filterwarnings("ignore:Sparse invariant checks are implicitly disabled")  # PyTorch's

CASES = [
    ("SparseAdam", {}),
    ("SparseAdam", {"lr": 0.1, "betas": (0.8, 0.95), "eps": 1e-3}),
    ("SparseAdam", {"lr": 0.1, "maximize": True}),
    ("SGD", {"lr": 0.1}),
    ("SGD", {"lr": 0.1, "momentum": 0.9}),
    ("Adagrad", {"lr": 0.1, "lr_decay": 0.1}),
]


def _param(lib):
    return lib.nn.Parameter(lib.from_numpy(np.random.default_rng(0).normal(size=(5, 3))))


def _train(lib, p, optimizer, steps):
    """Steps by gradients of two or three rows, one of them given twice; at the third step, of none."""
    for step in steps:
        rng = np.random.default_rng(step)
        rows = [] if step == 2 else [*rng.integers(0, 5, 2).tolist()] * 2
        values = rng.normal(size=(len(rows), 3))
        indices = lib.tensor([rows], dtype=lib.int64)
        p.grad = lib.sparse_coo_tensor(indices, lib.from_numpy(values), (5, 3))
        optimizer.step()


@pytest.mark.parametrize("name, options", CASES)
def test_same_numbers(name, options):
    results = []
    for lib in (fb, torch):
        p = _param(lib)
        optimizer = getattr(lib.optim, name)([p], **options)
        _train(lib, p, optimizer, range(20))
        results.append((p, optimizer.state_dict()["state"].get(0, {})))
    (ours, our_state), (theirs, their_state) = results
    assert_close(ours, theirs, rtol=1e-6)
    assert list(our_state) == list(their_state)
    for key, value in their_state.items():
        if key == "step":
            assert float(our_state[key]) == float(value)
        else:
            assert_close(our_state[key].to_dense(), value.to_dense(), rtol=1e-6)


@pytest.mark.parametrize("source, target", [(fb, torch), (torch, fb)], ids=["to PyTorch", "from PyTorch"])
def test_state_of_sparse_adam_is_exchanged(source, target):
    p = _param(source)
    optimizer = source.optim.SparseAdam([p], lr=0.1)
    _train(source, p, optimizer, range(10))
    copy = target.nn.Parameter(target.from_numpy(p.detach().numpy().copy()))
    second = target.optim.SparseAdam([copy])
    state = optimizer.state_dict()
    state["state"] = {
        0: {k: v if k == "step" else target.from_numpy(v.numpy().copy()) for k, v in state["state"][0].items()}
    }
    second.load_state_dict(state)
    _train(source, p, optimizer, range(10, 20))
    _train(target, copy, second, range(10, 20))
    assert_close(copy, p, rtol=1e-6)


@pytest.mark.parametrize(
    "options", [{"lr": 0.0}, {"lr": -1.0}, {"eps": 0.0}, {"betas": (1.0, 0.9)}, {"betas": (0.9, 1.0)}]
)
def test_errors_of_arguments(options):
    ours, theirs = (raised(lambda lib=lib: lib.optim.SparseAdam([_param(lib)], **options)) for lib in (fb, torch))
    assert ours == theirs


@pytest.mark.parametrize(
    "make", [lambda lib: lib.eye(3).to_sparse().requires_grad_(), lambda lib: lib.ones(3).to(lib.complex64)]
)
def test_sparse_and_complex_parameters_are_refused(make):
    ours, theirs = (
        raised(lambda lib=lib: lib.optim.SparseAdam([_param(lib), make(lib).requires_grad_()])) for lib in (fb, torch)
    )
    if "Complex" in ours[1]:
        assert "Complex params at indices [[0, 1]]" in ours[1]
    else:
        assert ours == theirs


def test_dense_gradients_are_refused():
    outcomes = []
    for lib in (fb, torch):
        p = _param(lib)
        optimizer = lib.optim.SparseAdam([p])
        p.grad = lib.ones_like(p)
        outcomes.append(raised(optimizer.step))
    assert outcomes[0] == outcomes[1]
