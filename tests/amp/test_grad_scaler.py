"""GradScaler on the CPU: scales, checks, steps, and the errors of calls out of order."""

import pickle

import pytest

import flambeau as fb
from flambeau import nn
from flambeau.amp import GradScaler


def parameter(values=(1.0, 1.0, 1.0)):
    p = nn.Parameter(fb.tensor(values))
    return p, fb.optim.SGD([p], lr=0.1)


def test_an_iteration():
    scaler = GradScaler("cpu", init_scale=1024.0)
    p, optimizer = parameter()
    assert scaler.is_enabled() and scaler.get_scale() == 1024
    loss = scaler.scale((p * fb.tensor([1.0, 2, 3])).sum())
    assert loss.item() == 6 * 1024
    loss.backward()
    assert p.grad.tolist() == [1024, 2048, 3072]
    scaler.unscale_(optimizer)
    assert p.grad.tolist() == [1, 2, 3]
    scaler.step(optimizer)
    fb.testing.assert_close(p.detach(), fb.tensor([0.9, 0.8, 0.7]))
    scaler.update()
    assert scaler.get_scale() == 1024 and scaler.state_dict()["_growth_tracker"] == 1


@pytest.mark.parametrize("bad", [float("inf"), float("-inf"), float("nan")])
def test_a_step_with_a_gradient_that_is_not_finite_is_left_out(bad):
    scaler = GradScaler("cpu", init_scale=16.0, growth_interval=100)
    p, optimizer = parameter()
    scaler.scale(p.sum()).backward()
    p.grad[1] = bad
    assert scaler.step(optimizer) is None
    assert p.tolist() == [1, 1, 1]
    scaler.update()
    assert scaler.get_scale() == 8 and scaler.state_dict()["_growth_tracker"] == 0


def test_several_optimizers_share_a_scale():
    scaler = GradScaler("cpu", init_scale=2.0)
    (p, first), (q, second) = parameter(), parameter()
    scaler.scale(p.sum() + q.sum()).backward()
    q.grad[0] = float("nan")
    scaler.step(first)
    scaler.step(second)
    scaler.update()
    assert p.tolist() != [1, 1, 1] and q.tolist() == [1, 1, 1] and scaler.get_scale() == 1


def test_growth():
    scaler = GradScaler("cpu", init_scale=2.0, growth_factor=3.0, growth_interval=2)
    p, optimizer = parameter()
    scales = []
    for _ in range(5):
        optimizer.zero_grad()
        scaler.scale(p.sum()).backward()
        scaler.step(optimizer)
        scaler.update()
        scales.append((scaler.get_scale(), scaler.state_dict()["_growth_tracker"]))
    assert scales == [(2, 1), (6, 0), (6, 1), (18, 0), (18, 1)]


def test_the_scale_stays_finite():
    scaler = GradScaler("cpu", init_scale=3e38, growth_interval=1)
    p, optimizer = parameter()
    scaler.scale(p.sum() * 0).backward()
    scaler.step(optimizer)
    scaler.update()
    assert scaler.get_scale() == pytest.approx(3e38)


def test_scale_of_structures_and_dtypes():
    scaler = GradScaler("cpu", init_scale=4.0)
    x = fb.ones(2)
    scaled = scaler.scale([x, (x,)])
    assert type(scaled) is list and type(scaled[1]) is tuple and scaled[1][0].tolist() == [4, 4]
    assert [t.tolist() for t in scaler.scale(t for t in [x])] == [[4, 4]]
    assert scaler.scale(x.half()).dtype is fb.float16 and scaler.scale(fb.tensor(1.0).half()).dtype is fb.float32
    with pytest.raises(ValueError, match="outputs must be a Tensor or an iterable of Tensors"):
        scaler.scale(3.0)


def test_gradients_of_half_precision():
    scaler = GradScaler("cpu", init_scale=3.0)
    p = nn.Parameter(fb.ones(2, dtype=fb.float16))
    optimizer = fb.optim.SGD([p], lr=0.1)
    scaler.scale(p.sum()).backward()
    with pytest.raises(ValueError, match="Attempting to unscale FP16 gradients."):
        scaler.step(optimizer)
    p = nn.Parameter(fb.ones(2, dtype=fb.bfloat16))
    p.grad = fb.tensor([3.0, 6.0], dtype=fb.bfloat16)
    scaler.unscale_(fb.optim.SGD([p], lr=0.1))
    assert p.grad.tolist() == [1, 2]


def test_sparse_gradients():
    scaler = GradScaler("cpu")
    table = nn.Embedding(4, 2, sparse=True)
    optimizer = fb.optim.SGD(table.parameters(), lr=0.1)
    scaler.scale(table(fb.tensor([1, 1])).sum()).backward()
    scaler.unscale_(optimizer)
    assert table.weight.grad.to_dense()[1].tolist() == [2, 2]


def test_calls_out_of_order():
    scaler = GradScaler("cpu")
    p, optimizer = parameter()
    for call, name in ((scaler.update, "update"), (lambda: scaler.step(optimizer), "step"),
                       (lambda: scaler.unscale_(optimizer), "unscale_")):  # fmt: skip
        with pytest.raises(AssertionError, match=f"Attempted {name} but _scale is None.  This may indicate"):
            call()
    scaler.scale(p.sum()).backward()
    with pytest.raises(AssertionError, match="No inf checks were recorded prior to update."):
        scaler.update()
    scaler.unscale_(optimizer)
    with pytest.raises(RuntimeError, match=r"unscale_\(\) has already been called on this optimizer since the last"):
        scaler.unscale_(optimizer)
    scaler.step(optimizer)
    with pytest.raises(RuntimeError, match=r"step\(\) has already been called since the last update\(\)."):
        scaler.step(optimizer)
    with pytest.raises(RuntimeError, match=r"unscale_\(\) is being called after step\(\)."):
        scaler.unscale_(optimizer)
    scaler.update()
    other = parameter()[1]
    with pytest.raises(AssertionError, match="No inf checks were recorded for this optimizer."):
        scaler.step(other)


def test_closures_and_constants():
    scaler = GradScaler("cpu")
    p, optimizer = parameter()
    scaler.scale(p.sum()).backward()
    with pytest.raises(RuntimeError, match="Closure use is not currently supported if GradScaler is enabled."):
        scaler.step(optimizer, closure=lambda: 1.0)
    with pytest.raises(AssertionError, match="The growth factor must be > 1.0."):
        GradScaler("cpu", growth_factor=1.0)
    with pytest.raises(AssertionError, match="The backoff factor must be < 1.0."):
        GradScaler("cpu", backoff_factor=1.0)


def test_a_scale_of_ones_own():
    scaler = GradScaler("cpu")
    scaler.scale(fb.ones(()))
    scaler.update(8.0)
    assert scaler.get_scale() == 8
    scaler.update(fb.tensor(4.0))
    assert scaler.get_scale() == 4
    for wrong in (fb.tensor([1.0, 2.0]), fb.tensor(2), fb.tensor(1.0, requires_grad=True), "x"):
        with pytest.raises(AssertionError, match="new_scale should be a float or a 1-element"):
            scaler.update(wrong)
    scaler.set_growth_factor(3.0)
    scaler.set_backoff_factor(0.25)
    scaler.set_growth_interval(7)
    assert (scaler.get_growth_factor(), scaler.get_backoff_factor(), scaler.get_growth_interval()) == (3, 0.25, 7)


STATE = dict(scale=16.0, growth_factor=3.0, backoff_factor=0.25, growth_interval=5, _growth_tracker=3)


def test_states():
    scaler = GradScaler("cpu")
    assert scaler.state_dict() == dict(
        scale=65536.0, growth_factor=2.0, backoff_factor=0.5, growth_interval=2000, _growth_tracker=0
    )
    scaler.load_state_dict(STATE)
    assert scaler.state_dict() == STATE
    scaler.scale(fb.ones(()))
    assert scaler.state_dict() == STATE
    scaler.load_state_dict(STATE | {"scale": 2.0})
    assert scaler.get_scale() == 2
    with pytest.raises(RuntimeError, match="The source state dict is empty, possibly because it was saved from a dis"):
        scaler.load_state_dict({})


def test_pickling():
    scaler = GradScaler("cpu", growth_interval=1)
    p, optimizer = parameter()
    scaler.scale(p.sum()).backward()
    scaler.step(optimizer)
    with pytest.raises(AssertionError, match="may only be pickled at the beginning of an iteration, or at the end"):
        pickle.dumps(scaler)
    scaler.update()
    assert pickle.loads(pickle.dumps(scaler)).state_dict() == scaler.state_dict()
    assert scaler.get_scale() == 131072


def test_small_gradients_survive_float16():
    """Without a scale they vanish."""
    grads = []
    for scaler in (GradScaler("cpu", enabled=False), GradScaler("cpu")):
        w = nn.Parameter(fb.full((2, 2), 1e-3))
        optimizer = fb.optim.SGD([w], lr=0.1)
        with fb.autocast("cpu", dtype=fb.float16):
            loss = (fb.full((2, 2), 1e-3) @ w).float().mul(1e-6).sum()
        scaler.scale(loss).backward()
        scaler.unscale_(optimizer)
        grads.append(w.grad[0, 0].item())
    assert grads[0] == 0 and grads[1] == pytest.approx(2e-9, rel=1e-2)


def test_training_as_in_pytorch():
    torch = pytest.importorskip("torch")
    curves = []
    for library in (fb, torch):
        library.manual_seed(0)
        model = library.nn.Sequential(library.nn.Linear(8, 16), library.nn.Tanh(), library.nn.Linear(16, 1))
        x, y = library.randn(32, 8), library.randn(32, 1)
        optimizer = library.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
        scaler = library.amp.GradScaler("cpu", init_scale=2.0**20, growth_interval=5)
        curve = []
        for _ in range(20):
            optimizer.zero_grad()
            with library.autocast("cpu", dtype=library.float16):
                loss = library.nn.functional.mse_loss(model(x), y)
            scaler.scale(loss).backward()
            scaler.step(optimizer)
            scaler.update()
            curve.append((loss.item(), scaler.get_scale()))
        curves.append(curve)
    for ours, theirs in zip(*curves, strict=True):
        assert ours == pytest.approx(theirs, rel=1e-2)
    assert curves[0][-1][0] < 0.8 * curves[0][0][0]
