"""Averages of weights and SWALR against PyTorch."""

import numpy as np
import pytest

import flambeau as fb

from ..nn.parity import assert_close, raised

torch = pytest.importorskip("torch")
pytest.importorskip("torch.optim.swa_utils")
LIBS = (fb, torch)


def _swa(lib):
    return lib.optim.swa_utils


def _model(lib):
    net = lib.nn.Sequential(lib.nn.Linear(3, 4), lib.nn.BatchNorm1d(4), lib.nn.Linear(4, 2)).double()
    _set_weights(lib, net, 0)
    return net


def _set_weights(lib, net, seed):
    rng = np.random.default_rng(seed)
    with lib.no_grad():
        for p in net.parameters():
            p.copy_(lib.from_numpy(rng.normal(size=tuple(p.shape))))
        for name, b in net.named_buffers():
            b.copy_(lib.tensor(seed) if "num" in name else lib.from_numpy(rng.uniform(1, 2, tuple(b.shape))))


AVERAGES = {
    "mean": lambda swa: {},
    "swa": lambda swa: {"avg_fn": swa.get_swa_avg_fn()},
    "swa of lists": lambda swa: {"multi_avg_fn": swa.get_swa_multi_avg_fn()},
    "ema": lambda swa: {"avg_fn": swa.get_ema_avg_fn(0.9)},
    "ema of lists": lambda swa: {"multi_avg_fn": swa.get_ema_multi_avg_fn(0.9)},
    "own": lambda swa: {"avg_fn": lambda average, new, n: average + n * new},
}


@pytest.mark.parametrize("use_buffers", [False, True])
@pytest.mark.parametrize("name", [name for name in AVERAGES if name != "swa of lists"])
def test_averages(name, use_buffers):
    states = []
    for lib in LIBS:
        net = _model(lib)
        averaged = _swa(lib).AveragedModel(net, use_buffers=use_buffers, **AVERAGES[name](_swa(lib)))
        for seed in range(1, 5):
            _set_weights(lib, net, seed)
            averaged.update_parameters(net)
        states.append(averaged.state_dict())
    assert list(states[0]) == list(states[1])
    assert_close(list(states[0].values()), list(states[1].values()))


@pytest.mark.parametrize("use_buffers", [False, True])
def test_average_of_lists(use_buffers):
    """PyTorch divides in float32 here and refuses integer buffers."""
    swa, states = fb.optim.swa_utils, []
    for options in ({}, {"multi_avg_fn": swa.get_swa_multi_avg_fn()}):
        net = _model(fb)
        averaged = swa.AveragedModel(net, use_buffers=use_buffers, **options)
        for seed in range(1, 5):
            _set_weights(fb, net, seed)
            averaged.update_parameters(net)
        states.append(averaged.state_dict())
    assert_close(list(states[0].values()), list(states[1].values()))


def test_averaged_model_is_a_model():
    net = _model(fb)
    averaged = fb.optim.swa_utils.AveragedModel(net)
    x = fb.ones(2, 3, dtype=fb.float64)
    assert_close(averaged.eval()(x), net.eval()(x))
    assert averaged.module is not net
    _set_weights(fb, net, 1)
    assert not fb.equal(averaged.module[0].weight, net[0].weight)


def test_update_bn():
    states = []
    for lib in LIBS:
        net = _model(lib).eval()
        rng = np.random.default_rng(3)
        loader = [(lib.from_numpy(rng.normal(size=(5, 3))), None) for _ in range(4)]
        _swa(lib).update_bn(loader, net)
        assert net[1].momentum == 0.1 and not net.training
        states.append(net.state_dict())
    assert_close(list(states[0].values()), list(states[1].values()))


def test_update_bn_of_plain_batches():
    net = _model(fb)
    fb.optim.swa_utils.update_bn([fb.ones(2, 3, dtype=fb.float64)], net, device="cpu")
    assert net[1].num_batches_tracked == 1
    assert net.training


@pytest.mark.parametrize("strategy", ["cos", "linear"])
@pytest.mark.parametrize("epochs", [0, 1, 5])
def test_swalr(strategy, epochs):
    paths = []
    for lib in LIBS:
        groups = [{"params": [lib.nn.Parameter(lib.ones(1))], "lr": lr} for lr in (0.5, 0.01)]
        optimizer = lib.optim.SGD(groups)
        scheduler = _swa(lib).SWALR(optimizer, [0.05, 0.1], anneal_epochs=epochs, anneal_strategy=strategy)
        rates = [scheduler.get_last_lr()]
        for _ in range(8):
            optimizer.step()
            scheduler.step()
            rates.append(scheduler.get_last_lr())
        paths.append(rates)
    np.testing.assert_allclose(paths[0], paths[1], rtol=1e-9)


@pytest.mark.parametrize(
    "options", [{"anneal_strategy": "x"}, {"anneal_epochs": -1}, {"anneal_epochs": 1.5}, {"swa_lr": [1, 2]}]
)
def test_errors_of_swalr(options):
    outcomes = []
    for lib in LIBS:
        optimizer = lib.optim.SGD([lib.nn.Parameter(lib.ones(1))])
        make = _swa(lib).SWALR
        outcomes.append(raised(lambda make=make, o=optimizer: make(o, **{"swa_lr": 0.1, **options})))
    assert outcomes[0] == outcomes[1]


@pytest.mark.parametrize(
    "make",
    [
        lambda swa, net: swa.get_ema_avg_fn(1.5),
        lambda swa, net: swa.get_ema_multi_avg_fn(-1),
        lambda swa, net: swa.AveragedModel(net, avg_fn=max, multi_avg_fn=max),
    ],
)
def test_errors_of_averages(make):
    ours, theirs = (raised(lambda lib=lib: make(_swa(lib), _model(lib))) for lib in LIBS)
    assert ours == theirs
