"""L-BFGS and its line search against PyTorch."""

import copy

import numpy as np
import pytest

import flambeau as fb

from ..nn.parity import assert_close, raised

torch = pytest.importorskip("torch")

CASES = [
    {},
    {"lr": 0.1, "max_iter": 4},
    {"lr": 0.5, "history_size": 2, "max_iter": 5},
    {"line_search_fn": "strong_wolfe"},
    {"line_search_fn": "strong_wolfe", "max_iter": 3, "history_size": 3},
    {"line_search_fn": "strong_wolfe", "max_eval": 5, "lr": 10.0},
    {"tolerance_grad": 0.1, "line_search_fn": "strong_wolfe"},
]


def _logistic(lib):
    """(parameters, loss) of a logistic regression with a penalty: convex and smooth."""
    rng = np.random.default_rng(0)
    x, y = (lib.from_numpy(a) for a in (rng.normal(size=(20, 3)), rng.choice([-1.0, 1.0], size=20)))
    w, b = lib.nn.Parameter(lib.zeros(3, dtype=lib.float64)), lib.nn.Parameter(lib.zeros((), dtype=lib.float64))
    unused = lib.nn.Parameter(lib.ones(2, dtype=lib.float64))
    return [w, unused, b], lambda: lib.nn.functional.softplus(-y * (x @ w + b)).sum() + 0.1 * (w**2).sum()


def _rosenbrock(lib):
    """Narrow and curved: the line search has to extend and to zoom."""
    p = lib.nn.Parameter(lib.tensor([-1.2, 1.0, 0.5], dtype=lib.float64))
    return [p], lambda: (100 * (p[1:] - p[:-1] ** 2) ** 2 + (1 - p[:-1]) ** 2).sum()


def _closure(optimizer, loss):
    def closure():
        optimizer.zero_grad()
        value = loss()
        value.backward()
        return value

    return closure


@pytest.mark.parametrize("options", CASES, ids=str)
@pytest.mark.parametrize("problem", [_logistic, _rosenbrock])
def test_same_path(problem, options):
    if problem is _rosenbrock and "line_search_fn" not in options:
        options = {**options, "lr": 1e-3}
    results = []
    for lib in (fb, torch):
        params, loss = problem(lib)
        optimizer = lib.optim.LBFGS(params, **options)
        closure = _closure(optimizer, loss)
        losses = [optimizer.step(closure).item() for _ in range(6)]
        results.append((params, losses, optimizer.state_dict()))
    (ours, our_losses, our_state), (theirs, their_losses, their_state) = results
    assert_close(ours, theirs, rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(our_losses, their_losses, rtol=1e-6, atol=1e-8)
    assert our_state["param_groups"] == their_state["param_groups"]
    for name in ("n_iter", "func_evals"):
        assert our_state["state"][0][name] == their_state["state"][0][name]


def _to(lib, value):
    if isinstance(value, dict):
        return {k: _to(lib, v) for k, v in value.items()}
    if isinstance(value, list):
        return [_to(lib, v) for v in value]
    return lib.from_numpy(np.array(value.detach().numpy())) if hasattr(value, "detach") else value


@pytest.mark.parametrize("source, target", [(fb, torch), (torch, fb)], ids=["to PyTorch", "from PyTorch"])
@pytest.mark.parametrize("options", [{"lr": 0.1}, {"line_search_fn": "strong_wolfe"}], ids=str)
def test_state_is_exchanged(options, source, target):
    params, loss = _logistic(source)
    first = source.optim.LBFGS(params, max_iter=3, **options)
    first.step(_closure(first, loss))
    copies, their_loss = _logistic(target)
    for p, value in zip(copies, params, strict=True):
        p.data.copy_(_to(target, value))
    second = target.optim.LBFGS(copies)
    second.load_state_dict(_to(target, first.state_dict()))
    first.step(_closure(first, loss))
    second.step(_closure(second, their_loss))
    assert_close(copies, params, rtol=1e-6, atol=1e-9)


def test_complex_parameters():
    results = []
    for lib in (fb, torch):
        p = lib.nn.Parameter(lib.tensor([1 + 2j, -1j], dtype=lib.complex128))
        optimizer = lib.optim.LBFGS([p], line_search_fn="strong_wolfe")
        optimizer.step(_closure(optimizer, lambda p=p: ((p - 0.5j).abs() ** 4).sum()))
        results.append(p)
    assert_close(results[0], results[1], rtol=1e-6, atol=1e-6)


def test_copies_keep_their_parameters():
    params, _ = _logistic(fb)
    other = copy.deepcopy(fb.optim.LBFGS(params))
    assert other._params[0] is other.param_groups[0]["params"][0]


def test_errors():
    ours, theirs = (
        raised(
            lambda lib=lib: lib.optim.LBFGS(
                [{"params": [lib.nn.Parameter(lib.ones(1))]}, {"params": [lib.nn.Parameter(lib.ones(1))]}]
            )
        )
        for lib in (fb, torch)
    )
    assert ours == theirs
    p = fb.nn.Parameter(fb.ones(1))
    with pytest.raises(ValueError, match="Invalid learning rate: -1"):
        fb.optim.LBFGS([p], lr=-1)
    with pytest.raises(RuntimeError, match="only 'strong_wolfe' is supported"):
        fb.optim.LBFGS([p], line_search_fn="backtracking").step(lambda: p.sum())
    with pytest.raises(TypeError, match="closure"):
        fb.optim.LBFGS([p]).step()
