"""Schedules against PyTorch: the whole curve, by steps, after resuming, and in the closed form."""

import math
import pickle
import warnings

import pytest

import flambeau as fb

torch = pytest.importorskip("torch")


def _optimizer(lib, name="SGD", **options):
    params = [lib.nn.Parameter(lib.zeros(1)), lib.nn.Parameter(lib.zeros(1))]
    return getattr(lib.optim, name)(
        [{"params": params[:1]}, {"params": params[1:], "lr": 0.05}], lr=0.5, **options
    )


CASES = {
    "lambda": lambda o, s: s.LambdaLR(o, lambda e: 0.95**e),
    "lambdas": lambda o, s: s.LambdaLR(o, [lambda e: 0.95**e, lambda e: 1 / (e + 1)]),
    "multiplicative": lambda o, s: s.MultiplicativeLR(o, lambda e: 0.9 if e % 2 else 1.05),
    "step": lambda o, s: s.StepLR(o, 3, 0.5),
    "multistep": lambda o, s: s.MultiStepLR(o, [2, 5, 5, 9], 0.3),
    "constant": lambda o, s: s.ConstantLR(o, 0.25, 4),
    "linear": lambda o, s: s.LinearLR(o, 0.1, 0.8, 6),
    "exponential": lambda o, s: s.ExponentialLR(o, 0.9),
    "polynomial": lambda o, s: s.PolynomialLR(o, 7, 2.0),
    "cosine": lambda o, s: s.CosineAnnealingLR(o, 5, 0.01),
    "restarts": lambda o, s: s.CosineAnnealingWarmRestarts(o, 3, 2, 0.01),
    "restarts1": lambda o, s: s.CosineAnnealingWarmRestarts(o, 4),
    "cyclic": lambda o, s: s.CyclicLR(o, 0.01, 0.2, 4, 3, cycle_momentum=False),
    "cyclic2": lambda o, s: s.CyclicLR(
        o, [0.01, 0.02], [0.2, 0.3], 4, mode="triangular2", cycle_momentum=False
    ),
    "cyclic range": lambda o, s: s.CyclicLR(
        o, 0.01, 0.2, 4, mode="exp_range", gamma=0.9, cycle_momentum=False
    ),
    "cyclic function": lambda o, s: s.CyclicLR(
        o, 0.01, 0.2, 4, scale_fn=lambda x: 1 / (x + 1), scale_mode="iterations", cycle_momentum=False
    ),
    "one cycle": lambda o, s: s.OneCycleLR(o, 0.4, total_steps=25, cycle_momentum=False),
    "one cycle linear": lambda o, s: s.OneCycleLR(
        o,
        [0.4, 0.2],
        epochs=5,
        steps_per_epoch=5,
        anneal_strategy="linear",
        three_phase=True,
        cycle_momentum=False,
    ),
    "sequential": lambda o, s: s.SequentialLR(
        o, [s.ConstantLR(o, 0.1, 3), s.ExponentialLR(o, 0.9), s.StepLR(o, 2)], [3, 8]
    ),
    "sequential cosine": lambda o, s: s.SequentialLR(
        o, [s.LinearLR(o, 0.1, total_iters=4), s.CosineAnnealingLR(o, 10)], [4]
    ),
    "chained": lambda o, s: s.ChainedScheduler([s.ConstantLR(o, 0.1, 4), s.ExponentialLR(o, 0.9)]),
}


def _rates(optimizer):
    return [group["lr"] for group in optimizer.param_groups]


def _curve(optimizer, scheduler, steps):
    curve = [_rates(optimizer)]
    for _ in range(steps):
        optimizer.step()
        scheduler.step()
        assert scheduler.get_last_lr() == _rates(optimizer)
        curve.append(_rates(optimizer))
    return curve


@pytest.mark.parametrize("name", CASES)
def test_curve(name):
    curves = []
    for lib in (fb, torch):
        optimizer = _optimizer(lib)
        scheduler = CASES[name](optimizer, lib.optim.lr_scheduler)
        curves.append(_curve(optimizer, scheduler, 22))
    for ours, theirs in zip(*curves, strict=True):
        assert ours == pytest.approx(theirs, rel=1e-12, abs=1e-15)


@pytest.mark.parametrize("name", CASES)
def test_resuming(name):
    whole_optimizer = _optimizer(fb)
    whole = _curve(whole_optimizer, CASES[name](whole_optimizer, fb.optim.lr_scheduler), 20)
    optimizer = _optimizer(fb)
    scheduler = CASES[name](optimizer, fb.optim.lr_scheduler)
    _curve(optimizer, scheduler, 7)
    saved = pickle.dumps((optimizer.state_dict(), scheduler.state_dict())) if "function" not in name else None
    state = pickle.loads(saved) if saved else (optimizer.state_dict(), scheduler.state_dict())
    optimizer = _optimizer(fb)
    scheduler = CASES[name](optimizer, fb.optim.lr_scheduler)
    optimizer.load_state_dict(state[0])
    scheduler.load_state_dict(state[1])
    assert _curve(optimizer, scheduler, 13) == whole[7:]


@pytest.mark.parametrize("name", ["cyclic", "one cycle", "one cycle three"])
@pytest.mark.parametrize("optimizer_name, options", [("SGD", {"momentum": 0.9}), ("Adam", {})])
def test_momentum_moves_against_the_rate(name, optimizer_name, options):
    curves = []
    for lib in (fb, torch):
        optimizer = _optimizer(lib, optimizer_name, **options)
        s = lib.optim.lr_scheduler
        if name == "cyclic":
            scheduler = s.CyclicLR(optimizer, 0.01, 0.2, 4, 3)
        else:
            scheduler = s.OneCycleLR(optimizer, 0.4, total_steps=25, three_phase=name.endswith("three"))
        curve = []
        for _ in range(20):
            curve += [
                group["betas"][0] if optimizer_name == "Adam" else group["momentum"]
                for group in optimizer.param_groups
            ]
            optimizer.step()
            scheduler.step()
        curves.append(curve)
    assert curves[0] == pytest.approx(curves[1], rel=1e-12)


@pytest.mark.parametrize("mode", ["min", "max"])
@pytest.mark.parametrize("threshold_mode", ["rel", "abs"])
def test_plateau(mode, threshold_mode):
    metrics = [3.0, 2.0, 2.5, 2.0001, 1.99999, 2.2, 2.1, 1.5, 1.6, 1.7, 1.8, 1.9, 2.0, 2.1, 2.2] + [1.0] * 5
    curves = []
    for lib in (fb, torch):
        optimizer = _optimizer(lib)
        scheduler = lib.optim.lr_scheduler.ReduceLROnPlateau(
            optimizer, mode, 0.5, 1, 1e-3, threshold_mode, cooldown=1, min_lr=[0.1, 0.0]
        )
        curve = []
        for metric in metrics:
            optimizer.step()
            scheduler.step(lib.tensor(metric))
            curve.append(
                (_rates(optimizer), scheduler.num_bad_epochs, scheduler.in_cooldown, scheduler.get_last_lr())
            )
        curves.append(curve)
    assert curves[0] == curves[1]
    assert len({tuple(rates) for rates, *_ in curves[0]}) > 2


def test_step_with_epoch_uses_the_closed_form():
    for name in ("step", "multistep", "constant", "linear", "exponential", "polynomial", "cosine", "lambda"):
        rates = []
        for lib in (fb, torch):
            optimizer = _optimizer(lib)
            scheduler = CASES[name](optimizer, lib.optim.lr_scheduler)
            optimizer.step()
            with pytest.warns(
                UserWarning, match="The epoch parameter in `scheduler.step\\(\\)` was not necessary"
            ):
                scheduler.step(6)
            rates.append(_rates(optimizer))
        assert rates[0] == pytest.approx(rates[1], rel=1e-12)


def test_warm_restarts_at_fractions_of_an_epoch():
    curves = []
    for lib in (fb, torch):
        optimizer = _optimizer(lib)
        scheduler = lib.optim.lr_scheduler.CosineAnnealingWarmRestarts(optimizer, 3, 2)
        optimizer.step()
        curve = []
        for i in range(40):
            scheduler.step(i / 3)
            curve.append(_rates(optimizer)[0])
        curves.append(curve)
    assert curves[0] == pytest.approx(curves[1], rel=1e-12)


def test_last_epoch_resumes():
    for name in ("StepLR", "CosineAnnealingLR", "ExponentialLR"):
        args = {"StepLR": (2,), "CosineAnnealingLR": (5,), "ExponentialLR": (0.9,)}[name]
        curves = []
        for lib in (fb, torch):
            optimizer = _optimizer(lib)
            with pytest.raises(KeyError, match="param 'initial_lr' is not specified in param_groups\\[0\\]"):
                getattr(lib.optim.lr_scheduler, name)(optimizer, *args, last_epoch=3)
            for group in optimizer.param_groups:
                group["initial_lr"] = 2.0
            scheduler = getattr(lib.optim.lr_scheduler, name)(optimizer, *args, last_epoch=3)
            curves.append(_curve(optimizer, scheduler, 6))
        for ours, theirs in zip(*curves, strict=True):
            assert ours == pytest.approx(theirs, rel=1e-12)


def test_order_warning():
    optimizer = _optimizer(fb)
    scheduler = fb.optim.lr_scheduler.StepLR(optimizer, 2)
    with pytest.warns(
        UserWarning, match="Detected call of `lr_scheduler.step\\(\\)` before `optimizer.step\\(\\)`"
    ):
        scheduler.step()
    optimizer = _optimizer(fb)
    scheduler = fb.optim.lr_scheduler.StepLR(optimizer, 2)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        optimizer.step()
        scheduler.step()


def test_get_lr_outside_of_step_warns():
    scheduler = fb.optim.lr_scheduler.ExponentialLR(_optimizer(fb), 0.9)
    with pytest.warns(UserWarning, match="please use `get_last_lr\\(\\)`"):
        scheduler.get_lr()


def test_lr_tensor_is_filled():
    lr = fb.tensor(0.5, dtype=fb.float64)
    optimizer = fb.optim.SGD([fb.nn.Parameter(fb.zeros(1))], lr=lr)
    scheduler = fb.optim.lr_scheduler.ExponentialLR(optimizer, 0.5)
    optimizer.step()
    scheduler.step()
    assert optimizer.param_groups[0]["lr"] is lr
    assert lr == 0.25
    assert scheduler.base_lrs[0] == 0.5


def test_aliases():
    assert fb.optim.lr_scheduler._LRScheduler is fb.optim.lr_scheduler.LRScheduler


@pytest.mark.parametrize(
    "make",
    [
        lambda o, s: s.StepLR(3, 1),
        lambda o, s: s.LambdaLR(o, [abs]),
        lambda o, s: s.ConstantLR(o, 2.0),
        lambda o, s: s.LinearLR(o, 0.0),
        lambda o, s: s.LinearLR(o, 0.5, 1.5),
        lambda o, s: s.CosineAnnealingWarmRestarts(o, 0),
        lambda o, s: s.CosineAnnealingWarmRestarts(o, 2, 0),
        lambda o, s: s.CosineAnnealingWarmRestarts(o, 2).step(-1),
        lambda o, s: s.CyclicLR(o, 0.1, 0.2, mode="square", cycle_momentum=False),
        lambda o, s: s.OneCycleLR(o, 0.1),
        lambda o, s: s.OneCycleLR(o, 0.1, total_steps=0),
        lambda o, s: s.OneCycleLR(o, 0.1, epochs=0, steps_per_epoch=3),
        lambda o, s: s.OneCycleLR(o, 0.1, total_steps=3, pct_start=1.5),
        lambda o, s: s.ReduceLROnPlateau(o, factor=1.0),
        lambda o, s: s.ReduceLROnPlateau(o, mode="best"),
        lambda o, s: s.ReduceLROnPlateau(o, threshold_mode="some"),
        lambda o, s: s.ReduceLROnPlateau(o, min_lr=[1.0]),
        lambda o, s: s.ChainedScheduler([]),
        lambda o, s: s.SequentialLR(o, [s.StepLR(o, 1)], [1]),
        lambda o, s: s.SequentialLR(o, [], []),
    ],
)
def test_errors(make):
    outcomes = []
    for lib in (fb, torch):
        with pytest.raises((TypeError, ValueError)) as info:
            make(_optimizer(lib), lib.optim.lr_scheduler)
        outcomes.append((type(info.value), str(info.value)))
    assert outcomes[0] == outcomes[1]


def test_one_cycle_ends():
    optimizer = _optimizer(fb)
    scheduler = fb.optim.lr_scheduler.OneCycleLR(optimizer, 0.1, total_steps=3, cycle_momentum=False)
    optimizer.step()
    for _ in range(3):
        scheduler.step()
    with pytest.raises(ValueError, match="Tried to step 4 times. The specified number of total steps is 3"):
        scheduler.step()
    assert math.isfinite(optimizer.param_groups[0]["lr"])
