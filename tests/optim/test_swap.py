"""swap_in_optimizer_params_and_state against PyTorch."""

import pytest

import flambeau as fb

from ..nn.parity import assert_close, raised

torch = pytest.importorskip("torch")

LIBS = (fb, torch)


def _trained(lib, steps=1, name="Adam"):
    params = [lib.nn.Parameter(lib.ones(2) * (i + 1)) for i in range(2)]
    optimizer = getattr(lib.optim, name)([{"params": params[:1]}, {"params": params[1:], "lr": 0.5}], lr=0.1)
    for _ in range(steps):
        for p in params:
            p.grad = lib.ones(2)
        optimizer.step()
    return params, optimizer


def _others(lib):
    tensors = {name: lib.zeros(2, requires_grad=True) for name in "ab"}
    for t in tensors.values():
        t.grad = lib.ones(2)
    return tensors


def test_step_acts_on_what_is_swapped_in():
    results = []
    for lib in LIBS:
        params, optimizer = _trained(lib)
        before = [p.detach().clone() for p in params], optimizer.state_dict()
        groups, moment = optimizer.param_groups, optimizer.state[params[0]]["exp_avg"].clone()
        others = _others(lib)
        state = _trained(lib, 3)[1].state_dict()
        swap = lib.optim.swap_in_optimizer_params_and_state
        with swap(optimizer, others, state):
            assert optimizer.param_groups is groups and groups[0]["params"][0] is others["a"]
            optimizer.step()
            groups[0]["lr"] = 7.0
            optimizer.state[others["a"]]["more"] = 1
        assert groups[0]["lr"] == 0.1 and groups[0]["params"][0] is params[0]
        assert_close([p.detach() for p in params], before[0], atol=0)
        assert_close(optimizer.state[params[0]]["exp_avg"], moment, atol=0)
        assert "more" not in state["state"][0] and state["state"][0]["step"] == 4
        results.append([*others.values(), state["state"][1]["exp_avg_sq"]])
    assert_close(results[0], results[1], rtol=1e-6)


def test_it_ends_after_an_error():
    params, optimizer = _trained(fb)
    swap = fb.optim.swap_in_optimizer_params_and_state
    with pytest.raises(ZeroDivisionError), swap(optimizer, _others(fb), optimizer.state_dict()):
        raise ZeroDivisionError
    assert optimizer.param_groups[0]["params"][0] is params[0] and params[0] in optimizer.state


@pytest.mark.parametrize(
    "change",
    [
        lambda others, state: ({"a": others["a"]}, state),
        lambda others, state: (others, {"state": state["state"]}),
        lambda others, state: (others, {**state, "param_groups": []}),
        lambda others, state: (others, {**state, "param_groups": [{"params": [0], "lr": 1}, {"params": [1]}]}),
    ],
)
def test_errors(change):
    outcomes = []
    for lib in LIBS:
        params, optimizer = _trained(lib)
        args = change(_others(lib), optimizer.state_dict())
        with_block = lib.optim.swap_in_optimizer_params_and_state(optimizer, *args)
        outcomes.append(raised(with_block.__enter__))
        assert optimizer.param_groups[0]["params"][0] is params[0]
    assert outcomes[0] == outcomes[1]


def test_state_must_exist():
    outcomes = []
    for lib in LIBS:
        _, optimizer = _trained(lib, steps=0)
        swap = lib.optim.swap_in_optimizer_params_and_state(optimizer, _others(lib), optimizer.state_dict())
        outcomes.append(raised(swap.__enter__))
    assert outcomes[0] == outcomes[1]
